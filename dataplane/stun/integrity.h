/* SPDX-License-Identifier: BSD-3-Clause */
/* MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256 (RFC 8489, 14.5 and 14.6) and the keys they are
 * made with (9.2.2). Nothing here allocates. */
#ifndef STUN_INTEGRITY_H
#define STUN_INTEGRITY_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stun/message.h"

#define STUN_INTEGRITY_SIZE 20
#define STUN_SHA256_SIZE    32

/*
 * HMAC-SHA1 with its key already hashed: the chaining values after the inner and the outer padded
 * key block.
 */
struct stun_key {
	uint32_t inner[5];
	uint32_t outer[5];
};
static_assert(sizeof(struct stun_key) == 40, "kept in each allocation");

/* From a raw HMAC key of any length (short-term credentials, RFC 5769 vectors). */
void stun_key_raw(struct stun_key *key, const void *raw, size_t length);

/* MD5(user ":" realm ":" password), the long-term key (RFC 8489, 9.2.2). */
void stun_key_long_term(struct stun_key *key, const void *user, size_t user_length,
                        const char *realm, const void *password, size_t password_length);

/*
 * Time-limited credentials: the password is base64(HMAC-SHA1(secret, user)). `secret` is the
 * secret's own hashed key (stun_key_raw over its bytes).
 */
void stun_key_time_limited(struct stun_key *key, const struct stun_key *secret, const void *user,
                           size_t user_length, const char *realm);

/*
 * A long-term key as it is, of an algorithm of RFC 8489: 16 bytes of MD5 or 32 of SHA-256. Clients
 * that sign with SHA-256 are few: nothing is hashed ahead for them.
 */
struct stun_raw_key {
	uint8_t bytes[STUN_SHA256_SIZE];
	uint8_t length; /* 0: there is none */
};
static_assert(sizeof(struct stun_raw_key) <= sizeof(struct stun_key), "in its place");

/* The algorithm's hash of user ":" realm ":" password. */
void stun_raw_long_term(struct stun_raw_key *key, enum stun_algorithm algorithm, const void *user,
                        size_t user_length, const char *realm, const void *password,
                        size_t password_length);
/* The same of a time-limited user's password. */
void stun_raw_time_limited(struct stun_raw_key *key, enum stun_algorithm algorithm,
                           const struct stun_key *secret, const void *user, size_t user_length,
                           const char *realm);

/* USERHASH (RFC 8489, 14.4). */
void stun_userhash(uint8_t hash[STUN_SHA256_SIZE], const void *user, size_t user_length,
                   const char *realm);

/* A time-limited user's name, "EXPIRY", "EXPIRY:user" or "user:EXPIRY". */
struct stun_user {
	uint64_t expiry; /* seconds since 1970; 0: the name has no such form */
	const uint8_t *who;
	size_t who_length; /* 0: nobody is named */
};

/* Seconds are no such number before the year 5138: it counts milliseconds, by mistake. */
#define STUN_EXPIRY_MILLISECONDS 100000000000ull

struct stun_user stun_user_read(const void *name, size_t length);

/* Of `head` and `rest` as if they were one. */
void stun_hmac_joined(const struct stun_key *key, const void *head, size_t head_length,
                      const void *rest, size_t rest_length, uint8_t mac[STUN_INTEGRITY_SIZE]);
static inline void stun_hmac(const struct stun_key *key, const void *data, size_t length,
                             uint8_t mac[STUN_INTEGRITY_SIZE])
{
	stun_hmac_joined(key, NULL, 0, data, length, mac);
}

/*
 * Constant time. False without the attribute. Covers what RFC 8489, 14.5 says: the header's length
 * counts up to the integrity.
 */
bool stun_integrity_ok(const struct stun_message *message, const struct stun_key *key);

/* HMAC-SHA256. */
void stun_hmac_sha256(const struct stun_raw_key *key, const void *data, size_t length,
                      uint8_t mac[STUN_SHA256_SIZE]);
/* MESSAGE-INTEGRITY-SHA256, which may be cut to 16 bytes (RFC 8489, 14.6). Constant time. */
bool stun_integrity_sha256_ok(const struct stun_message *message, const struct stun_raw_key *key);

#endif
