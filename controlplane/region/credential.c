/* SPDX-License-Identifier: BSD-3-Clause */
/* The one-call HMAC of OpenSSL 3 allocates and fetches, a microsecond an answer. Its plain SHA-1
 * does not. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "region/credential.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

static_assert(sizeof(SHA_CTX) <= sizeof(((struct credential_key *)0)->inner), "SHA-1's state");

static void state_make(uint64_t *state, const uint8_t block[SHA_CBLOCK], uint8_t pad)
{
	uint8_t masked[SHA_CBLOCK];
	SHA_CTX sha;

	for (int i = 0; i < SHA_CBLOCK; i++)
		masked[i] = block[i] ^ pad;
	SHA1_Init(&sha);
	SHA1_Update(&sha, masked, sizeof(masked));
	memcpy(state, &sha, sizeof(sha));
	OPENSSL_cleanse(masked, sizeof(masked));
}

void credential_key_make(struct credential_key *key, const char *secret)
{
	uint8_t block[SHA_CBLOCK] = {0};
	size_t length = strlen(secret);

	if (length > SHA_CBLOCK)
		SHA1((const uint8_t *)secret, length, block);
	else
		memcpy(block, secret, length);
	state_make(key->inner, block, 0x36);
	state_make(key->outer, block, 0x5c);
	OPENSSL_cleanse(block, sizeof(block));
}

int credential_make(const struct credential_key *key, uint64_t expires, const char *session,
                    size_t length, struct credential *credential)
{
	uint8_t digest[SHA_DIGEST_LENGTH];
	SHA_CTX sha;
	int used;

	used = snprintf(credential->user, sizeof(credential->user), "%lu:%.*s",
	                (unsigned long)expires, (int)length, session);
	if (used >= (int)sizeof(credential->user))
		return -EINVAL;
	memcpy(&sha, key->inner, sizeof(sha));
	SHA1_Update(&sha, credential->user, used);
	SHA1_Final(digest, &sha);
	memcpy(&sha, key->outer, sizeof(sha));
	SHA1_Update(&sha, digest, sizeof(digest));
	SHA1_Final(digest, &sha);
	EVP_EncodeBlock((unsigned char *)credential->password, digest, sizeof(digest));
	return 0;
}
