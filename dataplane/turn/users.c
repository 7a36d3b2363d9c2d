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

bool user_key_read(const char *text, size_t length, uint8_t key[16])
{
	if (length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
		text += 2;
		length -= 2;
	}
	return length == 32 && hex_decode(text, key, 16);
}

struct user *user_create(const struct siphash_key *hash_key, const char *realm, const char *name,
                         size_t name_length, const char *password, size_t password_length,
                         bool keyed)
{
	struct user *user = calloc(1, sizeof(*user) + name_length + password_length);
	uint8_t key[16] = {0};

	if (user == NULL)
		return NULL;
	user->keyed = keyed;
	if (keyed && user_key_read(password, password_length, key))
		stun_key_raw(&user->key, key, sizeof(key));
	else
		stun_key_long_term(&user->key, name, name_length, realm, password, password_length);
	OPENSSL_cleanse(key, sizeof(key));
	user->hash = siphash_bytes(hash_key, name, name_length);
	user->name_length = name_length;
	user->password_length = password_length;
	memcpy(user->bytes, name, name_length);
	memcpy(user->bytes + name_length, password, password_length);
	return user;
}

struct user *user_create_fetched(const struct siphash_key *hash_key, const char *name,
                                 size_t name_length, const uint8_t key[16], uint32_t refresh)
{
	struct user *user = calloc(1, sizeof(*user) + name_length);

	if (user == NULL)
		return NULL;
	stun_key_raw(&user->key, key, 16);
	user->hash = siphash_bytes(hash_key, name, name_length);
	user->fetched = true;
	user->refresh = refresh;
	user->name_length = name_length;
	memcpy(user->bytes, name, name_length);
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
	struct users *users = calloc(1, sizeof(*users) + slots * sizeof(users->slots[0]));

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

static void slot_set(struct user **slot, struct user *user)
{
	__atomic_store_n(slot, user, __ATOMIC_RELEASE);
}

bool users_insert(struct users *users, struct user *user)
{
	uint32_t i = user->hash & users->mask;

	if (users->taken > users->mask / 2)
		return false;
	while (users->slots[i] != NULL)
		i = (i + 1) & users->mask;
	slot_set(&users->slots[i], user);
	users->taken++;
	users->count++;
	return true;
}

static struct user **slot_of(struct users *users, const struct user *user)
{
	uint32_t i = user->hash & users->mask;

	while (users->slots[i] != user)
		i = (i + 1) & users->mask;
	return &users->slots[i];
}

void users_replace(struct users *users, struct user *old, struct user *user)
{
	slot_set(slot_of(users, old), user);
}

void users_remove(struct users *users, struct user *user)
{
	slot_set(slot_of(users, user), &removed);
	users->count--;
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
