/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/rtcp_receive.h"

#include "dataplane.h"
#include "media/ask.h"
#include "media/consent.h"
#include "media/feedback.h"
#include "media/key_frame.h"
#include "media/nack.h"
#include "media/presence.h"
#include "media/reception.h"
#include "media/rtcp_read.h"
#include "media/viewer.h"

/* The compound in hand. */
struct received {
	struct media_worker *media_worker;
	struct endpoint *endpoint;
	const struct endpoint_sources *sources;             /* or NULL */
	const struct endpoint_subscriptions *subscriptions; /* or NULL */
	uint32_t nack_budget;
	uint32_t lookups;  /* that are left */
	uint32_t statuses; /* of transport-wide feedback, that may be read yet */
	/* of the blocks about its subscriptions; most_lost: of 256 */
	bool reported;
	uint8_t most_lost;
};

static bool lookup_take(struct received *received)
{
	if (received->lookups == 0)
		return false;
	received->lookups--;
	return true;
}

/* 0: none. */
static uint32_t subscription_by_ssrc(struct received *received, uint32_t ssrc)
{
	const struct endpoint_subscriptions *subscriptions = received->subscriptions;
	uint32_t low = 0, high = subscriptions == NULL ? 0 : subscriptions->count, end = high;

	if (!lookup_take(received))
		return 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (subscriptions->list[middle].ssrc < ssrc)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && subscriptions->list[low].ssrc == ssrc
	               ? subscriptions->list[low].subscription
	               : 0;
}

/* NULL: not a stream's own SSRC. *index: its place. */
static struct stream *stream_by_ssrc(struct received *received, uint32_t ssrc, uint32_t *index)
{
	const struct endpoint_sources *sources = received->sources;

	if (!lookup_take(received))
		return NULL;
	for (uint32_t i = 0; sources != NULL && i < sources->count; i++) {
		const struct endpoint_source *source = sources->sources[i];

		if (source->rtx || __atomic_load_n(&source->ssrc, __ATOMIC_RELAXED) != ssrc)
			continue;
		*index = source->stream;
		return &received->media_worker->media->streams[source->stream];
	}
	return NULL;
}

static void unknown_count(const struct received *received)
{
	received->media_worker->counters[MEDIA_RTCP_UNKNOWN]++;
}

static void sender_take(struct received *received, const struct rtcp_report *report)
{
	uint64_t tsc = received->media_worker->worker->tsc;
	struct stream *stream;
	uint32_t index;

	stream = stream_by_ssrc(received, report->ssrc, &index);
	if (stream == NULL) {
		unknown_count(received);
		return;
	}
	sender_clock_write(&stream->clock, report->sender.ntp, report->sender.rtp, tsc);
	stream->clock_due = tsc + STREAM_CLOCK_SECONDS * received->media_worker->worker->tsc_hz;
	reception_sender_report(stream->reception, report->sender.ntp, tsc);
}

/* From our SR back to us, less what it lay at the subscriber (RFC 3550, 6.4.1). */
static void round_trip_take(const struct received *received, struct subscription *subscription,
                            const struct rtcp_block *block)
{
	const struct worker *worker = received->media_worker->worker;
	uint64_t passed = (worker->tsc - subscription->sr_tsc) / (worker->tsc_hz / 1000000);
	uint64_t lay = (uint64_t)block->dlsr * 1000000 >> 16;

	if (block->lsr == 0 || block->lsr != subscription->sr_middle || passed < lay)
		return;
	consent_prove(received->media_worker, received->endpoint, subscription);
	subscription->rtt_us = (uint32_t)RTE_MIN(RTE_MAX(passed - lay, 1u), UINT32_MAX);
}

/* About an SSRC that is none of its subscriptions': a repair stream's, or one that has just gone.
 */
static void block_take(struct received *received, const struct rtcp_block *block)
{
	const struct media *media = received->media_worker->media;
	const struct worker *worker = received->media_worker->worker;
	uint32_t index = subscription_by_ssrc(received, block->ssrc);
	struct subscription *subscription = &media->subscriptions[index];
	uint32_t clock_hz;

	if (index == 0)
		return;
	clock_hz =
	        media->streams[__atomic_load_n(&subscription->stream, __ATOMIC_RELAXED)].clock_hz;
	received->reported = true;
	received->most_lost = RTE_MAX(received->most_lost, block->fraction_lost);
	subscription->reported_lost = (uint32_t)RTE_MAX(block->lost, 0);
	subscription->fraction_lost = block->fraction_lost;
	if (clock_hz != 0)
		subscription->reported_jitter_us =
		        (uint32_t)RTE_MIN((uint64_t)block->jitter * 1000000 / clock_hz, UINT32_MAX);
	subscription->reported_tsc = worker->tsc;
	round_trip_take(received, subscription, block);
}

static int report_take(struct received *received, const struct rtcp_packet *packet)
{
	struct rtcp_report report;
	struct rtcp_block block;

	if (rtcp_report_read(packet, &report) != 0)
		return -EBADMSG;
	received->endpoint->reports = true;
	if (report.sent)
		sender_take(received, &report);
	for (uint8_t i = 0; i < report.blocks; i++) {
		rtcp_block_read(&report, i, &block);
		block_take(received, &block);
	}
	return 0;
}

/* NACK, and transport-wide feedback. */
static int transport_layer_take(struct received *received, const struct rtcp_packet *packet)
{
	struct rtcp_feedback feedback;
	uint32_t index;

	if (packet->count != RTCP_RTPFB_NACK && packet->count != RTCP_RTPFB_TRANSPORT)
		return 0;
	if (rtcp_feedback_read(packet, &feedback) != 0 || feedback.fci_length == 0)
		return -EBADMSG;
	if (packet->count == RTCP_RTPFB_TRANSPORT)
		return viewer_transport_take(received->media_worker, received->endpoint, &feedback,
		                             &received->statuses);
	index = subscription_by_ssrc(received, feedback.media);
	if (index == 0)
		unknown_count(received);
	else
		nack_answer(received->media_worker, index, &feedback, &received->nack_budget);
	return 0;
}

/* NULL: not one of the endpoint's subscriptions, which is counted. */
static struct subscription *asked_leg(struct received *received, uint32_t ssrc)
{
	uint32_t index = subscription_by_ssrc(received, ssrc);

	if (index != 0)
		return &received->media_worker->media->subscriptions[index];
	unknown_count(received);
	return NULL;
}

static void key_frame_take(const struct received *received, struct subscription *subscription)
{
	struct media_worker *media_worker = received->media_worker;

	subscription->key_frame_requests++;
	media_worker->counters[MEDIA_KEY_FRAME_ASKED]++;
	if (!__atomic_load_n(&subscription->paused, __ATOMIC_RELAXED))
		key_frame_ask(media_worker,
		              __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED));
}

static void pli_take(struct received *received, const struct rtcp_feedback *feedback)
{
	struct subscription *subscription = asked_leg(received, feedback->media);

	if (subscription != NULL)
		key_frame_take(received, subscription);
}

/* A command that is retransmitted, in case it got lost, keeps its number (RFC 5104, 4.3.1.2). */
static bool fir_is_new(struct subscription *subscription, uint32_t sender, uint8_t number)
{
	bool known = subscription->fir_known && subscription->fir_sender == sender &&
	             subscription->fir_number == number;

	subscription->fir_known = true;
	subscription->fir_sender = sender;
	subscription->fir_number = number;
	return !known;
}

static void fir_take(struct received *received, const struct rtcp_feedback *feedback, uint16_t i)
{
	uint8_t number;
	struct subscription *subscription =
	        asked_leg(received, rtcp_fir_read(feedback, i, &number));

	if (subscription != NULL && fir_is_new(subscription, feedback->sender, number))
		key_frame_take(received, subscription);
}

static int application_take(struct received *received, const struct rtcp_feedback *feedback)
{
	uint32_t kbps;
	int error = rtcp_remb_read(feedback, &kbps);

	if (error == 0)
		viewer_remb_take(received->media_worker, received->endpoint, kbps);
	return error == -EBADMSG ? error : 0;
}

/* PLI names the media in its header, FIR in its entries (RFC 5104, 4.3.1.2). */
static int payload_feedback_take(struct received *received, const struct rtcp_packet *packet)
{
	struct rtcp_feedback feedback;

	if (packet->count != RTCP_PSFB_PLI && packet->count != RTCP_PSFB_FIR &&
	    packet->count != RTCP_PSFB_APPLICATION)
		return 0;
	if (rtcp_feedback_read(packet, &feedback) != 0)
		return -EBADMSG;
	if (packet->count == RTCP_PSFB_APPLICATION)
		return application_take(received, &feedback);
	if (packet->count == RTCP_PSFB_PLI) {
		pli_take(received, &feedback);
		return 0;
	}
	if (feedback.fci_length == 0 || feedback.fci_length % RTCP_FIR_SIZE != 0)
		return -EBADMSG;
	for (uint16_t i = 0; i < feedback.fci_length / RTCP_FIR_SIZE; i++)
		fir_take(received, &feedback, i);
	return 0;
}

/* What a stream that comes and goes makes of that: the rest is told with the next reports. */
static bool bye_due(struct stream *stream, const struct worker *worker)
{
	if (stream->bye_told != 0 && worker->tsc - stream->bye_told < worker->tsc_hz)
		return false;
	stream->bye_told = worker->tsc;
	return true;
}

/* Each worker with subscriptions tells their subscribers: at once, but once a second at most. */
static void stream_end(const struct received *received, struct stream *stream, uint32_t index)
{
	const struct media_ask ask = {.stream = index, .kind = MEDIA_ASK_BYE};
	uint64_t workers = __atomic_load_n(&stream->workers, __ATOMIC_RELAXED);

	stream->ended_tsc = received->media_worker->worker->tsc;
	stream->source->ended = stream->source->learned;
	if (__atomic_load_n(&stream->ended, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&stream->byes, stream->byes + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&stream->ended, true, __ATOMIC_RELEASE);
	if (!bye_due(stream, received->media_worker->worker))
		return;
	for (; workers != 0; workers &= workers - 1)
		media_ask_to(received->media_worker, (uint16_t)__builtin_ctzll(workers), &ask);
}

static int bye_take(struct received *received, const struct rtcp_packet *packet)
{
	int sources = rtcp_bye_read(packet);

	for (int i = 0; i < sources; i++) {
		uint32_t index;
		struct stream *stream =
		        stream_by_ssrc(received, rtcp_bye_ssrc(packet, (uint8_t)i), &index);

		/* of a subscriber's own SSRC, that reported and sent nothing: no stream */
		if (stream != NULL)
			stream_end(received, stream, index);
	}
	return sources < 0 ? sources : 0;
}

/* What is missing here is passed over: SDES, APP, XR, and what is not known. */
static int (*const takes[])(struct received *, const struct rtcp_packet *) = {
        [RTCP_SR - RTCP_SR] = report_take,
        [RTCP_RR - RTCP_SR] = report_take,
        [RTCP_BYE - RTCP_SR] = bye_take,
        [RTCP_RTPFB - RTCP_SR] = transport_layer_take,
        [RTCP_PSFB - RTCP_SR] = payload_feedback_take,
};

static bool endpoint_pass(struct endpoint *endpoint, const struct worker *worker)
{
	uint64_t interval = worker->tsc_hz / RTCP_COMPOUNDS_PER_SECOND;

	if (endpoint->rtcp_pass_due > worker->tsc + RTCP_COMPOUNDS_BURST * interval)
		return false;
	endpoint->rtcp_pass_due = RTE_MAX(endpoint->rtcp_pass_due, worker->tsc) + interval;
	return true;
}

void rtcp_receive(struct media_worker *media_worker, struct endpoint *endpoint,
                  const uint8_t *compound, uint16_t length)
{
	struct received received = {
	        .media_worker = media_worker,
	        .endpoint = endpoint,
	        .sources = __atomic_load_n(&endpoint->sources, __ATOMIC_ACQUIRE),
	        .subscriptions = __atomic_load_n(&endpoint->subscriptions, __ATOMIC_ACQUIRE),
	        .nack_budget = NACKS_PER_COMPOUND,
	        .lookups = RTCP_LOOKUPS,
	        .statuses = VIEWER_STATUSES,
	};
	struct rtcp_cursor cursor = {compound, length};
	struct rtcp_packet packet;

	media_worker->counters[MEDIA_RTCP_RECEIVED]++;
	presence_heard(media_worker, endpoint);
	if (!endpoint_pass(endpoint, media_worker->worker)) {
		media_worker->counters[MEDIA_RTCP_RATE]++;
		return;
	}
	if (!rtcp_valid(compound, length)) {
		endpoint->malformed++;
		media_worker->counters[MEDIA_RTCP_MALFORMED]++;
		return;
	}
	while (rtcp_next(&cursor, &packet)) {
		uint8_t kind = packet.type - RTCP_SR;

		if (kind >= RTE_DIM(takes) || takes[kind] == NULL)
			continue;
		if (takes[kind](&received, &packet) == 0)
			continue;
		endpoint->malformed++;
		media_worker->counters[MEDIA_RTCP_MALFORMED]++;
	}
	if (received.reported)
		viewer_report_take(media_worker, endpoint, received.most_lost);
}
