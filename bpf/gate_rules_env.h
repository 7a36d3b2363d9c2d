/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What the rules read and write lies in maps for XDP and in arrays for the workers: it is reached
 * through these functions, which the file that includes gate_rules.h defines.
 */
#ifndef GATE_RULES_ENV_H
#define GATE_RULES_ENV_H

#include "gate_maps.h"
#include "gate_packet.h"
#include "gate_verdict.h"
#include "nonce.h"
#include "ufrag.h"

struct gate_env;

static inline __u64 gate_env_now(const struct gate_env *env);
static inline const struct gate_config *gate_env_config(const struct gate_env *env);
static inline __u32 gate_env_length(const struct gate_env *env, const __u8 *start, const __u8 *end);
static inline enum gate_service gate_env_service(const struct gate_env *env, const __u64 ip[2],
                                                 __u16 port);
static inline int gate_env_is_ours(const struct gate_env *env, const __u64 ip[2]);
static inline int gate_env_is_denied(const struct gate_env *env, const __u64 ip[2]);
static inline int gate_env_is_trusted(const struct gate_env *env, const __u64 ip[2]);
/* Entries of the tables, by a hash; NULL only where there is no such table. */
static inline __u64 *gate_env_source(const struct gate_env *env, __u64 hash);
static inline __u64 *gate_env_verified(const struct gate_env *env, __u64 hash);
static inline struct gate_guard *gate_env_prefix(const struct gate_env *env, __u64 hash);
static inline struct gate_guard *gate_env_host(const struct gate_env *env);
static inline __u64 *gate_env_seen(const struct gate_env *env, __u64 hash);
static inline struct gate_top *gate_env_top_source(const struct gate_env *env, __u64 hash);
static inline struct gate_top *gate_env_top_prefix(const struct gate_env *env, __u64 hash);
/* Of the clients that have an allocation, by an index; NULL: there is no such table. */
static inline struct gate_clients *gate_env_clients(const struct gate_env *env, __u32 index);
/* Where a first fragment is noted. */
static inline __u64 *gate_env_fragment(const struct gate_env *env, __u64 hash);
static inline void gate_env_count(const struct gate_env *env, __u32 counter);
/*
 * gate_judge(), gate_first() and the others, by calls that the verifier follows once and not on
 * each way to them.
 */
static inline enum gate_verdict gate_env_first(const struct gate_env *env,
                                               const struct gate_packet *packet,
                                               enum gate_service service);
static inline enum gate_verdict gate_env_judge(const struct gate_env *env,
                                               const struct gate_packet *packet,
                                               enum gate_service service);
static inline __u32 gate_env_attributes(const struct gate_env *env,
                                        const struct gate_packet *packet, struct gate_bytes stun);
static inline __u32 gate_env_username(const struct gate_env *env, const struct gate_packet *packet,
                                      struct gate_bytes stun);
static inline int gate_env_check_ufrag(const struct gate_env *env, const struct gate_packet *packet,
                                       struct gate_bytes stun, __u32 at);
static inline enum nonce_verdict gate_env_check_nonce(const struct gate_env *env,
                                                      const struct gate_packet *packet,
                                                      struct gate_bytes stun, __u32 at, __u64 now);

#endif
