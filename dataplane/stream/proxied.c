/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that come by a proxy: whose they are is known once its header is there, and until
 * then they hold nothing but a socket. The header is read to its last byte and no further: what
 * follows is the client's, of TLS as well.
 */
#include "dataplane.h"
#include "stream/proxy_header.h"
#include "stream/state.h"
#include "turn/peer_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A proxy writes it at once. */
#define HEADER_S 5
struct proxied {
	TAILQ_ENTRY(proxied) entry; /* of `proxied`: the oldest is the first */
	int fd;
	uint32_t listener;
	uint32_t deadline; /* thread's seconds */
	uint32_t have;     /* bytes of the header that have been read */
	uint32_t whole;    /* as many as it has; 0: not known yet */
	bool named;        /* `client` is what it says */
	struct transport_addr client;
	uint8_t bytes[PROXY_HEADER_READ];
};

static void proxied_free(struct stream_thread *thread, struct proxied *proxied)
{
	TAILQ_REMOVE(&thread->proxied, proxied, entry);
	thread->n_proxied--;
	free(proxied);
}

static void proxied_refuse(struct stream_thread *thread, struct proxied *proxied,
                           enum stream_counter why)
{
	stream_count(thread, why);
	socket_reset(proxied->fd);
	proxied_free(thread, proxied);
}

/* The header has been read: the client begins as one without a proxy does. */
static void proxied_begin(struct stream_thread *thread, struct proxied *proxied)
{
	const struct transport_addr client = proxied->client;
	uint32_t listener = proxied->listener;
	int fd = proxied->fd;

	epoll_ctl(thread->epoll, EPOLL_CTL_DEL, fd, NULL);
	proxied_free(thread, proxied);
	connection_begin(thread, listener, fd, &client);
}

/* How many bytes it lacks, as far as that is known. */
static uint32_t proxied_lacks(const struct proxied *proxied)
{
	if (proxied->whole == 0)
		return PROXY_HEADER_FIXED - proxied->have;
	if (proxied->have < PROXY_HEADER_READ)
		return RTE_MIN(proxied->whole, (uint32_t)PROXY_HEADER_READ) - proxied->have;
	return proxied->whole - proxied->have;
}

/* 0: there are no more for now; or -errno. What is behind the addresses goes nowhere. */
static ssize_t proxied_receive(struct stream_thread *thread, struct proxied *proxied)
{
	uint32_t lacks = proxied_lacks(proxied);
	uint8_t *to = proxied->have < PROXY_HEADER_READ ? proxied->bytes + proxied->have
	                                                : thread->scratch;
	ssize_t got = recv(proxied->fd, to, lacks, MSG_DONTWAIT);

	if (got > 0)
		proxied->have += (uint32_t)got;
	if (got == 0)
		return -ECONNRESET;
	if (got > 0)
		return got;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* Whether the bytes that are there may be a header's. */
static bool proxied_is_header(struct proxied *proxied)
{
	if (proxied->named || proxied->have > PROXY_HEADER_READ)
		return true;
	switch (proxy_header_read(proxied->bytes, proxied->have, &proxied->client,
	                          &proxied->whole)) {
	case PROXY_HEADER_CLIENT:
		proxied->named = true;
		return true;
	case PROXY_HEADER_NOBODY:
	case PROXY_HEADER_PART:
		return true;
	case PROXY_HEADER_GARBAGE:
		break;
	}
	return false;
}

static bool is_whole(const struct proxied *proxied)
{
	return proxied->whole != 0 && proxied->have == proxied->whole;
}

static void proxied_read(struct stream_thread *thread, struct proxied *proxied)
{
	ssize_t got;

	do {
		got = proxied_receive(thread, proxied);
		if (got < 0) {
			proxied_refuse(thread, proxied, STREAM_ENDED);
			return;
		}
		if (got > 0 && !proxied_is_header(proxied)) {
			proxied_refuse(thread, proxied, STREAM_PROXY_HEADER);
			return;
		}
	} while (got > 0 && !is_whole(proxied));
	if (is_whole(proxied))
		proxied_begin(thread, proxied);
}

void proxied_add(struct stream_thread *thread, uint32_t listener, int fd,
                 const struct transport_addr *from)
{
	const struct stream_proxy *proxy = &thread->proxies[listener];
	const struct ip_addr network = peer_rule_mask(&from->ip, proxy->length);
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_PROXIED | (uint32_t)fd};
	struct proxied *proxied = NULL;

	if (ip_addr_is_v4(&from->ip) != ip_addr_is_v4(&proxy->ip) ||
	    !ip_addr_equal(&network, &proxy->ip)) {
		stream_count(thread, STREAM_PROXY_REFUSED);
		socket_reset(fd);
		return;
	}
	if (thread->n_proxied < STREAM_PROXIED_MAX)
		proxied = calloc(1, sizeof(*proxied));
	if (proxied == NULL || epoll_ctl(thread->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
		stream_count(thread, STREAM_REFUSED_FULL);
		free(proxied);
		socket_reset(fd);
		return;
	}
	proxied->fd = fd;
	proxied->listener = listener;
	proxied->deadline = thread->now + HEADER_S;
	proxied->client = *from;
	TAILQ_INSERT_TAIL(&thread->proxied, proxied, entry);
	thread->n_proxied++;
	proxied_read(thread, proxied); /* it is mostly there */
}

void proxied_event(struct stream_thread *thread, int fd)
{
	struct proxied *proxied;

	TAILQ_FOREACH(proxied, &thread->proxied, entry)
	if (proxied->fd == fd) {
		proxied_read(thread, proxied);
		return;
	}
}

void proxied_due(struct stream_thread *thread)
{
	struct proxied *proxied;

	while ((proxied = TAILQ_FIRST(&thread->proxied)) != NULL &&
	       proxied->deadline <= thread->now)
		proxied_refuse(thread, proxied, STREAM_PROXY_HEADER);
}

void proxied_end(struct stream_thread *thread, uint32_t listener)
{
	struct proxied *proxied = TAILQ_FIRST(&thread->proxied), *next;

	for (; proxied != NULL; proxied = next) {
		next = TAILQ_NEXT(proxied, entry);
		if (proxied->listener == listener)
			proxied_refuse(thread, proxied, STREAM_ENDED);
	}
}
