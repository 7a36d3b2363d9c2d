/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/client.h"

#include "common/log.h"
#include "common/request.h"

#include "config/reload.h"
#include "dataplane/client.h"
#include "region/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void reply_sent(struct client *client, uint32_t flags)
{
	if (flags & SLUICE_API_MORE)
		return;
	client->next = NULL;
	channel_read(&client->channel, true);
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

bool client_send(struct client *client, const struct sluice_api_header *header, const void *body)
{
	int error;

	if (client->dead)
		return false;
	reply_log(client, header);
	reply_audit(client, header, body);
	error = channel_send(&client->channel, header, body);
	if (error == -EAGAIN)
		reply_hold(client, header, body);
	else if (error < 0)
		client_end(client);
	else
		reply_sent(client, header->flags);
	return error == 0;
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

static void on_writable(struct channel *channel)
{
	struct client *client = channel->owner;
	int error = channel_send(channel, &client->held, client->held_body);

	if (error == -EAGAIN)
		return;
	if (error < 0) {
		client_end(client);
		return;
	}
	held_drop(client);
	reply_sent(client, client->held.flags);
	if (client->next != NULL)
		client->next(client);
}

/* -- requests -- */

/* What the table of requests says is done with it. */
static void request_route(struct client *client, const struct request *request, const void *body)
{
	bool changes = request->kind != REQUEST_SHOW && request->kind != REQUEST_ACT;
	answer_fn *answer = answer_of(request->type);

	if (changes)
		answer_change(client, body);
	else if (request->server == BY_DATAPLANE)
		relay_request(client, body);
	else if (answer != NULL)
		answer(client, body);
	else
		client_refuse(client, -ENOSYS, "nothing in this control plane answers it");
}

static void request_take(struct client *client, const void *body)
{
	const struct request *request = request_of(client->request.type);
	char why[SLUICE_API_ERROR_MAX];

	client->audit = audit_begin(&client->request, body);
	if (request == NULL || !request_is_control(request)) {
		snprintf(why, sizeof(why), "unknown request 0x%04x", client->request.type);
		client_refuse(client, -ENOSYS, why);
	} else if (request_check(request, body, client->request.length, why) != 0) {
		client_refuse(client, -EINVAL, why);
	} else {
		request_route(client, request, body);
	}
}

static void on_received(struct channel *channel, struct seqpacket_record *record)
{
	struct client *client = channel->owner;
	char why[SLUICE_API_ERROR_MAX];

	if (client->events != NULL) { /* it was to listen */
		client_end(client);
		return;
	}
	channel_read(channel, false);
	client->request = record->header;
	if (client->request.version == SLUICE_API_VERSION) {
		request_take(client, record->body);
		return;
	}
	snprintf(why, sizeof(why), "API version %u; this control plane speaks %u",
	         client->request.version, SLUICE_API_VERSION);
	client_refuse(client, -EPROTO, why);
}

static void on_lost(struct channel *channel, int error)
{
	client_end(channel->owner);
}

static const struct channel_handler handler = {on_received, on_writable, on_lost};

/* -- life -- */

struct client *client_create(const struct server_options *options, int fd, const char *who,
                             void (*ended)(struct client *client))
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->options = options;
	client->ended = ended;
	client->relay.fd = -1;
	if (who != NULL)
		snprintf(client->who, sizeof(client->who), "%s", who);
	if (channel_open(&client->channel, options->base, fd, &handler, options->buffer, client) ==
	    0)
		return client;
	free(client);
	return NULL;
}

void client_end(struct client *client)
{
	if (client->dead)
		return;
	client->dead = true;
	client->next = NULL;
	if (client->change != NULL)
		dataplane_change_forget(client->change);
	if (client->options->reload != NULL)
		reload_forget(client->options->reload, client);
	relay_stop(client);
	events_stop(client);
	channel_close(&client->channel);
	client->ended(client);
}

void client_free(struct client *client)
{
	held_drop(client);
	client_diff_drop(client);
	free(client->audit);
	snapshot_release(client->snapshot);
	free(client);
}
