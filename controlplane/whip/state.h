/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts share: whip.c (life, routes), post.c (a session begins), resource.c (it goes on,
 * it ends), keep.c (what the dataplane says), say.c (answers), sse.c and layers.c (events for
 * viewers). */
#ifndef WHIP_STATE_H
#define WHIP_STATE_H

#include "dataplane/ask.h"
#include "http/http.h"
#include "sdp/answer.h"
#include "whip/hook.h"
#include "whip/sse.h"
#include "whip/table.h"
#include "whip/whip.h"

#include <sluice/whip.h>

#include <event2/event.h>

#define WHIP_POSTS_MAX       256  /* offers that are being answered */
#define WHIP_TOKEN_POSTS_MAX 64   /* those of one token */
#define WHIP_KEYLESS_MAX     1024 /* sessions of one token that have no keys yet */
#define WHIP_RETRY_S         "2"
#define WHIP_ETAG_MAX        (SLUICE_TRACK_MID_MAX + 2)

#define WHIP_TYPE_SDP      "application/sdp"
#define WHIP_TYPE_FRAGMENT "application/trickle-ice-sdpfrag"
#define WHIP_TYPE_PROBLEM  "application/problem+json"

/* Which of the two protocols a route is of. */
struct whip_side {
	struct whip *whip;
	uint8_t role;       /* enum sluice_session_role */
	const char *prefix; /* "/whip/" */
};

struct post;
LIST_HEAD(posts, post);

struct whip {
	struct whip_options options;
	struct whip_table table;
	struct whip_side sides[2]; /* by enum sluice_session_role */
	struct sluice_whip_limit limit;
	struct hook hook;
	struct whip_sse sse;
	struct sluice_whip_row row; /* what is counted in it */
	struct posts list;
	uint32_t posts;
	/* keep.c */
	struct question *events, *take; /* NULL: not asked */
	struct event *again;            /* events are asked for */
	uint32_t round, sequence;       /* of the last event; 0: of none yet */
	bool known;                     /* all sessions have been read once */
	bool take_due;                  /* they could not be read */
	struct event *claims;
};

/* -- whip.c -- */

/* "STREAM" or "STREAM/ID" behind the route's path. false: it is neither, and the request has been
 * answered. id: empty for the first form. */
bool path_read(struct http_request *request, char stream[SLUICE_MEDIA_NAME_MAX],
               char id[SLUICE_SESSION_ID_MAX]);

/* -- post.c -- */
/* Of 128 random bits. False: there are none. */
bool id_make(char id[SLUICE_SESSION_ID_MAX]);
void handle_post(struct http_request *request, void *side);

/* -- resource.c -- */
/* The session that the path names, where the token may have it: the one that made it, or one of
 * scope admin. NULL: the request has been answered. */
struct whip_session *session_of(struct http_request *request, const struct whip_side *side);
/* A choice of layer, at /whep-layer/STREAM/ID. */
void handle_layer(struct http_request *request, void *side);
void handle_patch(struct http_request *request, void *side);
void handle_delete(struct http_request *request, void *side);
void handle_get(struct http_request *request, void *side);

/* -- keep.c -- */
void keep_start(struct whip *whip);
void on_events_again(evutil_socket_t fd, short what, void *arg);
void on_claims(evutil_socket_t fd, short what, void *arg);
void claims_renew(struct whip *whip);
/* The session ends, in both daemons. */
void session_end(struct whip *whip, const char *id);

/* -- layers.c -- */

#define WHIP_LAYERS_MAX 512

/* Who publishes it, with keys. NULL: nobody does now. */
struct whip_session *stream_active(const struct whip_stream *stream);
/* {"1":[{"rid":"q","bitrate":90000},...]}: by the viewer's m-line. Empty: there are none, or no
 * publisher (NULL). */
void layers_write(const struct whip_session *viewer, const struct whip_session *publisher,
                  char text[WHIP_LAYERS_MAX]);
/* The dataplane is asked what each of them sends; once in two seconds, whoever asks. */
void rates_ask(struct whip *whip, struct whip_session *publisher);

/* -- say.c -- */

/* RFC 9457 */
void problem_answer(struct http_request *request, int status, const char *detail);
/* The same, with Retry-After. */
void problem_answer_later(struct http_request *request, int status, const char *detail);
/* What the dataplane refused. The status. */
int problem_answer_of(struct http_request *request, const struct dataplane_answer *answer);
/* ETag of a session. */
void etag_add(struct http_request *request, const char *ufrag);
/* Location of a resource: this node's own, absolute. */
void location_add(const struct whip *whip, struct http_request *request, const char *path);
/* 307 to another node. */
void redirect_answer(struct http_request *request, const char *http);
/* Link: the extensions that this session has. */
void extensions_add(const struct whip_side *side, struct http_request *request, const char *stream,
                    const char *id);
/* Link: our own TURN, with credentials that hold a day. */
void links_add(const struct whip *whip, struct http_request *request, const char *stream);
/* Link: the same stream at other nodes, for a client that gets no answer from this one. */
void alternates_add(const struct whip_side *side, struct http_request *request, const char *stream);

#endif
