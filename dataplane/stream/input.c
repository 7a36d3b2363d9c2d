/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What clients send. It is read in turns, cut into messages, and given to the connection's worker
 * as far as that has room: what does not fit waits, and the socket is not read meanwhile.
 */
#include "dataplane.h"
#include "graph/node.h"
#include "net/headers.h"
#include "net/port.h"
#include "net/service.h"
#include "session/session.h"
#include "stream/framing.h"
#include "stream/state.h"
#include "stream/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* Messages of one connection before others have their turn. */
#define MESSAGES_BURST 64
/* Reads, the same: of TLS each is a record. */
#define READS_MAX 32

/* -- messages to the worker -- */

/* A session's owner is whose check came first; a request may show the ticket of an allocation that
 * another worker has. All else is for the connection's own. */
static bool may_be_elsewhere(const struct connection *connection, const struct rte_mbuf *mbuf)
{
	return connection->session ||
	       (mbuf->data_len != 0 && *rte_pktmbuf_mtod(mbuf, const uint8_t *) < 4);
}

static void message_fill(const struct stream_thread *thread, const struct connection *connection,
                         struct rte_mbuf *mbuf)
{
	const struct transport_addr *local = &thread->addrs[connection->listener];
	uint16_t service = connection->flow.service;

	*packet_of(mbuf) = (struct packet){
	        .flow = connection->flow,
	        .dst = local->ip,
	        .dst_port = local->port,
	        .payload_length = mbuf->data_len,
	        .sum = PACKET_SUM_COMPUTE,
	        .flags = may_be_elsewhere(connection, mbuf) ? 0 : PACKET_HANDED_OVER,
	        .hop_limit = HEADERS_HOP_LIMIT,
	        .port = PORT_NONE,
	        .service_kind = connection->session ? SERVICE_SESSION : SERVICE_TURN,
	        .form = PACKET_DATAGRAM,
	};
	if (connection->session)
		packet_of(mbuf)->session = (uint8_t)(service - SESSION_SERVICE_FIRST + 1);
}

/* NULL: none is left of the long buffers. Half of them are kept for reassembly. */
static struct rte_mempool *pool_for(const struct dataplane *dp, uint32_t length)
{
	if (length <= (uint32_t)dp->options.mbuf_size - RTE_PKTMBUF_HEADROOM)
		return dp->pool;
	return rte_mempool_avail_count(dp->datagrams) > dp->datagrams->size / 2 ? dp->datagrams
	                                                                        : NULL;
}

static struct rte_mbuf *message_make(struct stream_thread *thread,
                                     const struct connection *connection, const uint8_t *bytes,
                                     uint32_t length)
{
	struct rte_mempool *pool = pool_for(thread->streams->dp, length);
	struct rte_mbuf *mbuf = pool != NULL ? rte_pktmbuf_alloc(pool) : NULL;
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
	uint16_t worker = connection->worker;

	if (count == 0)
		return;
	connection->heard_of = true;
	rte_ring_sp_enqueue_bulk(thread->in[worker], (void **)mbufs, count, NULL);
	worker_wake(thread->streams->dp->workers[worker]);
}

/* Before there is an allocation nobody has shown who it is: little is kept of it. A session's
 * packets are such as datagrams bring. */
static uint32_t message_most(const struct stream_thread *thread,
                             const struct connection *connection)
{
	return connection->known && !connection->session
	               ? STREAM_MESSAGE_MAX
	               : thread->streams->dp->options.mbuf_size - RTE_PKTMBUF_HEADROOM;
}

static enum framing message_next(const struct stream_thread *thread,
                                 const struct connection *connection, const uint8_t *bytes,
                                 uint32_t length, struct framed *framed)
{
	uint32_t most = message_most(thread, connection);

	return connection->session ? framing_next_packet(bytes, length, most, framed)
	                           : framing_next(bytes, length, most, framed);
}

/* Who connects for a session begins with a check that is valid: nothing is kept of others. */
static bool is_stranger(const struct stream_thread *thread, struct connection *connection,
                        const uint8_t *message, uint32_t length)
{
	if (likely(connection->known || !connection->session))
		return false;
	connection->known = session_admits(thread->streams->dp, message, (uint16_t)length);
	return !connection->known;
}

/* What is whole of the bytes goes to the worker, as far as its ring has room. Returns what follows
 * then; *at: behind what has gone. */
static enum framing messages_take(struct stream_thread *thread, struct connection *connection,
                                  const uint8_t *bytes, uint32_t length, uint32_t *at)
{
	struct rte_ring *ring = thread->in[connection->worker];
	uint32_t room = RTE_MIN(rte_ring_free_count(ring), thread->turn), count = 0;
	struct rte_mbuf *mbufs[MESSAGES_BURST];
	enum framing framing;
	struct framed framed;

	if (connection->undecided && !connection_decide(thread, connection, bytes, length))
		return FRAMING_PART;
	for (;;) {
		const uint8_t *message;

		framing = message_next(thread, connection, bytes + *at, length - *at, &framed);
		if (framing != FRAMING_WHOLE || count == room)
			break;
		message = bytes + *at + framed.start;
		if (is_stranger(thread, connection, message, framed.length)) {
			framing = FRAMING_STRANGER;
			break;
		}
		if (framed.length == 0) { /* RFC 4571, 2: nothing */
			*at += framed.taken;
			continue;
		}
		mbufs[count] = message_make(thread, connection, message, framed.length);
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

static bool is_message(const uint8_t *bytes, uint32_t length)
{
	return length != 0 && (bytes[0] < 4 || bytes[0] >> 6 == 1);
}

void input_record(struct stream_thread *thread, struct connection *connection, const uint8_t *bytes,
                  uint32_t length)
{
	struct rte_mbuf *mbuf;

	if (!is_message(bytes, length)) {
		stream_count(thread, STREAM_NO_MESSAGE);
		return;
	}
	if (length > message_most(thread, connection) ||
	    rte_ring_full(thread->in[connection->worker])) {
		stream_count(thread, STREAM_LOST);
		return;
	}
	mbuf = message_make(thread, connection, bytes, length);
	if (mbuf == NULL) {
		stream_count(thread, STREAM_LOST);
		return;
	}
	stream_count(thread, STREAM_FROM_CLIENT);
	messages_put(thread, connection, &mbuf, 1);
}

bool input_end(struct stream_thread *thread, struct connection *connection)
{
	struct rte_mbuf *mbuf = rte_ring_full(thread->in[connection->worker])
	                                ? NULL
	                                : rte_pktmbuf_alloc(thread->streams->dp->pool);

	if (mbuf == NULL)
		return false;
	message_fill(thread, connection, mbuf);
	packet_of(mbuf)->flags |= PACKET_CONNECTION_END;
	messages_put(thread, connection, &mbuf, 1);
	return true;
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

void input_forget(struct stream_thread *thread, struct connection *connection)
{
	free(connection->part);
	thread->queued -= connection->part_length;
	connection->part = NULL;
	connection->part_length = 0;
	if (connection->unread) {
		stream_count(thread, STREAM_UNREAD);
		TAILQ_REMOVE(&thread->again, connection, entry);
	}
	connection->unread = false;
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
	thread->blocked[connection->worker] = true;
}

static const enum stream_counter faults[] = {
        [FRAMING_GARBAGE] = STREAM_CLOSED_GARBAGE,
        [FRAMING_TOO_LONG] = STREAM_CLOSED_TOO_LONG,
        [FRAMING_STRANGER] = STREAM_CLOSED_STRANGER,
};

/* False: the connection has ended, or waits for another turn: it has had its own, or there was no
 * room or no buffer for all of it. */
static bool bytes_take(struct stream_thread *thread, struct connection *connection, uint32_t length)
{
	uint32_t at = 0;
	enum framing framing = messages_take(thread, connection, thread->scratch, length, &at);

	if (framing >= FRAMING_GARBAGE) {
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
static void input_read(struct stream_thread *thread, struct connection *connection)
{
	for (int reads = 0; reads < READS_MAX && thread->turn != 0; reads++) {
		uint32_t length = part_take(thread, connection), shaken = connection->shaken;
		ssize_t got = socket_read(connection, thread->scratch + length, STREAM_READ_MAX);

		if (connection_read_ends(thread, connection, got))
			return;
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
void input_turn(struct stream_thread *thread, struct connection *connection)
{
	thread->turn = MESSAGES_BURST;
	if (thread->blocked[connection->worker])
		again_add(thread, connection);
	else
		input_read(thread, connection);
}

static void again_turn(struct stream_thread *thread, struct connection *connection)
{
	TAILQ_REMOVE(&thread->again, connection, entry);
	connection->unread = false;
	thread->turn = MESSAGES_BURST;
	if (bytes_take(thread, connection, part_take(thread, connection)))
		input_read(thread, connection);
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
		uint16_t worker = connection->worker;

		next = connection != last ? TAILQ_NEXT(connection, entry) : NULL;
		if (rte_ring_full(thread->in[worker]))
			thread->blocked[worker] = true;
		else
			again_turn(thread, connection);
	}
}
