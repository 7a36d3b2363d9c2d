/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams that come in fragments (RFC 791, RFC 8200 4.5), one worker's. Each gathers in a buffer
 * that takes the largest, since every node reads a packet in one piece: so this is no part of
 * DPDK's, which chains buffers and does not see where fragments overlap. Table and buffers are
 * bounded, and what does not become whole in REASSEMBLY_S is given up.
 */
#ifndef NET_REASSEMBLY_H
#define NET_REASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "net/ip_addr.h"
#include "part.h"

#define REASSEMBLY_S          3
#define REASSEMBLY_MAX        65000 /* bytes of a datagram, its UDP header included */
#define REASSEMBLY_SLOTS      64    /* datagrams at once */
#define REASSEMBLY_SOURCE_MAX 8     /* of them of one address (IPv6 /64) */
#define REASSEMBLY_BUFFERS    64    /* of all workers */

struct fragment {
	struct ip_addr src, dst;
	uint32_t id;     /* as it lies in memory */
	uint16_t offset; /* of the data in the datagram */
	uint16_t length; /* of the data */
	bool more;       /* others come behind it */
	bool v4;
	uint16_t l2_length;   /* of what stands before the IP header */
	const uint8_t *frame; /* Ethernet header; the IP header has no options, of IPv6 the fixed
	                         part counts */
	const uint8_t *data;
};

enum reassembly_result {
	REASSEMBLY_HELD,
	REASSEMBLY_WHOLE,
	REASSEMBLY_UNKNOWN,   /* its first fragment has not come */
	REASSEMBLY_NO_BUFFER, /* all are taken */
	REASSEMBLY_OVERLAP,   /* it overlaps or contradicts others: none of them is kept */
	REASSEMBLY_TOO_LONG,
};

struct reassembly;

extern const struct part reassembly_part;

/*
 * Copies the fragment's data. *whole: the datagram as one frame, its IP header rewritten; the
 * caller's. now: worker.now.
 */
enum reassembly_result reassembly_take(struct reassembly *reassembly,
                                       const struct fragment *fragment, uint32_t now,
                                       struct rte_mbuf **whole);
/* True where others of this datagram are kept. */
bool reassembly_knows(const struct reassembly *reassembly, const struct fragment *fragment);
/* Gives up what is too old. */
void reassembly_expire(struct reassembly *reassembly, uint32_t now);

#endif
