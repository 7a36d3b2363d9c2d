/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The big arrays. They come from the kernel and not from the EAL's heap, whose size is a guess made
 * at start, and are touched whole at start: a worker never waits for a page.
 */
#ifndef TURN_TABLE_H
#define TURN_TABLE_H

#include <stddef.h>

/* Zeroed, on huge pages where the kernel has them. NULL with errno set. */
void *table_map(size_t size);
void table_unmap(void *table, size_t size);

#endif
