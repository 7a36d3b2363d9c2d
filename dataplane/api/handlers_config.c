/* SPDX-License-Identifier: BSD-3-Clause */
/* The program itself, and the frame of a whole configuration that is replayed. */
#include "api/handlers.h"
#include "common/watchdog.h"
#include "net/xdp/port.h"
#include "srtp/engine.h"

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_version.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int version_handle(struct api_call *call)
{
	struct sluice_version *version = call->rows;

	*version = (struct sluice_version){
	        .api = call->job->version,
	        .api_oldest = SLUICE_API_VERSION_OLDEST,
	        .pid = (uint32_t)getpid(),
	        .program = "sluice-dataplane",
	        .version = SLUICE_VERSION_TEXT,
	        .uptime_s = (rte_rdtsc() - call->dp->tsc_start) / rte_get_tsc_hz(),
	        .started = call->dp->started,
	};
	snprintf(version->dpdk, sizeof(version->dpdk), "%s", rte_version());
	snprintf(version->srtp, sizeof(version->srtp), "%s", call->dp->srtp->name);
	return api_row(call);
}

static int config_begin_handle(struct api_call *call)
{
	call->dp->config_generation++;
	return 0;
}

static int config_commit_handle(struct api_call *call)
{
	dataplane_config_sweep(call->dp);
	return 0;
}

static int hand_over_check(const struct api_call *call)
{
	const struct dataplane *dp = call->dp;

	if (dp->hand_over != HAND_OVER_NONE || (dp->ledger != NULL && dp->events != NULL))
		return 0;
	snprintf(call->why, SLUICE_API_ERROR_MAX,
	         "without a ledger calls would end: stop this dataplane instead");
	return -EOPNOTSUPP;
}

/* The page of the program of a port, or of none: all have been passed. */
static void program_pass(struct api_call *call, struct sluice_hand_over_part *part)
{
	*part = (struct sluice_hand_over_part){.kind = SLUICE_HAND_OVER_PROGRAM};
	call->job->passed = xdp_program_next(call->dp, &call->job->section, part->name);
}

/* From the first page on nothing is moved; the last one is empty. */
static int hand_over_begin_handle(struct api_call *call)
{
	struct sluice_hand_over_part *part = call->rows;
	struct dataplane *dp = call->dp;
	int error = hand_over_check(call);

	if (error != 0)
		return error;
	dataplane_hand_over_begin(dp);
	if (dp->listener == NULL)
		return 0; /* in tests: nothing is passed */
	switch (call->job->cursor++) {
	case 0:
		*part = (struct sluice_hand_over_part){.kind = SLUICE_HAND_OVER_LISTENER};
		call->job->passed = dp->listener->fd;
		break;
	case 1:
		*part = (struct sluice_hand_over_part){.kind = SLUICE_HAND_OVER_LOCK};
		call->job->passed = dp->listener->lock;
		break;
	default:
		program_pass(call, part);
		break;
	}
	return api_page(call, call->job->passed >= 0);
}

/* The loop ends with this reply. */
static int hand_over_handle(struct api_call *call)
{
	struct sluice_hand_over *row = call->rows;
	int error = hand_over_check(call);

	if (error != 0)
		return error;
	dataplane_hand_over(call->dp);
	*row = (struct sluice_hand_over){.pid = (uint32_t)getpid(),
	                                 .watchdog_us = watchdog_patience_us()};
	return api_row(call);
}

static const struct api_type types[] = {
        {SLUICE_VERSION, version_handle},
        {SLUICE_CONFIG_BEGIN, config_begin_handle},
        {SLUICE_CONFIG_COMMIT, config_commit_handle},
        {SLUICE_HAND_OVER, hand_over_handle},
        {SLUICE_HAND_OVER_BEGIN, hand_over_begin_handle},
};

const struct api_types api_types_config = {types, RTE_DIM(types)};
