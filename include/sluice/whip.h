/* SPDX-License-Identifier: BSD-3-Clause */
/* Browsers over HTTP (WHIP, WHEP): how many there may be. None of it is the dataplane's. */
#ifndef SLUICE_WHIP_H
#define SLUICE_WHIP_H

#include <sluice/api.h>

/* SLUICE_WHIP_LIMIT_SET -> {}. 0: as many as there is room for. Sessions that there are stay. */
struct sluice_whip_limit {
	uint32_t sessions; /* of all streams, publishers among them */
	uint32_t viewers;  /* of one stream */
};
static_assert(sizeof(struct sluice_whip_limit) == 8, "whip limit");

#endif
