/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dataplane says of sessions: all of them when it is there again, then what becomes of
 * each. */
#include "whip/state.h"

#include "common/words.h"
#include "events/bus.h"

#include <stdio.h>
#include <string.h>

/* -- events -- */

/* Behind an answer that says nothing. */
static const struct timeval pause = {.tv_sec = 1}, at_once;

static void events_ask(struct whip *whip);

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

static void event_take_row(struct whip *whip, const struct sluice_session_event *event)
{
	char id[SLUICE_SESSION_ID_MAX];
	struct whip_session *session;

	snprintf(id, sizeof(id), "%.*s", (int)sizeof(event->id) - 1, event->id);
	event_pass(whip, event);
	session = event->state == SLUICE_SESSION_ENDED ? table_session(&whip->table, id) : NULL;
	if (session != NULL)
		table_remove(&whip->table, session);
}

static void on_events(void *arg, const struct dataplane_answer *answer)
{
	const struct sluice_session_event *rows = answer->body;
	struct whip *whip = arg;

	if (answer->status == 0)
		for (uint32_t i = 0; i < answer->length / sizeof(*rows); i++)
			event_take_row(whip, &rows[i]);
	if (answer->flags & SLUICE_API_MORE)
		return;
	whip->events = NULL;
	/* Where the dataplane has gone `ready` will come. */
	if (answer->status == 0 && !answer->lost)
		event_add(whip->again, answer->length > 0 ? &at_once : &pause);
}

void on_events_again(evutil_socket_t fd, short what, void *arg)
{
	events_ask(arg);
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

	if (whip->events == NULL)
		dataplane_ask(whip->options.client, &ask, &whip->events);
}

/* -- all of them -- */

static void whole_take(struct whip *whip, const struct sluice_session_whole *whole)
{
	struct whip_session *session =
	        whole->state != SLUICE_SESSION_ENDED
	                ? table_put(&whip->table, &whole->session, &whole->made)
	                : NULL;

	if (session != NULL)
		session->round = whip->round;
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
	if (answer->status == 0 && !answer->lost)
		table_sweep(&whip->table, whip->round);
}

void keep_start(struct whip *whip)
{
	const struct dataplane_ask ask = {
	        .type = SLUICE_SESSION_TAKE,
	        .apart = true,
	        .answered = on_taken,
	        .arg = whip,
	};

	events_ask(whip);
	if (whip->take != NULL)
		question_forget(whip->take);
	whip->take = NULL;
	whip->round = whip->round + 1 < UINT32_MAX ? whip->round + 1 : 1;
	dataplane_ask(whip->options.client, &ask, &whip->take);
}

/* -- the end of one -- */

static void on_ended(void *arg, const struct dataplane_answer *answer)
{
}

void session_end(struct whip *whip, const char *id)
{
	struct whip_session *session = table_session(&whip->table, id);
	struct sluice_session_name name = {0};
	const struct dataplane_ask ask = {
	        .type = SLUICE_SESSION_DELETE,
	        .body = &name,
	        .length = sizeof(name),
	        .answered = on_ended,
	};

	snprintf(name.id, sizeof(name.id), "%s", id);
	dataplane_ask(whip->options.client, &ask, NULL);
	if (session != NULL)
		table_remove(&whip->table, session);
}
