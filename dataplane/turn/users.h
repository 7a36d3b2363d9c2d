/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Users with a password. The control thread writes, workers read without a lock: a user is never
 * changed, only replaced, and freed when every worker has been quiescent. Names are bytes.
 */
#ifndef TURN_USERS_H
#define TURN_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <siphash.h>

#include "stun/integrity.h"

/* Of one user under one realm, by algorithm (RFC 8489, 9.2.2). */
struct user_keys {
	struct stun_raw_key of[STUN_ALGORITHMS]; /* [algorithm - 1] */
};

struct user {
	struct stun_key
	        key; /* the MD5 one, hashed: most clients sign with it; where there is one */
	struct user_keys keys;              /* under the realm of its table */
	uint8_t userhash[STUN_SHA256_SIZE]; /* the same; RFC 8489, 14.4 */
	uint64_t hash;
	struct user *next;          /* control thread: list of what is to be freed */
	uint32_t config_generation; /* control thread */
	uint32_t refresh; /* of a fetched key: worker.now from which on it is fetched again */
	bool keyed;       /* the password is the keys, in hexadecimal digits */
	bool fetched;     /* not configured: turn/config_keys.c */
	uint16_t name_length, password_length;
	char bytes[]; /* the name, then the password */
};

/* Open addressing, at most half full. */
struct users {
	struct siphash_key hash_key;
	uint32_t mask;
	uint32_t count;
	uint32_t taken; /* slots that were ever taken: a removed user's stays so until the table
	                   is built again */
	uint32_t without_sha256; /* atomic: users that have no such key */
	struct user *slots[];    /* by name; behind them as many by USERHASH */
};

/* "KEY" or "KEY,KEY": 32 hexadecimal digits of MD5, 64 of SHA-256, each perhaps after "0x". */
bool user_keys_read(const char *text, size_t length, struct user_keys *keys);
/* keyed: the password is such keys. */
struct user *user_create(const struct siphash_key *hash_key, const char *realm, const char *name,
                         size_t name_length, const char *password, size_t password_length,
                         bool keyed);
struct user *user_create_fetched(const struct siphash_key *hash_key, const char *realm,
                                 const char *name, size_t name_length, const struct user_keys *keys,
                                 uint32_t refresh);
void user_free(struct user *user);
static inline const char *user_password(const struct user *user)
{
	return user->bytes + user->name_length;
}

/* Room for `count` users. */
struct users *users_create(const struct siphash_key *hash_key, uint32_t count);
/* The table alone; users_free_all: its users too. */
void users_free(struct users *users);
void users_free_all(struct users *users);

/* Any worker, and the control thread. hash: siphash_bytes of the name under the table's key. */
struct user *users_find_hashed(const struct users *users, uint64_t hash, const void *name,
                               size_t length);
struct user *users_find(const struct users *users, const void *name, size_t length);
struct user *users_find_userhash(const struct users *users,
                                 const uint8_t userhash[STUN_SHA256_SIZE]);

/* Control thread. False: no room, the table must be built again. */
bool users_insert(struct users *users, struct user *user);
/* user takes the place of old, which has the same name. */
void users_replace(struct users *users, struct user *old, struct user *user);
void users_remove(struct users *users, struct user *user);
/* One after the other: start with *cursor = 0; NULL at the end. */
struct user *users_next(const struct users *users, uint32_t *cursor);

/* A name as it came, read once. */
struct user_name {
	const uint8_t *bytes;
	uint16_t length;
	uint64_t hash;   /* of all of it */
	uint64_t expiry; /* of a time-limited name, seconds since 1970; otherwise 0 */
	/* hash of who it stands for, so that a quota holds and a renewed credential goes on: of a
	 * time-limited name ("EXPIRY:user", "user:EXPIRY") the user, otherwise the name */
	uint64_t identity;
};

void user_name_read(struct user_name *name, const struct siphash_key *hash_key, const void *bytes,
                    size_t length);
uint64_t user_identity(const struct siphash_key *hash_key, const void *name, size_t length);

#endif
