/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dataplane says of sessions: all of them when it is there again, then what becomes of
 * each. */
#include "whip/state.h"

#include "common/words.h"
#include "events/bus.h"
#include "fleet/fleet.h"

#include <stdio.h>
#include <string.h>

/* -- events -- */

/* Behind an answer that says nothing. */
static const struct timeval pause = {.tv_sec = 1}, at_once;

static void events_ask(struct whip *whip);
static void take_ask(struct whip *whip);

static void event_pass(struct whip *whip, const struct sluice_session_event *event)
{
	struct sluice_event_row row = {.area = "session"};
	const char *state = word_of(session_state_words, event->state);
	const char *reason = word_of(session_reason_words, event->reason);

	snprintf(row.subject, sizeof(row.subject), "%.*s", (int)sizeof(event->id) - 1, event->id);
	snprintf(row.state, sizeof(row.state), "%.16s %.44s %.12s%s%.16s",
	         event->role == SLUICE_SESSION_PUBLISH ? "publish" : "watch", event->stream,
	         state != NULL ? state : "?", event->state == SLUICE_SESSION_ENDED ? ": " : "",
	         event->state == SLUICE_SESSION_ENDED && reason != NULL ? reason : "");
	row.client = event->remote;
	event_tell(whip->options.events, &row);
}

/* Those who agreed to other payload types than this publisher has would see nothing: they begin
 * again. */
static void viewers_look(struct whip *whip, const struct whip_session *publisher)
{
	struct whip_session *viewer = LIST_FIRST(&publisher->stream->viewers), *next;

	for (; viewer != NULL; viewer = next) {
		next = LIST_NEXT(viewer, fellow);
		if (!viewer_fits(viewer, publisher))
			session_end(whip, viewer->id);
	}
}

static void event_take_row(struct whip *whip, const struct sluice_session_event *event)
{
	char id[SLUICE_SESSION_ID_MAX];
	struct whip_session *session;

	snprintf(id, sizeof(id), "%.*s", (int)sizeof(event->id) - 1, event->id);
	event_pass(whip, event);
	if (event->state == SLUICE_SESSION_ENDED) {
		table_end_session(&whip->table, id);
		return;
	}
	session = table_session(&whip->table, id);
	if (session == NULL)
		return;
	table_state(&whip->table, session, event->state);
	if (event->state == SLUICE_SESSION_CONNECTED && session->role == SLUICE_SESSION_PUBLISH)
		viewers_look(whip, session);
}

static void on_events(void *arg, const struct dataplane_answer *answer)
{
	const struct sluice_session_event *rows = answer->body;
	struct whip *whip = arg;
	bool missed = false;

	for (uint32_t i = 0; answer->status == 0 && i < answer->length / sizeof(*rows); i++) {
		missed |= whip->sequence != 0 && rows[i].sequence != whip->sequence + 1;
		whip->sequence = rows[i].sequence;
		event_take_row(whip, &rows[i]);
	}
	if (answer->flags & SLUICE_API_MORE)
		return;
	whip->events = NULL;
	event_add(whip->again, answer->status == 0 && answer->length > 0 ? &at_once : &pause);
	if (missed)
		keep_start(whip);
}

void on_events_again(evutil_socket_t fd, short what, void *arg)
{
	struct whip *whip = arg;

	events_ask(whip);
	if (whip->take_due)
		take_ask(whip);
}

static void events_ask(struct whip *whip)
{
	const struct dataplane_ask ask = {
	        .type = SLUICE_SESSION_EVENTS,
	        .apart = true,
	        .patience_s = ASK_FOREVER,
	        .answered = on_events,
	        .arg = whip,
	};

	if (whip->events == NULL && dataplane_ask(whip->options.client, &ask, &whip->events) < 0)
		event_add(whip->again, &pause);
}

/* -- all of them -- */

/* The streams that are here: others find them by that for as long as it is said again. */
void claims_renew(struct whip *whip)
{
	const struct whip_stream *stream;

	for (uint32_t i = 0; (stream = table_stream_next(&whip->table, &i)) != NULL;)
		for (; stream != NULL; stream = LIST_NEXT(stream, chain))
			if (!LIST_EMPTY(&stream->publishers))
				fleet_claim(whip->options.fleet, stream->name);
}

void on_claims(evutil_socket_t fd, short what, void *arg)
{
	claims_renew(arg);
}

static void whole_take(struct whip *whip, const struct sluice_session_whole *whole)
{
	if (whole->state != SLUICE_SESSION_ENDED)
		table_put(&whip->table, &whole->session, &whole->made, (uint8_t)whole->state,
		          whip->round);
}

static void on_taken(void *arg, const struct dataplane_answer *answer)
{
	const struct sluice_session_whole *rows = answer->body;
	struct whip *whip = arg;

	if (answer->status == 0)
		for (uint32_t i = 0; i < answer->length / sizeof(*rows); i++)
			whole_take(whip, &rows[i]);
	if (answer->flags & SLUICE_API_MORE)
		return;
	whip->take = NULL;
	whip->take_due = answer->status != 0 || answer->lost;
	if (whip->take_due) {
		event_add(whip->again, &pause);
		return;
	}
	whip->known = true;
	table_sweep(&whip->table, whip->round);
	claims_renew(whip);
}

static void take_ask(struct whip *whip)
{
	const struct dataplane_ask ask = {
	        .type = SLUICE_SESSION_TAKE,
	        .apart = true,
	        .answered = on_taken,
	        .arg = whip,
	};

	if (whip->take != NULL)
		question_forget(whip->take);
	whip->take = NULL;
	whip->round = whip->round + 1 < UINT32_MAX ? whip->round + 1 : 1;
	whip->take_due = dataplane_ask(whip->options.client, &ask, &whip->take) < 0;
	if (whip->take_due)
		event_add(whip->again, &pause);
}

void keep_start(struct whip *whip)
{
	whip->sequence = 0; /* of a dataplane that is perhaps a new one */
	events_ask(whip);
	take_ask(whip);
}

/* -- the end of one -- */

static void on_ended(void *arg, const struct dataplane_answer *answer)
{
}

void session_end(struct whip *whip, const char *id)
{
	struct sluice_session_name name = {0};
	const struct dataplane_ask ask = {
	        .type = SLUICE_SESSION_DELETE,
	        .body = &name,
	        .length = sizeof(name),
	        .answered = on_ended,
	};

	snprintf(name.id, sizeof(name.id), "%s", id);
	dataplane_ask(whip->options.client, &ask, NULL);
	table_end_session(&whip->table, name.id);
}
