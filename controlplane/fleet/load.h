/* SPDX-License-Identifier: BSD-3-Clause */
/* How much this node's dataplane has to do, asked each second. */
#ifndef FLEET_LOAD_H
#define FLEET_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

struct dataplane_client;
struct load;

struct load_now {
	bool known;   /* the dataplane answers */
	uint32_t ppm; /* the fullest of: workers' time, allocations, the quota */
	uint32_t allocations, streams;
};

/* NULL: no memory. */
struct load *load_create(struct event_base *base);
void load_destroy(struct load *load);
void load_serve(struct load *load, struct dataplane_client *client);
/* The dataplane has just answered: how much it has to do is asked at once. */
void load_ready(struct load *load);
void load_get(const struct load *load, struct load_now *now);

#endif
