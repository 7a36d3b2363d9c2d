/* SPDX-License-Identifier: BSD-3-Clause */
/* Identifications of datagrams that are in fragments, or may be on their way. */
#ifndef NET_IP_ID_H
#define NET_IP_ID_H

#include "worker.h"

/*
 * Identifications do not repeat within 65,536 datagrams of a worker, and cannot be told from the
 * ones before (RFC 7739): a counter under a keyed permutation, a Feistel network of three rounds.
 */
static inline uint16_t ip_id_next(struct worker *worker)
{
	uint16_t id = ++worker->ip_id;
	uint8_t left = id >> 8, right = (uint8_t)id;

	for (int round = 0; round < 3; round++) {
		uint8_t mixed = (right + worker->ip_id_key[round]) * 0x9e3779b97f4a7c15ull >> 56;
		uint8_t next = left ^ mixed;

		left = right;
		right = next;
	}
	return left << 8 | right;
}

#endif
