/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/server.h"

#include "command/addr.h"
#include "command/text.h"
#include "command/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/listener.h>

#include <netinet/in.h>
#include <sys/socket.h>

#define BACKLOG 128

static socklen_t sockaddr_make(const struct sluice_addr *addr, struct sockaddr_storage *storage)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)storage;
	struct sockaddr_in *four = (struct sockaddr_in *)storage;

	memset(storage, 0, sizeof(*storage));
	if (addr_is_v4(addr)) {
		four->sin_family = AF_INET;
		four->sin_port = addr->port;
		memcpy(&four->sin_addr, addr->ip + 12, sizeof(four->sin_addr));
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = addr->port;
	memcpy(&six->sin6_addr, addr->ip, sizeof(six->sin6_addr));
	return sizeof(*six);
}

/* A socket that listens, or -errno. */
static int socket_listen(const struct sluice_addr *addr)
{
	struct sockaddr_storage storage;
	socklen_t length = sockaddr_make(addr, &storage);
	int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, error;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (storage.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&storage, length) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* The place of this address; NULL: a free one. NULL: there is none. */
static struct http_listener *listener_find(struct http *http, const struct sluice_addr *addr)
{
	for (uint32_t i = 0; i < HTTP_LISTENERS_MAX; i++) {
		struct http_listener *listener = &http->listeners[i];

		if (addr == NULL ? listener->bound == NULL
		                 : listener->bound != NULL &&
		                           memcmp(&listener->addr, addr, sizeof(*addr)) == 0)
			return listener;
	}
	return NULL;
}

static void listener_close(struct http *http, struct http_listener *listener)
{
	evhttp_del_accept_socket(listener->tls ? http->ev_tls : http->ev, listener->bound);
	listener->bound = NULL;
}

static int refuse(const struct sluice_addr *addr, int status, char *why)
{
	struct text text;

	text_start(&text, why, SLUICE_API_ERROR_MAX);
	text_add_addr(&text, addr);
	text_addf(&text, ": cannot listen there: %s", strerror(-status));
	return status;
}

/* Takes the socket. NULL: no memory. */
static struct evhttp_bound_socket *socket_serve(struct http *http, int fd, bool tls)
{
	struct evconnlistener *socket = evconnlistener_new(
	        http->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	struct evhttp_bound_socket *bound;

	if (socket == NULL) {
		close(fd);
		return NULL;
	}
	bound = evhttp_bind_listener(tls ? http->ev_tls : http->ev, socket);
	if (bound == NULL)
		evconnlistener_free(socket);
	return bound;
}

/* With `tls` or without from now on: the same socket, so that nobody is refused meanwhile, and what
 * cannot be done leaves the listener as it was. */
static int listener_turn(struct http *http, struct http_listener *listener, bool tls, char *why)
{
	int fd = fcntl(evhttp_bound_socket_get_fd(listener->bound), F_DUPFD_CLOEXEC, 0);
	struct evhttp_bound_socket *bound;

	if (fd < 0)
		return refuse(&listener->addr, -errno, why);
	bound = socket_serve(http, fd, tls);
	if (bound == NULL)
		return refuse(&listener->addr, -ENOMEM, why);
	listener_close(http, listener);
	listener->bound = bound;
	listener->tls = tls;
	return 0;
}

static int listener_add(struct http *http, const struct sluice_http_listen *listen, char *why)
{
	const struct sluice_addr *addr = &listen->addr;
	struct http_listener *listener = listener_find(http, addr);
	struct evhttp_bound_socket *bound;
	bool tls = listen->tls != 0;
	int fd;

	if (tls && http->tls.context == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "tls: there is no certificate (http tls cert FILE key FILE)");
		return -EINVAL;
	}
	if (listener != NULL)
		return listener->tls == tls ? 0 : listener_turn(http, listener, tls, why);
	listener = listener_find(http, NULL);
	if (listener == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "HTTP listens on %d addresses at most",
		         HTTP_LISTENERS_MAX);
		return -ENOSPC;
	}
	fd = socket_listen(addr);
	if (fd < 0)
		return refuse(addr, fd, why);
	bound = socket_serve(http, fd, tls);
	if (bound == NULL)
		return refuse(addr, -ENOMEM, why);
	*listener = (struct http_listener){.addr = *addr, .tls = tls, .bound = bound};
	return 0;
}

static int listener_remove(struct http *http, const struct sluice_addr *addr, char *why)
{
	struct http_listener *listener = listener_find(http, addr);

	if (listener == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "HTTP does not listen there");
		return -ENOENT;
	}
	listener_close(http, listener);
	return 0;
}

int listeners_obey(void *arg, const struct command_request *request, char *why)
{
	const struct sluice_http_listen *listen = (const void *)request->body.bytes;

	if (request->command->type == SLUICE_HTTP_LISTEN_DELETE)
		return listener_remove(arg, &listen->addr, why);
	return listener_add(arg, listen, why);
}

void listeners_close(struct http *http)
{
	for (uint32_t i = 0; i < HTTP_LISTENERS_MAX; i++)
		if (http->listeners[i].bound != NULL)
			listener_close(http, &http->listeners[i]);
}
