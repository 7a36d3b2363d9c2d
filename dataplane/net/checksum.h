/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One's complement sums (RFC 1071), as they lie in memory: sums of 16-bit words in the bytes' own
 * order, so that nothing is swapped. Everything that starts at an even offset adds up.
 */
#ifndef NET_CHECKSUM_H
#define NET_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "net/ip_addr.h"

static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint16_t checksum_add(uint16_t a, uint16_t b)
{
	uint32_t sum = (uint32_t)a + b;

	return (uint16_t)(sum + (sum >> 16));
}

/* What adding b and then this leaves unchanged. */
static inline uint16_t checksum_subtract(uint16_t a, uint16_t b)
{
	return checksum_add(a, (uint16_t)~b);
}

uint16_t checksum_long(const void *bytes, size_t length);

static inline uint16_t checksum_bytes(const void *bytes, size_t length)
{
	return length <= 64 ? rte_raw_cksum(bytes, length) : checksum_long(bytes, length);
}

/* An IPv4 header without options. */
static inline uint16_t checksum_ip4_header(const void *header)
{
	uint32_t words[5];

	memcpy(words, header, sizeof(words));
	return checksum_fold((uint64_t)words[0] + words[1] + words[2] + words[3] + words[4]);
}

/*
 * An address' share of the UDP pseudo header. A v4-mapped address adds 0xffff in its prefix, which
 * is zero in one's complement: so one sum serves both families.
 */
static inline uint64_t checksum_ip(const struct ip_addr *ip)
{
	return (uint64_t)ip->words[0] + ip->words[1] + ip->words[2] + ip->words[3];
}

/* Pseudo header and UDP header without the checksum field. length: UDP header and payload, network
 * order. */
static inline uint64_t checksum_udp_headers(const struct ip_addr *src, const struct ip_addr *dst,
                                            uint16_t src_port, uint16_t dst_port,
                                            uint16_t length_be)
{
	return checksum_ip(src) + checksum_ip(dst) + RTE_BE16(IPPROTO_UDP) + src_port + dst_port +
	       2 * (uint64_t)length_be;
}

/* The payload's sum, from the checksum that its sender computed: not one byte of the payload is
 * read. */
static inline uint16_t checksum_payload(const struct rte_udp_hdr *udp, const struct ip_addr *src,
                                        const struct ip_addr *dst)
{
	uint16_t headers = checksum_fold(
	        checksum_udp_headers(src, dst, udp->src_port, udp->dst_port, udp->dgram_len));

	return checksum_subtract((uint16_t)~udp->dgram_cksum, headers);
}

/* The field's value from the payload's sum; never 0, which would mean none (RFC 768). */
static inline uint16_t checksum_udp(uint16_t payload_sum, const struct ip_addr *src,
                                    const struct ip_addr *dst, uint16_t src_port, uint16_t dst_port,
                                    uint16_t length_be)
{
	uint16_t sum = (uint16_t)~checksum_fold(
	        checksum_udp_headers(src, dst, src_port, dst_port, length_be) + payload_sum);

	return sum == 0 ? 0xffff : sum;
}

/*
 * The data is right and its checksum still open: a virtual NIC hands datagrams of senders on the
 * same machine over before anybody has computed one, and the field holds the pseudo header's sum.
 */
static inline bool checksum_is_open(const struct rte_mbuf *mbuf)
{
	return (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

/* The driver, or the sender's host, vouches for the data. */
static inline bool checksum_is_good(const struct rte_mbuf *mbuf)
{
	return (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD ||
	       checksum_is_open(mbuf);
}

/* Computes the open checksum of a received frame's TCP segment or UDP datagram; leaves every other
 * frame as it is. */
void checksum_complete(struct rte_mbuf *mbuf);

#endif
