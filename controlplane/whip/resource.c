/* SPDX-License-Identifier: BSD-3-Clause */
/* What its client does with a session: RFC 9725, 4.3 and 4.4. */
#include "whip/state.h"

#include "sdp/fragment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

/* A request about a session that waits for the dataplane. */
struct wait {
	struct whip *whip;
	struct http_request *request; /* NULL: its client has gone */
	char id[SLUICE_SESSION_ID_MAX];
	char remote_ufrag[SLUICE_SESSION_UFRAG_MAX];
};

static void on_lost(void *arg)
{
	struct wait *wait = arg;

	wait->request = NULL;
}

struct whip_session *session_of(struct http_request *request, const struct whip_side *side)
{
	char stream[SLUICE_MEDIA_NAME_MAX], id[SLUICE_SESSION_ID_MAX];
	struct whip_session *session;

	if (!path_read(request, stream, id))
		return NULL;
	session = id[0] != '\0' ? table_session(&side->whip->table, id) : NULL;
	if (session == NULL || session->role != side->role ||
	    strcmp(session->stream->name, stream) != 0) {
		if (side->whip->known)
			problem_answer(request, 404, "there is no such session, or it has ended");
		else
			problem_answer_later(request, 503, "sessions are being read");
		return NULL;
	}
	if (!http_is_admin(request) &&
	    CRYPTO_memcmp(session->token, http_token_digest(request), HTTP_TOKEN_DIGEST) != 0) {
		problem_answer(request, 403, "this token has not made the session");
		return NULL;
	}
	return session;
}

static struct wait *wait_start(struct whip *whip, struct http_request *request, const char *id)
{
	struct wait *wait = calloc(1, sizeof(*wait));

	if (wait == NULL) {
		problem_answer_later(request, 503, "no memory");
		return NULL;
	}
	wait->whip = whip;
	wait->request = request;
	strcpy(wait->id, id);
	http_on_lost(request, on_lost, wait);
	return wait;
}

static void wait_ask(struct wait *wait, uint16_t type, const void *body, uint32_t length,
                     dataplane_answered_fn *answered)
{
	const struct dataplane_ask ask = {
	        .type = type,
	        .body = body,
	        .length = length,
	        .answered = answered,
	        .arg = wait,
	};

	if (dataplane_ask(wait->whip->options.client, &ask, NULL) < 0) {
		problem_answer_later(wait->request, 503, "the dataplane does not answer");
		free(wait);
	}
}

/* -- DELETE -- */

/* One that the dataplane does not know has ended as well. */
static void on_deleted(void *arg, const struct dataplane_answer *answer)
{
	struct wait *wait = arg;
	bool gone = answer->status == 0 || (answer->status == -ENOENT && !answer->lost);

	if (gone)
		table_end_session(&wait->whip->table, wait->id);
	if (wait->request != NULL && gone)
		http_answer(wait->request, 200, NULL, "", 0);
	else if (wait->request != NULL)
		problem_answer_of(wait->request, answer);
	free(wait);
}

void handle_delete(struct http_request *request, void *arg)
{
	struct whip_side *side = arg;
	struct whip_session *session = session_of(request, side);
	struct sluice_session_name name = {0};
	struct wait *wait = session != NULL ? wait_start(side->whip, request, session->id) : NULL;

	if (wait == NULL)
		return;
	strcpy(name.id, session->id);
	wait_ask(wait, SLUICE_SESSION_DELETE, &name, sizeof(name), on_deleted);
}

/* -- PATCH -- */

static void restart_answer(struct wait *wait, const struct whip_session *session,
                           const struct sluice_session_made *made)
{
	char text[4096];
	int length =
	        sdp_fragment_write(made, session->kind == SLUICE_TRACK_AUDIO ? "audio" : "video",
	                           session->mid, text, sizeof(text));

	etag_add(wait->request, made->ufrag);
	http_answer(wait->request, 200, WHIP_TYPE_FRAGMENT, text, length > 0 ? (size_t)length : 0);
}

static void on_restarted(void *arg, const struct dataplane_answer *answer)
{
	const struct sluice_session_made *made = answer->body;
	struct wait *wait = arg;
	struct whip_session *session = table_session(&wait->whip->table, wait->id);
	bool is_made =
	        answer->status == 0 && answer->length == sizeof(*made) && session != NULL &&
	        table_restarted(session, wait->remote_ufrag, made->ufrag, wait->whip->round) == 0;

	if (wait->request != NULL && is_made)
		restart_answer(wait, session, made);
	else if (wait->request != NULL && (answer->status != 0 || answer->lost))
		problem_answer_of(wait->request, answer);
	else if (wait->request != NULL && session == NULL)
		problem_answer(wait->request, 404, "the session has ended");
	else if (wait->request != NULL)
		problem_answer_later(wait->request, 503, "no memory");
	free(wait);
}

static void restart_ask(struct whip *whip, struct http_request *request,
                        const struct whip_session *session, const struct sdp_fragment *fragment)
{
	struct sluice_session_restart restart = {0};
	struct wait *wait = wait_start(whip, request, session->id);

	if (wait == NULL)
		return;
	slice_copy(fragment->ufrag, wait->remote_ufrag, sizeof(wait->remote_ufrag));
	strcpy(restart.id, session->id);
	strcpy(restart.remote_ufrag, wait->remote_ufrag);
	wait_ask(wait, SLUICE_SESSION_RESTART, &restart, sizeof(restart), on_restarted);
}

/* Of a list of entity tags, or * (RFC 9110, 13.1.1), which clients also send in quotes. */
static bool etag_matches(const char *text, const char *ufrag)
{
	struct slice list = {text, strlen(text)}, tag;
	char etag[WHIP_ETAG_MAX + 1];

	snprintf(etag, sizeof(etag), "\"%s\"", ufrag);
	while (slice_word(&list, ',', &tag)) {
		tag = slice_trim(tag);
		if (slice_is(tag, "*") || slice_is(tag, "\"*\"") || slice_is(tag, etag))
			return true;
	}
	return false;
}

void handle_patch(struct http_request *request, void *arg)
{
	struct whip_side *side = arg;
	const struct whip_session *session = session_of(request, side);
	const char *match, *body;
	struct sdp_fragment fragment;
	char why[SDP_WHY_MAX];
	size_t length;

	if (session == NULL)
		return;
	match = http_header(request, "If-Match");
	if (match == NULL) {
		problem_answer(request, 428,
		               "If-Match is needed: the session's ETag, or * for a "
		               "restart of ICE");
		return;
	}
	if (!etag_matches(match, session->ufrag)) {
		etag_add(request, session->ufrag);
		problem_answer(request, 412, "the ETag is of another ICE session");
		return;
	}
	body = http_body(request, &length);
	if (body == NULL)
		problem_answer_later(request, 503, "no memory");
	else if (sdp_fragment_read(&fragment, body, length, why) < 0)
		problem_answer(request, 400, why);
	else if (fragment.ufrag.length == 0 || slice_is(fragment.ufrag, session->remote_ufrag))
		http_answer(request, 204, NULL, "", 0); /* a lite agent needs no candidates */
	else
		restart_ask(side->whip, request, session, &fragment);
}

/* -- a layer: WHEP's core extensions -- */

/* Of an m-line by its number, without those that were refused. Empty: each video track; NULL: it is
 * none. */
static const char *mid_of(const struct whip_session *session, const char *media)
{
	char *end;
	unsigned long index = media != NULL ? strtoul(media, &end, 10) : 0;

	if (media == NULL)
		return "";
	return *media != '\0' && *end == '\0' && index < session->tracks->count
	               ? session->tracks->tracks[index].mid
	               : NULL;
}

/* What the extension knows beside `mediaId` and `rid`. */
static bool names_more(const json_t *json)
{
	static const char *const keys[] = {"spatialLayerId",    "temporalLayerId",
	                                   "maxSpatialLayerId", "maxTemporalLayerId",
	                                   "maxWidth",          "maxHeight"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_get(json, keys[i]) != NULL)
			return true;
	return false;
}

/* NULL, or why not. */
static const char *layer_read(const struct whip_session *session, const json_t *json,
                              struct sluice_session_layer *layer)
{
	const json_t *rid = json_object_get(json, "rid"), *media = json_object_get(json, "mediaId");
	const char *mid = mid_of(session, json_string_value(media));

	if (!json_is_object(json) || (rid != NULL && !json_is_string(rid)) ||
	    (media != NULL && !json_is_string(media)))
		return "expected {\"mediaId\": \"NUMBER\", \"rid\": \"RID\"}";
	if (names_more(json))
		return "a layer is chosen by its rid";
	if (mid == NULL)
		return "there is no such m-line";
	if (rid != NULL && json_string_length(rid) >= sizeof(layer->rid))
		return "there is no such rid";
	strcpy(layer->id, session->id);
	strcpy(layer->mid, mid);
	strcpy(layer->rid, rid != NULL ? json_string_value(rid) : "auto");
	return NULL;
}

static void on_layer(void *arg, const struct dataplane_answer *answer)
{
	struct wait *wait = arg;

	if (wait->request != NULL && answer->status == 0)
		http_answer(wait->request, 200, NULL, "", 0);
	else if (wait->request != NULL)
		problem_answer_of(wait->request, answer);
	free(wait);
}

void handle_layer(struct http_request *request, void *arg)
{
	struct whip_side *side = arg;
	const struct whip_session *session = session_of(request, side);
	struct sluice_session_layer layer = {0};
	const char *body, *why;
	struct wait *wait;
	size_t length;
	json_t *json;

	if (session == NULL)
		return;
	body = http_body(request, &length);
	json = body != NULL ? json_loadb(body, length, 0, NULL) : NULL;
	why = layer_read(session, json, &layer);
	json_decref(json);
	if (why != NULL) {
		problem_answer(request, 422, why);
		return;
	}
	wait = wait_start(side->whip, request, session->id);
	if (wait != NULL)
		wait_ask(wait, SLUICE_SESSION_LAYER, &layer, sizeof(layer), on_layer);
}

/* -- GET: nothing is defined yet, and what comes is no error (RFC 9725, 4.1) -- */

void handle_get(struct http_request *request, void *arg)
{
	char stream[SLUICE_MEDIA_NAME_MAX], id[SLUICE_SESSION_ID_MAX];
	const struct whip_side *side = arg;
	const struct whip_session *session;

	if (!path_read(request, stream, id))
		return;
	if (id[0] == '\0') {
		http_answer(request, 200, WHIP_TYPE_SDP, "", 0);
		return;
	}
	session = session_of(request, side);
	if (session == NULL)
		return;
	etag_add(request, session->ufrag);
	http_answer(request, 200, WHIP_TYPE_SDP, "", 0);
}
