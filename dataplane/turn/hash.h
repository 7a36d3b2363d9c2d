/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hashes of the tables that clients fill: keyed with numbers drawn at start, so that a client
 * cannot aim at one chain. Each is two multiplications; names, which have any length, are hashed
 * with SipHash instead.
 */
#ifndef TURN_HASH_H
#define TURN_HASH_H

#include <stdint.h>
#include <string.h>

#include "net/ip_addr.h"

struct hash_seed {
	uint64_t words[4];
};

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* port: network order, 0 for the address alone */
static inline uint64_t hash_peer(const struct hash_seed *seed, uint32_t allocation,
                                 const struct ip_addr *ip, uint16_t port)
{
	uint64_t address = hash_mix(ip->quads[0] ^ seed->words[0], ip->quads[1] ^ seed->words[1]);

	return hash_mix(address ^ seed->words[2],
	                ((uint64_t)allocation << 16 | port) ^ seed->words[3]);
}

static inline uint64_t hash_number(const struct hash_seed *seed, uint32_t allocation,
                                   uint16_t number)
{
	return hash_mix(seed->words[0], ((uint64_t)allocation << 16 | number) ^ seed->words[1]);
}

#endif
