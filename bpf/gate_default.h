/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* The gate's configuration before anybody changes it, and how its numbers are written down. */
#ifndef GATE_DEFAULT_H
#define GATE_DEFAULT_H

#include "gate_state.h"
#include "nonce.h"

/*
 * Packets a second, and how many at once. A source gets 50 answers in any second at most: a source
 * that causes more answers than that is taken for an attack. That is enough for an office of 500
 * behind one address that starts its day within half a minute.
 */
#define GATE_SOURCE_RATE  40
#define GATE_SOURCE_BURST 10
#define GATE_PREFIX_RATE  300
#define GATE_PREFIX_BURST 300
#define GATE_HOST_RATE    1000
#define GATE_HOST_BURST   1000
/* Of signed requests with a nonce: a wide one, for all that is behind an address at once. */
#define GATE_VERIFIED_RATE  4000
#define GATE_VERIFIED_BURST 4000
#define GATE_RATE_MAX       100000000u
#define GATE_HOLD_NS        10000000000ull

#ifndef __bpf__

/* A 401 without reason phrase: ERROR-CODE, REALM, NONCE (dataplane/turn/exchange.c). */
#define GATE_CHALLENGE(realm_length) (20 + 8 + 4 + (((realm_length) + 3u) & ~3u) + 4 + NONCE_SIZE)

/* rate 0: no limit. burst: 1 at least. */
static inline struct gate_limit gate_limit_of(__u32 rate, __u32 burst)
{
	struct gate_limit limit = {0};

	if (rate != 0) {
		limit.interval = 1000000000ull / rate;
		limit.slack = (burst > 0 ? burst - 1ull : 0) * limit.interval;
	}
	return limit;
}

/* All but the keys and unix_offset. */
static inline struct gate_config gate_config_default(void)
{
	return (struct gate_config){
	        .mode = GATE_MODE_ENFORCE,
	        .nonce_lifetime_s = NONCE_LIFETIME_S,
	        .hold = GATE_HOLD_NS,
	        .seen_mask = GATE_SEEN - 1,
	        .challenge = GATE_CHALLENGE(0),
	        .source = gate_limit_of(GATE_SOURCE_RATE, GATE_SOURCE_BURST),
	        .prefix = gate_limit_of(GATE_PREFIX_RATE, GATE_PREFIX_BURST),
	        .host = gate_limit_of(GATE_HOST_RATE, GATE_HOST_BURST),
	        .verified = gate_limit_of(GATE_VERIFIED_RATE, GATE_VERIFIED_BURST),
	};
}

#endif

#endif
