/* SPDX-License-Identifier: BSD-3-Clause */
/* GET /v1/steer and /readyz. */
#include "fleet/owner.h"
#include "fleet/state.h"
#include "region/answer.h"

#include "config/running.h"
#include "http/http.h"

#include <sluice/turn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Clocks of nodes may be hours apart. */
#define CREDENTIALS_S 86400

struct steer {
	struct fleet *fleet;
	struct http_request *request;
	struct snapshot *snapshot;
	struct owner_search *search; /* NULL: none is under way */
	const struct snapshot_node *choice;
	size_t length;
	char session[ANSWER_SESSION + 1];
};

static void steer_free(struct steer *steer)
{
	snapshot_release(steer->snapshot);
	free(steer);
}

/* -- the answer -- */

static void on_secrets_changed(void *arg)
{
	struct fleet *fleet = arg;

	fleet->secret_known = false;
}

/* The newest: where secrets are rotated, it is the one that stays. NULL: there is none. */
static const struct credential_key *secret_key(struct fleet *fleet)
{
	const struct sluice_turn_secret *secret = NULL;
	struct running_line *line = NULL;

	if (fleet->secret_known)
		return fleet->has_secret ? &fleet->secret : NULL;
	while ((line = running_next(fleet->options.running, line)) != NULL) {
		const struct sluice_turn_secret *each = (const void *)line->request.body.bytes;

		/* a tenant's credentials are made by the tenant */
		if (line->request.command->type == SLUICE_TURN_SECRET_ADD && each->realm[0] == '\0')
			secret = each;
	}
	if (secret != NULL)
		credential_key_make(&fleet->secret, secret->secret);
	fleet->has_secret = secret != NULL;
	fleet->secret_known = true;
	return fleet->has_secret ? &fleet->secret : NULL;
}

uint32_t fleet_turn(struct fleet *fleet, struct sluice_addr list[2],
                    const struct credential_key **key)
{
	struct node_record record;
	uint32_t count = 0;

	beat_record(fleet, &record);
	if (record.addr4.port != 0)
		list[count++] = record.addr4;
	if (record.addr6.port != 0)
		list[count++] = record.addr6;
	*key = secret_key(fleet);
	return count;
}

static uint64_t age_ms(const struct fleet *fleet)
{
	uint64_t age = view_age(fleet->view, fleet_now());

	/* Alone in the world it is never out of date. */
	return age == UINT64_MAX ? 0 : age / 1000000;
}

static void steer_answer(struct steer *steer, const struct snapshot_node *node)
{
	char text[ANSWER_MAX];
	const struct answer answer = {
	        .snapshot = steer->snapshot,
	        .node = node,
	        .session = steer->session,
	        .length = steer->length,
	        .key = secret_key(steer->fleet),
	        .expires = (uint64_t)time(NULL) + CREDENTIALS_S,
	        .age_ms = age_ms(steer->fleet),
	};
	int length = answer_write(&answer, text, sizeof(text));

	if (length < 0) {
		http_refuse(steer->request, 500, "the answer is too long");
	} else {
		http_answer_header(steer->request, "Cache-Control", "no-store");
		http_answer(steer->request, 200, "application/json", text, length);
	}
	explicit_bzero(text, sizeof(text));
}

static void on_found(void *arg, const struct snapshot_node *owner)
{
	struct steer *steer = arg;
	const struct snapshot_node *node = owner != NULL ? owner : steer->choice;

	owner_tell(steer->fleet->owners, steer->session, steer->length, node);
	steer_answer(steer, node);
	steer_free(steer);
}

static void on_lost(void *arg)
{
	struct steer *steer = arg;

	if (steer->search != NULL)
		owner_forget(steer->search);
	steer_free(steer);
}

/* -- the question -- */

/* NULL, or what is wrong with it. */
static const char *where_read(struct http_request *request, const struct snapshot *snapshot,
                              struct choice_where *where)
{
	const char *lat = http_query(request, "lat"), *lon = http_query(request, "lon");
	char text[SLUICE_REGION_PLACE_MAX];

	where->region = http_query(request, "region");
	if (where->region != NULL && snapshot_region_find(snapshot, where->region) == NULL)
		return "region: there is none of this name";
	if (lat == NULL && lon == NULL)
		return NULL;
	if (lat == NULL || lon == NULL ||
	    snprintf(text, sizeof(text), "%s,%s", lat, lon) >= (int)sizeof(text) ||
	    place_read(&where->place, text) != 0)
		return "lat, lon: expected both, in degrees";
	return NULL;
}

static void steer_begin(struct fleet *fleet, struct http_request *request, const char *session,
                        const struct choice_where *where)
{
	struct steer *steer = calloc(1, sizeof(*steer));
	struct owner_search *search;

	if (steer == NULL) {
		http_refuse(request, 503, "no memory");
		return;
	}
	steer->fleet = fleet;
	steer->request = request;
	steer->snapshot = snapshot_hold(fleet->snapshot);
	steer->length = strlen(session);
	memcpy(steer->session, session, steer->length);
	steer->choice = choice_make(steer->snapshot, session, steer->length, where);
	if (steer->choice == NULL) {
		http_refuse(request, 503, "no node takes anything");
		steer_free(steer);
		return;
	}
	http_on_lost(request, on_lost, steer);
	search = owner_find(fleet->owners, steer->snapshot, session, steer->length, where, on_found,
	                    steer);
	/* Without a search it has been answered, and is gone. */
	if (search != NULL)
		steer->search = search;
}

static void handle_steer(struct http_request *request, void *arg)
{
	const char *session = http_query(request, "session"), *wrong;
	struct choice_where where = {0};
	struct fleet *fleet = arg;

	if (session == NULL || !session_is_valid(session, strlen(session))) {
		http_refuse(request, 400,
		            "session: expected 1 to 128 printable ASCII characters, no spaces, "
		            "quotes or backslashes");
		return;
	}
	if (fleet->snapshot == NULL || fleet->snapshot->n_nodes == 0) {
		http_refuse(request, 503, "no node is known: is there a `node set`?");
		return;
	}
	wrong = where_read(request, fleet->snapshot, &where);
	if (wrong != NULL)
		http_refuse(request, 400, wrong);
	else
		steer_begin(fleet, request, session, &where);
}

/* How many lines are not in force; who may read is told one of them, without its secrets. */
static void answer_refused(const struct fleet *fleet, struct http_request *request)
{
	const struct running *running = fleet->options.running;
	struct running_line *line = running_next(running, NULL);
	char text[COMMAND_TEXT_MAX], body[COMMAND_TEXT_MAX + SLUICE_API_ERROR_MAX + 64];

	while (line != NULL && !line->refused)
		line = running_next(running, line);
	if (line == NULL)
		return;
	if (http_may_read(request)) {
		command_format(&line->request, false, text, sizeof(text));
		snprintf(body, sizeof(body), "%u of %u lines refused: %s: %s\n",
		         running_refused(running), running_count(running), text,
		         line->why != NULL ? line->why : "?");
	} else {
		snprintf(body, sizeof(body),
		         "%u of %u lines refused: `sluicectl config refused` has them\n",
		         running_refused(running), running_count(running));
	}
	http_answer_text(request, 503, body);
}

/* Whether this node admits new work. No Redis is in it, and no other region. */
static void handle_readyz(struct http_request *request, void *arg)
{
	struct fleet *fleet = arg;
	struct load_now load;

	load_get(fleet->load, &load);
	if (fleet->drain.on)
		http_answer_text(request, 503, "draining\n");
	else if (!load.known)
		http_answer_text(request, 503, "the dataplane does not answer\n");
	else if (running_refused(fleet->options.running) > 0)
		answer_refused(fleet, request);
	else
		http_answer_text(request, 200, "ok\n");
}

int steer_start(struct fleet *fleet)
{
	const struct http_route routes[] = {
	        {EVHTTP_REQ_GET, "/v1/steer", HTTP_ADMIN, handle_steer, fleet},
	        {EVHTTP_REQ_GET, "/readyz", HTTP_OPEN, handle_readyz, fleet},
	};
	int error = running_watch(fleet->options.running, SLUICE_TURN_SECRET_ADD,
	                          on_secrets_changed, fleet);

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]) && error == 0; i++)
		error = http_route_add(fleet->options.http, &routes[i]);
	return error;
}
