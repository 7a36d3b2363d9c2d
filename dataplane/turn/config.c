/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/config.h"

#include "common/log.h"
#include "common/refuse.h"
#include "common/turn_merge.h"
#include "dataplane.h"
#include "ledger/ledger.h"
#include "turn/config_services.h"
#include "turn/mobility.h"
#include "turn/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <rte_cycles.h>

#define LIFETIME_MAX_DEFAULT_S 3600
#define MINUTE_S               60
#define MAX_BPS_LEAST          1000ull /* below it a datagram's time would not fit 64 bits */
#define MAX_BPS_MOST           1000000000000ull

/* -- the policy -- */

uint32_t turn_clock(const struct turn *turn)
{
	const struct dataplane *dp = turn->dp;

	if (dp->n_workers > 0)
		return __atomic_load_n(&dp->workers[0]->now, __ATOMIC_RELAXED);
	return (rte_rdtsc() - dp->tsc_start) / rte_get_tsc_hz() + 1;
}

static void policy_relays(struct turn_policy *policy, const struct turn *turn)
{
	for (uint32_t i = 0; i < RELAYS_MAX; i++) {
		int family = family_index(&turn->relays[i].ip);

		if (turn->relays[i].active)
			policy->relays[family][policy->n_relays[family]++] = i;
		policy->relays_told[i] = turn->relays[i].told;
	}
}

static void policy_free(struct turn_policy *policy)
{
	if (policy == NULL)
		return;
	for (uint32_t i = 0; i < TURN_REALMS_MAX; i++)
		if (i == 0 || policy->realms[i].peers != policy->realms[0].peers)
			peer_rules_free((struct peer_rules *)policy->realms[i].peers);
	OPENSSL_cleanse(policy, sizeof(*policy));
	free(policy);
}

/* A tenant's limits, and where it has none of its own the server's. */
static void realm_limits(struct turn_policy_realm *realm, const struct turn_config *config)
{
	const struct sluice_turn_quota *server = &config->realms[0].quota;
	const struct sluice_turn_quota *own = &config->realms[realm->index].quota;
	uint64_t max_bps = own->max_bps_given ? own->max_bps : server->max_bps;

	realm->quota_user = own->user_given ? own->user : server->user;
	realm->quota_host = realm->index != 0 ? own->host : 0;
	if (max_bps != 0)
		realm->ticks_per_byte_shift20 = ((rte_get_tsc_hz() * 8) << 20) / max_bps;
}

static bool has_peers(const struct turn_config *config, uint8_t index)
{
	for (uint32_t i = 0; i < config->n_peers; i++)
		if (config->peers[i].realm == index)
			return true;
	return false;
}

/* The server's first: a tenant without rules of its own has those of all, which are sorted once. */
static int policy_realm(struct turn_policy *policy, const struct turn_config *config, uint8_t index)
{
	struct turn_policy_realm *realm = &policy->realms[index];
	const struct turn_config_realm *from = &config->realms[index];

	realm->index = index;
	if (from->users == NULL)
		return 0;
	memcpy(realm->name, from->name, sizeof(realm->name));
	realm->length = strlen(from->name);
	realm->users = from->users;
	realm_limits(realm, config);
	realm->peers = index == 0 || has_peers(config, index)
	                       ? peer_rules_create(config->peers, config->n_peers, index)
	                       : policy->realms[0].peers;
	return realm->peers != NULL ? 0 : -ENOMEM;
}

static struct turn_policy *policy_build(const struct turn *turn)
{
	const struct turn_config *config = turn->config;
	struct turn_policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL)
		return NULL;
	for (uint32_t i = 0; i < TURN_REALMS_MAX; i++)
		if (policy_realm(policy, config, i) < 0) {
			policy_free(policy);
			return NULL;
		}
	memcpy(policy->listener_realms, config->listeners_realm, sizeof(policy->listener_realms));
	policy->n_secrets = config->n_secrets;
	for (uint32_t i = 0; i < config->n_secrets; i++) {
		policy->secrets[i] = config->secrets[i].key;
		policy->secret_ids[i] = config->secrets[i].id;
		policy->secret_realms[i] = config->secrets[i].realm;
	}
	policy->lifetime_max = config->lifetime.max_s;
	policy->mobility = config->mobility.on;
	policy->algorithms_always = config->algorithms.always;
	policy->quota_host = config->realms[0].quota.host;
	policy->alternates = config->alternates;
	policy->nonce_keys = config->nonce_keys;
	policy->unix_start = config->unix_start;
	policy_relays(policy, turn);
	discoveries_fill(policy, turn);
	return policy;
}

int turn_policy_publish(struct turn *turn)
{
	struct turn_policy *policy = policy_build(turn);
	struct turn_policy *old;

	turn->config->unpublished = policy == NULL;
	if (policy == NULL)
		return -ENOMEM;
	old = __atomic_exchange_n(&turn->policy, policy, __ATOMIC_ACQ_REL);
	if (old != NULL)
		dataplane_quiesce(turn->dp);
	policy_free(old);
	return 0;
}

/* -- life -- */

static void nonces_take(struct turn_config *config, const struct sluice_ledger_keys *keys)
{
	memcpy(config->nonce_keys.keys, keys->nonces, sizeof(config->nonce_keys.keys));
	config->nonce_keys.since = keys->nonces_since;
	config->nonce_keys.lifetime_s = keys->nonces_lifetime_s;
	config->nonce_rotated = keys->nonces_rotated;
	config->nonce_given = keys->nonces_given != 0;
}

/* The nonces of the dataplane before stay valid, and its users are known by the same hashes. */
static void keys_take(struct turn *turn, const struct sluice_ledger_keys *keys)
{
	memcpy(&turn->config->name_key, keys->users, sizeof(turn->config->name_key));
	memcpy(&turn->seed, keys->tables, sizeof(turn->seed));
	nonces_take(turn->config, keys);
}

int turn_nonces_take(struct turn *turn)
{
	struct sluice_ledger_keys keys;
	int error = 0;

	if (ledger_keys_newest(turn->dp->ledger, &keys) &&
	    memcmp(keys.nonces, turn->dp->ledger->keys.nonces, sizeof(keys.nonces)) != 0) {
		nonces_take(turn->config, &keys);
		record_keys(turn);
		error = turn_policy_publish(turn);
	}
	OPENSSL_cleanse(&keys, sizeof(keys));
	return error;
}

int turn_config_create(struct turn *turn)
{
	struct turn_config *config = calloc(1, sizeof(*config));

	turn->config = config;
	if (config == NULL)
		return -ENOMEM;
	config->lifetime.max_s = LIFETIME_MAX_DEFAULT_S;
	config->random = random_create();
	if (config->random == NULL)
		return -ENOMEM;
	if (turn->dp->ledger != NULL && turn->dp->ledger->keys_taken) {
		keys_take(turn, &turn->dp->ledger->keys);
	} else {
		random_bytes(config->random, &config->name_key, sizeof(config->name_key));
		random_bytes(config->random, config->nonce_keys.keys,
		             sizeof(config->nonce_keys.keys));
		stun_nonce_keys_drawn(&config->nonce_keys);
		random_bytes(config->random, &turn->seed, sizeof(turn->seed));
	}
	record_keys(turn);
	ticket_keys_make(turn, &config->name_key);
	config->realms[0].users = users_create(&config->name_key, 0);
	if (config->realms[0].users == NULL)
		return -ENOMEM;
	config->unix_start = (uint64_t)time(NULL) - turn_clock(turn);
	return turn_policy_publish(turn);
}

void turn_config_destroy(struct turn *turn)
{
	struct turn_config *config = turn->config;

	policy_free(turn->policy);
	if (config == NULL)
		return;
	for (uint32_t i = 0; i < RELAYS_MAX; i++)
		relay_ports_free(&turn->relays[i]);
	for (uint32_t i = 0; i < TURN_REALMS_MAX; i++)
		users_free_all(config->realms[i].users);
	random_destroy(config->random);
	free(config->peers);
	OPENSSL_cleanse(config, sizeof(*config));
	free(config);
}

int turn_nonce_keys_set(struct turn *turn, const struct stun_nonce_keys *keys)
{
	turn->config->nonce_given = true;
	turn->config->nonce_rotated = 0; /* as of the next tick */
	turn->config->nonce_keys = *keys;
	record_keys(turn);
	return turn_policy_publish(turn);
}

/* Who gives us keys does so at each rotation: a nonce's 16 bits of time would come round while a
 * control plane stays away. */
static uint64_t nonce_patience(const struct turn_config *config)
{
	return config->nonce_given ? 3 * STUN_NONCE_ROTATION_S : STUN_NONCE_ROTATION_S;
}

/* A frequent slip, and its client learns no more than that it is refused. */
static void milliseconds_log(struct turn *turn, uint64_t unix_now)
{
	struct turn_config *config = turn->config;
	uint64_t seen = turn_counter_sum(turn, TURN_EXPIRY_TOO_LARGE);

	if (seen == config->milliseconds_seen || unix_now < config->milliseconds_logged + MINUTE_S)
		return;
	log_warning(SLUICE_LOG_CONFIG,
	            "%llu requests with time-limited user names were refused: their time is in "
	            "milliseconds, and must be in seconds since 1970",
	            (unsigned long long)(seen - config->milliseconds_seen));
	config->milliseconds_seen = seen;
	config->milliseconds_logged = unix_now;
}

void turn_tick(struct turn *turn, uint64_t unix_now)
{
	struct turn_config *config = turn->config;
	uint64_t start = unix_now - turn_clock(turn);
	bool changed = config->unpublished;

	if (turn->dp->ledger != NULL)
		ledger_clock_set(turn->dp->ledger, turn_clock(turn));
	/* The wall clock was set, or ours has drifted. A second's difference is two clocks' phase.
	 */
	if (start + 1 < config->unix_start || start > config->unix_start + 1) {
		config->unix_start = start;
		changed = true;
	}
	if (config->nonce_rotated == 0 || unix_now < config->nonce_rotated)
		config->nonce_rotated = unix_now;
	if (unix_now - config->nonce_rotated >= nonce_patience(config)) {
		config->nonce_keys.keys[1] = config->nonce_keys.keys[0];
		random_bytes(config->random, &config->nonce_keys.keys[0],
		             sizeof(config->nonce_keys.keys[0]));
		stun_nonce_keys_drawn(&config->nonce_keys);
		config->nonce_rotated = unix_now;
		config->nonce_keys.since = unix_now;
		record_keys(turn);
		changed = true;
	}
	if (changed)
		turn_policy_publish(turn);
	turn_rate_measure(turn, rte_rdtsc());
	milliseconds_log(turn, unix_now);
	listeners_tick(turn);
	relays_tick(turn);
}

/* -- numbers -- */

int turn_lifetime_set(struct turn *turn, const struct sluice_turn_lifetime *lifetime, char *why)
{
	struct turn_config *config = turn->config;
	const struct sluice_turn_lifetime before = config->lifetime;
	int error;

	if (lifetime->max_s < ALLOCATION_LIFETIME_MIN_S || lifetime->max_s > TURN_LIFETIME_MAX_S)
		return refuse(why, -EINVAL, "lifetime max %u is not between %u and %u seconds",
		              lifetime->max_s, ALLOCATION_LIFETIME_MIN_S, TURN_LIFETIME_MAX_S);
	config->lifetime_generation = turn->dp->config_generation;
	if (memcmp(&config->lifetime, lifetime, sizeof(*lifetime)) == 0)
		return 0;
	config->lifetime = *lifetime;
	error = turn_policy_publish(turn);
	if (error < 0)
		config->lifetime = before;
	return error;
}

int turn_mobility_set(struct turn *turn, const struct sluice_turn_mobility *mobility, char *why)
{
	struct turn_config *config = turn->config;
	const struct sluice_turn_mobility before = config->mobility;
	int error;

	if (mobility->on > 1)
		return refuse(why, -EINVAL, "mobility is on or off");
	config->mobility_generation = turn->dp->config_generation;
	if (config->mobility.on == mobility->on)
		return 0;
	if (mobility->on && mobility_create(turn) < 0)
		return refuse(why, -ENOMEM, "no memory for clients that move");
	config->mobility = *mobility;
	error = turn_policy_publish(turn);
	if (error < 0)
		config->mobility = before;
	return error;
}

int turn_algorithms_set(struct turn *turn, const struct sluice_turn_algorithms *algorithms,
                        char *why)
{
	struct turn_config *config = turn->config;
	const struct sluice_turn_algorithms before = config->algorithms;
	int error;

	if (algorithms->always > 1)
		return refuse(why, -EINVAL, "algorithms are offered always, or when asked for");
	config->algorithms_generation = turn->dp->config_generation;
	if (config->algorithms.always == algorithms->always)
		return 0;
	config->algorithms = *algorithms;
	error = turn_policy_publish(turn);
	if (error < 0)
		config->algorithms = before;
	return error;
}

/* 0, -EINVAL, -ENOENT. */
static int quota_check(struct turn *turn, const struct sluice_turn_quota *quota,
                       struct turn_config_realm **realm, char *why)
{
	if (quota->max_bps != 0 &&
	    (quota->max_bps < MAX_BPS_LEAST || quota->max_bps > MAX_BPS_MOST))
		return refuse(why, -EINVAL, "quota max-bps %llu is not 0 or between %llu and %llu",
		              (unsigned long long)quota->max_bps, MAX_BPS_LEAST, MAX_BPS_MOST);
	*realm = turn_realm_find(turn, quota->realm, why);
	if (*realm == NULL)
		return -ENOENT;
	if (quota->capacity_bps != 0 && turn_realm_index(turn, *realm) != 0)
		return refuse(why, -EINVAL, "bps-capacity is the whole server's, and no realm's");
	return 0;
}

int turn_quota_set(struct turn *turn, const struct sluice_turn_quota *quota, char *why)
{
	struct sluice_turn_quota before, after = {0};
	struct turn_config_realm *realm = NULL;
	int error = quota_check(turn, quota, &realm, why);

	if (error < 0)
		return error;
	before = realm->quota;
	/* of a configuration that is being replayed it is the first word */
	if (realm->quota_generation == turn->dp->config_generation)
		after = before;
	quota_merge(&after, quota);
	realm->quota_generation = turn->dp->config_generation;
	if (memcmp(&before, &after, sizeof(after)) == 0)
		return 0;
	realm->quota = after;
	error = turn_policy_publish(turn);
	if (error < 0)
		realm->quota = before;
	else
		turn_rate_measure(turn, 0);
	return error;
}

/* -- what all relay together -- */

static void rate_judge(struct turn *turn)
{
	const struct turn_config_rate *rate = &turn->config->rate;
	uint64_t capacity = turn->config->realms[0].quota.capacity_bps;

	__atomic_store_n(&turn->capacity_reached,
	                 capacity != 0 && RTE_MAX(rate->bps[0], rate->bps[1]) >= capacity,
	                 __ATOMIC_RELAXED);
}

/* tsc 0: the last look holds. Seconds are not exact, and what is less than half of one says
 * nothing. */
void turn_rate_measure(struct turn *turn, uint64_t tsc)
{
	static const enum turn_counter counters[2] = {TURN_TO_PEER_BYTES, TURN_TO_CLIENT_BYTES};
	struct turn_config_rate *rate = &turn->config->rate;
	uint64_t hz = rte_get_tsc_hz();

	if (tsc != 0 && tsc - rate->tsc >= hz / 2) {
		double seconds = (double)(tsc - rate->tsc) / (double)hz;

		for (int i = 0; i < 2; i++) {
			uint64_t bytes = turn_counter_sum(turn, counters[i]);

			rate->bps[i] = rate->tsc == 0
			                       ? 0
			                       : (uint64_t)((double)(bytes - rate->bytes[i]) * 8 /
			                                    seconds);
			rate->bytes[i] = bytes;
		}
		rate->tsc = tsc;
	}
	rate_judge(turn);
}

/* -- who serves instead -- */

int turn_alternates_set(struct turn *turn, const struct sluice_turn_alternates *alternates,
                        char *why)
{
	const struct turn_alternates before = turn->config->alternates;
	struct turn_alternates read;
	int error = turn_alternates_read(alternates, &read, why);

	if (error < 0)
		return error;
	if (memcmp(&read, &turn->config->alternates, sizeof(read)) == 0)
		return 0;
	turn->config->alternates = read;
	error = turn_policy_publish(turn);
	if (error < 0)
		turn->config->alternates = before;
	return error;
}

/* -- a whole configuration has been replayed -- */

void turn_config_sweep(struct turn *turn)
{
	struct turn_config *config = turn->config;
	uint32_t generation = turn->dp->config_generation;

	if (config->lifetime_generation != generation)
		config->lifetime.max_s = LIFETIME_MAX_DEFAULT_S;
	if (config->mobility_generation != generation)
		config->mobility.on = 0;
	if (config->algorithms_generation != generation)
		config->algorithms.always = 0;
	for (uint32_t i = 0; i < TURN_REALMS_MAX; i++)
		if (config->realms[i].quota_generation != generation)
			config->realms[i].quota = (struct sluice_turn_quota){0};
	if (config->realms[0].generation != generation)
		memset(config->realms[0].name, 0, sizeof(config->realms[0].name));
	turn_discoveries_sweep(turn);
	turn_secrets_sweep(turn);
	turn_peers_sweep(turn);
	turn_users_sweep(turn);
	turn_services_sweep(turn);
	turn_realms_sweep(turn);
	turn_policy_publish(turn);
}
