/* SPDX-License-Identifier: BSD-3-Clause */
/* How much this node's dataplane has to do, asked each second over a connection of its own. */
#ifndef FLEET_LOAD_H
#define FLEET_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

struct load;
struct seqpacket_record;

struct load_now {
	bool known;   /* the dataplane answers */
	uint32_t ppm; /* the fullest of: workers' time, allocations, the quota */
	uint32_t allocations, streams;
};

/* NULL: no memory. */
struct load *load_create(struct event_base *base, const char *path,
                         struct seqpacket_record *buffer);
void load_destroy(struct load *load);
void load_get(const struct load *load, struct load_now *now);
/* on: ends all allocations that are shown, until there is none; off: those that come now stay. */
void load_end_allocations(struct load *load, bool on);

#endif
