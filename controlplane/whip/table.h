/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions by their ids, and streams by their names: a stream is there as long as a session of it
 * is. */
#ifndef WHIP_TABLE_H
#define WHIP_TABLE_H

#include "http/http.h"
#include "sdp/agree.h"

#include <stdbool.h>
#include <stdint.h>

#include <sys/queue.h>

/* What a publisher sends of a layer, where a viewer listens to events. */
struct whip_rate {
	uint64_t bytes; /* at `at`, CLOCK_MONOTONIC, ns; 0: never looked at */
	uint64_t at;
	uint64_t bps;
};

struct whip_session {
	LIST_ENTRY(whip_session) chain;   /* of those with the same hash */
	LIST_ENTRY(whip_session) fellow;  /* of its stream and role */
	LIST_ENTRY(whip_session) keyless; /* of those that have no keys yet */
	TAILQ_ENTRY(whip_session) late;   /* of those that have ended */
	uint64_t ended;                   /* CLOCK_MONOTONIC, ns; 0: it lives */
	struct whip_stream *stream;
	char id[SLUICE_SESSION_ID_MAX];
	uint8_t role;  /* enum sluice_session_role */
	uint8_t state; /* enum sluice_session_state: table_state */
	uint8_t token[HTTP_TOKEN_DIGEST];
	char ufrag[SLUICE_TRACK_MID_MAX]; /* ours: the ETag */
	uint8_t kind;                     /* of the tagged m-line */
	char mid[SLUICE_TRACK_MID_MAX];
	char *remote_ufrag;
	struct sdp_tracks *tracks;
	uint32_t round;       /* of reading all of them, in which it was seen last */
	uint32_t restarted;   /* the round in which its ICE was restarted last; 0: never */
	uint64_t rates_asked; /* CLOCK_MONOTONIC, ns; 0: never */
	struct whip_rate rates[SLUICE_TRACK_LAYERS_MAX]; /* of its video's rids */
};
LIST_HEAD(whip_sessions, whip_session);
TAILQ_HEAD(whip_ended, whip_session);

struct whip_stream {
	LIST_ENTRY(whip_stream) chain;
	char name[SLUICE_MEDIA_NAME_MAX];
	struct whip_sessions publishers; /* two while one takes it over */
	struct whip_sessions viewers;
	uint32_t n_viewers;
};
LIST_HEAD(whip_streams, whip_stream);

struct whip_table {
	struct whip_sessions *by_id;
	struct whip_streams *by_name;
	struct whip_sessions keyless;
	struct whip_ended ended; /* the first one first */
	uint32_t sessions, streams;
};

/* 0 or -ENOMEM. */
int table_start(struct whip_table *table);
void table_end(struct whip_table *table);

/* NULL: there is none that lives. */
struct whip_session *table_session(const struct whip_table *table, const char *id);
struct whip_stream *table_stream(const struct whip_table *table, const char *name);
/* The first of a bucket of streams from *index on, which is counted up; NULL: there is none. */
struct whip_stream *table_stream_next(const struct whip_table *table, uint32_t *index);

/* Who sends the stream: the dataplane's own rule. NULL: nobody publishes it now. */
struct whip_session *stream_publisher(const struct whip_stream *stream);

/* What the dataplane has. A session with this id is written over, but for credentials of a restart
 * in the same round: the row may have been read before it. NULL: no memory, or it has ended
 * meanwhile. */
struct whip_session *table_put(struct whip_table *table, const struct sluice_session *session,
                               const struct sluice_session_made *made, uint8_t state,
                               uint32_t round);
/* state: enum sluice_session_state, but ENDED. A row may have been newer than this event: a session
 * never goes back. */
void table_state(struct whip_table *table, struct whip_session *session, uint8_t state);
/* How many sessions of this token have no keys: nobody has shown yet to be behind them. */
uint32_t table_keyless(const struct whip_table *table, const uint8_t token[HTTP_TOKEN_DIGEST]);
/* After a restart of its ICE. 0 or -ENOMEM. */
int table_restarted(struct whip_session *session, const char *remote_ufrag, const char *ufrag,
                    uint32_t round);
/* It has ended, though we may not know it yet: what was read of it before and comes now is late. */
void table_end_session(struct whip_table *table, const char *id);
void table_remove(struct whip_table *table, struct whip_session *session);
/* Removes the sessions that were not seen in the round. */
void table_sweep(struct whip_table *table, uint32_t round);

/* Whether a viewer that agreed to what an earlier publisher sent can play this one. */
bool viewer_fits(const struct whip_session *viewer, const struct whip_session *publisher);

/* -- what a session's blob says -- */

void blob_write(struct sluice_session *session, const uint8_t token[HTTP_TOKEN_DIGEST],
                const struct sdp_tracks *tracks);

#endif
