/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/handlers.h"
#include "media/media.h"

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

static int endpoint_add_handle(struct api_call *call)
{
	struct media *media = media_of(call);

	return media == NULL ? -EOPNOTSUPP
	                     : media_endpoint_add(media, call->body, call->flags, call->why);
}

static int endpoint_delete_handle(struct api_call *call)
{
	const struct sluice_endpoint_delete *end = call->body;
	struct media *media = media_of(call);

	return media == NULL ? -EOPNOTSUPP : media_endpoint_delete(media, end->name, call->why);
}

static int endpoint_show_handle(struct api_call *call)
{
	size_t size = sizeof(struct sluice_endpoint_row);
	struct media *media = call->dp->media;

	return api_page(call,
	                media == NULL ? 0
	                              : media_endpoint_show(media, &call->job->cursor, call->rows,
	                                                    api_rows_max(call, size)),
	                size);
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
	size_t size = sizeof(struct sluice_stream_row);
	struct media *media = call->dp->media;

	return api_page(call,
	                media == NULL ? 0
	                              : media_stream_show(media, &call->job->cursor, call->rows,
	                                                  api_rows_max(call, size)),
	                size);
}

static int subscription_add_handle(struct api_call *call)
{
	struct media *media = media_of(call);

	return media == NULL ? -EOPNOTSUPP
	                     : media_subscription_add(media, call->body, call->flags, call->why);
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
	size_t size = sizeof(struct sluice_subscription_row);
	struct media *media = call->dp->media;

	return api_page(call,
	                media == NULL
	                        ? 0
	                        : media_subscription_show(media, &call->job->cursor, call->rows,
	                                                  api_rows_max(call, size)),
	                size);
}

static int media_show_handle(struct api_call *call)
{
	struct sluice_media_row *row = call->rows;

	*row = (struct sluice_media_row){0};
	if (call->dp->media != NULL)
		media_show(call->dp->media, row);
	call->length = sizeof(*row);
	return 0;
}

static const struct api_type types[] = {
        {SLUICE_ENDPOINT_ADD,
         sizeof(struct sluice_endpoint),
         endpoint_add_handle,
         {API_TEXT(sluice_endpoint, name)}},
        {SLUICE_ENDPOINT_DELETE,
         sizeof(struct sluice_endpoint_delete),
         endpoint_delete_handle,
         {API_TEXT(sluice_endpoint_delete, name)}},
        {SLUICE_ENDPOINT_SHOW, 0, endpoint_show_handle},
        {SLUICE_STREAM_ADD,
         sizeof(struct sluice_stream),
         stream_add_handle,
         {API_TEXT(sluice_stream, name), API_TEXT(sluice_stream, endpoint)}},
        {SLUICE_STREAM_DELETE,
         sizeof(struct sluice_stream_delete),
         stream_delete_handle,
         {API_TEXT(sluice_stream_delete, name)}},
        {SLUICE_STREAM_SHOW, 0, stream_show_handle},
        {SLUICE_SUBSCRIPTION_ADD,
         sizeof(struct sluice_subscription),
         subscription_add_handle,
         {API_TEXT(sluice_subscription, stream), API_TEXT(sluice_subscription, endpoint)}},
        {SLUICE_SUBSCRIPTION_DELETE,
         sizeof(struct sluice_subscription_name),
         subscription_delete_handle,
         {API_TEXT(sluice_subscription_name, stream),
          API_TEXT(sluice_subscription_name, endpoint)}},
        {SLUICE_SUBSCRIPTION_PAUSE,
         sizeof(struct sluice_subscription_name),
         subscription_pause_handle,
         {API_TEXT(sluice_subscription_name, stream),
          API_TEXT(sluice_subscription_name, endpoint)}},
        {SLUICE_SUBSCRIPTION_RESUME,
         sizeof(struct sluice_subscription_name),
         subscription_pause_handle,
         {API_TEXT(sluice_subscription_name, stream),
          API_TEXT(sluice_subscription_name, endpoint)}},
        {SLUICE_SUBSCRIPTION_SWITCH,
         sizeof(struct sluice_subscription_switch),
         subscription_switch_handle,
         {API_TEXT(sluice_subscription_switch, stream),
          API_TEXT(sluice_subscription_switch, endpoint)}},
        {SLUICE_SUBSCRIPTION_SHOW, 0, subscription_show_handle},
        {SLUICE_MEDIA_SHOW, 0, media_show_handle},
};

const struct api_types api_types_media = {types, RTE_DIM(types)};
