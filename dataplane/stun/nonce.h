/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stateless nonce: 16 bits of time (Unix seconds), 55 bits of SipHash-2-4 over client address,
 * port and that time, and a bit that names the key, as 12 characters of base64url. A client that
 * can show one has received a packet at its address. To clients of RFC 8489 a cookie of 13 stands
 * before it (bpf/nonce.h).
 */
#ifndef STUN_NONCE_H
#define STUN_NONCE_H

#include <stdbool.h>
#include <stdint.h>

#include <siphash.h>

#include "net/ip_addr.h"

#define STUN_NONCE_SIZE       12
#define STUN_NONCE_SIZE_MAX   25 /* with a cookie */
#define STUN_NONCE_LIFETIME_S 3600
/*
 * How often keys[0] becomes keys[1]: less often than a nonce lives, and so that a key is gone
 * before 16 bits of time wrap.
 */
#define STUN_NONCE_ROTATION_S 14400

/*
 * Two valid at a time: nonces are made under keys[0], and taken under both. Both are random from
 * the start: a zero key would let anyone make nonces.
 */
struct stun_nonce_keys {
	struct siphash_key keys[2];
	uint32_t lifetime_s; /* 0: STUN_NONCE_LIFETIME_S */
	uint64_t since;      /* Unix time from which keys[0] makes them */
};

static inline uint32_t stun_nonce_lifetime(const struct stun_nonce_keys *keys)
{
	return keys->lifetime_s != 0 ? keys->lifetime_s : STUN_NONCE_LIFETIME_S;
}

/* keys[0] was drawn at random: from now on its nonces can be told from those of keys[1]. */
void stun_nonce_keys_drawn(struct stun_nonce_keys *keys);

void stun_nonce_make(char nonce[STUN_NONCE_SIZE], const struct stun_nonce_keys *keys,
                     const struct ip_addr *client, uint16_t client_port, uint64_t unix_now);

/* What the server can do, as the cookie before a nonce says (RFC 8489, 9.2). */
enum stun_feature {
	STUN_FEATURE_ALGORITHMS = 1 << 0,
	STUN_FEATURE_ANONYMITY = 1 << 1,
};

/* With such a cookie, where there are features; returns its length. */
uint16_t stun_nonce_make_cookie(char nonce[STUN_NONCE_SIZE_MAX], const struct stun_nonce_keys *keys,
                                const struct ip_addr *client, uint16_t client_port,
                                uint64_t unix_now, uint8_t features);
/* Of a nonce that is ours. */
uint8_t stun_nonce_features(const void *nonce, uint16_t length);

enum stun_nonce_verdict {
	STUN_NONCE_VALID,
	STUN_NONCE_STALE,  /* ours, but too old: 438 */
	STUN_NONCE_FORGED, /* not ours, or another client's: as if there were none */
};

enum stun_nonce_verdict stun_nonce_check(const void *nonce, uint16_t length,
                                         const struct stun_nonce_keys *keys,
                                         const struct ip_addr *client, uint16_t client_port,
                                         uint64_t unix_now);

#endif
