/* SPDX-License-Identifier: BSD-3-Clause */
/* Which packets a capture or a trace wants, but for BPF, ready for workers. */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include <stdbool.h>

#include <sluice/capture.h>

#include "capture/view.h"
#include "graph/drop.h"
#include "turn/state.h"

struct filter {
	uint32_t points;
	uint32_t direction;
	uint64_t ports;      /* bit set of indices */
	uint16_t reason;     /* enum drop_reason; DROP_REASONS: any */
	uint64_t allocation; /* id; 0: any */
	struct turn_names users;
	bool user;   /* `users` are asked for */
	bool packet; /* something is asked that needs a view */
	/* "": any; by name, since one that is deleted and added again gets another index */
	char endpoint[SLUICE_MEDIA_NAME_MAX];
	char stream[SLUICE_MEDIA_NAME_MAX];
};

/* Control thread. 0 or -errno with a line in `why` (SLUICE_API_ERROR_MAX bytes). */
int filter_make(struct filter *filter, const struct dataplane *dp,
                const struct sluice_capture_filter *wanted, char *why);

/* What the metadata tells, before a byte of the packet is read. */
static inline bool filter_metadata(const struct filter *filter, uint16_t port,
                                   enum sluice_capture_point point,
                                   enum sluice_capture_direction direction, uint8_t reason)
{
	if (filter->direction != SLUICE_CAPTURE_BOTH && filter->direction != (uint32_t)direction)
		return false;
	if (filter->ports != UINT64_MAX && (port >= 64 || !(filter->ports >> port & 1)))
		return false;
	return filter->reason == DROP_REASONS ||
	       (point == SLUICE_CAPTURE_DROPPED && reason == filter->reason);
}

/* Any worker: whose packet it is. */
bool filter_view(const struct filter *filter, const struct dataplane *dp, const struct view *view);

#endif
