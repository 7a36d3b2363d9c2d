/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls/certificate.h"
#include "dtls/state.h"

#include "common/log.h"
#include "common/privilege.h"
#include "ledger/image.h"
#include "ledger/ledger.h"
#include "session/state.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>

#define DATAGRAMS_SIZE 2048 /* power of two */
#define ORDERS_SIZE    8192
#define BURST          32

/* -- the thread -- */

static unsigned int orders_run(struct dtls *dtls)
{
	struct dtls_order *order;
	unsigned int count = 0;

	while (rte_ring_sc_dequeue(dtls->orders, (void **)&order) == 0) {
		struct association *association = dtls->list[order->session];

		count++;
		if (order->kind == DTLS_OPEN)
			association_open(dtls, order);
		else if (association == NULL || association->life != order->life)
			; /* it has gone */
		else if (order->kind == DTLS_BEGIN)
			association_begin(association);
		else
			association_close(association);
		free(order);
		__atomic_store_n(&dtls->orders_done, dtls->orders_done + 1, __ATOMIC_RELEASE);
	}
	return count;
}

static void datagram_take(struct dtls *dtls, struct rte_mbuf *mbuf)
{
	const struct packet *packet = packet_of(mbuf);
	uint32_t index = mbuf->hash.usr;
	struct session *session = &dtls->sessions->list[index];
	struct association *association = dtls->list[index];

	__atomic_sub_fetch(&session->queued, 1, __ATOMIC_RELAXED);
	dtls_count(dtls, DTLS_RECEIVED);
	if (association == NULL || association->life != mbuf->hash.fdir.hi)
		dtls_count(dtls, DTLS_UNEXPECTED);
	else
		association_receive(
		        association,
		        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, packet->payload_offset),
		        packet->payload_length, packet);
	rte_pktmbuf_free(mbuf);
}

static unsigned int datagrams_run(struct dtls *dtls)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned int count =
	        rte_ring_sc_dequeue_burst(dtls->datagrams, (void **)mbufs, BURST, NULL);

	for (unsigned int i = 0; i < count; i++)
		datagram_take(dtls, mbufs[i]);
	return count;
}

static void thread_sleep(struct dtls *dtls, int ms)
{
	struct pollfd wake = {.fd = dtls->wake.fd, .events = POLLIN};

	session_wake_sleep(&dtls->wake);
	if (rte_ring_empty(dtls->datagrams) && rte_ring_empty(dtls->orders) &&
	    !__atomic_load_n(&dtls->stop, __ATOMIC_SEQ_CST))
		poll(&wake, 1, ms);
	session_wake_take(&dtls->wake);
}

/* An order stands before the datagrams that it lets in. */
static void *thread_main(void *arg)
{
	struct dtls *dtls = arg;
	int ret = privilege_keep(0);

	if (ret != 0)
		log_warning(SLUICE_LOG_PROCESS, "the thread of handshakes keeps its privileges: %s",
		            strerror(-ret));
	pthread_setname_np(pthread_self(), "dtls");
	while (!__atomic_load_n(&dtls->stop, __ATOMIC_SEQ_CST)) {
		unsigned int count = orders_run(dtls);
		int ms;

		count += datagrams_run(dtls);
		ms = associations_timers(dtls);
		if (count == 0)
			thread_sleep(dtls, ms);
	}
	orders_run(dtls);
	return NULL;
}

/* -- any other -- */

bool dtls_receive(struct dtls *dtls, struct rte_mbuf *mbuf, uint32_t session)
{
	mbuf->hash.usr = session;
	if (rte_ring_mp_enqueue(dtls->datagrams, mbuf) != 0)
		return false;
	session_wake_send(&dtls->wake);
	return true;
}

int dtls_order(struct dtls *dtls, const struct dtls_order *order)
{
	struct dtls_order *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return -ENOMEM;
	*copy = *order;
	while (rte_ring_sp_enqueue(dtls->orders, copy) != 0) {
		session_wake_send(&dtls->wake);
		sched_yield();
	}
	dtls->orders_given++;
	session_wake_send(&dtls->wake);
	return 0;
}

uint64_t dtls_order_last(const struct dtls *dtls)
{
	return dtls->orders_given;
}

bool dtls_order_is_done(const struct dtls *dtls, uint64_t number)
{
	return __atomic_load_n(&dtls->orders_done, __ATOMIC_ACQUIRE) >= number;
}

const struct sluice_fingerprint *dtls_fingerprint(const struct dtls *dtls)
{
	return &dtls->fingerprint;
}

uint64_t dtls_counter_read(const struct dtls *dtls, uint32_t index)
{
	return __atomic_load_n(&dtls->counters[index], __ATOMIC_RELAXED);
}

/* The one of the dataplane before, where it left one: answers that are out name its fingerprint. */
static int certificate_take(const struct dtls *dtls, EVP_PKEY **key, X509 **certificate)
{
	const struct ledger *ledger = dtls->sessions->dp->ledger;
	struct sluice_ledger_certificate record;
	int error = -ENOENT;

	if (ledger == NULL || ledger->old == NULL ||
	    ledger_image_count(ledger->old, SLUICE_LEDGER_CERTIFICATE) == 0)
		return -ENOENT;
	if (ledger_image_record(ledger->old, SLUICE_LEDGER_CERTIFICATE, 0, &record,
	                        sizeof(record)) == LEDGER_WHOLE)
		error = certificate_read(&record, key, certificate);
	explicit_bzero(&record, sizeof(record));
	return error;
}

static void certificate_record(const struct dtls *dtls, EVP_PKEY *key, X509 *certificate)
{
	const struct ledger_table *table =
	        ledger_at(dtls->sessions->dp->ledger, SLUICE_LEDGER_CERTIFICATE, 0);
	struct sluice_ledger_certificate record = {0};

	if (table != NULL && certificate_write(&record, key, certificate) == 0)
		ledger_write(table, 0, &record, sizeof(record));
	explicit_bzero(&record, sizeof(record));
}

static int certificate_use(struct dtls *dtls)
{
	EVP_PKEY *key;
	X509 *certificate;
	int error = certificate_take(dtls, &key, &certificate);

	if (error < 0)
		error = certificate_make(&key, &certificate);
	if (error < 0)
		return error;
	certificate_record(dtls, key, certificate);
	dtls->context = certificate_context(key, certificate, association_certificate);
	if (dtls->context == NULL ||
	    !certificate_fingerprint(certificate, SLUICE_DIGEST_SHA256, &dtls->fingerprint))
		error = -ENOMEM;
	EVP_PKEY_free(key);
	X509_free(certificate);
	return error;
}

static int thread_start(struct dtls *dtls)
{
	int error = pthread_create(&dtls->thread, NULL, thread_main, dtls);

	dtls->started = error == 0;
	return -error;
}

struct dtls *dtls_create(struct sessions *sessions)
{
	struct dtls *dtls = calloc(1, sizeof(*dtls));

	if (dtls == NULL)
		return NULL;
	dtls->sessions = sessions;
	TAILQ_INIT(&dtls->shaking);
	TAILQ_INIT(&dtls->queued);
	TAILQ_INIT(&dtls->done);
	dtls->list = calloc(sessions->max + 1, sizeof(struct association *));
	dtls->method = datagram_method();
	dtls->datagrams =
	        rte_ring_create("dtls datagrams", DATAGRAMS_SIZE, SOCKET_ID_ANY, RING_F_SC_DEQ);
	dtls->orders = rte_ring_create("dtls orders", ORDERS_SIZE, SOCKET_ID_ANY,
	                               RING_F_SC_DEQ | RING_F_SP_ENQ);
	if (session_wake_create(&dtls->wake) >= 0 && dtls->list != NULL && dtls->method != NULL &&
	    dtls->datagrams != NULL && dtls->orders != NULL && certificate_use(dtls) == 0 &&
	    thread_start(dtls) == 0)
		return dtls;
	log_error(SLUICE_LOG_PROCESS, "no memory for the thread of handshakes");
	dtls_destroy(dtls);
	return NULL;
}

static void associations_free(struct dtls *dtls)
{
	for (uint32_t i = 0; dtls->list != NULL && i <= dtls->sessions->max; i++)
		if (dtls->list[i] != NULL) {
			SSL_free(dtls->list[i]->ssl);
			OPENSSL_clear_free(dtls->list[i]->rest, sizeof(struct dtls_rest));
			free(dtls->list[i]);
		}
	free(dtls->list);
}

void dtls_destroy(struct dtls *dtls)
{
	struct dtls_order *order;
	struct rte_mbuf *mbuf;

	if (dtls == NULL)
		return;
	__atomic_store_n(&dtls->stop, true, __ATOMIC_SEQ_CST);
	session_wake_send(&dtls->wake);
	if (dtls->started)
		pthread_join(dtls->thread, NULL);
	while (dtls->orders != NULL && rte_ring_dequeue(dtls->orders, (void **)&order) == 0)
		free(order);
	while (dtls->datagrams != NULL && rte_ring_dequeue(dtls->datagrams, (void **)&mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	associations_free(dtls);
	rte_ring_free(dtls->orders);
	rte_ring_free(dtls->datagrams);
	SSL_CTX_free(dtls->context);
	BIO_meth_free(dtls->method);
	session_wake_destroy(&dtls->wake);
	free(dtls);
}
