/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for sessions, by huge pages: a packet for each of a hundred thousand endpoints reads a
 * kilobyte of keys each, and page walks would take as long as the cipher. Control thread; what was
 * given back serves later sessions.
 */
#ifndef SRTP_SESSION_MEMORY_H
#define SRTP_SESSION_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* At a cache line, not zeroed; NULL: no memory. Of few different sizes. */
void *session_memory_take(size_t size);
/* Wipes it. */
void session_memory_give(void *memory, size_t size);
/* Any thread: bytes in use. */
size_t session_memory_used(void);

#endif
