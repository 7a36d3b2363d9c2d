/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/client.h"

#include "common/log.h"
#include "common/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- who answers -- */

void client_answers(struct client *client, void *answer, void (*stop)(struct client *client))
{
	client->answer = answer;
	client->stop = stop;
}

static void answer_stop(struct client *client)
{
	void (*stop)(struct client * client) = client->stop;

	client->next = NULL;
	client->stop = NULL;
	if (stop != NULL)
		stop(client);
	client->answer = NULL;
}

/* -- replies -- */

static void held_drop(struct client *client)
{
	if (client->held_body != NULL)
		explicit_bzero(client->held_body, client->held.length);
	free(client->held_body);
	client->held_body = NULL;
}

static void reply_hold(struct client *client, const struct sluice_api_header *header,
                       const void *body)
{
	client->held = *header;
	client->held_body = malloc(header->length + 1);
	if (client->held_body == NULL)
		client_end(client);
	else if (header->length > 0)
		memcpy(client->held_body, body, header->length);
}

/* What was asked, and what became of it: a body may hold a secret. */
static void reply_log(const struct client *client, const struct sluice_api_header *header)
{
	const struct request *request = request_of(client->request.type);
	char name[REQUEST_NAME_MAX] = "unknown";

	if (header->flags & SLUICE_API_MORE || log_level(SLUICE_LOG_API) < SLUICE_LOG_DEBUG)
		return;
	if (request != NULL)
		request_name(request, name);
	log_debug(SLUICE_LOG_API, "0x%04x %s: %s", client->request.type, name,
	          header->status != 0 ? strerror(-header->status) : "done");
}

/* Who asked is looked up for what is told, and only once. */
static void reply_audit(struct client *client, const struct sluice_api_header *header,
                        const void *body)
{
	if (client->audit == NULL || header->flags & SLUICE_API_MORE)
		return;
	if (client->who[0] == '\0')
		audit_peer(client->channel.fd, client->who);
	audit_end(client->who, client->audit, header->status, body, header->length);
	free(client->audit);
	client->audit = NULL;
}

/* One inside may ask again, or end the client, as soon as it has the last reply. */
static int reply_out(struct client *client, const struct sluice_api_header *header,
                     const void *body)
{
	if (client->inside.take != NULL)
		return client->inside.take(client->inside.arg, header, body);
	return channel_send(&client->channel, header, body);
}

bool client_send(struct client *client, const struct sluice_api_header *header, const void *body)
{
	bool last = !(header->flags & SLUICE_API_MORE);
	int error;

	if (client->dead)
		return false;
	reply_log(client, header);
	reply_audit(client, header, body);
	error = reply_out(client, header, body);
	if (error == -EAGAIN)
		reply_hold(client, header, body);
	else if (error < 0)
		client_end(client);
	if (last)
		answer_stop(client);
	if (last && error == 0)
		channel_read(&client->channel, true);
	return error == 0 && !client->dead;
}

bool client_send_rows(struct client *client, const void *rows, uint32_t length, uint32_t flags)
{
	struct sluice_api_header header = {
	        .version = SLUICE_API_VERSION,
	        .type = client->request.type,
	        .id = client->request.id,
	        .flags = flags,
	        .length = length,
	};

	return client_send(client, &header, rows);
}

void client_refuse(struct client *client, int status, const char *why)
{
	struct sluice_api_header header = {
	        .version = SLUICE_API_VERSION,
	        .type = client->request.type,
	        .id = client->request.id,
	        .status = status,
	        .length = strnlen(why, SLUICE_API_ERROR_MAX),
	};

	client_send(client, &header, why);
}

void client_room(struct client *client)
{
	int error;

	if (client->held_body == NULL)
		return;
	error = reply_out(client, &client->held, client->held_body);
	if (error == -EAGAIN)
		return;
	if (error < 0)
		client_end(client);
	held_drop(client);
	if (client->dead)
		return;
	if (!(client->held.flags & SLUICE_API_MORE))
		channel_read(&client->channel, true);
	else if (client->next != NULL)
		client->next(client);
}

static void on_writable(struct channel *channel)
{
	client_room(channel->owner);
}

/* -- requests -- */

void client_ask(struct client *client, const struct sluice_api_header *header, const void *body)
{
	char why[SLUICE_API_ERROR_MAX];

	client->request = *header;
	if (header->version == SLUICE_API_VERSION) {
		client->audit = audit_begin(header, body);
		client->options->route(client, body);
		return;
	}
	snprintf(why, sizeof(why), "API version %u; this control plane speaks %u", header->version,
	         SLUICE_API_VERSION);
	client_refuse(client, -EPROTO, why);
}

static void on_received(struct channel *channel, struct seqpacket_record *record)
{
	struct client *client = channel->owner;

	if (client->next != NULL) { /* it is read only to see it leave: events */
		client_end(client);
		return;
	}
	channel_read(channel, false);
	client_ask(client, &record->header, record->body);
}

static void on_lost(struct channel *channel, int error)
{
	client_end(channel->owner);
}

static const struct channel_handler handler = {on_received, on_writable, on_lost};

/* -- life -- */

struct client *client_create(const struct server_options *options, int fd,
                             const struct client_inside *inside, const char *who,
                             void (*ended)(struct client *client))
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	client->options = options;
	client->ended = ended;
	client->channel.fd = -1;
	if (inside != NULL)
		client->inside = *inside;
	if (who != NULL)
		snprintf(client->who, sizeof(client->who), "%s", who);
	if (fd < 0 || channel_open(&client->channel, options->base, fd, &handler, options->buffer,
	                           client) == 0)
		return client;
	free(client);
	return NULL;
}

void client_end(struct client *client)
{
	if (client->dead)
		return;
	client->dead = true;
	answer_stop(client);
	channel_close(&client->channel);
	client->ended(client);
	if (client->inside.lost != NULL)
		client->inside.lost(client->inside.arg);
}

void client_free(struct client *client)
{
	held_drop(client);
	free(client->audit);
	free(client);
}
