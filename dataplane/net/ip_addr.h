/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An IP address of either family. IPv4 is held in its v4-mapped form (RFC 4291, 2.5.5.2): tables,
 * keys and comparisons have one body. A mapped address that arrives *as IPv6* from the wire never
 * becomes one of these: classify and the STUN parser refuse it, or it would be an IPv4 address's
 * second name.
 */
#ifndef NET_IP_ADDR_H
#define NET_IP_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

struct ip_addr {
	union {
		uint8_t bytes[16];
		uint32_t words[4]; /* network order */
		uint64_t quads[2];
	};
};

#define IP_ADDR_V4_PREFIX RTE_BE32(0x0000ffff)

/* In one word: what is stored by halves and read whole stalls until the halves are in the cache. */
static inline struct ip_addr ip_addr_v4(uint32_t be)
{
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
	return (struct ip_addr){.quads = {0, (uint64_t)be << 32 | IP_ADDR_V4_PREFIX}};
#else
	return (struct ip_addr){.quads = {0, (uint64_t)IP_ADDR_V4_PREFIX << 32 | be}};
#endif
}

static inline struct ip_addr ip_addr_v6(const void *bytes)
{
	struct ip_addr addr;

	memcpy(addr.bytes, bytes, sizeof(addr.bytes));
	return addr;
}

static inline bool ip_addr_is_v4(const struct ip_addr *addr)
{
	return addr->quads[0] == 0 && addr->words[2] == IP_ADDR_V4_PREFIX;
}

static inline bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return ((a->quads[0] ^ b->quads[0]) | (a->quads[1] ^ b->quads[1])) == 0;
}

/* A UDP endpoint. The port is in network order. */
struct transport_addr {
	struct ip_addr ip;
	uint16_t port;
	uint16_t pad;
};

#endif
