/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS (RFC 7350): clients share their listener's socket and are told apart by address. One that is
 * not known costs nothing but the answer to its ClientHello, until it has shown to be where it
 * says; from then on it is a connection as by TLS, but for what a datagram may do: be lost, come
 * twice, and be a message by itself.
 */
#include "dataplane.h"
#include "dtls/record.h"
#include "gate/gate.h"
#include "stream/state.h"
#include "stream/tls.h"
#include "turn/hash.h"

#include <openssl/err.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 16
/* A record of 16 KiB and what is around it (RFC 6347, 4.1). */
#define DATAGRAM_ROOM (DTLS_RECORD_HEADER + 16384 + 2048)
/* Before others have their turn. */
#define BATCHES_MAX 4

#define TIMER_FIRST_US 250000
#define TIMER_MOST_US  2000000
#define US_PER_MS      1000
#define MS_PER_S       1000

struct datagram_batch {
	struct mmsghdr headers[BATCH];
	struct iovec vectors[BATCH];
	struct sockaddr_storage from[BATCH];
	uint8_t bytes[BATCH][DATAGRAM_ROOM];
};

/* -- whose a datagram is -- */

static struct dtls_link **link_bucket(const struct stream_thread *thread, uint32_t listener,
                                      const struct transport_addr *client)
{
	uint64_t seed = thread->streams->bounds.seed;
	uint64_t mixed = hash_mix(client->ip.quads[0] ^ seed, client->ip.quads[1] ^ ~seed << 1);

	mixed = hash_mix(mixed ^ ((uint64_t)listener << 16 | client->port), seed | 1);
	return &thread->links[mixed & thread->links_mask];
}

static struct connection *link_find(const struct stream_thread *thread, uint32_t listener,
                                    const struct transport_addr *client)
{
	struct dtls_link *link = *link_bucket(thread, listener, client);

	for (; link != NULL; link = link->next) {
		const struct five_tuple *flow = &link->connection->flow;

		if (link->connection->listener == listener && flow->src_port == client->port &&
		    ip_addr_equal(&flow->src, &client->ip))
			return link->connection;
	}
	return NULL;
}

static void shaking_leave(struct stream_thread *thread, struct dtls_link *link)
{
	if (link->connection->state == CONNECTION_SHAKES)
		TAILQ_REMOVE(&thread->shaking, link, entry);
}

void link_forget(struct stream_thread *thread, struct connection *connection)
{
	struct dtls_link *link = connection->link, **at;
	const struct transport_addr client = {connection->flow.src, connection->flow.src_port};

	shaking_leave(thread, link);
	for (at = link_bucket(thread, connection->listener, &client); *at != link;)
		at = &(*at)->next;
	*at = link->next;
	free(link);
	connection->link = NULL;
}

/* -- sending -- */

static bool datagram_send(const struct stream_thread *thread, uint32_t listener,
                          const struct transport_addr *client, const uint8_t *data, size_t length)
{
	struct sockaddr_storage to;
	socklen_t size = sockaddr_make(client, &to);

	return sendto(thread->listeners[listener], data, length, MSG_DONTWAIT | MSG_NOSIGNAL,
	              (const struct sockaddr *)&to, size) == (ssize_t)length;
}

/* What OpenSSL writes at once. */
static void link_send(void *arg, const uint8_t *data, size_t length)
{
	struct dtls_link *link = arg;
	const struct five_tuple *flow = &link->connection->flow;
	const struct transport_addr client = {flow->src, flow->src_port};

	if (!datagram_send(link->thread, link->connection->listener, &client, data, length))
		link->unsent = true;
}

/* -- the handshake -- */

static unsigned int timer_next(SSL *ssl, unsigned int last_us)
{
	return last_us == 0 ? TIMER_FIRST_US : RTE_MIN(last_us * 2, (unsigned int)TIMER_MOST_US);
}

static void timer_set(struct stream_thread *thread, struct connection *connection)
{
	struct dtls_link *link = connection->link;
	struct timeval left;

	link->timer_ms = 0;
	if (DTLSv1_get_timeout(connection->ssl, &left) != 1)
		return;
	link->timer_ms = thread->now_ms + (uint64_t)left.tv_sec * MS_PER_S +
	                 (uint64_t)left.tv_usec / US_PER_MS + 1;
	if (thread->timer_ms == 0 || link->timer_ms < thread->timer_ms)
		thread->timer_ms = link->timer_ms;
}

static void link_shake(struct stream_thread *thread, struct connection *connection)
{
	int done = tls_shake(connection->ssl);

	if (done < 0) {
		connection_end(thread, connection, STREAM_HANDSHAKE_FAILED);
	} else if (done == 0) {
		timer_set(thread, connection);
	} else {
		shaking_leave(thread, connection->link);
		connection_open(thread, connection);
	}
}

static void link_retransmit(struct stream_thread *thread, struct connection *connection)
{
	int done;

	ERR_clear_error();
	done = DTLSv1_handle_timeout(connection->ssl);
	if (done > 0)
		stream_count(thread, STREAM_RETRANSMITTED);
	if (done < 0)
		connection_end(thread, connection, STREAM_HANDSHAKE_FAILED);
	else
		timer_set(thread, connection);
}

void links_timers(struct stream_thread *thread)
{
	struct dtls_link *link, *next;

	if (thread->timer_ms == 0 || thread->now_ms < thread->timer_ms)
		return;
	thread->timer_ms = 0;
	for (link = TAILQ_FIRST(&thread->shaking); link != NULL; link = next) {
		next = TAILQ_NEXT(link, entry);
		if (link->timer_ms == 0)
			continue;
		if (link->timer_ms <= thread->now_ms)
			link_retransmit(thread, link->connection);
		else if (thread->timer_ms == 0 || link->timer_ms < thread->timer_ms)
			thread->timer_ms = link->timer_ms;
	}
}

static void link_add(struct stream_thread *thread, struct connection *connection,
                     struct dtls_link *link, const struct hello *hello)
{
	const struct transport_addr client = {connection->flow.src, connection->flow.src_port};
	struct dtls_link **bucket = link_bucket(thread, connection->listener, &client);

	link->io.send = link_send;
	link->io.arg = link;
	link->thread = thread;
	link->connection = connection;
	memcpy(link->random, hello->random, sizeof(link->random));
	link->next = *bucket;
	*bucket = link;
	TAILQ_INSERT_TAIL(&thread->shaking, link, entry);
	connection->link = link;
}

/* -- what connections are sent -- */

/* A datagram's records, as far as they hold anything. */
static void records_read(struct stream_thread *thread, struct connection *connection)
{
	for (;;) {
		ssize_t got = tls_read(connection->ssl, thread->scratch, STREAM_READ_MAX);

		if (connection_read_ends(thread, connection, got) || got < 0)
			return;
		connection->heard = thread->now;
		connection->shaken = 0;
		input_record(thread, connection, thread->scratch, (uint32_t)got);
	}
}

/* It costs no more than an honest one. */
static bool handshake_is_bounded(struct dtls_link *link, const uint8_t *data, size_t length)
{
	link->received += (uint32_t)length;
	link->early += dtls_early_count(data, length);
	return link->received <= DTLS_RECEIVED_MAX && link->early <= DTLS_EARLY_MAX;
}

static void link_receive(struct stream_thread *thread, struct connection *connection,
                         const uint8_t *data, size_t length)
{
	struct dtls_link *link = connection->link;

	if (connection->state == CONNECTION_SHAKES && !handshake_is_bounded(link, data, length)) {
		connection_end(thread, connection, STREAM_CLOSED_HANDSHAKES);
		return;
	}
	link->io.in = data;
	link->io.in_length = length;
	if (connection->state == CONNECTION_SHAKES)
		link_shake(thread, connection);
	if (connection->state == CONNECTION_OPEN)
		records_read(thread, connection);
	if (connection->link == link)
		link->io.in = NULL;
}

/* -- what others send -- */

static void hello_answer(struct stream_thread *thread, uint32_t listener,
                         const struct transport_addr *client, const struct hello *hello,
                         size_t length)
{
	const struct transport_addr *local = &thread->addrs[listener];
	const struct gate_packet packet = {
	        .src = {client->ip.quads[0], client->ip.quads[1]},
	        .dst = {local->ip.quads[0], local->ip.quads[1]},
	        .src_port = client->port,
	        .dst_port = local->port,
	        .length = (uint16_t)length,
	};
	uint8_t answer[HELLO_VERIFY_SIZE];

	if (gate_hello_drops(thread->streams->dp->gate, &thread->rules, &packet, hello->random,
	                     sizeof(answer), thread->guarded)) {
		stream_count(thread, STREAM_VERIFY_REFUSED);
		return;
	}
	hello_verify_write(answer, &thread->streams->cookie_key, hello, client, listener,
	                   thread->now);
	if (datagram_send(thread, listener, client, answer, sizeof(answer)))
		stream_count(thread, STREAM_VERIFY);
}

/* The client is where it says: its handshake begins. */
static void link_begin(struct stream_thread *thread, uint32_t listener,
                       const struct transport_addr *client, const struct hello *hello,
                       const uint8_t *data, size_t length)
{
	struct connection *connection = connection_admit(thread, listener, client);
	struct dtls_link *link = connection != NULL ? calloc(1, sizeof(*link)) : NULL;

	if (connection == NULL)
		return;
	connection->fd = thread->listeners[listener];
	if (link != NULL) {
		link_add(thread, connection, link, hello);
		if (thread->tls != NULL)
			connection->ssl = tls_begin_datagrams(
			        &thread->tls, datagram_bio(thread->streams->method, &link->io),
			        &connection->shaken);
	}
	if (connection->ssl == NULL) {
		connection_end(thread, connection, STREAM_HANDSHAKE_FAILED);
		return;
	}
	DTLS_set_timer_cb(connection->ssl, timer_next);
	link->io.in = data;
	link->io.in_length = length;
	if (!tls_listen(connection->ssl)) {
		connection_end(thread, connection, STREAM_HANDSHAKE_FAILED);
		return;
	}
	link->io.in = NULL;
	link->received = (uint32_t)length;
	link_shake(thread, connection);
}

/* A client that begins again from the same port has lost what was before; until it has shown to be
 * there that goes on (RFC 6347, 4.2.8). */
static void hello_take(struct stream_thread *thread, uint32_t listener,
                       const struct transport_addr *client, const struct hello *hello,
                       const uint8_t *data, size_t length)
{
	struct connection *before;

	if (!hello_cookie_is_ours(&thread->streams->cookie_key, hello, client, listener,
	                          thread->now)) {
		hello_answer(thread, listener, client, hello, length);
		return;
	}
	before = link_find(thread, listener, client);
	if (before != NULL)
		connection_end(thread, before, STREAM_ENDED);
	link_begin(thread, listener, client, hello, data, length);
}

static void datagram_take(struct stream_thread *thread, uint32_t listener,
                          const struct transport_addr *client, const uint8_t *data, size_t length)
{
	struct connection *connection;
	struct hello hello;

	if (connection_is_denied(thread, &client->ip)) {
		stream_count(thread, STREAM_DENIED);
		return;
	}
	connection = link_find(thread, listener, client);
	if (hello_read(data, length, &hello) &&
	    (connection == NULL ||
	     memcmp(connection->link->random, hello.random, HELLO_RANDOM_SIZE) != 0))
		hello_take(thread, listener, client, &hello, data, length);
	else if (connection != NULL)
		link_receive(thread, connection, data, length);
	else
		stream_count(thread, STREAM_STRAY);
}

static int batch_read(struct datagram_batch *batch, int fd)
{
	for (int i = 0; i < BATCH; i++) {
		batch->vectors[i] = (struct iovec){batch->bytes[i], DATAGRAM_ROOM};
		batch->headers[i].msg_hdr = (struct msghdr){
		        .msg_name = &batch->from[i],
		        .msg_namelen = sizeof(batch->from[i]),
		        .msg_iov = &batch->vectors[i],
		        .msg_iovlen = 1,
		};
	}
	return recvmmsg(fd, batch->headers, BATCH, MSG_DONTWAIT, NULL);
}

void datagrams_take(struct stream_thread *thread, uint32_t listener)
{
	struct datagram_batch *batch = thread->batch;
	int count = BATCH;

	for (int batches = 0; batches < BATCHES_MAX && count == BATCH; batches++) {
		count = batch_read(batch, thread->listeners[listener]);
		for (int i = 0; i < count; i++) {
			const struct transport_addr client = client_of(&batch->from[i]);

			if (batch->headers[i].msg_hdr.msg_flags & MSG_TRUNC)
				stream_count(thread, STREAM_STRAY);
			else
				datagram_take(thread, listener, &client, batch->bytes[i],
				              batch->headers[i].msg_len);
		}
	}
}

/* -- life -- */

int links_create(struct stream_thread *thread)
{
	uint32_t buckets = rte_align32pow2(thread->streams->max);

	TAILQ_INIT(&thread->shaking);
	thread->links_mask = buckets - 1;
	/* pages come as clients do */
	thread->links = calloc(buckets, sizeof(thread->links[0]));
	thread->batch = calloc(1, sizeof(*thread->batch));
	return thread->links != NULL && thread->batch != NULL ? 0 : -ENOMEM;
}

void links_destroy(struct stream_thread *thread)
{
	free(thread->links);
	free(thread->batch);
}
