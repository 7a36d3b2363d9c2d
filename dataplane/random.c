/* SPDX-License-Identifier: BSD-3-Clause */
#include "random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

#define KEY_SIZE    32
#define BUFFER_SIZE 4096

/*
 * A refill takes the next key from the stream's first bytes and forgets the old one, and bytes that
 * are handed out are erased: who reads this memory later learns nothing of what was drawn before.
 */
struct random {
	EVP_CIPHER_CTX *cipher;
	size_t used;
	uint8_t buffer[BUFFER_SIZE]; /* zero where used: what the next stream is added to */
};

/* The counter starts at 0 under each key, which is used for one buffer. */
static int rekey(struct random *random, const EVP_CIPHER *type, const uint8_t key[KEY_SIZE])
{
	static const uint8_t counter[16];

	return EVP_EncryptInit_ex(random->cipher, type, NULL, key, counter) == 1 ? 0 : -EIO;
}

static void refill(struct random *random)
{
	int length;

	/* To go on with what is predictable would be worse than to stop. */
	if (EVP_EncryptUpdate(random->cipher, random->buffer, &length, random->buffer,
	                      BUFFER_SIZE) != 1 ||
	    length != BUFFER_SIZE || rekey(random, NULL, random->buffer) < 0)
		abort();
	OPENSSL_cleanse(random->buffer, KEY_SIZE);
	random->used = KEY_SIZE;
}

static int seed_read(uint8_t seed[KEY_SIZE])
{
	ssize_t got;

	/* Requests of up to 256 bytes are never cut short, once the kernel has entropy. */
	do {
		got = getrandom(seed, KEY_SIZE, 0);
	} while (got < 0 && errno == EINTR);
	return got == KEY_SIZE ? 0 : -EIO;
}

struct random *random_create(void)
{
	struct random *random = calloc(1, sizeof(*random));
	uint8_t seed[KEY_SIZE];
	int ret;

	if (random == NULL)
		return NULL;
	random->used = BUFFER_SIZE;
	random->cipher = EVP_CIPHER_CTX_new();
	ret = random->cipher == NULL ? -ENOMEM : seed_read(seed);
	if (ret == 0)
		ret = rekey(random, EVP_aes_256_ctr(), seed);
	OPENSSL_cleanse(seed, sizeof(seed));
	if (ret == 0)
		return random;
	random_destroy(random);
	return NULL;
}

void random_destroy(struct random *random)
{
	if (random == NULL)
		return;
	EVP_CIPHER_CTX_free(random->cipher);
	OPENSSL_cleanse(random, sizeof(*random));
	free(random);
}

void random_bytes(struct random *random, void *bytes, size_t length)
{
	uint8_t *to = bytes;
	size_t count;

	while (length > 0) {
		if (random->used == BUFFER_SIZE)
			refill(random);
		count = BUFFER_SIZE - random->used;
		if (count > length)
			count = length;
		memcpy(to, random->buffer + random->used, count);
		memset(random->buffer + random->used, 0, count);
		random->used += count;
		to += count;
		length -= count;
	}
}

/* Multiply and shift, refusing the few products that would favour some results (Lemire, 2019). */
uint32_t random_below(struct random *random, uint32_t bound)
{
	uint32_t refused = -bound % bound; /* 2^32 mod bound */
	uint64_t product;
	uint32_t word;

	do {
		random_bytes(random, &word, sizeof(word));
		product = (uint64_t)word * bound;
	} while ((uint32_t)product < refused);
	return product >> 32;
}
