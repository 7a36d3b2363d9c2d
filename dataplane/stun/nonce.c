/* SPDX-License-Identifier: BSD-3-Clause */
#include "stun/nonce.h"

#include <assert.h>

#include "bpf/nonce.h"

static_assert(STUN_NONCE_SIZE == NONCE_SIZE && STUN_NONCE_LIFETIME_S == NONCE_LIFETIME_S,
              "one nonce");
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

	nonce_write((uint8_t *)nonce, &keys->keys[0], &from, unix_now);
}

enum stun_nonce_verdict stun_nonce_check(const void *nonce, uint16_t length,
                                         const struct stun_nonce_keys *keys,
                                         const struct ip_addr *client, uint16_t client_port,
                                         uint64_t unix_now)
{
	const struct nonce_client from = {{client->quads[0], client->quads[1]}, client_port};

	if (length != NONCE_SIZE)
		return STUN_NONCE_FORGED;
	return (enum stun_nonce_verdict)nonce_verify_within(nonce, keys->keys, &from, unix_now,
	                                                    stun_nonce_lifetime(keys));
}
