/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood.h"

#include <string.h>

/* xorshift64*: no secret, only different each time */
static uint64_t number(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dull;
}

/* Anywhere that a packet may come from, but for the laboratory's own 198.18.0.0/15. */
static uint32_t ip4_anywhere(uint64_t *state)
{
	uint32_t ip;

	do {
		ip = number(state) >> 32;
	} while (ip >> 24 == 0 || ip >> 24 == 127 || ip >> 24 >= 224 || ip >> 17 == 0xc612 >> 1);
	return ip;
}

static void ip4_next(const struct flood_options *options, uint64_t *state, struct ip_addr *ip)
{
	if (options->source == FLOOD_SPREAD)
		*ip = ip_addr_v4(rte_cpu_to_be_32(ip4_anywhere(state)));
	else if (options->source == FLOOD_NET)
		ip->bytes[15] = 1 + (number(state) >> 32) % 254;
}

/* 2000::/4 has no address of the laboratory, whose 2001:2:: is left out by its third byte. */
static void ip6_next(const struct flood_options *options, uint64_t *state, struct ip_addr *ip)
{
	uint64_t high = number(state), low = number(state);

	if (options->source == FLOOD_ONE)
		return;
	memcpy(ip->bytes + 8, &low, sizeof(low));
	memcpy(ip->bytes + 6, (uint8_t *)&high + 6, 2);
	if (options->source == FLOOD_SPREAD) {
		memcpy(ip->bytes, &high, sizeof(high));
		ip->bytes[0] = 0x2a;
	}
}

void source_next(const struct flood_options *options, uint64_t *state, struct transport_addr *from)
{
	from->ip = options->victim;
	if (ip_addr_is_v4(&options->to.ip))
		ip4_next(options, state, &from->ip);
	else
		ip6_next(options, state, &from->ip);
	if (options->from_port != 0)
		from->port = rte_cpu_to_be_16(options->from_port);
	else
		from->port = rte_cpu_to_be_16(1024 + (number(state) >> 32) % 64000);
}
