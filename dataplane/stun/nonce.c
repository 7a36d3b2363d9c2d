/* SPDX-License-Identifier: BSD-3-Clause */
#include "stun/nonce.h"

#include <assert.h>

#include "bpf/nonce.h"

static_assert(STUN_NONCE_SIZE == NONCE_SIZE && STUN_NONCE_LIFETIME_S == NONCE_LIFETIME_S,
              "one nonce");
static_assert(STUN_NONCE_SIZE_MAX == NONCE_COOKIE_SIZE + NONCE_SIZE &&
                      (int)STUN_FEATURE_ALGORITHMS == (int)NONCE_ALGORITHMS &&
                      (int)STUN_FEATURE_ANONYMITY == (int)NONCE_ANONYMITY,
              "one cookie");
static_assert((int)STUN_NONCE_VALID == (int)NONCE_VALID &&
                      (int)STUN_NONCE_STALE == (int)NONCE_STALE &&
                      (int)STUN_NONCE_FORGED == (int)NONCE_FORGED,
              "one verdict");
static_assert(2 * STUN_NONCE_ROTATION_S + STUN_NONCE_LIFETIME_S < 65536,
              "a key dies before its times come again");
static_assert(STUN_NONCE_ROTATION_S > STUN_NONCE_LIFETIME_S,
              "a nonce that is not stale is never forged");

void stun_nonce_keys_drawn(struct stun_nonce_keys *keys)
{
	nonce_key_follow(&keys->keys[0], &keys->keys[1]);
}

void stun_nonce_make(char nonce[STUN_NONCE_SIZE], const struct stun_nonce_keys *keys,
                     const struct ip_addr *client, uint16_t client_port, uint64_t unix_now)
{
	const struct nonce_client from = {{client->quads[0], client->quads[1]}, client_port};

	nonce_write((uint8_t *)nonce, &keys->keys[0], &from, unix_now, 0);
}

uint16_t stun_nonce_make_cookie(char nonce[STUN_NONCE_SIZE_MAX], const struct stun_nonce_keys *keys,
                                const struct ip_addr *client, uint16_t client_port,
                                uint64_t unix_now, uint8_t features)
{
	const struct nonce_client from = {{client->quads[0], client->quads[1]}, client_port};
	uint8_t *text = (uint8_t *)nonce;

	if (features != 0) {
		nonce_cookie_write(text, features);
		text += NONCE_COOKIE_SIZE;
	}
	nonce_write(text, &keys->keys[0], &from, unix_now, features);
	return features != 0 ? STUN_NONCE_SIZE_MAX : STUN_NONCE_SIZE;
}

uint8_t stun_nonce_features(const void *nonce, uint16_t length)
{
	return length == STUN_NONCE_SIZE_MAX ? (uint8_t)nonce_cookie_read(nonce) : 0;
}

enum stun_nonce_verdict stun_nonce_check(const void *nonce, uint16_t length,
                                         const struct stun_nonce_keys *keys,
                                         const struct ip_addr *client, uint16_t client_port,
                                         uint64_t unix_now)
{
	const struct nonce_client from = {{client->quads[0], client->quads[1]}, client_port};
	uint8_t features = stun_nonce_features(nonce, length);
	const uint8_t *text = nonce;

	if (length != (features != 0 ? STUN_NONCE_SIZE_MAX : STUN_NONCE_SIZE))
		return STUN_NONCE_FORGED;
	text += length - NONCE_SIZE;
	return (enum stun_nonce_verdict)nonce_verify_within(text, features, keys->keys, &from,
	                                                    unix_now, stun_nonce_lifetime(keys));
}
