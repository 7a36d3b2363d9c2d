/* SPDX-License-Identifier: BSD-3-Clause */
/* The formatters of the nodes that media passes: all name streams and endpoints. */
#include "dataplane.h"
#include "graph/trace.h"
#include "media/state.h"

#include <stdio.h>
#include <string.h>

static const struct stream *stream_of(const struct dataplane *dp, const struct packet *packet)
{
	const struct media *media = dp->media;
	uint32_t index = packet->media.stream;

	return media != NULL && index <= media->max_streams ? &media->streams[index] : NULL;
}

/* "gone" where it was deleted meanwhile. */
static const char *stream_name(const struct stream *stream)
{
	return stream != NULL && stream->live ? stream->name : "gone";
}

static const char *endpoint_name(const struct dataplane *dp, uint32_t index)
{
	const struct media *media = dp->media;

	return media != NULL && index <= media->max_endpoints && media->endpoints[index].live
	               ? media->endpoints[index].name
	               : "gone";
}

void srtp_decrypt_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                        size_t room)
{
	const struct packet_media *media = &step->after.media;
	const struct stream *stream = stream_of(dp, &step->after);

	if (step->next != NULL && strcmp(step->next, "media_route") == 0 && stream != NULL)
		snprintf(text, room, "endpoint %.32s, stream %.32s, packet %lu",
		         endpoint_name(dp, stream->endpoint), stream_name(stream), media->index);
	else if (step->next != NULL && strcmp(step->next, "rtcp") == 0)
		snprintf(text, room, "endpoint %.32s", endpoint_name(dp, media->stream));
}

void media_route_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                       size_t room)
{
	const struct stream *stream = stream_of(dp, &step->before);
	int workers = stream != NULL ? __builtin_popcountll(stream->workers) : 0;

	snprintf(text, room, "stream %.32s, for %d worker%s%s", stream_name(stream), workers,
	         workers == 1 ? "" : "s", step->next == NULL ? ", this one not among them" : "");
}

/* Those that this worker serves and that are not paused. */
static uint32_t subscriptions_count(const struct dataplane *dp, const struct stream *stream,
                                    uint16_t worker)
{
	const struct legs *legs = stream->live ? stream->at[worker].legs : NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; legs != NULL && i < legs->count; i++)
		count += !dp->media->subscriptions[legs->subscriptions[i]].paused;
	return count;
}

void srtp_encrypt_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                        size_t room)
{
	const struct stream *stream = stream_of(dp, &step->before);
	uint32_t count = stream != NULL ? subscriptions_count(dp, stream, step->worker) : 0;

	/* made here, from a packet that is traced by itself */
	if (step->form != PACKET_RTP)
		return;
	snprintf(text, room, "stream %.32s, a copy to each of %u subscription%s here",
	         stream_name(stream), count, count == 1 ? "" : "s");
}

void rtcp_trace(const struct dataplane *dp, const struct trace_step *step, char *text, size_t room)
{
	snprintf(text, room, "read, as endpoint %.32s sent it",
	         endpoint_name(dp, step->before.media.stream));
}
