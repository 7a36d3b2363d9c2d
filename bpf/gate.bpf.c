/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The gate in front of an AF_XDP port: what is for a service of ours goes to the dataplane's
 * socket, everything else to the kernel, as if nobody stood here.
 */
#include "gate_maps.h"
#include "gate_rules.h"

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLAN_TAGS_MAX      2
#define IP6_EXTENSIONS_MAX 4
#define QUEUES_MAX         256

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
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GATE_VERDICTS);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sluice_gate_counters SEC(".maps");

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

/* A datagram's way through the parser. */
struct parsed {
	struct gate_service_key dst;
	__u8 protocol;
	__u8 odd; /* ports are not to be had: a fragment, options */
};

/* Every return goes through here. */
static __always_inline int verdict(struct xdp_md *ctx, __u32 decided)
{
	__u64 *count = bpf_map_lookup_elem(&sluice_gate_counters, &decided);

	if (count)
		(*count)++;
	if (decided == GATE_PASS_KERNEL)
		return XDP_PASS;
	/* no socket on this queue: the kernel may have it */
	return bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
}

static __always_inline int parse_ip4(void *at, void *end, struct parsed *parsed, void **udp)
{
	struct iphdr *ip = at;

	if ((void *)(ip + 1) > end)
		return -1;
	parsed->dst.ip[10] = 0xff;
	parsed->dst.ip[11] = 0xff;
	__builtin_memcpy(parsed->dst.ip + 12, &ip->daddr, 4);
	parsed->protocol = ip->protocol;
	parsed->odd = ip->ihl != 5 || (ip->frag_off & bpf_htons(0x3fff)) != 0;
	*udp = ip + 1;
	return 0;
}

static __always_inline int parse_ip6(void *at, void *end, struct parsed *parsed, void **udp)
{
	struct ipv6hdr *ip = at;

	if ((void *)(ip + 1) > end)
		return -1;
	__builtin_memcpy(parsed->dst.ip, &ip->daddr, 16);
	parsed->protocol = ip->nexthdr;
	at = ip + 1;
	for (int i = 0; i < IP6_EXTENSIONS_MAX; i++) {
		struct ipv6_opt_hdr *extension = at;
		__u8 type = parsed->protocol;

		if (type != IPPROTO_HOPOPTS && type != IPPROTO_DSTOPTS && type != IPPROTO_FRAGMENT)
			break;
		if ((void *)extension + 8 > end)
			return -1;
		parsed->protocol = extension->nexthdr;
		parsed->odd |= type == IPPROTO_FRAGMENT;
		at += 8 + (type == IPPROTO_FRAGMENT ? 0 : extension->hdrlen * 8);
	}
	*udp = at;
	return 0;
}

static __always_inline __u32 decide(struct parsed *parsed, void *at, void *end)
{
	struct gate_address *address;
	struct udphdr *udp = at;
	__u16 port;

	if (parsed->protocol != IPPROTO_UDP)
		return GATE_PASS_KERNEL;
	address = bpf_map_lookup_elem(&sluice_gate_addresses, parsed->dst.ip);
	if (!address)
		return GATE_PASS_KERNEL;
	if (parsed->odd || (void *)(udp + 1) > end)
		return GATE_PASS_ODD;
	port = bpf_ntohs(udp->dest);
	if (port >= address->first_port && port <= address->last_port)
		return GATE_PASS_SERVICE;
	parsed->dst.port = udp->dest;
	return bpf_map_lookup_elem(&sluice_gate_services, &parsed->dst) ? GATE_PASS_SERVICE
	                                                                : GATE_PASS_KERNEL;
}

SEC("xdp")
int sluice_gate(struct xdp_md *ctx)
{
	void *at = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct parsed parsed = {};
	struct ethhdr *ether = at;
	__be16 type;
	int ret = -1;

	if ((void *)(ether + 1) > end)
		return verdict(ctx, GATE_PASS_KERNEL);
	type = ether->h_proto;
	at = ether + 1;
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		struct vlan_tag *tag = at;

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > end)
			return verdict(ctx, GATE_PASS_KERNEL);
		type = tag->proto;
		at = tag + 1;
	}
	if (type == bpf_htons(ETH_P_IP))
		ret = parse_ip4(at, end, &parsed, &at);
	else if (type == bpf_htons(ETH_P_IPV6))
		ret = parse_ip6(at, end, &parsed, &at);
	return verdict(ctx, ret == 0 ? decide(&parsed, at, end) : GATE_PASS_KERNEL);
}

char _license[] SEC("license") = "Dual BSD/GPL";
