/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/rtcp_timer.h"

#include "dataplane.h"
#include "media/consent.h"
#include "media/feedback.h"
#include "media/presence.h"
#include "media/reception.h"
#include "media/rtcp.h"
#include "media/rtcp_send.h"
#include "media/viewer.h"
#include "random.h"

#include <rte_prefetch.h>

/* With a sender report, a chunk and a BYE each, and the blocks of the first compound, they fit. */
#define LEGS_PER_COMPOUND   16
#define LEGS_BESIDE_BLOCKS  4
#define BLOCKS_PER_COMPOUND 28
#define REMB_SSRCS          8
/* A publisher that is silent for so long is not reported on. */
#define SILENT_SECONDS 5

#define SLICE_MS          1u /* the least between two slices */
#define SLICE_MIN         32u
#define ROUNDS_PER_SECOND 2u /* over all endpoints */
#define SLICE_AHEAD       8  /* asked for, before it is looked at */
/* Some 100 us: packets that come meanwhile wait in the port's queue. */
#define COMPOUNDS_PER_RUN 128

/* One subscription in a compound. */
struct reported_leg {
	struct subscription *subscription;
	uint32_t publisher;
	bool bye;
};

struct report {
	struct media_worker *media_worker;
	struct endpoint *endpoint;
	struct rtcp_writer writer;
	uint32_t blocks;
	uint8_t most_lost; /* of 256: of any block */
	uint32_t n_legs;
	struct reported_leg legs[LEGS_PER_COMPOUND];
};

static void blocks_put(struct report *report)
{
	const struct media *media = report->media_worker->media;
	const struct worker *worker = report->media_worker->worker;
	const struct endpoint_sources *sources =
	        __atomic_load_n(&report->endpoint->sources, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; sources != NULL && i < sources->count; i++) {
		uint32_t turn = report->endpoint->rtcp_source_next++ % sources->count;
		const struct endpoint_source *source = sources->sources[turn];
		struct reception *reception = media->streams[source->stream].reception;
		struct rtcp_block block;

		if (source->rtx || reception == NULL || !reception->started ||
		    worker->tsc - reception->last_tsc > SILENT_SECONDS * worker->tsc_hz)
			continue;
		reception_report(reception, source->ssrc, worker->tsc, &block);
		rtcp_put_block(&report->writer, &block);
		report->most_lost = RTE_MAX(report->most_lost, block.fraction_lost);
		if (++report->blocks == BLOCKS_PER_COMPOUND)
			return;
	}
}

/* The same line of the two clocks at another moment of the last second: only the receiver of the
 * report can tell which. */
static void moment_draw(const struct worker *worker, uint32_t clock_hz, uint64_t *ntp,
                        uint32_t *rtp)
{
	uint32_t back = random_below(worker->random, 1 << 16); /* in 1/65536 s */

	*ntp -= (uint64_t)back << 16;
	*rtp -= (uint32_t)((uint64_t)back * clock_hz >> 16);
}

static void sender_report_put(struct report *report, struct subscription *subscription,
                              uint64_t ntp, uint32_t rtp)
{
	const struct rtcp_sender sender = {
	        .ntp = ntp,
	        .rtp = rtp + subscription->timestamp_offset,
	        .packets = (uint32_t)subscription->packets,
	        .octets = (uint32_t)subscription->bytes,
	};

	rtcp_put_sr(&report->writer, subscription->ssrc, &sender);
	subscription->sr_tsc = report->media_worker->worker->tsc;
	subscription->sr_middle = (uint32_t)(ntp >> 16);
}

/* The stream whose clock the subscription's report tells; NULL: it has none. An address that has
 * yet to prove itself is told of what it would be sent. */
static const struct stream *leg_stream(const struct report *report,
                                       const struct subscription *subscription)
{
	const struct stream *streams = report->media_worker->media->streams;
	const struct stream *stream = &streams[subscription->stream_now];

	if (subscription->serial_now != 0 && subscription->packets != 0 &&
	    __atomic_load_n(&stream->live, __ATOMIC_ACQUIRE) &&
	    __atomic_load_n(&stream->serial, __ATOMIC_RELAXED) == subscription->serial_now)
		return stream;
	stream = &streams[__atomic_load_n(&subscription->stream, __ATOMIC_RELAXED)];
	return report->endpoint->unproven && __atomic_load_n(&stream->live, __ATOMIC_ACQUIRE)
	               ? stream
	               : NULL;
}

/* A subscription that sends has its report, one whose stream has ended its BYE, once. */
static void leg_put(struct report *report, struct subscription *subscription)
{
	const struct worker *worker = report->media_worker->worker;
	const struct stream *stream = leg_stream(report, subscription);
	uint32_t byes, rtp;
	bool ended, known;
	uint64_t ntp;

	if (stream == NULL)
		return;
	ended = __atomic_load_n(&stream->ended, __ATOMIC_ACQUIRE);
	byes = __atomic_load_n(&stream->byes, __ATOMIC_RELAXED);
	if (ended ? subscription->byes_sent == byes || consent_is_scarce(report->endpoint)
	          : subscription->paused)
		return;
	known = sender_clock_at(&stream->clock, worker->tsc, worker->tsc_hz, stream->clock_hz, &ntp,
	                        &rtp);
	if (!known && !ended)
		return;
	if (known && report->endpoint->unproven)
		moment_draw(worker, stream->clock_hz, &ntp, &rtp);
	if (known)
		sender_report_put(report, subscription, ntp, rtp);
	if (ended)
		subscription->byes_sent = byes;
	report->legs[report->n_legs++] =
	        (struct reported_leg){subscription, stream->endpoint, ended};
}

/* False: all subscriptions have had their turn, the round is over. */
static bool legs_put(struct report *report)
{
	const struct media *media = report->media_worker->media;
	struct endpoint *endpoint = report->endpoint;
	const struct endpoint_subscriptions *subscriptions =
	        __atomic_load_n(&endpoint->subscriptions, __ATOMIC_ACQUIRE);
	uint32_t room = report->blocks == 0 ? LEGS_PER_COMPOUND : LEGS_BESIDE_BLOCKS;
	uint32_t count = subscriptions == NULL ? 0 : subscriptions->count;

	if (consent_is_scarce(endpoint))
		room = 1;
	while (endpoint->rtcp_next < count) {
		uint32_t index = subscriptions->list[endpoint->rtcp_next].subscription;

		if (report->n_legs == room)
			return !consent_is_scarce(endpoint);
		endpoint->rtcp_next++;
		leg_put(report, &media->subscriptions[index]);
	}
	return false;
}

/* The compound was not sent: its BYEs are due again. */
static void byes_take_back(const struct report *report)
{
	for (uint32_t i = 0; i < report->n_legs; i++)
		if (report->legs[i].bye)
			report->legs[i].subscription->byes_sent--;
}

/* A publisher that has agreed to nothing else would stay at its start rate. */
static void remb_put(struct report *report)
{
	const struct worker *worker = report->media_worker->worker;
	struct endpoint *endpoint = report->endpoint;
	const struct endpoint_sources *sources =
	        __atomic_load_n(&endpoint->sources, __ATOMIC_ACQUIRE);
	uint64_t us = (worker->tsc - endpoint->remb_tsc) / (worker->tsc_hz / 1000000);
	uint32_t kbps;

	if (!(endpoint->feedback & SLUICE_FEEDBACK_REMB) || endpoint->transport != NULL ||
	    sources == NULL || report->blocks == 0)
		return;
	kbps = remb_next(&endpoint->remb, endpoint->rx_bytes - endpoint->remb_bytes, us,
	                 report->most_lost);
	endpoint->remb_tsc = worker->tsc;
	endpoint->remb_bytes = endpoint->rx_bytes;
	rtcp_put_remb(&report->writer, endpoint->rtcp_ssrc, kbps * (uint64_t)1000);
	for (uint32_t i = 0; i < RTE_MIN(sources->count, (uint32_t)REMB_SSRCS); i++) {
		uint32_t ssrc = __atomic_load_n(&sources->sources[i]->ssrc, __ATOMIC_RELAXED);

		if (ssrc != 0)
			rtcp_put_remb_ssrc(&report->writer, ssrc);
	}
	report->media_worker->counters[MEDIA_REMB_SENT]++;
}

static void names_put(struct report *report)
{
	const struct media *media = report->media_worker->media;

	rtcp_put_sdes(&report->writer);
	rtcp_put_self(&report->writer, media, report->endpoint);
	for (uint32_t i = 0; i < report->n_legs; i++)
		rtcp_put_publisher(&report->writer, media, report->legs[i].subscription->ssrc,
		                   report->legs[i].publisher);
	for (uint32_t i = 0; i < report->n_legs; i++)
		if (report->legs[i].bye)
			rtcp_put_bye(&report->writer, report->legs[i].subscription->ssrc);
	remb_put(report);
}

/* Between half a second and one and a half (RFC 3550, 6.3.1), so that endpoints do not fall into
 * step. */
static uint64_t next_due(const struct worker *worker)
{
	uint32_t ms = 500 + random_below(worker->random, 1000);

	return worker->tsc + worker->tsc_hz / 1000 * ms;
}

void rtcp_report(struct media_worker *media_worker, struct endpoint *endpoint)
{
	struct report report = {.media_worker = media_worker, .endpoint = endpoint};
	struct rte_mbuf *mbuf = NULL;
	bool more = false;

	if (!consent_is_spent(endpoint))
		mbuf = rtcp_begin(media_worker, endpoint, &report.writer);
	if (mbuf != NULL) {
		if (endpoint->rtcp_next == 0 && !consent_is_scarce(endpoint))
			blocks_put(&report);
		more = legs_put(&report);
	}
	if (!more) {
		endpoint->rtcp_next = 0;
		endpoint->rtcp_due = next_due(media_worker->worker);
		presence_look(media_worker, endpoint);
		viewer_rest(media_worker, (uint32_t)(endpoint - media_worker->media->endpoints));
	}
	if (report.blocks == 0 && report.n_legs == 0) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	/* the shorter it is, the sooner it may be sent (RFC 5506) */
	if (!consent_is_scarce(endpoint))
		names_put(&report);
	if (!rtcp_send(media_worker, endpoint, mbuf, &report.writer))
		byes_take_back(&report);
}

/* How many endpoints are to be looked at by now; 0: not yet. By time, not by calls: a worker that
 * is busy makes few of them. */
static uint32_t slice_due(struct rtcp_worker *rtcp, const struct worker *worker, uint32_t endpoints)
{
	uint64_t passed = RTE_MIN(worker->tsc - rtcp->slice_tsc, worker->tsc_hz);

	if (passed < worker->tsc_hz / 1000 * SLICE_MS)
		return 0;
	rtcp->slice_tsc = worker->tsc;
	return RTE_MIN(RTE_MAX(SLICE_MIN,
	                       (uint32_t)(passed * endpoints * ROUNDS_PER_SECOND / worker->tsc_hz)),
	               endpoints);
}

void rtcp_timers_run(struct media_worker *media_worker)
{
	struct media *media = media_worker->media;
	const struct worker *worker = media_worker->worker;
	uint32_t *next = &media_worker->rtcp->endpoint_next;
	uint32_t slice = slice_due(media_worker->rtcp, worker, media->max_endpoints);
	uint32_t compounds = COMPOUNDS_PER_RUN;

	while (slice != 0) {
		struct endpoint *endpoint = &media->endpoints[*next % media->max_endpoints + 1];
		struct endpoint *ahead =
		        &media->endpoints[(*next + SLICE_AHEAD) % media->max_endpoints + 1];

		rte_prefetch0(&ahead->live);
		rte_prefetch0(&ahead->rtcp_due);
		if (!__atomic_load_n(&endpoint->live, __ATOMIC_ACQUIRE) ||
		    endpoint->worker != worker->id || endpoint->rtcp_due > worker->tsc) {
			(*next)++;
			slice--;
			continue;
		}
		if (compounds-- == 0)
			return;
		rtcp_report(media_worker, endpoint);
	}
}
