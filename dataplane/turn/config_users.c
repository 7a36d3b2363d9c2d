/* SPDX-License-Identifier: BSD-3-Clause */
/* The realm and its users: a user's key is of both. */
#include "turn/config.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "turn/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes before the final NUL, or 0 where there is none. */
static size_t string_length(const char *string, size_t room)
{
	size_t length = strnlen(string, room);

	return length < room ? length : 0;
}

/* -- the table -- */

/* All users, their keys derived again under the realm. */
static struct users *users_rekey(const struct users *users, const char *realm)
{
	struct users *fresh = users_create(&users->hash_key, users->count);
	uint32_t cursor = 0;
	struct user *user, *copy;

	if (fresh == NULL)
		return NULL;
	while ((user = users_next(users, &cursor)) != NULL) {
		if (user->fetched) /* under the old realm; the next request fetches it again */
			continue;
		copy = user_create(&users->hash_key, realm, user->bytes, user->name_length,
		                   user_password(user), user->password_length, user->keyed);
		if (copy == NULL) {
			users_free_all(fresh);
			return NULL;
		}
		copy->config_generation = user->config_generation;
		users_insert(fresh, copy);
	}
	return fresh;
}

/* Room for twice as many; what was removed no longer takes any. */
static int users_grow(struct turn *turn)
{
	struct turn_config *config = turn->config;
	struct users *old = config->users;
	struct users *fresh = users_create(&old->hash_key, 2 * old->count + 1);
	uint32_t cursor = 0;
	struct user *user;
	int error;

	if (fresh == NULL)
		return -ENOMEM;
	while ((user = users_next(old, &cursor)) != NULL)
		users_insert(fresh, user);
	config->users = fresh;
	error = turn_policy_publish(turn);
	if (error < 0)
		config->users = old;
	users_free(error < 0 ? fresh : old);
	return error;
}

/* -- the realm -- */

static bool realm_valid(const char *realm, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)realm[i] < ' ' || realm[i] == 0x7f)
			return false;
	return length > 0;
}

int turn_realm_set(struct turn *turn, const struct sluice_turn_realm *realm, char *why)
{
	struct turn_config *config = turn->config;
	struct sluice_turn_realm before;
	struct users *old = config->users;
	size_t length = string_length(realm->realm, sizeof(realm->realm));
	int error;

	if (!realm_valid(realm->realm, length))
		return refuse(why, -EINVAL,
		              "a realm has 1 to %u bytes, none of them a control character",
		              SLUICE_TURN_REALM_MAX - 1);
	config->realm_generation = turn->dp->config_generation;
	if (strcmp(config->realm, realm->realm) == 0)
		return 0;
	config->users = users_rekey(old, realm->realm);
	if (config->users == NULL) {
		config->users = old;
		return refuse(why, -ENOMEM, "no memory to make %u users' keys anew", old->count);
	}
	memcpy(before.realm, config->realm, sizeof(before.realm));
	strcpy(config->realm, realm->realm);
	error = turn_policy_publish(turn);
	if (error < 0) {
		users_free_all(config->users);
		config->users = old;
		strcpy(config->realm, before.realm);
		return refuse(why, error, "no memory for the realm");
	}
	users_free_all(old);
	config->n_fetched = 0;
	return 0;
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

int turn_user_put(struct turn *turn, struct user *old, struct user *user)
{
	struct turn_config *config = turn->config;
	int error = 0;

	user->config_generation = turn->dp->config_generation;
	if (old != NULL) {
		users_replace(config->users, old, user);
		dataplane_quiesce(turn->dp);
		user_free(old);
	} else if (!users_insert(config->users, user)) {
		error = users_grow(turn);
		if (error == 0)
			users_insert(config->users, user);
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

int turn_user_add(struct turn *turn, const struct sluice_turn_user *add, uint32_t flags, char *why)
{
	struct turn_config *config = turn->config;
	size_t password_length = string_length(add->password, sizeof(add->password));
	bool keyed = add->keyed != 0;
	struct user *old, *user;
	uint8_t key[16];
	size_t length;
	int error = user_check(add, &length, why);

	if (error < 0)
		return error;
	if (password_length == 0)
		return refuse(why, -EINVAL, "a password has 1 to %u bytes",
		              SLUICE_TURN_PASSWORD_MAX - 1);
	if (keyed && !user_key_read(add->password, password_length, key))
		return refuse(why, -EINVAL, "a key has 32 hexadecimal digits");
	old = users_find(config->users, add->name, length);
	if (old != NULL && !old->fetched && !(flags & SLUICE_API_EXIST_OK))
		return exists(add, length, why);
	if (old != NULL && !old->fetched &&
	    password_is(old, add->password, password_length, keyed)) {
		old->config_generation = turn->dp->config_generation;
		return 0;
	}
	config->n_fetched -= old != NULL && old->fetched;
	user = user_create(&config->name_key, config->realm, add->name, length, add->password,
	                   password_length, keyed);
	error = user == NULL ? -ENOMEM : turn_user_put(turn, old, user);
	if (error < 0) {
		user_free(user);
		return refuse(why, error, "no memory for another user");
	}
	return 0;
}

static bool match_user(const struct allocation *allocation, const void *user_hash)
{
	return allocation->user_hash == *(const uint64_t *)user_hash;
}

/* Users of this name, with a password or with time-limited credentials. */
uint32_t turn_user_end(struct turn *turn, const char *name, size_t length)
{
	uint64_t user_hash = user_identity(&turn->config->name_key, name, length);

	return allocations_end_where(turn, match_user, &user_hash);
}

int turn_user_delete(struct turn *turn, const struct sluice_turn_user *delete, char *why)
{
	struct users *users = turn->config->users;
	uint32_t ended = 0;
	struct user *user;
	size_t length;
	int error = user_check(delete, &length, why);

	if (error < 0)
		return error;
	user = users_find(users, delete->name, length);
	if (user != NULL && user->fetched)
		user = NULL;
	if (user != NULL) {
		users_remove(users, user);
		dataplane_quiesce(turn->dp);
		user_free(user);
	}
	if (delete->end != 0)
		ended = turn_user_end(turn, delete->name, length);
	return user != NULL || ended != 0 ? 0 : refuse(why, -ENOENT, "there is no such user");
}

void turn_users_sweep(struct turn *turn)
{
	struct users *users = turn->config->users;
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
