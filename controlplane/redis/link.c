/* SPDX-License-Identifier: BSD-3-Clause */
#include "redis/link.h"

#include "command/addr.h"
#include "command/text.h"
#include "common/clock.h"

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
	struct bufferevent *bev;
	struct event *deadline; /* of the oldest command; of a subscriber its next PING */
	struct event *goes;     /* tells the owner, from the loop */
	struct reader reader;
	struct redis_command *first, **last; /* to be answered, in order */
	uint32_t n_pending;
	uint32_t handshakes; /* that are to be answered */
	bool up, lost, heard;
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
	if (link->bev != NULL)
		bufferevent_free(link->bev);
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

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	if (link->options.subscriber && link->up && link->heard) {
		link->heard = false;
		bufferevent_write(link->bev, "*1\r\n$4\r\nPING\r\n", 14);
		deadline_set(link, 2 * LINK_DEADLINE_MS);
		return;
	}
	link_lose(link, "no answer within 1 s");
}

/* -- answers -- */

static void handshake_answered(struct link *link, const redisReply *reply)
{
	char why[LINK_WHY_MAX];
	struct text text;

	if (reply->type == REDIS_REPLY_ERROR) {
		text_start(&text, why, sizeof(why));
		text_add(&text, "it refuses us: ");
		text_add_printable(&text, reply->str, reply->len);
		link_lose(link, why);
		return;
	}
	if (reply->type != REDIS_REPLY_STATUS && reply->type != REDIS_REPLY_ARRAY) {
		link_lose(link, "that is no Redis");
		return;
	}
	if (--link->handshakes > 0)
		return;
	link->up = true;
	if (link->options.subscriber)
		deadline_set(link, 2 * LINK_DEADLINE_MS);
	link->options.handler->up(link->options.owner, link);
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
		if (!link->options.handler->pushed(link->options.owner, reply))
			link_lose(link, "it sends what nobody asked for");
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

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct link *link = arg;
	int error = EVUTIL_SOCKET_ERROR();

	if (what & BEV_EVENT_CONNECTED)
		return;
	link_lose(link, what & BEV_EVENT_EOF       ? "it closed the connection"
	                : what & BEV_EVENT_TIMEOUT ? "no answer within 1 s"
	                : error != 0               ? evutil_socket_error_to_string(error)
	                                           : "the connection failed");
}

/* -- sending -- */

int link_send(struct link *link, struct redis_command *command, bool asking)
{
	if (link->lost)
		return -ENOTCONN;
	if (link->n_pending >= LINK_PENDING_MAX ||
	    evbuffer_get_length(bufferevent_get_output(link->bev)) > OUTPUT_MAX)
		return -EBUSY;
	if (asking && bufferevent_write(link->bev, "*1\r\n$6\r\nASKING\r\n", 16) != 0)
		return -ENOTCONN;
	if (bufferevent_write(link->bev, command->bytes, command->length) != 0)
		return -ENOTCONN;
	command->next = NULL;
	command->deadline = clock_ms(CLOCK_MONOTONIC) + LINK_DEADLINE_MS;
	*link->last = command;
	link->last = &command->next;
	if (++link->n_pending == 1)
		deadline_follow(link);
	return 0;
}

const struct sluice_addr *link_addr(const struct link *link)
{
	return &link->options.addr;
}

/* -- the beginning -- */

static int handshake_write(struct link *link, const char *format, ...)
{
	va_list args;
	char *bytes;
	int length, error;

	va_start(args, format);
	length = redisvFormatCommand(&bytes, format, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	error = bufferevent_write(link->bev, bytes, length) == 0 ? 0 : -ENOMEM;
	explicit_bzero(bytes, length);
	redisFreeCommand(bytes);
	link->handshakes++;
	return error;
}

/* The PING tells that it answers, not only that somebody accepts there. */
static int handshake_send(struct link *link)
{
	int error = 0;

	if (link->options.password[0] != '\0')
		error = handshake_write(link, "AUTH %s", link->options.password);
	if (error == 0 && link->options.db != 0)
		error = handshake_write(link, "SELECT %u", link->options.db);
	return error == 0 ? handshake_write(link, "PING") : error;
}

static int link_connect(struct link *link)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in *v4 = (void *)&storage;
	struct sockaddr_in6 *v6 = (void *)&storage;
	const struct sluice_addr *addr = &link->options.addr;
	int size = addr_is_v4(addr) ? sizeof(*v4) : sizeof(*v6);

	if (addr_is_v4(addr)) {
		v4->sin_family = AF_INET;
		v4->sin_port = addr->port;
		memcpy(&v4->sin_addr, addr->ip + 12, 4);
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = addr->port;
		memcpy(&v6->sin6_addr, addr->ip, 16);
	}
	if (bufferevent_socket_connect(link->bev, (struct sockaddr *)&storage, size) != 0)
		return -errno;
	return handshake_send(link);
}

struct link *link_create(const struct link_options *options)
{
	struct link *link = calloc(1, sizeof(*link));
	int error;

	if (link == NULL)
		return NULL;
	link->options = *options;
	link->last = &link->first;
	link->bev = bufferevent_socket_new(options->base, -1,
	                                   BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	link->deadline = evtimer_new(options->base, on_deadline, link);
	link->goes = evtimer_new(options->base, on_goes, link);
	if (link->bev == NULL || link->deadline == NULL || link->goes == NULL ||
	    reader_start(&link->reader) < 0) {
		link_destroy(link);
		return NULL;
	}
	bufferevent_setcb(link->bev, on_read, NULL, on_event, link);
	bufferevent_setwatermark(link->bev, EV_READ, 0, READ_MAX);
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	deadline_set(link, LINK_DEADLINE_MS);
	error = link_connect(link);
	if (error < 0)
		link_lose(link, strerror(-error));
	return link;
}
