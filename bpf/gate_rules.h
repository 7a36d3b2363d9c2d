/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The rules: a packet in, its verdict out. XDP and the workers compile this same text; what lies in
 * maps for the one and in arrays for the other is reached through the functions gate_env_*, which
 * the including file defines.
 *
 * The adversary forges source addresses: it wants our answers to reach a victim, or new clients to
 * get none. So a request that cannot succeed is not answered, unverified requests are answered at a
 * bounded rate for each address, and under attack only when they are retransmitted.
 */
#ifndef GATE_RULES_H
#define GATE_RULES_H

#include "gate_client.h"
#include "gate_limit.h"
#include "gate_message.h"
#include "gate_rules_env.h"
#include "gate_unverified.h"
#include "gate_verdict.h"
#include "nonce.h"

#define GATE_PORT_PRIVILEGED 1024
#define GATE_NSEC_PER_SEC    1000000000ull

/*
 * Whole seconds. Not by a division, which BPF has no cheaper form of: the product falls short by
 * less than two seconds until the year 2089, which the rest tells.
 */
GATE_INLINE __u64 gate_seconds(__u64 ns)
{
	__u64 seconds = (ns >> 24) * 72057594 >> 32; /* 2^56 / 10^9 */
	__u64 rest = ns - seconds * GATE_NSEC_PER_SEC;

	return seconds + (rest >= GATE_NSEC_PER_SEC) + (rest >= 2 * GATE_NSEC_PER_SEC);
}

/* at: as gate_username() found it. */
GATE_INLINE int gate_check_ufrag(const struct gate_ufrags *ufrags, struct gate_bytes stun, __u32 at)
{
	const __u8 *text = stun.at + at;
	struct ufrag ufrag;

	if (!ufrags || !ufrags->live || at > GATE_ATTRS_END_MAX + GATE_ATTR_HEADER ||
	    text + UFRAG_SIZE > stun.end)
		return 0;
	ufrag = ufrag_read(text, &ufrags->key);
	return ufrag.ours;
}

/* found: GATE_REQUEST_NONCE and GATE_REQUEST_COOKIE, as gate_attributes() found them. */
GATE_INLINE enum nonce_verdict gate_check_nonce(const struct gate_config *config,
                                                const struct gate_packet *packet,
                                                struct gate_bytes stun, __u32 found, __u64 now)
{
	const struct nonce_client client = {{packet->src[0], packet->src[1]}, packet->src_port};
	__u32 current = config->nonce_current;
	__u32 at = found & GATE_REQUEST_NONCE, features = 0;
	const __u8 *text;
	struct nonce nonce;

	if (at == 0 || at > GATE_ATTRS_END_MAX + GATE_ATTR_HEADER)
		return NONCE_FORGED;
	text = stun.at + at;
	if (found & GATE_REQUEST_COOKIE) {
		if (text + NONCE_COOKIE_SIZE + NONCE_SIZE > stun.end)
			return NONCE_FORGED;
		features = nonce_cookie_read(text);
		if (!features)
			return NONCE_FORGED;
		text += NONCE_COOKIE_SIZE;
	}
	if (text + NONCE_SIZE > stun.end)
		return NONCE_FORGED;
	nonce = nonce_read(text, features);
	if (!nonce_is_ours(&nonce, &config->nonce[current & (GATE_NONCE_KEYS - 1)],
	                   &config->nonce[(current - 1) & (GATE_NONCE_KEYS - 1)], &client))
		return NONCE_FORGED;
	return nonce_judge_age(nonce_age(&nonce, gate_seconds(now + config->unix_offset)),
	                       config->nonce_lifetime_s);
}

/*
 * Rule 4: 0, or the verdict of a signed request with a nonce that was made for its source. It has
 * to be as long as any error that answers it, as one that names the realm always is; and a client
 * that has got hold of another's nonce, or shares its address, is still held to a limit.
 */
GATE_INLINE enum gate_verdict gate_verified(const struct gate_env *env,
                                            const struct gate_config *config,
                                            const struct gate_packet *packet,
                                            struct gate_bytes stun, __u32 request, __u32 answer,
                                            __u64 now)
{
	enum gate_verdict verdict;
	__u64 *bucket;

	if (!(request & GATE_REQUEST_INTEGRITY) || !(request & GATE_REQUEST_NONCE) ||
	    packet->length < answer)
		return 0;
	switch (gate_env_check_nonce(env, packet, stun,
	                             request & (GATE_REQUEST_NONCE | GATE_REQUEST_COOKIE), now)) {
	case NONCE_VALID:
		verdict = GATE_PASS_VERIFIED;
		break;
	case NONCE_STALE:
		verdict = GATE_PASS_STALE;
		break;
	default:
		return 0;
	}
	bucket = gate_env_verified(env, gate_verified_hash(&config->hash, packet->src));
	if (!bucket || gate_take(bucket, &config->verified, now))
		return verdict;
	if ((config->flags & GATE_FLAG_TRUST) && gate_env_is_trusted(env, packet->src))
		return GATE_PASS_TRUSTED;
	return GATE_DROP_LIMIT_VERIFIED;
}

/* A Binding of a client that has an allocation, within a limit of its own. */
GATE_INLINE int gate_is_clients(const struct gate_env *env, const struct gate_packet *packet,
                                __u64 now)
{
	const struct gate_clients *first = gate_env_clients(env, 0);
	struct gate_clients *entry;
	__u64 hash;

	if (!first || !first->words[GATE_CLIENT_ENTRIES])
		return 0;
	hash = gate_client_hash(first, packet->src, packet->src_port);
	entry = gate_env_clients(env, gate_client_entry(hash, first->words[GATE_CLIENT_ENTRIES]));
	return entry && gate_client_take(entry, gate_client_tag(hash), now >> GATE_CLIENT_UNIT);
}

/* Rules 3 to 6: a request whose method is served. */
GATE_INLINE enum gate_verdict gate_request(const struct gate_env *env,
                                           const struct gate_config *config,
                                           const struct gate_packet *packet, struct gate_bytes stun,
                                           __u32 method)
{
	__u32 request = 0, answer;
	__u64 now = gate_env_now(env);

	/* A Binding may prove itself, as those do by which nodes probe each other. */
	if (method != GATE_STUN_BINDING || packet->length > GATE_STUN_HEADER) {
		enum gate_verdict verdict;

		request = gate_env_attributes(env, packet, stun);
		if (!(request & (GATE_REQUEST_INTEGRITY | GATE_REQUEST_CUT)) &&
		    (method == GATE_STUN_REFRESH || method == GATE_STUN_PERMISSION ||
		     method == GATE_STUN_CHANNEL))
			return GATE_DROP_NO_INTEGRITY;
		answer = gate_answer(config, packet, method, request);
		verdict = gate_verified(env, config, packet, stun, request, answer, now);
		if (verdict)
			return verdict;
		/* RFC 8656, 7.2: a client that has proved its address is told its mistake, others
		 * are not. */
		if (method == GATE_STUN_ALLOCATE &&
		    !(request & (GATE_REQUEST_TRANSPORT | GATE_REQUEST_CUT)))
			return GATE_DROP_NO_TRANSPORT;
	}
	if ((config->flags & GATE_FLAG_TRUST) && gate_env_is_trusted(env, packet->src))
		return GATE_PASS_TRUSTED;
	if (method == GATE_STUN_BINDING && gate_is_clients(env, packet, now))
		return GATE_PASS_CLIENT;
	answer = gate_answer(config, packet, method, request);
	return gate_unverified(env, config, packet, stun.at, answer, now);
}

/*
 * Rule 7: 0, or the verdict of a connectivity check of a session. What has no ufrag of ours gets no
 * answer from anybody: no limit is needed, and none could starve a session.
 */
GATE_INLINE enum gate_verdict gate_check(const struct gate_env *env,
                                         const struct gate_packet *packet, struct gate_bytes stun)
{
	__u32 at = gate_env_username(env, packet, stun);

	if (at == 0)
		return 0;
	return gate_env_check_ufrag(env, packet, stun, at) ? GATE_PASS_CHECK : GATE_DROP_CHECK;
}

/* Rule 2: what STUN at a listener must be. */
GATE_INLINE enum gate_verdict gate_stun(const struct gate_env *env,
                                        const struct gate_config *config,
                                        const struct gate_packet *packet, struct gate_bytes bytes,
                                        enum gate_service service)
{
	const __u8 *stun = bytes.at;
	__u32 type, method;

	if (packet->length < GATE_STUN_HEADER || stun + GATE_STUN_HEADER > bytes.end ||
	    (packet->length & 3) != 0 ||
	    gate_host16(gate_load16(stun + 2)) + GATE_STUN_HEADER != packet->length)
		return GATE_DROP_STUN_LENGTH;
	if (gate_load32(stun + 4) != GATE_STUN_COOKIE)
		return GATE_DROP_STUN_COOKIE;
	type = gate_host16(gate_load16(stun));
	if (type & GATE_STUN_RESPONSE)
		return GATE_DROP_STUN_RESPONSE;
	if (packet->src_port == 0)
		return GATE_DROP_PORT_ZERO;
	if ((config->flags & GATE_FLAG_PRIVILEGED) &&
	    gate_host16(packet->src_port) < GATE_PORT_PRIVILEGED)
		return GATE_DROP_PORT_PRIVILEGED;
	if (service != GATE_SERVICE_TURN && type == GATE_STUN_BINDING) {
		enum gate_verdict verdict = gate_check(env, packet, bytes);

		if (verdict)
			return verdict;
	}
	if (service == GATE_SERVICE_SESSION)
		return GATE_DROP_CHECK;
	/* All methods that are served lie below 16: their bits are type's own. */
	method = type & ~(__u32)GATE_STUN_CLASS;
	if (type & GATE_STUN_INDICATION)
		return method == GATE_STUN_SEND || method == GATE_STUN_BINDING
		               ? GATE_PASS_INDICATION
		               : GATE_DROP_STUN_METHOD;
	if (method != GATE_STUN_BINDING && method != GATE_STUN_ALLOCATE &&
	    method != GATE_STUN_REFRESH && method != GATE_STUN_PERMISSION &&
	    method != GATE_STUN_CHANNEL)
		return GATE_DROP_STUN_METHOD;
	return gate_request(env, config, packet, bytes, method);
}

/*
 * What is for a service of ours, behind rule 1. The first byte tells (RFC 7983, 7); channels up to
 * 0x7fff are those of RFC 5766, which clients still use.
 */
GATE_INLINE enum gate_verdict gate_judge(const struct gate_env *env,
                                         const struct gate_packet *packet,
                                         struct gate_bytes payload, enum gate_service service)
{
	const struct gate_config *config = gate_env_config(env);

	if (!config || config->mode < GATE_MODE_OBSERVE)
		return GATE_PASS_UNGUARDED;
	if ((config->flags & GATE_FLAG_DENY) && gate_env_is_denied(env, packet->src))
		return GATE_DROP_DENIED;
	if (service == GATE_SERVICE_RELAY)
		return GATE_PASS_RELAY;
	if (service == GATE_SERVICE_OTHER)
		return GATE_PASS_SERVICE;
	if (packet->length == 0 || payload.at + 1 > payload.end)
		return GATE_DROP_CLASS;
	if ((payload.at[0] & 0xc0) == 0x40)
		return service != GATE_SERVICE_SESSION ? GATE_PASS_CHANNEL_DATA : GATE_DROP_CLASS;
	/* the worker knows whose paths DTLS and SRTP may come by */
	if (service != GATE_SERVICE_TURN &&
	    ((payload.at[0] & 0xc0) == 0x80 || (payload.at[0] >= 20 && payload.at[0] < 64)))
		return GATE_PASS_SESSION;
	if (payload.at[0] > 3)
		return GATE_DROP_CLASS;
	return gate_stun(env, config, packet, payload, service);
}

/*
 * A first fragment for a service of ours. What nobody could answer passes, and takes the others of
 * its datagram with it; a request comes in one piece.
 */
GATE_INLINE enum gate_verdict gate_first(const struct gate_env *env,
                                         const struct gate_packet *packet,
                                         struct gate_bytes payload, enum gate_service service)
{
	const struct gate_config *config = gate_env_config(env);
	enum gate_verdict verdict = GATE_PASS_FRAGMENT;
	__u64 hash, *entry;

	if (!config || config->mode < GATE_MODE_OBSERVE)
		verdict = GATE_PASS_UNGUARDED;
	else if ((config->flags & GATE_FLAG_DENY) && gate_env_is_denied(env, packet->src))
		verdict = GATE_DROP_DENIED;
	else if ((service == GATE_SERVICE_TURN || service == GATE_SERVICE_BOTH) &&
	         (payload.at + 2 > payload.end ||
	          ((payload.at[0] & 0xc0) != 0x40 &&
	           gate_host16(gate_load16(payload.at)) !=
	                   (GATE_STUN_SEND | GATE_STUN_INDICATION))))
		return GATE_DROP_UNPARSED;
	else if (service == GATE_SERVICE_OTHER || service == GATE_SERVICE_SESSION)
		return GATE_DROP_UNPARSED;
	/* where the rules observe, a denied source's fragments go on as well */
	if (!config || (verdict == GATE_DROP_DENIED && config->mode == GATE_MODE_ENFORCE))
		return verdict;
	hash = gate_fragment_hash(&config->hash, packet);
	entry = gate_env_fragment(env, hash);
	if (entry)
		*entry = gate_fragment_entry(hash, gate_env_now(env));
	return verdict;
}

/* Where its first went. */
GATE_INLINE enum gate_verdict gate_later(const struct gate_env *env,
                                         const struct gate_packet *packet)
{
	const struct gate_config *config = gate_env_config(env);
	__u64 hash, *entry;

	if (!config || !gate_env_is_ours(env, packet->dst))
		return GATE_PASS_KERNEL;
	hash = gate_fragment_hash(&config->hash, packet);
	entry = gate_env_fragment(env, hash);
	if (!entry || !gate_fragment_is(*(volatile __u64 *)entry, hash, gate_env_now(env)))
		return GATE_PASS_KERNEL;
	return config->mode >= GATE_MODE_OBSERVE ? GATE_PASS_FRAGMENT : GATE_PASS_UNGUARDED;
}

/* A frame: rule 1, and the others for what is ours. */
GATE_INLINE enum gate_verdict gate_frame(const struct gate_env *env, const __u8 *start,
                                         const __u8 *end)
{
	const struct gate_config *config = gate_env_config(env);
	struct gate_packet packet = {0};
	enum gate_parsed parsed = gate_parse(&packet, start, end);
	int guarded = config && config->mode >= GATE_MODE_OBSERVE;
	enum gate_service service;

	if (parsed == GATE_PARSED_OTHER)
		return GATE_PASS_KERNEL;
	if (parsed == GATE_PARSED_LATER)
		return gate_later(env, &packet);
	if (parsed == GATE_PARSED_ODD) {
		if (!gate_env_is_ours(env, packet.dst))
			return GATE_PASS_KERNEL;
		return guarded ? GATE_DROP_UNPARSED : GATE_PASS_UNGUARDED;
	}
	service = gate_env_service(env, packet.dst, packet.dst_port);
	if (service == GATE_SERVICE_NONE)
		return GATE_PASS_KERNEL;
	if (parsed == GATE_PARSED_ICMP) {
		if (service == GATE_SERVICE_OTHER)
			return GATE_PASS_KERNEL;
		return guarded ? GATE_PASS_ICMP : GATE_PASS_UNGUARDED;
	}
	if (parsed == GATE_PARSED_FIRST)
		return gate_env_first(env, &packet, service);
	if (parsed == GATE_PARSED_PART)
		return guarded ? GATE_DROP_UNPARSED : GATE_PASS_UNGUARDED;
	if (parsed == GATE_PARSED_SOURCE)
		return guarded ? GATE_DROP_SOURCE : GATE_PASS_UNGUARDED;
	/* the driver has the rest of a large frame elsewhere: what is there is judged */
	if (parsed == GATE_PARSED_BEYOND &&
	    (__u32)packet.offset + packet.length > gate_env_length(env, start, end))
		parsed = GATE_PARSED_LENGTH;
	if (parsed == GATE_PARSED_LENGTH)
		return guarded ? GATE_DROP_UDP_LENGTH : GATE_PASS_UNGUARDED;
	return gate_env_judge(env, &packet, service);
}

/* Counts the verdict; true where the packet is to be dropped. */
GATE_INLINE int gate_conclude(const struct gate_env *env, enum gate_verdict verdict)
{
	const struct gate_config *config = gate_env_config(env);

	gate_env_count(env, verdict);
	if (verdict < GATE_DROP_FIRST)
		return 0;
	if (config && config->mode == GATE_MODE_ENFORCE)
		return 1;
	gate_env_count(env, GATE_EVENT_OBSERVED);
	return 0;
}

#endif
