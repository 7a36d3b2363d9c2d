/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The gate in front of an AF_XDP port. What is for a service of ours and passes the rules goes to
 * the dataplane's socket, what is not ours to the kernel, as if there were no gate. The rules are
 * in gate_rules.h; this file gives them their maps.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "gate_maps.h"
#include "gate_rules.h"

#define QUEUES_MAX 256
#define OFFSET_MAX 0x3fff /* of a UDP payload: extension headers are bounded */

/* The dataplane's sockets by rx queue; each interface has its own program and so its own map. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, QUEUES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GATE_SERVICES_MAX);
	__type(key, struct gate_service_key);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GATE_SERVICES_MAX);
	__type(key, struct gate_ip);
	__type(value, struct gate_address);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE_NEAR);
	__type(key, __u32);
	__type(value, struct gate_near);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_near SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GATE_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gate_config);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE_SOURCES);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE_SOURCES);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_verified SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE_PREFIXES);
	__type(key, __u32);
	__type(value, struct gate_guard);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gate_guard);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_host SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE_SEEN);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE_TOPS);
	__type(key, __u32);
	__type(value, struct gate_top);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_top_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE_TOPS);
	__type(key, __u32);
	__type(value, struct gate_top);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_top_prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE_FRAGMENTS);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_fragments SEC(".maps");

/* The dataplane has it mapped and sets its size before it is loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct gate_clients);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, GATE_LPM_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct gate_lpm_key);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_deny SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, GATE_LPM_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct gate_lpm_key);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_trust SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gate_ufrags);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_ufrags SEC(".maps");

struct gate_env {
	struct xdp_md *ctx;
	const struct gate_config *config;
};

/* Global functions are verified by themselves, for any arguments. */

static inline struct gate_bytes gate_bytes_at(const struct xdp_md *ctx, __u32 offset)
{
	return (struct gate_bytes){(const __u8 *)(long)ctx->data + (offset & OFFSET_MAX),
	                           (const __u8 *)(long)ctx->data_end};
}

__attribute__((noinline)) __u32 gate_attributes_at(struct xdp_md *ctx, __u32 offset, __u32 length)
{
	return gate_attributes(gate_bytes_at(ctx, offset), length);
}

static inline __u32 gate_env_attributes(const struct gate_env *env,
                                        const struct gate_packet *packet, struct gate_bytes stun)
{
	return gate_attributes_at(env->ctx, packet->offset, packet->length);
}

/* As of the last tick of the kernel: a tenth of the exact clock's cost, and limits need no better.
 */
static inline __u64 gate_env_now(const struct gate_env *env)
{
	return bpf_ktime_get_coarse_ns();
}

/* What lies behind data_end included. */
static inline __u32 gate_env_length(const struct gate_env *env, const __u8 *start, const __u8 *end)
{
	return bpf_xdp_get_buff_len(env->ctx);
}

static inline const struct gate_config *gate_env_config(const struct gate_env *env)
{
	return env->config;
}

/* NULL: it is none of ours. */
static inline const struct gate_address *address_find(const __u64 ip[2])
{
	__u32 place = gate_near_place(ip);
	const struct gate_near *near = bpf_map_lookup_elem(&sluice_gate_near, &place);
	__u64 key[2] = {ip[0], ip[1]};

	if (!near || !near->here)
		return NULL;
	if (near->ip[0] == ip[0] && near->ip[1] == ip[1])
		return &near->address;
	return near->shared ? bpf_map_lookup_elem(&sluice_gate_addresses, key) : NULL;
}

static inline enum gate_service gate_env_service(const struct gate_env *env, const __u64 ip[2],
                                                 __u16 port)
{
	const struct gate_address *address = address_find(ip);
	struct gate_service_key key = {};
	__u16 host_port = gate_host16(port);
	__u32 *kind;

	if (!address || port == 0)
		return GATE_SERVICE_NONE;
#pragma unroll
	for (int i = 0; i < GATE_LISTENERS_MAX; i++)
		if (address->listeners[i] == port)
			return address->more & GATE_MORE_SHARED(i) ? GATE_SERVICE_BOTH
			                                           : GATE_SERVICE_TURN;
#pragma unroll
	for (int i = 0; i < GATE_RANGES_MAX; i++) {
		if (address->ranges[i].first == 0)
			break;
		if (host_port >= address->ranges[i].first && host_port <= address->ranges[i].last)
			return GATE_SERVICE_RELAY;
	}
	if (!(address->more & GATE_MORE_SERVICES))
		return GATE_SERVICE_NONE;
	__builtin_memcpy(key.ip, ip, sizeof(key.ip));
	key.port = port;
	kind = bpf_map_lookup_elem(&sluice_gate_services, &key);
	if (!kind)
		return GATE_SERVICE_NONE;
	return *kind;
}

static inline int gate_env_is_ours(const struct gate_env *env, const __u64 ip[2])
{
	return address_find(ip) != NULL;
}

static inline int gate_in_trie(void *trie, const __u64 ip[2])
{
	struct gate_lpm_key key = {.length = 128};

	__builtin_memcpy(key.ip, ip, sizeof(key.ip));
	return bpf_map_lookup_elem(trie, &key) != 0;
}

static inline int gate_env_is_denied(const struct gate_env *env, const __u64 ip[2])
{
	return gate_in_trie(&sluice_gate_deny, ip);
}

static inline int gate_env_is_trusted(const struct gate_env *env, const __u64 ip[2])
{
	return gate_in_trie(&sluice_gate_trust, ip);
}

static inline __u64 *gate_env_source(const struct gate_env *env, __u64 hash)
{
	__u32 key = hash & (GATE_SOURCES - 1);

	return bpf_map_lookup_elem(&sluice_gate_sources, &key);
}

static inline __u64 *gate_env_verified(const struct gate_env *env, __u64 hash)
{
	__u32 key = hash & (GATE_SOURCES - 1);

	return bpf_map_lookup_elem(&sluice_gate_verified, &key);
}

static inline struct gate_guard *gate_env_prefix(const struct gate_env *env, __u64 hash)
{
	__u32 key = hash & (GATE_PREFIXES - 1);

	return bpf_map_lookup_elem(&sluice_gate_prefixes, &key);
}

static inline struct gate_guard *gate_env_host(const struct gate_env *env)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&sluice_gate_host, &key);
}

static inline __u64 *gate_env_seen(const struct gate_env *env, __u64 hash)
{
	__u32 key = hash & env->config->seen_mask;

	return bpf_map_lookup_elem(&sluice_gate_seen, &key);
}

static inline struct gate_top *gate_env_top_source(const struct gate_env *env, __u64 hash)
{
	__u32 key = hash >> 32 & (GATE_TOPS - 1);

	return bpf_map_lookup_elem(&sluice_gate_top_sources, &key);
}

static inline struct gate_top *gate_env_top_prefix(const struct gate_env *env, __u64 hash)
{
	__u32 key = hash >> 32 & (GATE_TOPS - 1);

	return bpf_map_lookup_elem(&sluice_gate_top_prefixes, &key);
}

static inline __u64 *gate_env_fragment(const struct gate_env *env, __u64 hash)
{
	__u32 key = hash >> 32 & (GATE_FRAGMENTS - 1);

	return bpf_map_lookup_elem(&sluice_gate_fragments, &key);
}

static inline struct gate_clients *gate_env_clients(const struct gate_env *env, __u32 index)
{
	return bpf_map_lookup_elem(&sluice_gate_clients, &index);
}

static inline void gate_env_count(const struct gate_env *env, __u32 counter)
{
	__u64 *count = bpf_map_lookup_elem(&sluice_gate_counters, &counter);

	if (count)
		(*count)++;
}

__attribute__((noinline)) __u32 gate_username_at(struct xdp_md *ctx, __u32 offset, __u32 length)
{
	return gate_username(gate_bytes_at(ctx, offset), length);
}

static inline __u32 gate_env_username(const struct gate_env *env, const struct gate_packet *packet,
                                      struct gate_bytes stun)
{
	return gate_username_at(env->ctx, packet->offset, packet->length);
}

__attribute__((noinline)) int gate_check_ufrag_at(struct xdp_md *ctx, __u32 offset, __u32 at)
{
	__u32 zero = 0;

	return gate_check_ufrag(bpf_map_lookup_elem(&sluice_gate_ufrags, &zero),
	                        gate_bytes_at(ctx, offset), at);
}

static inline int gate_env_check_ufrag(const struct gate_env *env, const struct gate_packet *packet,
                                       struct gate_bytes stun, __u32 at)
{
	return gate_check_ufrag_at(env->ctx, packet->offset, at);
}

__attribute__((noinline)) int
gate_check_nonce_at(struct xdp_md *ctx, const struct gate_packet *packet, __u32 at, __u64 now)
{
	__u32 zero = 0;
	const struct gate_config *config = bpf_map_lookup_elem(&sluice_gate_config, &zero);

	if (!packet || !config)
		return NONCE_FORGED;
	return gate_check_nonce(config, packet, gate_bytes_at(ctx, packet->offset), at, now);
}

static inline enum nonce_verdict gate_env_check_nonce(const struct gate_env *env,
                                                      const struct gate_packet *packet,
                                                      struct gate_bytes stun, __u32 at, __u64 now)
{
	return gate_check_nonce_at(env->ctx, packet, at, now);
}

__attribute__((noinline)) int gate_first_at(struct xdp_md *ctx, const struct gate_packet *packet,
                                            __u32 service)
{
	__u32 zero = 0;
	struct gate_env env = {ctx, bpf_map_lookup_elem(&sluice_gate_config, &zero)};

	if (!packet)
		return GATE_DROP_UNPARSED;
	return gate_first(&env, packet, gate_bytes_at(ctx, packet->offset), service);
}

static inline enum gate_verdict gate_env_first(const struct gate_env *env,
                                               const struct gate_packet *packet,
                                               enum gate_service service)
{
	return gate_first_at(env->ctx, packet, service);
}

__attribute__((noinline)) int gate_judge_at(struct xdp_md *ctx, const struct gate_packet *packet,
                                            __u32 service)
{
	__u32 zero = 0;
	struct gate_env env = {ctx, bpf_map_lookup_elem(&sluice_gate_config, &zero)};

	if (!packet)
		return GATE_DROP_UNPARSED;
	return gate_judge(&env, packet, gate_bytes_at(ctx, packet->offset), service);
}

static inline enum gate_verdict gate_env_judge(const struct gate_env *env,
                                               const struct gate_packet *packet,
                                               enum gate_service service)
{
	return gate_judge_at(env->ctx, packet, service);
}

SEC("xdp")
int sluice_gate(struct xdp_md *ctx)
{
	const __u8 *start = (const __u8 *)(long)ctx->data;
	const __u8 *end = (const __u8 *)(long)ctx->data_end;
	__u32 zero = 0;
	struct gate_env env = {ctx, bpf_map_lookup_elem(&sluice_gate_config, &zero)};
	enum gate_verdict verdict = gate_frame(&env, start, end);
	int action;

	if (gate_conclude(&env, verdict))
		return XDP_DROP;
	if (verdict == GATE_PASS_KERNEL)
		return XDP_PASS;
	action = bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
	/* the port is closed: the kernel refuses the sender */
	if (action != XDP_REDIRECT)
		gate_env_count(&env, GATE_EVENT_NO_SOCKET);
	return action;
}

char _license[] SEC("license") = "Dual BSD/GPL";
