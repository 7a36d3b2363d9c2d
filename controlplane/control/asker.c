/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/asker.h"

#include "channel.h"
#include "command/command.h"
#include "command/text.h"
#include "control/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

struct asker {
	struct channel channel;
	const struct asker_handler *handler;
	void *arg;
};

void asker_end(struct asker *asker)
{
	channel_close(&asker->channel);
	free(asker);
}

void asker_read(struct asker *asker, bool on)
{
	channel_read(&asker->channel, on);
}

static void asker_fail(struct asker *asker, int status, const char *why)
{
	const struct asker_handler *handler = asker->handler;
	void *arg = asker->arg;

	asker_end(asker);
	handler->failed(arg, status, why);
}

static void on_received(struct channel *channel, struct seqpacket_record *record)
{
	struct asker *asker = channel->owner;
	const struct asker_handler *handler = asker->handler;
	bool more = record->header.flags & SLUICE_API_MORE;
	char why[2 * SLUICE_API_ERROR_MAX];
	void *arg = asker->arg;
	struct text text;

	if (record->header.status != 0) {
		text_start(&text, why, sizeof(why));
		text_add_printable(&text, (const char *)record->body, record->header.length);
		if (text.length == 0)
			text_add(&text, strerror(-record->header.status));
		asker_fail(asker, record->header.status, why);
		return;
	}
	if (!more)
		asker_end(asker);
	handler->rows(arg, record->body, record->header.length, more);
}

static void on_writable(struct channel *channel)
{
}

static void on_lost(struct channel *channel, int error)
{
	asker_fail(channel->owner, -EHOSTDOWN, "the answer ended too early");
}

static const struct channel_handler channel_handler = {on_received, on_writable, on_lost};

struct asker *asker_create(const struct asker_options *options,
                           const struct command_request *request,
                           const struct asker_handler *handler, void *arg)
{
	struct sluice_api_header header = {
	        .version = SLUICE_API_VERSION,
	        .type = request->command->type,
	        .id = 1,
	        .flags = command_asks(request->command)->exist_ok ? SLUICE_API_EXIST_OK : 0,
	        .length = request->length,
	};
	const char *who = options->who != NULL ? options->who : "the control plane";
	struct asker *asker = calloc(1, sizeof(*asker));
	int ends[2];

	if (asker == NULL)
		return NULL;
	asker->handler = handler;
	asker->arg = arg;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) {
		free(asker);
		return NULL;
	}
	if (channel_open(&asker->channel, options->base, ends[0], &channel_handler, options->buffer,
	                 asker) < 0) {
		close(ends[1]);
		free(asker);
		return NULL;
	}
	if (server_adopt(options->server, ends[1], who) == 0 &&
	    channel_send(&asker->channel, &header, request->body.bytes) == 0)
		return asker;
	asker_end(asker);
	return NULL;
}
