/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/keys.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

static int key_draw(struct siphash_key *key)
{
	return getrandom(key, sizeof(*key), 0) == sizeof(*key) ? 0 : -EIO;
}

static struct siphash_key *slot(struct gate_keys *keys, uint64_t number)
{
	return &keys->ring[number & (GATE_NONCE_KEYS - 1)];
}

/* HMAC-SHA256 under the secret over the number of the period: every host of the fleet knows it. */
static int key_derive(struct gate_keys *keys, uint64_t period)
{
	uint8_t text[8 + sizeof("sluice nonce") - 1] = "sluice nonce", mac[32];
	unsigned int length = sizeof(mac);

	for (int i = 0; i < 8; i++)
		text[sizeof(text) - 1 - i] = period >> 8 * i;
	if (HMAC(EVP_sha256(), keys->secret, sizeof(keys->secret), text, sizeof(text), mac,
	         &length) == NULL)
		return -EIO;
	memcpy(slot(keys, period), mac, sizeof(struct siphash_key));
	explicit_bzero(mac, sizeof(mac));
	return 0;
}

static int follow_shared(struct gate_keys *keys, const uint8_t secret[32], uint32_t lifetime_s,
                         uint64_t unix_now)
{
	uint64_t period = unix_now / lifetime_s;

	if (keys->shared && keys->since == period * lifetime_s && keys->lifetime_s == lifetime_s &&
	    memcmp(keys->secret, secret, sizeof(keys->secret)) == 0)
		return 0;
	memcpy(keys->secret, secret, sizeof(keys->secret));
	if (key_derive(keys, period) != 0 || key_derive(keys, period - 1) != 0 ||
	    key_derive(keys, period + 1) != 0)
		return -EIO;
	keys->shared = true;
	keys->current = period & (GATE_NONCE_KEYS - 1);
	keys->since = period * lifetime_s;
	keys->lifetime_s = lifetime_s;
	return 1;
}

static int follow_random(struct gate_keys *keys, uint32_t lifetime_s, uint64_t unix_now)
{
	bool first = keys->since == 0 || keys->shared;

	if (!first && unix_now >= keys->since && unix_now - keys->since < lifetime_s)
		return 0;
	/* what would be valid as the one before must never be a key of zeros */
	if (first && key_draw(slot(keys, keys->current)) != 0)
		return -EIO;
	if (key_draw(slot(keys, keys->current + 1)) != 0)
		return -EIO;
	keys->current = (keys->current + 1) & (GATE_NONCE_KEYS - 1);
	keys->since = unix_now;
	keys->lifetime_s = lifetime_s;
	keys->shared = false;
	return 1;
}

int gate_keys_follow(struct gate_keys *keys, const char *secret, uint32_t lifetime_s,
                     uint64_t unix_now)
{
	uint8_t digest[32];
	unsigned int length = sizeof(digest);
	int ret;

	if (secret[0] == '\0')
		return follow_random(keys, lifetime_s, unix_now);
	if (EVP_Digest(secret, strlen(secret), digest, &length, EVP_sha256(), NULL) != 1)
		return -EIO;
	ret = follow_shared(keys, digest, lifetime_s, unix_now);
	explicit_bzero(digest, sizeof(digest));
	return ret;
}
