/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Rules 5 and 6: requests that have not proved their source, within limits and in an attack. */
#ifndef GATE_UNVERIFIED_H
#define GATE_UNVERIFIED_H

#include "gate_limit.h"
#include "gate_message.h"
#include "gate_rules_env.h"

/* A source that is over its limit: no answer, and nothing else learns of it. */
GATE_INLINE enum gate_verdict gate_drop_source(const struct gate_env *env,
                                               const struct gate_packet *packet, __u64 hash,
                                               __u64 now)
{
	struct gate_top *top = gate_env_top_source(env, hash);
	/* of IPv6 the /64 */
	const __u64 ip[2] = {packet->src[0], gate_is_v4(packet->src) ? packet->src[1] : 0};

	if (top)
		gate_top_add(top, ip, now);
	return GATE_DROP_LIMIT_SOURCE;
}

/* Whose limits an arrival is held against. */
struct gate_guards {
	__u64 *source;
	struct gate_guard *prefix, *host;
	__u64 network[2];
	__u64 prefix_hash, source_hash;
	__u32 arrivals; /* of the request, that pay for its answer */
};

/*
 * Bytes of the longest answer to an unverified request. What follows its integrity was not read: it
 * may be a FINGERPRINT.
 */
GATE_INLINE __u32 gate_answer(const struct gate_config *config, const struct gate_packet *packet,
                              __u32 method, __u32 request)
{
	__u32 size = config->challenge;

	if (method == GATE_STUN_BINDING) {
		size = gate_is_v4(packet->src) ? GATE_BINDING_IP4 : GATE_BINDING_IP6;
		if (config->flags & GATE_FLAG_DISCOVERY)
			size += gate_is_v4(packet->src) ? GATE_DISCOVERY_IP4 : GATE_DISCOVERY_IP6;
	} else if (request & (GATE_REQUEST_ALGORITHMS | GATE_REQUEST_CUT)) {
		size += GATE_ALGORITHMS_SIZE;
	}
	if (request & (GATE_REQUEST_PRINT | GATE_REQUEST_INTEGRITY | GATE_REQUEST_CUT))
		size += GATE_PRINT_SIZE;
	return size;
}

/*
 * The limits of a prefix and of the host are in answers that two requests pay for: a longer one
 * costs more.
 */
GATE_INLINE int gate_prefix_refuses(const struct gate_env *env, const struct gate_config *config,
                                    const struct gate_guards *guards, __u64 now)
{
	if (gate_take_more(&guards->prefix->due, &config->prefix, now, guards->arrivals - 1))
		return 0;
	if (gate_begins_attack(guards->prefix, config->hold, now))
		gate_env_count(env, GATE_EVENT_PREFIX_ATTACKED);
	return 1;
}

GATE_INLINE int gate_host_refuses(const struct gate_env *env, const struct gate_config *config,
                                  const struct gate_guards *guards, __u64 now)
{
	if (gate_take_more(&guards->host->due, &config->host, now, guards->arrivals - 1))
		return 0;
	if (gate_begins_attack(guards->host, config->hold, now))
		gate_env_count(env, GATE_EVENT_HOST_ATTACKED);
	return 1;
}

/* Which guard is under attack: 0, or the verdict of a first arrival. */
GATE_INLINE enum gate_verdict gate_attack(const struct gate_env *env,
                                          const struct gate_config *config,
                                          const struct gate_guards *guards, __u64 now)
{
	int host = gate_is_attacked(guards->host, &config->host, config->hold, now);
	int prefix = gate_is_attacked(guards->prefix, &config->prefix, config->hold, now);

	if (prefix)
		return GATE_DROP_FIRST_PREFIX;
	if (gate_ends_attack(guards->prefix, now))
		gate_env_count(env, GATE_EVENT_PREFIX_CALM);
	if (host)
		return GATE_DROP_FIRST_HOST;
	if (gate_ends_attack(guards->host, now))
		gate_env_count(env, GATE_EVENT_HOST_CALM);
	return 0;
}

GATE_INLINE enum gate_verdict gate_drop_prefix(const struct gate_env *env,
                                               const struct gate_guards *guards, __u64 now,
                                               enum gate_verdict verdict)
{
	struct gate_top *top = gate_env_top_prefix(env, guards->prefix_hash);

	if (top)
		gate_top_add(top, guards->network, now);
	return verdict;
}

/* Rule 6. Tokens are for what passes: an attack's first arrivals leave them to those who come back.
 * Second arrivals cost the host's bucket nothing, or they could be kept out. */
GATE_INLINE enum gate_verdict gate_attacked(const struct gate_env *env,
                                            const struct gate_config *config,
                                            const struct gate_packet *packet,
                                            const struct gate_guards *guards, __u64 *seen,
                                            __u64 place, enum gate_verdict first, __u64 now)
{
	if (!place)
		return gate_drop_prefix(env, guards, now, first);
	if (!gate_take(guards->source, &config->source, now))
		return gate_drop_source(env, packet, guards->source_hash, now);
	if (gate_prefix_refuses(env, config, guards, now))
		return gate_drop_prefix(env, guards, now, GATE_DROP_LIMIT_PREFIX);
	gate_seen_forget(seen, place);
	return GATE_PASS_SECOND;
}

/* Rule 5: 0, or the verdict if this is the one too many. */
GATE_INLINE enum gate_verdict gate_calm(const struct gate_env *env,
                                        const struct gate_config *config,
                                        const struct gate_packet *packet,
                                        const struct gate_guards *guards, __u64 now)
{
	if (!gate_take(guards->source, &config->source, now))
		return gate_drop_source(env, packet, guards->source_hash, now);
	if (gate_prefix_refuses(env, config, guards, now))
		return GATE_DROP_FIRST_PREFIX;
	return gate_host_refuses(env, config, guards, now) ? GATE_DROP_FIRST_HOST
	                                                   : GATE_PASS_UNVERIFIED;
}

/* Rules 5 and 6. */
GATE_INLINE enum gate_verdict gate_unverified(const struct gate_env *env,
                                              const struct gate_config *config,
                                              const struct gate_packet *packet, const __u8 *stun,
                                              __u32 answer, __u64 now)
{
	struct gate_guards guards = {0};
	enum gate_verdict first, verdict = 0;
	__u64 hash, place, *seen;

	gate_prefix_of(packet->src, guards.network);
	guards.prefix_hash = gate_prefix_hash(&config->hash, guards.network);
	guards.arrivals = gate_arrivals(packet, answer);
	guards.source_hash = gate_source_hash(&config->hash, guards.prefix_hash, packet->src);
	guards.source = gate_env_source(env, guards.source_hash);
	guards.prefix = gate_env_prefix(env, guards.prefix_hash);
	guards.host = gate_env_host(env);
	if (!guards.source || !guards.prefix || !guards.host)
		return GATE_PASS_UNVERIFIED;
	first = gate_attack(env, config, &guards, now);
	if (!first) {
		verdict = gate_calm(env, config, packet, &guards, now);
		if (verdict != GATE_DROP_FIRST_PREFIX && verdict != GATE_DROP_FIRST_HOST)
			return verdict;
	}
	hash = gate_request_hash(&config->hash, guards.source_hash, packet, stun);
	seen = gate_env_seen(env, hash);
	if (!seen)
		return GATE_PASS_UNVERIFIED;
	place = gate_seen_find(seen, hash, guards.arrivals);
	if (!first) /* the attack has begun with this very packet */
		return gate_drop_prefix(env, &guards, now, verdict);
	return gate_attacked(env, config, packet, &guards, seen, place, first, now);
}

#endif
