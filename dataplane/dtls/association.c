/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One session's DTLS: waits for a ClientHello (or for the order to send one), shakes hands, tells
 * the keys, and watches for close_notify. No cookie: a check has proven the client's address
 * already, and DTLSv1_listen() would take no ClientHello that comes in two datagrams.
 */
#include "dtls/record.h"
#include "dtls/state.h"

#include "common/clock.h"
#include "session/state.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#define TIMER_FIRST_US 100000
#define TIMER_MOST_US  2000000

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void note_send(const struct association *association, struct session_note *note,
                      enum session_note_kind kind)
{
	note->session = association->session;
	note->life = association->life;
	note->kind = (uint8_t)kind;
	session_note_send(association->dtls->sessions, note);
}

/* -- begin and end -- */

/* The list that it is in. */
static void list_leave(struct association *association)
{
	struct dtls *dtls = association->dtls;

	if (association->state == ASSOCIATION_QUEUED)
		TAILQ_REMOVE(&dtls->queued, association, entry);
	if (association->state == ASSOCIATION_DONE && association->ssl != NULL)
		TAILQ_REMOVE(&dtls->done, association, entry);
	if (association->state != ASSOCIATION_SHAKES)
		return;
	TAILQ_REMOVE(&dtls->shaking, association, entry);
	dtls->n_shaking--;
}

static void rest_forget(struct association *association)
{
	OPENSSL_clear_free(association->rest, sizeof(*association->rest));
	association->rest = NULL;
}

static void association_free(struct association *association)
{
	list_leave(association);
	SSL_free(association->ssl);
	rest_forget(association);
	association->dtls->list[association->session] = NULL;
	free(association);
}

void association_open(struct dtls *dtls, const struct dtls_order *order)
{
	struct association *association = dtls->list[order->session];

	if (association != NULL)
		association_free(association);
	association = calloc(1, sizeof(*association));
	if (association == NULL)
		return; /* it will not come about: the session ends by its time */
	association->dtls = dtls;
	association->session = order->session;
	association->life = order->life;
	association->active = order->active;
	association->n_fingerprints = order->n_fingerprints;
	memcpy(association->fingerprints, order->fingerprints, sizeof(order->fingerprints));
	association->io.send = association_send;
	association->io.arg = association;
	dtls->list[order->session] = association;
}

void association_close(struct association *association)
{
	ERR_clear_error();
	if (association->rest != NULL)
		association_send(association, association->rest->close,
		                 association->rest->close_length);
	else if (association->state == ASSOCIATION_DONE && SSL_alloc_buffers(association->ssl) == 1)
		SSL_shutdown(association->ssl);
	association_free(association);
}

static void association_over(struct association *association, enum session_note_kind kind,
                             enum sluice_session_reason reason)
{
	static const uint8_t counters[SLUICE_SESSION_REASONS] = {
	        [SLUICE_SESSION_TIMEOUT] = DTLS_FAILED_TIMEOUT,
	        [SLUICE_SESSION_FINGERPRINT] = DTLS_FAILED_FINGERPRINT,
	        [SLUICE_SESSION_HANDSHAKE] = DTLS_FAILED_HANDSHAKE,
	        [SLUICE_SESSION_CLOSED] = DTLS_CLOSED,
	};
	struct session_note note = {.reason = (uint8_t)reason};

	list_leave(association);
	association->state = ASSOCIATION_OVER;
	SSL_free(association->ssl);
	association->ssl = NULL;
	rest_forget(association);
	dtls_count(association->dtls, counters[reason]);
	note_send(association, &note, kind);
}

/* -- the handshake -- */

/* A flight that is lost costs a client that waits for it a tenth of a second at first. */
static unsigned int timer_next(SSL *ssl, unsigned int last_us)
{
	if (last_us == 0)
		return TIMER_FIRST_US;
	return last_us * 2 < TIMER_MOST_US ? last_us * 2 : TIMER_MOST_US;
}

static void timer_set(struct association *association)
{
	struct timeval left;

	association->timer_ns = 0;
	if (DTLSv1_get_timeout(association->ssl, &left) == 1)
		association->timer_ns = now_ns() + (uint64_t)left.tv_sec * NSEC_PER_SEC +
		                        (uint64_t)left.tv_usec * 1000;
}

/* False: there are too many handshakes at once, or no memory. */
static bool shaking_begin(struct association *association)
{
	struct dtls *dtls = association->dtls;
	struct session_note note = {0};
	BIO *bio;

	if (dtls->n_shaking >= DTLS_HALF_OPEN_MAX) {
		dtls_count(dtls, DTLS_HALF_OPEN_FULL);
		return false;
	}
	association->ssl = SSL_new(dtls->context);
	bio = association->ssl != NULL ? datagram_bio(dtls->method, &association->io) : NULL;
	if (bio == NULL) {
		SSL_free(association->ssl);
		association->ssl = NULL;
		return false;
	}
	SSL_set_bio(association->ssl, bio, bio);
	SSL_set_app_data(association->ssl, association);
	SSL_set_mtu(association->ssl, DATAGRAM_MTU);
	DTLS_set_timer_cb(association->ssl, timer_next);
	if (association->active)
		SSL_set_connect_state(association->ssl);
	else
		SSL_set_accept_state(association->ssl);
	association->state = ASSOCIATION_SHAKES;
	association->begun_ns = now_ns();
	TAILQ_INSERT_TAIL(&dtls->shaking, association, entry);
	dtls->n_shaking++;
	dtls_count(dtls, DTLS_STARTED);
	note_send(association, &note, NOTE_HELLO);
	return true;
}

static void handshake_done(struct association *association)
{
	struct session_note note = {0};

	note.keys = OPENSSL_zalloc(sizeof(*note.keys));
	if (note.keys == NULL || !association_keys(association, &note, note.keys)) {
		OPENSSL_clear_free(note.keys, sizeof(*note.keys));
		association_over(association, NOTE_FAILED, SLUICE_SESSION_HANDSHAKE);
		return;
	}
	list_leave(association);
	association->state = ASSOCIATION_DONE;
	association->timer_ns = 0;
	association->done_ns = now_ns();
	TAILQ_INSERT_TAIL(&association->dtls->done, association, entry);
	dtls_count(association->dtls, DTLS_DONE);
	note.handshake_ms = (uint32_t)((now_ns() - association->begun_ns) / NSEC_PER_MSEC);
	note_send(association, &note, NOTE_KEYS);
}

static void handshake_drive(struct association *association)
{
	int ret, error;

	ERR_clear_error();
	ret = SSL_do_handshake(association->ssl);
	error = ret == 1 ? SSL_ERROR_NONE : SSL_get_error(association->ssl, ret);
	if (ret == 1)
		handshake_done(association);
	else if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		timer_set(association);
	else
		association_over(association, NOTE_FAILED,
		                 association->mismatch ? SLUICE_SESSION_FINGERPRINT
		                                       : SLUICE_SESSION_HANDSHAKE);
}

/* Application data is not for us; a retransmitted flight is answered by OpenSSL. */
static void records_read(struct association *association)
{
	uint8_t data[2048];
	int ret;

	ERR_clear_error();
	if (SSL_alloc_buffers(association->ssl) != 1)
		return;
	do
		ret = SSL_read(association->ssl, data, sizeof(data));
	while (ret > 0);
	if (SSL_get_shutdown(association->ssl) & SSL_RECEIVED_SHUTDOWN)
		association_over(association, NOTE_CLOSED, SLUICE_SESSION_CLOSED);
}

/* The client has what it needs, or has given up. */
static void association_rest(struct association *association)
{
	struct dtls_rest *rest = OPENSSL_zalloc(sizeof(*rest));

	ERR_clear_error();
	TAILQ_REMOVE(&association->dtls->done, association, entry);
	if (rest == NULL ||
	    !dtls_rest_make(rest, association->ssl, &association->io, association->active)) {
		OPENSSL_free(rest);
		association->done_ns = now_ns(); /* of another cipher: it stays as it is */
		TAILQ_INSERT_TAIL(&association->dtls->done, association, entry);
		return;
	}
	SSL_free(association->ssl);
	association->ssl = NULL;
	association->rest = rest;
}

static void rest_read(struct association *association, const uint8_t *data, size_t length)
{
	if (dtls_rest_closes(association->rest, data, length))
		association_over(association, NOTE_CLOSED, SLUICE_SESSION_CLOSED);
}

static bool is_client_hello(const uint8_t *data, size_t length)
{
	return length > DTLS_RECORD_HEADER && data[0] == DTLS_CONTENT_HANDSHAKE &&
	       data[DTLS_RECORD_HEADER] == DTLS_CLIENT_HELLO;
}

/* Its client waits for our ClientHello, and would not ask again. */
void association_begin(struct association *association)
{
	struct dtls *dtls = association->dtls;

	if (association->state != ASSOCIATION_WAITS || !association->active)
		return;
	if (shaking_begin(association)) {
		handshake_drive(association);
	} else if (dtls->n_shaking >= DTLS_HALF_OPEN_MAX) {
		association->state = ASSOCIATION_QUEUED;
		TAILQ_INSERT_TAIL(&dtls->queued, association, entry);
	}
}

static void queued_begin(struct dtls *dtls)
{
	struct association *association;

	while (dtls->n_shaking < DTLS_HALF_OPEN_MAX &&
	       (association = TAILQ_FIRST(&dtls->queued)) != NULL) {
		list_leave(association);
		association->state = ASSOCIATION_WAITS;
		association_begin(association);
	}
}

/* It costs no more than an honest one. */
static bool handshake_is_bounded(struct association *association, const uint8_t *data,
                                 size_t length)
{
	association->early += dtls_early_count(data, length);
	return association->received <= DTLS_RECEIVED_MAX && association->early <= DTLS_EARLY_MAX;
}

/* The first ClientHello begins the handshake. */
static bool datagram_is_expected(struct association *association, const uint8_t *data,
                                 size_t length)
{
	switch (association->state) {
	case ASSOCIATION_WAITS:
		return !association->active && is_client_hello(data, length) &&
		       shaking_begin(association);
	case ASSOCIATION_SHAKES:
	case ASSOCIATION_DONE:
		return true;
	default:
		return false;
	}
}

void association_receive(struct association *association, const uint8_t *data, size_t length,
                         const struct packet *packet)
{
	association->way = (struct session_way){
	        .remote = {.ip = packet->flow.src, .port = packet->flow.src_port},
	        .local = {.ip = packet->dst, .port = packet->dst_port},
	        .connection = packet->flow.connection,
	};
	if (!datagram_is_expected(association, data, length)) {
		dtls_count(association->dtls, DTLS_UNEXPECTED);
		return;
	}
	association->received += length;
	if (association->state == ASSOCIATION_SHAKES &&
	    !handshake_is_bounded(association, data, length)) {
		association_over(association, NOTE_FAILED, SLUICE_SESSION_HANDSHAKE);
		return;
	}
	association->io.in = data;
	association->io.in_length = length;
	if (association->state == ASSOCIATION_SHAKES)
		handshake_drive(association);
	else if (association->rest != NULL)
		rest_read(association, data, length);
	else if (association->state == ASSOCIATION_DONE)
		records_read(association);
	association->io.in = NULL;
	/* there are thousands that are done, and what comes for one has been read */
	if (association->state == ASSOCIATION_DONE && association->ssl != NULL)
		SSL_free_buffers(association->ssl);
}

/* -- time -- */

static void association_retransmit(struct association *association)
{
	ERR_clear_error();
	dtls_count(association->dtls, DTLS_RETRANSMITTED);
	if (DTLSv1_handle_timeout(association->ssl) < 0)
		association_over(association, NOTE_FAILED, SLUICE_SESSION_TIMEOUT);
	else
		timer_set(association);
}

/* Those whose time has come; when the next one's does, UINT64_MAX: there is none. */
static uint64_t done_rest(struct dtls *dtls, uint64_t now)
{
	struct association *association;

	while ((association = TAILQ_FIRST(&dtls->done)) != NULL) {
		uint64_t due = association->done_ns + DTLS_REST_S * NSEC_PER_SEC;

		if (due > now)
			return due;
		association_rest(association);
	}
	return UINT64_MAX;
}

int associations_timers(struct dtls *dtls)
{
	struct association *association, *next;
	uint64_t now = now_ns(), due;

	queued_begin(dtls);
	due = done_rest(dtls, now);
	for (association = TAILQ_FIRST(&dtls->shaking); association != NULL; association = next) {
		uint64_t end = association->begun_ns + DTLS_HANDSHAKE_S * NSEC_PER_SEC;

		next = TAILQ_NEXT(association, entry);
		if (now >= end) {
			association_over(association, NOTE_FAILED, SLUICE_SESSION_TIMEOUT);
			continue;
		}
		if (association->timer_ns != 0 && now >= association->timer_ns)
			association_retransmit(association);
		if (association->state != ASSOCIATION_SHAKES)
			continue;
		due = RTE_MIN(due, end);
		if (association->timer_ns != 0)
			due = RTE_MIN(due, association->timer_ns);
	}
	if (!TAILQ_EMPTY(&dtls->queued) && dtls->n_shaking < DTLS_HALF_OPEN_MAX)
		return 0;
	if (due == UINT64_MAX)
		return -1;
	return due > now ? (int)((due - now) / NSEC_PER_MSEC) + 1 : 0;
}
