/* SPDX-License-Identifier: BSD-3-Clause */
/* What an endpoint is sent of our own accord. */
#ifndef MEDIA_DATAGRAM_H
#define MEDIA_DATAGRAM_H

#include "media/state.h"
#include "net/headers.h"

/* The mbuf's payload, from where the endpoint's packets leave. */
static inline void datagram_address(struct rte_mbuf *mbuf, const struct endpoint *endpoint,
                                    const struct transport_addr *to)
{
	*packet_of(mbuf) = (struct packet){
	        .flow = {.src = endpoint->local.ip,
	                 .src_port = endpoint->local.port,
	                 .connection = endpoint->connection},
	        .dst = to->ip,
	        .dst_port = to->port,
	        .sum = PACKET_SUM_COMPUTE,
	        .hop_limit = HEADERS_HOP_LIMIT,
	        .entry = packet_entry_output(endpoint->connection),
	        .form = PACKET_DATAGRAM,
	};
}

#endif
