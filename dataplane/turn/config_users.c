/* SPDX-License-Identifier: BSD-3-Clause */
/* Users of a realm. */
#include "turn/config.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "turn/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

/* Bytes before the final NUL, or 0 where there is none. */
static size_t string_length(const char *string, size_t room)
{
	size_t length = strnlen(string, room);

	return length < room ? length : 0;
}

/* -- the table -- */

/* Room for twice as many; what was removed no longer takes any. */
static int users_grow(struct turn *turn, struct turn_config_realm *realm)
{
	struct users *old = realm->users;
	struct users *fresh = users_create(&old->hash_key, 2 * old->count + 1);
	uint32_t cursor = 0;
	struct user *user;
	int error;

	if (fresh == NULL)
		return -ENOMEM;
	while ((user = users_next(old, &cursor)) != NULL)
		users_insert(fresh, user);
	realm->users = fresh;
	error = turn_policy_publish(turn);
	if (error < 0)
		realm->users = old;
	users_free(error < 0 ? fresh : old);
	return error;
}

/* -- one user -- */

static int user_check(const struct sluice_turn_user *user, size_t *length, char *why)
{
	*length = string_length(user->name, sizeof(user->name));
	if (*length == 0 || *length > 508)
		return refuse(why, -EINVAL, "a user name has 1 to 508 bytes (RFC 8489, 14.3)");
	return 0;
}

static bool password_is(const struct user *user, const char *password, size_t length, bool keyed)
{
	return user->keyed == keyed && user->password_length == length &&
	       memcmp(user_password(user), password, length) == 0;
}

int turn_user_put(struct turn *turn, struct turn_config_realm *realm, struct user *old,
                  struct user *user)
{
	int error = 0;

	user->config_generation = turn->dp->config_generation;
	if (old != NULL) {
		users_replace(realm->users, old, user);
		dataplane_quiesce(turn->dp);
		user_free(old);
	} else if (!users_insert(realm->users, user)) {
		error = users_grow(turn, realm);
		if (error == 0)
			users_insert(realm->users, user);
	}
	return error;
}

static int exists(const struct sluice_turn_user *user, size_t length, char *why)
{
	char name[64];

	text_printable(name, sizeof(name) - 1, user->name, length);
	name[sizeof(name) - 1] = '\0';
	return refuse(why, -EEXIST, "user %s is there already", name);
}

static bool keys_are_good(const char *text, size_t length)
{
	struct user_keys keys;
	bool good = user_keys_read(text, length, &keys);

	OPENSSL_cleanse(&keys, sizeof(keys));
	return good;
}

int turn_user_add(struct turn *turn, const struct sluice_turn_user *add, uint32_t flags, char *why)
{
	struct turn_config *config = turn->config;
	size_t password_length = string_length(add->password, sizeof(add->password));
	bool keyed = add->keyed != 0;
	struct turn_config_realm *realm;
	struct user *old, *user;
	size_t length;
	int error = user_check(add, &length, why);

	if (error < 0)
		return error;
	realm = turn_realm_find(turn, add->realm, why);
	if (realm == NULL)
		return -ENOENT;
	if (password_length == 0)
		return refuse(why, -EINVAL, "a password has 1 to %u bytes",
		              SLUICE_TURN_PASSWORD_MAX - 1);
	if (keyed && !keys_are_good(add->password, password_length))
		return refuse(why, -EINVAL,
		              "a key has 32 hexadecimal digits (MD5) or 64 (SHA-256)");
	old = users_find(realm->users, add->name, length);
	if (old != NULL && !old->fetched && !(flags & SLUICE_API_EXIST_OK))
		return exists(add, length, why);
	if (old != NULL && !old->fetched &&
	    password_is(old, add->password, password_length, keyed)) {
		old->config_generation = turn->dp->config_generation;
		return 0;
	}
	config->n_fetched -= old != NULL && old->fetched;
	user = user_create(&realm->users->hash_key, realm->name, add->name, length, add->password,
	                   password_length, keyed);
	error = user == NULL ? -ENOMEM : turn_user_put(turn, realm, old, user);
	if (error < 0) {
		user_free(user);
		return refuse(why, error, "no memory for another user");
	}
	return 0;
}

static bool match_names(const struct allocation *allocation, const void *names)
{
	return turn_names_have(names, allocation->user_hash);
}

/* Users of this name, with a password or with time-limited credentials. */
uint32_t turn_user_end(struct turn *turn, const char *name, size_t length)
{
	struct turn_names names;

	turn_names_read(&names, turn, name, length);
	return allocations_end_where(turn, match_names, &names);
}

/* The same of one realm. */
static uint32_t user_end(struct turn *turn, const struct turn_config_realm *realm, const char *name,
                         size_t length)
{
	struct turn_names names = {1, {user_identity(&realm->users->hash_key, name, length)}};

	return allocations_end_where(turn, match_names, &names);
}

int turn_user_delete(struct turn *turn, const struct sluice_turn_user *delete, char *why)
{
	struct turn_config_realm *realm;
	uint32_t ended = 0;
	struct user *user;
	size_t length;
	int error = user_check(delete, &length, why);

	if (error < 0)
		return error;
	realm = turn_realm_find(turn, delete->realm, why);
	if (realm == NULL)
		return -ENOENT;
	user = users_find(realm->users, delete->name, length);
	if (user != NULL && user->fetched)
		user = NULL;
	if (user != NULL) {
		users_remove(realm->users, user);
		dataplane_quiesce(turn->dp);
		user_free(user);
	}
	if (delete->end != 0)
		ended = user_end(turn, realm, delete->name, length);
	return user != NULL || ended != 0 ? 0 : refuse(why, -ENOENT, "there is no such user");
}

static void users_sweep(struct turn *turn, struct users *users)
{
	struct user *gone = NULL, *user;
	uint32_t cursor = 0;

	while ((user = users_next(users, &cursor)) != NULL) {
		if (user->fetched || user->config_generation == turn->dp->config_generation)
			continue;
		users_remove(users, user);
		user->next = gone;
		gone = user;
	}
	if (gone != NULL)
		dataplane_quiesce(turn->dp);
	while ((user = gone) != NULL) {
		gone = user->next;
		user_free(user);
	}
}

void turn_users_sweep(struct turn *turn)
{
	for (uint32_t i = 0; i < TURN_REALMS_MAX; i++)
		if (turn->config->realms[i].users != NULL)
			users_sweep(turn, turn->config->realms[i].users);
}
