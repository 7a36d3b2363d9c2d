/* SPDX-License-Identifier: BSD-3-Clause */
#include "whip/state.h"

#include "config/own.h"
#include "region/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A key of a room lives twice as long. */
static const struct timeval claims_interval = {.tv_sec = 300};

bool path_read(struct http_request *request, char stream[SLUICE_MEDIA_NAME_MAX],
               char id[SLUICE_SESSION_ID_MAX])
{
	const char *rest = http_path_rest(request), *slash = strchrnul(rest, '/');
	size_t length = (size_t)(slash - rest);
	const char *behind = slash[0] != '\0' ? slash + 1 : slash;

	/* A client would take "." and ".." for steps of the path. */
	if (!name_is_valid(rest, length, SLUICE_MEDIA_NAME_MAX) || strspn(rest, ".") >= length) {
		problem_answer(request, 404,
		               "a stream's name has 1 to 63 letters, digits, and . _ -");
		return false;
	}
	if (slash[0] != '\0' && !name_is_valid(behind, strlen(behind), SLUICE_SESSION_ID_MAX)) {
		problem_answer(request, 404, "there is no such session");
		return false;
	}
	memcpy(stream, rest, length);
	stream[length] = '\0';
	strcpy(id, behind);
	if (http_opens_stream(request, stream))
		return true;
	problem_answer(request, 403, "this token is of another stream");
	return false;
}

static int whip_obey(void *arg, const struct command_request *request, char *why)
{
	struct whip *whip = arg;

	if (request->command->type == SLUICE_WHIP_HOOK_SET)
		return hook_set(&whip->hook, (const void *)request->body.bytes, why);
	memcpy(&whip->limit, request->body.bytes, sizeof(whip->limit));
	return 0;
}

static void whip_unset(void *arg, const struct command_request *request)
{
	struct whip *whip = arg;

	if (request->command->type == SLUICE_WHIP_HOOK_SET)
		hook_unset(&whip->hook);
	else
		whip->limit = (struct sluice_whip_limit){0};
}

static int side_start(struct whip *whip, uint8_t role, const char *prefix, enum http_access access)
{
	struct whip_side *side = &whip->sides[role];
	const struct http_route routes[] = {
	        {EVHTTP_REQ_POST, prefix, access, handle_post, side, true, WHIP_TYPE_SDP},
	        {EVHTTP_REQ_PATCH, prefix, access, handle_patch, side, true, WHIP_TYPE_FRAGMENT},
	        {EVHTTP_REQ_DELETE, prefix, access, handle_delete, side, true, NULL},
	        {EVHTTP_REQ_GET, prefix, access, handle_get, side, true, NULL},
	};
	int error = 0;

	*side = (struct whip_side){whip, role, prefix};
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]) && error == 0; i++)
		error = http_route_add(whip->options.http, &routes[i]);
	return error;
}

/* For viewers; each has a path of its own, where bodies are of other types. */
static int extensions_start(struct whip *whip)
{
	const struct http_route layer = {EVHTTP_REQ_POST,
	                                 "/whep-layer/",
	                                 HTTP_WATCH,
	                                 handle_layer,
	                                 &whip->sides[SLUICE_SESSION_WATCH],
	                                 true,
	                                 "application/json"};
	int error = http_route_add(whip->options.http, &layer);

	return error < 0 ? error : sse_start(&whip->sse, whip);
}

struct whip *whip_create(const struct whip_options *options)
{
	struct whip *whip = calloc(1, sizeof(*whip));
	const struct own_part part = {whip_obey, whip_unset, NULL, whip};

	if (whip == NULL)
		return NULL;
	whip->options = *options;
	whip->hook.client = options->http_client;
	whip->again = evtimer_new(options->base, on_events_again, whip);
	whip->claims = event_new(options->base, -1, EV_PERSIST, on_claims, whip);
	if (whip->again == NULL || whip->claims == NULL ||
	    event_add(whip->claims, &claims_interval) != 0 || table_start(&whip->table) < 0 ||
	    side_start(whip, SLUICE_SESSION_PUBLISH, "/whip/", HTTP_PUBLISH) < 0 ||
	    side_start(whip, SLUICE_SESSION_WATCH, "/whep/", HTTP_WATCH) < 0 ||
	    extensions_start(whip) < 0) {
		whip_destroy(whip);
		return NULL;
	}
	own_serve_part(options->own, SLUICE_WHIP_LIMIT_SET, &part);
	return whip;
}

void whip_destroy(struct whip *whip)
{
	if (whip == NULL)
		return;
	sse_end(&whip->sse);
	table_end(&whip->table);
	if (whip->again != NULL)
		event_free(whip->again);
	if (whip->claims != NULL)
		event_free(whip->claims);
	free(whip);
}

void whip_show(const struct whip *whip, struct sluice_whip_row *row)
{
	*row = (struct sluice_whip_row){0};
	if (whip == NULL)
		return;
	*row = whip->row;
	row->sessions = whip->table.sessions;
	row->sessions_max = whip->limit.sessions;
	row->streams = whip->table.streams;
	row->channels = whip->sse.count;
}

void whip_ready(struct whip *whip)
{
	keep_start(whip);
}
