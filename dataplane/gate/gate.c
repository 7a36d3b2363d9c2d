/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/gate.h"
#include "common/clock.h"
#include "common/refuse.h"
#include "gate/hello.h"
#include "gate/program.h"

#include "dataplane.h"
#include "net/gate_map.h"
#include "random.h"
#include "stream/stream.h"
#include "stun/nonce.h"
#include "turn/state.h"
#include "turn/turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

#include <gate_default.h>
#include <openssl/crypto.h>
#include <rte_bitops.h>
#include <rte_common.h>
#include <rte_malloc.h>

#define ALLOCATE_SIZE 28 /* a browser's first: a header and REQUESTED-TRANSPORT */

uint64_t gate_clock(const struct worker *worker)
{
	uint64_t ticks = worker->tsc - worker->dp->tsc_start;

	return (uint64_t)((unsigned __int128)ticks * NSEC_PER_SEC / worker->tsc_hz);
}

/* next: has the sets of `policy` as well, or its own. */
static void policy_free(struct gate_policy *policy, const struct gate_policy *next)
{
	if (policy == NULL)
		return;
	if (next == NULL || next->deny != policy->deny)
		free(policy->deny);
	if (next == NULL || next->trust != policy->trust)
		free(policy->trust);
	OPENSSL_cleanse(policy, sizeof(*policy));
	free(policy);
}

/* The kernel brings clients by TCP, TLS and DTLS: XDP and the graph do not judge them. */
static void streams_follow(struct gate *gate)
{
	const struct gate_config *config = &gate->config;
	const struct gate_rules rules = {*config, gate->policy->deny, gate->policy->trust};

	stream_rules_set(gate->dp, &rules);
	stream_deny(gate->dp, config->mode == GATE_MODE_ENFORCE && (config->flags & GATE_FLAG_DENY)
	                              ? gate->policy->deny
	                              : NULL);
}

static int policy_publish(struct gate *gate, struct ranges *deny, struct ranges *trust)
{
	struct gate_policy *policy = calloc(1, sizeof(*policy)), *old;

	if (policy == NULL)
		return -ENOMEM;
	policy->config = gate->config;
	policy->judged = gate_programs_judge(gate, gate->config.mode);
	policy->deny = deny;
	policy->trust = trust;
	old = __atomic_exchange_n(&gate->policy, policy, __ATOMIC_ACQ_REL);
	if (old != NULL)
		dataplane_quiesce(gate->dp);
	streams_follow(gate);
	policy_free(old, policy);
	return 0;
}

int gate_policy_publish(struct gate *gate)
{
	return policy_publish(gate, gate->policy->deny, gate->policy->trust);
}

static uint32_t realm_longest(const struct turn_policy *turn)
{
	uint32_t longest = 0;

	for (uint32_t i = 0; i < TURN_REALMS_MAX; i++)
		longest = RTE_MAX(longest, (uint32_t)turn->realms[i].length);
	return longest;
}

/* TURN makes the nonces: its keys and its clock are the ones to check them by, and its realm says
 * how long a challenge is. True on a change. */
static bool turn_follow(struct gate *gate)
{
	const struct turn_policy *turn = gate->dp->turn->policy;
	struct gate_config *config = &gate->config;
	const struct siphash_key *keys = turn->nonce_keys.keys;
	uint64_t offset = (turn->unix_start + 1) * NSEC_PER_SEC;
	uint32_t lifetime = stun_nonce_lifetime(&turn->nonce_keys);
	uint32_t challenge = GATE_CHALLENGE(realm_longest(turn)) +
	                     (turn->algorithms_always ? GATE_ALGORITHMS_SIZE : 0);

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

uint32_t gate_realm_arrivals(size_t length)
{
	const struct ip_addr any = ip_addr_v4(0);
	struct gate_packet packet = {.length = ALLOCATE_SIZE};

	memcpy(packet.src, any.bytes, sizeof(packet.src));
	return gate_arrivals(&packet, GATE_CHALLENGE(length));
}

/* -- what the control plane sets -- */

static struct ranges *set_build(const struct gate_lpm_key *keys, uint32_t count)
{
	struct prefix prefixes[GATE_LPM_MAX];

	for (uint32_t i = 0; i < count; i++) {
		prefixes[i].ip = ip_addr_v6(keys[i].ip);
		prefixes[i].length = keys[i].length;
	}
	return ranges_create(prefixes, count);
}

static bool keys_are_valid(const struct gate_lpm_key *keys, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (keys[i].length > 128)
			return false;
	return true;
}

static int compiled_check(const struct gate_compiled *compiled, const struct gate_lpm_key *keys,
                          char *why)
{
	const struct gate_config *config = &compiled->config;

	if (config->mode < GATE_MODE_OFF || config->mode > GATE_MODE_ENFORCE)
		return refuse(why, -EINVAL, "the mode is off, observe or enforce");
	if (config->nonce_lifetime_s < SLUICE_GATE_LIFETIME_MIN_S ||
	    config->nonce_lifetime_s > SLUICE_GATE_LIFETIME_MAX_S)
		return refuse(why, -EINVAL, "a nonce lives %u to %u seconds",
		              SLUICE_GATE_LIFETIME_MIN_S, SLUICE_GATE_LIFETIME_MAX_S);
	if (compiled->denied > GATE_LPM_MAX || compiled->trusted > GATE_LPM_MAX)
		return refuse(why, -EINVAL, "a list has at most %u prefixes", GATE_LPM_MAX);
	if (!keys_are_valid(keys, compiled->denied + compiled->trusted))
		return refuse(why, -EINVAL, "a prefix is not longer than its address");
	return 0;
}

/* TURN makes nonces under the keys that the maps have. */
static int nonce_keys_give(struct gate *gate, const struct gate_config *config)
{
	struct stun_nonce_keys keys = {
	        .keys = {config->nonce[config->nonce_current % GATE_NONCE_KEYS],
	                 config->nonce[(config->nonce_current - 1) % GATE_NONCE_KEYS]},
	        .lifetime_s = config->nonce_lifetime_s,
	        .since = config->nonce_since,
	};
	const struct stun_nonce_keys *old = &gate->dp->turn->policy->nonce_keys;
	bool same = keys.since == old->since && keys.lifetime_s == old->lifetime_s &&
	            memcmp(keys.keys, old->keys, sizeof(keys.keys)) == 0;
	int ret = 0;

	if (config->nonce_since != 0 && !same)
		ret = turn_nonce_keys_set(gate->dp->turn, &keys);
	OPENSSL_cleanse(&keys, sizeof(keys));
	return ret;
}

/* Everything but what is this gate's own, or TURN's: turn_follow. */
static void config_take(struct gate *gate, const struct gate_config *config)
{
	const struct gate_config own = gate->config;

	gate->config = *config;
	gate->config.hash = own.hash;
	gate->config.seen_mask = own.seen_mask;
	gate->config.unix_offset = own.unix_offset;
	gate->config.challenge = own.challenge;
	gate->config.nonce_lifetime_s = own.nonce_lifetime_s;
	gate->config.nonce_since = own.nonce_since;
	gate->config.nonce_current = own.nonce_current;
	memcpy(gate->config.nonce, own.nonce, sizeof(own.nonce));
}

int gate_set(struct gate *gate, const struct gate_compiled *compiled,
             const struct gate_lpm_key *keys, char *why)
{
	const struct gate_config old = gate->config;
	struct ranges *deny, *trust;
	int ret = compiled_check(compiled, keys, why);

	if (ret != 0)
		return ret;
	deny = set_build(keys, compiled->denied);
	trust = set_build(compiled->trusted > 0 ? keys + compiled->denied : NULL,
	                  compiled->trusted);
	config_take(gate, &compiled->config);
	ret = deny != NULL && trust != NULL ? nonce_keys_give(gate, &compiled->config) : -ENOMEM;
	turn_follow(gate);
	gate_programs_look(gate); /* the maps hold it as well, perhaps from now on */
	if (ret == 0)
		ret = policy_publish(gate, deny, trust);
	if (ret != 0) {
		gate->config = old;
		free(deny);
		free(trust);
		return refuse(why, ret, "no memory for the gate's configuration");
	}
	gate->denied = compiled->denied;
	gate->trusted = compiled->trusted;
	return 0;
}

struct gate_compiled gate_compiled_now(const struct gate *gate)
{
	struct gate_compiled compiled = {.config = gate->config};

	compiled.config.flags &= ~(GATE_FLAG_DENY | GATE_FLAG_TRUST);
	compiled.config.nonce_since = 0;
	return compiled;
}

/* -- what happens -- */

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
	bool changed;

	gate_map_heal(gate->dp);
	gate_clients_follow(gate);
	changed = gate_programs_look(gate);
	if (turn_follow(gate) || changed)
		gate_policy_publish(gate);
	attacks_log(gate);
}

/* -- life -- */

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

/* Before anybody configures it. */
static int policy_first(struct gate *gate)
{
	struct ranges *deny = ranges_create(NULL, 0), *trust = ranges_create(NULL, 0);

	turn_follow(gate);
	if (deny != NULL && trust != NULL && policy_publish(gate, deny, trust) == 0)
		return 0;
	free(deny);
	free(trust);
	return -ENOMEM;
}

struct gate *gate_create(struct dataplane *dp)
{
	struct gate *gate = rte_zmalloc("gate", sizeof(*gate), RTE_CACHE_LINE_SIZE);

	if (gate == NULL)
		return NULL;
	gate->dp = dp;
	gate->tables = rte_zmalloc("gate tables", sizeof(*gate->tables), RTE_CACHE_LINE_SIZE);
	gate->clients = dp->turn->callers.own;
	gate->config = gate_config_default();
	gate->programs = gate_programs_create();
	gate->seen = seen_map(gate_seen_words(dp->options.gate_mb));
	gate->config.seen_mask = gate_seen_words(dp->options.gate_mb) - 1;
	if (gate->tables != NULL && gate->seen != NULL && gate->programs != NULL &&
	    hash_keys_draw(&gate->config.hash) == 0 && policy_first(gate) == 0)
		return gate;
	gate_destroy(gate);
	return NULL;
}

void gate_destroy(struct gate *gate)
{
	if (gate == NULL)
		return;
	policy_free(gate->policy, NULL);
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
	return sum + stream_gate_counter_sum(gate->dp, index);
}

/* -- what is shown -- */

/* As it was written down, but for what the division lost. */
static struct sluice_gate_limit limit_row(uint32_t scope, const struct gate_limit *limit)
{
	struct sluice_gate_limit row = {.scope = scope, .burst = 1};

	if (limit->interval == 0)
		return row;
	row.rate = (NSEC_PER_SEC + limit->interval / 2) / limit->interval;
	row.burst = limit->slack / limit->interval + 1;
	return row;
}

void gate_show(struct gate *gate, struct sluice_gate_row *row)
{
	const struct gate_config *config = &gate->config;
	uint64_t now = gate_clock(gate->dp->workers[0]);

	*row = (struct sluice_gate_row){
	        .mode = config->mode - GATE_MODE_OFF,
	        .xdp = gate_programs_all(gate),
	        .limits = {limit_row(SLUICE_GATE_SOURCE, &config->source),
	                   limit_row(SLUICE_GATE_PREFIX, &config->prefix),
	                   limit_row(SLUICE_GATE_HOST, &config->host),
	                   limit_row(SLUICE_GATE_VERIFIED, &config->verified)},
	        .privileged = (config->flags & GATE_FLAG_PRIVILEGED) != 0,
	        .prefixes = {gate->denied, gate->trusted},
	        .nonce_lifetime_s = config->nonce_lifetime_s,
	};
	if (gate->tables->host.attacked > now) {
		row->host_attacked = 1;
		row->host_attacked_s = (gate->tables->host.attacked - now) / NSEC_PER_SEC + 1;
	}
	for (uint32_t i = 0; i < GATE_PREFIXES; i++)
		row->prefixes_attacked += gate->tables->prefixes[i].attacked > now;
	for (uint32_t i = 0; i < GATE_VERDICTS; i++)
		*(i < GATE_DROP_FIRST ? &row->passed : &row->dropped) += gate_counter_sum(gate, i);
}

/* -- its part of the dataplane -- */

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

const struct part gate_part = {
        .name = "the gate's tables",
        .create = create,
        .destroy = destroy,
        .tick = tick,
};
