/* SPDX-License-Identifier: BSD-3-Clause */
/* Regions and nodes for tests: addresses and names follow from numbers. */
#ifndef REGION_FIXTURE_H
#define REGION_FIXTURE_H

#include "region/view.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#define MS 1000000ull

static inline struct node_record record_make(const char *region, const char *id, uint64_t seq)
{
	struct node_record record = {.seq = seq, .started = 1, .capacity_pps = 1000000};

	snprintf(record.region, sizeof(record.region), "%s", region);
	snprintf(record.id, sizeof(record.id), "%s", id);
	record.addr4.ip[10] = record.addr4.ip[11] = 0xff;
	record.addr4.ip[12] = 198;
	record.addr4.ip[13] = 18;
	record.addr4.ip[15] = 1;
	record.addr4.port = htons(3478);
	return record;
}

#endif
