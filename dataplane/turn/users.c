/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/users.h"

#include "common/hex.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <rte_bitops.h>
#include <rte_common.h>

/* Stands where a user was removed, so that a search goes on. */
static struct user removed;

#define SLOTS_MIN 64u

/* One key; its algorithm by its length. */
static bool key_read(const char *text, size_t length, struct user_keys *keys)
{
	struct stun_raw_key *key;

	if (length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
		text += 2;
		length -= 2;
	}
	if (length != 32 && length != 64)
		return false;
	key = &keys->of[length == 32 ? STUN_MD5 - 1 : STUN_SHA256 - 1];
	if (key->length != 0 || !hex_decode(text, key->bytes, length / 2))
		return false;
	key->length = (uint8_t)(length / 2);
	return true;
}

bool user_keys_read(const char *text, size_t length, struct user_keys *keys)
{
	const char *comma = memchr(text, ',', length);
	size_t first = comma != NULL ? (size_t)(comma - text) : length;

	memset(keys, 0, sizeof(*keys));
	return key_read(text, first, keys) &&
	       (comma == NULL || key_read(comma + 1, length - first - 1, keys));
}

static void keys_set(struct user *user, const struct user_keys *keys)
{
	const struct stun_raw_key *md5 = &keys->of[STUN_MD5 - 1];

	user->keys = *keys;
	if (md5->length != 0)
		stun_key_raw(&user->key, md5->bytes, md5->length);
}

static struct user *user_make(const struct siphash_key *hash_key, const char *realm,
                              const char *name, size_t name_length, size_t password_length)
{
	struct user *user = calloc(1, sizeof(*user) + name_length + password_length);

	if (user == NULL)
		return NULL;
	stun_userhash(user->userhash, name, name_length, realm);
	user->hash = siphash_bytes(hash_key, name, name_length);
	user->name_length = name_length;
	user->password_length = password_length;
	memcpy(user->bytes, name, name_length);
	return user;
}

struct user *user_create(const struct siphash_key *hash_key, const char *realm, const char *name,
                         size_t name_length, const char *password, size_t password_length,
                         bool keyed)
{
	struct user *user = user_make(hash_key, realm, name, name_length, password_length);
	struct user_keys keys;

	if (user == NULL)
		return NULL;
	user->keyed = keyed;
	memcpy(user->bytes + name_length, password, password_length);
	if (!keyed || !user_keys_read(password, password_length, &keys))
		for (int i = 0; i < STUN_ALGORITHMS; i++)
			stun_raw_long_term(&keys.of[i], i + 1, name, name_length, realm, password,
			                   password_length);
	keys_set(user, &keys);
	OPENSSL_cleanse(&keys, sizeof(keys));
	return user;
}

struct user *user_create_fetched(const struct siphash_key *hash_key, const char *realm,
                                 const char *name, size_t name_length, const struct user_keys *keys,
                                 uint32_t refresh)
{
	struct user *user = user_make(hash_key, realm, name, name_length, 0);

	if (user == NULL)
		return NULL;
	keys_set(user, keys);
	user->fetched = true;
	user->refresh = refresh;
	return user;
}

void user_free(struct user *user)
{
	if (user == NULL)
		return;
	OPENSSL_cleanse(user, sizeof(*user) + user->name_length + user->password_length);
	free(user);
}

struct users *users_create(const struct siphash_key *hash_key, uint32_t count)
{
	uint32_t slots = RTE_MAX(SLOTS_MIN, rte_align32pow2(2 * count + 2));
	struct users *users = calloc(1, sizeof(*users) + 2 * slots * sizeof(users->slots[0]));

	if (users == NULL)
		return NULL;
	users->hash_key = *hash_key;
	users->mask = slots - 1;
	return users;
}

void users_free(struct users *users)
{
	free(users);
}

void users_free_all(struct users *users)
{
	uint32_t cursor = 0;
	struct user *user;

	if (users == NULL)
		return;
	while ((user = users_next(users, &cursor)) != NULL)
		user_free(user);
	users_free(users);
}

struct user *users_find_hashed(const struct users *users, uint64_t hash, const void *name,
                               size_t length)
{
	for (uint32_t i = hash & users->mask;; i = (i + 1) & users->mask) {
		struct user *user = __atomic_load_n(&users->slots[i], __ATOMIC_ACQUIRE);

		if (user == NULL)
			return NULL;
		if (user != &removed && user->hash == hash && user->name_length == length &&
		    memcmp(user->bytes, name, length) == 0)
			return user;
	}
}

struct user *users_find(const struct users *users, const void *name, size_t length)
{
	return users_find_hashed(users, siphash_bytes(&users->hash_key, name, length), name,
	                         length);
}

/* The first 8 of its 32 bytes spread users over the table as well as all of them. */
static uint64_t userhash_place(const uint8_t userhash[STUN_SHA256_SIZE])
{
	uint64_t place;

	memcpy(&place, userhash, sizeof(place));
	return place;
}

struct user *users_find_userhash(const struct users *users,
                                 const uint8_t userhash[STUN_SHA256_SIZE])
{
	struct user *const *slots = users->slots + users->mask + 1;

	for (uint32_t i = userhash_place(userhash) & users->mask;; i = (i + 1) & users->mask) {
		struct user *user = __atomic_load_n(&slots[i], __ATOMIC_ACQUIRE);

		if (user == NULL)
			return NULL;
		if (user != &removed &&
		    memcmp(user->userhash, userhash, sizeof(user->userhash)) == 0)
			return user;
	}
}

/* Where a user stands, or one of its name and realm: by name (0) and by USERHASH (1). */
struct place {
	struct user **slots;
	uint32_t first;
};

static struct place place_of(struct users *users, const struct user *user, int half)
{
	uint64_t hash = half == 0 ? user->hash : userhash_place(user->userhash);

	return (struct place){users->slots + half * ((size_t)users->mask + 1),
	                      (uint32_t)hash & users->mask};
}

/* `wanted` is there, or is NULL. */
static void slots_set(struct users *users, const struct user *at, const struct user *wanted,
                      struct user *user)
{
	for (int half = 0; half < 2; half++) {
		struct place place = place_of(users, at, half);
		uint32_t i = place.first;

		while (place.slots[i] != wanted)
			i = (i + 1) & users->mask;
		__atomic_store_n(&place.slots[i], user, __ATOMIC_RELEASE);
	}
}

static void without_add(struct users *users, const struct user *user, int32_t change)
{
	if (user->keys.of[STUN_SHA256 - 1].length == 0)
		__atomic_add_fetch(&users->without_sha256, change, __ATOMIC_RELAXED);
}

bool users_insert(struct users *users, struct user *user)
{
	if (users->taken > users->mask / 2)
		return false;
	without_add(users, user, 1);
	slots_set(users, user, NULL, user);
	users->taken++;
	users->count++;
	return true;
}

void users_replace(struct users *users, struct user *old, struct user *user)
{
	without_add(users, user, 1);
	slots_set(users, old, old, user);
	without_add(users, old, -1);
}

void users_remove(struct users *users, struct user *user)
{
	slots_set(users, user, user, &removed);
	users->count--;
	without_add(users, user, -1);
}

struct user *users_next(const struct users *users, uint32_t *cursor)
{
	while (*cursor <= users->mask) {
		struct user *user = users->slots[(*cursor)++];

		if (user != NULL && user != &removed)
			return user;
	}
	return NULL;
}

void user_name_read(struct user_name *name, const struct siphash_key *hash_key, const void *bytes,
                    size_t length)
{
	const struct stun_user user = stun_user_read(bytes, length);

	name->bytes = bytes;
	name->length = (uint16_t)length;
	name->hash = name->identity = siphash_bytes(hash_key, bytes, length);
	name->expiry = user.expiry;
	/* "EXPIRY:" and "EXPIRY" name no user: each stands for itself. */
	if (user.expiry != 0 && user.who_length != 0)
		name->identity = siphash_bytes(hash_key, user.who, user.who_length);
}

uint64_t user_identity(const struct siphash_key *hash_key, const void *name, size_t length)
{
	struct user_name read;

	user_name_read(&read, hash_key, name, length);
	return read.identity;
}
