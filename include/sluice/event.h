/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of state, told as they happen. The control plane's alone. */
#ifndef SLUICE_EVENT_H
#define SLUICE_EVENT_H

#include <sluice/turn.h>

/* SLUICE_EVENTS -> rows, a reply each, until the client closes. */
struct sluice_events {
	uint32_t allocations; /* 1: those that begin and end as well */
};
static_assert(sizeof(struct sluice_events) == 4, "events");

struct sluice_event_row {
	char time[32]; /* UTC, RFC 3339 */
	char area[16]; /* "port", "gate", "region", "node", "dataplane", "session", "endpoint",
	                  "stream", "allocation" */
	char subject[64];
	char state[96];
	/* of an allocation; empty and all zero for others */
	char user[SLUICE_TURN_USER_SHOWN_MAX];
	struct sluice_addr client;
	uint32_t ended; /* 1: `reason` and `account` are those of an allocation that has ended */
	uint64_t lost;  /* events that this listener was too slow for, just before this one */
	char reason[16];
	struct sluice_allocation_account account; /* its number: of all that were told */
};
static_assert(sizeof(struct sluice_event_row) == 512, "event row");

#endif
