/* SPDX-License-Identifier: BSD-3-Clause */
/* `turn peer allow|deny`: which peers clients may reach. */
#include "turn/config.h"

#include "common/refuse.h"
#include "dataplane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int peer_read(struct turn *turn, const struct sluice_turn_peer *peer, struct peer_rule *rule,
                     char *why)
{
	struct turn_config_realm *realm = turn_realm_find(turn, peer->realm, why);
	struct ip_addr ip = ip_addr_v6(peer->addr.ip);
	uint8_t longest = ip_addr_is_v4(&ip) ? 32 : 128;

	if (realm == NULL)
		return -ENOENT;
	if (peer->length > longest)
		return refuse(why, -EINVAL, "prefix length %u is not between 0 and %u",
		              peer->length, longest);
	if (peer->action != SLUICE_TURN_PEER_ALLOW && peer->action != SLUICE_TURN_PEER_DENY)
		return refuse(why, -EINVAL, "a peer rule allows or denies");
	*rule = (struct peer_rule){
	        .ip = peer_rule_mask(&ip, peer->length),
	        .length = peer->length,
	        .action = peer->action,
	        .realm = turn_realm_index(turn, realm),
	};
	return 0;
}

static struct peer_rule *peer_find(struct turn_config *config, const struct peer_rule *rule)
{
	for (uint32_t i = 0; i < config->n_peers; i++) {
		struct peer_rule *entry = &config->peers[i];

		if (entry->length == rule->length && entry->action == rule->action &&
		    entry->realm == rule->realm && ip_addr_equal(&entry->ip, &rule->ip))
			return entry;
	}
	return NULL;
}

int turn_peer_add(struct turn *turn, const struct sluice_turn_peer *peer, uint32_t flags, char *why)
{
	struct turn_config *config = turn->config;
	struct peer_rule rule = {0}, *entry;
	int error = peer_read(turn, peer, &rule, why);

	if (error < 0)
		return error;
	rule.config_generation = turn->dp->config_generation;
	entry = peer_find(config, &rule);
	if (entry != NULL) {
		entry->config_generation = rule.config_generation;
		return flags & SLUICE_API_EXIST_OK
		               ? 0
		               : refuse(why, -EEXIST, "this peer rule is there already");
	}
	entry = realloc(config->peers, (config->n_peers + 1) * sizeof(*entry));
	if (entry == NULL)
		return refuse(why, -ENOMEM, "no memory for another peer rule");
	config->peers = entry;
	config->peers[config->n_peers++] = rule;
	error = turn_policy_publish(turn);
	if (error < 0)
		config->n_peers--;
	return error;
}

/* What was said about a prefix, whichever it was. */
int turn_peer_delete(struct turn *turn, const struct sluice_turn_peer *peer, char *why)
{
	struct turn_config *config = turn->config;
	uint32_t before = config->n_peers;
	struct peer_rule rule = {0};
	int error = peer_read(turn, peer, &rule, why);

	if (error < 0)
		return error;
	/* those that go stay behind the others until it is certain */
	for (uint32_t i = before; i-- > 0;) {
		if (config->peers[i].length != rule.length ||
		    config->peers[i].realm != rule.realm ||
		    !ip_addr_equal(&config->peers[i].ip, &rule.ip))
			continue;
		config->n_peers--;
		RTE_SWAP(config->peers[i], config->peers[config->n_peers]);
	}
	if (config->n_peers == before)
		return refuse(why, -ENOENT, "there is no such peer rule");
	error = turn_policy_publish(turn);
	if (error < 0)
		config->n_peers = before;
	return error;
}

void turn_peers_remove(struct turn *turn, uint8_t realm)
{
	struct turn_config *config = turn->config;

	for (uint32_t i = config->n_peers; i-- > 0;)
		if (config->peers[i].realm == realm)
			config->peers[i] = config->peers[--config->n_peers];
}

void turn_peers_sweep(struct turn *turn)
{
	struct turn_config *config = turn->config;

	for (uint32_t i = config->n_peers; i-- > 0;)
		if (config->peers[i].config_generation != turn->dp->config_generation)
			config->peers[i] = config->peers[--config->n_peers];
}
