/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Users of the server's realm whose keys the control plane fetched. They are no part of the
 * configuration: no COMMIT takes them away, a configured user of the same name comes before them,
 * and one whose time is over serves on until it is known to be gone: if Redis is away, no user is
 * locked out.
 */
#include "turn/config.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "turn/wanted.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

static size_t name_length(const char *name, size_t room)
{
	size_t length = strnlen(name, room);

	return length < room && length <= 508 ? length : 0;
}

/* Of a control plane that knows of no other, MD5's. */
static void keys_read(struct user_keys *keys, const struct sluice_turn_key *key)
{
	struct stun_raw_key *md5 = &keys->of[STUN_MD5 - 1], *sha256 = &keys->of[STUN_SHA256 - 1];

	if (!key->no_md5) {
		memcpy(md5->bytes, key->key, sizeof(key->key));
		md5->length = sizeof(key->key);
	}
	if (key->has_sha256) {
		memcpy(sha256->bytes, key->sha256, sizeof(key->sha256));
		sha256->length = sizeof(key->sha256);
	}
}

int turn_key_add(struct turn *turn, const struct sluice_turn_key *add, char *why)
{
	struct turn_config *config = turn->config;
	size_t length = name_length(add->name, sizeof(add->name));
	struct user_keys keys = {0};
	struct user *old, *user;

	if (length == 0 || add->refresh_s == 0)
		return refuse(why, -EINVAL,
		              "a fetched key has a name of 1 to 508 bytes and a time");
	old = users_find(config->realms[0].users, add->name, length);
	if (old != NULL && !old->fetched)
		return refuse(why, -EEXIST, "this user is configured");
	if (old == NULL && config->n_fetched >= FETCHED_MAX)
		return refuse(why, -ENOSPC, "%u fetched keys are there, and room for no more",
		              FETCHED_MAX);
	keys_read(&keys, add);
	user = user_create_fetched(&config->name_key, config->realms[0].name, add->name, length,
	                           &keys, turn_clock(turn) + add->refresh_s);
	OPENSSL_cleanse(&keys, sizeof(keys));
	if (user == NULL || turn_user_put(turn, &config->realms[0], old, user) < 0) {
		user_free(user);
		return refuse(why, -ENOMEM, "no memory for another key");
	}
	config->n_fetched += old == NULL;
	return 0;
}

int turn_key_delete(struct turn *turn, const struct sluice_turn_key *key, char *why)
{
	struct turn_config *config = turn->config;
	size_t length = name_length(key->name, sizeof(key->name));
	struct user *user;

	if (length == 0)
		return refuse(why, -EINVAL, "a fetched key has a name of 1 to 508 bytes");
	wanted_absent(turn->wanted, siphash_bytes(&config->name_key, key->name, length),
	              turn_clock(turn));
	user = users_find(config->realms[0].users, key->name, length);
	if (user == NULL || !user->fetched)
		return 0;
	users_remove(config->realms[0].users, user);
	dataplane_quiesce(turn->dp);
	user_free(user);
	config->n_fetched--;
	return 0;
}

void turn_lookup_set(struct turn *turn, const struct sluice_turn_lookup *lookup)
{
	__atomic_store_n(&turn->wanted->on, lookup->on != 0, __ATOMIC_RELAXED);
}

uint32_t turn_wanted_take(struct turn *turn, struct sluice_turn_wanted *rows, uint32_t room)
{
	struct wanted_name name;
	uint32_t count = 0;

	while (count < room && wanted_take(turn->wanted, &name)) {
		memcpy(rows[count].name, name.name, sizeof(rows[count].name));
		rows[count++].length = name.length;
	}
	return count;
}
