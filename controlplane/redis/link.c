/* SPDX-License-Identifier: BSD-3-Clause */
#include "redis/link.h"

#include "command/addr.h"
#include "common/clock.h"
#include "redis/handshake.h"
#include "redis/names.h"
#include "redis/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#define READ_MAX   16384
#define OUTPUT_MAX (1u << 20)

struct link {
	struct link_options options;
	struct names_question *question;           /* NULL: none is open */
	struct sluice_addr addrs[NAMES_ADDRS_MAX]; /* of the host */
	uint32_t n_addrs, tried;
	struct bufferevent *bev; /* NULL: the name is still being resolved */
	struct event *deadline;  /* of the oldest command; of a subscriber its next PING */
	struct event *goes;      /* tells the owner, from the loop */
	struct reader reader;
	struct redis_command *first, **last; /* to be answered, in order */
	uint32_t n_pending;
	uint32_t handshakes; /* that are to be answered */
	bool connected, up, lost, heard;
	char why[LINK_WHY_MAX];
};

/* -- the end -- */

static void link_lose(struct link *link, const char *why)
{
	if (link->lost)
		return;
	link->lost = true;
	snprintf(link->why, sizeof(link->why), "%s", why);
	if (link->bev != NULL)
		bufferevent_disable(link->bev, EV_READ | EV_WRITE);
	event_active(link->goes, EV_TIMEOUT, 0);
}

static void on_goes(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	link->options.handler->lost(link->options.owner, link, link->why);
}

static struct redis_command *pending_shift(struct link *link)
{
	struct redis_command *command = link->first;

	if (command == NULL)
		return NULL;
	link->first = command->next;
	if (link->first == NULL)
		link->last = &link->first;
	link->n_pending--;
	return command;
}

void link_destroy(struct link *link)
{
	struct redis_command *command;

	if (link == NULL)
		return;
	link->lost = true;
	while ((command = pending_shift(link)) != NULL)
		link->options.handler->answered(link->options.owner, command, NULL);
	if (link->question != NULL)
		names_forget(link->question);
	if (link->bev != NULL)
		bufferevent_free(link->bev);
	SSL_CTX_free(link->options.tls);
	if (link->deadline != NULL)
		event_free(link->deadline);
	if (link->goes != NULL)
		event_free(link->goes);
	reader_end(&link->reader);
	free(link);
}

/* -- deadlines -- */

static void deadline_set(struct link *link, uint64_t ms)
{
	const struct timeval wait = {ms / 1000, ms % 1000 * 1000};

	event_add(link->deadline, &wait);
}

static void deadline_follow(struct link *link)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);

	/* That of connecting and the handshake is set once. */
	if (!link->up || link->options.subscriber)
		return;
	if (link->first == NULL)
		event_del(link->deadline);
	else
		deadline_set(link, link->first->deadline > now ? link->first->deadline - now : 0);
}

static const char *deadline_why(const struct link *link)
{
	if (link->question != NULL)
		return "no answer about its name within 5 s";
	return link->options.tls != NULL && !link->connected ? "no TLS within 3 s"
	                                                     : "no answer within 1 s";
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	if (link->options.subscriber && link->up && link->heard) {
		link->heard = false;
		bufferevent_write(link->bev, "*1\r\n$4\r\nPING\r\n", 14);
		deadline_set(link, 2 * LINK_DEADLINE_MS);
		return;
	}
	link_lose(link, deadline_why(link));
}

/* -- answers -- */

/* What was sent meanwhile has waited for the handshake alone. */
static void link_is_up(struct link *link)
{
	uint64_t deadline = clock_ms(CLOCK_MONOTONIC) + LINK_DEADLINE_MS;

	for (struct redis_command *command = link->first; command != NULL; command = command->next)
		command->deadline = deadline;
	link->up = true;
	if (link->options.subscriber)
		deadline_set(link, 2 * LINK_DEADLINE_MS);
	link->options.handler->up(link->options.owner, link);
}

static void handshake_answered(struct link *link, const redisReply *reply)
{
	char why[LINK_WHY_MAX];

	if (!handshake_accept(&link->options, reply, --link->handshakes == 0, why))
		link_lose(link, why);
	else if (link->handshakes == 0)
		link_is_up(link);
}

static void pushed_take(struct link *link, const redisReply *reply)
{
	char why[LINK_WHY_MAX] = "it sends what nobody asked for";

	if (link->options.handler->pushed(link->options.owner, reply))
		return;
	if (link->options.subscriber && reply->type == REDIS_REPLY_ERROR)
		refusal_write(reply, why);
	link_lose(link, why);
}

/* Takes the reply. */
static void reply_take(struct link *link, redisReply *reply)
{
	struct redis_command *command;

	link->heard = true;
	if (link->handshakes > 0) {
		handshake_answered(link, reply);
		freeReplyObject(reply);
	} else if (link->options.subscriber || link->first == NULL) {
		pushed_take(link, reply);
		freeReplyObject(reply);
	} else {
		command = pending_shift(link);
		link->options.handler->answered(link->options.owner, command, reply);
		freeReplyObject(reply);
	}
}

static void replies_take(struct link *link)
{
	redisReply *reply;
	int status;

	while (!link->lost && (status = reader_next(&link->reader, &reply)) != 0) {
		if (status < 0)
			link_lose(link, status == -EMSGSIZE ? "its reply is longer than 65536 bytes"
			                                    : "that is no Redis");
		else
			reply_take(link, reply);
	}
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct link *link = arg;
	char bytes[READ_MAX];
	size_t length;

	while (!link->lost && (length = bufferevent_read(bev, bytes, sizeof(bytes))) > 0) {
		if (reader_feed(&link->reader, bytes, length) < 0)
			link_lose(link, "no memory");
		else
			replies_take(link);
	}
	if (!link->lost)
		deadline_follow(link);
}

static int addresses_try(struct link *link);

/* TLS takes it for an end. */
static bool is_unreached(const struct link *link, int error)
{
	return !link->connected &&
	       (error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct link *link = arg;
	int error = EVUTIL_SOCKET_ERROR();
	char why[LINK_WHY_MAX];

	if (what & BEV_EVENT_CONNECTED) {
		link->connected = true;
		if (link->options.tls != NULL)
			deadline_set(link, LINK_DEADLINE_MS);
		return;
	}
	/* The next one of its addresses, where there is no connection to this one, or no TLS. */
	if (!link->lost && !link->connected && link->tried < link->n_addrs) {
		error = addresses_try(link);
		if (error < 0)
			link_lose(link, strerror(-error));
		return;
	}
	if (tls_client_why(bev, why, sizeof(why))) {
		link_lose(link, why);
		return;
	}
	if (is_unreached(link, error))
		what &= ~BEV_EVENT_EOF;
	link_lose(link, what & BEV_EVENT_EOF       ? "it closed the connection"
	                : what & BEV_EVENT_TIMEOUT ? "no answer within 1 s"
	                : error != 0               ? evutil_socket_error_to_string(error)
	                                           : "the connection failed");
}

/* -- sending -- */

static int command_write(struct link *link, const struct redis_command *command)
{
	if (command->asking && bufferevent_write(link->bev, "*1\r\n$6\r\nASKING\r\n", 16) != 0)
		return -ENOTCONN;
	return bufferevent_write(link->bev, command->bytes, command->length) == 0 ? 0 : -ENOTCONN;
}

int link_send(struct link *link, struct redis_command *command, bool asking)
{
	if (link->lost)
		return -ENOTCONN;
	if (link->n_pending >= LINK_PENDING_MAX ||
	    (link->bev != NULL &&
	     evbuffer_get_length(bufferevent_get_output(link->bev)) > OUTPUT_MAX))
		return -EBUSY;
	command->asking = asking;
	if (link->bev != NULL && command_write(link, command) != 0)
		return -ENOTCONN;
	command->next = NULL;
	command->deadline = clock_ms(CLOCK_MONOTONIC) + LINK_DEADLINE_MS;
	*link->last = command;
	link->last = &command->next;
	if (++link->n_pending == 1)
		deadline_follow(link);
	return 0;
}

const struct host *link_host(const struct link *link)
{
	return &link->options.host;
}

/* -- the beginning -- */

static struct bufferevent *bufferevent_make(const struct link_options *options)
{
	const int flags = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;

	if (options->tls == NULL)
		return bufferevent_socket_new(options->base, -1, flags);
	return tls_client_bufferevent(
	        options->base, options->tls,
	        options->server[0] != '\0' ? options->server : options->host.name, flags);
}

/* The handshake, and what waits. 0 or -errno. */
static int all_send(struct link *link)
{
	int sent = handshake_send(link->bev, &link->options), error = sent < 0 ? sent : 0;

	link->handshakes = sent < 0 ? 0 : (uint32_t)sent;
	for (const struct redis_command *command = link->first; command != NULL && error == 0;
	     command = command->next)
		error = command_write(link, command);
	return error;
}

static int address_connect(struct link *link, const struct sluice_addr *addr)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in *v4 = (void *)&storage;
	struct sockaddr_in6 *v6 = (void *)&storage;
	int size = addr_is_v4(addr) ? sizeof(*v4) : sizeof(*v6);

	if (addr_is_v4(addr)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(link->options.host.port);
		memcpy(&v4->sin_addr, addr->ip + 12, 4);
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(link->options.host.port);
		memcpy(&v6->sin6_addr, addr->ip, 16);
	}
	return bufferevent_socket_connect(link->bev, (struct sockaddr *)&storage, size) == 0
	               ? 0
	               : -errno;
}

/* The next of its addresses. 0 or -errno. */
static int address_try(struct link *link)
{
	uint32_t next = (link->options.first + link->tried++) % link->n_addrs;
	struct bufferevent *bev = bufferevent_make(&link->options);
	int error;

	if (bev == NULL)
		return -ENOMEM;
	if (link->bev != NULL)
		bufferevent_free(link->bev);
	link->bev = bev;
	bufferevent_setcb(bev, on_read, NULL, on_event, link);
	bufferevent_setwatermark(bev, EV_READ, 0, READ_MAX);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	error = address_connect(link, &link->addrs[next]);
	return error == 0 ? all_send(link) : error;
}

/* Until one can be tried: 0; or the last one's -errno. */
static int addresses_try(struct link *link)
{
	int error = -EADDRNOTAVAIL;

	while (error < 0 && link->tried < link->n_addrs)
		error = address_try(link);
	return error;
}

/* 0 or -errno. */
static int addresses_begin(struct link *link)
{
	deadline_set(link, link->options.tls != NULL ? LINK_TLS_MS : LINK_DEADLINE_MS);
	return addresses_try(link);
}

static void on_name(void *arg, const struct sluice_addr *list, uint32_t count, const char *why)
{
	struct link *link = arg;
	char text[LINK_WHY_MAX];
	int error;

	link->question = NULL;
	if (link->lost)
		return;
	if (count == 0) {
		snprintf(text, sizeof(text), "its name is not resolved: %s", why);
		link_lose(link, text);
		return;
	}
	memcpy(link->addrs, list, count * sizeof(*list));
	link->n_addrs = count;
	error = addresses_begin(link);
	if (error < 0)
		link_lose(link, strerror(-error));
}

static int link_begin(struct link *link)
{
	if (host_is_addr(&link->options.host, &link->addrs[0])) {
		link->n_addrs = 1;
		return addresses_begin(link);
	}
	if (link->options.names == NULL)
		return -EADDRNOTAVAIL;
	deadline_set(link, LINK_NAME_MS);
	link->question = names_ask(link->options.names, link->options.host.name, on_name, link);
	return link->question != NULL ? 0 : -ENOMEM;
}

struct link *link_create(const struct link_options *options)
{
	struct link *link = calloc(1, sizeof(*link));
	int error;

	if (link == NULL)
		return NULL;
	link->options = *options;
	if (options->tls != NULL)
		SSL_CTX_up_ref(options->tls);
	link->last = &link->first;
	link->deadline = evtimer_new(options->base, on_deadline, link);
	link->goes = evtimer_new(options->base, on_goes, link);
	if (link->deadline == NULL || link->goes == NULL || reader_start(&link->reader) < 0) {
		link_destroy(link);
		return NULL;
	}
	error = link_begin(link);
	if (error < 0)
		link_lose(link, strerror(-error));
	return link;
}
