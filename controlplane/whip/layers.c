/* SPDX-License-Identifier: BSD-3-Clause */
/* The layers of a stream, as its viewers are told of them. */
#include "whip/state.h"

#include "common/clock.h"

#include <sluice/media.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATES_NS 2000000000ull /* between two looks */

struct whip_session *stream_active(const struct whip_stream *stream)
{
	struct whip_session *publisher = stream_publisher(stream);

	return publisher != NULL && publisher->state == SLUICE_SESSION_CONNECTED ? publisher : NULL;
}

static const struct sluice_track *video_of(const struct whip_session *session, uint32_t *index)
{
	for (*index = 0; *index < session->tracks->count; ++*index)
		if (session->tracks->tracks[*index].kind == SLUICE_TRACK_VIDEO)
			return &session->tracks->tracks[*index];
	return NULL;
}

void layers_write(const struct whip_session *viewer, const struct whip_session *publisher,
                  char text[WHIP_LAYERS_MAX])
{
	uint32_t shown, sent;
	const struct sluice_track *track = publisher != NULL ? video_of(publisher, &sent) : NULL;
	json_t *array = json_array(), *layers;
	char key[16], *written;

	text[0] = '\0';
	for (uint32_t i = 0; track != NULL && i < track->n_rids; i++)
		json_array_append_new(array,
		                      json_pack("{s:s, s:I}", "rid", track->rids[i], "bitrate",
		                                (json_int_t)publisher->rates[i].bps));
	if (json_array_size(array) > 0 && video_of(viewer, &shown) != NULL) {
		snprintf(key, sizeof(key), "%u", shown);
		layers = json_pack("{s:O}", key, array);
		written = json_dumps(layers, JSON_COMPACT);
		if (written != NULL && strlen(written) < WHIP_LAYERS_MAX)
			strcpy(text, written);
		free(written);
		json_decref(layers);
	}
	json_decref(array);
}

/* -- bits a second of a publisher's layers -- */

static void rate_take(struct whip_session *publisher, const struct sluice_stream_row *row)
{
	const char *rid = memrchr(row->name, '/', strnlen(row->name, sizeof(row->name)));
	uint32_t index;
	const struct sluice_track *track = video_of(publisher, &index);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	for (uint32_t i = 0; track != NULL && rid != NULL && i < track->n_rids; i++) {
		struct whip_rate *rate = &publisher->rates[i];

		if (strcmp(track->rids[i], rid + 1) != 0)
			continue;
		if (rate->at != 0 && row->bytes >= rate->bytes)
			rate->bps = (row->bytes - rate->bytes) * 8000 /
			            ((now - rate->at) / NSEC_PER_MSEC + 1);
		rate->bytes = row->bytes;
		rate->at = now;
	}
}

static void on_rates(void *arg, const struct dataplane_answer *answer)
{
	const struct sluice_stream_row *rows = answer->body;
	struct whip *whip = arg;

	for (uint32_t i = 0; answer->status == 0 && i < answer->length / sizeof(*rows); i++) {
		struct sluice_stream_row row = rows[i];
		struct whip_session *publisher;

		row.name[sizeof(row.name) - 1] = row.endpoint[sizeof(row.endpoint) - 1] = '\0';
		publisher = table_session(&whip->table, row.endpoint);
		if (publisher != NULL && publisher->role == SLUICE_SESSION_PUBLISH)
			rate_take(publisher, &row);
	}
}

void rates_ask(struct whip *whip, struct whip_session *publisher)
{
	struct sluice_stream_show show = {0};
	const struct dataplane_ask ask = {
	        .type = SLUICE_STREAM_SHOW,
	        .body = &show,
	        .length = sizeof(show),
	        .answered = on_rates,
	        .arg = whip,
	};
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (publisher->rates_asked != 0 && now - publisher->rates_asked < RATES_NS)
		return;
	publisher->rates_asked = now;
	snprintf(show.endpoint, sizeof(show.endpoint), "%s", publisher->id);
	dataplane_ask(whip->options.client, &ask, NULL);
}
