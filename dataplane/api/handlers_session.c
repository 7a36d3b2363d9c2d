/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/handlers.h"
#include "session/session.h"

#include <rte_common.h>

#include <errno.h>
#include <stdio.h>

/* Sessions, or NULL with a line. */
static struct sessions *sessions_of(struct api_call *call)
{
	if (call->dp->sessions == NULL)
		snprintf(call->why, SLUICE_API_ERROR_MAX,
		         "no browsers: the dataplane runs with --max-sessions 0 or "
		         "--max-endpoints 0");
	return call->dp->sessions;
}

static int listen_add_handle(struct api_call *call)
{
	struct sessions *sessions = sessions_of(call);
	int ret = sessions == NULL
	                  ? -EOPNOTSUPP
	                  : webrtc_listen_add(sessions, call->body, call->flags, call->why);

	call->warns = ret == 0 && call->why[0] != '\0';
	return ret;
}

static int listen_delete_handle(struct api_call *call)
{
	struct sessions *sessions = sessions_of(call);

	return sessions == NULL ? -EOPNOTSUPP
	                        : webrtc_listen_delete(sessions, call->body, call->why);
}

static int listen_show_handle(struct api_call *call)
{
	struct sessions *sessions = call->dp->sessions;

	return api_page(call, sessions == NULL
	                              ? 0
	                              : webrtc_listen_show(sessions, &call->job->cursor, call->rows,
	                                                   api_rows_max(call)));
}

static int session_add_handle(struct api_call *call)
{
	struct sessions *sessions = sessions_of(call);
	int ret = sessions == NULL ? -EOPNOTSUPP
	                           : session_add(sessions, call->body, call->rows, call->why);

	return ret == 0 ? api_row(call) : ret;
}

static int session_restart_handle(struct api_call *call)
{
	struct sessions *sessions = sessions_of(call);
	int ret = sessions == NULL ? -EOPNOTSUPP
	                           : session_restart(sessions, call->body, call->rows, call->why);

	return ret == 0 ? api_row(call) : ret;
}

static int session_delete_handle(struct api_call *call)
{
	const struct sluice_session_name *name = call->body;
	struct sessions *sessions = sessions_of(call);

	return sessions == NULL ? -EOPNOTSUPP : session_delete(sessions, name->id, call->why);
}

static int session_layer_handle(struct api_call *call)
{
	struct sessions *sessions = sessions_of(call);

	return sessions == NULL ? -EOPNOTSUPP : session_layer(sessions, call->body, call->why);
}

static int session_estimate_handle(struct api_call *call)
{
	struct sessions *sessions = sessions_of(call);

	return sessions == NULL ? -EOPNOTSUPP : session_estimate(sessions, call->body, call->why);
}

static int session_show_handle(struct api_call *call)
{
	struct sessions *sessions = call->dp->sessions;

	return api_page(call, sessions == NULL ? 0
	                                       : session_show(sessions, &call->job->cursor,
	                                                      call->rows, api_rows_max(call)));
}

static int session_take_handle(struct api_call *call)
{
	struct sessions *sessions = call->dp->sessions;

	return api_page(call, sessions == NULL ? 0
	                                       : session_take(sessions, &call->job->cursor,
	                                                      call->rows, api_rows_max(call)));
}

/* Waits until there is something to tell, where the caller comes back. */
static int session_events_handle(struct api_call *call)
{
	struct sessions *sessions = sessions_of(call);
	uint32_t count;

	if (sessions == NULL)
		return -EOPNOTSUPP;
	count = session_events(sessions, call->rows, api_rows_max(call));
	call->job->waits = count == 0 && call->job->patient;
	call->length = count * call->row_size;
	return 0;
}

static const struct api_type types[] = {
        {SLUICE_WEBRTC_LISTEN_ADD, listen_add_handle},
        {SLUICE_WEBRTC_LISTEN_DELETE, listen_delete_handle},
        {SLUICE_WEBRTC_LISTEN_SHOW, listen_show_handle},
        {SLUICE_SESSION_ADD, session_add_handle},
        {SLUICE_SESSION_RESTART, session_restart_handle},
        {SLUICE_SESSION_DELETE, session_delete_handle},
        {SLUICE_SESSION_LAYER, session_layer_handle},
        {SLUICE_SESSION_ESTIMATE, session_estimate_handle},
        {SLUICE_SESSION_SHOW, session_show_handle},
        {SLUICE_SESSION_TAKE, session_take_handle},
        {SLUICE_SESSION_EVENTS, session_events_handle},
};

const struct api_types api_types_session = {types, RTE_DIM(types)};
