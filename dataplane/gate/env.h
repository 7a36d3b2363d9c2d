/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate's rules (bpf/gate_rules.h) over plain arrays: the twin of the XDP program, for ports
 * whose packets never pass it. Workers share the arrays without a lock, as CPUs share the maps.
 */
#ifndef GATE_ENV_H
#define GATE_ENV_H

#include "net/ranges.h"
#include "net/service.h"

#include <gate_rules.h>

struct gate_tables {
	struct gate_guard host;
	uint64_t sources[GATE_SOURCES];
	uint64_t verified[GATE_SOURCES];
	struct gate_guard prefixes[GATE_PREFIXES];
	struct gate_top top_sources[GATE_TOPS];
	struct gate_top top_prefixes[GATE_TOPS];
	uint64_t fragments[GATE_FRAGMENTS];
};

struct gate_env {
	const struct gate_config *config;
	const struct ranges *deny, *trust;
	const struct gate_ufrags *ufrags; /* NULL: there are no sessions */
	const struct services *services;  /* for whole frames; a node has asked already */
	struct gate_tables *tables;
	struct gate_clients *clients; /* NULL: none are known */
	uint64_t *seen;               /* config->seen_mask + 1 of them */
	uint64_t *counters;           /* GATE_COUNTERS of them */
	uint64_t now;
	const uint8_t *frame, *end;
};

static inline __u64 gate_env_now(const struct gate_env *env)
{
	return env->now;
}

/* A frame lies in one piece. */
static inline __u32 gate_env_length(const struct gate_env *env, const uint8_t *start,
                                    const uint8_t *end)
{
	return end - start;
}

static inline const struct gate_config *gate_env_config(const struct gate_env *env)
{
	return env->config;
}

static inline struct ip_addr gate_env_ip(const __u64 ip[2])
{
	return (struct ip_addr){.quads = {ip[0], ip[1]}};
}

/* shared: sessions are served there, too. */
static inline enum gate_service gate_service_of(uint16_t kind, bool shared)
{
	switch (kind) {
	case SERVICE_TURN:
		return shared ? GATE_SERVICE_BOTH : GATE_SERVICE_TURN;
	case SERVICE_RELAY:
		return GATE_SERVICE_RELAY;
	case SERVICE_SESSION:
		return GATE_SERVICE_SESSION;
	default:
		return GATE_SERVICE_OTHER;
	}
}

static inline enum gate_service gate_env_service(const struct gate_env *env, const __u64 ip[2],
                                                 __u16 port)
{
	const struct ip_addr addr = gate_env_ip(ip);
	const struct service *service = service_find(env->services, &addr, port);

	if (service == NULL)
		return GATE_SERVICE_NONE;
	return gate_service_of(service->kind, service->session != 0);
}

static inline int gate_env_is_ours(const struct gate_env *env, const __u64 ip[2])
{
	const struct ip_addr addr = gate_env_ip(ip);

	return service_has_ip(env->services, &addr);
}

static inline int gate_env_is_denied(const struct gate_env *env, const __u64 ip[2])
{
	const struct ip_addr addr = gate_env_ip(ip);

	return ranges_find(env->deny, &addr) != RANGE_NONE;
}

static inline int gate_env_is_trusted(const struct gate_env *env, const __u64 ip[2])
{
	const struct ip_addr addr = gate_env_ip(ip);

	return ranges_find(env->trust, &addr) != RANGE_NONE;
}

static inline __u64 *gate_env_source(const struct gate_env *env, __u64 hash)
{
	return (__u64 *)&env->tables->sources[hash & (GATE_SOURCES - 1)];
}

static inline __u64 *gate_env_verified(const struct gate_env *env, __u64 hash)
{
	return (__u64 *)&env->tables->verified[hash & (GATE_SOURCES - 1)];
}

static inline struct gate_guard *gate_env_prefix(const struct gate_env *env, __u64 hash)
{
	return &env->tables->prefixes[hash & (GATE_PREFIXES - 1)];
}

static inline struct gate_guard *gate_env_host(const struct gate_env *env)
{
	return &env->tables->host;
}

static inline __u64 *gate_env_seen(const struct gate_env *env, __u64 hash)
{
	return (__u64 *)&env->seen[hash & env->config->seen_mask];
}

static inline struct gate_top *gate_env_top_source(const struct gate_env *env, __u64 hash)
{
	return &env->tables->top_sources[hash >> 32 & (GATE_TOPS - 1)];
}

static inline struct gate_top *gate_env_top_prefix(const struct gate_env *env, __u64 hash)
{
	return &env->tables->top_prefixes[hash >> 32 & (GATE_TOPS - 1)];
}

static inline __u64 *gate_env_fragment(const struct gate_env *env, __u64 hash)
{
	return (__u64 *)&env->tables->fragments[hash >> 32 & (GATE_FRAGMENTS - 1)];
}

static inline struct gate_clients *gate_env_clients(const struct gate_env *env, __u32 index)
{
	return env->clients != NULL ? &env->clients[index] : NULL;
}

static inline void gate_env_count(const struct gate_env *env, __u32 counter)
{
	env->counters[counter]++;
}

static inline __u32 gate_env_attributes(const struct gate_env *env,
                                        const struct gate_packet *packet, struct gate_bytes stun)
{
	return gate_attributes(stun, packet->length);
}

static inline __u32 gate_env_username(const struct gate_env *env, const struct gate_packet *packet,
                                      struct gate_bytes stun)
{
	return gate_username(stun, packet->length);
}

static inline int gate_env_check_ufrag(const struct gate_env *env, const struct gate_packet *packet,
                                       struct gate_bytes stun, __u32 at)
{
	return gate_check_ufrag(env->ufrags, stun, at);
}

static inline enum nonce_verdict gate_env_check_nonce(const struct gate_env *env,
                                                      const struct gate_packet *packet,
                                                      struct gate_bytes stun, __u32 at, __u64 now)
{
	return gate_check_nonce(env->config, packet, stun, at, now);
}

static inline enum gate_verdict gate_env_first(const struct gate_env *env,
                                               const struct gate_packet *packet,
                                               enum gate_service service)
{
	return gate_first(env, packet, (struct gate_bytes){env->frame + packet->offset, env->end},
	                  service);
}

static inline enum gate_verdict gate_env_judge(const struct gate_env *env,
                                               const struct gate_packet *packet,
                                               enum gate_service service)
{
	return gate_judge(env, packet, (struct gate_bytes){env->frame + packet->offset, env->end},
	                  service);
}

#endif
