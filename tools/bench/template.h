/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many frames that differ in a few fields: the sums of what is constant are kept, so that a frame
 * costs a copy and a few additions.
 */
#ifndef BENCH_TEMPLATE_H
#define BENCH_TEMPLATE_H

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "frame.h"
#include "net/checksum.h"

#define TEMPLATE_MAX 2048

/* An IPv4 frame. */
struct template
{
	uint16_t length;
	uint16_t ip_sum;  /* of the header, without addresses and checksum */
	uint16_t udp_sum; /* of pseudo header, header and payload, without addresses, ports and
	                     checksum */
	uint8_t bytes[TEMPLATE_MAX];
};

/* The fields that differ. */
struct template_fields {
	uint32_t src, dst; /* network order */
	uint16_t src_port, dst_port;
};

#define TEMPLATE_IP      RTE_ETHER_HDR_LEN
#define TEMPLATE_UDP     (TEMPLATE_IP + sizeof(struct rte_ipv4_hdr))
#define TEMPLATE_PAYLOAD (TEMPLATE_UDP + sizeof(struct rte_udp_hdr))

/* False where the payload is too long. */
bool template_create(struct template *template, const uint8_t *payload, uint16_t length);

static inline uint64_t template_sum32(uint32_t word)
{
	return (word & 0xffff) + (word >> 16);
}

/* payload_sum: of what the caller has written into the payload where the template has zeros.
 * Returns the payload. */
static inline uint8_t *template_write(const struct template *template, struct rte_mbuf *mbuf,
                                      const struct template_fields *fields, uint64_t payload_sum)
{
	uint8_t *bytes = rte_pktmbuf_mtod(mbuf, uint8_t *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(bytes + TEMPLATE_IP);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(bytes + TEMPLATE_UDP);
	uint64_t addresses = template_sum32(fields->src) + template_sum32(fields->dst);
	uint16_t sum;

	rte_memcpy(bytes, template->bytes, template->length);
	mbuf->data_len = template->length;
	mbuf->pkt_len = template->length;
	ip->src_addr = fields->src;
	ip->dst_addr = fields->dst;
	ip->hdr_checksum = (uint16_t)~checksum_fold(template->ip_sum + addresses);
	udp->src_port = fields->src_port;
	udp->dst_port = fields->dst_port;
	sum = (uint16_t)~checksum_fold(template->udp_sum + addresses + fields->src_port +
	                               fields->dst_port + payload_sum);
	udp->dgram_cksum = sum == 0 ? 0xffff : sum;
	return bytes + TEMPLATE_PAYLOAD;
}

#endif
