/* SPDX-License-Identifier: BSD-3-Clause */
#include "region/weight.h"

#include <string.h>

#include <siphash.h>

#define FULL_PPM     950000 /* a node that still has to carry what it has */
#define UNIT_PPS     100000 /* of capacity */
#define UNITS        1000   /* at most */
#define UNITS_UNSAID 10

uint64_t choice_hash(const void *bytes, size_t length)
{
	const struct siphash_key key = {0};
	struct siphash_state state = siphash_begin(&key);
	const uint8_t *at = bytes;
	uint64_t word;

	for (size_t left = length; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		siphash_word(&state, word);
	}
	word = 0;
	memcpy(&word, at, length % sizeof(word));
	return siphash_end(&state, word, length);
}

uint32_t choice_weight(const struct node_record *record)
{
	uint64_t units = (record->capacity_pps + UNIT_PPS - 1) / UNIT_PPS;
	uint32_t spare;

	if (record->load_ppm >= FULL_PPM)
		return 0;
	if (units == 0)
		units = UNITS_UNSAID;
	spare = FULL_PPM - record->load_ppm;
	return (units < UNITS ? units : UNITS) * ((spare * CHOICE_STEPS + FULL_PPM - 1) / FULL_PPM);
}
