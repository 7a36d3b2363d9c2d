/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* A frame up to its UDP payload, for the XDP program and its twin alike. Every field is hostile. */
#ifndef GATE_PACKET_H
#define GATE_PACKET_H

#include "gate_state.h"

#define GATE_VLAN_TAGS_MAX      2
#define GATE_IP6_EXTENSIONS_MAX 4

#define GATE_ETHER_HEADER 14
#define GATE_VLAN_TAG     4
#define GATE_IP4_HEADER   20
#define GATE_IP6_HEADER   40
#define GATE_UDP_HEADER   8

/* As they lie in memory; the host is little-endian (siphash.h). */
#define GATE_BE16(x) ((__u16)((x) << 8 | (x) >> 8))

#define GATE_IP4_OFFSET 0x1fff /* of the fragment field */
#define GATE_IP4_MORE   0x2000
#define GATE_IP6_OFFSET 0xfff8

#define GATE_PROTOCOL_HOPOPTS  0
#define GATE_PROTOCOL_ICMP     1
#define GATE_PROTOCOL_UDP      17
#define GATE_PROTOCOL_FRAGMENT 44
#define GATE_PROTOCOL_ICMP6    58
#define GATE_PROTOCOL_DSTOPTS  60

#define GATE_ICMP_HEADER      8
#define GATE_ICMP_UNREACHABLE 3 /* of ICMPv6 types 1 to 3 are errors about a packet on its way */
#define GATE_ICMP_EXCEEDED    11

/* Addresses as two words in memory order, IPv4 as v4-mapped; ports in network order. */
struct gate_packet {
	__u64 src[2], dst[2];
	__u16 src_port, dst_port;
	__u16 length; /* of the payload, by the UDP header */
	__u16 offset; /* of the payload, from the frame's start */
	__u32 id;     /* of a fragment: which datagram's */
};

/* What may be read. */
struct gate_bytes {
	const __u8 *at;
	const __u8 *end;
};

enum gate_parsed {
	GATE_PARSED_OTHER,  /* nothing that a service of ours could be meant by */
	GATE_PARSED_LATER,  /* a fragment of UDP behind the first: its addresses and id are known */
	GATE_PARSED_ICMP,   /* an error about a datagram from dst to src, with their ports */
	GATE_PARSED_ODD,    /* only dst is known: cut short, too many extension headers */
	GATE_PARSED_PART,   /* addresses and ports are known: IPv4 options */
	GATE_PARSED_FIRST,  /* the same of a first fragment, and its id and offset */
	GATE_PARSED_LENGTH, /* the same, and the UDP length is wrong */
	GATE_PARSED_SOURCE, /* the same, and no host has the source: answers would meet others */
	GATE_PARSED_BEYOND, /* a datagram that ends behind what may be read */
	GATE_PARSED_UDP,
};

/*
 * Fields where they lie. BPF may load unaligned words, but clang would take a copy apart into
 * bytes.
 */
#ifdef __bpf__
GATE_INLINE __u16 gate_load16(const __u8 *at)
{
	return *(const __u16 *)at;
}

GATE_INLINE __u32 gate_load32(const __u8 *at)
{
	return *(const __u32 *)at;
}

GATE_INLINE __u64 gate_load64(const __u8 *at)
{
	return *(const __u64 *)at;
}
#else
GATE_INLINE __u16 gate_load16(const __u8 *at)
{
	__u16 value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

GATE_INLINE __u32 gate_load32(const __u8 *at)
{
	__u32 value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

GATE_INLINE __u64 gate_load64(const __u8 *at)
{
	__u64 value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}
#endif

GATE_INLINE __u16 gate_host16(__u16 be)
{
	return GATE_BE16(be);
}

GATE_INLINE void gate_address4(__u64 ip[2], const __u8 *at)
{
	ip[0] = 0;
	ip[1] = (__u64)gate_load32(at) << 32 | 0xffff0000u;
}

GATE_INLINE int gate_is_v4(const __u64 ip[2])
{
	return ip[0] == 0 && (__u32)ip[1] == 0xffff0000u;
}

/* 0/8, 127/8, 224/3: no host may send from these. */
GATE_INLINE int gate_source_bad4(const __u8 *src)
{
	return src[0] == 0 || src[0] == 127 || src[0] >= 224;
}

/* ff00::/8, ::, ::1, and an IPv4 address' second names, v4-mapped and -compatible. */
GATE_INLINE int gate_source_bad6(const __u64 src[2])
{
	return (__u8)src[0] == 0xff ||
	       (src[0] == 0 && ((__u32)src[1] == 0 || (__u32)src[1] == 0xffff0000u));
}

GATE_INLINE void gate_ports(struct gate_packet *packet, const __u8 *udp)
{
	packet->src_port = gate_load16(udp);
	packet->dst_port = gate_load16(udp + 2);
}

/* The UDP header of what is not served as it is: whose it is, the ports say. */
GATE_INLINE enum gate_parsed gate_parse_part(struct gate_packet *packet, const __u8 *at,
                                             const __u8 *end)
{
	if (at + GATE_UDP_HEADER > end)
		return GATE_PARSED_OTHER;
	gate_ports(packet, at);
	return GATE_PARSED_PART;
}

/* A first fragment: as much of its payload as tells its class need not be there. */
GATE_INLINE enum gate_parsed gate_parse_first(struct gate_packet *packet, const __u8 *start,
                                              const __u8 *at, const __u8 *end)
{
	if (at + GATE_UDP_HEADER > end)
		return GATE_PARSED_OTHER;
	gate_ports(packet, at);
	packet->offset = at + GATE_UDP_HEADER - start;
	return GATE_PARSED_FIRST;
}

/* The UDP header that an ICMP error quotes: of what we have sent. */
GATE_INLINE enum gate_parsed gate_quoted_ports(struct gate_packet *packet, const __u8 *udp,
                                               const __u8 *end)
{
	if (udp + GATE_UDP_HEADER > end)
		return GATE_PARSED_OTHER;
	packet->dst_port = gate_load16(udp);
	packet->src_port = gate_load16(udp + 2);
	return GATE_PARSED_ICMP;
}

GATE_INLINE enum gate_parsed gate_parse_icmp4(struct gate_packet *packet, const __u8 *icmp,
                                              const __u8 *end)
{
	const __u8 *quoted = icmp + GATE_ICMP_HEADER;
	__u32 size;

	if (quoted + GATE_IP4_HEADER > end ||
	    (icmp[0] != GATE_ICMP_UNREACHABLE && icmp[0] != GATE_ICMP_EXCEEDED) ||
	    quoted[0] >> 4 != 4 || quoted[9] != GATE_PROTOCOL_UDP ||
	    (gate_load16(quoted + 6) & GATE_BE16(GATE_IP4_OFFSET)) != 0)
		return GATE_PARSED_OTHER;
	size = (quoted[0] & 15) * 4u;
	if (size < GATE_IP4_HEADER)
		return GATE_PARSED_OTHER;
	gate_address4(packet->dst, quoted + 12);
	gate_address4(packet->src, quoted + 16);
	return gate_quoted_ports(packet, quoted + size, end);
}

GATE_INLINE enum gate_parsed gate_parse_icmp6(struct gate_packet *packet, const __u8 *icmp,
                                              const __u8 *end)
{
	const __u8 *quoted = icmp + GATE_ICMP_HEADER, *udp = quoted + GATE_IP6_HEADER;

	if (udp > end || icmp[0] == 0 || icmp[0] > GATE_ICMP_UNREACHABLE || quoted[0] >> 4 != 6)
		return GATE_PARSED_OTHER;
	packet->dst[0] = gate_load64(quoted + 8);
	packet->dst[1] = gate_load64(quoted + 16);
	packet->src[0] = gate_load64(quoted + 24);
	packet->src[1] = gate_load64(quoted + 32);
	if (quoted[6] == GATE_PROTOCOL_UDP)
		return gate_quoted_ports(packet, udp, end);
	if (quoted[6] != GATE_PROTOCOL_FRAGMENT || udp + 8 > end || udp[0] != GATE_PROTOCOL_UDP ||
	    (gate_load16(udp + 2) & GATE_BE16(GATE_IP6_OFFSET)) != 0)
		return GATE_PARSED_OTHER;
	return gate_quoted_ports(packet, udp + 8, end);
}

/* start: of the frame, whose length `at` and `end` are held against. */
GATE_INLINE enum gate_parsed gate_parse_udp(struct gate_packet *packet, const __u8 *start,
                                            const __u8 *at, const __u8 *end, __u32 ip_left)
{
	__u32 length;

	if (at + GATE_UDP_HEADER > end)
		return GATE_PARSED_ODD;
	gate_ports(packet, at);
	length = gate_host16(gate_load16(at + 4));
	at += GATE_UDP_HEADER;
	if (length < GATE_UDP_HEADER || length > ip_left)
		return GATE_PARSED_LENGTH;
	packet->length = length - GATE_UDP_HEADER;
	packet->offset = at - start;
	return at + (length - GATE_UDP_HEADER) > end ? GATE_PARSED_BEYOND : GATE_PARSED_UDP;
}

GATE_INLINE enum gate_parsed gate_parse_ip4(struct gate_packet *packet, const __u8 *start,
                                            const __u8 *at, const __u8 *end)
{
	enum gate_parsed parsed;
	__u32 total, size;
	__u16 fragment;

	if (at + GATE_IP4_HEADER > end || at[0] >> 4 != 4)
		return GATE_PARSED_OTHER;
	gate_address4(packet->src, at + 12);
	gate_address4(packet->dst, at + 16);
	fragment = gate_load16(at + 6);
	size = (at[0] & 15) * 4u;
	if (at[9] == GATE_PROTOCOL_ICMP && size == GATE_IP4_HEADER &&
	    (fragment & GATE_BE16(GATE_IP4_OFFSET | GATE_IP4_MORE)) == 0)
		return gate_parse_icmp4(packet, at + GATE_IP4_HEADER, end);
	if (at[9] != GATE_PROTOCOL_UDP || size < GATE_IP4_HEADER)
		return GATE_PARSED_OTHER;
	packet->id = gate_load16(at + 4);
	if ((fragment & GATE_BE16(GATE_IP4_OFFSET)) != 0)
		return size == GATE_IP4_HEADER ? GATE_PARSED_LATER : GATE_PARSED_OTHER;
	if (size != GATE_IP4_HEADER)
		return gate_parse_part(packet, at + size, end);
	if ((fragment & GATE_BE16(GATE_IP4_MORE)) != 0)
		return gate_parse_first(packet, start, at + GATE_IP4_HEADER, end);
	total = gate_host16(gate_load16(at + 2));
	if (total < GATE_IP4_HEADER)
		return GATE_PARSED_ODD;
	parsed = gate_parse_udp(packet, start, at + GATE_IP4_HEADER, end, total - GATE_IP4_HEADER);
	return parsed >= GATE_PARSED_BEYOND && gate_source_bad4(at + 12) ? GATE_PARSED_SOURCE
	                                                                 : parsed;
}

/* What follows the extension headers that may stand before UDP. */
GATE_INLINE enum gate_parsed gate_parse_ip6(struct gate_packet *packet, const __u8 *start,
                                            const __u8 *at, const __u8 *end)
{
	enum gate_parsed parsed;
	__u32 left, size;
	__u8 protocol;
	int i;

	if (at + GATE_IP6_HEADER > end || at[0] >> 4 != 6)
		return GATE_PARSED_OTHER;
	packet->src[0] = gate_load64(at + 8);
	packet->src[1] = gate_load64(at + 16);
	packet->dst[0] = gate_load64(at + 24);
	packet->dst[1] = gate_load64(at + 32);
	left = gate_host16(gate_load16(at + 4));
	protocol = at[6];
	at += GATE_IP6_HEADER;
#pragma GCC unroll 4
	for (i = 0; i < GATE_IP6_EXTENSIONS_MAX; i++) {
		if (protocol != GATE_PROTOCOL_HOPOPTS && protocol != GATE_PROTOCOL_DSTOPTS)
			break;
		if (at + 8 > end)
			return GATE_PARSED_ODD;
		size = 8 + at[1] * 8u;
		if (size > left)
			return GATE_PARSED_ODD;
		left -= size;
		protocol = at[0];
		at += size;
	}
	if (protocol == GATE_PROTOCOL_UDP) {
		parsed = gate_parse_udp(packet, start, at, end, left);
		return parsed >= GATE_PARSED_BEYOND && gate_source_bad6(packet->src)
		               ? GATE_PARSED_SOURCE
		               : parsed;
	}
	if (protocol == GATE_PROTOCOL_FRAGMENT) {
		if (at + 8 > end || at[0] != GATE_PROTOCOL_UDP)
			return GATE_PARSED_OTHER;
		packet->id = gate_load32(at + 4);
		if ((gate_load16(at + 2) & GATE_BE16(GATE_IP6_OFFSET)) != 0)
			return GATE_PARSED_LATER;
		return gate_parse_first(packet, start, at + 8, end);
	}
	if (protocol == GATE_PROTOCOL_ICMP6)
		return gate_parse_icmp6(packet, at, end);
	return protocol == GATE_PROTOCOL_HOPOPTS || protocol == GATE_PROTOCOL_DSTOPTS
	               ? GATE_PARSED_ODD
	               : GATE_PARSED_OTHER;
}

GATE_INLINE enum gate_parsed gate_parse(struct gate_packet *packet, const __u8 *start,
                                        const __u8 *end)
{
	const __u8 *at = start;
	__u16 type;
	int i;

	if (at + GATE_ETHER_HEADER > end)
		return GATE_PARSED_OTHER;
	type = gate_load16(at + 12);
	at += GATE_ETHER_HEADER;
#pragma GCC unroll 2
	for (i = 0; i < GATE_VLAN_TAGS_MAX; i++) {
		if (type != GATE_BE16(0x8100) && type != GATE_BE16(0x88a8))
			break;
		if (at + GATE_VLAN_TAG > end)
			return GATE_PARSED_OTHER;
		type = gate_load16(at + 2);
		at += GATE_VLAN_TAG;
	}
	if (type == GATE_BE16(0x0800))
		return gate_parse_ip4(packet, start, at, end);
	if (type == GATE_BE16(0x86dd))
		return gate_parse_ip6(packet, start, at, end);
	return GATE_PARSED_OTHER;
}

#endif
