/* SPDX-License-Identifier: BSD-3-Clause */
/* One client's connection: from its accept to its end. */
#include "dataplane.h"
#include "net/ranges.h"
#include "session/session.h"
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

/* Of TLS and DTLS, without a byte of data between them. */
#define HANDSHAKE_MESSAGES_MAX 32

/* A handshake has less time than what follows it. */
#define SHAKE_S 5
/* Of DTLS, where OpenSSL keeps its buffers: who says nothing for so long is to have none. */
#define QUIET_S 2

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

void connection_watch(struct stream_thread *thread, struct connection *connection, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u64 = connection->flow.connection};

	if (connection->watched == events || connection->link != NULL)
		return;
	if (epoll_ctl(thread->epoll,
	              connection->watched == WATCHED_NOT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
	              connection->fd, &event) == 0)
		connection->watched = events;
}

/* -- begin -- */

void socket_reset(int fd)
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

/* Of clients that its listener counts. */
static void connected_add(struct stream_thread *thread, const struct connection *connection,
                          int32_t change)
{
	uint32_t *connected = &thread->connected[connection->flow.service];

	__atomic_store_n(connected, *connected + (uint32_t)change, __ATOMIC_RELAXED);
}

static void connection_fill(struct stream_thread *thread, struct connection *connection,
                            uint32_t listener, const struct transport_addr *client)
{
	uint32_t first_s = __atomic_load_n(&thread->streams->set.first_s, __ATOMIC_RELAXED);
	uint16_t turn = thread->for_turn[listener], sessions = thread->for_sessions[listener];

	connection->listener = (uint16_t)listener;
	connection->worker =
	        (uint16_t)(slot_of(thread, connection) % thread->streams->dp->n_workers);
	connection->session = turn == 0;
	connection->undecided = turn != 0 && sessions != 0;
	connection->generation =
	        connection->generation % ((1u << STREAM_GENERATION_BITS) - 1) + 1; /* never 0 */
	connection->flow = (struct five_tuple){
	        .src = client->ip,
	        .src_port = client->port,
	        .service = turn != 0 ? turn - 1 : session_service(sessions),
	        .connection = connection_number(thread->id, slot_of(thread, connection),
	                                        connection->generation),
	};
	connection->watched = WATCHED_NOT;
	connection->secure = thread->secure[listener];
	connection->state = connection->secure ? CONNECTION_SHAKES : CONNECTION_OPEN;
	connection->heard = thread->now;
	connection->deadline = thread->now + first_s;
	if (connection->secure)
		connection->deadline = thread->now + RTE_MIN(first_s, (uint32_t)SHAKE_S);
}

bool connection_is_denied(const struct stream_thread *thread, const struct ip_addr *ip)
{
	return thread->denied != NULL && ranges_find(thread->denied, ip) != RANGE_NONE;
}

struct connection *connection_admit(struct stream_thread *thread, uint32_t listener,
                                    const struct transport_addr *client)
{
	struct connection *connection;
	enum bounds_verdict verdict;

	if (connection_is_denied(thread, &client->ip)) {
		stream_count(thread, STREAM_DENIED);
		return NULL;
	}
	verdict = bounds_open(&thread->streams->bounds, &client->ip, thread->secure[listener],
	                      thread->now_ms);
	if (verdict != BOUNDS_OPEN) {
		stream_count(thread, refusals[verdict]);
		return NULL;
	}
	connection = place_take(thread);
	if (connection == NULL) {
		if (thread->secure[listener])
			bounds_shaken(&thread->streams->bounds, &client->ip);
		bounds_close(&thread->streams->bounds, &client->ip);
		stream_count(thread, STREAM_REFUSED_FULL);
		return NULL;
	}
	connection_fill(thread, connection, listener, client);
	stream_count(thread, STREAM_CONNECTION);
	connected_add(thread, connection, 1);
	return connection;
}

bool connection_decide(struct stream_thread *thread, struct connection *connection,
                       const uint8_t *bytes, uint32_t length)
{
	enum framing_owner owner = framing_owner(bytes, length);

	if (owner == FRAMING_UNDECIDED)
		return false;
	connection->undecided = false;
	if (owner == FRAMING_TURN)
		return true;
	connected_add(thread, connection, -1);
	connection->session = true;
	connection->flow.service = session_service(thread->for_sessions[connection->listener]);
	connected_add(thread, connection, 1);
	return true;
}

void connection_begin(struct stream_thread *thread, uint32_t listener, int fd,
                      const struct transport_addr *client)
{
	struct connection *connection = connection_admit(thread, listener, client);

	if (connection == NULL) {
		socket_reset(fd);
		return;
	}
	connection->fd = fd;
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
	stream_count(thread, why);
	if (connection->state == CONNECTION_SHAKES)
		bounds_shaken(&thread->streams->bounds, &connection->flow.src);
	bounds_close(&thread->streams->bounds, &connection->flow.src);
	connected_add(thread, connection, -1);
	if (connection->ssl != NULL) {
		if (connection->state == CONNECTION_OPEN && SSL_alloc_buffers(connection->ssl) == 1)
			SSL_shutdown(connection->ssl);
		SSL_free(connection->ssl);
		ERR_clear_error();
	}
	connection->ssl = NULL;
	if (connection->link != NULL)
		link_forget(thread, connection);
	else if (!thread->datagrams[connection->listener])
		close(connection->fd);
	connection->fd = -1;
	output_forget(thread, connection);
	input_forget(thread, connection);
	connection->state = CONNECTION_ENDING;
	if (connection->heard_of && !connection->session) /* sessions wait for another path */
		TAILQ_INSERT_TAIL(&thread->ending, connection, entry);
	else
		place_free(thread, connection);
}

bool connection_read_ends(struct stream_thread *thread, struct connection *connection, ssize_t got)
{
	if (got == 0 || got == -EIO)
		connection_end(thread, connection, STREAM_ENDED);
	else if (connection->shaken > HANDSHAKE_MESSAGES_MAX)
		connection_end(thread, connection, STREAM_CLOSED_HANDSHAKES);
	else
		return false;
	return true;
}

void connections_deny(struct stream_thread *thread)
{
	for (uint32_t i = 0; i < thread->used; i++) {
		struct connection *connection = &thread->connections[i];

		if (connection->fd >= 0 && connection_is_denied(thread, &connection->flow.src))
			connection_end(thread, connection, STREAM_DENIED);
	}
}

/* -- what the thread's loop calls -- */

void connection_open(struct stream_thread *thread, struct connection *connection)
{
	stream_count(thread, STREAM_HANDSHAKE);
	bounds_shaken(&thread->streams->bounds, &connection->flow.src);
	connection->state = CONNECTION_OPEN;
	connection->shaken = 0;
	connection->deadline = connection->heard +
	                       __atomic_load_n(&thread->streams->set.first_s, __ATOMIC_RELAXED);
}

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
	connection_open(thread, connection);
	input_turn(thread, connection);
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
		input_turn(thread, connection);
}

void connections_ending(struct stream_thread *thread)
{
	struct connection *connection;

	while ((connection = TAILQ_FIRST(&thread->ending)) != NULL &&
	       input_end(thread, connection)) {
		TAILQ_REMOVE(&thread->ending, connection, entry);
		place_free(thread, connection);
	}
}

/* -- time -- */

/* Read while its worker may change it: what is wrong now is right at the next look. */
static bool has_allocation(const struct stream_thread *thread, const struct connection *connection)
{
	const struct dataplane *dp = thread->streams->dp;
	const struct worker *worker = dp->workers[connection->worker];

	return clients_find(&worker->turn->clients, dp->turn->allocations, &connection->flow) != 0;
}

/* Somebody whom we know goes on by it. */
static bool is_used(const struct stream_thread *thread, const struct connection *connection)
{
	return connection->session ? session_has_flow(thread->streams->dp, &connection->flow)
	                           : has_allocation(thread, connection);
}

static void connection_due(struct stream_thread *thread, struct connection *connection)
{
	uint32_t idle = __atomic_load_n(&thread->streams->set.idle_s, __ATOMIC_RELAXED);

	if (connection->state == CONNECTION_SHAKES)
		connection_end(thread, connection, STREAM_HANDSHAKE_FAILED);
	else if (!connection->known)
		connection_end(thread, connection, STREAM_CLOSED_FIRST);
	else if (is_used(thread, connection))
		connection->deadline = thread->now + idle;
	else if (connection->session || thread->now - connection->heard >= idle)
		connection_end(thread, connection, STREAM_CLOSED_IDLE);
	else
		connection->deadline = connection->heard + idle;
}

void connections_due(struct stream_thread *thread)
{
	for (uint32_t i = 0; i < thread->used; i++) {
		struct connection *connection = &thread->connections[i];

		if (connection->fd < 0)
			continue;
		if (connection->deadline <= thread->now)
			connection_due(thread, connection);
		if (connection->link != NULL && connection->state == CONNECTION_OPEN &&
		    thread->now - connection->heard >= QUIET_S)
			SSL_free_buffers(connection->ssl);
	}
}
