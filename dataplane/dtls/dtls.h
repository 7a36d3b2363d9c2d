/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS-SRTP handshakes (RFC 5764) of sessions, in a thread of their own: a handshake costs most of
 * a millisecond, which no worker and not the control thread may lose. Datagrams come from the
 * workers by a ring, and go back through a worker; what comes of a handshake goes to the control
 * thread as a note (session/state.h).
 */
#ifndef DTLS_DTLS_H
#define DTLS_DTLS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/session.h>

struct dtls;
struct rte_mbuf;
struct sessions;

#define DTLS_HALF_OPEN_MAX 1024 /* handshakes at once */
#define DTLS_HANDSHAKE_S   10   /* from the first ClientHello on */
#define DTLS_REST_S        10   /* from its end until OpenSSL's state is given up */

enum dtls_order_kind {
	DTLS_OPEN,  /* a session is there: it may begin */
	DTLS_BEGIN, /* its client waits for our ClientHello */
	DTLS_CLOSE, /* close_notify, and no more */
};

struct dtls_order {
	uint8_t kind; /* enum dtls_order_kind */
	/* DTLS_OPEN */
	bool active;
	uint8_t n_fingerprints;
	uint32_t session, life;
	struct sluice_fingerprint fingerprints[SLUICE_SESSION_FINGERPRINTS_MAX];
};

enum dtls_counter {
	DTLS_STARTED,
	DTLS_DONE,
	DTLS_FAILED_HANDSHAKE,
	DTLS_FAILED_FINGERPRINT,
	DTLS_FAILED_TIMEOUT,
	DTLS_HALF_OPEN_FULL,
	DTLS_RETRANSMITTED,
	DTLS_RECEIVED,
	DTLS_SENT,
	DTLS_UNSENT,
	DTLS_UNEXPECTED,
	DTLS_CLOSED,
	DTLS_COUNTERS,
};

/* Control thread. Makes the certificate and starts the thread. NULL with a logged reason. */
struct dtls *dtls_create(struct sessions *sessions);
/* No worker runs any more. */
void dtls_destroy(struct dtls *dtls);
const struct sluice_fingerprint *dtls_fingerprint(const struct dtls *dtls);
/* 0 or -ENOMEM. */
int dtls_order(struct dtls *dtls, const struct dtls_order *order);
/* Control thread: of all orders that were ever given, the number of the last one; and whether that
 * one and all before it have been run. */
uint64_t dtls_order_last(const struct dtls *dtls);
bool dtls_order_is_done(const struct dtls *dtls, uint64_t number);

/* Worker: a datagram of this session, as classify left it, and hash.fdir.hi its life. False: the
 * ring is full. */
bool dtls_receive(struct dtls *dtls, struct rte_mbuf *mbuf, uint32_t session);

uint64_t dtls_counter_read(const struct dtls *dtls, uint32_t index);

#endif
