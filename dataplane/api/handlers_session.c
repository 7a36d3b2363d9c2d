/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/handlers.h"

#include <rte_common.h>

#include <errno.h>
#include <stdio.h>

#include <sluice/session.h>

static int unfinished_handle(struct api_call *call)
{
	snprintf(call->why, SLUICE_API_ERROR_MAX, "this dataplane serves no browsers yet");
	return -ENOSYS;
}

static int nothing_handle(struct api_call *call)
{
	return api_page(call, 0);
}

static const struct api_type types[] = {
        {SLUICE_WEBRTC_LISTEN_ADD, unfinished_handle},
        {SLUICE_WEBRTC_LISTEN_DELETE, unfinished_handle},
        {SLUICE_WEBRTC_LISTEN_SHOW, nothing_handle},
        {SLUICE_SESSION_ADD, unfinished_handle},
        {SLUICE_SESSION_RESTART, unfinished_handle},
        {SLUICE_SESSION_DELETE, unfinished_handle},
        {SLUICE_SESSION_LAYER, unfinished_handle},
        {SLUICE_SESSION_SHOW, nothing_handle},
        {SLUICE_SESSION_TAKE, nothing_handle},
        {SLUICE_SESSION_EVENTS, unfinished_handle},
};

const struct api_types api_types_session = {types, RTE_DIM(types)};
