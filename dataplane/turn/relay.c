/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/relay.h"

#include <errno.h>
#include <string.h>

/* Random picks before the ranges are walked: enough while one port in four is free. */
#define RANDOM_PICKS 16

/* -- ranges -- */

int port_ranges_add(struct port_ranges *ranges, uint16_t first, uint16_t last)
{
	struct port_ranges sum = {0};
	struct port_range add = {first, last};
	bool added = first == 0;

	for (uint32_t i = 0; i <= ranges->count; i++) {
		struct port_range next = {UINT16_MAX, UINT16_MAX};

		if (i < ranges->count)
			next = ranges->ranges[i];
		/* what touches or overlaps becomes one with it */
		if (!added && i < ranges->count && next.first <= (uint32_t)add.last + 1 &&
		    add.first <= (uint32_t)next.last + 1) {
			add.first = next.first < add.first ? next.first : add.first;
			add.last = next.last > add.last ? next.last : add.last;
			continue;
		}
		if (!added && (i == ranges->count || next.first > add.last)) {
			if (sum.count == RELAY_RANGES_MAX)
				return -ENOSPC;
			sum.ranges[sum.count++] = add;
			added = true;
		}
		if (i == ranges->count)
			break;
		if (sum.count == RELAY_RANGES_MAX)
			return -ENOSPC;
		sum.ranges[sum.count++] = next;
	}
	for (uint32_t i = 0; i < sum.count; i++)
		sum.size += (uint32_t)sum.ranges[i].last - sum.ranges[i].first + 1;
	*ranges = sum;
	return 0;
}

bool port_ranges_equal(const struct port_ranges *a, const struct port_ranges *b)
{
	return a->count == b->count &&
	       memcmp(a->ranges, b->ranges, a->count * sizeof(a->ranges[0])) == 0;
}

/* The n-th port of all, and the range that holds it. */
static uint16_t range_port(const struct port_ranges *ranges, uint32_t n,
                           const struct port_range **range)
{
	*range = ranges->ranges;
	while (n > (uint32_t)(*range)->last - (*range)->first) {
		n -= (uint32_t)(*range)->last - (*range)->first + 1;
		(*range)++;
	}
	return (*range)->first + n;
}

/* -- words -- */

bool relay_port_used(const struct relay *relay, uint16_t port)
{
	return __atomic_load_n(&relay->ports[port], __ATOMIC_RELAXED) != RELAY_PORT_FREE;
}

static bool word_claim(struct relay *relay, uint16_t port, uint32_t owner)
{
	uint32_t *word = &relay->ports[port];
	uint32_t expected = RELAY_PORT_FREE;

	return __atomic_load_n(word, __ATOMIC_RELAXED) == RELAY_PORT_FREE &&
	       __atomic_compare_exchange_n(word, &expected, owner, false, __ATOMIC_ACQ_REL,
	                                   __ATOMIC_RELAXED);
}

static void word_free(struct relay *relay, uint16_t port)
{
	__atomic_store_n(&relay->ports[port], RELAY_PORT_FREE, __ATOMIC_RELEASE);
	__atomic_add_fetch(&relay->releases, 1, __ATOMIC_RELEASE);
}

static bool port_try(struct relay *relay, const struct port_range *range, uint16_t port,
                     uint32_t owner, bool even, uint32_t pair)
{
	if (even && port % 2 != 0)
		return false;
	if (pair != 0 && port == range->last)
		return false;
	if (!word_claim(relay, port, owner))
		return false;
	if (pair == 0 || word_claim(relay, port + 1, pair))
		return true;
	word_free(relay, port);
	return false;
}

/* Some random ports, then all from a random one on. */
static uint16_t port_search(struct relay *relay, const struct port_ranges *ranges,
                            struct random *random, uint32_t owner, bool even, uint32_t pair)
{
	const struct port_range *range;
	uint32_t at;
	uint16_t port;

	for (int i = 0; i < RANDOM_PICKS; i++) {
		port = range_port(ranges, random_below(random, ranges->size), &range);
		/* An odd pick stands for the even port below it. */
		if (even && port % 2 != 0 && port > range->first)
			port--;
		if (port_try(relay, range, port, owner, even, pair))
			return port;
	}
	at = random_below(random, ranges->size);
	for (uint32_t i = 0; i < ranges->size; i++) {
		port = range_port(ranges, at, &range);
		if (port_try(relay, range, port, owner, even, pair))
			return port;
		at = at + 1 == ranges->size ? 0 : at + 1;
	}
	return 0;
}

uint16_t relay_port_claim(struct relay *relay, struct random *random, uint32_t owner, bool even,
                          uint32_t pair)
{
	const struct port_ranges *ranges = __atomic_load_n(&relay->open, __ATOMIC_ACQUIRE);
	enum relay_claim claim = pair != 0 ? RELAY_CLAIM_PAIR
	                         : even    ? RELAY_CLAIM_EVEN
	                                   : RELAY_CLAIM_ANY;
	uint32_t releases = __atomic_load_n(&relay->releases, __ATOMIC_ACQUIRE);
	uint16_t port;

	if (__atomic_load_n(&relay->full[claim], __ATOMIC_RELAXED) == releases + 1)
		return 0;
	port = port_search(relay, ranges, random, owner, even, pair);
	if (port != 0)
		__atomic_add_fetch(&relay->used, pair != 0 ? 2 : 1, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&relay->full[claim], releases + 1, __ATOMIC_RELAXED);
	return port;
}

bool relay_port_take(struct relay *relay, uint16_t port, uint32_t word)
{
	if (!word_claim(relay, port, word))
		return false;
	__atomic_add_fetch(&relay->used, 1, __ATOMIC_RELAXED);
	return true;
}

void relay_port_release(struct relay *relay, uint16_t port)
{
	word_free(relay, port);
	__atomic_sub_fetch(&relay->used, 1, __ATOMIC_RELAXED);
}

bool relay_port_transfer(struct relay *relay, uint16_t port, uint32_t from, uint32_t to)
{
	if (!__atomic_compare_exchange_n(&relay->ports[port], &from, to, false, __ATOMIC_ACQ_REL,
	                                 __ATOMIC_RELAXED))
		return false;
	if (to == RELAY_PORT_FREE) {
		__atomic_sub_fetch(&relay->used, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&relay->releases, 1, __ATOMIC_RELEASE);
	}
	return true;
}

void relay_ranges_changed(struct relay *relay)
{
	__atomic_add_fetch(&relay->releases, 1, __ATOMIC_RELEASE);
}
