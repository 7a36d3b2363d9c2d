/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/reassembly.h"

#include "dataplane.h"
#include "graph/drop.h"
#include "net/checksum.h"

#include <rte_ip.h>
#include <rte_malloc.h>

#include <errno.h>
#include <string.h>

#define UNIT  8 /* bytes; fragments begin at multiples of it */
#define UNITS (65536 / UNIT)

/* A datagram that gathers. mbuf NULL: free. */
struct slot {
	struct ip_addr src, dst;
	uint32_t id;
	uint32_t begun;
	uint32_t have;   /* bytes that have come */
	uint32_t total;  /* 0: the last fragment has not come */
	uint32_t behind; /* where the furthest fragment ends */
	uint16_t l2_length;
	bool v4;
	struct rte_mbuf *mbuf;
	uint8_t *data;              /* of the datagram, in mbuf */
	uint64_t units[UNITS / 64]; /* that have come */
};

struct reassembly {
	struct rte_mempool *pool;
	uint64_t *drops;
	uint32_t count;
	struct slot slots[REASSEMBLY_SLOTS];
};

static void slot_free(struct reassembly *reassembly, struct slot *slot)
{
	rte_pktmbuf_free(slot->mbuf);
	slot->mbuf = NULL;
	reassembly->count--;
}

static void slot_give_up(struct reassembly *reassembly, struct slot *slot, enum drop_reason reason)
{
	reassembly->drops[reason]++;
	slot_free(reassembly, slot);
}

void reassembly_expire(struct reassembly *reassembly, uint32_t now)
{
	for (uint32_t i = 0; i < REASSEMBLY_SLOTS && reassembly->count != 0; i++) {
		struct slot *slot = &reassembly->slots[i];

		if (slot->mbuf != NULL && now - slot->begun >= REASSEMBLY_S)
			slot_give_up(reassembly, slot, DROP_FRAGMENT_TIMEOUT);
	}
}

static bool slot_is(const struct slot *slot, const struct fragment *fragment)
{
	return slot->mbuf != NULL && slot->id == fragment->id &&
	       ip_addr_equal(&slot->src, &fragment->src) &&
	       ip_addr_equal(&slot->dst, &fragment->dst);
}

static struct slot *slot_find(struct reassembly *reassembly, const struct fragment *fragment)
{
	for (uint32_t i = 0; i < REASSEMBLY_SLOTS && reassembly->count != 0; i++)
		if (slot_is(&reassembly->slots[i], fragment))
			return &reassembly->slots[i];
	return NULL;
}

bool reassembly_knows(const struct reassembly *reassembly, const struct fragment *fragment)
{
	return slot_find((struct reassembly *)(uintptr_t)reassembly, fragment) != NULL;
}

/* The unit of an attacker: one IPv4 address, or an IPv6 /64. */
static bool same_source(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->quads[0] == b->quads[0] && (a->quads[0] != 0 || a->quads[1] == b->quads[1]);
}

static void older(struct slot **oldest, struct slot *slot)
{
	if (*oldest == NULL || (int32_t)(slot->begun - (*oldest)->begun) < 0)
		*oldest = slot;
}

/* The source's own oldest gives way to its next, everybody's oldest only where all are taken. */
static struct slot *slot_take(struct reassembly *reassembly, const struct ip_addr *src)
{
	struct slot *empty = NULL, *oldest = NULL, *own = NULL;
	uint32_t owned = 0;

	for (uint32_t i = 0; i < REASSEMBLY_SLOTS; i++) {
		struct slot *slot = &reassembly->slots[i];

		if (slot->mbuf == NULL) {
			empty = slot;
			continue;
		}
		older(&oldest, slot);
		if (same_source(&slot->src, src)) {
			older(&own, slot);
			owned++;
		}
	}
	if (owned >= REASSEMBLY_SOURCE_MAX)
		empty = own;
	else if (empty == NULL)
		empty = oldest;
	if (empty->mbuf != NULL)
		slot_give_up(reassembly, empty, DROP_FRAGMENT_FULL);
	return empty;
}

/* The frame's headers, and room behind them for all data that may come. */
static struct slot *slot_begin(struct reassembly *reassembly, const struct fragment *fragment,
                               uint32_t now)
{
	uint16_t headers = fragment->l2_length + (fragment->v4 ? sizeof(struct rte_ipv4_hdr)
	                                                       : sizeof(struct rte_ipv6_hdr));
	struct slot *slot;
	struct rte_mbuf *mbuf;

	reassembly_expire(reassembly, now);
	slot = slot_take(reassembly, &fragment->src);
	mbuf = rte_pktmbuf_alloc(reassembly->pool);
	if (mbuf == NULL)
		return NULL;
	*slot = (struct slot){
	        .src = fragment->src,
	        .dst = fragment->dst,
	        .id = fragment->id,
	        .begun = now,
	        .l2_length = fragment->l2_length,
	        .v4 = fragment->v4,
	        .mbuf = mbuf,
	        .data = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, headers),
	};
	memcpy(rte_pktmbuf_mtod(mbuf, void *), fragment->frame, headers);
	reassembly->count++;
	return slot;
}

/* How many of these units have come before; they have now. */
static uint32_t units_mark(struct slot *slot, uint32_t first, uint32_t count)
{
	uint32_t before = 0;

	for (uint32_t unit = first; unit < first + count; unit++) {
		uint64_t bit = 1ull << unit % 64;

		before += (slot->units[unit / 64] & bit) != 0;
		slot->units[unit / 64] |= bit;
	}
	return before;
}

/* False where the fragment cannot be of the same datagram as the others. */
static bool slot_put(struct slot *slot, const struct fragment *fragment)
{
	uint32_t end = (uint32_t)fragment->offset + fragment->length;
	uint32_t count = (fragment->length + UNIT - 1) / UNIT, before;

	if (slot->total != 0 && (fragment->more ? end >= slot->total : end != slot->total))
		return false;
	if (!fragment->more && end < slot->behind)
		return false;
	before = units_mark(slot, fragment->offset / UNIT, count);
	if (before != 0) /* the network may double one; anything else is an attack (RFC 5722) */
		return before == count &&
		       memcmp(slot->data + fragment->offset, fragment->data, fragment->length) == 0;
	memcpy(slot->data + fragment->offset, fragment->data, fragment->length);
	slot->have += fragment->length;
	slot->behind = RTE_MAX(slot->behind, end);
	if (!fragment->more)
		slot->total = end;
	return true;
}

static void ip4_finish(struct rte_ipv4_hdr *ip, uint32_t total)
{
	ip->total_length = rte_cpu_to_be_16(sizeof(*ip) + total);
	ip->fragment_offset &= RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~checksum_ip4_header(ip);
}

static struct rte_mbuf *slot_finish(struct reassembly *reassembly, struct slot *slot)
{
	struct rte_mbuf *mbuf = slot->mbuf;
	void *ip = rte_pktmbuf_mtod_offset(mbuf, void *, slot->l2_length);
	struct rte_ipv6_hdr *ip6 = ip;

	if (slot->v4) {
		ip4_finish(ip, slot->total);
	} else {
		ip6->payload_len = rte_cpu_to_be_16(slot->total);
		ip6->proto = IPPROTO_UDP;
	}
	mbuf->data_len = slot->data + slot->total - rte_pktmbuf_mtod(mbuf, uint8_t *);
	mbuf->pkt_len = mbuf->data_len;
	slot->mbuf = NULL;
	reassembly->count--;
	return mbuf;
}

enum reassembly_result reassembly_take(struct reassembly *reassembly,
                                       const struct fragment *fragment, uint32_t now,
                                       struct rte_mbuf **whole)
{
	struct slot *slot = slot_find(reassembly, fragment);

	if (slot == NULL && fragment->offset != 0)
		return REASSEMBLY_UNKNOWN;
	if ((uint32_t)fragment->offset + fragment->length > REASSEMBLY_MAX) {
		if (slot != NULL)
			slot_free(reassembly, slot);
		return REASSEMBLY_TOO_LONG;
	}
	if (slot == NULL)
		slot = slot_begin(reassembly, fragment, now);
	if (slot == NULL)
		return REASSEMBLY_NO_BUFFER;
	if (fragment->length == 0 || (fragment->more && fragment->length % UNIT != 0) ||
	    !slot_put(slot, fragment)) {
		slot_free(reassembly, slot);
		return REASSEMBLY_OVERLAP;
	}
	if (slot->have != slot->total)
		return REASSEMBLY_HELD;
	*whole = slot_finish(reassembly, slot);
	return REASSEMBLY_WHOLE;
}

static int create(struct dataplane *dp)
{
	dp->datagrams = rte_pktmbuf_pool_create("datagrams", REASSEMBLY_BUFFERS, 0,
	                                        sizeof(struct packet), UINT16_MAX, SOCKET_ID_ANY);
	return dp->datagrams != NULL ? 0 : -ENOMEM;
}

static void destroy(struct dataplane *dp)
{
	rte_mempool_free(dp->datagrams);
}

static int worker_part_create(struct worker *worker)
{
	struct reassembly *reassembly =
	        rte_zmalloc("reassembly", sizeof(*reassembly), RTE_CACHE_LINE_SIZE);

	worker->reassembly = reassembly;
	if (reassembly == NULL)
		return -ENOMEM;
	reassembly->pool = worker->dp->datagrams;
	reassembly->drops = worker->drops;
	return 0;
}

static void worker_part_destroy(struct worker *worker)
{
	struct reassembly *reassembly = worker->reassembly;

	for (uint32_t i = 0; reassembly != NULL && i < REASSEMBLY_SLOTS; i++)
		rte_pktmbuf_free(reassembly->slots[i].mbuf);
	rte_free(reassembly);
}

static void housekeep(struct worker *worker)
{
	if (worker->reassembly->count != 0)
		reassembly_expire(worker->reassembly, worker->now);
}

const struct part reassembly_part = {
        .name = "datagrams in fragments",
        .create = create,
        .destroy = destroy,
        .worker_create = worker_part_create,
        .worker_destroy = worker_part_destroy,
        .housekeep = housekeep,
};
