/* SPDX-License-Identifier: BSD-3-Clause */
/* An offer comes: RFC 9725, 4.2. */
#include "whip/state.h"

#include "fleet/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <sys/random.h>

#define ID_BYTES 16 /* nobody guesses one */

struct post {
	LIST_ENTRY(post) entry;
	struct whip_side *side;
	struct http_request *request; /* NULL: its client has gone */
	struct fleet_search *search;  /* NULL: none is under way */
	struct hook_question *hook;   /* NULL: nobody is asked */
	char stream[SLUICE_MEDIA_NAME_MAX];
	struct sdp_offer *offer; /* points into the request's body */
	struct sdp_agreement agreement;
	struct sluice_session session;
	bool asked; /* the dataplane will answer */
};

static void post_free(struct post *post)
{
	post->side->whip->posts--;
	LIST_REMOVE(post, entry);
	sdp_offer_destroy(post->offer);
	free(post);
}

static void on_lost(void *arg)
{
	struct post *post = arg;

	post->request = NULL;
	if (post->search != NULL)
		fleet_place_forget(post->search);
	if (post->hook != NULL)
		hook_forget(post->hook);
	if (!post->asked)
		post_free(post);
}

static void offer_count(struct whip *whip, int status)
{
	struct sluice_whip_row *row = &whip->row;

	if (status == 201)
		row->answered++;
	else if (status == 307)
		row->elsewhere++;
	else if (status == 503)
		row->unserved++;
	else
		row->refused++;
}

static void post_refuse(struct post *post, int status, const char *why)
{
	offer_count(post->side->whip, status);
	if (status == 409 || status == 503)
		problem_answer_later(post->request, status, why);
	else
		problem_answer(post->request, status, why);
	post_free(post);
}

/* -- the answer -- */

static uint64_t number_of(const char *id)
{
	uint64_t number;

	memcpy(&number, id, sizeof(number));
	return number;
}

static void session_answer(struct post *post, const struct sluice_session_made *made)
{
	struct whip *whip = post->side->whip;
	const struct sdp_answer answer = {
	        .offer = post->offer,
	        .agreement = &post->agreement,
	        .made = made,
	        .stream = post->stream,
	        .id = number_of(post->session.id),
	        .watch = post->side->role == SLUICE_SESSION_WATCH,
	};
	char path[160], *text = malloc(SDP_ANSWER_MAX);
	int length = text != NULL ? sdp_answer_write(&answer, text, SDP_ANSWER_MAX) : -ENOMEM;

	if (length < 0) {
		session_end(whip, post->session.id);
		offer_count(whip, 503);
		problem_answer_later(post->request, 503, "no memory for the answer");
	} else {
		snprintf(path, sizeof(path), "%s%s/%s", post->side->prefix, post->stream,
		         post->session.id);
		location_add(whip, post->request, path);
		etag_add(post->request, made->ufrag);
		links_add(whip, post->request, post->stream);
		alternates_add(post->side, post->request, post->stream);
		extensions_add(post->side, post->request, post->stream, post->session.id);
		http_answer_header(post->request, "Accept-Patch", WHIP_TYPE_FRAGMENT);
		offer_count(whip, 201);
		http_answer(post->request, 201, WHIP_TYPE_SDP, text, (size_t)length);
	}
	free(text);
}

static void on_made(void *arg, const struct dataplane_answer *answer)
{
	const struct sluice_session_made *made = answer->body;
	struct post *post = arg;
	struct whip *whip = post->side->whip;
	bool is_made = answer->status == 0 && answer->length == sizeof(*made);

	if (is_made && table_put(&whip->table, &post->session, made, SLUICE_SESSION_NEW,
	                         whip->round) == NULL) {
		session_end(whip, post->session.id);
		is_made = false;
	}
	if (is_made && post->request != NULL && post->side->role == SLUICE_SESSION_PUBLISH)
		fleet_claim(whip->options.fleet, post->stream);
	if (post->request == NULL && is_made)
		session_end(whip, post->session.id);
	else if (post->request != NULL && is_made)
		session_answer(post, made);
	else if (post->request != NULL)
		offer_count(whip, problem_answer_of(post->request, answer));
	post_free(post);
}

/* -- the session -- */

bool id_make(char id[SLUICE_SESSION_ID_MAX])
{
	uint8_t bytes[ID_BYTES + 2] = {0};
	unsigned char text[4 * (sizeof(bytes) / 3) + 1];

	if (getrandom(bytes, ID_BYTES, 0) != ID_BYTES)
		return false;
	EVP_EncodeBlock(text, bytes, sizeof(bytes));
	text[22] = '\0'; /* of 128 bits */
	for (unsigned char *at = text; *at != '\0'; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	strcpy(id, (const char *)text);
	return true;
}

static bool is_takeover(const struct post *post)
{
	const char *takeover = http_query(post->request, "takeover");

	return post->side->role == SLUICE_SESSION_PUBLISH && takeover != NULL &&
	       strcmp(takeover, "1") == 0;
}

static bool session_make(struct post *post)
{
	const struct sdp_agreement *agreement = &post->agreement;
	struct sluice_session *session = &post->session;

	session->role = post->side->role;
	session->active = agreement->active;
	session->n_tracks = (uint8_t)agreement->tracks.count;
	session->n_fingerprints = agreement->transport.n_fingerprints;
	session->takeover = is_takeover(post);
	strcpy(session->stream, post->stream);
	memcpy(session->fingerprints, agreement->transport.fingerprints,
	       sizeof(session->fingerprints));
	memcpy(session->tracks, agreement->tracks.tracks, sizeof(session->tracks));
	blob_write(session, http_token_digest(post->request), &agreement->tracks);
	return id_make(session->id) && slice_copy(agreement->transport.ufrag, session->remote_ufrag,
	                                          sizeof(session->remote_ufrag));
}

static void session_ask(struct post *post)
{
	const struct dataplane_ask ask = {
	        .type = SLUICE_SESSION_ADD,
	        .body = &post->session,
	        .length = sizeof(post->session),
	        .answered = on_made,
	        .arg = post,
	};

	if (!session_make(post))
		post_refuse(post, 503, "no randomness");
	else if (dataplane_ask(post->side->whip->options.client, &ask, NULL) < 0)
		post_refuse(post, 503, "the dataplane does not answer");
	else
		post->asked = true;
}

/* -- the offer -- */

/* A takeover of the only publisher: where it connects, that one ends. */
static bool frees_place(const struct post *post, const struct whip_stream *stream)
{
	const struct whip_session *publisher =
	        stream != NULL ? LIST_FIRST(&stream->publishers) : NULL;
	const struct post *other;

	if (publisher == NULL || LIST_NEXT(publisher, fellow) != NULL || !is_takeover(post))
		return false;
	LIST_FOREACH(other, &post->side->whip->list, entry)
	if (other->asked && other->side == post->side && strcmp(other->stream, post->stream) == 0)
		return false;
	return true;
}

/* Whether one more may watch, or publish; those that the dataplane has not answered count. */
static const char *limit_reached(const struct post *post, const struct whip_stream *stream)
{
	const struct whip *whip = post->side->whip;
	const struct sluice_whip_limit *limit = &whip->limit;
	uint32_t sessions = whip->table.sessions, viewers = stream != NULL ? stream->n_viewers : 0;
	const struct post *other;

	LIST_FOREACH(other, &whip->list, entry)
	{
		sessions += other->asked;
		viewers += other->asked && other->side->role == SLUICE_SESSION_WATCH &&
		           strcmp(other->stream, post->stream) == 0;
	}
	sessions -= frees_place(post, stream);
	if (limit->sessions != 0 && sessions >= limit->sessions)
		return "there are as many sessions as may be";
	if (post->side->role == SLUICE_SESSION_WATCH && limit->viewers != 0 &&
	    viewers >= limit->viewers)
		return "the stream has as many viewers as may be";
	/* Without those that are being answered, WHIP_POSTS_MAX at most. */
	if (table_keyless(&whip->table, http_token_digest(post->request)) >= WHIP_KEYLESS_MAX)
		return "too many sessions of this token have not connected yet";
	return NULL;
}

static void offer_take(struct post *post)
{
	const struct whip *whip = post->side->whip;
	const struct whip_stream *stream = table_stream(&whip->table, post->stream);
	const struct sdp_tracks *published = NULL;
	const struct whip_session *publisher;
	const char *limit = limit_reached(post, stream), *body;
	char why[SDP_WHY_MAX];
	size_t length;
	int error;

	body = http_body(post->request, &length);
	post->offer = sdp_offer_create();
	if (body == NULL || post->offer == NULL) {
		post_refuse(post, 503, "no memory");
		return;
	}
	error = sdp_read(post->offer, body, length, why);
	if (error == 0 && post->side->role == SLUICE_SESSION_WATCH) {
		publisher = stream != NULL ? stream_publisher(stream) : NULL;
		if (publisher == NULL) {
			post_refuse(post, whip->known ? 409 : 503,
			            "nobody publishes this stream now");
			return;
		}
		published = publisher->tracks;
	}
	if (error == 0)
		error = sdp_agree(post->offer, published, &post->agreement, why);
	if (error < 0)
		post_refuse(post, error == -EINVAL ? 400 : 422, why);
	else if (limit != NULL)
		post_refuse(post, 503, limit);
	else
		session_ask(post);
}

/* -- whether it may -- */

static void on_hook(void *arg, enum hook_answer answer)
{
	struct post *post = arg;

	post->hook = NULL;
	if (answer == HOOK_ALLOWS)
		offer_take(post);
	else if (answer == HOOK_REFUSES)
		post_refuse(post, 403, "the operator's service refuses it");
	else
		post_refuse(post, 503, "the operator's service does not answer");
}

/* A token by its digest: who gave it knows it by that, and who listens learns nothing. NULL: no
 * memory. */
static char *facts_write(const struct post *post)
{
	const uint8_t *digest = http_token_digest(post->request);
	char client[80], token[2 * HTTP_TOKEN_DIGEST + 1];
	json_t *json;
	char *text;

	for (size_t i = 0; i < HTTP_TOKEN_DIGEST; i++)
		snprintf(token + 2 * i, 3, "%02x", digest[i]);
	http_client(post->request, client, sizeof(client));
	json = json_pack("{s:s, s:s, s:s, s:s}", "stream", post->stream, "scope",
	                 post->side->role == SLUICE_SESSION_PUBLISH ? "publish" : "watch", "token",
	                 token, "address", client);
	text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return text;
}

static void offer_allow(struct post *post)
{
	struct hook *hook = &post->side->whip->hook;
	char *facts;

	if (!hook->is_set) {
		offer_take(post);
		return;
	}
	facts = facts_write(post);
	if (facts == NULL) {
		post_refuse(post, 503, "no memory");
		return;
	}
	post->hook = hook_ask(hook, facts, on_hook, post);
	free(facts);
	if (post->hook == NULL)
		post_refuse(post, 503, "no memory");
}

static bool is_published_here(const struct post *post)
{
	const struct whip_stream *stream = table_stream(&post->side->whip->table, post->stream);

	return stream != NULL && !LIST_EMPTY(&stream->publishers);
}

static void on_placed(void *arg, enum fleet_place place, const char *http)
{
	struct post *post = arg;

	post->search = NULL;
	if (place == FLEET_ELSEWHERE) {
		offer_count(post->side->whip, 307);
		redirect_answer(post->request, http);
		post_free(post);
	} else if (place == FLEET_NOWHERE) {
		post_refuse(post, 503, "this node drains");
	} else {
		offer_allow(post);
	}
}

/* Those whose client has gone wait for the dataplane alone, which answers in any case. */
static uint32_t posts_of_token(const struct whip *whip, const struct http_request *request)
{
	const uint8_t *digest = http_token_digest(request);
	const struct post *other;
	uint32_t count = 0;

	LIST_FOREACH(other, &whip->list, entry)
	{
		count += other->request != NULL &&
		         memcmp(http_token_digest(other->request), digest, HTTP_TOKEN_DIGEST) == 0;
	}
	return count;
}

void handle_post(struct http_request *request, void *arg)
{
	char stream[SLUICE_MEDIA_NAME_MAX], id[SLUICE_SESSION_ID_MAX];
	struct whip_side *side = arg;
	struct whip *whip = side->whip;
	struct post *post = NULL;
	struct fleet_search *search;

	if (!path_read(request, stream, id))
		return;
	if (id[0] != '\0') {
		http_answer_header(request, "Allow", "OPTIONS, GET, HEAD, PATCH, DELETE");
		problem_answer(request, 405, "an offer goes to the stream");
		return;
	}
	whip->row.offers++;
	if (whip->posts < WHIP_POSTS_MAX && posts_of_token(whip, request) < WHIP_TOKEN_POSTS_MAX)
		post = calloc(1, sizeof(*post));
	if (post == NULL) {
		offer_count(whip, 503);
		problem_answer_later(request, 503, "too many offers are being answered");
		return;
	}
	whip->posts++;
	LIST_INSERT_HEAD(&whip->list, post, entry);
	post->side = side;
	post->request = request;
	strcpy(post->stream, stream);
	http_on_lost(request, on_lost, post);
	/* What is here is served here, whoever else is asked for it. */
	if (side->role == SLUICE_SESSION_WATCH && is_published_here(post)) {
		offer_allow(post);
		return;
	}
	search = fleet_place(whip->options.fleet, stream,
	                     side->role == SLUICE_SESSION_PUBLISH && !is_published_here(post),
	                     on_placed, post);
	/* Without a search it has been answered, and is perhaps gone. */
	if (search != NULL)
		post->search = search;
}
