/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/gate.h"
#include "common/clock.h"
#include "gate/program.h"
#include "gate/source.h"

#include "dataplane.h"
#include "random.h"
#include "turn/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

#include <gate_default.h>
#include <openssl/crypto.h>
#include <rte_bitops.h>
#include <rte_common.h>
#include <rte_malloc.h>

uint64_t gate_clock(const struct worker *worker)
{
	uint64_t ticks = worker->tsc - worker->dp->tsc_start;

	return (uint64_t)((unsigned __int128)ticks * NSEC_PER_SEC / worker->tsc_hz);
}

static struct gate_set *set_of(const struct gate_source *source, uint8_t list)
{
	struct gate_prefix prefixes[GATE_LPM_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < source->n_prefixes; i++)
		if (source->prefixes[i].list == list)
			prefixes[count++] = source->prefixes[i].prefix;
	return gate_set_build(prefixes, count);
}

static void policy_free(struct gate_policy *policy)
{
	if (policy == NULL)
		return;
	free(policy->deny);
	free(policy->trust);
	OPENSSL_cleanse(policy, sizeof(*policy));
	free(policy);
}

static struct gate_policy *policy_build(const struct gate *gate)
{
	const struct gate_source *source = gate->source;
	struct gate_policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL)
		return NULL;
	policy->config = source->config;
	policy->judged = gate_programs_judge(gate, source->config.mode);
	policy->deny = set_of(source, SLUICE_GATE_DENY);
	policy->trust = set_of(source, SLUICE_GATE_TRUST);
	if (policy->deny == NULL || policy->trust == NULL) {
		policy_free(policy);
		return NULL;
	}
	if (policy->deny->count > 0)
		policy->config.flags |= GATE_FLAG_DENY;
	if (policy->trust->count > 0)
		policy->config.flags |= GATE_FLAG_TRUST;
	return policy;
}

int gate_policy_publish(struct gate *gate)
{
	struct gate_policy *policy = policy_build(gate);
	struct gate_policy *old;

	if (policy == NULL)
		return -ENOMEM;
	old = __atomic_exchange_n(&gate->policy, policy, __ATOMIC_ACQ_REL);
	if (old != NULL)
		dataplane_quiesce(gate->dp);
	policy_free(old);
	return 0;
}

/* TURN makes the nonces: its keys and its clock are the ones to check them by, and its realm says
 * how long a challenge is. True on a change. */
static bool turn_follow(struct gate *gate)
{
	const struct turn_policy *turn = gate->dp->turn->policy;
	struct gate_config *config = &gate->source->config;
	const struct siphash_key *keys = turn->nonce_keys.keys;
	uint64_t offset = (turn->unix_start + 1) * NSEC_PER_SEC;
	uint32_t lifetime = stun_nonce_lifetime(&turn->nonce_keys);
	uint32_t challenge = GATE_CHALLENGE(turn->realm_length);

	if (config->unix_offset == offset && config->challenge == challenge &&
	    config->nonce_lifetime_s == lifetime &&
	    memcmp(&config->nonce[1], &keys[0], sizeof(keys[0])) == 0 &&
	    memcmp(&config->nonce[0], &keys[1], sizeof(keys[1])) == 0)
		return false;
	config->unix_offset = offset;
	config->challenge = challenge;
	config->nonce_lifetime_s = lifetime;
	config->nonce[1] = keys[0];
	config->nonce[0] = keys[1];
	config->nonce_current = 1;
	config->nonce_since = turn->nonce_keys.since;
	return true;
}

static bool host_attacked(const struct gate *gate)
{
	return __atomic_load_n(&gate->tables->host.attacked, __ATOMIC_RELAXED) >
	       gate_clock(gate->dp->workers[0]);
}

/* What ports with XDP see, the control plane logs. */
static void attacks_log(struct gate *gate)
{
	uint64_t counters[GATE_COUNTERS];

	for (uint32_t i = 0; i < GATE_COUNTERS; i++)
		counters[i] = gate_counter_sum(gate, i);
	attack_log_follow(&gate->attacks, host_attacked(gate), counters, "");
}

void gate_tick(struct gate *gate)
{
	bool changed = gate_programs_look(gate);

	if (turn_follow(gate) || changed)
		gate_policy_publish(gate);
	attacks_log(gate);
}

static int hash_keys_draw(struct gate_hash_keys *keys)
{
	struct random *random = random_create();

	if (random == NULL)
		return -EIO;
	random_bytes(random, keys, sizeof(*keys));
	for (unsigned int i = 0; i < RTE_DIM(keys->multipliers); i++)
		keys->multipliers[i] |= 1;
	random_destroy(random);
	return 0;
}

uint32_t gate_seen_words(uint32_t megabytes)
{
	return megabytes != 0 ? rte_align32prevpow2(megabytes) * ((1u << 20) / sizeof(uint64_t))
	                      : GATE_SEEN;
}

/* Pages that no attack touches are none: on ports with XDP the maps remember. */
static uint64_t *seen_map(uint32_t words)
{
	void *map = mmap(NULL, words * sizeof(uint64_t), PROT_READ | PROT_WRITE,
	                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return map != MAP_FAILED ? map : NULL;
}

struct gate *gate_create(struct dataplane *dp)
{
	struct gate *gate = rte_zmalloc("gate", sizeof(*gate), RTE_CACHE_LINE_SIZE);

	if (gate == NULL)
		return NULL;
	gate->dp = dp;
	gate->tables = rte_zmalloc("gate tables", sizeof(*gate->tables), RTE_CACHE_LINE_SIZE);
	gate->source = gate_source_create();
	gate->programs = gate_programs_create();
	gate->seen = seen_map(gate_seen_words(dp->options.gate_mb));
	if (gate->tables == NULL || gate->seen == NULL || gate->source == NULL ||
	    gate->programs == NULL || hash_keys_draw(&gate->source->config.hash) != 0)
		goto fail;
	gate->source->config.seen_mask = gate_seen_words(dp->options.gate_mb) - 1;
	turn_follow(gate);
	if (gate_policy_publish(gate) != 0)
		goto fail;
	return gate;
fail:
	gate_destroy(gate);
	return NULL;
}

void gate_destroy(struct gate *gate)
{
	if (gate == NULL)
		return;
	policy_free(gate->policy);
	gate_source_destroy(gate->source);
	gate_programs_destroy(gate->programs);
	if (gate->seen != NULL)
		munmap(gate->seen, gate_seen_words(gate->dp->options.gate_mb) * sizeof(uint64_t));
	rte_free(gate->tables);
	rte_free(gate);
}

uint64_t gate_counter_sum(const struct gate *gate, uint32_t index)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < gate->dp->n_workers; i++)
		sum += __atomic_load_n(&gate->counters[i].values[index], __ATOMIC_RELAXED);
	return sum;
}

static int create(struct dataplane *dp)
{
	dp->gate = gate_create(dp);
	return dp->gate != NULL ? 0 : -ENOMEM;
}

static void destroy(struct dataplane *dp)
{
	gate_destroy(dp->gate);
}

static void tick(struct dataplane *dp)
{
	gate_tick(dp->gate);
}

static void config_sweep(struct dataplane *dp)
{
	gate_config_sweep(dp->gate);
}

const struct part gate_part = {
        .name = "the gate's tables",
        .create = create,
        .destroy = destroy,
        .tick = tick,
        .config_sweep = config_sweep,
};
