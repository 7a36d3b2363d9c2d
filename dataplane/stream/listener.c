/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening sockets: of an address one for each thread, among which the kernel spreads clients. By
 * TCP it may be TURN's and sessions' at once. */
#include "common/refuse.h"
#include "dataplane.h"
#include "stream/state.h"
#include "turn/text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_MAX 64 /* before others have their turn */
/* Until workers have had what a listener's clients said: they take it each walk. */
#define DRAIN_STEP_MS 1
#define DRAIN_STEPS   500

/* -- in the thread -- */

/* What TURN, or sessions, want of a place. */
struct listener {
	struct transport_addr addr;
	uint32_t place;
	int fd;                  /* -1: the other one listens there already */
	uint32_t transport;      /* enum sluice_turn_transport */
	uint16_t turn, sessions; /* as stream_thread has them: one of both */
	struct stream_proxy proxy;
	bool last; /* of those that leave: the socket is closed */
};

static void listener_add(struct stream_thread *thread, void *arg)
{
	const struct listener *listener = arg;
	uint32_t place = listener->place;
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_LISTENER | place};

	if (listener->turn != 0) {
		thread->for_turn[place] = listener->turn;
		thread->proxies[place] = listener->proxy;
	} else {
		thread->for_sessions[place] = listener->sessions;
	}
	if (listener->fd < 0)
		return;
	thread->listeners[place] = listener->fd;
	thread->addrs[place] = listener->addr;
	thread->secure[place] = listener->transport != SLUICE_TURN_TCP;
	thread->datagrams[place] = listener->transport == SLUICE_TURN_DTLS;
	epoll_ctl(thread->epoll, EPOLL_CTL_ADD, listener->fd, &event);
}

static void listener_proxy(struct stream_thread *thread, void *arg)
{
	const struct listener *listener = arg;

	thread->proxies[listener->place] = listener->proxy;
}

/* Connections of the one that leaves end. Those that may be either's count as TURN's: they end with
 * it, and stay TURN's where sessions leave. */
static void connections_leave(struct stream_thread *thread, uint32_t place, bool sessions)
{
	for (uint32_t i = 0; i < thread->used; i++) {
		struct connection *connection = &thread->connections[i];

		if (connection->fd < 0 || connection->listener != place)
			continue;
		if (connection->session == sessions)
			connection_end(thread, connection, STREAM_ENDED);
		else
			connection->undecided = false;
	}
}

static void listener_remove(struct stream_thread *thread, void *arg)
{
	const struct listener *listener = arg;
	uint32_t place = listener->place;

	connections_leave(thread, place, listener->sessions != 0);
	if (listener->sessions != 0) {
		thread->for_sessions[place] = 0;
	} else {
		thread->for_turn[place] = 0;
		thread->proxies[place] = (struct stream_proxy){0};
	}
	if (!listener->last)
		return;
	proxied_end(thread, place);
	if (thread->listeners[place] >= 0)
		close(thread->listeners[place]);
	thread->listeners[place] = -1;
}

/* No descriptors, no memory: what waits in the kernel does so until some have gone. */
static void listeners_pause(struct stream_thread *thread)
{
	stream_count(thread, STREAM_REFUSED_MEMORY);
	thread->accepting = false;
	for (uint32_t i = 0; i < STREAM_LISTENERS_MAX; i++) {
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
	for (uint32_t i = 0; i < STREAM_LISTENERS_MAX; i++) {
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

/* Ports of UDP, which DTLS has, are others than those of TCP. NULL: nothing listens there. */
static struct stream_listener *listener_find(struct streams *streams,
                                             const struct transport_addr *addr, uint32_t transport)
{
	for (uint32_t i = 0; i < STREAM_LISTENERS_MAX; i++) {
		struct stream_listener *listener = &streams->listeners[i];

		if (listener->used && listener->addr.port == addr->port &&
		    (listener->transport == SLUICE_TURN_DTLS) == (transport == SLUICE_TURN_DTLS) &&
		    ip_addr_equal(&listener->addr.ip, &addr->ip))
			return listener;
	}
	return NULL;
}

/* Both have as many as there are places for. */
static struct stream_listener *listener_place(struct streams *streams)
{
	struct stream_listener *listener = streams->listeners;

	while (listener->used)
		listener++;
	return listener;
}

/* A socket for each thread: 0, or -errno with a line. */
static int sockets_open(struct streams *streams, const struct listener *want,
                        int fds[STREAM_THREADS_MAX], char *why)
{
	struct sluice_addr shown = {.port = want->addr.port};
	char text[TEXT_ADDR_MAX];
	uint32_t count = 0;
	int error = 0;

	memcpy(shown.ip, want->addr.ip.bytes, sizeof(shown.ip));
	for (; count < streams->n_threads; count++) {
		fds[count] = stream_socket(&want->addr, want->transport == SLUICE_TURN_DTLS);
		if (fds[count] < 0)
			break;
	}
	if (count < streams->n_threads)
		error = fds[count];
	if (error == 0)
		error = stream_threads_start(streams);
	if (error == 0)
		return 0;
	while (count > 0)
		close(fds[--count]);
	return refuse(why, error, "cannot listen on %s: %s", text_addr(text, &shown),
	              strerror(-error));
}

/* It is there: of the other one, by the same transport, or it is refused. */
static int listener_share(const struct stream_listener *listener, const struct listener *want,
                          char *why)
{
	struct sluice_addr shown = {.port = want->addr.port};
	char text[TEXT_ADDR_MAX];

	memcpy(shown.ip, want->addr.ip.bytes, sizeof(shown.ip));
	if (listener->transport != SLUICE_TURN_TCP || want->transport != SLUICE_TURN_TCP)
		return refuse(why, -EADDRINUSE, "already listening on %s by another transport",
		              text_addr(text, &shown));
	return 0;
}

static int listen_by(struct streams *streams, struct listener *want, char *why)
{
	struct stream_listener *listener = listener_find(streams, &want->addr, want->transport);
	int fds[STREAM_THREADS_MAX], error;
	bool shared = listener != NULL;

	if (streams->n_threads == 0)
		return refuse(why, -EOPNOTSUPP, "the dataplane has no stream threads");
	if (shared)
		error = listener_share(listener, want, why);
	else
		error = sockets_open(streams, want, fds, why);
	if (error < 0)
		return error;
	if (!shared) {
		listener = listener_place(streams);
		*listener = (struct stream_listener){
		        .used = true,
		        .addr = want->addr,
		        .transport = want->transport,
		};
	}
	want->place = (uint32_t)(listener - streams->listeners);
	if (want->turn != 0)
		listener->turn = want->turn;
	else
		listener->sessions = want->sessions;
	for (uint32_t i = 0; i < streams->n_threads; i++) {
		want->fd = shared ? -1 : fds[i];
		stream_call(streams->threads[i], listener_add, want);
	}
	return 0;
}

int stream_listen(struct dataplane *dp, uint32_t index, const struct transport_addr *addr,
                  uint32_t transport, const struct stream_proxy *proxy, char *why)
{
	struct listener want = {
	        .addr = *addr,
	        .transport = transport,
	        .turn = (uint16_t)(index + 1),
	        .proxy = *proxy,
	};

	return listen_by(dp->streams, &want, why);
}

int stream_listen_sessions(struct dataplane *dp, uint32_t index, const struct transport_addr *addr,
                           char *why)
{
	struct listener want = {
	        .addr = *addr,
	        .transport = SLUICE_TURN_TCP,
	        .sessions = (uint16_t)(index + 1),
	};

	return listen_by(dp->streams, &want, why);
}

/* Of TURN's, or of sessions': the one that has this index + 1. NULL: none does. */
static struct stream_listener *listener_of(struct streams *streams, uint16_t turn,
                                           uint16_t sessions)
{
	for (uint32_t i = 0; i < STREAM_LISTENERS_MAX; i++) {
		struct stream_listener *listener = &streams->listeners[i];

		if (listener->used && ((turn != 0 && listener->turn == turn) ||
		                       (sessions != 0 && listener->sessions == sessions)))
			return listener;
	}
	return NULL;
}

void stream_proxy_set(struct dataplane *dp, uint32_t index, const struct stream_proxy *proxy)
{
	struct streams *streams = dp->streams;
	const struct stream_listener *listener = listener_of(streams, (uint16_t)(index + 1), 0);
	struct listener want = {.proxy = *proxy};

	if (listener == NULL)
		return;
	want.place = (uint32_t)(listener - streams->listeners);
	for (uint32_t i = 0; i < streams->n_threads; i++)
		stream_call(streams->threads[i], listener_proxy, &want);
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

static void listen_leave(struct streams *streams, uint16_t turn, uint16_t sessions)
{
	struct stream_listener *listener = listener_of(streams, turn, sessions);
	struct listener want = {.turn = turn, .sessions = sessions};

	if (listener == NULL)
		return;
	if (turn != 0)
		listener->turn = 0;
	else
		listener->sessions = 0;
	listener->used = listener->turn != 0 || listener->sessions != 0;
	want.place = (uint32_t)(listener - streams->listeners);
	want.last = !listener->used;
	for (uint32_t i = 0; i < streams->n_threads; i++)
		stream_call(streams->threads[i], listener_remove, &want);
}

void stream_listen_end(struct dataplane *dp, uint32_t index)
{
	uint32_t steps = DRAIN_STEPS;

	listen_leave(dp->streams, (uint16_t)(index + 1), 0);
	for (uint32_t i = 0; i < dp->streams->n_threads; i++)
		listener_drain(dp->streams->threads[i], index, &steps);
}

void stream_listen_sessions_end(struct dataplane *dp, uint32_t index)
{
	listen_leave(dp->streams, 0, (uint16_t)(index + 1));
}

uint32_t stream_connections(const struct dataplane *dp, uint32_t service)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < dp->streams->n_threads; i++)
		sum += __atomic_load_n(&dp->streams->threads[i]->connected[service],
		                       __ATOMIC_RELAXED);
	return sum;
}
