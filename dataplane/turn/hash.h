/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hashes of the tables that clients fill: keyed with numbers drawn at start, so that nobody can aim
 * at one chain. Each is two multiplications; names, which have any length, are hashed with SipHash
 * instead.
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

/* As rte_hash wants it: three words and 32 bits of seed. */
static inline uint32_t hash_three_words(const void *key, uint32_t length, uint32_t seed)
{
	uint64_t words[3];
	uint64_t hash;

	memcpy(words, key, sizeof(words));
	hash = hash_mix(words[0] ^ seed * 0x9e3779b97f4a7c15ull,
	                words[1] ^ seed * 0xd6e8feb86659fd93ull);
	hash = hash_mix(hash ^ words[2], seed * 0xc2b2ae3d27d4eb4full ^ 0xff51afd7ed558ccdull);
	return (uint32_t)(hash ^ hash >> 32);
}

#endif
