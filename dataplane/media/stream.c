/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/config.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "media/cache.h"
#include "media/codec.h"
#include "media/reception.h"
#include "media/record.h"
#include "media/stream.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#define CLOCK_DEFAULT_HZ 90000
#define CLOCK_MOST_HZ    1000000

static bool ssrc_taken(const struct endpoint *endpoint, uint32_t ssrc, uint32_t own)
{
	const struct endpoint_sources *sources = endpoint->sources;

	for (uint32_t i = 0; ssrc != 0 && sources != NULL && i < sources->count; i++)
		if (sources->sources[i]->ssrc == ssrc && sources->sources[i]->stream != own)
			return true;
	return false;
}

static bool payloads_valid(const struct sluice_stream *add)
{
	for (uint32_t i = 0;
	     i < RTE_MIN((uint32_t)add->n_payloads, (uint32_t)SLUICE_TRACK_PAYLOADS_MAX); i++)
		if (add->payloads[i].pt > 127 || add->payloads[i].rtx_pt > 127 ||
		    add->payloads[i].codec >= SLUICE_CODECS)
			return false;
	return true;
}

static bool text_ends(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

uint32_t stream_clock(const struct sluice_stream *config)
{
	return config->clock_hz != 0 ? config->clock_hz : CLOCK_DEFAULT_HZ;
}

uint8_t stream_apt(const struct sluice_stream *config)
{
	return config->rtx_apt_given ? config->rtx_apt : SLUICE_MEDIA_PT_SAME;
}

int stream_check(const struct media *media, const struct sluice_stream *add, uint32_t endpoint,
                 uint32_t own, char *why)
{
	if (endpoint == 0)
		return refuse(why, -ENOENT, "no endpoint %.*s", SLUICE_MEDIA_NAME_MAX,
		              add->endpoint);
	if (add->clock_hz > CLOCK_MOST_HZ)
		return refuse(why, -EINVAL, "clock %u is not 1 to %u Hz", add->clock_hz,
		              CLOCK_MOST_HZ);
	if (add->rtx_pt > 127 || add->rtx_apt > 127 || !payloads_valid(add))
		return refuse(why, -EINVAL, "a payload type is 0 to 127");
	if (add->n_payloads > SLUICE_TRACK_PAYLOADS_MAX || add->codec >= SLUICE_CODECS ||
	    !text_ends(add->mid, sizeof(add->mid)) || !text_ends(add->rid, sizeof(add->rid)))
		return refuse(why, -EINVAL,
		              "a stream has at most %u payload types, a mid and a "
		              "rid of at most %u bytes",
		              SLUICE_TRACK_PAYLOADS_MAX, SLUICE_TRACK_MID_MAX - 1);
	if (add->rtx_ssrc != 0 && add->rtx_ssrc == add->ssrc)
		return refuse(why, -EINVAL, "rtx-ssrc is the stream's own ssrc");
	if (ssrc_taken(&media->endpoints[endpoint], add->ssrc, own) ||
	    ssrc_taken(&media->endpoints[endpoint], add->rtx_ssrc, own))
		return refuse(why, -EEXIST, "another stream of endpoint %s has this ssrc",
		              add->endpoint);
	return 0;
}

struct endpoint_source *stream_source(const struct media *media, uint32_t stream, uint32_t ssrc,
                                      bool rtx, bool bound)
{
	struct endpoint_source *source =
	        rte_zmalloc("source", sizeof(*source), RTE_CACHE_LINE_SIZE);

	if (source == NULL)
		return NULL;
	source->ssrc = ssrc;
	source->stream = stream;
	source->rtx = rtx;
	source->bound = bound;
	source->learned = ssrc == 0;
	if (ssrc != 0)
		source->window.first = spent_recall_received(
		        media->config->spent, &media->endpoints[media->streams[stream].endpoint],
		        ssrc);
	return source;
}

/* One of RTX whose SSRC is not known is bound by repaired-rid, mid or payload type. */
static bool has_rtx(const struct sluice_stream *add, bool bound)
{
	bool rtx = add->rtx_ssrc != 0;

	for (uint32_t i = 0; i < add->n_payloads; i++)
		rtx |= bound && add->payloads[i].rtx_pt != 0;
	return rtx;
}

static int sources_make(struct media *media, uint32_t index, const struct sluice_stream *add)
{
	struct stream *stream = &media->streams[index];
	bool bound = add->mid[0] != 0 || add->rid[0] != 0;
	bool rtx = has_rtx(add, bound);

	stream->source = stream_source(media, index, add->ssrc, false, bound);
	if (stream->source != NULL)
		stream->source->window.first =
		        RTE_MAX(stream->source->window.first, (uint64_t)add->roc << 16);
	if (rtx)
		stream->rtx_source = stream_source(media, index, add->rtx_ssrc, true, bound);
	return stream->source != NULL && (!rtx || stream->rtx_source != NULL) ? 0 : -ENOMEM;
}

static void former_remember(struct media *media, const struct endpoint *endpoint,
                            const struct source_former *former)
{
	uint64_t next = __atomic_load_n(&former->next, __ATOMIC_ACQUIRE);
	uint32_t ssrc = __atomic_load_n(&former->ssrc, __ATOMIC_RELAXED);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (next != 0 && __atomic_load_n(&former->next, __ATOMIC_RELAXED) == next)
		spent_remember_received(media->config->spent, endpoint, ssrc, next);
}

static void source_remember(struct media *media, const struct stream *stream,
                            const struct endpoint_source *source)
{
	const struct endpoint *endpoint = &media->endpoints[stream->endpoint];
	uint32_t ssrc;

	if (source == NULL)
		return;
	/* its owner clears the window before it gives another name */
	ssrc = __atomic_load_n(&source->ssrc, __ATOMIC_ACQUIRE);
	if (source->window.started)
		spent_remember_received(media->config->spent, endpoint, ssrc,
		                        source->window.highest + 1);
	for (uint32_t i = 0; i < SOURCE_FORMERS_MAX; i++)
		former_remember(media, endpoint, &source->formers[i]);
}

void stream_remember(struct media *media, const struct stream *stream)
{
	source_remember(media, stream, stream->source);
	source_remember(media, stream, stream->rtx_source);
}

static void stream_free(struct media *media, void *object)
{
	struct stream *stream = object;

	for (uint16_t i = 0; stream->at != NULL && i < media->dp->n_workers; i++)
		packet_cache_destroy(stream->at[i].cache);
	if (stream->reception != NULL)
		reception_destroy(stream->reception);
	stream_remember(media, stream);
	rte_free(stream->source);
	rte_free(stream->rtx_source);
	rte_free(stream->at);
	memset(stream, 0, sizeof(*stream));
	media_place_give(&media->config->stream_places, stream - media->streams);
}

static int stream_fill(struct media *media, uint32_t index, const struct sluice_stream *add)
{
	struct stream *stream = &media->streams[index];

	stream->config = *add;
	memcpy(stream->name, add->name, sizeof(stream->name));
	stream->clock_hz = stream_clock(add);
	stream->rtx_pt = add->rtx_pt;
	stream->rtx_apt = stream_apt(add);
	stream->codec = add->codec;
	stream->n_payloads = add->n_payloads;
	stream->keyed = codec_is_video(add->codec);
	for (uint32_t i = 0; i < add->n_payloads; i++)
		stream->keyed |= codec_is_video(add->payloads[i].codec);
	memcpy(stream->payloads, add->payloads, sizeof(stream->payloads));
	memcpy(stream->mid, add->mid, sizeof(stream->mid));
	memcpy(stream->rid, add->rid, sizeof(stream->rid));
	stream->serial = media_serial_next(media);
	stream->config_generation = media->dp->config_generation;
	stream->life = ++media->config->lives;
	stream->at = rte_zmalloc("stream", media->dp->n_workers * sizeof(*stream->at),
	                         RTE_CACHE_LINE_SIZE);
	stream->reception = reception_create(stream->clock_hz, rte_get_tsc_hz());
	return stream->at != NULL && stream->reception != NULL ? 0 : -ENOMEM;
}

static int stream_make(struct media *media, const struct sluice_stream *add, uint32_t endpoint,
                       uint32_t flags, char *why)
{
	uint32_t index = media_place_take(&media->config->stream_places);
	struct stream *stream = &media->streams[index];

	if (index == 0)
		return refuse(why, -ENOSPC, "there are %u streams, and room for no more",
		              media->max_streams);
	stream->endpoint = endpoint;
	stream->origin = origin_of(flags);
	if (stream_fill(media, index, add) < 0 || sources_make(media, index, add) < 0)
		goto fail;
	/* its owner's from the first packet on */
	record_stream_state(media, stream);
	/* Published before its sources: a packet that finds one finds the stream. */
	__atomic_store_n(&stream->live, true, __ATOMIC_RELEASE);
	if (endpoint_transport_make(media, endpoint) < 0 || endpoint_sources_add(media, stream) < 0)
		goto fail;
	media_name_add(&media->config->stream_names, stream->name, index);
	media->config->layers += stream->rid[0] != 0;
	record_stream(media, stream);
	return 0;
fail:
	__atomic_store_n(&stream->live, false, __ATOMIC_RELEASE);
	media_discard(media, stream_free, stream);
	return refuse(why, -ENOSPC, "no room for another stream of endpoint %s (%u SSRCs each)",
	              add->endpoint, ENDPOINT_SOURCES_MAX);
}

/* It is there as it is asked for: from now on it is whose request this is. */
static void stream_again(struct media *media, struct stream *stream, uint32_t flags)
{
	uint8_t before = stream->origin;

	stream->config_generation = media->dp->config_generation;
	stream->origin = origin_of(flags);
	if (stream->origin != before)
		record_stream(media, stream);
}

int media_stream_add(struct media *media, const struct sluice_stream *add, uint32_t flags,
                     char *why)
{
	uint32_t index, endpoint;
	int error;

	if (!media_name_valid(add->name) || !media_name_valid(add->endpoint))
		return refuse(why, -EINVAL, "a name has 1 to %u printable bytes without spaces",
		              SLUICE_MEDIA_NAME_MAX - 1);
	media_collect(media);
	index = stream_named(media, add->name);
	if (index != 0 && !(flags & SLUICE_API_EXIST_OK))
		return refuse(why, -EEXIST, "stream %s is there already", add->name);
	if (index != 0 && memcmp(&media->streams[index].config, add, sizeof(*add)) == 0) {
		stream_again(media, &media->streams[index], flags);
		return 0;
	}
	if (index != 0 && stream_end(media, index) < 0)
		return refuse(why, -ENOMEM, "no memory to replace stream %s", add->name);
	endpoint = endpoint_named(media, add->endpoint);
	error = stream_check(media, add, endpoint, 0, why);
	return error < 0 ? error : stream_make(media, add, endpoint, flags, why);
}

void media_stream_feedback_set(struct media *media, const char *name, uint8_t feedback)
{
	uint32_t index = stream_named(media, name);

	if (index != 0)
		media->streams[index].unagreed = (uint8_t)~feedback;
}

int media_stream_delete(struct media *media, const char *name, char *why)
{
	uint32_t index = media_name_valid(name) ? stream_named(media, name) : 0;
	int error;

	media_collect(media);
	if (index == 0)
		return refuse(why, -ENOENT, "no stream %.*s", SLUICE_MEDIA_NAME_MAX, name);
	error = stream_end(media, index);
	return error < 0 ? refuse(why, error, "no memory to end stream %s", name) : 0;
}

int stream_end(struct media *media, uint32_t index)
{
	struct stream *stream = &media->streams[index];
	int error = subscriptions_leave(media, index);

	if (error < 0)
		return error;
	/* no packet finds them any more; they go with the stream, by which those that have found it
	 * still read them */
	error = endpoint_sources_remove(media, stream);
	if (error < 0)
		return error;
	__atomic_store_n(&stream->live, false, __ATOMIC_RELEASE);
	/* It may be added again at once; and when the workers are done with it they may have taken
	 * a few packets more. */
	stream_remember(media, stream);
	media_name_remove(&media->config->stream_names, stream->name, index);
	media->config->layers -= stream->rid[0] != 0;
	record_stream_end(media, index);
	media_discard(media, stream_free, stream);
	return 0;
}
