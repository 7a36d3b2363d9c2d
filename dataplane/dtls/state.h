/* SPDX-License-Identifier: BSD-3-Clause */
/* The insides of dtls/: everything is the thread's own unless it says otherwise. */
#ifndef DTLS_STATE_H
#define DTLS_STATE_H

#include <pthread.h>
#include <sys/queue.h>

#include <openssl/ssl.h>
#include <rte_ring.h>

#include "dtls/datagram.h"
#include "dtls/dtls.h"
#include "dtls/rest.h"
#include "graph/packet.h"
#include "session/state.h"

enum association_state {
	ASSOCIATION_WAITS,  /* for a ClientHello, or for the order to send one */
	ASSOCIATION_QUEUED, /* it has the order, and too many shake hands */
	ASSOCIATION_SHAKES,
	ASSOCIATION_DONE,
	ASSOCIATION_OVER, /* it failed, or the client has closed it: nothing is sent any more */
};

/* One session's DTLS. */
struct association {
	/* of dtls->shaking, queued, or done while `ssl` is there, as its state says */
	TAILQ_ENTRY(association) entry;
	struct dtls *dtls;
	uint32_t session, life;
	uint8_t state; /* enum association_state */
	bool active;
	uint8_t n_fingerprints;
	struct sluice_fingerprint fingerprints[SLUICE_SESSION_FINGERPRINTS_MAX];
	SSL *ssl;               /* NULL where it waits, rests, or is over */
	struct dtls_rest *rest; /* NULL: it does not */
	struct datagram_io io;
	struct session_way way;      /* that the last datagram came by */
	uint64_t sent, received;     /* bytes, while it shakes */
	uint32_t early;              /* encrypted records that came while it shakes */
	bool mismatch;               /* another certificate than the offer's */
	uint64_t begun_ns, timer_ns; /* CLOCK_MONOTONIC; timer 0: none */
	uint64_t done_ns;
};

TAILQ_HEAD(associations, association);

struct dtls {
	/* const after start */
	struct sessions *sessions;
	SSL_CTX *context;
	BIO_METHOD *method;
	struct sluice_fingerprint fingerprint;
	struct rte_ring *datagrams; /* mbufs from the workers; hash.usr: the session's index */
	struct rte_ring *orders;    /* struct dtls_order, from the control thread */
	struct session_wake wake;
	pthread_t thread;
	bool started;
	bool stop;             /* atomic; control thread */
	uint64_t orders_given; /* control thread */
	uint64_t orders_done;  /* atomic; how many were run */

	struct association **list; /* [sessions->max + 1] */
	struct associations shaking;
	struct associations queued; /* the first come first */
	struct associations done;   /* the first done first */
	uint32_t n_shaking;
	uint64_t counters[DTLS_COUNTERS]; /* read by the control thread */
};

/* -- association.c -- */

void association_open(struct dtls *dtls, const struct dtls_order *order);
void association_begin(struct association *association);
void association_close(struct association *association);
/* The datagram's payload, and the path that it came by. */
void association_receive(struct association *association, const uint8_t *data, size_t length,
                         const struct packet *packet);
/* Retransmissions, handshakes that take too long, and those that begin in their place. Returns
 * milliseconds until the next one is due, -1: none. */
int associations_timers(struct dtls *dtls);

/* -- send.c -- */

/* arg: the association. Through its owner, to the selected path; before one is selected back where
 * the last datagram came from. */
void association_send(void *arg, const uint8_t *data, size_t length);

/* -- keys.c -- */

struct session_note;
struct session_keys;

/* The client's certificate is the one that its offer named: asked by OpenSSL. arg: nothing. */
int association_certificate(X509_STORE_CTX *store, void *arg);
/* Profile and keys as an endpoint wants them; false: none was negotiated. */
bool association_keys(const struct association *association, struct session_note *note,
                      struct session_keys *keys);

static inline void dtls_count(struct dtls *dtls, enum dtls_counter counter)
{
	__atomic_store_n(&dtls->counters[counter], dtls->counters[counter] + 1, __ATOMIC_RELAXED);
}

#endif
