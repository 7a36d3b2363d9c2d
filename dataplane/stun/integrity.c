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
static_assert(STUN_SHA256_SIZE == SHA256_DIGEST_LENGTH, "MESSAGE-INTEGRITY-SHA256 is SHA-256");

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

static void md5_long_term(uint8_t digest[MD5_DIGEST_LENGTH], const void *user, size_t user_length,
                          const char *realm, const void *password, size_t password_length)
{
	MD5_CTX md5;

	MD5_Init(&md5);
	MD5_Update(&md5, user, user_length);
	MD5_Update(&md5, ":", 1);
	MD5_Update(&md5, realm, strlen(realm));
	MD5_Update(&md5, ":", 1);
	MD5_Update(&md5, password, password_length);
	MD5_Final(digest, &md5);
}

/* password NULL: of user and realm alone. */
static void sha256_long_term(uint8_t digest[SHA256_DIGEST_LENGTH], const void *user,
                             size_t user_length, const char *realm, const void *password,
                             size_t password_length)
{
	SHA256_CTX sha;

	SHA256_Init(&sha);
	SHA256_Update(&sha, user, user_length);
	SHA256_Update(&sha, ":", 1);
	SHA256_Update(&sha, realm, strlen(realm));
	if (password != NULL) {
		SHA256_Update(&sha, ":", 1);
		SHA256_Update(&sha, password, password_length);
	}
	SHA256_Final(digest, &sha);
}

void stun_key_long_term(struct stun_key *key, const void *user, size_t user_length,
                        const char *realm, const void *password, size_t password_length)
{
	uint8_t digest[MD5_DIGEST_LENGTH];

	md5_long_term(digest, user, user_length, realm, password, password_length);
	stun_key_raw(key, digest, sizeof(digest));
	OPENSSL_cleanse(digest, sizeof(digest));
}

void stun_raw_long_term(struct stun_raw_key *key, enum stun_algorithm algorithm, const void *user,
                        size_t user_length, const char *realm, const void *password,
                        size_t password_length)
{
	memset(key, 0, sizeof(*key));
	if (algorithm == STUN_SHA256)
		sha256_long_term(key->bytes, user, user_length, realm, password, password_length);
	else
		md5_long_term(key->bytes, user, user_length, realm, password, password_length);
	key->length = algorithm == STUN_SHA256 ? SHA256_DIGEST_LENGTH : MD5_DIGEST_LENGTH;
}

void stun_userhash(uint8_t hash[STUN_SHA256_SIZE], const void *user, size_t user_length,
                   const char *realm)
{
	sha256_long_term(hash, user, user_length, realm, NULL, 0);
}

#define PASSWORD_SIZE BASE64_SIZE(STUN_INTEGRITY_SIZE)

static void password_make(uint8_t password[PASSWORD_SIZE + 1], const struct stun_key *secret,
                          const void *user, size_t user_length)
{
	uint8_t mac[STUN_INTEGRITY_SIZE];

	stun_hmac(secret, user, user_length, mac);
	EVP_EncodeBlock(password, mac, sizeof(mac));
}

void stun_key_time_limited(struct stun_key *key, const struct stun_key *secret, const void *user,
                           size_t user_length, const char *realm)
{
	uint8_t password[PASSWORD_SIZE + 1];

	password_make(password, secret, user, user_length);
	stun_key_long_term(key, user, user_length, realm, password, PASSWORD_SIZE);
	OPENSSL_cleanse(password, sizeof(password));
}

void stun_raw_time_limited(struct stun_raw_key *key, enum stun_algorithm algorithm,
                           const struct stun_key *secret, const void *user, size_t user_length,
                           const char *realm)
{
	uint8_t password[PASSWORD_SIZE + 1];

	password_make(password, secret, user, user_length);
	stun_raw_long_term(key, algorithm, user, user_length, realm, password, PASSWORD_SIZE);
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

/* RFC 2104, of a key that is no longer than a block. */
static void hmac_sha256(const struct stun_raw_key *key, const void *head, size_t head_length,
                        const void *rest, size_t rest_length, uint8_t mac[STUN_SHA256_SIZE])
{
	uint8_t inner[SHA256_CBLOCK], outer[SHA256_CBLOCK];
	SHA256_CTX sha;

	memset(inner, 0x36, sizeof(inner));
	memset(outer, 0x5c, sizeof(outer));
	for (int i = 0; i < key->length; i++) {
		inner[i] ^= key->bytes[i];
		outer[i] ^= key->bytes[i];
	}
	SHA256_Init(&sha);
	SHA256_Update(&sha, inner, sizeof(inner));
	SHA256_Update(&sha, head, head_length);
	SHA256_Update(&sha, rest, rest_length);
	SHA256_Final(mac, &sha);
	SHA256_Init(&sha);
	SHA256_Update(&sha, outer, sizeof(outer));
	SHA256_Update(&sha, mac, STUN_SHA256_SIZE);
	SHA256_Final(mac, &sha);
	OPENSSL_cleanse(inner, sizeof(inner));
	OPENSSL_cleanse(outer, sizeof(outer));
}

void stun_hmac_sha256(const struct stun_raw_key *key, const void *data, size_t length,
                      uint8_t mac[STUN_SHA256_SIZE])
{
	hmac_sha256(key, NULL, 0, data, length, mac);
}

/*
 * The header as it was hashed: its length counts up to the integrity's end, whatever follows it in
 * the message.
 */
static void header_hashed(uint8_t header[STUN_HEADER_SIZE], const struct stun_message *message,
                          uint16_t end)
{
	memcpy(header, message->start, STUN_HEADER_SIZE);
	header[2] = (end - STUN_HEADER_SIZE) >> 8;
	header[3] = (end - STUN_HEADER_SIZE) & 0xff;
}

bool stun_integrity_ok(const struct stun_message *message, const struct stun_key *key)
{
	uint8_t header[STUN_HEADER_SIZE];
	uint8_t mac[STUN_INTEGRITY_SIZE];
	uint16_t value;

	if (!stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY))
		return false;
	value = message->attrs[STUN_KNOWN_MESSAGE_INTEGRITY].offset;
	header_hashed(header, message, value + STUN_INTEGRITY_SIZE);
	stun_hmac_joined(key, header, sizeof(header), message->start + STUN_HEADER_SIZE,
	                 value - STUN_ATTR_HEADER_SIZE - STUN_HEADER_SIZE, mac);
	return CRYPTO_memcmp(mac, message->start + value, sizeof(mac)) == 0;
}

bool stun_integrity_sha256_ok(const struct stun_message *message, const struct stun_raw_key *key)
{
	const struct stun_span *span = &message->attrs[STUN_KNOWN_MESSAGE_INTEGRITY_SHA256];
	uint8_t header[STUN_HEADER_SIZE];
	uint8_t mac[STUN_SHA256_SIZE];

	if (!stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY_SHA256) || span->length % 4 != 0)
		return false;
	header_hashed(header, message, span->offset + span->length);
	hmac_sha256(key, header, sizeof(header), message->start + STUN_HEADER_SIZE,
	            span->offset - STUN_ATTR_HEADER_SIZE - STUN_HEADER_SIZE, mac);
	return CRYPTO_memcmp(mac, message->start + span->offset, span->length) == 0;
}
