/* SPDX-License-Identifier: BSD-3-Clause */
#include "graph/icmp_error.h"

#include "dataplane.h"
#include "graph/packet.h"
#include "net/headers.h"
#include "worker.h"

#include <rte_ether.h>

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define ICMP_HEADER      8
#define ICMP_ERROR_BURST 10

struct error {
	uint8_t type4, code4, type6, code6;
	uint16_t mtu; /* 0: of none */
	enum ip_counter counter;
};

/* The received frame, up to the payload. */
struct received {
	const uint8_t *frame;
	const uint8_t *ip;
	uint16_t l2_length;
	uint16_t ip_length; /* of the whole datagram */
	uint16_t quoted;    /* IP and UDP header */
	bool v4;
};

/* False where extension headers stand between, or it never was a frame. */
static bool received_read(const struct rte_mbuf *mbuf, struct received *received)
{
	const struct packet *packet = packet_of((struct rte_mbuf *)(uintptr_t)mbuf);
	bool v4 = ip_addr_is_v4(&packet->dst);
	uint16_t headers = headers_l3_length(v4) + sizeof(struct rte_udp_hdr);
	uint16_t type = v4 ? RTE_BE16(RTE_ETHER_TYPE_IPV4) : RTE_BE16(RTE_ETHER_TYPE_IPV6);
	uint16_t behind;

	if (packet->payload_offset < sizeof(struct rte_ether_hdr) + headers)
		return false;
	*received = (struct received){
	        .frame = rte_pktmbuf_mtod(mbuf, const uint8_t *),
	        .l2_length = packet->payload_offset - headers,
	        .ip_length = headers + packet->payload_length,
	        .quoted = headers,
	        .v4 = v4,
	};
	received->ip = received->frame + received->l2_length;
	/* the ethertype stands in front of the IP header, tags or not */
	memcpy(&behind, received->ip - sizeof(behind), sizeof(behind));
	return behind == type;
}

static bool error_rate(struct worker *worker)
{
	uint64_t interval = worker->tsc_hz * worker->dp->n_workers / ICMP_ERRORS_SECOND;
	uint64_t due = RTE_MAX(worker->icmp_due, worker->tsc);

	if (due - worker->tsc > interval * (ICMP_ERROR_BURST - 1) / worker->dp->n_workers)
		return false;
	worker->icmp_due = due + interval;
	return true;
}

static uint16_t icmp_sum(const uint8_t *icmp, uint16_t length, uint64_t pseudo)
{
	return (uint16_t)~checksum_fold(pseudo + checksum_bytes(icmp, length));
}

static void ip4_turn(const struct received *received, const struct error *error, uint8_t *at)
{
	const struct rte_ipv4_hdr *from = (const struct rte_ipv4_hdr *)received->ip;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)at;
	uint16_t length = ICMP_HEADER + received->quoted, sum;
	uint8_t *icmp = at + sizeof(*ip);

	*ip = (struct rte_ipv4_hdr){
	        .version_ihl = RTE_IPV4_VHL_DEF,
	        .total_length = rte_cpu_to_be_16(sizeof(*ip) + length),
	        .fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
	        .time_to_live = HEADERS_HOP_LIMIT,
	        .next_proto_id = IPPROTO_ICMP,
	        .src_addr = from->dst_addr,
	        .dst_addr = from->src_addr,
	};
	ip->hdr_checksum = (uint16_t)~checksum_ip4_header(ip);
	icmp[0] = error->type4;
	icmp[1] = error->code4;
	icmp[6] = error->mtu >> 8; /* RFC 1191, 4 */
	icmp[7] = error->mtu & 0xff;
	sum = icmp_sum(icmp, length, 0);
	memcpy(icmp + 2, &sum, sizeof(sum));
}

static void ip6_turn(const struct received *received, const struct packet *packet,
                     const struct error *error, uint8_t *at)
{
	const struct rte_ipv6_hdr *from = (const struct rte_ipv6_hdr *)received->ip;
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)at;
	uint16_t length = ICMP_HEADER + received->quoted, sum;
	uint8_t *icmp = at + sizeof(*ip);

	*ip = (struct rte_ipv6_hdr){
	        .vtc_flow = RTE_BE32(6u << 28),
	        .payload_len = rte_cpu_to_be_16(length),
	        .proto = IPPROTO_ICMPV6,
	        .hop_limits = HEADERS_HOP_LIMIT,
	};
	memcpy(&ip->src_addr, &from->dst_addr, sizeof(ip->src_addr));
	memcpy(&ip->dst_addr, &from->src_addr, sizeof(ip->dst_addr));
	icmp[0] = error->type6;
	icmp[1] = error->code6;
	icmp[6] = error->mtu >> 8; /* RFC 4443, 3.2: the lower half of 32 bits */
	icmp[7] = error->mtu & 0xff;
	sum = icmp_sum(icmp, length,
	               checksum_ip(&packet->flow.src) + checksum_ip(&packet->dst) +
	                       RTE_BE16(IPPROTO_ICMPV6) + ip->payload_len);
	memcpy(icmp + 2, &sum, sizeof(sum));
}

/* The frame's own headers, turned round, and behind the ICMP header what they were. */
static uint16_t error_write(const struct received *received, const struct packet *packet,
                            const struct error *error, uint8_t *frame)
{
	struct rte_ether_hdr *ether = (struct rte_ether_hdr *)frame;
	uint16_t l3 = received->quoted - sizeof(struct rte_udp_hdr);
	uint8_t *ip = frame + received->l2_length;

	memcpy(frame, received->frame, received->l2_length);
	ether->dst_addr = ((const struct rte_ether_hdr *)received->frame)->src_addr;
	ether->src_addr = ((const struct rte_ether_hdr *)received->frame)->dst_addr;
	memset(ip + l3, 0, ICMP_HEADER);
	memcpy(ip + l3 + ICMP_HEADER, received->ip, received->quoted);
	if (received->v4)
		ip4_turn(received, error, ip);
	else
		ip6_turn(received, packet, error, ip);
	return received->l2_length + l3 + ICMP_HEADER + received->quoted;
}

/* By this worker's own ring, since a node's step has one packet and one edge. */
static void error_send(struct worker *worker, const struct rte_mbuf *mbuf,
                       const struct error *error)
{
	const struct packet *packet = packet_of((struct rte_mbuf *)(uintptr_t)mbuf);
	struct received received;
	struct rte_mbuf *made;
	uint32_t length;

	if (!received_read(mbuf, &received))
		return;
	length = 2u * received.quoted - sizeof(struct rte_udp_hdr) + ICMP_HEADER;
	if (4 * length > 3u * received.ip_length || !error_rate(worker))
		return;
	made = rte_pktmbuf_alloc(worker->dp->pool);
	if (made == NULL)
		return;
	made->data_len = error_write(&received, packet, error, rte_pktmbuf_mtod(made, uint8_t *));
	made->pkt_len = made->data_len;
	*packet_of(made) = (struct packet){
	        .port = packet->port, .form = PACKET_FRAME_OUT, .entry = PACKET_ENTRY_PORT_TX};
	if (worker_inbox_put(worker, &made, 1) == 1)
		worker->ip_counters[error->counter]++;
	else
		rte_pktmbuf_free(made);
}

void icmp_port_unreachable(struct worker *worker, const struct rte_mbuf *mbuf)
{
	static const struct error error = {
	        .type4 = ICMP_DEST_UNREACH,
	        .code4 = ICMP_PORT_UNREACH,
	        .type6 = ICMP6_DST_UNREACH,
	        .code6 = ICMP6_DST_UNREACH_NOPORT,
	        .counter = IP_UNREACHABLE_SENT,
	};

	error_send(worker, mbuf, &error);
}

void icmp_too_big(struct worker *worker, const struct rte_mbuf *mbuf, uint16_t mtu)
{
	const struct error error = {
	        .type4 = ICMP_DEST_UNREACH,
	        .code4 = ICMP_FRAG_NEEDED,
	        .type6 = ICMP6_PACKET_TOO_BIG,
	        .mtu = mtu,
	        .counter = IP_TOO_BIG_SENT,
	};

	error_send(worker, mbuf, &error);
}
