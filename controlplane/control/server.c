/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/server.h"

#include "common/log.h"
#include "control/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS_MAX 48 /* each may have a connection to the dataplane, which has room for 64 */

LIST_HEAD(clients, client);

struct server {
	struct server_options options;
	struct event *acceptable;
	struct event *reap;
	struct clients clients;
	uint32_t n_clients;
};

static void client_ended(struct client *client)
{
	event_active(client->server->reap, EV_TIMEOUT, 0);
}

/* What works on a client may end it; it is freed when that has returned. */
static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	struct client *client = LIST_FIRST(&server->clients), *next;

	for (; client != NULL; client = next) {
		next = LIST_NEXT(client, entry);
		if (!client->dead)
			continue;
		LIST_REMOVE(client, entry);
		client_free(client);
		server->n_clients--;
	}
	event_add(server->acceptable, NULL); /* there is room again */
}

/* NULL: no memory, and fd is closed. */
static struct client *client_add(struct server *server, int fd, const struct client_inside *inside,
                                 const char *who)
{
	struct client *client = client_create(&server->options, fd, inside, who, client_ended);

	if (client == NULL)
		return NULL;
	client->server = server;
	LIST_INSERT_HEAD(&server->clients, client, entry);
	if (++server->n_clients == CLIENTS_MAX) /* others wait in the socket's backlog */
		event_del(server->acceptable);
	return client;
}

static void on_acceptable(evutil_socket_t listener, short what, void *arg)
{
	struct server *server = arg;
	int fd = seqpacket_accept(server->options.listener);

	if (fd < 0) {
		if (fd != -EAGAIN && fd != -ECONNABORTED)
			log_error(SLUICE_LOG_API, "%s: %s", server->options.listener->path,
			          strerror(-fd));
		return;
	}
	if (client_add(server, fd, NULL, NULL) == NULL)
		log_error(SLUICE_LOG_API, "no memory for a client of %s",
		          server->options.listener->path);
}

struct client *server_adopt(struct server *server, const struct client_inside *inside,
                            const char *who)
{
	return server->n_clients < CLIENTS_MAX ? client_add(server, -1, inside, who) : NULL;
}

struct server *server_create(const struct server_options *options)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->options = *options;
	LIST_INIT(&server->clients);
	server->reap = evtimer_new(options->base, on_reap, server);
	server->acceptable = event_new(options->base, options->listener->fd, EV_READ | EV_PERSIST,
	                               on_acceptable, server);
	if (server->reap != NULL && server->acceptable != NULL &&
	    event_add(server->acceptable, NULL) == 0)
		return server;
	server_destroy(server);
	return NULL;
}

void server_destroy(struct server *server)
{
	struct client *client;

	if (server == NULL)
		return;
	while ((client = LIST_FIRST(&server->clients)) != NULL) {
		client_end(client);
		LIST_REMOVE(client, entry);
		client_free(client);
	}
	if (server->acceptable != NULL)
		event_free(server->acceptable);
	if (server->reap != NULL)
		event_free(server->reap);
	free(server);
}
