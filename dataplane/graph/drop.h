/* SPDX-License-Identifier: BSD-3-Clause */
/* Why a packet was dropped. A new reason is a line here and its row in drop_reason.c. */
#ifndef GRAPH_DROP_H
#define GRAPH_DROP_H

#include "graph/packet.h"

/* Each node's edge 0 leads to the drop node. */
#define EDGE_DROP 0

enum drop_reason {
	/* classify */
	DROP_NONE,
	DROP_ETHERNET_SHORT,
	DROP_SEGMENTED,
	DROP_IP_HEADER,
	DROP_IP4_CHECKSUM,
	DROP_IP4_OPTIONS,
	DROP_IP_FRAGMENT,
	DROP_IP6_EXTENSION,
	DROP_IP_SOURCE,
	DROP_UDP_LENGTH,
	DROP_UDP_CHECKSUM,
	DROP_NOT_OURS,
	DROP_UNKNOWN_CLASS,
	DROP_GATE,
	/* STUN and TURN */
	DROP_STUN_MALFORMED,
	DROP_STUN_FINGERPRINT,
	DROP_STUN_RESPONSE,
	DROP_STUN_METHOD,
	DROP_STUN_SOURCE_PORT,
	DROP_TURN_NO_ALLOCATION,
	DROP_TURN_NO_CHANNEL,
	DROP_TURN_NO_PERMISSION,
	DROP_TURN_PEER_DENIED,
	DROP_TURN_EXPIRED,
	DROP_TURN_RATE,
	DROP_TURN_MALFORMED,
	DROP_TURN_FAMILY,
	DROP_TURN_NOT_CONFIGURED,
	DROP_TURN_USER_WANTED,
	DROP_TURN_WANTED_FULL,
	DROP_TURN_ATTEMPTS,
	/* SRTP */
	DROP_MEDIA_NO_ENDPOINT,
	DROP_MEDIA_NO_STREAM,
	DROP_MEDIA_NO_SUBSCRIPTION,
	DROP_RTP_MALFORMED,
	DROP_RTX_PADDING,
	DROP_RTX_AHEAD,
	DROP_SRTP_AUTH,
	DROP_SRTP_REPLAY,
	DROP_SRTP_OLD,
	DROP_SRTCP_SENDERS,
	DROP_SRTP_CIPHER,
	DROP_MEDIA_BACKLOG,
	/* output */
	DROP_HOP_LIMIT,
	DROP_NO_ROUTE,
	DROP_NEIGHBOUR_PENDING,
	DROP_NEIGHBOUR_FAILED,
	DROP_NEIGHBOUR_LIMIT,
	DROP_TOO_BIG,
	DROP_HEADROOM,
	DROP_PORT_DOWN,
	DROP_TX_FULL,
	/* between threads */
	DROP_RING_FULL,
	DROP_KERNEL_FULL,
	DROP_KERNEL_NONE,
	DROP_REASONS,
};

struct drop_reason_info {
	const char *name; /* of the counter drop.NAME */
	const char *help;
};

extern const struct drop_reason_info drop_reasons[DROP_REASONS];

/* A step ends with `return drop(mbuf, DROP_X)`. */
static inline uint16_t drop(struct rte_mbuf *mbuf, enum drop_reason reason)
{
	packet_of(mbuf)->reason = reason;
	return EDGE_DROP;
}

#endif
