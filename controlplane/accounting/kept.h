/* SPDX-License-Identifier: BSD-3-Clause */
/* The newest accounts in a file of bounded size, which is written round and round. */
#ifndef ACCOUNTING_KEPT_H
#define ACCOUNTING_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/accounting.h>

struct kept;

/*
 * Opens or makes the file for `rows` of them; what is there of another size is taken over, the
 * newest first. 0 with *kept set, or -errno with a line in `why` (SLUICE_API_ERROR_MAX bytes).
 */
int kept_open(struct kept **kept, const char *path, uint32_t rows, char *why);
void kept_close(struct kept *kept);

/* Its number is written. 0 or -errno. */
int kept_add(struct kept *kept, struct sluice_allocation_account *row);
/* Of accounts that ended before `oldest` (Unix time) nothing stays; at most `budget` of them at
 * once. True: there are others. */
bool kept_forget(struct kept *kept, uint64_t oldest, uint32_t budget);

/* Numbers of the oldest one, and of the one that comes next. */
uint64_t kept_first(const struct kept *kept);
uint64_t kept_next(const struct kept *kept);
/* Reads `count` rows at the most from that number on; returns how many. */
uint32_t kept_read(const struct kept *kept, uint64_t number, struct sluice_allocation_account *rows,
                   uint32_t count);

#endif
