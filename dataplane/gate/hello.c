/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/hello.h"

#include "common/clock.h"
#include "dataplane.h"
#include "gate/gate.h"

#include <rte_cycles.h>

/* Buckets are common to all: their clock is. */
static uint64_t clock_now(const struct dataplane *dp)
{
	uint64_t ticks = rte_rdtsc() - dp->tsc_start;

	return (uint64_t)((unsigned __int128)ticks * NSEC_PER_SEC / rte_get_tsc_hz());
}

static enum gate_verdict hello_judge(const struct gate_env *env, const struct gate_packet *packet,
                                     const uint8_t *identity, uint32_t answer)
{
	const struct gate_config *config = env->config;
	/* where a STUN header would begin whose transaction this is */
	const uint8_t *request = identity - 8;

	if (config->mode < GATE_MODE_OBSERVE)
		return GATE_PASS_UNGUARDED;
	if ((config->flags & GATE_FLAG_DENY) && gate_env_is_denied(env, packet->src))
		return GATE_DROP_DENIED;
	if (packet->src_port == 0)
		return GATE_DROP_PORT_ZERO;
	if ((config->flags & GATE_FLAG_PRIVILEGED) &&
	    gate_host16(packet->src_port) < GATE_PORT_PRIVILEGED)
		return GATE_DROP_PORT_PRIVILEGED;
	if ((config->flags & GATE_FLAG_TRUST) && gate_env_is_trusted(env, packet->src))
		return GATE_PASS_TRUSTED;
	return gate_unverified(env, config, packet, request, answer, env->now);
}

bool gate_hello_drops(struct gate *gate, const struct gate_rules *rules,
                      const struct gate_packet *packet, const uint8_t identity[12], uint32_t answer,
                      uint64_t *counters)
{
	const struct gate_env env = {
	        .config = &rules->config,
	        .deny = rules->deny,
	        .trust = rules->trust,
	        .tables = gate->tables,
	        .seen = gate->seen,
	        .counters = counters,
	        .now = clock_now(gate->dp),
	};

	return gate_conclude(&env, hello_judge(&env, packet, identity, answer));
}
