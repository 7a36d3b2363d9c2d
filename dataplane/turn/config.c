/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/config.h"

#include "common/log.h"
#include "common/refuse.h"
#include "dataplane.h"
#include "ledger/ledger.h"
#include "turn/config_services.h"
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

static struct turn_policy *policy_build(const struct turn *turn)
{
	const struct turn_config *config = turn->config;
	struct turn_policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL)
		return NULL;
	policy->peers = peer_rules_create(config->peers, config->n_peers);
	if (policy->peers == NULL) {
		free(policy);
		return NULL;
	}
	memcpy(policy->realm, config->realm, sizeof(policy->realm));
	policy->realm_length = strlen(config->realm);
	policy->n_secrets = config->n_secrets;
	for (uint32_t i = 0; i < config->n_secrets; i++) {
		policy->secrets[i] = config->secrets[i].key;
		policy->secret_ids[i] = config->secrets[i].id;
	}
	policy->lifetime_max = config->lifetime.max_s;
	policy->quota_user = config->quota.user;
	policy->quota_host = config->quota.host;
	if (config->quota.max_bps != 0)
		policy->ticks_per_byte_shift20 =
		        ((rte_get_tsc_hz() * 8) << 20) / config->quota.max_bps;
	policy->alternates = config->alternates;
	policy->nonce_keys = config->nonce_keys;
	policy->unix_start = config->unix_start;
	policy->users = config->users;
	policy_relays(policy, turn);
	return policy;
}

static void policy_free(struct turn_policy *policy)
{
	if (policy == NULL)
		return;
	peer_rules_free((struct peer_rules *)policy->peers);
	OPENSSL_cleanse(policy, sizeof(*policy));
	free(policy);
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

/* The nonces of the dataplane before stay valid, and its users are known by the same hashes. */
static void keys_take(struct turn *turn, const struct sluice_ledger_keys *keys)
{
	struct turn_config *config = turn->config;

	memcpy(&config->name_key, keys->users, sizeof(config->name_key));
	memcpy(&turn->seed, keys->tables, sizeof(turn->seed));
	memcpy(config->nonce_keys.keys, keys->nonces, sizeof(config->nonce_keys.keys));
	config->nonce_keys.since = keys->nonces_since;
	config->nonce_keys.lifetime_s = keys->nonces_lifetime_s;
	config->nonce_rotated = keys->nonces_rotated;
	config->nonce_given = keys->nonces_given != 0;
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
	config->users = users_create(&config->name_key, 0);
	if (config->users == NULL)
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
	users_free_all(config->users);
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

int turn_quota_set(struct turn *turn, const struct sluice_turn_quota *quota, char *why)
{
	struct turn_config *config = turn->config;
	const struct sluice_turn_quota before = config->quota;
	int error;

	if (quota->max_bps != 0 &&
	    (quota->max_bps < MAX_BPS_LEAST || quota->max_bps > MAX_BPS_MOST))
		return refuse(why, -EINVAL, "quota max-bps %llu is not 0 or between %llu and %llu",
		              (unsigned long long)quota->max_bps, MAX_BPS_LEAST, MAX_BPS_MOST);
	config->quota_generation = turn->dp->config_generation;
	if (memcmp(&config->quota, quota, sizeof(*quota)) == 0)
		return 0;
	config->quota = *quota;
	error = turn_policy_publish(turn);
	if (error < 0)
		config->quota = before;
	return error;
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
	if (config->quota_generation != generation)
		config->quota = (struct sluice_turn_quota){0};
	if (config->realm_generation != generation)
		memset(config->realm, 0, sizeof(config->realm));
	turn_secrets_sweep(turn);
	turn_peers_sweep(turn);
	turn_users_sweep(turn);
	turn_services_sweep(turn);
	turn_policy_publish(turn);
}
