/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/transport_feedback.h"

#include "estimate/capacity.h"
#include "media/arrival.h"
#include "media/rtcp.h"
#include "media/rtcp_send.h"
#include "media/viewer.h"
#include "worker.h"

#include <rte_malloc.h>

#include <sluice/session.h>

#define ENDPOINTS_PER_RUN 64u
#define MESSAGES_PER_RUN  8 /* of one endpoint */
#define UDP_IP_HEADERS    28
/* So often are both bounds told to be infinite: a sender forgets what it was told only then. */
#define CLEARS_TOLD 10

struct transport_record {
	bool waiting; /* stands in its owner's list */
	bool estimate;
	bool off;       /* atomic; control thread */
	uint32_t media; /* SSRC: of the last packet */
	uint32_t send_time;
	uint64_t sent; /* the same in microseconds, over its wraps */
	uint32_t told; /* kbit/s: the lower bound that was told last; 0: none */
	uint32_t clears_left;
	struct arrival arrival;
	struct capacity capacity;
};

struct transport_record *transport_record_create(bool estimate)
{
	struct transport_record *record =
	        rte_zmalloc("transport", sizeof(*record), RTE_CACHE_LINE_SIZE);

	if (record == NULL)
		return NULL;
	record->estimate = estimate;
	/* who forwarded before us may have told it a bound */
	record->clears_left = CLEARS_TOLD;
	return record;
}

void transport_record_destroy(struct transport_record *record)
{
	rte_free(record);
}

void transport_show(const struct transport_record *record, struct sluice_endpoint_row *row)
{
	if (record == NULL)
		return;
	row->proven_kbps = record->capacity.proven;
	row->lower_kbps = record->told;
	row->estimate_clears = record->capacity.clears;
	row->estimate_reason = (uint8_t)record->capacity.reason;
}

void transport_set_off(struct transport_record *record, bool off)
{
	if (record != NULL)
		__atomic_store_n(&record->off, off, __ATOMIC_RELAXED);
}

void transport_estimate_show(const struct transport_record *record, struct sluice_session_row *row)
{
	if (record == NULL)
		return;
	row->estimate_kbps = record->capacity.proven;
	row->lower_kbps = record->told;
	row->estimate_clears = record->capacity.clears;
	row->estimate_reason = (uint8_t)record->capacity.reason;
}

static uint64_t us_of(const struct worker *worker)
{
	return viewer_us(worker->tsc, worker->tsc_hz);
}

void transport_moved(struct transport_record *record, const struct worker *worker)
{
	if (record == NULL)
		return;
	capacity_clear(&record->capacity, us_of(worker), CAPACITY_CLEARED_PATH);
}

/* -- arrival -- */

static uint32_t ticks_of(const struct worker *worker)
{
	return (uint32_t)(worker->tsc / worker->tsc_hz * ARRIVAL_TICKS +
	                  worker->tsc % worker->tsc_hz * ARRIVAL_TICKS / worker->tsc_hz);
}

/* 24 bits of 6.18 seconds. */
static uint64_t sent_of(struct transport_record *record, uint32_t send_time)
{
	int32_t ahead = (int32_t)((send_time - record->send_time) << 8) >> 8;
	int64_t us = (int64_t)ahead * 1000000 / (1 << 18);

	/* the first one is somewhere */
	if (record->sent == 0) {
		record->sent = (uint64_t)1 << 40;
		record->send_time = send_time;
		return record->sent;
	}
	if (ahead > 0) {
		record->send_time = send_time;
		record->sent += (uint64_t)us;
		return record->sent;
	}
	return record->sent + (uint64_t)us;
}

static void endpoint_wait(struct media_worker *media_worker, struct endpoint *endpoint)
{
	struct transport_waiting *waiting = &media_worker->rtcp->waiting;
	const struct worker *worker = media_worker->worker;
	uint32_t place = waiting->tail & (TRANSPORT_FEEDBACK_WAITING - 1);

	if (waiting->tail - waiting->head == TRANSPORT_FEEDBACK_WAITING) {
		media_worker->counters[MEDIA_FEEDBACK_DROPPED]++;
		return;
	}
	waiting->list[place].endpoint = (uint32_t)(endpoint - media_worker->media->endpoints);
	waiting->list[place].due = worker->tsc + worker->tsc_hz / 1000 * TRANSPORT_FEEDBACK_MS;
	waiting->tail++;
	endpoint->transport->waiting = true;
}

void transport_received(struct media_worker *media_worker, const struct received *received)
{
	struct endpoint *endpoint = received->endpoint;
	struct transport_record *record = endpoint->transport;
	const struct worker *worker = media_worker->worker;
	bool known = received->source != NULL;
	int32_t missing;

	if (!arrival_note(&record->arrival, received->said.transport_number, ticks_of(worker),
	                  known, &missing))
		return;
	if (known)
		record->media = received->view.ssrc;
	if (known && record->estimate && received->said.has_send_time)
		capacity_packet(
		        &record->capacity, us_of(worker), sent_of(record, received->said.send_time),
		        packet_of(received->mbuf)->payload_length + UDP_IP_HEADERS, missing);
	if (!record->waiting)
		endpoint_wait(media_worker, endpoint);
}

/* -- feedback -- */

/* What is told of the path, in front of the first message. True: both bounds are infinite. */
static bool estimate_put(struct media_worker *media_worker, const struct endpoint *endpoint,
                         struct rtcp_writer *writer)
{
	struct transport_record *record = endpoint->transport;
	uint32_t lower;

	if (!record->estimate)
		return false;
	capacity_look(&record->capacity, us_of(media_worker->worker));
	lower = __atomic_load_n(&record->off, __ATOMIC_RELAXED) ? 0
	                                                        : capacity_lower(&record->capacity);
	if (lower == 0 && record->told != 0) {
		record->clears_left = CLEARS_TOLD;
		media_worker->counters[MEDIA_ESTIMATE_CLEARED]++;
	}
	record->told = lower;
	if (lower == 0 && record->clears_left == 0)
		return false;
	rtcp_put_remote_estimate(writer, lower);
	media_worker->counters[MEDIA_ESTIMATE_SENT]++;
	return lower == 0;
}

static bool message_send(struct media_worker *media_worker, struct endpoint *endpoint, bool first)
{
	uint8_t fci[RTCP_COMPOUND_MAX];
	struct rtcp_writer writer;
	struct rte_mbuf *mbuf = rtcp_begin(media_worker, endpoint, &writer);
	uint16_t room, length;
	bool clears = false;

	if (mbuf == NULL)
		return false;
	rtcp_put_sdes(&writer);
	rtcp_put_self(&writer, media_worker->media, endpoint);
	if (first)
		clears = estimate_put(media_worker, endpoint, &writer);
	room = writer.room - writer.length;
	if (writer.overrun || room < RTCP_TRANSPORT_HEAD + ARRIVAL_MESSAGE_MIN) {
		rte_pktmbuf_free(mbuf);
		return false;
	}
	length = arrival_message(&endpoint->transport->arrival, fci,
	                         (uint16_t)RTE_MIN(room - RTCP_TRANSPORT_HEAD - 4u, sizeof(fci)));
	rtcp_put_transport(&writer, endpoint->rtcp_ssrc, endpoint->transport->media, fci, length);
	media_worker->counters[MEDIA_TRANSPORT_SENT]++;
	if (!rtcp_send(media_worker, endpoint, mbuf, &writer))
		return false;
	endpoint->transport->clears_left -= clears;
	return true;
}

static void endpoint_tell(struct media_worker *media_worker, struct endpoint *endpoint)
{
	struct arrival *arrival = &endpoint->transport->arrival;
	bool first = true;

	for (uint32_t i = 0; arrival->pending && i < MESSAGES_PER_RUN; i++, first = false)
		if (!message_send(media_worker, endpoint, first))
			return;
	arrival->fresh = 0;
}

/* Few packets wait for twice as long. */
static bool is_early(const struct transport_record *record, uint64_t due,
                     const struct worker *worker)
{
	return record->arrival.fresh < TRANSPORT_FEEDBACK_FEW &&
	       worker->tsc < due + worker->tsc_hz / 1000 *
	                                     (TRANSPORT_FEEDBACK_FEW_MS - TRANSPORT_FEEDBACK_MS);
}

void transport_feedback_run(struct media_worker *media_worker)
{
	struct transport_waiting *waiting = &media_worker->rtcp->waiting;
	const struct worker *worker = media_worker->worker;
	struct media *media = media_worker->media;
	uint32_t count = RTE_MIN(waiting->tail - waiting->head, ENDPOINTS_PER_RUN);

	while (count-- != 0) {
		uint32_t place = waiting->head & (TRANSPORT_FEEDBACK_WAITING - 1);
		uint64_t due = waiting->list[place].due;
		struct endpoint *endpoint = &media->endpoints[waiting->list[place].endpoint];

		if (due > worker->tsc)
			return;
		/* gone, or its place was taken by another worker's */
		if (!__atomic_load_n(&endpoint->live, __ATOMIC_ACQUIRE) ||
		    endpoint->worker != worker->id || endpoint->transport == NULL) {
			waiting->head++;
			continue;
		}
		if (is_early(endpoint->transport, due, worker))
			return;
		waiting->head++;
		endpoint->transport->waiting = false;
		endpoint_tell(media_worker, endpoint);
	}
}
