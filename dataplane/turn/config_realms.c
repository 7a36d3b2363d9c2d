/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Realms: that of `turn realm`, the server's, and those of tenants. A realm is its listeners'
 * clients, with users, secrets, peers and limits of their own; a client that comes by another
 * listener is none of its users. Users' names are hashed under a key of their realm, so that one
 * name in two realms is two users.
 */
#include "turn/config.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "turn/account.h"

#include <errno.h>
#include <string.h>

/* -- finding -- */

/* A tenant's place, whether the configuration that is being replayed has named it yet or not; or
 * -1. */
static int realm_there(const struct turn_config *config, const char *name)
{
	for (int i = 1; i < TURN_REALMS_MAX; i++)
		if (config->realms[i].users != NULL && strcmp(config->realms[i].name, name) == 0)
			return i;
	return -1;
}

/* One that a configuration which is being replayed has not named yet may go. */
static bool is_named(const struct turn *turn, const struct turn_config_realm *realm)
{
	return realm->generation == turn->dp->config_generation;
}

/* A tenant's place, or -1. */
static int realm_named(const struct turn *turn, const char *name)
{
	int index = realm_there(turn->config, name);

	return index > 0 && is_named(turn, &turn->config->realms[index]) ? index : -1;
}

static bool is_the_servers(const struct turn *turn, const char *name)
{
	const struct turn_config_realm *server = &turn->config->realms[0];

	return is_named(turn, server) && strcmp(server->name, name) == 0;
}

uint8_t turn_realm_index(const struct turn *turn, const struct turn_config_realm *realm)
{
	return realm - turn->config->realms;
}

struct turn_config_realm *turn_realm_find(struct turn *turn, const char *name, char *why)
{
	struct turn_config *config = turn->config;
	int index;

	if (memchr(name, '\0', SLUICE_TURN_REALM_MAX) == NULL) {
		refuse(why, -ENOENT, "a realm has no end");
		return NULL;
	}
	if (name[0] == '\0')
		return &config->realms[0];
	index = realm_named(turn, name);
	if (index > 0)
		return &config->realms[index];
	if (is_the_servers(turn, name))
		refuse(why, -ENOENT, "this is the server's realm: leave `realm` out");
	else
		refuse(why, -ENOENT, "there is no realm %.64s: `turn realm add`", name);
	return NULL;
}

struct siphash_key turn_realm_key(const struct siphash_key *name_key, const char *realm)
{
	struct siphash_key key = *name_key;

	key.k1 ^= siphash_bytes(name_key, realm, strlen(realm));
	return key;
}

void turn_names_read(struct turn_names *names, const struct turn *turn, const char *name,
                     size_t length)
{
	names->count = 0;
	for (uint32_t i = 0; i < TURN_REALMS_MAX; i++) {
		const struct users *users = turn->config->realms[i].users;

		if (users != NULL)
			names->hashes[names->count++] =
			        user_identity(&users->hash_key, name, length);
	}
}

/* -- the server's -- */

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

static bool realm_valid(const char *realm, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)realm[i] < ' ' || realm[i] == 0x7f)
			return false;
	return length > 0;
}

static int realm_check(const struct sluice_turn_realm *realm, char *why)
{
	size_t length = strnlen(realm->realm, sizeof(realm->realm));

	if (length == sizeof(realm->realm) || !realm_valid(realm->realm, length))
		return refuse(why, -EINVAL,
		              "a realm has 1 to %u bytes, none of them a control character",
		              SLUICE_TURN_REALM_MAX - 1);
	return 0;
}

int turn_realm_set(struct turn *turn, const struct sluice_turn_realm *realm, char *why)
{
	struct turn_config *config = turn->config;
	struct turn_config_realm *server = &config->realms[0];
	struct sluice_turn_realm before;
	struct users *old = server->users;
	int error = realm_check(realm, why);

	if (error < 0)
		return error;
	if (realm_named(turn, realm->realm) > 0)
		return refuse(why, -EEXIST, "this realm was added beside the server's");
	server->generation = turn->dp->config_generation;
	if (strcmp(server->name, realm->realm) == 0)
		return 0;
	server->users = users_rekey(old, realm->realm);
	if (server->users == NULL) {
		server->users = old;
		return refuse(why, -ENOMEM, "no memory to make %u users' keys again", old->count);
	}
	memcpy(before.realm, server->name, sizeof(before.realm));
	strcpy(server->name, realm->realm);
	error = turn_policy_publish(turn);
	if (error < 0) {
		users_free_all(server->users);
		server->users = old;
		strcpy(server->name, before.realm);
		return refuse(why, error, "no memory for the realm");
	}
	users_free_all(old);
	config->n_fetched = 0;
	return 0;
}

/* -- tenants' -- */

int turn_realm_add(struct turn *turn, const struct sluice_turn_realm *realm, uint32_t flags,
                   char *why)
{
	struct turn_config *config = turn->config;
	int error = realm_check(realm, why), index;
	struct siphash_key key;

	if (error < 0)
		return error;
	if (is_the_servers(turn, realm->realm))
		return refuse(why, -EEXIST, "this is the server's realm");
	index = realm_there(config, realm->realm);
	if (index > 0) {
		config->realms[index].generation = turn->dp->config_generation;
		return flags & SLUICE_API_EXIST_OK
		               ? 0
		               : refuse(why, -EEXIST, "this realm is there already");
	}
	for (index = 1; index < TURN_REALMS_MAX && config->realms[index].users != NULL;)
		index++;
	if (index == TURN_REALMS_MAX)
		return refuse(why, -ENOSPC, "there are %u realms, and room for no more",
		              SLUICE_TURN_REALMS_MAX);
	key = turn_realm_key(&config->name_key, realm->realm);
	config->realms[index] = (struct turn_config_realm){
	        .generation = turn->dp->config_generation,
	        .users = users_create(&key, 0),
	};
	if (config->realms[index].users == NULL)
		return refuse(why, -ENOMEM, "no memory for another realm");
	strcpy(config->realms[index].name, realm->realm);
	accounts_realm_bytes(turn, index, config->realms[index].bytes_before);
	error = turn_policy_publish(turn);
	if (error < 0) {
		users_free_all(config->realms[index].users);
		config->realms[index].users = NULL;
	}
	return error;
}

static bool is_listened_for(const struct turn_config *config, uint8_t index)
{
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (config->listener_used[i] && config->listeners_realm[i] == index)
			return true;
	return false;
}

/* Nobody comes by a listener of it any more. 0 or -ENOMEM, and it is there all the same. */
static int realm_remove(struct turn *turn, uint8_t index)
{
	struct turn_config *config = turn->config;
	struct users *users = config->realms[index].users;
	int error;

	config->realms[index].users = NULL;
	error = turn_policy_publish(turn);
	if (error < 0) {
		config->realms[index].users = users;
		return error;
	}
	turn_secrets_remove(turn, index);
	turn_peers_remove(turn, index);
	users_free_all(users);
	return turn_policy_publish(turn);
}

int turn_realm_delete(struct turn *turn, const struct sluice_turn_realm *realm, char *why)
{
	int error = realm_check(realm, why), index;

	if (error < 0)
		return error;
	index = realm_there(turn->config, realm->realm);
	if (index < 0)
		return refuse(why, -ENOENT, "there is no such realm");
	if (is_listened_for(turn->config, index))
		return refuse(why, -EBUSY, "a listener has this realm: `turn listen delete` first");
	return realm_remove(turn, index);
}

void turn_realms_sweep(struct turn *turn)
{
	struct turn_config *config = turn->config;

	for (uint32_t i = 1; i < TURN_REALMS_MAX; i++)
		if (config->realms[i].users != NULL &&
		    config->realms[i].generation != turn->dp->config_generation)
			realm_remove(turn, i);
}

/* -- what there is -- */

uint32_t turn_realm_allocations(const struct turn *turn, const struct turn_policy *policy,
                                uint8_t index)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (policy->listener_realms[i] == index)
			sum += __atomic_load_n(&turn->listener_allocations[i], __ATOMIC_RELAXED);
	return sum;
}

static void row_fill(const struct turn *turn, struct sluice_turn_realm_row *row, uint8_t index)
{
	const struct turn_config *config = turn->config;
	const struct turn_config_realm *realm = &config->realms[index];
	const struct sluice_turn_quota *server = &config->realms[0].quota;
	uint64_t bytes[2];

	accounts_realm_bytes(turn, index, bytes);
	*row = (struct sluice_turn_realm_row){
	        .users = realm->users->count,
	        .allocations = turn_realm_allocations(turn, turn->policy, index),
	        .quota_user = realm->quota.user_given ? realm->quota.user : server->user,
	        .quota_host = realm->quota.host,
	        .quota_max_bps =
	                realm->quota.max_bps_given ? realm->quota.max_bps : server->max_bps,
	        .to_peer_bytes = bytes[0] - realm->bytes_before[0],
	        .to_client_bytes = bytes[1] - realm->bytes_before[1],
	};
	for (uint32_t i = 0; i < config->n_secrets; i++)
		row->secrets += config->secrets[i].realm == index;
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		row->listeners += config->listener_used[i] && config->listeners_realm[i] == index;
	memcpy(row->realm, realm->name, sizeof(row->realm));
}

uint32_t turn_realm_show(struct turn *turn, uint32_t *cursor, struct sluice_turn_realm_row *rows,
                         uint32_t max)
{
	const struct turn_config_realm *realms = turn->config->realms;
	uint32_t n = 0;

	for (; n < max && *cursor < TURN_REALMS_MAX; ++*cursor)
		if (realms[*cursor].users != NULL && realms[*cursor].name[0] != '\0')
			row_fill(turn, &rows[n++], *cursor);
	return n;
}
