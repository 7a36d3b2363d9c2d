/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/view.h"

#include "dataplane.h"
#include "media/state.h"
#include "net/headers.h"

#include <string.h>

#define VLAN_TAGS_MAX 2

struct cursor {
	const uint8_t *at, *end;
};

static const void *take(struct cursor *cursor, size_t length)
{
	const uint8_t *at = cursor->at;

	if ((size_t)(cursor->end - at) < length)
		return NULL;
	cursor->at += length;
	return at;
}

/* The ethertype behind the tags, host order; 0: cut short. */
static uint16_t ethertype_read(struct cursor *cursor)
{
	const struct rte_ether_hdr *ether = take(cursor, sizeof(*ether));
	const struct rte_vlan_hdr *vlan;
	uint16_t type;

	if (ether == NULL)
		return 0;
	type = rte_be_to_cpu_16(ether->ether_type);
	for (int i = 0;
	     i < VLAN_TAGS_MAX && (type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ);
	     i++) {
		vlan = take(cursor, sizeof(*vlan));
		if (vlan == NULL)
			return 0;
		type = rte_be_to_cpu_16(vlan->eth_proto);
	}
	return type;
}

/* The protocol behind the header; 0: none that we read. */
static uint8_t ip4_read(struct view *view, struct cursor *cursor)
{
	const struct rte_ipv4_hdr *ip = take(cursor, sizeof(*ip));
	uint16_t options;

	if (ip == NULL || ip->version_ihl >> 4 != 4 || (ip->version_ihl & 15) < 5)
		return 0;
	options = (ip->version_ihl & 15) * 4 - sizeof(*ip);
	view->src = ip_addr_v4(ip->src_addr);
	view->dst = ip_addr_v4(ip->dst_addr);
	view->ip = true;
	if ((ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0 ||
	    take(cursor, options) == NULL)
		return 0;
	return ip->next_proto_id;
}

static uint8_t ip6_read(struct view *view, struct cursor *cursor)
{
	const struct rte_ipv6_hdr *ip = take(cursor, sizeof(*ip));

	if (ip == NULL || ((const uint8_t *)ip)[0] >> 4 != 6)
		return 0;
	view->src = ip_addr_v6(&ip->src_addr);
	view->dst = ip_addr_v6(&ip->dst_addr);
	view->ip = true;
	return ip->proto;
}

void view_read_frame(struct view *view, const uint8_t *data, uint32_t length)
{
	struct cursor cursor = {data, data + length};
	const struct rte_udp_hdr *udp;
	uint8_t protocol = 0;

	*view = (struct view){.length = length};
	switch (ethertype_read(&cursor)) {
	case RTE_ETHER_TYPE_IPV4:
		protocol = ip4_read(view, &cursor);
		break;
	case RTE_ETHER_TYPE_IPV6:
		protocol = ip6_read(view, &cursor);
		break;
	}
	if (protocol != IPPROTO_UDP)
		return;
	udp = take(&cursor, sizeof(*udp));
	if (udp == NULL)
		return;
	view->udp = true;
	view->src_port = udp->src_port;
	view->dst_port = udp->dst_port;
	view->payload = cursor.at;
	view->payload_length = (uint16_t)RTE_MIN(cursor.end - cursor.at,
	                                         RTE_MAX(rte_be_to_cpu_16(udp->dgram_len), 8) - 8);
}

static void datagram_read(struct view *view, struct rte_mbuf *mbuf)
{
	const struct packet *packet = packet_of(mbuf);

	*view = (struct view){
	        .src = packet->flow.src,
	        .dst = packet->dst,
	        .src_port = packet->flow.src_port,
	        .dst_port = packet->dst_port,
	        .ip = true,
	        .udp = true,
	};
}

/* From the publisher to us: the metadata has no room for both. */
static void rtp_read(struct view *view, const struct dataplane *dp, struct rte_mbuf *mbuf)
{
	const struct media *media = dp->media;
	uint32_t wanted = packet_of(mbuf)->media.stream;
	uint32_t index = wanted <= media->max_streams ? wanted : 0;
	const struct stream *stream = &media->streams[index];
	const struct endpoint *endpoint = &media->endpoints[stream->endpoint];

	*view = (struct view){
	        .src = endpoint->remote.ip,
	        .dst = endpoint->local.ip,
	        .src_port = endpoint->remote.port,
	        .dst_port = endpoint->local.port,
	        .ip = true,
	        .udp = true,
	        .stream = index,
	};
}

void view_read(struct view *view, const struct dataplane *dp, struct rte_mbuf *mbuf,
               enum packet_form form)
{
	const uint8_t *data = rte_pktmbuf_mtod(mbuf, const uint8_t *);

	if (form == PACKET_FRAME || form == PACKET_FRAME_OUT) {
		view_read_frame(view, data, mbuf->data_len);
		view->length = mbuf->pkt_len;
		return;
	}
	if (form == PACKET_RTP)
		rtp_read(view, dp, mbuf);
	else
		datagram_read(view, mbuf);
	view->length = mbuf->pkt_len;
	view->payload = data;
	view->payload_length = mbuf->data_len;
}

uint16_t view_headers_write(const struct view *view, uint8_t headers[VIEW_HEADERS_MAX])
{
	static const struct rte_ether_addr nobody;
	const struct headers said = {
	        .src = &view->src,
	        .dst = &view->dst,
	        .src_port = view->src_port,
	        .dst_port = view->dst_port,
	        .hop_limit = HEADERS_HOP_LIMIT,
	};
	bool v4 = ip_addr_is_v4(&view->src);
	uint16_t l3 = headers_l3_length(v4);
	struct rte_udp_hdr udp = {.dgram_cksum = 0}; /* left out: none has been computed yet */
	uint16_t length = (uint16_t)(sizeof(udp) + view->length);
	uint8_t *ip = headers + sizeof(struct rte_ether_hdr);

	headers_ethernet_write(headers, &nobody, &nobody, 0, v4);
	headers_ip_write(ip, &said, l3 + length, v4);
	headers_udp_write(&udp, &said, length);
	memcpy(ip + l3, &udp, sizeof(udp));
	return (uint16_t)(ip + l3 + sizeof(udp) - headers);
}
