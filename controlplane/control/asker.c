/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/asker.h"

#include "command/command.h"
#include "command/text.h"
#include "control/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct asker {
	struct client *client; /* NULL: closed */
	struct event *go;      /* the request is to be sent, or rows are taken again */
	bool asked, paused;
	const struct asker_handler *handler;
	void *arg;
	struct sluice_api_header header;
	_Alignas(8) uint8_t body[];
};

void asker_end(struct asker *asker)
{
	if (asker->client != NULL) {
		asker->client->inside.lost = NULL;
		client_end(asker->client);
	}
	if (asker->go != NULL)
		event_free(asker->go);
	explicit_bzero(asker->body, asker->header.length);
	free(asker);
}

static void asker_fail(struct asker *asker, int status, const char *why)
{
	const struct asker_handler *handler = asker->handler;
	void *arg = asker->arg;

	asker_end(asker);
	handler->failed(arg, status, why);
}

static int on_reply(void *arg, const struct sluice_api_header *reply, const void *body)
{
	struct asker *asker = arg;
	const struct asker_handler *handler = asker->handler;
	void *handler_arg = asker->arg;
	bool more = reply->flags & SLUICE_API_MORE;
	char why[2 * SLUICE_API_ERROR_MAX];
	struct text text;

	if (asker->paused)
		return -EAGAIN;
	if (reply->status != 0) {
		text_start(&text, why, sizeof(why));
		text_add_printable(&text, body, reply->length);
		if (text.length == 0)
			text_add(&text, strerror(-reply->status));
		asker_fail(asker, reply->status, why);
		return 0;
	}
	if (!more)
		asker_end(asker);
	handler->rows(handler_arg, body, reply->length, more);
	return 0;
}

static void on_lost(void *arg)
{
	struct asker *asker = arg;

	asker->client = NULL;
	asker_fail(asker, -EHOSTDOWN, "the answer ended too early");
}

static void on_go(evutil_socket_t fd, short what, void *arg)
{
	struct asker *asker = arg;

	if (asker->asked) {
		client_room(asker->client);
		return;
	}
	asker->asked = true;
	client_ask(asker->client, &asker->header, asker->body);
}

void asker_read(struct asker *asker, bool on)
{
	asker->paused = !on;
	if (on)
		event_active(asker->go, EV_TIMEOUT, 0);
}

struct asker *asker_create(const struct asker_options *options,
                           const struct command_request *request,
                           const struct asker_handler *handler, void *arg)
{
	const char *who = options->who != NULL ? options->who : "the control plane";
	struct asker *asker = calloc(1, sizeof(*asker) + request->length);

	if (asker == NULL)
		return NULL;
	asker->handler = handler;
	asker->arg = arg;
	asker->header = (struct sluice_api_header){
	        .version = SLUICE_API_VERSION,
	        .type = request->command->type,
	        .id = 1,
	        .flags = command_asks(request->command)->exist_ok ? SLUICE_API_EXIST_OK : 0,
	        .length = request->length,
	};
	memcpy(asker->body, request->body.bytes, request->length);
	asker->go = evtimer_new(options->base, on_go, asker);
	if (asker->go != NULL)
		asker->client = server_adopt(
		        options->server, &(struct client_inside){on_reply, on_lost, asker}, who);
	if (asker->client == NULL) {
		asker_end(asker);
		return NULL;
	}
	event_active(asker->go, EV_TIMEOUT, 0); /* later: the caller has no asker yet */
	return asker;
}
