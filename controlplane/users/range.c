/* SPDX-License-Identifier: BSD-3-Clause */
#include "users/range.h"

#include "command/addr.h"
#include "command/command.h"

#include <stdbool.h>
#include <string.h>

#include <arpa/inet.h>

#define RANGE_TEXT_MAX (2 * INET6_ADDRSTRLEN)
#define V4_PREFIX_BITS 96

typedef unsigned __int128 address;

static address address_of(const struct sluice_addr *addr)
{
	address value = 0;

	for (uint32_t i = 0; i < sizeof(addr->ip); i++)
		value = value << 8 | addr->ip[i];
	return value;
}

static void prefix_write(struct sluice_turn_peer *peer, address first, uint32_t length)
{
	*peer = (struct sluice_turn_peer){0};
	for (uint32_t i = 0; i < sizeof(peer->addr.ip); i++)
		peer->addr.ip[i] = (uint8_t)(first >> (120 - 8 * i));
	peer->length = addr_is_v4(&peer->addr) ? length - V4_PREFIX_BITS : length;
}

/* The bits of all 128 that are its own. */
static uint32_t bits_of(const struct sluice_turn_peer *peer)
{
	return addr_is_v4(&peer->addr) ? peer->length + V4_PREFIX_BITS : peer->length;
}

/* The largest block that begins at `first` and ends within `last`: bits of its size. */
static uint32_t block_bits(address first, address last)
{
	uint32_t bits = 0;

	while (bits < 127 && (first >> bits & 1) == 0 &&
	       first + (((address)2 << bits) - 1) <= last &&
	       first + (((address)2 << bits) - 1) > first)
		bits++;
	return bits;
}

static uint32_t blocks_write(address first, address last, struct sluice_turn_peer *list,
                             uint32_t max)
{
	uint32_t count = 0;

	for (;;) {
		uint32_t bits = block_bits(first, last);
		address end = first + (((address)1 << bits) - 1);

		if (count == max)
			return 0;
		prefix_write(&list[count++], first, 128 - bits);
		if (end >= last)
			return count;
		first = end + 1;
	}
}

static uint32_t range_write(const char *first_text, const char *last_text,
                            struct sluice_turn_peer *list, uint32_t max)
{
	struct sluice_addr first, last;

	if (addr_parse(&first, first_text, NULL) != 0 || addr_parse(&last, last_text, NULL) != 0 ||
	    addr_is_v4(&first) != addr_is_v4(&last) || address_of(&first) > address_of(&last))
		return 0;
	return blocks_write(address_of(&first), address_of(&last), list, max);
}

uint32_t range_prefixes(const char *text, size_t length, struct sluice_turn_peer *list,
                        uint32_t max)
{
	char range[RANGE_TEXT_MAX], why[COMMAND_EXPECTED_MAX], *dash;

	if (max == 0 || length >= sizeof(range) || memchr(text, '\0', length) != NULL)
		return 0;
	memcpy(range, text, length);
	range[length] = '\0';
	dash = strchr(range, '-');
	if (dash != NULL) {
		*dash = '\0';
		return range_write(range, dash + 1, list, max);
	}
	list[0] = (struct sluice_turn_peer){0};
	return addr_parse_prefix(&list[0].addr, &list[0].length, range, why) == 0 ? 1 : 0;
}

/* A prefix is a block of addresses: another one lies in it, or holds it, or is elsewhere. */
static bool holds(const struct sluice_turn_peer *outer, const struct sluice_turn_peer *inner)
{
	uint32_t bits = bits_of(outer);

	return bits <= bits_of(inner) &&
	       (bits == 0 ||
	        (address_of(&outer->addr) ^ address_of(&inner->addr)) >> (128 - bits) == 0);
}

/* Of a prefix that holds `hole`: its half without it, the quarter beside that, and so on. Returns
 * how many, UINT32_MAX: more than `max`. */
static uint32_t halves_write(const struct sluice_turn_peer *prefix,
                             const struct sluice_turn_peer *hole, struct sluice_turn_peer *left,
                             uint32_t max)
{
	uint32_t count = 0;

	for (uint32_t bits = bits_of(prefix) + 1; bits <= bits_of(hole); bits++) {
		address half = (address)1 << (128 - bits);

		if (count == max)
			return UINT32_MAX;
		prefix_write(&left[count], (address_of(&hole->addr) ^ half) & ~(half - 1), bits);
		left[count++].action = prefix->action;
	}
	return count;
}

/* In place: the prefix at `at` gives way to what is left of it. Returns how many there are then. */
static uint32_t hole_make(struct sluice_turn_peer *list, uint32_t count, uint32_t at,
                          const struct sluice_turn_peer *hole, uint32_t max)
{
	const struct sluice_turn_peer prefix = list[at];
	uint32_t halves;

	list[at] = list[--count];
	if (holds(hole, &prefix))
		return count;
	halves = halves_write(&prefix, hole, &list[count], max - count);
	return halves == UINT32_MAX ? UINT32_MAX : count + halves;
}

uint32_t range_subtract(const struct sluice_turn_peer *list, uint32_t count,
                        const struct sluice_turn_peer *without, uint32_t n_without,
                        struct sluice_turn_peer *left, uint32_t max)
{
	uint32_t at;

	if (count > max)
		return UINT32_MAX;
	memcpy(left, list, count * sizeof(*list));
	for (uint32_t i = 0; i < n_without; i++)
		for (at = 0; at < count;) {
			if (!holds(&left[at], &without[i]) && !holds(&without[i], &left[at])) {
				at++;
				continue;
			}
			count = hole_make(left, count, at, &without[i], max);
			if (count == UINT32_MAX)
				return UINT32_MAX;
		}
	return count;
}
