/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients of the socket. Each waits for one thing: to be read from while it has no request, to be
 * written to while it has. So a client that does not read its replies delays no other, and a long
 * list lets others in between its pages.
 */
#include "api/api.h"
#include "dataplane.h"
#include "common/log.h"

#include <event2/event.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_SERVED 64
/* Those above are told so at their first request; behind them the socket's backlog waits. */
#define CLIENTS_MAX (CLIENTS_SERVED + 16)

static const struct timeval again_after = {.tv_usec = 20000};

struct api_client {
	struct api_server *server;
	struct event *readable, *writable;
	struct event *again; /* timer: the handler had nothing to say yet */
	int fd;
	bool refused;     /* came when all places were taken: one reply, no more */
	bool reply_waits; /* the socket was full: reply is still to be sent */
	bool more;        /* of the job, behind that reply */
	struct api_job job;
	struct api_holder holder;
	struct seqpacket_record reply;
};

struct api_server {
	struct dataplane *dp;
	const struct seqpacket_listener *listener;
	struct event *acceptable;
	struct api_client *successor; /* goes on in our place: nobody else is served any more */
	struct api_client *clients[CLIENTS_MAX];
	uint32_t n_clients;
	struct seqpacket_record request; /* read and judged at once: one serves all */
};

static void client_free(struct api_client *client)
{
	if (client->readable != NULL)
		event_free(client->readable);
	if (client->writable != NULL)
		event_free(client->writable);
	if (client->again != NULL)
		event_free(client->again);
	api_holder_end(client->server->dp, &client->holder);
	close(client->fd);
	explicit_bzero(&client->job, sizeof(client->job)); /* passwords */
	free(client);
}

static void client_close(struct api_client *client)
{
	struct api_server *server = client->server;

	for (uint32_t i = 0; i < server->n_clients; i++) {
		if (server->clients[i] == client) {
			server->clients[i] = server->clients[--server->n_clients];
			break;
		}
	}
	if (client == server->successor)
		dataplane_hand_over(server->dp);
	client_free(client);
	if (server->successor == NULL)
		event_add(server->acceptable, NULL); /* there is room again */
}

/* The others, and those who come from now on, are the successor's. */
static void successor_set(struct api_client *client)
{
	struct api_server *server = client->server;

	server->successor = client;
	event_del(server->acceptable);
	for (uint32_t i = server->n_clients; i-- > 0;)
		if (server->clients[i] != client)
			client_free(server->clients[i]);
	server->clients[0] = client;
	server->n_clients = 1;
}

/* A body may hold a secret. */
static void reply_log(const struct api_client *client)
{
	const struct sluice_api_header *reply = &client->reply.header;

	if (!client->more && !client->job.waits)
		log_debug(SLUICE_LOG_API, "0x%04x: %s", reply->type,
		          reply->status != 0 ? strerror(-reply->status) : "done");
}

/* One reply, or as much as the socket takes of it: nothing. */
static void client_advance(struct api_client *client)
{
	int ret;

	if (!client->reply_waits) {
		client->more = api_next(&client->job, &client->reply);
		reply_log(client);
	}
	if (client->server->dp->hand_over != HAND_OVER_NONE && client->server->successor == NULL)
		successor_set(client);
	if (client->job.waits) {
		event_del(client->writable);
		event_add(client->readable, NULL); /* whether it leaves */
		event_add(client->again, &again_after);
		return;
	}
	ret = seqpacket_send_fd(client->fd, &client->reply.header, client->reply.body,
	                        client->job.passed);
	client->reply_waits = ret == -EAGAIN;
	if (ret != 0 && ret != -EAGAIN) {
		client_close(client);
		return;
	}
	if (client->reply_waits || client->more) {
		event_del(client->readable);
		event_add(client->writable, NULL);
	} else if (client->refused) {
		client_close(client);
	} else {
		explicit_bzero(client->job.body, sizeof(client->job.body));
		event_del(client->writable);
		event_add(client->readable, NULL);
	}
}

static void client_writable(evutil_socket_t fd, short what, void *arg)
{
	client_advance(arg);
}

/* A client that has not been answered has nothing to say but that it leaves. */
static void client_watch(struct api_client *client)
{
	char byte;
	ssize_t n = recv(client->fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		client_close(client);
	else if (n > 0)
		event_del(client->readable);
}

static void client_readable(evutil_socket_t fd, short what, void *arg)
{
	struct api_client *client = arg;
	struct api_server *server = client->server;
	int passed, size;

	if (client->job.waits) {
		client_watch(client);
		return;
	}
	size = seqpacket_receive_fd(client->fd, &server->request, &passed);

	if (size == -EAGAIN)
		return;
	if (size == -EMSGSIZE) /* no type has such a body: its beginning is refused all the same */
		size = SLUICE_API_MESSAGE_MAX;
	if (size <= 0) {
		if (passed >= 0)
			close(passed);
		client_close(client);
		return;
	}
	api_begin(&client->job, server->dp, &server->request, (size_t)size);
	client->job.fd = passed;
	client->job.holder = &client->holder;
	client->job.patient = true;
	explicit_bzero(&server->request, sizeof(server->request)); /* passwords */
	if (client->refused && client->job.status == 0)
		api_refuse(&client->job, -EUSERS,
		           "%u clients are connected, and no more are served", CLIENTS_SERVED);
	client_advance(client);
}

/* For the log: a process that may open the socket may do everything. */
static void client_know(struct api_client *client)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
		return;
	client->holder.pid = (uint32_t)credentials.pid;
	client->holder.uid = credentials.uid;
}

static int client_add(struct api_server *server, int fd)
{
	struct api_client *client = calloc(1, sizeof(*client));
	struct event_base *events = server->dp->events;

	if (client == NULL) {
		close(fd);
		return -ENOMEM;
	}
	client->server = server;
	client->fd = fd;
	client_know(client);
	client->refused = server->n_clients >= CLIENTS_SERVED;
	client->readable = event_new(events, fd, EV_READ | EV_PERSIST, client_readable, client);
	client->writable = event_new(events, fd, EV_WRITE | EV_PERSIST, client_writable, client);
	client->again = event_new(events, -1, 0, client_writable, client);
	if (client->readable == NULL || client->writable == NULL || client->again == NULL ||
	    event_add(client->readable, NULL) != 0) {
		client_free(client);
		return -ENOMEM;
	}
	server->clients[server->n_clients++] = client;
	return 0;
}

static void server_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct api_server *server = arg;
	int client = seqpacket_accept(server->listener);

	if (client >= 0 && client_add(server, client) != 0)
		log_error(SLUICE_LOG_API, "no memory for a client of %s", server->listener->path);
	if (client < 0 && client != -EAGAIN && client != -ECONNABORTED)
		log_error(SLUICE_LOG_API, "%s: %s", server->listener->path, strerror(-client));
	if (server->n_clients == CLIENTS_MAX) /* others wait in the socket's backlog */
		event_del(server->acceptable);
}

struct api_server *api_server_create(struct dataplane *dp,
                                     const struct seqpacket_listener *listener)
{
	struct api_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->dp = dp;
	server->listener = listener;
	server->acceptable = event_new(dp->events, listener->fd, EV_READ | EV_PERSIST,
	                               server_acceptable, server);
	if (server->acceptable == NULL || event_add(server->acceptable, NULL) != 0) {
		api_server_destroy(server);
		return NULL;
	}
	return server;
}

void api_server_destroy(struct api_server *server)
{
	if (server == NULL)
		return;
	for (uint32_t i = 0; i < server->n_clients; i++)
		client_free(server->clients[i]);
	if (server->acceptable != NULL)
		event_free(server->acceptable);
	free(server);
}
