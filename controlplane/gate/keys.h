/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys that nonces are made under: random, or a fleet's own from its secret and the time. */
#ifndef GATE_KEYS_H
#define GATE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/gate.h>

#include <gate_state.h>

/* In gate_config's form: a ring, of which `current` and the one before it are valid. */
struct gate_keys {
	struct siphash_key ring[GATE_NONCE_KEYS];
	uint32_t current;
	uint64_t since; /* Unix time, seconds; 0: there are none yet */
	uint32_t lifetime_s;
	uint64_t period; /* of the fleet's key: Unix time through lifetime_s */
	bool shared;
	uint8_t secret[32]; /* digest of the fleet's secret */
};

/*
 * Brings the keys to what they have to be at unix_now. secret: of length 0 for none. 1: they
 * have changed, 0, -EIO: there is nothing random to be had. Whatever changes, nonces made under the
 * key that was live on for their time.
 */
int gate_keys_follow(struct gate_keys *keys, const struct sluice_gate_nonce_secret *secret,
                     uint32_t lifetime_s, uint64_t unix_now);

#endif
