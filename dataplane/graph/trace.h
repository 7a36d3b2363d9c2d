/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What nodes say of a packet in a trace. While one runs, capture/trace.c records the packet before
 * and after each node; the node's formatter turns the two into words, in the control thread.
 * Objects that they name are looked up then, and may have changed meanwhile.
 */
#ifndef GRAPH_TRACE_H
#define GRAPH_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/packet.h"

struct dataplane;
struct stream;

#define TRACE_PAYLOAD       12 /* tells STUN, ChannelData, RTP */
#define TRACE_DATA          64 /* STUN: a response's first attributes */
#define TRACE_TRANSPORT_MAX 56 /* "[IPv6]:port" */
#define TRACE_STUN_MAX      40 /* "STUN CreatePermission indication" */

/* A packet at a node. */
struct trace_step {
	const char *node;
	const char *next; /* NULL: the packet left the graph here */
	uint16_t worker;

	/* before: as people see it, and the metadata */
	struct ip_addr src, dst;
	uint16_t src_port, dst_port;
	uint16_t payload_length;
	uint8_t form; /* enum packet_form */
	bool ip, udp;
	uint32_t length;
	uint8_t payload[TRACE_PAYLOAD];
	struct packet before;

	/* after, unless next is NULL: the metadata, and what the mbuf's data starts with */
	struct packet after;
	uint16_t data_length; /* of what is here */
	uint8_t data[TRACE_DATA];
};

/* What the node made of the packet, but for the next node's name. */
typedef void (*trace_formatter)(const struct dataplane *dp, const struct trace_step *step,
                                char *text, size_t room);

/* The node's, or NULL. */
trace_formatter trace_formatter_find(const char *node);

/* -- words that several of them need -- */

/* "198.18.1.2:5000" */
void trace_transport_text(const struct ip_addr *ip, uint16_t port, char text[TRACE_TRANSPORT_MAX]);
void trace_ip_text(const struct ip_addr *ip, char text[TRACE_TRANSPORT_MAX]);
/* "Allocate request"; four bytes of the message are enough. */
void trace_stun_text(const uint8_t *message, char text[TRACE_STUN_MAX]);
/* "dp0" */
const char *trace_port_name(const struct dataplane *dp, uint16_t port);
/* The stream of a packet in PACKET_RTP's form, or NULL; the names are "gone" where it was deleted
 * meanwhile. */
const struct stream *trace_stream(const struct dataplane *dp, const struct packet *packet);
const char *trace_stream_name(const struct stream *stream);
const char *trace_endpoint_name(const struct dataplane *dp, uint32_t index);

#endif
