/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/keys.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <nonce.h>

static int key_draw(struct siphash_key *key)
{
	return getrandom(key, sizeof(*key), 0) == sizeof(*key) ? 0 : -EIO;
}

static struct siphash_key *slot(struct gate_keys *keys, uint64_t number)
{
	return &keys->ring[number & (GATE_NONCE_KEYS - 1)];
}

/* HMAC-SHA256 under the secret over the number of the period: every host of the fleet knows it. */
static int key_derive(const struct gate_keys *keys, uint64_t period, struct siphash_key *key)
{
	uint8_t text[8 + sizeof("sluice nonce") - 1] = "sluice nonce", mac[32];
	unsigned int length = sizeof(mac);

	for (int i = 0; i < 8; i++)
		text[sizeof(text) - 1 - i] = period >> 8 * i;
	if (HMAC(EVP_sha256(), keys->secret, sizeof(keys->secret), text, sizeof(text), mac,
	         &length) == NULL)
		return -EIO;
	memcpy(key, mac, sizeof(*key));
	key->k0 = (key->k0 & ~1ull) |
	          (period & 1); /* nonce_key_follow() for all that know the period */
	explicit_bzero(mac, sizeof(mac));
	return 0;
}

/* The key of a period becomes the one that makes nonces; the one that did so stays valid. */
static int key_push(struct gate_keys *keys, const struct siphash_key *key, uint64_t since)
{
	*slot(keys, keys->current + 1) = *key;
	keys->current = (keys->current + 1) & (GATE_NONCE_KEYS - 1);
	keys->since = since;
	return 1;
}

/*
 * Over a period's end the key before is derived as well: other hosts may have made nonces under it
 * that this one has not. Over a change of the secret it is the one that was.
 */
static int follow_shared(struct gate_keys *keys, const uint8_t secret[32], uint32_t lifetime_s,
                         uint64_t unix_now)
{
	uint64_t period = unix_now / lifetime_s;
	bool same = keys->shared && keys->lifetime_s == lifetime_s &&
	            memcmp(keys->secret, secret, sizeof(keys->secret)) == 0;
	bool first = keys->since == 0;
	struct siphash_key key;

	if (same && keys->period == period)
		return 0;
	memcpy(keys->secret, secret, sizeof(keys->secret));
	if (key_derive(keys, period, &key) != 0)
		return -EIO;
	keys->shared = true;
	keys->period = period;
	keys->lifetime_s = lifetime_s;
	/* what another control plane has left in the maps */
	if (memcmp(&key, slot(keys, keys->current), sizeof(key)) == 0)
		return 1;
	if ((first || same) && key_derive(keys, period - 1, slot(keys, keys->current)) != 0)
		return -EIO;
	return key_push(keys, &key, first || same ? period * lifetime_s : unix_now);
}

static int follow_random(struct gate_keys *keys, uint32_t lifetime_s, uint64_t unix_now)
{
	bool first = keys->since == 0;
	struct siphash_key key;

	if (!first && !keys->shared && unix_now >= keys->since &&
	    unix_now - keys->since < lifetime_s)
		return 0;
	/* what would be valid as the one before must never be a key of zeros */
	if (first && key_draw(slot(keys, keys->current)) != 0)
		return -EIO;
	if (key_draw(&key) != 0)
		return -EIO;
	nonce_key_follow(&key, slot(keys, keys->current));
	keys->lifetime_s = lifetime_s;
	keys->shared = false;
	return key_push(keys, &key, unix_now);
}

int gate_keys_follow(struct gate_keys *keys, const struct sluice_gate_nonce_secret *secret,
                     uint32_t lifetime_s, uint64_t unix_now)
{
	uint8_t digest[32];
	unsigned int length = sizeof(digest);
	int ret;

	if (secret->length == 0)
		return follow_random(keys, lifetime_s, unix_now);
	if (EVP_Digest(secret->secret, secret->length, digest, &length, EVP_sha256(), NULL) != 1)
		return -EIO;
	ret = follow_shared(keys, digest, lifetime_s, unix_now);
	explicit_bzero(digest, sizeof(digest));
	return ret;
}
