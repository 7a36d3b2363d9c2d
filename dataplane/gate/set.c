/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/set.h"

#include <stdlib.h>

static struct gate_range range_of(const struct gate_prefix *prefix)
{
	struct gate_range range = {prefix->ip, prefix->ip};

	for (unsigned int i = 0; i < sizeof(range.first.bytes); i++) {
		unsigned int kept = prefix->length > 8 * i ? prefix->length - 8 * i : 0;
		uint8_t host = kept >= 8 ? 0 : 0xff >> kept;

		range.first.bytes[i] &= ~host;
		range.last.bytes[i] |= host;
	}
	return range;
}

static int range_compare(const void *a, const void *b)
{
	const struct gate_range *left = a, *right = b;

	return memcmp(left->first.bytes, right->first.bytes, sizeof(left->first.bytes));
}

struct gate_set *gate_set_build(const struct gate_prefix *prefixes, uint32_t count)
{
	struct gate_set *set = malloc(sizeof(*set) + count * sizeof(set->ranges[0]));

	if (set == NULL)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		set->ranges[i] = range_of(&prefixes[i]);
	qsort(set->ranges, count, sizeof(set->ranges[0]), range_compare);
	set->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct gate_range *last = set->count > 0 ? &set->ranges[set->count - 1] : NULL;

		/* Prefixes are disjoint or one lies in the other: the wider came first. */
		if (last != NULL && memcmp(set->ranges[i].first.bytes, last->last.bytes,
		                           sizeof(last->last.bytes)) <= 0) {
			if (memcmp(set->ranges[i].last.bytes, last->last.bytes,
			           sizeof(last->last.bytes)) > 0)
				last->last = set->ranges[i].last;
			continue;
		}
		set->ranges[set->count++] = set->ranges[i];
	}
	return set;
}
