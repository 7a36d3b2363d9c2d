/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which SSRCs are sent under which key, those of retransmissions too. Two senders of one key and
 * one SSRC would use the same numbers for different packets, and who has both could read either
 * (RFC 3711, 9.1; RFC 7714, 9.1). Control thread.
 */
#ifndef MEDIA_SSRC_SET_H
#define MEDIA_SSRC_SET_H

#include <stdbool.h>
#include <stdint.h>

#include <siphash.h>

#include "media/state.h"

enum ssrc_kind { SSRC_OWN, SSRC_REPEATS, SSRC_KINDS };

struct ssrc_set {
	uint32_t *heads; /* [mask + 1]; 0: none */
	uint32_t mask;
	struct ssrc_entry *entries; /* [(subscriptions + 1) * SSRC_KINDS] */
};

/* 0 or -ENOMEM. */
int ssrc_set_create(struct ssrc_set *set, uint32_t subscriptions);
void ssrc_set_destroy(struct ssrc_set *set);

/* What stands for the endpoint's transmit key and the SSRC; never 0. */
uint64_t ssrc_hash(const struct siphash_key *key, const uint8_t tx_digest[KEY_DIGEST_SIZE],
                   uint32_t ssrc);

/* The subscription that sends it; 0: none. */
uint32_t ssrc_set_find(const struct ssrc_set *set, uint64_t hash);
void ssrc_set_add(struct ssrc_set *set, uint32_t subscription, enum ssrc_kind kind, uint64_t hash);
/* All of the subscription's; it may have none. */
void ssrc_set_remove(struct ssrc_set *set, uint32_t subscription);

#endif
