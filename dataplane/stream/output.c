/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What workers send to clients. A burst's messages for one connection are written together; what
 * the socket does not take is copied and waits, so that no client holds packets' buffers. Of a
 * client that does not read media is dropped, answers are only when it leaves these too.
 */
#include "dataplane.h"
#include "graph/packet.h"
#include "stream/framing.h"
#include "stream/state.h"
#include "stream/tls.h"
#include "stun/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define TAKE_BURST 64
/* Of one worker, before others have their turn. */
#define TAKE_MAX 512
#define IOVS_MAX 64
/* Answers may wait where media may not any more. */
#define ANSWERS_ROOM 16384

/* -- as clients want it -- */

static uint32_t framing_start(const struct connection *connection)
{
	return connection->session ? FRAMING_LENGTH_SIZE : 0;
}

/* A session's packet behind its length (RFC 4571); TURN's messages filled up to a multiple of 4
 * bytes, but for a datagram, which has an end (RFC 8656, 12.5). False: the buffer has no room. */
static bool message_frame(const struct connection *connection, struct rte_mbuf *mbuf)
{
	uint16_t length = mbuf->data_len, padding = framing_padding(length);
	uint8_t *room;

	if (connection->session) {
		room = (uint8_t *)rte_pktmbuf_prepend(mbuf, FRAMING_LENGTH_SIZE);
		if (room == NULL)
			return false;
		room[0] = (uint8_t)(length >> 8);
		room[1] = (uint8_t)length;
		return true;
	}
	if (connection->link != NULL || padding == 0)
		return true;
	room = (uint8_t *)rte_pktmbuf_append(mbuf, padding);
	if (room != NULL)
		memset(room, 0, padding);
	return room != NULL;
}

static bool is_media(const struct connection *connection, const uint8_t *message, uint32_t length)
{
	uint32_t start = framing_start(connection);

	return stream_is_media(message + start, length - start);
}

/* -- what waits -- */

static bool backlog_has_room(const struct stream_thread *thread,
                             const struct connection *connection, const uint8_t *message,
                             uint32_t length)
{
	uint32_t most = __atomic_load_n(&thread->streams->set.queue, __ATOMIC_RELAXED);

	if (!is_media(connection, message, length))
		most += ANSWERS_ROOM;
	return connection->backlog.length + length <= most &&
	       thread->queued + length <= thread->streams->queued_max;
}

static bool backlog_grow(struct stream_thread *thread, struct backlog *backlog, uint32_t length)
{
	uint32_t room = RTE_MAX(backlog->room, 4096u);
	uint8_t *grown;

	if (backlog->start != 0 && backlog->start + backlog->length + length > backlog->room) {
		memmove(backlog->bytes, backlog->bytes + backlog->start, backlog->length);
		backlog->start = 0;
	}
	while (room < backlog->length + length)
		room *= 2;
	if (room == backlog->room)
		return true;
	grown = realloc(backlog->bytes, room);
	if (grown == NULL)
		return false;
	thread->queued += room - backlog->room;
	backlog->bytes = grown;
	backlog->room = room;
	return true;
}

static bool backlog_add(struct stream_thread *thread, struct connection *connection,
                        const uint8_t *bytes, uint32_t length)
{
	struct backlog *backlog = &connection->backlog;

	if (!backlog_grow(thread, backlog, length))
		return false;
	memcpy(backlog->bytes + backlog->start + backlog->length, bytes, length);
	backlog->length += length;
	return true;
}

static void backlog_take(struct stream_thread *thread, struct connection *connection,
                         uint32_t length)
{
	struct backlog *backlog = &connection->backlog;

	backlog->start += length;
	backlog->length -= length;
	if (backlog->length != 0)
		return;
	thread->queued -= backlog->room;
	free(backlog->bytes);
	*backlog = (struct backlog){0};
}

/* -- messages, linked one to the other -- */

static void chain_add(struct connection *connection, struct rte_mbuf *mbuf)
{
	mbuf->next = NULL;
	if (connection->first == NULL)
		connection->first = mbuf;
	else
		connection->last->next = mbuf;
	connection->last = mbuf;
}

static void chain_free_first(struct connection *connection)
{
	struct rte_mbuf *mbuf = connection->first;

	connection->first = mbuf->next;
	mbuf->next = NULL;
	rte_pktmbuf_free(mbuf);
}

/* What is left of the chain waits, or is dropped. */
static void chain_wait(struct stream_thread *thread, struct connection *connection)
{
	while (connection->first != NULL) {
		const struct rte_mbuf *mbuf = connection->first;
		const uint8_t *message = rte_pktmbuf_mtod(mbuf, const uint8_t *);

		if (backlog_has_room(thread, connection, message, mbuf->data_len) &&
		    backlog_add(thread, connection, message, mbuf->data_len))
			stream_count(thread, STREAM_TO_CLIENT);
		else
			stream_count(thread, STREAM_SLOW);
		chain_free_first(connection);
	}
	connection_watch(thread, connection, EPOLLOUT | (connection->watched & EPOLLIN));
}

/*
 * The first `sent` bytes of the chain have gone. Of a message that has gone in part the rest waits,
 * however much does: the client could not find the next one. False: there is no memory for it.
 */
static bool chain_sent(struct stream_thread *thread, struct connection *connection, size_t sent)
{
	while (connection->first != NULL && sent >= connection->first->data_len) {
		sent -= connection->first->data_len;
		stream_count(thread, STREAM_TO_CLIENT);
		chain_free_first(connection);
	}
	if (sent == 0)
		return true;
	if (!backlog_add(thread, connection,
	                 rte_pktmbuf_mtod(connection->first, const uint8_t *) + sent,
	                 connection->first->data_len - (uint32_t)sent))
		return false;
	stream_count(thread, STREAM_TO_CLIENT);
	chain_free_first(connection);
	return true;
}

/* -- plain -- */

static ssize_t result_of(ssize_t sent)
{
	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? -EAGAIN : -EIO;
}

static ssize_t plain_write_chain(const struct connection *connection, size_t *length)
{
	struct iovec vectors[IOVS_MAX];
	struct msghdr message = {.msg_iov = vectors};

	*length = 0;
	for (struct rte_mbuf *mbuf = connection->first;
	     mbuf != NULL && message.msg_iovlen < IOVS_MAX; mbuf = mbuf->next) {
		vectors[message.msg_iovlen++] =
		        (struct iovec){rte_pktmbuf_mtod(mbuf, void *), mbuf->data_len};
		*length += mbuf->data_len;
	}
	return result_of(sendmsg(connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* -- TLS: a message a record, since there are clients that look for one only in each -- */

static ssize_t tls_write_first(const struct connection *connection, size_t *length)
{
	struct rte_mbuf *mbuf = connection->first;

	*length = mbuf->data_len;
	return tls_write(connection->ssl, rte_pktmbuf_mtod(mbuf, uint8_t *), *length);
}

/* OpenSSL wants to be given again what it has begun with: all of it waits. False: no memory. */
static bool tls_wait(struct stream_thread *thread, struct connection *connection)
{
	const struct rte_mbuf *mbuf = connection->first;

	if (!backlog_add(thread, connection, rte_pktmbuf_mtod(mbuf, const uint8_t *),
	                 mbuf->data_len))
		return false;
	stream_count(thread, STREAM_TO_CLIENT);
	chain_free_first(connection);
	return true;
}

/* What waits begins with a message, or with what a longer one than a record has left. */
static ssize_t tls_write_waiting(const struct connection *connection)
{
	const struct backlog *backlog = &connection->backlog;
	const uint8_t *bytes = backlog->bytes + backlog->start;
	struct framed framed;
	bool whole = framing_next(bytes, backlog->length, UINT32_MAX, &framed) == FRAMING_WHOLE;

	return tls_write(connection->ssl, bytes, whole ? framed.taken : backlog->length);
}

/* -- one connection -- */

static ssize_t chain_write(const struct connection *connection, size_t *length)
{
	return connection->secure ? tls_write_first(connection, length)
	                          : plain_write_chain(connection, length);
}

/* -- DTLS: a message a record, which the socket takes or which is lost -- */

static void datagrams_send(struct stream_thread *thread, struct connection *connection)
{
	while (connection->first != NULL) {
		const struct rte_mbuf *mbuf = connection->first;
		uint32_t length = mbuf->data_len;
		bool fits = length <= SSL3_RT_MAX_PLAIN_LENGTH;

		connection->link->unsent = false;
		if (fits && tls_write(connection->ssl, rte_pktmbuf_mtod(mbuf, const uint8_t *),
		                      length) < 0) {
			connection_end(thread, connection, STREAM_ENDED);
			return;
		}
		stream_count(thread, !fits                      ? STREAM_TOO_LONG
		                     : connection->link->unsent ? STREAM_SLOW
		                                                : STREAM_TO_CLIENT);
		chain_free_first(connection);
	}
}

static void connection_send(struct stream_thread *thread, struct connection *connection)
{
	if (connection->link != NULL) {
		datagrams_send(thread, connection);
		return;
	}
	while (connection->first != NULL && connection->backlog.length == 0) {
		size_t length;
		ssize_t sent = chain_write(connection, &length);
		bool kept = true;

		if (sent == -EAGAIN && connection->secure)
			kept = tls_wait(thread, connection);
		else if (sent == -EAGAIN)
			break;
		else if (sent >= 0)
			kept = chain_sent(thread, connection, (size_t)sent);
		if (sent == -EIO || !kept) {
			connection_end(thread, connection,
			               kept ? STREAM_ENDED : STREAM_CLOSED_MEMORY);
			return;
		}
	}
	if (connection->first != NULL || connection->backlog.length != 0)
		chain_wait(thread, connection);
}

void output_continue(struct stream_thread *thread, struct connection *connection)
{
	struct backlog *backlog = &connection->backlog;

	while (backlog->length != 0) {
		const uint8_t *bytes = backlog->bytes + backlog->start;
		ssize_t sent = connection->secure
		                       ? tls_write_waiting(connection)
		                       : result_of(send(connection->fd, bytes, backlog->length,
		                                        MSG_DONTWAIT | MSG_NOSIGNAL));

		if (sent == -EAGAIN)
			return;
		if (sent < 0) {
			connection_end(thread, connection, STREAM_ENDED);
			return;
		}
		backlog_take(thread, connection, (uint32_t)sent);
	}
	connection_watch(thread, connection, connection->unread ? 0 : EPOLLIN);
}

void output_forget(struct stream_thread *thread, struct connection *connection)
{
	while (connection->first != NULL) {
		stream_count(thread, STREAM_GONE);
		chain_free_first(connection);
	}
	if (connection->backlog.length != 0)
		stream_count(thread, STREAM_CUT);
	thread->queued -= connection->backlog.room;
	free(connection->backlog.bytes);
	connection->backlog = (struct backlog){0};
	if (connection->touched)
		STAILQ_REMOVE(&thread->touched, connection, connection, touched_entry);
	connection->touched = false;
}

/* -- what workers send -- */

/* What shows a client to be one of ours: an allocation is made, or has come here with it (RFC
 * 8016). */
static bool is_allocated(const struct rte_mbuf *mbuf)
{
	const uint8_t *message = rte_pktmbuf_mtod(mbuf, const uint8_t *);

	return mbuf->data_len >= STUN_HEADER_SIZE && message[0] < 4 &&
	       stun_class_of(message) == STUN_SUCCESS &&
	       (stun_method_of(message) == STUN_ALLOCATE ||
	        stun_method_of(message) == STUN_REFRESH);
}

/* Numbers come again, and allocations and sessions outlive their connection: what is for a client
 * that has gone is not the next one's. */
static bool is_for(const struct connection *connection, const struct packet *packet)
{
	return packet->dst_port == connection->flow.src_port &&
	       ip_addr_equal(&packet->dst, &connection->flow.src);
}

static void message_take(struct stream_thread *thread, struct rte_mbuf *mbuf, uint16_t worker)
{
	const struct packet *packet = packet_of(mbuf);
	struct connection *connection = connection_find(thread, packet->flow.connection);

	if (connection == NULL || connection->state != CONNECTION_OPEN ||
	    !is_for(connection, packet)) {
		stream_count(thread, STREAM_GONE);
		rte_pktmbuf_free(mbuf);
		return;
	}
	if (!connection->session && is_allocated(mbuf)) {
		connection->known = true;
		connection->worker = worker;
	}
	if (!message_frame(connection, mbuf)) {
		stream_count(thread, STREAM_TOO_LONG);
		rte_pktmbuf_free(mbuf);
		return;
	}
	chain_add(connection, mbuf);
	if (!connection->touched)
		STAILQ_INSERT_TAIL(&thread->touched, connection, touched_entry);
	connection->touched = true;
}

static uint32_t ring_take(struct stream_thread *thread, uint16_t worker)
{
	struct rte_ring *ring = thread->out[worker];
	struct rte_mbuf *mbufs[TAKE_BURST];
	uint32_t taken = 0, count;

	do {
		count = rte_ring_sc_dequeue_burst(ring, (void **)mbufs, TAKE_BURST, NULL);
		for (uint32_t i = 0; i < count; i++)
			message_take(thread, mbufs[i], worker);
		taken += count;
	} while (count == TAKE_BURST && taken < TAKE_MAX);
	return taken;
}

bool output_take(struct stream_thread *thread)
{
	struct connection *connection;
	uint32_t taken = 0;

	for (uint16_t worker = 0; worker < thread->streams->dp->n_workers; worker++)
		taken += ring_take(thread, worker);
	while ((connection = STAILQ_FIRST(&thread->touched)) != NULL) {
		STAILQ_REMOVE_HEAD(&thread->touched, touched_entry);
		connection->touched = false;
		connection_send(thread, connection);
	}
	return taken != 0;
}
