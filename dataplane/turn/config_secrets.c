/* SPDX-License-Identifier: BSD-3-Clause */
/* `turn secret`: what time-limited credentials are signed with. */
#include "turn/config.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "turn/record.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

static bool string_ends(const char *string, size_t room)
{
	return memchr(string, '\0', room) != NULL;
}

static struct turn_config_secret *secret_find(struct turn_config *config, uint8_t realm,
                                              const char *secret)
{
	for (uint32_t i = 0; i < config->n_secrets; i++)
		if (config->secrets[i].realm == realm &&
		    strcmp(config->secrets[i].secret, secret) == 0)
			return &config->secrets[i];
	return NULL;
}

/* The dataplane before may have known the secret: allocations that were made under it have its id.
 */
static uint16_t secret_number(struct turn *turn, const struct turn_config_realm *realm,
                              const char *secret)
{
	struct turn_config *config = turn->config;
	/* of two realms one secret is two */
	uint64_t mark = siphash_bytes(&realm->users->hash_key, secret, strlen(secret));
	struct turn_config_known *known;

	for (uint32_t i = 0; i < TURN_SECRETS_KNOWN; i++)
		if (config->known[i].id != 0 && config->known[i].mark == mark)
			return config->known[i].id;
	/* there are fewer secrets than places */
	do {
		if (++config->secret_id == 0)
			config->secret_id = 1;
		known = &config->known[config->secret_id % TURN_SECRETS_KNOWN];
	} while (known->id != 0);
	*known = (struct turn_config_known){.mark = mark, .id = config->secret_id};
	record_secret(turn, config->secret_id % TURN_SECRETS_KNOWN, mark, known->id);
	return known->id;
}

static void known_remove(struct turn *turn, uint32_t place)
{
	turn->config->known[place].id = 0;
	record_secret(turn, place, 0, 0);
}

static void secret_remove(struct turn *turn, struct turn_config_secret *entry)
{
	struct turn_config *config = turn->config;

	known_remove(turn, entry->id % TURN_SECRETS_KNOWN);
	*entry = config->secrets[--config->n_secrets];
	OPENSSL_cleanse(&config->secrets[config->n_secrets], sizeof(*entry));
}

int turn_secret_add(struct turn *turn, const struct sluice_turn_secret *secret, uint32_t flags,
                    char *why)
{
	struct turn_config *config = turn->config;
	struct turn_config_realm *realm;
	struct turn_config_secret *entry;
	int error;

	if (!string_ends(secret->secret, sizeof(secret->secret)) || secret->secret[0] == '\0')
		return refuse(why, -EINVAL, "a secret has 1 to %u bytes",
		              SLUICE_TURN_PASSWORD_MAX - 1);
	realm = turn_realm_find(turn, secret->realm, why);
	if (realm == NULL)
		return -ENOENT;
	entry = secret_find(config, turn_realm_index(turn, realm), secret->secret);
	if (entry != NULL) {
		entry->generation = turn->dp->config_generation;
		return flags & SLUICE_API_EXIST_OK
		               ? 0
		               : refuse(why, -EEXIST, "this secret is there already");
	}
	if (config->n_secrets == TURN_SECRETS_MAX)
		return refuse(why, -ENOSPC, "there are %u secrets, and room for no more",
		              TURN_SECRETS_MAX);
	entry = &config->secrets[config->n_secrets++];
	*entry = (struct turn_config_secret){.id = secret_number(turn, realm, secret->secret),
	                                     .realm = turn_realm_index(turn, realm),
	                                     .generation = turn->dp->config_generation};
	strcpy(entry->secret, secret->secret);
	stun_key_raw(&entry->key, entry->secret, strlen(entry->secret));
	error = turn_policy_publish(turn);
	if (error < 0)
		secret_remove(turn, entry);
	return error;
}

static bool match_secret(const struct allocation *allocation, const void *id)
{
	return __atomic_load_n(&allocation->secret, __ATOMIC_RELAXED) == *(const uint16_t *)id;
}

int turn_secret_delete(struct turn *turn, const struct sluice_turn_secret *secret, char *why)
{
	struct turn_config_realm *realm = turn_realm_find(turn, secret->realm, why);
	struct turn_config_secret *entry = NULL;
	uint16_t id;
	int error;

	if (realm == NULL)
		return -ENOENT;
	if (string_ends(secret->secret, sizeof(secret->secret)))
		entry = secret_find(turn->config, turn_realm_index(turn, realm), secret->secret);
	if (entry == NULL)
		return refuse(why, -ENOENT, "there is no such secret");
	id = entry->id;
	secret_remove(turn, entry);
	error = turn_policy_publish(turn);
	/* published: no new allocation is made under it while the old ones end */
	if (error == 0 && secret->end != 0)
		allocations_end_where(turn, match_secret, &id);
	return error;
}

/* Of secrets that the dataplane before had, and the configuration has no more. */
static void known_sweep(struct turn *turn)
{
	struct turn_config *config = turn->config;

	for (uint32_t i = 0; i < TURN_SECRETS_KNOWN; i++) {
		bool held = config->known[i].id == 0;

		for (uint32_t j = 0; j < config->n_secrets; j++)
			held |= config->secrets[j].id == config->known[i].id;
		if (!held)
			known_remove(turn, i);
	}
}

void turn_secrets_remove(struct turn *turn, uint8_t realm)
{
	struct turn_config *config = turn->config;

	for (uint32_t i = config->n_secrets; i-- > 0;)
		if (config->secrets[i].realm == realm)
			secret_remove(turn, &config->secrets[i]);
}

void turn_secrets_sweep(struct turn *turn)
{
	struct turn_config *config = turn->config;

	for (uint32_t i = config->n_secrets; i-- > 0;)
		if (config->secrets[i].generation != turn->dp->config_generation)
			secret_remove(turn, &config->secrets[i]);
	known_sweep(turn);
}
