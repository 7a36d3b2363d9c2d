/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the graph knows of a packet: one cache line in the mbuf's private area.
 *
 * Inbound, `classify` fills it from the headers, and the mbuf's data starts at the Ethernet header.
 * From the node that decides to send on (turn_*), it describes the packet to be: the mbuf's data
 * then is the UDP payload and nothing else, and ip_output writes UDP, IP and Ethernet headers into
 * the headroom.
 */
#ifndef GRAPH_PACKET_H
#define GRAPH_PACKET_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "net/ip_addr.h"

/* The hash key of everything that belongs to a flow. */
struct five_tuple {
	struct ip_addr src;
	uint16_t src_port;   /* network order */
	uint16_t service;    /* index of the listener: stands for the local address and port */
	uint32_t connection; /* stream/stream.h: by which a client came; 0: datagrams have none */
};
static_assert(sizeof(struct five_tuple) == 24, "a hash key of three words");

enum packet_flag {
	PACKET_DONT_FRAGMENT = 1 << 0, /* IPv4's DF, kept across the relay (RFC 8656, 16) */
	PACKET_HANDED_OVER =
	        1 << 1, /* came through another worker's ring: is not handed over again */
	PACKET_REASSEMBLED = 1 << 2, /* came in fragments: no XDP program has seen it whole */
	PACKET_WHOLE = 1 << 3, /* DONT-FRAGMENT asked that it be dropped rather than fragmented */
	PACKET_CONNECTION_END = 1 << 4, /* no message: its client's connection has ended */
};

/* Where a packet from a worker's inbox enters the graph: port_rx's edges. */
enum packet_entry {
	PACKET_ENTRY_CLASSIFY,     /* as it was received */
	PACKET_ENTRY_IP_OUTPUT,    /* as a node left it that sends */
	PACKET_ENTRY_PORT_TX,      /* a whole frame for packet->port */
	PACKET_ENTRY_SRTP_ENCRYPT, /* plaintext RTP for this worker's subscriptions */
	/* of a client's connection, as its thread has cut it out; and for one */
	PACKET_ENTRY_STUN,
	PACKET_ENTRY_SRTP_DECRYPT,
	PACKET_ENTRY_STREAM_OUTPUT,
	PACKET_ENTRIES,
};

/* What an mbuf's data starts with, for captures and traces. */
enum packet_form {
	PACKET_FRAME,     /* Ethernet, as received */
	PACKET_DATAGRAM,  /* UDP payload: the metadata says where it goes */
	PACKET_RTP,       /* plaintext RTP: packet->media */
	PACKET_FRAME_OUT, /* Ethernet, as it is to be sent */
};

/* How ip_output gets the UDP checksum. */
enum packet_sum {
	PACKET_SUM_COMPUTE, /* over the whole payload, or by the NIC */
	PACKET_SUM_KNOWN,   /* payload_sum holds the payload's one's complement sum, 16 bits, as it
	                       lies in memory */
	PACKET_SUM_NONE, /* the sender left it out (IPv4 only): so do we, unless IPv6 demands it */
};

/* From srtp_decrypt on: an RTP packet in plaintext, the mbuf's data starts at its header. Read only
 * once media_route has given it to several workers. */
struct packet_media {
	uint64_t index; /* the source's ROC << 16 | SEQ */
	union {
		uint32_t stream;   /* index into media->streams */
		uint32_t endpoint; /* of an RTCP compound, for the node rtcp: into media->endpoints
		                    */
	};
	uint32_t serial;         /* the stream's, whatever its place holds by now */
	uint32_t timestamp;      /* host order, as its other fields */
	uint16_t header_length;  /* CSRCs and extension included */
	uint16_t payload_length; /* padding included */
	uint16_t ext_offset;     /* of the first extension element; 0: none */
	uint16_t ext_length;
	uint16_t ext_profile;
	uint8_t payload_type;
	uint8_t marker;
	uint8_t repeat; /* it came as RTX (RFC 4588), still with the number that it
	                   repeats */
	uint8_t codec;  /* enum sluice_codec */
	uint8_t key;    /* it begins a key frame; of codecs that tell */
	uint8_t frame;  /* media/codec.h, FRAME_TELLS: its temporal layer; not of VP8 */
};
static_assert(sizeof(struct packet_media) <= 40, "in place of flow and destination");

struct packet {
	union {
		struct {
			struct five_tuple flow; /* classify sets service */
			struct ip_addr dst;
		};
		struct packet_media media;
	};
	uint16_t dst_port;       /* network order */
	uint16_t payload_offset; /* from the mbuf's data start; inbound only */
	uint16_t payload_length; /* UDP payload, from the UDP header, checked against IP and mbuf */
	uint16_t payload_sum;
	uint8_t sum;           /* enum packet_sum */
	uint8_t flags;         /* enum packet_flag */
	uint8_t hop_limit;     /* TTL, hop limit */
	uint8_t traffic_class; /* DSCP and ECN */
	uint8_t reason;        /* enum drop_reason, set on the way to drop */
	uint8_t entry;         /* enum packet_entry, of a packet in the inbox */
	uint16_t port; /* inbound: received on, outbound: to send on; index into the port table */
	union {
		uint16_t queue;  /* inbound: of the port */
		uint16_t worker; /* on the way to hand_over: whose it is */
	};
	uint8_t service_kind; /* enum service_kind, set by classify */
	uint8_t form;         /* enum packet_form; port_tx has frames whatever it says */
	uint8_t verdict;      /* enum gate_verdict, set by gate for traces */
	uint8_t session;      /* set by classify: index + 1 of the port of sessions; 0: none */
	uint16_t node;        /* rte_node's id: who sent it to drop */
};
static_assert(sizeof(struct packet) <= RTE_CACHE_LINE_MIN_SIZE, "the metadata is one cache line");

static inline struct packet *packet_of(struct rte_mbuf *mbuf)
{
	return rte_mbuf_to_priv(mbuf);
}

/* Where it enters to be taken again, as it was received: there is no frame in front of what came by
 * a connection. */
static inline uint8_t packet_entry_again(const struct packet *packet, bool srtp)
{
	if (likely(packet->flow.connection == 0))
		return PACKET_ENTRY_CLASSIFY;
	return srtp ? PACKET_ENTRY_SRTP_DECRYPT : PACKET_ENTRY_STUN;
}

/* Where a datagram enters that is to be sent by the connection; 0: to its address. */
static inline uint8_t packet_entry_output(uint32_t connection)
{
	return likely(connection == 0) ? PACKET_ENTRY_IP_OUTPUT : PACKET_ENTRY_STREAM_OUTPUT;
}

/* Of a received frame that classify has read: up to its IP header, behind the tags, it is sound. */
static inline uint16_t packet_ip_offset(const struct rte_mbuf *mbuf)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint16_t type = ((const struct rte_ether_hdr *)frame)->ether_type;
	uint16_t at = sizeof(struct rte_ether_hdr);

	while (type == RTE_BE16(RTE_ETHER_TYPE_VLAN) || type == RTE_BE16(RTE_ETHER_TYPE_QINQ)) {
		type = ((const struct rte_vlan_hdr *)(frame + at))->eth_proto;
		at += sizeof(struct rte_vlan_hdr);
	}
	return at;
}

#endif
