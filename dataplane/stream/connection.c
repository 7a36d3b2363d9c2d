/* SPDX-License-Identifier: BSD-3-Clause */
/* One client's connection: from its accept to its end, and what is read of it. */
#include "dataplane.h"
#include "graph/node.h"
#include "net/headers.h"
#include "net/port.h"
#include "net/ranges.h"
#include "net/service.h"
#include "stream/framing.h"
#include "stream/state.h"
#include "stream/tls.h"

#include <openssl/err.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Messages of one connection before others have their turn. */
#define MESSAGES_BURST 64
/* Reads, the same: of TLS each is a record. */
#define READS_MAX 32
/* Of a TLS connection without a byte of data between them. */
#define HANDSHAKE_MESSAGES_MAX 32
/* A handshake has less time than what follows it. */
#define SHAKE_S 5

/* -- places -- */

static struct connection *place_take(struct stream_thread *thread)
{
	struct connection *connection = STAILQ_FIRST(&thread->free);

	if (connection != NULL)
		STAILQ_REMOVE_HEAD(&thread->free, free_entry);
	else if (thread->used < thread->streams->max)
		connection = &thread->connections[thread->used++];
	return connection;
}

/* At the list's end, so that a number comes again as late as can be. */
static void place_free(struct stream_thread *thread, struct connection *connection)
{
	uint32_t generation = connection->generation;

	*connection = (struct connection){.generation = generation, .fd = -1};
	STAILQ_INSERT_TAIL(&thread->free, connection, free_entry);
}

static uint32_t slot_of(const struct stream_thread *thread, const struct connection *connection)
{
	return (uint32_t)(connection - thread->connections);
}

struct connection *connection_find(struct stream_thread *thread, uint32_t number)
{
	struct connection *connection = &thread->connections[connection_slot(number)];

	return connection_slot(number) < thread->used && connection->fd >= 0 &&
	                       connection->flow.connection == number
	               ? connection
	               : NULL;
}

static uint16_t worker_of(const struct stream_thread *thread, const struct connection *connection)
{
	return (uint16_t)(slot_of(thread, connection) % thread->streams->dp->n_workers);
}

void connection_watch(struct stream_thread *thread, struct connection *connection, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u64 = connection->flow.connection};

	if (connection->watched == events)
		return;
	if (epoll_ctl(thread->epoll,
	              connection->watched == WATCHED_NOT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
	              connection->fd, &event) == 0)
		connection->watched = events;
}

/* -- begin -- */

/* Without a FIN: whoever is turned away is not to hold anything of ours. */
static void socket_reset(int fd)
{
	const struct linger none = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
}

static const enum stream_counter refusals[] = {
        [BOUNDS_FULL] = STREAM_REFUSED_FULL,
        [BOUNDS_SOURCE] = STREAM_REFUSED_SOURCE,
        [BOUNDS_HANDSHAKES] = STREAM_REFUSED_HANDSHAKES,
};

static void connection_fill(struct stream_thread *thread, struct connection *connection,
                            uint32_t listener, int fd, const struct transport_addr *client)
{
	uint32_t first_s = __atomic_load_n(&thread->streams->set.first_s, __ATOMIC_RELAXED);

	connection->generation =
	        connection->generation % ((1u << STREAM_GENERATION_BITS) - 1) + 1; /* never 0 */
	connection->flow = (struct five_tuple){
	        .src = client->ip,
	        .src_port = client->port,
	        .service = (uint16_t)listener,
	        .connection = connection_number(thread->id, slot_of(thread, connection),
	                                        connection->generation),
	};
	connection->fd = fd;
	connection->watched = WATCHED_NOT;
	connection->secure = thread->secure[listener];
	connection->state = connection->secure ? CONNECTION_SHAKES : CONNECTION_OPEN;
	connection->heard = thread->now;
	connection->deadline = thread->now + first_s;
	if (connection->secure)
		connection->deadline = thread->now + RTE_MIN(first_s, (uint32_t)SHAKE_S);
}

static bool is_denied(const struct stream_thread *thread, const struct ip_addr *ip)
{
	return thread->denied != NULL && ranges_find(thread->denied, ip) != RANGE_NONE;
}

void connection_begin(struct stream_thread *thread, uint32_t listener, int fd,
                      const struct transport_addr *client)
{
	struct connection *connection;
	enum bounds_verdict verdict;

	if (is_denied(thread, &client->ip)) {
		stream_count(thread, STREAM_DENIED);
		socket_reset(fd);
		return;
	}
	verdict = bounds_open(&thread->streams->bounds, &client->ip, thread->secure[listener],
	                      thread->now_ms);
	if (verdict != BOUNDS_OPEN) {
		stream_count(thread, refusals[verdict]);
		socket_reset(fd);
		return;
	}
	connection = place_take(thread);
	if (connection == NULL) {
		if (thread->secure[listener])
			bounds_shaken(&thread->streams->bounds, &client->ip);
		bounds_close(&thread->streams->bounds, &client->ip);
		stream_count(thread, STREAM_REFUSED_FULL);
		socket_reset(fd);
		return;
	}
	connection_fill(thread, connection, listener, fd, client);
	stream_count(thread, STREAM_CONNECTION);
	__atomic_store_n(&thread->connected[listener], thread->connected[listener] + 1,
	                 __ATOMIC_RELAXED);
	if (connection->secure && thread->tls != NULL)
		connection->ssl = tls_begin(&thread->tls, fd, &connection->shaken);
	if (connection->secure && connection->ssl == NULL) {
		connection_end(thread, connection, STREAM_HANDSHAKE_FAILED);
		return;
	}
	connection_watch(thread, connection, EPOLLIN);
}

/* -- end -- */

void connection_end(struct stream_thread *thread, struct connection *connection,
                    enum stream_counter why)
{
	uint32_t listener = connection->flow.service;

	stream_count(thread, why);
	if (connection->state == CONNECTION_SHAKES)
		bounds_shaken(&thread->streams->bounds, &connection->flow.src);
	bounds_close(&thread->streams->bounds, &connection->flow.src);
	__atomic_store_n(&thread->connected[listener], thread->connected[listener] - 1,
	                 __ATOMIC_RELAXED);
	if (connection->ssl != NULL) {
		if (connection->state == CONNECTION_OPEN)
			SSL_shutdown(connection->ssl);
		SSL_free(connection->ssl);
		ERR_clear_error();
	}
	connection->ssl = NULL;
	close(connection->fd);
	connection->fd = -1;
	output_forget(thread, connection);
	free(connection->part);
	thread->queued -= connection->part_length;
	connection->part = NULL;
	connection->part_length = 0;
	if (connection->unread)
		TAILQ_REMOVE(&thread->again, connection, entry);
	connection->unread = false;
	connection->state = CONNECTION_ENDING;
	if (connection->heard_of)
		TAILQ_INSERT_TAIL(&thread->ending, connection, entry);
	else
		place_free(thread, connection);
}

void connections_deny(struct stream_thread *thread)
{
	for (uint32_t i = 0; i < thread->used; i++) {
		struct connection *connection = &thread->connections[i];

		if (connection->fd >= 0 && is_denied(thread, &connection->flow.src))
			connection_end(thread, connection, STREAM_DENIED);
	}
}

/* -- messages to the worker -- */

static void message_fill(const struct stream_thread *thread, const struct connection *connection,
                         struct rte_mbuf *mbuf)
{
	const struct transport_addr *local = &thread->addrs[connection->flow.service];

	*packet_of(mbuf) = (struct packet){
	        .flow = connection->flow,
	        .dst = local->ip,
	        .dst_port = local->port,
	        .payload_length = mbuf->data_len,
	        .sum = PACKET_SUM_COMPUTE,
	        .flags = PACKET_HANDED_OVER, /* its worker is the only one that has it */
	        .hop_limit = HEADERS_HOP_LIMIT,
	        .port = PORT_NONE,
	        .service_kind = SERVICE_TURN,
	        .form = PACKET_DATAGRAM,
	};
}

static struct rte_mbuf *message_make(struct stream_thread *thread,
                                     const struct connection *connection, const uint8_t *bytes,
                                     uint32_t length)
{
	const struct dataplane *dp = thread->streams->dp;
	uint32_t room = dp->options.mbuf_size - RTE_PKTMBUF_HEADROOM;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(length <= room ? dp->pool : dp->datagrams);
	char *data = mbuf != NULL ? rte_pktmbuf_append(mbuf, (uint16_t)length) : NULL;

	if (data == NULL) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	memcpy(data, bytes, length);
	message_fill(thread, connection, mbuf);
	return mbuf;
}

/* As many as the ring has room for are given to it. */
static void messages_put(struct stream_thread *thread, struct connection *connection,
                         struct rte_mbuf **mbufs, uint32_t count)
{
	uint16_t worker = worker_of(thread, connection);

	if (count == 0)
		return;
	connection->heard_of = true;
	rte_ring_sp_enqueue_bulk(thread->in[worker], (void **)mbufs, count, NULL);
	worker_wake(thread->streams->dp->workers[worker]);
}

/* Before there is an allocation nobody has shown who it is: little is kept of it. */
static uint32_t message_most(const struct stream_thread *thread,
                             const struct connection *connection)
{
	return connection->allocated
	               ? STREAM_MESSAGE_MAX
	               : thread->streams->dp->options.mbuf_size - RTE_PKTMBUF_HEADROOM;
}

/* What is whole of the bytes goes to the worker, as far as its ring has room. Returns what follows
 * then; *at: behind what has gone. */
static enum framing messages_take(struct stream_thread *thread, struct connection *connection,
                                  const uint8_t *bytes, uint32_t length, uint32_t *at)
{
	struct rte_ring *ring = thread->in[worker_of(thread, connection)];
	uint32_t room = RTE_MIN(rte_ring_free_count(ring), thread->turn), count = 0;
	struct rte_mbuf *mbufs[MESSAGES_BURST];
	enum framing framing;
	struct framed framed;

	for (;;) {
		framing = framing_next(bytes + *at, length - *at, message_most(thread, connection),
		                       &framed);
		if (framing != FRAMING_WHOLE || count == room)
			break;
		mbufs[count] = message_make(thread, connection, bytes + *at, framed.length);
		if (mbufs[count] == NULL) {
			stream_count(thread, STREAM_NO_BUFFER);
			break;
		}
		*at += framed.taken;
		stream_count(thread, STREAM_FROM_CLIENT);
		count++;
	}
	thread->turn -= count;
	messages_put(thread, connection, mbufs, count);
	return framing;
}

/* -- bytes -- */

/* What was left before, in front of what will be read. */
static uint32_t part_take(struct stream_thread *thread, struct connection *connection)
{
	uint32_t length = connection->part_length;

	if (length == 0)
		return 0;
	memcpy(thread->scratch, connection->part, length);
	free(connection->part);
	thread->queued -= length;
	connection->part = NULL;
	connection->part_length = 0;
	return length;
}

static bool part_keep(struct stream_thread *thread, struct connection *connection,
                      const uint8_t *bytes, uint32_t length)
{
	if (length == 0)
		return true;
	if (thread->queued + length > thread->streams->queued_max)
		return false;
	connection->part = malloc(length);
	if (connection->part == NULL)
		return false;
	memcpy(connection->part, bytes, length);
	connection->part_length = length;
	thread->queued += length;
	return true;
}

/* It is looked at again in a next round, and its socket not before. */
static void again_add(struct stream_thread *thread, struct connection *connection)
{
	if (!connection->unread)
		TAILQ_INSERT_TAIL(&thread->again, connection, entry);
	connection->unread = true;
	connection_watch(thread, connection, connection->watched & EPOLLOUT);
}

/* Its turn is over, and nothing of it has been kept back: epoll says when there is more. */
static void again_end(struct stream_thread *thread, struct connection *connection)
{
	if (connection->state == CONNECTION_OPEN && !connection->unread)
		connection_watch(thread, connection, EPOLLIN | (connection->watched & EPOLLOUT));
}

static void blocked_note(struct stream_thread *thread, const struct connection *connection)
{
	stream_count(thread, STREAM_BLOCKED);
	thread->blocked[worker_of(thread, connection)] = true;
}

static const enum stream_counter faults[] = {
        [FRAMING_GARBAGE] = STREAM_CLOSED_GARBAGE,
        [FRAMING_TOO_LONG] = STREAM_CLOSED_TOO_LONG,
};

/* False: the connection has ended, or waits for another turn: it has had its own, or there was no
 * room or no buffer for all of it. */
static bool bytes_take(struct stream_thread *thread, struct connection *connection, uint32_t length)
{
	uint32_t at = 0;
	enum framing framing = messages_take(thread, connection, thread->scratch, length, &at);

	if (framing == FRAMING_GARBAGE || framing == FRAMING_TOO_LONG) {
		connection_end(thread, connection, faults[framing]);
		return false;
	}
	if (!part_keep(thread, connection, thread->scratch + at, length - at)) {
		connection_end(thread, connection, STREAM_CLOSED_MEMORY);
		return false;
	}
	if (framing == FRAMING_WHOLE) {
		if (thread->turn == 0)
			thread->ready = true;
		else
			blocked_note(thread, connection);
		again_add(thread, connection);
		return false;
	}
	return true;
}

static ssize_t socket_read(struct connection *connection, void *bytes, size_t room)
{
	ssize_t got;

	if (connection->secure)
		return tls_read(connection->ssl, bytes, room);
	got = recv(connection->fd, bytes, room, MSG_DONTWAIT);
	if (got >= 0)
		return got;
	return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EIO;
}

/* TLS may hold bytes that epoll does not know of: it is read until there are none, or has another
 * turn. */
static void connection_read(struct stream_thread *thread, struct connection *connection)
{
	for (int reads = 0; reads < READS_MAX && thread->turn != 0; reads++) {
		uint32_t length = part_take(thread, connection), shaken = connection->shaken;
		ssize_t got = socket_read(connection, thread->scratch + length, STREAM_READ_MAX);

		if (got == 0 || got == -EIO) {
			connection_end(thread, connection, STREAM_ENDED);
			return;
		}
		if (connection->shaken > HANDSHAKE_MESSAGES_MAX) {
			connection_end(thread, connection, STREAM_CLOSED_HANDSHAKES);
			return;
		}
		if (got > 0) {
			connection->heard = thread->now;
			connection->shaken = 0;
		}
		if (!bytes_take(thread, connection, length + (got > 0 ? (uint32_t)got : 0)))
			return;
		/* a handshake message ends a read as well, and data may have come with it */
		if (!connection->secure || (got < 0 && connection->shaken == shaken))
			return;
	}
	if (!connection->secure || !tls_holds_bytes(connection->ssl))
		return;
	thread->ready = true;
	again_add(thread, connection);
}

/* Its socket has something: behind those that have had to wait for the same worker. */
static void connection_turn(struct stream_thread *thread, struct connection *connection)
{
	thread->turn = MESSAGES_BURST;
	if (thread->blocked[worker_of(thread, connection)])
		again_add(thread, connection);
	else
		connection_read(thread, connection);
}

/* -- what the thread's loop calls -- */

static void connection_shake(struct stream_thread *thread, struct connection *connection)
{
	int done = tls_shake(connection->ssl);

	if (done < 0) {
		connection_end(thread, connection, STREAM_HANDSHAKE_FAILED);
		return;
	}
	connection_watch(thread, connection,
	                 done == 0 && tls_wants_write(connection->ssl) ? EPOLLOUT : EPOLLIN);
	if (done == 0)
		return;
	stream_count(thread, STREAM_HANDSHAKE);
	bounds_shaken(&thread->streams->bounds, &connection->flow.src);
	connection->state = CONNECTION_OPEN;
	connection->shaken = 0;
	connection->deadline = connection->heard +
	                       __atomic_load_n(&thread->streams->set.first_s, __ATOMIC_RELAXED);
	connection_turn(thread, connection);
}

void connection_event(struct stream_thread *thread, struct connection *connection, uint32_t events)
{
	uint32_t number = connection->flow.connection;

	if (connection->state == CONNECTION_SHAKES) {
		connection_shake(thread, connection);
		return;
	}
	if (events & EPOLLOUT)
		output_continue(thread, connection);
	if (connection_find(thread, number) == NULL)
		return;
	if (connection->unread && events & (EPOLLERR | EPOLLHUP))
		connection_end(thread, connection, STREAM_ENDED);
	else if (!connection->unread && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		connection_turn(thread, connection);
}

static void again_turn(struct stream_thread *thread, struct connection *connection)
{
	TAILQ_REMOVE(&thread->again, connection, entry);
	connection->unread = false;
	thread->turn = MESSAGES_BURST;
	if (bytes_take(thread, connection, part_take(thread, connection)))
		connection_read(thread, connection);
	again_end(thread, connection);
}

/* Where there is no room they stay in their order: who has waited longest is the next one. */
void connections_again(struct stream_thread *thread)
{
	struct connection *last = TAILQ_LAST(&thread->again, connection_list);
	struct connection *connection = TAILQ_FIRST(&thread->again), *next;

	thread->ready = false;
	memset(thread->blocked, 0, sizeof(thread->blocked));
	for (; connection != NULL; connection = next) {
		uint16_t worker = worker_of(thread, connection);

		next = connection != last ? TAILQ_NEXT(connection, entry) : NULL;
		if (rte_ring_full(thread->in[worker]))
			thread->blocked[worker] = true;
		else
			again_turn(thread, connection);
	}
}

void connections_ending(struct stream_thread *thread)
{
	struct connection *connection;

	while ((connection = TAILQ_FIRST(&thread->ending)) != NULL) {
		uint16_t worker = worker_of(thread, connection);
		struct rte_mbuf *mbuf = rte_ring_full(thread->in[worker])
		                                ? NULL
		                                : rte_pktmbuf_alloc(thread->streams->dp->pool);

		if (mbuf == NULL)
			return;
		message_fill(thread, connection, mbuf);
		packet_of(mbuf)->flags |= PACKET_CONNECTION_END;
		messages_put(thread, connection, &mbuf, 1);
		TAILQ_REMOVE(&thread->ending, connection, entry);
		place_free(thread, connection);
	}
}

/* -- time -- */

/* Read while its worker may change it: what is wrong now is right at the next look. */
static bool has_allocation(const struct stream_thread *thread, const struct connection *connection)
{
	const struct dataplane *dp = thread->streams->dp;
	const struct worker *worker = dp->workers[worker_of(thread, connection)];

	return clients_find(&worker->turn->clients, dp->turn->allocations, &connection->flow) != 0;
}

static void connection_due(struct stream_thread *thread, struct connection *connection)
{
	uint32_t idle = __atomic_load_n(&thread->streams->set.idle_s, __ATOMIC_RELAXED);

	if (connection->state == CONNECTION_SHAKES)
		connection_end(thread, connection, STREAM_HANDSHAKE_FAILED);
	else if (!connection->allocated)
		connection_end(thread, connection, STREAM_CLOSED_FIRST);
	else if (has_allocation(thread, connection))
		connection->deadline = thread->now + idle;
	else if (thread->now - connection->heard >= idle)
		connection_end(thread, connection, STREAM_CLOSED_IDLE);
	else
		connection->deadline = connection->heard + idle;
}

void connections_due(struct stream_thread *thread)
{
	for (uint32_t i = 0; i < thread->used; i++) {
		struct connection *connection = &thread->connections[i];

		if (connection->fd >= 0 && connection->deadline <= thread->now)
			connection_due(thread, connection);
	}
}
