/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one-call HMAC of OpenSSL 3 allocates and fetches: a microsecond a message. Its plain SHA-1
 * does not.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "stun/integrity.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "stun/attribute.h"
#include "stun/message.h"

static_assert(STUN_INTEGRITY_SIZE == SHA_DIGEST_LENGTH, "MESSAGE-INTEGRITY is SHA-1");

#define BASE64_SIZE(bytes) (((bytes) + 2) / 3 * 4)

static void chain_save(uint32_t chain[5], const SHA_CTX *sha)
{
	chain[0] = sha->h0;
	chain[1] = sha->h1;
	chain[2] = sha->h2;
	chain[3] = sha->h3;
	chain[4] = sha->h4;
}

/* As if the padded key block had just been hashed. */
static void chain_load(SHA_CTX *sha, const uint32_t chain[5])
{
	sha->h0 = chain[0];
	sha->h1 = chain[1];
	sha->h2 = chain[2];
	sha->h3 = chain[3];
	sha->h4 = chain[4];
	sha->Nl = SHA_CBLOCK * 8;
	sha->Nh = 0;
	sha->num = 0;
}

/* RFC 2104: the key, padded to a block with zeros, under the mask `pad`. */
static void chain_key(uint32_t chain[5], const uint8_t block[SHA_CBLOCK], uint8_t pad)
{
	uint8_t masked[SHA_CBLOCK];
	SHA_CTX sha;
	int i;

	for (i = 0; i < SHA_CBLOCK; i++)
		masked[i] = block[i] ^ pad;
	SHA1_Init(&sha);
	SHA1_Update(&sha, masked, sizeof(masked));
	chain_save(chain, &sha);
	OPENSSL_cleanse(masked, sizeof(masked));
}

void stun_key_raw(struct stun_key *key, const void *raw, size_t length)
{
	uint8_t block[SHA_CBLOCK] = {0};
	SHA_CTX sha;

	if (length > SHA_CBLOCK) {
		SHA1_Init(&sha);
		SHA1_Update(&sha, raw, length);
		SHA1_Final(block, &sha);
	} else if (length > 0) {
		memcpy(block, raw, length);
	}
	chain_key(key->inner, block, 0x36);
	chain_key(key->outer, block, 0x5c);
	OPENSSL_cleanse(block, sizeof(block));
}

void stun_key_long_term(struct stun_key *key, const void *user, size_t user_length,
                        const char *realm, const void *password, size_t password_length)
{
	uint8_t digest[MD5_DIGEST_LENGTH];
	MD5_CTX md5;

	MD5_Init(&md5);
	MD5_Update(&md5, user, user_length);
	MD5_Update(&md5, ":", 1);
	MD5_Update(&md5, realm, strlen(realm));
	MD5_Update(&md5, ":", 1);
	MD5_Update(&md5, password, password_length);
	MD5_Final(digest, &md5);
	stun_key_raw(key, digest, sizeof(digest));
	OPENSSL_cleanse(digest, sizeof(digest));
}

void stun_key_time_limited(struct stun_key *key, const struct stun_key *secret, const void *user,
                           size_t user_length, const char *realm)
{
	uint8_t password[BASE64_SIZE(STUN_INTEGRITY_SIZE) + 1];
	uint8_t mac[STUN_INTEGRITY_SIZE];

	stun_hmac(secret, user, user_length, mac);
	EVP_EncodeBlock(password, mac, sizeof(mac));
	stun_key_long_term(key, user, user_length, realm, password,
	                   BASE64_SIZE(STUN_INTEGRITY_SIZE));
	OPENSSL_cleanse(password, sizeof(password));
}

/* 0: no number, or one that is too large. */
static uint64_t digits_read(const uint8_t *digits, size_t length)
{
	uint64_t number = 0;

	for (size_t i = 0; i < length; i++) {
		if (digits[i] < '0' || digits[i] > '9' || number > UINT64_MAX / 10 - 1)
			return 0;
		number = number * 10 + (digits[i] - '0');
	}
	return number;
}

/* Services write the number first, as the draft has it, or last; coturn takes both. */
struct stun_user stun_user_read(const void *name, size_t length)
{
	const uint8_t *bytes = name, *colon = length != 0 ? memchr(name, ':', length) : NULL;
	size_t first = colon != NULL ? (size_t)(colon - bytes) : length;
	size_t rest = colon != NULL ? length - first - 1 : 0;
	struct stun_user user = {.expiry = digits_read(bytes, first)};

	if (user.expiry != 0 && rest != 0)
		user = (struct stun_user){user.expiry, colon + 1, rest};
	else if (user.expiry == 0 && rest != 0)
		user = (struct stun_user){digits_read(colon + 1, rest), bytes, first};
	return user;
}

void stun_hmac_joined(const struct stun_key *key, const void *head, size_t head_length,
                      const void *rest, size_t rest_length, uint8_t mac[STUN_INTEGRITY_SIZE])
{
	SHA_CTX sha;

	chain_load(&sha, key->inner);
	SHA1_Update(&sha, head, head_length);
	SHA1_Update(&sha, rest, rest_length);
	SHA1_Final(mac, &sha);
	chain_load(&sha, key->outer);
	SHA1_Update(&sha, mac, STUN_INTEGRITY_SIZE);
	SHA1_Final(mac, &sha);
}

bool stun_integrity_ok(const struct stun_message *message, const struct stun_key *key)
{
	uint8_t header[STUN_HEADER_SIZE];
	uint8_t mac[STUN_INTEGRITY_SIZE];
	uint16_t value, counted;

	if (!stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY))
		return false;
	/*
	 * The length that was hashed counts up to the integrity's end, whatever follows it in the
	 * message.
	 */
	value = message->attrs[STUN_KNOWN_MESSAGE_INTEGRITY].offset;
	counted = value + STUN_INTEGRITY_SIZE - STUN_HEADER_SIZE;
	memcpy(header, message->start, sizeof(header));
	header[2] = counted >> 8;
	header[3] = counted & 0xff;
	stun_hmac_joined(key, header, sizeof(header), message->start + STUN_HEADER_SIZE,
	                 value - STUN_ATTR_HEADER_SIZE - STUN_HEADER_SIZE, mac);
	return CRYPTO_memcmp(mac, message->start + value, sizeof(mac)) == 0;
}
