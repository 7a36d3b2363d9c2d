/* SPDX-License-Identifier: BSD-3-Clause */
#include "users/range.h"

#include "command/addr.h"
#include "command/command.h"

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
