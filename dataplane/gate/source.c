/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/refuse.h"
#include "gate/program.h"
#include "gate/source.h"

#include "dataplane.h"
#include "stun/nonce.h"
#include "turn/turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gate_default.h>
#include <openssl/crypto.h>

static const struct sluice_gate_limit limits_default[SLUICE_GATE_SCOPES] = {
        [SLUICE_GATE_SOURCE] = {SLUICE_GATE_SOURCE, GATE_SOURCE_RATE, GATE_SOURCE_BURST},
        [SLUICE_GATE_PREFIX] = {SLUICE_GATE_PREFIX, GATE_PREFIX_RATE, GATE_PREFIX_BURST},
        [SLUICE_GATE_HOST] = {SLUICE_GATE_HOST, GATE_HOST_RATE, GATE_HOST_BURST},
        [SLUICE_GATE_VERIFIED] = {SLUICE_GATE_VERIFIED, GATE_VERIFIED_RATE, GATE_VERIFIED_BURST},
};

struct gate_source *gate_source_create(void)
{
	struct gate_source *source = calloc(1, sizeof(*source));

	if (source == NULL)
		return NULL;
	source->config = gate_config_default();
	memcpy(source->limits, limits_default, sizeof(limits_default));
	source->prefixes = calloc(GATE_LPM_MAX, sizeof(*source->prefixes));
	if (source->prefixes == NULL) {
		free(source);
		return NULL;
	}
	return source;
}

void gate_source_destroy(struct gate_source *source)
{
	if (source == NULL)
		return;
	free(source->prefixes);
	OPENSSL_cleanse(source, sizeof(*source));
	free(source);
}

static void limit_put(struct gate_source *source, const struct sluice_gate_limit *limit)
{
	struct gate_limit *const places[SLUICE_GATE_SCOPES] = {
	        [SLUICE_GATE_SOURCE] = &source->config.source,
	        [SLUICE_GATE_PREFIX] = &source->config.prefix,
	        [SLUICE_GATE_HOST] = &source->config.host,
	        [SLUICE_GATE_VERIFIED] = &source->config.verified,
	};

	source->limits[limit->scope] = *limit;
	*places[limit->scope] = gate_limit_of(limit->rate, limit->burst);
}

int gate_limit_set(struct gate *gate, const struct sluice_gate_limit *limit, char *why)
{
	if (limit->scope >= SLUICE_GATE_SCOPES)
		return refuse(why, -EINVAL,
		              "a limit is of a source, a prefix, the host or the verified");
	if (limit->rate > GATE_RATE_MAX || limit->burst == 0 || limit->burst > GATE_RATE_MAX)
		return refuse(why, -EINVAL, "rate and burst are at most %u, a burst at least 1",
		              GATE_RATE_MAX);
	gate->source->generations[limit->scope] = gate->dp->config_generation;
	limit_put(gate->source, limit);
	return gate_policy_publish(gate);
}

static int prefix_read(enum sluice_gate_list list, const struct sluice_gate_prefix *prefix,
                       struct gate_source_prefix *entry, char *why)
{
	struct ip_addr ip = ip_addr_v6(prefix->addr.ip);
	uint8_t longest = ip_addr_is_v4(&ip) ? 32 : 128;

	if (prefix->length > longest)
		return refuse(why, -EINVAL, "prefix length %u is not between 0 and %u",
		              prefix->length, longest);
	*entry = (struct gate_source_prefix){
	        .prefix = {ip, prefix->length + (128 - longest)},
	        .list = list,
	};
	return 0;
}

static struct gate_source_prefix *prefix_find(struct gate_source *source,
                                              const struct gate_source_prefix *wanted)
{
	for (uint32_t i = 0; i < source->n_prefixes; i++) {
		struct gate_source_prefix *entry = &source->prefixes[i];

		if (entry->list == wanted->list && entry->prefix.length == wanted->prefix.length &&
		    ip_addr_equal(&entry->prefix.ip, &wanted->prefix.ip))
			return entry;
	}
	return NULL;
}

int gate_prefix_add(struct gate *gate, enum sluice_gate_list list,
                    const struct sluice_gate_prefix *prefix, uint32_t flags, char *why)
{
	struct gate_source *source = gate->source;
	struct gate_source_prefix wanted = {0}, *entry;
	int ret = prefix_read(list, prefix, &wanted, why);

	if (ret != 0)
		return ret;
	wanted.generation = gate->dp->config_generation;
	entry = prefix_find(source, &wanted);
	if (entry != NULL) {
		entry->generation = wanted.generation;
		return flags & SLUICE_API_EXIST_OK
		               ? 0
		               : refuse(why, -EEXIST, "this prefix is there already");
	}
	if (source->n_prefixes == GATE_LPM_MAX)
		return refuse(why, -ENOSPC, "there are %u prefixes, and room for no more",
		              GATE_LPM_MAX);
	source->prefixes[source->n_prefixes++] = wanted;
	return gate_policy_publish(gate);
}

int gate_prefix_delete(struct gate *gate, enum sluice_gate_list list,
                       const struct sluice_gate_prefix *prefix, char *why)
{
	struct gate_source *source = gate->source;
	struct gate_source_prefix wanted = {0}, *entry;
	int ret = prefix_read(list, prefix, &wanted, why);

	if (ret != 0)
		return ret;
	entry = prefix_find(source, &wanted);
	if (entry == NULL)
		return refuse(why, -ENOENT, "there is no such prefix");
	*entry = source->prefixes[--source->n_prefixes];
	return gate_policy_publish(gate);
}

int gate_ports_set(struct gate *gate, const struct sluice_gate_ports *ports, char *why)
{
	struct gate_source *source = gate->source;

	if (ports->privileged > 1)
		return refuse(why, -EINVAL, "privileged ports are dropped or pass");
	source->generations[GATE_SETTING_PORTS] = gate->dp->config_generation;
	source->config.flags = ports->privileged ? GATE_FLAG_PRIVILEGED : 0;
	return gate_policy_publish(gate);
}

static const uint8_t modes[] = {
        [SLUICE_GATE_OFF] = GATE_MODE_OFF,
        [SLUICE_GATE_OBSERVE] = GATE_MODE_OBSERVE,
        [SLUICE_GATE_ENFORCE] = GATE_MODE_ENFORCE,
};

int gate_mode_set(struct gate *gate, const struct sluice_gate_mode_set *mode, char *why)
{
	struct gate_source *source = gate->source;

	if (mode->mode > SLUICE_GATE_ENFORCE)
		return refuse(why, -EINVAL, "the mode is off, observe or enforce");
	source->generations[GATE_SETTING_MODE] = gate->dp->config_generation;
	source->config.mode = modes[mode->mode];
	return gate_policy_publish(gate);
}

int gate_keys_set(struct gate *gate, const struct sluice_gate_keys *keys, char *why)
{
	struct stun_nonce_keys nonce = {.lifetime_s = keys->lifetime_s, .since = keys->since};
	int ret;

	if (keys->lifetime_s < SLUICE_GATE_LIFETIME_MIN_S ||
	    keys->lifetime_s > SLUICE_GATE_LIFETIME_MAX_S || keys->xdp > 1)
		return refuse(why, -EINVAL, "a nonce lives %u to %u seconds",
		              SLUICE_GATE_LIFETIME_MIN_S, SLUICE_GATE_LIFETIME_MAX_S);
	memcpy(nonce.keys, keys->keys, sizeof(nonce.keys));
	ret = turn_nonce_keys_set(gate->dp->turn, &nonce);
	OPENSSL_cleanse(&nonce, sizeof(nonce));
	if (ret != 0)
		return ret;
	gate_tick(gate); /* the maps hold them, and what else was written there */
	return gate_policy_publish(gate);
}

void gate_config_sweep(struct gate *gate)
{
	struct gate_source *source = gate->source;
	uint32_t generation = gate->dp->config_generation;

	for (uint32_t i = 0; i < SLUICE_GATE_SCOPES; i++)
		if (source->generations[i] != generation)
			limit_put(source, &limits_default[i]);
	if (source->generations[GATE_SETTING_PORTS] != generation)
		source->config.flags = 0;
	if (source->generations[GATE_SETTING_MODE] != generation)
		source->config.mode = GATE_MODE_ENFORCE;
	for (uint32_t i = source->n_prefixes; i-- > 0;)
		if (source->prefixes[i].generation != generation)
			source->prefixes[i] = source->prefixes[--source->n_prefixes];
	gate_policy_publish(gate);
}

void gate_show(struct gate *gate, struct sluice_gate_row *row)
{
	const struct gate_source *source = gate->source;
	uint64_t now = gate_clock(gate->dp->workers[0]);

	*row = (struct sluice_gate_row){
	        .mode = source->config.mode - GATE_MODE_OFF,
	        .xdp = gate_programs_all(gate),
	        .privileged = (source->config.flags & GATE_FLAG_PRIVILEGED) != 0,
	        .nonce_lifetime_s = source->config.nonce_lifetime_s,
	};
	memcpy(row->limits, source->limits, sizeof(row->limits));
	for (uint32_t i = 0; i < source->n_prefixes; i++)
		row->prefixes[source->prefixes[i].list]++;
	if (gate->tables->host.attacked > now) {
		row->host_attacked = 1;
		row->host_attacked_s = (gate->tables->host.attacked - now) / 1000000000u + 1;
	}
	for (uint32_t i = 0; i < GATE_PREFIXES; i++)
		row->prefixes_attacked += gate->tables->prefixes[i].attacked > now;
	for (uint32_t i = 0; i < GATE_VERDICTS; i++)
		*(i < GATE_DROP_FIRST ? &row->passed : &row->dropped) += gate_counter_sum(gate, i);
}
