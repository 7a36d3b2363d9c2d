/* SPDX-License-Identifier: BSD-3-Clause */
#include "whip/table.h"

#include "common/clock.h"
#include "region/weight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS    8192
#define ROUND_NONE UINT32_MAX
#define KEPT_NS    30000000000ull

/* -- the blob: what the dataplane keeps for us -- */

#define BLOB_VERSION 1

struct blob {
	uint32_t version;
	uint8_t token[HTTP_TOKEN_DIGEST];
	uint32_t variants[SLUICE_SESSION_TRACKS_MAX][SLUICE_TRACK_PAYLOADS_MAX];
};
static_assert(sizeof(struct blob) <= SLUICE_SESSION_BLOB_MAX, "blob");

void blob_write(struct sluice_session *session, const uint8_t token[HTTP_TOKEN_DIGEST],
                const struct sdp_tracks *tracks)
{
	struct blob blob = {.version = BLOB_VERSION};

	memcpy(blob.token, token, sizeof(blob.token));
	memcpy(blob.variants, tracks->variants, sizeof(blob.variants));
	memcpy(session->blob, &blob, sizeof(blob));
	session->blob_length = sizeof(blob);
}

/* One of another version says nothing: only a token of scope admin opens the session then. */
static void blob_read(const struct sluice_session *session, struct blob *blob)
{
	memset(blob, 0, sizeof(*blob));
	if (session->blob_length != sizeof(*blob))
		return;
	memcpy(blob, session->blob, sizeof(*blob));
	if (blob->version != BLOB_VERSION)
		memset(blob, 0, sizeof(*blob));
}

/* -- the table -- */

int table_start(struct whip_table *table)
{
	table->by_id = calloc(BUCKETS, sizeof(*table->by_id));
	table->by_name = calloc(BUCKETS, sizeof(*table->by_name));
	TAILQ_INIT(&table->ended);
	return table->by_id != NULL && table->by_name != NULL ? 0 : -ENOMEM;
}

void table_end(struct whip_table *table)
{
	if (table->by_id != NULL && table->by_name != NULL)
		table_sweep(table, ROUND_NONE);
	free(table->by_id);
	free(table->by_name);
}

static uint32_t bucket_of(const char *name)
{
	return choice_hash(name, strlen(name)) % BUCKETS;
}

struct whip_stream *table_stream(const struct whip_table *table, const char *name)
{
	struct whip_stream *stream;

	LIST_FOREACH(stream, &table->by_name[bucket_of(name)], chain)
	if (strcmp(stream->name, name) == 0)
		return stream;
	return NULL;
}

struct whip_stream *table_stream_next(const struct whip_table *table, uint32_t *index)
{
	while (*index < BUCKETS) {
		struct whip_stream *stream = LIST_FIRST(&table->by_name[(*index)++]);

		if (stream != NULL)
			return stream;
	}
	return NULL;
}

static struct whip_stream *stream_get(struct whip_table *table, const char *name)
{
	struct whip_stream *stream = table_stream(table, name);

	if (stream != NULL)
		return stream;
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL)
		return NULL;
	snprintf(stream->name, sizeof(stream->name), "%s", name);
	LIST_INSERT_HEAD(&table->by_name[bucket_of(name)], stream, chain);
	table->streams++;
	return stream;
}

static void stream_leave(struct whip_table *table, struct whip_stream *stream)
{
	if (!LIST_EMPTY(&stream->publishers) || !LIST_EMPTY(&stream->viewers))
		return;
	LIST_REMOVE(stream, chain);
	table->streams--;
	free(stream);
}

struct whip_session *stream_publisher(const struct whip_stream *stream)
{
	struct whip_session *publisher, *found = LIST_FIRST(&stream->publishers);

	LIST_FOREACH(publisher, &stream->publishers, fellow)
	if (publisher->state == SLUICE_SESSION_CONNECTED)
		found = publisher;
	return found;
}

static const struct sluice_track *track_of_kind(const struct sdp_tracks *tracks, uint8_t kind)
{
	for (uint32_t i = 0; i < tracks->count; i++)
		if (tracks->tracks[i].kind == kind)
			return &tracks->tracks[i];
	return NULL;
}

static const struct sluice_payload *payload_from(const struct sluice_track *track, uint8_t from)
{
	for (uint8_t i = 0; i < track->n_payloads; i++)
		if (track->payloads[i].from == from)
			return &track->payloads[i];
	return NULL;
}

/* What a publisher prefers is what it sends, and under that number. */
bool viewer_fits(const struct whip_session *viewer, const struct whip_session *publisher)
{
	for (uint32_t i = 0; i < publisher->tracks->count; i++) {
		const struct sluice_track *sent = &publisher->tracks->tracks[i];
		const struct sluice_track *shown = track_of_kind(viewer->tracks, sent->kind);
		const struct sluice_payload *payload;

		if (shown == NULL || sent->n_payloads == 0)
			continue;
		payload = payload_from(shown, sent->payloads[0].pt);
		if (payload == NULL || payload->codec != sent->payloads[0].codec)
			return false;
	}
	return true;
}

static void session_free(struct whip_session *session)
{
	free(session->remote_ufrag);
	free(session->tracks);
	free(session);
}

static struct sdp_tracks *tracks_make(const struct sluice_session *session, const struct blob *blob)
{
	struct sdp_tracks *tracks = calloc(1, sizeof(*tracks));

	if (tracks == NULL)
		return NULL;
	tracks->count = session->n_tracks;
	if (tracks->count > SLUICE_SESSION_TRACKS_MAX)
		tracks->count = SLUICE_SESSION_TRACKS_MAX;
	memcpy(tracks->tracks, session->tracks, sizeof(tracks->tracks));
	memcpy(tracks->variants, blob->variants, sizeof(tracks->variants));
	return tracks;
}

static struct whip_session *session_make(const struct sluice_session *from,
                                         const struct sluice_session_made *made)
{
	struct whip_session *session = calloc(1, sizeof(*session));
	struct blob blob;

	if (session == NULL)
		return NULL;
	blob_read(from, &blob);
	snprintf(session->id, sizeof(session->id), "%s", from->id);
	session->role = from->role;
	memcpy(session->token, blob.token, sizeof(session->token));
	session->kind = from->tracks[0].kind;
	snprintf(session->mid, sizeof(session->mid), "%s", from->tracks[0].mid);
	session->tracks = tracks_make(from, &blob);
	if (session->tracks == NULL ||
	    table_restarted(session, from->remote_ufrag, made->ufrag, 0) < 0) {
		session_free(session);
		return NULL;
	}
	return session;
}

/* Of those that have ended as well. */
static struct whip_session *session_find(const struct whip_table *table, const char *id)
{
	struct whip_session *session;

	LIST_FOREACH(session, &table->by_id[bucket_of(id)], chain)
	if (strcmp(session->id, id) == 0)
		return session;
	return NULL;
}

struct whip_session *table_session(const struct whip_table *table, const char *id)
{
	struct whip_session *session = session_find(table, id);

	return session != NULL && session->ended == 0 ? session : NULL;
}

static bool is_keyless(const struct whip_session *session)
{
	return session->state != SLUICE_SESSION_CONNECTED;
}

void table_state(struct whip_table *table, struct whip_session *session, uint8_t state)
{
	if (state < session->state)
		return;
	if (is_keyless(session))
		LIST_REMOVE(session, keyless);
	session->state = state;
	if (is_keyless(session))
		LIST_INSERT_HEAD(&table->keyless, session, keyless);
}

uint32_t table_keyless(const struct whip_table *table, const uint8_t token[HTTP_TOKEN_DIGEST])
{
	const struct whip_session *session;
	uint32_t count = 0;

	LIST_FOREACH(session, &table->keyless, keyless)
	count += memcmp(session->token, token, HTTP_TOKEN_DIGEST) == 0;
	return count;
}

static void session_enter(struct whip_table *table, struct whip_session *session,
                          struct whip_stream *stream)
{
	bool publishes = session->role == SLUICE_SESSION_PUBLISH;

	session->stream = stream;
	LIST_INSERT_HEAD(publishes ? &stream->publishers : &stream->viewers, session, fellow);
	stream->n_viewers += !publishes;
	table->sessions++;
	if (is_keyless(session))
		LIST_INSERT_HEAD(&table->keyless, session, keyless);
	LIST_INSERT_HEAD(&table->by_id[bucket_of(session->id)], session, chain);
}

static void session_leave(struct whip_table *table, struct whip_session *session)
{
	struct whip_stream *stream = session->stream;

	LIST_REMOVE(session, fellow);
	stream->n_viewers -= session->role == SLUICE_SESSION_WATCH;
	table->sessions--;
	if (is_keyless(session))
		LIST_REMOVE(session, keyless);
	session->stream = NULL;
	stream_leave(table, stream);
}

static void credentials_keep(struct whip_session *session, struct whip_session *old)
{
	char *remote_ufrag = session->remote_ufrag;

	session->remote_ufrag = old->remote_ufrag;
	old->remote_ufrag = remote_ufrag;
	memcpy(session->ufrag, old->ufrag, sizeof(session->ufrag));
}

struct whip_session *table_put(struct whip_table *table, const struct sluice_session *from,
                               const struct sluice_session_made *made, uint8_t state,
                               uint32_t round)
{
	struct whip_session *old = session_find(table, from->id), *session;
	struct whip_stream *stream;

	if (old != NULL && old->ended != 0)
		return NULL;
	session = session_make(from, made);
	if (session == NULL)
		return NULL;
	stream = stream_get(table, from->stream);
	if (stream == NULL) {
		session_free(session);
		return NULL;
	}
	/* A state goes one way: a row that says less was read before the last event. */
	session->state = old != NULL && old->state > state ? old->state : state;
	session->round = round;
	session_enter(table, session, stream);
	if (old != NULL) {
		session->restarted = old->restarted;
		if (old->restarted != 0 && old->restarted == round)
			credentials_keep(session, old);
		table_remove(table, old);
	}
	return session;
}

int table_restarted(struct whip_session *session, const char *remote_ufrag, const char *ufrag,
                    uint32_t round)
{
	char *copy = strdup(remote_ufrag);

	if (copy == NULL)
		return -ENOMEM;
	free(session->remote_ufrag);
	session->remote_ufrag = copy;
	snprintf(session->ufrag, sizeof(session->ufrag), "%s", ufrag);
	session->restarted = round;
	return 0;
}

void table_remove(struct whip_table *table, struct whip_session *session)
{
	LIST_REMOVE(session, chain);
	if (session->ended != 0)
		TAILQ_REMOVE(&table->ended, session, late);
	else
		session_leave(table, session);
	session_free(session);
}

/* Nothing that was read before that comes now. */
static void ended_forget(struct whip_table *table, uint64_t now)
{
	struct whip_session *session;

	while ((session = TAILQ_FIRST(&table->ended)) != NULL && now - session->ended > KEPT_NS)
		table_remove(table, session);
}

void table_end_session(struct whip_table *table, const char *id)
{
	struct whip_session *session = session_find(table, id);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	ended_forget(table, now);
	if (session != NULL && session->ended != 0)
		return;
	if (session != NULL) {
		session_leave(table, session);
		free(session->tracks);
		session->tracks = NULL;
	} else {
		session = calloc(1, sizeof(*session));
		if (session == NULL)
			return;
		snprintf(session->id, sizeof(session->id), "%s", id);
		LIST_INSERT_HEAD(&table->by_id[bucket_of(id)], session, chain);
	}
	session->ended = now;
	TAILQ_INSERT_TAIL(&table->ended, session, late);
}

void table_sweep(struct whip_table *table, uint32_t round)
{
	for (uint32_t i = 0; i < BUCKETS; i++) {
		struct whip_session *session = LIST_FIRST(&table->by_id[i]), *next;

		for (; session != NULL; session = next) {
			next = LIST_NEXT(session, chain);
			if (session->round != round && (session->ended == 0 || round == ROUND_NONE))
				table_remove(table, session);
		}
	}
}
