/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening sockets: one for each thread, among which the kernel spreads clients. */
#include "common/refuse.h"
#include "dataplane.h"
#include "stream/state.h"
#include "turn/text.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG     1024
#define ACCEPTS_MAX 64 /* before others have their turn */
/* What the kernel keeps of a client beyond what is on its way: the rest waits here, where it is
 * bounded, and where media of a slow client can be dropped. */
#define UNSENT_MAX 32768
/* Of a DTLS listener's datagrams, each way. */
#define DATAGRAMS_ROOM (4 << 20)
/* A client that has gone without a word. */
#define KEEPALIVE_IDLE_S     60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_COUNT      4
#define UNANSWERED_MS        60000
/* Until workers have had what a listener's clients said: they take it each walk. */
#define DRAIN_STEP_MS 1
#define DRAIN_STEPS   500

/* -- sockets: control thread -- */

socklen_t sockaddr_make(const struct transport_addr *addr, struct sockaddr_storage *storage)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)storage;
	struct sockaddr_in *four = (struct sockaddr_in *)storage;

	memset(storage, 0, sizeof(*storage));
	if (ip_addr_is_v4(&addr->ip)) {
		four->sin_family = AF_INET;
		four->sin_port = addr->port;
		four->sin_addr.s_addr = addr->ip.words[3];
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = addr->port;
	memcpy(&six->sin6_addr, addr->ip.bytes, sizeof(six->sin6_addr));
	return sizeof(*six);
}

static void option_set(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof(value));
}

static void options_set(int fd, int family)
{
	option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	/* the address may come later, as a port's may */
	option_set(fd, IPPROTO_IP, IP_FREEBIND, 1);
	if (family == AF_INET6)
		option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
}

/* All of a listener's clients come by it. */
static void datagram_options_set(int fd)
{
	option_set(fd, SOL_SOCKET, SO_RCVBUF, DATAGRAMS_ROOM);
	option_set(fd, SOL_SOCKET, SO_SNDBUF, DATAGRAMS_ROOM);
	option_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, DATAGRAMS_ROOM);
	option_set(fd, SOL_SOCKET, SO_SNDBUFFORCE, DATAGRAMS_ROOM);
}

/* Accepted sockets inherit all of it. */
static void stream_options_set(int fd)
{
	option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	option_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	option_set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX);
	option_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	option_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	option_set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
	option_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNANSWERED_MS);
}

/* A socket that listens, or takes datagrams; or -errno. */
static int socket_listen(const struct transport_addr *addr, bool datagrams)
{
	struct sockaddr_storage storage;
	socklen_t length = sockaddr_make(addr, &storage);
	int fd = socket(storage.ss_family,
	                (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	options_set(fd, storage.ss_family);
	if (datagrams)
		datagram_options_set(fd);
	else
		stream_options_set(fd);
	if (bind(fd, (struct sockaddr *)&storage, length) == 0 &&
	    (datagrams || listen(fd, BACKLOG) == 0))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

bool stream_address_is_here(const struct ip_addr *ip)
{
	const struct transport_addr addr = {.ip = *ip};
	struct sockaddr_storage storage;
	socklen_t length = sockaddr_make(&addr, &storage);
	int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool here = fd < 0 || bind(fd, (struct sockaddr *)&storage, length) == 0 ||
	            errno != EADDRNOTAVAIL;

	if (fd >= 0)
		close(fd);
	return here;
}

/* -- in the thread -- */

struct listener {
	struct transport_addr addr;
	uint32_t index;
	int fd;
	uint32_t transport; /* enum sluice_turn_transport */
	struct stream_proxy proxy;
};

static void listener_add(struct stream_thread *thread, void *arg)
{
	const struct listener *listener = arg;
	struct epoll_event event = {.events = EPOLLIN,
	                            .data.u64 = EVENT_LISTENER | listener->index};

	thread->listeners[listener->index] = listener->fd;
	thread->addrs[listener->index] = listener->addr;
	thread->secure[listener->index] = listener->transport != SLUICE_TURN_TCP;
	thread->datagrams[listener->index] = listener->transport == SLUICE_TURN_DTLS;
	thread->proxies[listener->index] = listener->proxy;
	epoll_ctl(thread->epoll, EPOLL_CTL_ADD, listener->fd, &event);
}

static void listener_proxy(struct stream_thread *thread, void *arg)
{
	const struct listener *listener = arg;

	thread->proxies[listener->index] = listener->proxy;
}

static void listener_remove(struct stream_thread *thread, void *arg)
{
	uint32_t index = *(const uint32_t *)arg;

	for (uint32_t i = 0; i < thread->used; i++)
		if (thread->connections[i].fd >= 0 && thread->connections[i].flow.service == index)
			connection_end(thread, &thread->connections[i], STREAM_ENDED);
	proxied_end(thread, index);
	if (thread->listeners[index] >= 0)
		close(thread->listeners[index]);
	thread->listeners[index] = -1;
}

struct transport_addr client_of(const struct sockaddr_storage *storage)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)storage;
	const struct sockaddr_in *four = (const struct sockaddr_in *)storage;

	if (storage->ss_family == AF_INET)
		return (struct transport_addr){.ip = ip_addr_v4(four->sin_addr.s_addr),
		                               .port = four->sin_port};
	return (struct transport_addr){.ip = ip_addr_v6(&six->sin6_addr), .port = six->sin6_port};
}

/* No descriptors, no memory: what waits in the kernel does so until some have gone. */
static void listeners_pause(struct stream_thread *thread)
{
	stream_count(thread, STREAM_REFUSED_MEMORY);
	thread->accepting = false;
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++) {
		struct epoll_event event = {.data.u64 = EVENT_LISTENER | i};

		if (thread->listeners[i] >= 0)
			epoll_ctl(thread->epoll, EPOLL_CTL_MOD, thread->listeners[i], &event);
	}
}

void listeners_resume(struct stream_thread *thread)
{
	if (thread->accepting)
		return;
	thread->accepting = true;
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_LISTENER | i};

		if (thread->listeners[i] >= 0)
			epoll_ctl(thread->epoll, EPOLL_CTL_MOD, thread->listeners[i], &event);
	}
}

void listener_accept(struct stream_thread *thread, uint32_t index)
{
	for (int i = 0; i < ACCEPTS_MAX && thread->listeners[index] >= 0; i++) {
		struct sockaddr_storage storage;
		socklen_t length = sizeof(storage);
		struct transport_addr client;
		int fd = accept4(thread->listeners[index], (struct sockaddr *)&storage, &length,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
			    errno == ENOBUFS)
				listeners_pause(thread);
			return;
		}
		client = client_of(&storage);
		if (thread->proxies[index].there)
			proxied_add(thread, index, fd, &client);
		else
			connection_begin(thread, index, fd, &client);
	}
}

/* -- configuration: control thread -- */

int stream_listen(struct dataplane *dp, uint32_t index, const struct transport_addr *addr,
                  uint32_t transport, const struct stream_proxy *proxy, char *why)
{
	struct streams *streams = dp->streams;
	struct sluice_addr shown = {.port = addr->port};
	char text[TEXT_ADDR_MAX];
	int fds[STREAM_THREADS_MAX], error = 0;
	uint32_t count = 0;

	memcpy(shown.ip, addr->ip.bytes, sizeof(shown.ip));
	if (streams->n_threads == 0)
		return refuse(why, -EOPNOTSUPP, "the dataplane has no stream threads");
	for (; count < streams->n_threads; count++) {
		fds[count] = socket_listen(addr, transport == SLUICE_TURN_DTLS);
		if (fds[count] < 0)
			break;
	}
	if (count < streams->n_threads)
		error = fds[count];
	if (error == 0)
		error = stream_threads_start(streams);
	if (error != 0) {
		while (count > 0)
			close(fds[--count]);
		return refuse(why, error, "cannot listen on %s: %s", text_addr(text, &shown),
		              strerror(-error));
	}
	for (uint32_t i = 0; i < streams->n_threads; i++)
		stream_call(streams->threads[i], listener_add,
		            &(struct listener){*addr, index, fds[i], transport, *proxy});
	return 0;
}

void stream_proxy_set(struct dataplane *dp, uint32_t index, const struct stream_proxy *proxy)
{
	for (uint32_t i = 0; i < dp->streams->n_threads; i++)
		stream_call(dp->streams->threads[i], listener_proxy,
		            &(struct listener){.index = index, .proxy = *proxy});
}

/* What a thread had given to its workers at one time. */
struct drain {
	uint32_t index;
	bool ending;
	uint32_t given[WORKERS_MAX];
};

static void drain_begin(struct stream_thread *thread, void *arg)
{
	const struct connection *connection;
	struct drain *drain = arg;

	drain->ending = false;
	TAILQ_FOREACH(connection, &thread->ending, entry)
	drain->ending |= connection->flow.service == drain->index;
	for (uint16_t worker = 0; worker < thread->streams->dp->n_workers; worker++)
		drain->given[worker] = thread->in[worker]->prod.tail;
}

static bool drain_done(const struct stream_thread *thread, const struct drain *drain)
{
	for (uint16_t worker = 0; worker < thread->streams->dp->n_workers; worker++) {
		uint32_t taken = __atomic_load_n(&thread->in[worker]->cons.tail, __ATOMIC_ACQUIRE);

		if ((int32_t)(taken - drain->given[worker]) < 0)
			return false;
	}
	return true;
}

/* The ends of its connections are the last that workers hear of it. */
static void listener_drain(struct stream_thread *thread, uint32_t index, uint32_t *steps)
{
	struct drain drain = {.index = index};

	for (stream_call(thread, drain_begin, &drain); drain.ending && *steps > 0; --*steps) {
		poll(NULL, 0, DRAIN_STEP_MS);
		stream_call(thread, drain_begin, &drain);
	}
	for (; !drain_done(thread, &drain) && *steps > 0; --*steps)
		poll(NULL, 0, DRAIN_STEP_MS);
}

void stream_listen_end(struct dataplane *dp, uint32_t index)
{
	uint32_t steps = DRAIN_STEPS;

	for (uint32_t i = 0; i < dp->streams->n_threads; i++)
		stream_call(dp->streams->threads[i], listener_remove, &index);
	for (uint32_t i = 0; i < dp->streams->n_threads; i++)
		listener_drain(dp->streams->threads[i], index, &steps);
}

uint32_t stream_connections(const struct dataplane *dp, uint32_t index)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < dp->streams->n_threads; i++)
		sum += __atomic_load_n(&dp->streams->threads[i]->connected[index],
		                       __ATOMIC_RELAXED);
	return sum;
}
