/* SPDX-License-Identifier: BSD-3-Clause */
/* Browsers over HTTP (WHIP, WHEP): how many there may be, and how their
 * offers were answered. None of it is the dataplane's. */
#ifndef SLUICE_WHIP_H
#define SLUICE_WHIP_H

#include <sluice/api.h>

/* SLUICE_WHIP_LIMIT_SET -> {}. 0: as many as there is room for. Sessions that there are stay. */
struct sluice_whip_limit {
	uint32_t sessions; /* of all streams, publishers among them */
	uint32_t viewers;  /* of one stream */
};
static_assert(sizeof(struct sluice_whip_limit) == 8, "whip limit");

#define SLUICE_WHIP_HOOK_MAX 256

/* SLUICE_WHIP_HOOK_SET -> {}: who is asked whether a client may publish or watch. -EINVAL. */
struct sluice_whip_hook {
	char url[SLUICE_WHIP_HOOK_MAX]; /* http:// or https:// */
	uint32_t timeout_s;             /* 0: two */
};
static_assert(sizeof(struct sluice_whip_hook) == 260, "whip hook");

/* SLUICE_WHIP_SHOW {} -> one of this. */
struct sluice_whip_row {
	uint32_t sessions;     /* that the control plane knows, publishers among them */
	uint32_t sessions_max; /* of SLUICE_WHIP_LIMIT_SET; 0: there is no limit */
	uint32_t streams;      /* with a publisher or viewers */
	uint32_t reserved;
	uint64_t offers;    /* with a token that opens the stream */
	uint64_t answered;  /* 201 */
	uint64_t elsewhere; /* 307: another node serves the stream */
	uint64_t refused;   /* 4xx: a wrong offer, or nobody publishes the stream */
	uint64_t unserved;  /* 503: a limit, no room, or this node drains */
	/* of viewers' events, since API version 9 */
	uint32_t channels; /* that are open, whether they are read or not */
	uint32_t reserved2;
	uint64_t channels_refused; /* 503: as many as may be are open */
	uint64_t channel_events;   /* that were sent to their readers */
};
static_assert(sizeof(struct sluice_whip_row) == 80, "whip row");

#endif
