/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses of peers as coturn writes them. */
#ifndef USERS_RANGE_H
#define USERS_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/turn.h>

/*
 * ADDRESS, ADDRESS-ADDRESS or a prefix, of `length` bytes, as the fewest prefixes: addr and length
 * of each. Returns how many; 0: it is none of these, or more than `max`.
 */
uint32_t range_prefixes(const char *text, size_t length, struct sluice_turn_peer *list,
                        uint32_t max);

/*
 * The prefixes of `list` without what lies in those of `without`, as the fewest that are left of
 * each: `left`, which is neither of them. Returns how many; UINT32_MAX: more than `max`.
 */
uint32_t range_subtract(const struct sluice_turn_peer *list, uint32_t count,
                        const struct sluice_turn_peer *without, uint32_t n_without,
                        struct sluice_turn_peer *left, uint32_t max);

#endif
