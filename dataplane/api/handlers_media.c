/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/handlers.h"
#include "media/media.h"
#include "session/session.h"

#include <rte_common.h>

#include <errno.h>
#include <stdio.h>

/* The unit, or NULL with a line. */
static struct media *media_of(struct api_call *call)
{
	if (call->dp->media == NULL)
		snprintf(call->why, SLUICE_API_ERROR_MAX,
		         "no SRTP forwarding: the dataplane runs with --max-endpoints 0");
	return call->dp->media;
}

/* A session's endpoint is its own: who ends the one ends the other. */
static int session_refuse(struct api_call *call, const char *name)
{
	if (call->dp->sessions == NULL || !session_has(call->dp->sessions, name))
		return 0;
	snprintf(call->why, SLUICE_API_ERROR_MAX, "%s is a session's endpoint: session delete %s",
	         name, name);
	return -EBUSY;
}

static int endpoint_add_handle(struct api_call *call)
{
	const struct sluice_endpoint *add = call->body;
	struct media *media = media_of(call);

	if (media == NULL)
		return -EOPNOTSUPP;
	if (session_refuse(call, add->name) < 0)
		return -EBUSY;
	return media_endpoint_add(media, add, call->flags, call->why);
}

static int endpoint_delete_handle(struct api_call *call)
{
	const struct sluice_endpoint_delete *end = call->body;
	struct media *media = media_of(call);

	if (media == NULL)
		return -EOPNOTSUPP;
	if (session_refuse(call, end->name) < 0)
		return -EBUSY;
	return media_endpoint_delete(media, end->name, call->why);
}

static int endpoint_show_handle(struct api_call *call)
{
	struct media *media = call->dp->media;

	return api_page(call, media == NULL
	                              ? 0
	                              : media_endpoint_show(media, call->body, &call->job->cursor,
	                                                    call->rows, api_rows_max(call)));
}

static int stream_add_handle(struct api_call *call)
{
	struct media *media = media_of(call);

	return media == NULL ? -EOPNOTSUPP
	                     : media_stream_add(media, call->body, call->flags, call->why);
}

static int stream_delete_handle(struct api_call *call)
{
	const struct sluice_stream_delete *end = call->body;
	struct media *media = media_of(call);

	return media == NULL ? -EOPNOTSUPP : media_stream_delete(media, end->name, call->why);
}

static int stream_show_handle(struct api_call *call)
{
	struct media *media = call->dp->media;

	return api_page(call, media == NULL
	                              ? 0
	                              : media_stream_show(media, call->body, &call->job->cursor,
	                                                  call->rows, api_rows_max(call)));
}

static int endpoint_set_handle(struct api_call *call)
{
	struct media *media = media_of(call);

	return media == NULL ? -EOPNOTSUPP : media_endpoint_set(media, call->body, call->why);
}

static int stream_set_handle(struct api_call *call)
{
	struct media *media = media_of(call);

	return media == NULL ? -EOPNOTSUPP : media_stream_set(media, call->body, call->why);
}

/* The SSRC that was chosen is told. */
static int subscription_answer(struct api_call *call, const struct sluice_subscription *of)
{
	media_subscription_tell(call->dp->media, of->stream, of->endpoint, call->rows);
	return api_row(call);
}

static int subscription_add_handle(struct api_call *call)
{
	struct media *media = media_of(call);
	int error = media == NULL
	                    ? -EOPNOTSUPP
	                    : media_subscription_add(media, call->body, call->flags, call->why);

	return error < 0 ? error : subscription_answer(call, call->body);
}

static int subscription_set_handle(struct api_call *call)
{
	const struct sluice_subscription_set *set = call->body;
	struct media *media = media_of(call);
	int error = media == NULL ? -EOPNOTSUPP : media_subscription_set(media, set, call->why);

	return error < 0 ? error : subscription_answer(call, &set->to);
}

static int subscription_delete_handle(struct api_call *call)
{
	struct media *media = media_of(call);

	return media == NULL ? -EOPNOTSUPP
	                     : media_subscription_delete(media, call->body, call->why);
}

static int subscription_pause_handle(struct api_call *call)
{
	bool paused = call->job->type->type == SLUICE_SUBSCRIPTION_PAUSE;
	struct media *media = media_of(call);

	return media == NULL ? -EOPNOTSUPP
	                     : media_subscription_pause(media, call->body, paused, call->why);
}

static int subscription_switch_handle(struct api_call *call)
{
	struct media *media = media_of(call);

	return media == NULL ? -EOPNOTSUPP
	                     : media_subscription_switch(media, call->body, call->why);
}

static int subscription_show_handle(struct api_call *call)
{
	struct media *media = call->dp->media;

	return api_page(
	        call, media == NULL ? 0
	                            : media_subscription_show(media, call->body, &call->job->cursor,
	                                                      call->rows, api_rows_max(call)));
}

static int media_show_handle(struct api_call *call)
{
	struct sluice_media_row *row = call->rows;

	*row = (struct sluice_media_row){0};
	if (call->dp->media != NULL)
		media_show(call->dp->media, row);
	if (call->dp->sessions != NULL)
		session_count(call->dp->sessions, &row->sessions, &row->sessions_max);
	return api_row(call);
}

static const struct api_type types[] = {
        {SLUICE_ENDPOINT_ADD, endpoint_add_handle},
        {SLUICE_ENDPOINT_DELETE, endpoint_delete_handle},
        {SLUICE_ENDPOINT_SHOW, endpoint_show_handle},
        {SLUICE_STREAM_ADD, stream_add_handle},
        {SLUICE_STREAM_DELETE, stream_delete_handle},
        {SLUICE_STREAM_SHOW, stream_show_handle},
        {SLUICE_SUBSCRIPTION_ADD, subscription_add_handle},
        {SLUICE_SUBSCRIPTION_DELETE, subscription_delete_handle},
        {SLUICE_SUBSCRIPTION_PAUSE, subscription_pause_handle},
        {SLUICE_SUBSCRIPTION_RESUME, subscription_pause_handle},
        {SLUICE_SUBSCRIPTION_SWITCH, subscription_switch_handle},
        {SLUICE_SUBSCRIPTION_SHOW, subscription_show_handle},
        {SLUICE_MEDIA_SHOW, media_show_handle},
        {SLUICE_ENDPOINT_SET, endpoint_set_handle},
        {SLUICE_STREAM_SET, stream_set_handle},
        {SLUICE_SUBSCRIPTION_SET, subscription_set_handle},
};

const struct api_types api_types_media = {types, RTE_DIM(types)};
