/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The n-th allocation fails. Linked with alloc_fail_args (meson.build), which send our own calls of
 * malloc and its like here: a library's own allocations never fail. One thread.
 */
#ifndef ALLOC_FAIL_H
#define ALLOC_FAIL_H

#include <stdbool.h>
#include <stdint.h>

/* From now on the n-th fails and no other one; 0: none. */
void alloc_fail_at(uint32_t n);
/* None fails any more. */
void alloc_fail_stop(void);
/* Whether it came to that. */
bool alloc_has_failed(void);
/* Blocks that our code has allocated and not given back. */
uint32_t alloc_live(void);

/*
 * Runs `act` with each of its allocations failing in turn, until there is none left to fail. It
 * returns 0, or a negative errno where one failed; then nothing may be left of it but what was
 * there. `undo` takes back what an act that succeeded has done.
 */
void alloc_fail_each(const char *name, int (*act)(void *arg), void (*undo)(void *arg), void *arg);
/* The same where so many of the allocations can be done without: the act succeeds. */
void alloc_fail_each_but(uint32_t spare, const char *name, int (*act)(void *arg),
                         void (*undo)(void *arg), void *arg);

#endif
