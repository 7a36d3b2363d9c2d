/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Credentials that did not hold, by the address that they came from (IPv6: its /64): a budget for
 * each, so that passwords cannot be tried at the speed of the wire, and that one address' unknown
 * names do not keep the fetching of others' keys busy. The address has shown a nonce of ours, so it
 * is the sender's own. All workers write, without a lock; a race lets an attempt more through.
 */
#ifndef TURN_ATTEMPTS_H
#define TURN_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ip_addr.h"
#include "turn/hash.h"

/* At once, and then so many a second. */
#define ATTEMPTS_BURST  100
#define ATTEMPTS_SECOND 10

#define ATTEMPTS_SOURCES                                                                           \
	65536 /* direct-mapped: of two in one place the later one is remembered                    \
	       */

struct attempts {
	/* atomic: a tag of the source above, the millisecond at which its budget is whole below */
	uint64_t slots[ATTEMPTS_SOURCES];
};

struct attempts *attempts_create(void);
void attempts_destroy(struct attempts *attempts);

/* now: worker.now, seconds. */
bool attempts_left(struct attempts *attempts, const struct hash_seed *seed,
                   const struct ip_addr *source, uint32_t now);
void attempts_failed(struct attempts *attempts, const struct hash_seed *seed,
                     const struct ip_addr *source, uint32_t now);

#endif
