/* SPDX-License-Identifier: BSD-3-Clause */
#include "whip/sse.h"

#include "whip/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE        "text/event-stream"
#define TEXT_MAX    2048 /* of all events of a tick */
#define UNREAD_S    60   /* a channel that nobody reads ends then */
#define QUIET_TICKS 10   /* without an event a comment goes, or a proxy takes the client for gone */
#define VIEWERS_NO  UINT32_MAX

static const struct timeval second = {.tv_sec = 1};

enum sse_event { SSE_ACTIVE, SSE_INACTIVE, SSE_LAYERS, SSE_VIEWERCOUNT, SSE_KINDS };
static const char *const event_words[SSE_KINDS] = {"active", "inactive", "layers", "viewercount"};

struct whip_channel {
	LIST_ENTRY(whip_channel) entry;
	struct whip_sse *sse;
	char id[SLUICE_SESSION_ID_MAX]; /* nobody guesses one: it opens the channel */
	char session[SLUICE_SESSION_ID_MAX];
	uint8_t token[HTTP_TOKEN_DIGEST]; /* that made the session */
	uint32_t wanted;                  /* a bit of each enum sse_event */
	struct http_request *request;     /* its reader's; NULL: there is none */
	bool sending;
	uint32_t quiet; /* ticks since something was sent, or since its reader has gone */
	/* what its reader has been told */
	bool active;
	uint32_t viewers;
	char layers[WHIP_LAYERS_MAX];
};

static bool wants(const struct whip_channel *channel, enum sse_event event)
{
	return channel->wanted >> event & 1;
}

static void channel_send(struct whip_channel *channel, const char *text)
{
	channel->sending = true;
	channel->quiet = 0;
	http_stream_send(channel->request, text, strlen(text));
}

static void channel_free(struct whip_channel *channel)
{
	struct whip_sse *sse = channel->sse;

	if (channel->request != NULL)
		http_stream_end(channel->request);
	LIST_REMOVE(channel, entry);
	if (--sse->count == 0)
		event_del(sse->tick);
	free(channel);
}

/* -- what is told -- */

static void text_event(struct whip_channel *channel, char text[TEXT_MAX], enum sse_event event,
                       const char *data)
{
	size_t length = strlen(text);

	snprintf(text + length, TEXT_MAX - length, "event: %s\ndata: %s\n\n", event_words[event],
	         data);
	channel->sse->whip->row.channel_events++;
}

static void active_tell(struct whip_channel *channel, bool active, char text[TEXT_MAX])
{
	enum sse_event event = active ? SSE_ACTIVE : SSE_INACTIVE;

	if (active != channel->active && wants(channel, event))
		text_event(channel, text, event, "{}");
	channel->active = active;
}

static void layers_tell(struct whip_channel *channel, const struct whip_session *viewer,
                        const struct whip_session *publisher, char text[TEXT_MAX])
{
	char layers[WHIP_LAYERS_MAX];

	layers_write(viewer, publisher, layers);
	if (layers[0] != '\0' && strcmp(layers, channel->layers) != 0)
		text_event(channel, text, SSE_LAYERS, layers);
	strcpy(channel->layers, layers);
}

static void viewers_tell(struct whip_channel *channel, uint32_t viewers, char text[TEXT_MAX])
{
	char data[40];

	snprintf(data, sizeof(data), "{\"viewercount\":%u}", viewers);
	if (viewers != channel->viewers)
		text_event(channel, text, SSE_VIEWERCOUNT, data);
	channel->viewers = viewers;
}

static void channel_tell(struct whip_channel *channel, const struct whip_session *viewer)
{
	const struct whip_session *publisher = stream_active(viewer->stream);
	char text[TEXT_MAX] = "";

	if (channel->request == NULL || channel->sending)
		return;
	active_tell(channel, publisher != NULL, text);
	if (wants(channel, SSE_LAYERS))
		layers_tell(channel, viewer, publisher, text);
	if (wants(channel, SSE_VIEWERCOUNT))
		viewers_tell(channel, viewer->stream->n_viewers, text);
	if (text[0] == '\0' && channel->quiet >= QUIET_TICKS)
		strcpy(text, ":\n\n");
	if (text[0] != '\0')
		channel_send(channel, text);
}

/* -- once a second -- */

static void channel_tick(struct whip_channel *channel)
{
	struct whip *whip = channel->sse->whip;
	struct whip_session *viewer = table_session(&whip->table, channel->session), *publisher;

	channel->quiet++;
	if ((viewer == NULL && whip->known) ||
	    (channel->request == NULL && channel->quiet > UNREAD_S)) {
		channel_free(channel);
		return;
	}
	if (viewer == NULL || channel->request == NULL)
		return;
	publisher = stream_active(viewer->stream);
	if (publisher != NULL && wants(channel, SSE_LAYERS))
		rates_ask(whip, publisher);
	channel_tell(channel, viewer);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct whip_sse *sse = arg;
	struct whip_channel *channel = LIST_FIRST(&sse->channels), *next;

	for (; channel != NULL; channel = next) {
		next = LIST_NEXT(channel, entry);
		channel_tick(channel);
	}
}

/* -- a channel begins -- */

static int event_of(const char *word)
{
	for (int i = 0; word != NULL && i < SSE_KINDS; i++)
		if (strcmp(word, event_words[i]) == 0)
			return i;
	return -1;
}

/* The events that the body names, or all where there is none. 0: it is wrong. */
static uint32_t wanted_read(struct http_request *request)
{
	size_t length, i;
	const char *body = http_body(request, &length);
	json_t *array, *word;
	uint32_t wanted = 0;

	if (body == NULL)
		return 0;
	if (length == 0)
		return (1u << SSE_KINDS) - 1;
	array = json_loadb(body, length, 0, NULL);
	json_array_foreach(array, i, word)
	{
		int event = event_of(json_string_value(word));

		if (event < 0) {
			wanted = 0;
			break;
		}
		wanted |= 1u << event;
	}
	json_decref(array);
	return wanted;
}

/* Of a session, of one token, of all. */
static bool has_room(const struct whip_sse *sse, const struct whip_session *session)
{
	uint32_t of_session = 0, of_token = 0;
	const struct whip_channel *other;

	LIST_FOREACH(other, &sse->channels, entry)
	{
		of_session += strcmp(other->session, session->id) == 0;
		of_token += memcmp(other->token, session->token, HTTP_TOKEN_DIGEST) == 0;
	}
	return sse->count < SSE_CHANNELS_MAX && of_session < SSE_SESSION_MAX &&
	       of_token < SSE_TOKEN_MAX;
}

static struct whip_channel *channel_make(struct whip_sse *sse, const struct whip_session *session,
                                         uint32_t wanted)
{
	struct whip_channel *channel;

	if (!has_room(sse, session))
		return NULL;
	channel = calloc(1, sizeof(*channel));
	if (channel == NULL || !id_make(channel->id) ||
	    (sse->count == 0 && event_add(sse->tick, &second) != 0)) {
		free(channel);
		return NULL;
	}
	channel->sse = sse;
	channel->wanted = wanted;
	strcpy(channel->session, session->id);
	memcpy(channel->token, session->token, HTTP_TOKEN_DIGEST);
	LIST_INSERT_HEAD(&sse->channels, channel, entry);
	sse->count++;
	return channel;
}

static void handle_open(struct http_request *request, void *arg)
{
	struct whip_sse *sse = arg;
	struct whip *whip = sse->whip;
	const struct whip_session *session =
	        session_of(request, &whip->sides[SLUICE_SESSION_WATCH]);
	uint32_t wanted = session != NULL ? wanted_read(request) : 0;
	const struct whip_channel *channel;
	char path[64];

	if (session == NULL)
		return;
	if (wanted == 0) {
		problem_answer(request, 400, "expected an array of some of " SSE_EVENTS);
		return;
	}
	channel = channel_make(sse, session, wanted);
	if (channel == NULL) {
		whip->row.channels_refused++;
		problem_answer_later(request, 503, "too many listen to events");
		return;
	}
	snprintf(path, sizeof(path), "/whep-events/%s", channel->id);
	location_add(whip, request, path);
	http_answer(request, 201, NULL, "", 0);
}

/* -- and is read -- */

static struct whip_channel *channel_of(const struct whip_sse *sse, const char *id)
{
	struct whip_channel *channel;

	LIST_FOREACH(channel, &sse->channels, entry)
	if (strcmp(channel->id, id) == 0)
		return channel;
	return NULL;
}

static void on_lost(void *arg)
{
	struct whip_channel *channel = arg;

	channel->request = NULL;
	channel->quiet = 0;
}

static void on_room(void *arg)
{
	struct whip_channel *channel = arg;
	const struct whip_session *viewer =
	        table_session(&channel->sse->whip->table, channel->session);

	channel->sending = false;
	if (viewer != NULL)
		channel_tell(channel, viewer);
}

static void handle_read(struct http_request *request, void *arg)
{
	struct whip_channel *channel = channel_of(arg, http_path_rest(request));

	if (channel == NULL) {
		problem_answer(request, 404, "there is no such channel, or its session has ended");
		return;
	}
	if (channel->request != NULL) /* its client has come again */
		http_stream_end(channel->request);
	channel->request = request;
	channel->active = false;
	channel->viewers = VIEWERS_NO;
	channel->layers[0] = '\0';
	http_on_lost(request, on_lost, channel);
	http_stream_begin(request, TYPE, on_room, channel);
	channel_send(channel, ":\n\n"); /* the header goes at once */
}

static void handle_close(struct http_request *request, void *arg)
{
	struct whip_channel *channel = channel_of(arg, http_path_rest(request));

	if (channel == NULL) {
		problem_answer(request, 404, "there is no such channel, or its session has ended");
		return;
	}
	channel_free(channel);
	http_answer(request, 200, NULL, "", 0);
}

/* -- its life -- */

int sse_start(struct whip_sse *sse, struct whip *whip)
{
	/* A browser's EventSource sends no token: a channel's own name is the word that opens it.
	 */
	const struct http_route routes[] = {
	        {EVHTTP_REQ_POST, "/whep-sse/", HTTP_WATCH, handle_open, sse, true, NULL},
	        {EVHTTP_REQ_GET, "/whep-events/", HTTP_OPEN, handle_read, sse, true, NULL, true},
	        {EVHTTP_REQ_DELETE, "/whep-events/", HTTP_OPEN, handle_close, sse, true, NULL},
	};
	int error = 0;

	sse->whip = whip;
	sse->tick = event_new(whip->options.base, -1, EV_PERSIST, on_tick, sse);
	if (sse->tick == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]) && error == 0; i++)
		error = http_route_add(whip->options.http, &routes[i]);
	return error;
}

/* No request is left: the server has gone. */
void sse_end(struct whip_sse *sse)
{
	struct whip_channel *channel;

	while ((channel = LIST_FIRST(&sse->channels)) != NULL)
		channel_free(channel);
	if (sse->tick != NULL)
		event_free(sse->tick);
}
