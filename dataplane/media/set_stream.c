/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/media.h"

#include "common/media_merge.h"
#include "common/refuse.h"
#include "dataplane.h"
#include "media/key_frame.h"
#include "media/receive.h"
#include "media/reception.h"
#include "media/record.h"
#include "media/stream.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

struct change {
	struct media *media;
	struct stream *stream;
	struct sluice_stream config; /* as it will be */
	struct reception *reception; /* of another clock; NULL: it stays */
	struct endpoint_source *rtx; /* one that it has not had; NULL: it has one, or none */
	bool ssrc, rtx_ssrc, roc;    /* they change */
	uint64_t first, rtx_first;   /* nothing before it is new */
};

/* Owner. */
static void source_rename(struct endpoint_source *source, uint32_t ssrc, uint64_t first)
{
	source->learned = source->learned && ssrc == 0;
	source->ended = false;
	source->window = (struct srtp_receive_window){.first = first};
	source->record_due = 0;
	source->taken_tsc = 0;
	source->formers_count = 0;
	memset(source->formers, 0, sizeof(source->formers));
	if (ssrc != 0)
		__atomic_store_n(&source->ssrc, ssrc, __ATOMIC_RELEASE);
}

/* Owner, between two packets; the control thread waits. */
static void change_apply(struct worker *worker, void *arg)
{
	const struct change *change = arg;
	const struct sluice_stream *config = &change->config;
	struct stream *stream = change->stream;

	stream->config = *config;
	stream->clock_hz = stream_clock(config);
	stream->rtx_pt = config->rtx_pt;
	stream->rtx_apt = stream_apt(config);
	if (change->reception != NULL)
		stream->reception = change->reception;
	if (change->ssrc || change->roc)
		source_rename(stream->source, config->ssrc, change->first);
	if (change->rtx_ssrc)
		source_rename(stream->rtx_source, config->rtx_ssrc, change->rtx_first);
	if (change->ssrc || change->roc || change->reception != NULL)
		stream_restart(change->media, stream);
	record_stream_state(change->media, stream);
}

static uint64_t first_of(const struct media *media, const struct stream *stream, uint32_t ssrc,
                         uint32_t roc)
{
	uint64_t known = spent_recall_received(media->config->spent,
	                                       &media->endpoints[stream->endpoint], ssrc);

	return RTE_MAX(known, (uint64_t)roc << 16);
}

/* What of the change needs memory. */
static int parts_make(struct change *change)
{
	struct stream *stream = change->stream;
	uint32_t clock_hz = stream_clock(&change->config);

	if (clock_hz != stream->clock_hz) {
		change->reception = reception_create(clock_hz, rte_get_tsc_hz());
		if (change->reception == NULL)
			return -ENOMEM;
	}
	if (change->config.rtx_ssrc == 0 || stream->rtx_source != NULL)
		return 0;
	change->rtx = stream_source(change->media, (uint32_t)(stream - change->media->streams),
	                            change->config.rtx_ssrc, true, false);
	return change->rtx != NULL ? 0 : -ENOMEM;
}

static int change_prepare(struct change *change, const struct sluice_stream_set *set, char *why)
{
	struct media *media = change->media;
	struct stream *stream = change->stream;
	struct endpoint *endpoint = &media->endpoints[stream->endpoint];
	uint32_t rtx_ssrc = stream->rtx_source != NULL ? stream->rtx_source->ssrc : 0;
	int error;

	stream_merge(&change->config, set);
	error = stream_check(media, &change->config, stream->endpoint,
	                     (uint32_t)(stream - media->streams), why);
	if (error < 0)
		return error;
	change->ssrc = set->to.ssrc != 0 && set->to.ssrc != stream->source->ssrc;
	change->roc = set->to.roc != 0;
	change->rtx_ssrc = set->to.rtx_ssrc != 0 && stream->rtx_source != NULL &&
	                   change->config.rtx_ssrc != rtx_ssrc;
	error = parts_make(change);
	if (error == 0 && change->rtx != NULL)
		error = endpoint_source_join(media, endpoint, change->rtx);
	if (error == 0)
		return 0;
	if (change->reception != NULL)
		reception_destroy(change->reception);
	rte_free(change->rtx);
	return refuse(why, error, "no room to change stream %s", stream->name);
}

static void reception_free(struct media *media, void *reception)
{
	reception_destroy(reception);
}

int media_stream_set(struct media *media, const struct sluice_stream_set *set, char *why)
{
	uint32_t index = media_name_valid(set->to.name) ? stream_named(media, set->to.name) : 0;
	struct stream *stream = &media->streams[index];
	struct reception *reception = stream->reception;
	struct change change = {.media = media, .stream = stream, .config = stream->config};
	int error;

	media_collect(media);
	if (index == 0)
		return refuse(why, -ENOENT, "no stream %.*s", SLUICE_MEDIA_NAME_MAX, set->to.name);
	error = change_prepare(&change, set, why);
	if (error < 0)
		return error;
	if (change.ssrc || change.rtx_ssrc || change.roc)
		stream_remember(media, stream);
	change.first = first_of(media, stream, change.config.ssrc, change.config.roc);
	change.rtx_first = first_of(media, stream, change.config.rtx_ssrc, 0);
	if (change.rtx != NULL)
		stream->rtx_source = change.rtx;
	worker_call(media->dp->workers[media->endpoints[stream->endpoint].worker], change_apply,
	            &change);
	record_stream(media, stream);
	if (change.reception != NULL)
		media_discard(media, reception_free, reception);
	if (change.ssrc)
		key_frame_ask_from_control(media, index);
	return 0;
}
