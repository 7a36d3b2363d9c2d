/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What publishers send, through the whole graph and written by libsrtp2 alone: which indices are
 * new, whose they are, and what becomes of packets that lie.
 */
#include "media_fixture.h"

#include "graph/drop.h"
#include "media/bytes.h"
#include "media/config.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define VIDEO_SSRC 0x0a0a0a0au
#define AUDIO_SSRC 0x0b0b0b0bu
#define LEG_SSRC   0x2000u

struct call {
	struct media_scene *scene;
	struct party *publisher, *subscriber;
};

static int call_setup(void **state)
{
	static struct call call;

	call = (struct call){.scene = media_scene_create(2)};
	call.publisher = party_add(call.scene, "publisher", SLUICE_SRTP_GCM128);
	call.subscriber = party_add(call.scene, "subscriber", SLUICE_SRTP_CM80);
	*state = &call;
	return 0;
}

static int call_teardown(void **state)
{
	struct call *call = *state;

	assert_int_equal(call->subscriber->unreadable, 0);
	media_scene_destroy(call->scene);
	return 0;
}

static uint64_t dropped(const struct call *call, enum drop_reason reason)
{
	const struct dataplane *dp = call->scene->rig.dp;
	uint64_t sum = 0;

	for (uint16_t i = 0; i < dp->n_workers; i++)
		sum += dp->workers[i]->drops[reason];
	return sum;
}

static uint64_t counted(const struct call *call, enum media_counter counter)
{
	return media_counter_sum(call->scene->rig.dp, counter);
}

/* -- SRTCP -- */

/* A receiver report of `ssrc`; returns its length. */
static int report_write(struct call *call, uint8_t *packet, uint32_t ssrc)
{
	struct rtcp_writer writer = {.start = packet, .room = PARTY_MTU};

	rtcp_put_rr(&writer, ssrc);
	return party_protect(call->publisher, packet, rtcp_end(&writer));
}

static void each_sender_has_its_own_rtcp_indices(void **state)
{
	static const uint32_t ssrcs[] = {VIDEO_SSRC, AUDIO_SSRC};
	uint8_t packet[2][PARTY_MTU];
	struct call *call = *state;
	int length[2];

	for (uint32_t round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < 2; i++) {
			/* two of the one for each of the other: their indices drift apart */
			length[i] = report_write(call, packet[i], ssrcs[i]);
			if (i == 0)
				length[i] = report_write(call, packet[i], ssrcs[i]);
			party_send(call->scene, call->publisher, packet[i], length[i]);
		}
		if (round % 20 == 0)
			media_scene_pass(call->scene, 1000);
	}
	assert_int_equal(dropped(call, DROP_SRTP_REPLAY), 0);
	assert_int_equal(counted(call, MEDIA_RTCP_RECEIVED), 200);
	for (uint32_t i = 0; i < 2; i++)
		party_send(call->scene, call->publisher, packet[i], length[i]);
	assert_int_equal(dropped(call, DROP_SRTP_REPLAY), 2);
	assert_int_equal(counted(call, MEDIA_RTCP_RECEIVED), 200);
}

/* Nobody's indices are forgotten for another's: who has been heard can never be replayed. */
static void senders_of_rtcp_are_bounded(void **state)
{
	uint8_t first[PARTY_MTU], packet[PARTY_MTU];
	struct call *call = *state;
	int first_length = report_write(call, first, 1);

	party_send(call->scene, call->publisher, first, first_length);
	for (uint32_t ssrc = 2; ssrc <= SRTCP_SENDERS_MAX + 3; ssrc++)
		party_send(call->scene, call->publisher, packet, report_write(call, packet, ssrc));
	assert_int_equal(dropped(call, DROP_SRTCP_SENDERS), 3);
	assert_int_equal(counted(call, MEDIA_RTCP_RECEIVED), SRTCP_SENDERS_MAX);
	party_send(call->scene, call->publisher, first, first_length);
	assert_int_equal(dropped(call, DROP_SRTP_REPLAY), 1);
	/* one that is known is served on */
	party_send(call->scene, call->publisher, packet, report_write(call, packet, 1));
	assert_int_equal(counted(call, MEDIA_RTCP_RECEIVED), SRTCP_SENDERS_MAX + 1);
}

/* A forged compound takes nobody's place. */
static void forged_rtcp_is_not_remembered(void **state)
{
	uint8_t packet[PARTY_MTU];
	struct call *call = *state;

	for (uint32_t ssrc = 1; ssrc <= 2 * SRTCP_SENDERS_MAX; ssrc++) {
		int length = report_write(call, packet, ssrc);

		packet[length - 6] ^= 1;
		party_send(call->scene, call->publisher, packet, length);
	}
	assert_int_equal(dropped(call, DROP_SRTP_AUTH), 2 * SRTCP_SENDERS_MAX);
	party_send(call->scene, call->publisher, packet, report_write(call, packet, 1));
	assert_int_equal(counted(call, MEDIA_RTCP_RECEIVED), 1);
}

/* -- a stream's place -- */

static void stream_delete(struct call *call, const char *name)
{
	char why[SLUICE_API_ERROR_MAX] = "";

	if (media_stream_delete(call->scene->rig.dp->media, name, why) != 0)
		fail_msg("%s", why);
	media_collect_all(call->scene->rig.dp->media);
}

static void leg_switch(struct call *call, const char *to)
{
	struct sluice_subscription_switch change = {.stream = "video", .endpoint = "subscriber"};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(change.to, sizeof(change.to), "%s", to);
	if (media_subscription_switch(call->scene->rig.dp->media, &change, why) != 0)
		fail_msg("%s", why);
}

/* Packets of `ssrc` from `seq` on, without an echo in the queue: the sequence number that the last
 * one had at the subscriber. */
static uint16_t publish(struct call *call, uint32_t ssrc, uint16_t seq, uint32_t count)
{
	const struct party_packet *packet;
	uint16_t last = 0;

	for (; count != 0; count--, seq++)
		party_publish(call->scene, call->publisher, ssrc, seq, seq * 3000u);
	while ((packet = party_next(call->subscriber, false)) != NULL)
		last = read_be16(packet->bytes + 2);
	return last;
}

static uint16_t worker_of(const struct call *call, const struct party *party)
{
	const struct media *media = call->scene->rig.dp->media;

	return media->endpoints[endpoint_named(media, party->name)].worker;
}

/* One that the subscriber's worker serves, too. */
static struct party *neighbour_add(struct call *call)
{
	struct party *party;
	char name[16];

	do {
		snprintf(name, sizeof(name), "party%u", call->scene->n_parties);
		party = party_add(call->scene, name, SLUICE_SRTP_GCM128);
	} while (worker_of(call, party) != worker_of(call, call->subscriber));
	return party;
}

/* The subscriber had packets of a stream that is gone; another one has its place and numbers. What
 * the subscriber asks for is not the other one's. */
static void a_nack_does_not_reach_another_stream(void **state)
{
	struct call *call = *state;
	struct rtcp_writer writer;
	uint8_t room[PARTY_MTU];
	uint64_t wanted;
	uint32_t place;

	stream_add(call->scene, "video", call->publisher, VIDEO_SSRC, 90000);
	stream_add(call->scene, "other", call->publisher, AUDIO_SSRC, 90000);
	place = stream_named(call->scene->rig.dp->media, "other");
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
	publish(call, VIDEO_SSRC, 1, 5);
	leg_switch(call, "other");
	wanted = publish(call, AUDIO_SSRC, 100, 5);
	leg_switch(call, "video");
	publish(call, VIDEO_SSRC, 6, 5);
	stream_delete(call, "other");
	/* places go round: until the secret one has that of the stream that the leg once had */
	for (;;) {
		stream_add(call->scene, "secret", call->publisher, 0x5ec7e7, 90000);
		if (stream_named(call->scene->rig.dp->media, "secret") == place)
			break;
		stream_delete(call, "secret");
	}
	subscription_add(call->scene, "secret", neighbour_add(call), 0x3000, 0);
	publish(call, 0x5ec7e7, 100, 5);
	writer = (struct rtcp_writer){.start = room, .room = sizeof(room)};
	rtcp_put_rr(&writer, 77);
	rtcp_put_nack(&writer, 77, LEG_SSRC, &wanted, 1);
	party_report(call->scene, call->subscriber, &writer);
	media_scene_pass(call->scene, 20);
	assert_null(party_next(call->subscriber, false));
	assert_int_equal(counted(call, MEDIA_NACK_REFUSED), 1);
	assert_int_equal(counted(call, MEDIA_RETRANSMITTED), 0);
}

/* -- rollovers -- */

struct datagram {
	uint8_t bytes[PARTY_MTU];
	int length;
};

static void datagram_write(struct call *call, struct datagram *datagram, uint32_t ssrc,
                           uint16_t seq)
{
	memset(datagram->bytes, 0, RTP_HEADER_SIZE + 50);
	datagram->bytes[0] = RTP_VERSION << 6;
	datagram->bytes[1] = 96;
	write_be16(datagram->bytes + 2, seq);
	write_be32(datagram->bytes + 4, seq);
	write_be32(datagram->bytes + 8, ssrc);
	datagram->length = party_protect(call->publisher, datagram->bytes, RTP_HEADER_SIZE + 50);
}

static void datagram_send(struct call *call, const struct datagram *datagram)
{
	party_send(call->scene, call->publisher, datagram->bytes, datagram->length);
}

/* True: the packet went on. */
static bool passes(struct call *call, const struct datagram *datagram)
{
	uint64_t before = counted(call, MEDIA_FORWARDED);

	datagram_send(call, datagram);
	party_forget(call->subscriber);
	return counted(call, MEDIA_FORWARDED) == before + 1;
}

/* The publisher sends on, and nobody hears it: its ROC is `rollovers` higher. */
static void unheard(struct call *call, uint32_t ssrc, uint16_t *seq, uint32_t rollovers)
{
	struct datagram datagram;

	for (uint32_t i = 0; i < rollovers * 4; i++) {
		*seq += 0x4000;
		datagram_write(call, &datagram, ssrc, *seq);
	}
}

static void video_add(struct call *call)
{
	stream_add(call->scene, "video", call->publisher, VIDEO_SSRC, 90000);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
}

/* What a network still holds; length 0: nothing. */
struct network {
	struct datagram held[7];
	uint32_t random, lost, sent;
};

static void network_release(struct call *call, struct network *network, struct datagram *held)
{
	if (held->length == 0)
		return;
	assert_true(passes(call, held));
	network->sent++;
	held->length = 0;
}

static void network_flush(struct call *call, struct network *network)
{
	for (size_t i = 0; i < RTE_DIM(network->held); i++)
		network_release(call, network, &network->held[i]);
}

/* In the place of one that leaves now; one of five is lost. */
static void network_put(struct call *call, struct network *network, uint16_t seq)
{
	struct datagram *held;

	network->random = network->random * 1664525 + 1013904223;
	held = &network->held[(network->random >> 8) % RTE_DIM(network->held)];
	network_release(call, network, held);
	datagram_write(call, held, VIDEO_SSRC, seq);
	if ((network->random >> 16) % 5 != 0)
		return;
	held->length = 0;
	network->lost++;
}

/* Three of them, as a bad network brings them: everything that is not lost goes on, once. */
static void rollovers_with_loss_and_reordering(void **state)
{
	enum { BESIDE = 400 };
	struct call *call = *state;
	struct network network = {.random = 1};
	const struct stream *video;

	video_add(call);
	video = &call->scene->rig.dp->media
	                 ->streams[stream_named(call->scene->rig.dp->media, "video")];
	for (uint32_t wrap = 1 << 16; wrap <= 3 << 16; wrap += 1 << 16) {
		for (uint32_t index = wrap - BESIDE; index < wrap + BESIDE; index++)
			network_put(call, &network, (uint16_t)index);
		network_flush(call, &network);
		assert_int_equal(video->source->window.highest >> 16, wrap >> 16);
		/* to the next one in leaps that a receiver can follow */
		for (uint32_t index = wrap + 0x4000; index < wrap + 0xf000; index += 0x4000) {
			network_put(call, &network, (uint16_t)index);
			network_flush(call, &network);
		}
	}
	assert_in_range(network.lost, 300, 700);
	assert_int_equal(dropped(call, DROP_SRTP_AUTH), 0);
	assert_int_equal(counted(call, MEDIA_FORWARDED), network.sent);
}

static void a_stream_that_comes_back_goes_on(void **state)
{
	struct call *call = *state;
	struct datagram first, later, next;
	uint16_t seq = 100;

	video_add(call);
	datagram_write(call, &first, VIDEO_SSRC, seq);
	assert_true(passes(call, &first));
	for (int i = 0; i < 5 * 4; i++) {
		seq += 0x4000;
		datagram_write(call, &later, VIDEO_SSRC, seq);
		assert_true(passes(call, &later));
	}
	for (int round = 0; round < 2; round++) {
		stream_delete(call, "video");
		video_add(call);
		/* what came before is not new, of ROC 0 or of this one */
		assert_false(passes(call, &first));
		assert_false(passes(call, &later));
		datagram_write(call, &next, VIDEO_SSRC, ++seq);
		assert_true(passes(call, &next));
		assert_false(passes(call, &first));
		assert_false(passes(call, &later));
		assert_false(passes(call, &next));
		later = next;
	}
}

/* A publisher that begins anew with its endpoint: under the same key, from the first number. */
static void an_endpoint_that_comes_back_begins_anew(void **state)
{
	struct call *call = *state;
	struct datagram first, next;
	char why[SLUICE_API_ERROR_MAX];

	video_add(call);
	datagram_write(call, &first, VIDEO_SSRC, 100);
	assert_true(passes(call, &first));
	datagram_write(call, &next, VIDEO_SSRC, 5000);
	assert_true(passes(call, &next));
	assert_int_equal(media_endpoint_delete(call->scene->rig.dp->media, "publisher", why), 0);
	assert_int_equal(
	        media_endpoint_add(call->scene->rig.dp->media, &call->publisher->endpoint, 0, why),
	        0);
	video_add(call);
	assert_true(passes(call, &first));
	assert_false(passes(call, &first));
}

/* Packets until one passes; 0: none did. */
static uint32_t tries_until(struct call *call, uint16_t *seq, uint32_t most)
{
	struct datagram next;

	for (uint32_t tries = 1; tries <= most; tries++) {
		datagram_write(call, &next, VIDEO_SSRC, ++*seq);
		if (passes(call, &next))
			return tries;
	}
	return 0;
}

/* The same where nobody has named the SSRC. */
static void an_unnamed_stream_that_comes_back_goes_on(void **state)
{
	struct call *call = *state;
	struct datagram first, next;
	uint16_t seq = 100;

	for (int round = 0; round < 3; round++) {
		stream_add(call->scene, "video", call->publisher, 0, 90000);
		subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
		if (round != 0)
			assert_false(passes(call, &first));
		datagram_write(call, &next, VIDEO_SSRC, ++seq);
		if (round == 0) {
			first = next;
			assert_true(passes(call, &next));
		} else {
			assert_int_not_equal(tries_until(call, &seq, 2), 0);
		}
		assert_false(passes(call, &first));
		for (int i = 0; i < 4; i++) {
			seq += 0x4000;
			datagram_write(call, &next, VIDEO_SSRC, seq);
			assert_true(passes(call, &next));
		}
		stream_delete(call, "video");
	}
}

/* The publisher goes on while the stream, or the whole plane, is not there. */
static void a_rollover_that_nobody_saw_is_found(void **state)
{
	struct call *call = *state;
	struct datagram old, next;
	uint16_t seq = 100;

	datagram_write(call, &old, VIDEO_SSRC, seq);
	unheard(call, VIDEO_SSRC, &seq, 9);
	video_add(call);
	assert_int_equal(tries_until(call, &seq, 100), SRTP_WINDOW_PATIENCE + 2 * 9);
	assert_int_equal(dropped(call, DROP_SRTP_AUTH), SRTP_WINDOW_PATIENCE + 2 * 9 - 1);
	assert_int_equal(tries_until(call, &seq, 1), 1);
	assert_false(passes(call, &old));
	/* ahead of what is remembered, and half of the circle away from it */
	stream_delete(call, "video");
	unheard(call, VIDEO_SSRC, &seq, 3);
	datagram_write(call, &next, VIDEO_SSRC, seq += 0x7000);
	video_add(call);
	assert_int_not_equal(tries_until(call, &seq, SRTP_WINDOW_PATIENCE + 2 * 4), 0);
	assert_false(passes(call, &old));
}

/* An outage over which the rollover counter cannot be guessed: it is looked for again, and nothing
 * of what came before is new. */
static void a_rollover_is_searched_again(void **state)
{
	static const struct {
		uint32_t lost, tries; /* packets; until the first one passes */
	} rows[] = {{33000, 1}, {60000, 12}, {65536, 1100}, {70000, 12}, {150000, 14}, {5, 1}};
	struct call *call = *state;
	struct datagram old, next;
	uint16_t seq = 100;

	video_add(call);
	for (int i = 0; i < 8; i++) {
		datagram_write(call, &old, VIDEO_SSRC, seq += 0x4000);
		assert_true(passes(call, &old));
	}
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint32_t left = rows[i].lost, step;

		for (; left != 0; left -= step) {
			step = RTE_MIN(left, 0x4000u);
			datagram_write(call, &next, VIDEO_SSRC, seq += step);
		}
		media_scene_pass(call->scene, 1010);
		assert_false(passes(call, &old));
		assert_in_range(tries_until(call, &seq, rows[i].tries), 1, rows[i].tries);
		assert_false(passes(call, &old));
		assert_int_equal(tries_until(call, &seq, 1), 1);
	}
}

/* While a source pauses, forgeries cost it one packet more. */
static void forgeries_do_not_keep_a_pause_from_ending(void **state)
{
	struct call *call = *state;
	struct datagram forged;
	uint16_t seq = 30000;

	video_add(call);
	assert_int_equal(tries_until(call, &seq, 1), 1);
	media_scene_pass(call->scene, 1010);
	datagram_write(call, &forged, VIDEO_SSRC, ++seq);
	forged.bytes[20] ^= 1;
	for (int i = 0; i < 77; i++) {
		write_be16(forged.bytes + 2, (uint16_t)(777 * i));
		assert_false(passes(call, &forged));
	}
	assert_in_range(tries_until(call, &seq, 2), 1, 2);
	assert_int_equal(tries_until(call, &seq, 1), 1);
}

/* Who has no key makes a publisher that begins wait for no more than the next try. */
static void forgeries_do_not_keep_a_publisher_out(void **state)
{
	struct call *call = *state;
	struct datagram forged, good;
	uint16_t seq = 100;

	video_add(call);
	for (int i = 0; i < 77; i++) {
		datagram_write(call, &forged, VIDEO_SSRC, (uint16_t)(3 * i));
		forged.bytes[20] ^= 1;
		assert_false(passes(call, &forged));
	}
	srtp_remove_stream(call->publisher->tx, htonl(VIDEO_SSRC));
	for (int i = 0; i < 2; i++)
		datagram_write(call, &good, VIDEO_SSRC, ++seq);
	assert_in_range(tries_until(call, &seq, 2), 1, 2);
}

/* -- RTX -- */

#define RTX_UP_SSRC 0x0c0c0c0cu
#define RTX_PT      97
#define APT         100 /* the stream goes on with another payload type meanwhile: 96 */

static void rtx_stream_add(struct call *call, bool apt)
{
	struct sluice_stream stream = {
	        .name = "video",
	        .endpoint = "publisher",
	        .ssrc = VIDEO_SSRC,
	        .rtx_ssrc = RTX_UP_SSRC,
	        .rtx_pt = RTX_PT,
	        .rtx_apt = APT,
	        .rtx_apt_given = apt,
	};
	char why[SLUICE_API_ERROR_MAX] = "";

	if (media_stream_add(call->scene->rig.dp->media, &stream, 0, why) != 0)
		fail_msg("%s", why);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
}

/* `first`, and then payload under the RTX SSRC. */
static int rtx_write(uint8_t *packet, uint8_t first, uint16_t seq, uint32_t timestamp,
                     const uint8_t *payload, int length)
{
	packet[0] = first;
	packet[1] = RTX_PT;
	write_be16(packet + 2, seq);
	write_be32(packet + 4, timestamp);
	write_be32(packet + 8, RTX_UP_SSRC);
	memcpy(packet + RTP_HEADER_SIZE, payload, (size_t)length);
	return RTP_HEADER_SIZE + length;
}

static void rtx_send(struct call *call, uint8_t first, uint16_t seq, uint32_t timestamp,
                     const uint8_t *payload, int length)
{
	uint8_t packet[PARTY_MTU];

	length = rtx_write(packet, first, seq, timestamp, payload, length);
	party_send(call->scene, call->publisher, packet,
	           party_protect(call->publisher, packet, length));
}

/* A repeat of `osn` whose payload is what it says. */
static void repeat_send(struct call *call, uint16_t seq, uint16_t osn)
{
	uint8_t payload[] = {osn >> 8, (uint8_t)osn, 'r', 'e', 'p', 'e', 'a', 't'};

	rtx_send(call, RTP_VERSION << 6, seq, osn * 3000u, payload, sizeof(payload));
}

static uint32_t received(struct call *call)
{
	uint32_t count = 0;

	while (party_next(call->subscriber, false) != NULL)
		count++;
	return count;
}

/* As libwebrtc does: P, zeros, and their count in the last byte. The media beside them go on. */
static void padding_probes_are_no_repeats(void **state)
{
	struct call *call = *state;
	uint16_t seq = 40000, probe = 7;

	rtx_stream_add(call, false);
	publish(call, VIDEO_SSRC, seq, 3);
	for (uint32_t round = 0; round < 50; round++) {
		for (int length = 1; length <= 224; length += 31) {
			uint8_t payload[224] = {0};

			payload[length - 1] = (uint8_t)length;
			rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, probe++, 0, payload,
			         length);
		}
		publish(call, VIDEO_SSRC, (uint16_t)(seq + 3 + round), 1);
	}
	assert_int_equal(dropped(call, DROP_RTX_PADDING), 50 * 8);
	assert_int_equal(dropped(call, DROP_SRTP_OLD), 0);
	assert_int_equal(counted(call, MEDIA_FORWARDED), 53);
}

static void rtx_that_lies_is_refused(void **state)
{
	static const uint8_t none[] = {0, 0, 0, 0}, one[] = {1, 2, 3, 3}, three[] = {1, 2, 3, 9},
	                     much[] = {1, 2, 3, 5};
	struct call *call = *state;

	rtx_stream_add(call, false);
	repeat_send(call, 1, 100); /* of nothing */
	assert_int_equal(dropped(call, DROP_RTX_AHEAD), 1);
	publish(call, VIDEO_SSRC, 100, 3);
	/* padding that is more than there is, or none, or all but one byte of the number */
	rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, 2, 0, none, sizeof(none));
	rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, 3, 0, one, sizeof(one));
	rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, 4, 0, three, sizeof(three));
	rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, 5, 0, much, sizeof(much));
	assert_int_equal(dropped(call, DROP_RTX_PADDING), 4);
	rtx_send(call, RTP_VERSION << 6, 6, 0, one, 1);
	rtx_send(call, RTP_VERSION << 6, 7, 0, one, 0);
	assert_int_equal(dropped(call, DROP_RTP_MALFORMED), 2);
	repeat_send(call, 8, 102 + 257); /* ahead by too much, by half of the circle */
	repeat_send(call, 9, 102 + 0x7fff);
	assert_int_equal(dropped(call, DROP_RTX_AHEAD), 3);
	repeat_send(call, 10, 101); /* it came */
	assert_int_equal(dropped(call, DROP_SRTP_REPLAY), 1);
	publish(call, VIDEO_SSRC, 103, 2);
	assert_int_equal(counted(call, MEDIA_FORWARDED), 5);
}

/* It saves a round trip where its original is lost, and is that where it is late. */
static void rtx_ahead_of_its_original_is_taken(void **state)
{
	struct call *call = *state;

	rtx_stream_add(call, false);
	publish(call, VIDEO_SSRC, 100, 3);
	received(call);
	repeat_send(call, 1, 104);
	assert_int_equal(received(call), 1);
	publish(call, VIDEO_SSRC, 103, 3); /* 104 has come */
	assert_int_equal(counted(call, MEDIA_FORWARDED), 3 + 1 + 2);
	assert_int_equal(dropped(call, DROP_SRTP_REPLAY), 1);
	assert_int_equal(dropped(call, DROP_RTX_AHEAD), 0);
	publish(call, VIDEO_SSRC, 106, 2);
	assert_int_equal(counted(call, MEDIA_FORWARDED), 8);
}

/* Of two that are repeated as asked for, before and behind the wrap. */
static void repeats_check(struct call *call, uint8_t payload_type)
{
	const uint16_t base = 65533;

	publish(call, VIDEO_SSRC, base, 2);
	publish(call, VIDEO_SSRC, (uint16_t)(base + 4), 2);
	received(call);
	for (uint16_t i = 2; i < 4; i++) {
		const struct party_packet *packet;

		repeat_send(call, i, (uint16_t)(base + i));
		packet = party_next(call->subscriber, false);
		assert_non_null(packet);
		assert_int_equal(packet->bytes[1], payload_type);
		assert_int_equal(read_be32(packet->bytes + 4), (uint16_t)(base + i) * 3000u);
		assert_int_equal(packet->length, RTP_HEADER_SIZE + 6);
		assert_memory_equal(packet->bytes + RTP_HEADER_SIZE, "repeat", 6);
	}
}

static void a_repeat_has_the_last_payload_type(void **state)
{
	rtx_stream_add(*state, false);
	repeats_check(*state, 96);
}

static void a_repeat_has_the_payload_type_told(void **state)
{
	rtx_stream_add(*state, true);
	repeats_check(*state, APT);
}

/* Padding behind a payload goes on with it. */
static void a_repeat_may_have_padding(void **state)
{
	static const uint8_t payload[] = {0, 101, 'a', 'b', 0, 2};
	struct call *call = *state;
	const struct party_packet *packet;

	rtx_stream_add(call, false);
	publish(call, VIDEO_SSRC, 100, 1);
	publish(call, VIDEO_SSRC, 102, 1);
	received(call);
	rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, 1, 101 * 3000, payload, sizeof(payload));
	packet = party_next(call->subscriber, false);
	assert_non_null(packet);
	assert_int_equal(packet->bytes[0], RTP_VERSION << 6 | RTP_PADDING_BIT);
	assert_memory_equal(packet->bytes + RTP_HEADER_SIZE, payload + 2, 4);
}

static void the_row_has_what_rtx_is_refused_for(void **state)
{
	static const uint8_t payload[] = {0, 101, 'a'};
	struct call *call = *state;
	struct sluice_stream_row row;
	uint8_t packet[PARTY_MTU];
	uint32_t cursor = 0;
	int length;

	rtx_stream_add(call, false);
	publish(call, VIDEO_SSRC, 100, 1);
	publish(call, VIDEO_SSRC, 102, 1);
	length = rtx_write(packet, RTP_VERSION << 6, 1, 0, payload, sizeof(payload));
	length = party_protect(call->publisher, packet, length);
	for (int i = 0; i < 3; i++)
		party_send(call->scene, call->publisher, packet, length);
	packet[3]++;
	for (int i = 0; i < 4; i++)
		party_send(call->scene, call->publisher, packet, length);
	assert_int_equal(media_stream_show(call->scene->rig.dp->media, NULL, &cursor, &row, 1), 1);
	assert_int_equal(row.packets, 3);
	assert_int_equal(row.repaired, 0);
	assert_int_equal(row.replayed, 2);
	assert_int_equal(row.auth_failed, 4);
}

/* -- the end, and what follows -- */

static void bye(struct call *call, uint32_t ssrc)
{
	uint8_t room[PARTY_MTU];
	struct rtcp_writer writer = {.start = room, .room = sizeof(room)};

	rtcp_put_rr(&writer, ssrc);
	rtcp_put_bye(&writer, ssrc);
	party_report(call->scene, call->publisher, &writer);
}

static bool row_ended(struct call *call)
{
	struct sluice_stream_row row;
	uint32_t cursor = 0;

	assert_int_equal(media_stream_show(call->scene->rig.dp->media, NULL, &cursor, &row, 1), 1);
	return row.ended;
}

/* The network turns the BYE and the last packets round: the legs hear of the end all the same. */
static void a_bye_may_overtake_packets(void **state)
{
	struct call *call = *state;

	video_add(call);
	publish(call, VIDEO_SSRC, 1, 3);
	assert_false(row_ended(call));
	bye(call, VIDEO_SSRC);
	for (uint16_t seq = 4; seq < 6; seq++)
		party_publish(call->scene, call->publisher, VIDEO_SSRC, seq, seq * 3000u);
	assert_true(row_ended(call));
	media_scene_pass(call->scene, 10);
	assert_int_equal(party_count(call->subscriber, RTCP_BYE, 1, NULL), 1);
	/* and then it goes on */
	media_scene_pass(call->scene, 200);
	publish(call, VIDEO_SSRC, 6, 1);
	assert_false(row_ended(call));
	assert_int_equal(counted(call, MEDIA_FORWARDED), 6);
}

static void unnamed_add(struct call *call)
{
	stream_add(call->scene, "video", call->publisher, 0, 90000);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
}

/* A stream without a name takes the publisher's next SSRC when the last one has said BYE, however
 * often, and nothing of that again. */
static void another_ssrc_follows_a_bye(void **state)
{
	struct call *call = *state;
	struct datagram old, next;
	uint32_t ssrc = 0x1001;
	uint64_t unknown;
	uint16_t last, seq;

	unnamed_add(call);
	datagram_write(call, &old, ssrc, 500);
	assert_true(passes(call, &old));
	last = publish(call, ssrc, 501, 5);
	for (int round = 0; round < 3 * SOURCE_FORMERS_MAX; round++, ssrc++) {
		datagram_write(call, &next, ssrc + 1, 7);
		unknown = dropped(call, DROP_MEDIA_NO_STREAM);
		assert_false(passes(call, &next));
		assert_int_equal(dropped(call, DROP_MEDIA_NO_STREAM), unknown + 1);
		bye(call, ssrc);
		/* lower numbers of another numbering: new all the same, and in order */
		seq = publish(call, ssrc + 1, 10, 3);
		assert_int_equal(seq, (uint16_t)(last + 3));
		last = seq;
		assert_false(row_ended(call));
		assert_false(passes(call, &old));
	}
}

/* The same where nobody hears a BYE: once the last one has been silent. */
static void another_ssrc_follows_silence(void **state)
{
	struct call *call = *state;
	struct datagram next, old;
	uint16_t last, seq;

	unnamed_add(call);
	datagram_write(call, &old, 0x1001, 500);
	assert_true(passes(call, &old));
	last = publish(call, 0x1001, 501, 5);
	for (uint32_t ssrc = 0x1002; ssrc < 0x1002 + 2 * SOURCE_FORMERS_MAX; ssrc++) {
		media_scene_pass(call->scene, 150);
		datagram_write(call, &next, ssrc, 7);
		assert_false(passes(call, &next));
		media_scene_pass(call->scene, 60);
		seq = publish(call, ssrc, 10, 3);
		assert_int_equal(seq, (uint16_t)(last + 3));
		last = seq;
		assert_false(passes(call, &old));
		media_scene_pass(call->scene, 210);
		assert_false(passes(call, &old));
		publish(call, ssrc, 13, 1);
		last++;
	}
}

/* Another payload type may be another stream's: it waits for longer. */
static void rtx_that_nobody_named_does_not_follow(void **state)
{
	struct call *call = *state;
	struct datagram next;
	uint8_t packet[PARTY_MTU];
	static const uint8_t payload[] = {0, 1, 'a'};
	uint64_t forwarded;
	int length;

	unnamed_add(call);
	publish(call, 0x1001, 1, 3);
	media_scene_pass(call->scene, 300);
	length = rtx_write(packet, RTP_VERSION << 6, 1, 0, payload, sizeof(payload));
	forwarded = counted(call, MEDIA_FORWARDED);
	party_send(call->scene, call->publisher, packet,
	           party_protect(call->publisher, packet, length));
	assert_int_equal(counted(call, MEDIA_FORWARDED), forwarded);
	datagram_write(call, &next, 0x1001, 4);
	assert_true(passes(call, &next));
}

/* All that it was sent lately is repeated, whatever the numbering went through meanwhile. */
static void spans_are_repeated_from(void **state)
{
	enum { PACKETS = 20 };
	struct call *call = *state;
	struct rtcp_writer writer;
	struct party_packet sent[PACKETS];
	const struct party_packet *packet;
	uint8_t room[PARTY_MTU];
	uint64_t wanted[PACKETS];

	stream_add(call->scene, "video", call->publisher, 0, 90000);
	stream_add(call->scene, "other", call->publisher, AUDIO_SSRC, 90000);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
	for (uint32_t i = 0; i < PACKETS; i += 4) {
		uint32_t ssrc = i == 8 ? AUDIO_SSRC : VIDEO_SSRC + i;

		leg_switch(call, i == 8 ? "other" : "video");
		for (uint32_t j = 0; j < 4; j++)
			party_publish(call->scene, call->publisher, ssrc,
			              (uint16_t)(30000 - i + j / 2 * 10000 + j), 0);
		if (i != 8)
			bye(call, ssrc);
	}
	for (uint32_t i = 0; i < PACKETS; i++) {
		packet = party_next(call->subscriber, false);
		assert_non_null(packet);
		sent[i] = *packet;
		wanted[i] = read_be16(packet->bytes + 2);
		assert_int_equal(wanted[i], wanted[0] + i);
	}
	srtp_remove_stream(call->subscriber->rx, htonl(LEG_SSRC));
	writer = (struct rtcp_writer){.start = room, .room = sizeof(room)};
	rtcp_put_rr(&writer, 77);
	rtcp_put_nack(&writer, 77, LEG_SSRC, wanted, PACKETS);
	party_report(call->scene, call->subscriber, &writer);
	media_scene_pass(call->scene, 20);
	for (uint32_t i = 0; i < PACKETS; i++) {
		packet = party_next(call->subscriber, false);
		assert_non_null(packet);
		assert_int_equal(packet->length, sent[i].length);
		assert_memory_equal(packet->bytes, sent[i].bytes, packet->length);
	}
}

/* Nothing that was recorded of an SSRC comes in when that is over, or comes back. */
static void a_former_ssrc_is_not_replayed(void **state)
{
	struct call *call = *state;
	struct datagram old, next;

	stream_add(call->scene, "video", call->publisher, 0, 90000);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
	datagram_write(call, &old, 0x1001, 500);
	assert_true(passes(call, &old));
	bye(call, 0x1001);
	assert_false(passes(call, &old));
	datagram_write(call, &next, 0x1002, 500);
	assert_true(passes(call, &next));
	bye(call, 0x1002);
	assert_false(passes(call, &old));
	assert_false(passes(call, &old));
	datagram_write(call, &next, 0x1001, 501);
	assert_true(passes(call, &next));
	assert_false(passes(call, &old));
	/* nor after the stream's end, under any name that it had */
	stream_delete(call, "video");
	stream_add(call->scene, "video", call->publisher, 0, 90000);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
	assert_false(passes(call, &old));
	assert_false(passes(call, &next));
	datagram_write(call, &next, 0x1001, 502);
	assert_true(passes(call, &next));
}

/* A stream whose SSRC was given keeps it. */
static void a_named_stream_keeps_its_ssrc(void **state)
{
	struct call *call = *state;
	struct datagram next;

	video_add(call);
	publish(call, VIDEO_SSRC, 1, 3);
	bye(call, VIDEO_SSRC);
	datagram_write(call, &next, AUDIO_SSRC, 7);
	assert_false(passes(call, &next));
	assert_int_equal(dropped(call, DROP_MEDIA_NO_STREAM), 1);
}

/* -- MKI -- */

static const uint8_t mki[] = {0xc0, 0xff, 0xee};

/* Behind the tag with GCM, in front of it with the others (RFC 7714, 8.2 and 9; RFC 3711, 3.1). */
static int mki_last(uint8_t profile, bool rtcp, int length)
{
	const struct srtp_profile_info *info = &srtp_profiles[profile];

	if (info->aead)
		return length - 1;
	return length - 1 - (rtcp ? info->rtcp_tag_length : info->tag_length);
}

static void mki_check(uint8_t profile)
{
	struct call call = {.scene = media_scene_create(2)};
	struct datagram datagram, cut;
	int length;

	call.publisher = party_add_mki(call.scene, "publisher", profile, mki, sizeof(mki));
	call.subscriber = party_add_mki(call.scene, "subscriber", profile, mki, 1);
	video_add(&call);
	datagram_write(&call, &datagram, VIDEO_SSRC, 1);
	for (cut = datagram, cut.length = 0; cut.length < datagram.length; cut.length++)
		assert_false(passes(&call, &cut));
	cut = datagram;
	cut.bytes[mki_last(profile, false, cut.length)] ^= 1;
	assert_false(passes(&call, &cut));
	datagram_write(&call, &datagram, VIDEO_SSRC, 2);
	assert_true(passes(&call, &datagram));
	assert_int_equal(call.subscriber->unreadable, 0);
	length = report_write(&call, datagram.bytes, VIDEO_SSRC);
	for (int i = 0; i < length; i++)
		party_send(call.scene, call.publisher, datagram.bytes, i);
	assert_int_equal(counted(&call, MEDIA_RTCP_RECEIVED), 0);
	datagram.bytes[mki_last(profile, true, length)] ^= 1;
	party_send(call.scene, call.publisher, datagram.bytes, length);
	assert_int_equal(counted(&call, MEDIA_RTCP_RECEIVED), 0);
	datagram.bytes[mki_last(profile, true, length)] ^= 1;
	party_send(call.scene, call.publisher, datagram.bytes, length);
	assert_int_equal(counted(&call, MEDIA_RTCP_RECEIVED), 1);
	media_scene_destroy(call.scene);
}

static void packets_carry_their_mki(void **state)
{
	for (uint8_t profile = 0; profile < SLUICE_SRTP_PROFILES; profile++)
		mki_check(profile);
}

/* -- extensions -- */

static void an_extension_that_overruns_is_counted(void **state)
{
	static const uint8_t extensions[][8] = {{0xbe, 0xde, 0, 1, 0x10, 'a', 0, 0},
	                                        {0xbe, 0xde, 0, 1, 0x10, 'a', 0x12, 'b'}};
	struct call *call = *state;
	uint8_t packet[PARTY_MTU] = {RTP_VERSION << 6 | 0x10, 96};

	video_add(call);
	for (uint16_t i = 0; i < 2; i++) {
		write_be16(packet + 2, i);
		write_be32(packet + 8, VIDEO_SSRC);
		memcpy(packet + RTP_HEADER_SIZE, extensions[i], 8);
		memset(packet + RTP_HEADER_SIZE + 8, 0, 20);
		party_send(call->scene, call->publisher, packet,
		           party_protect(call->publisher, packet, RTP_HEADER_SIZE + 8 + 20));
		assert_int_equal(counted(call, MEDIA_EXT_TRUNCATED), i);
	}
	assert_int_equal(counted(call, MEDIA_FORWARDED), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)

static int eal_setup(void **state)
{
	return srtp_init() == srtp_err_status_ok ? rig_eal("media_receive", 256, false) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(each_sender_has_its_own_rtcp_indices),
	        TEST(senders_of_rtcp_are_bounded),
	        TEST(forged_rtcp_is_not_remembered),
	        TEST(a_nack_does_not_reach_another_stream),
	        TEST(spans_are_repeated_from),
	        TEST(rollovers_with_loss_and_reordering),
	        TEST(a_stream_that_comes_back_goes_on),
	        TEST(an_endpoint_that_comes_back_begins_anew),
	        TEST(an_unnamed_stream_that_comes_back_goes_on),
	        TEST(a_rollover_that_nobody_saw_is_found),
	        TEST(a_rollover_is_searched_again),
	        TEST(forgeries_do_not_keep_a_publisher_out),
	        TEST(forgeries_do_not_keep_a_pause_from_ending),
	        TEST(padding_probes_are_no_repeats),
	        TEST(rtx_that_lies_is_refused),
	        TEST(rtx_ahead_of_its_original_is_taken),
	        TEST(a_repeat_has_the_last_payload_type),
	        TEST(a_repeat_has_the_payload_type_told),
	        TEST(a_repeat_may_have_padding),
	        TEST(the_row_has_what_rtx_is_refused_for),
	        TEST(a_bye_may_overtake_packets),
	        TEST(another_ssrc_follows_a_bye),
	        TEST(another_ssrc_follows_silence),
	        TEST(rtx_that_nobody_named_does_not_follow),
	        TEST(a_former_ssrc_is_not_replayed),
	        TEST(a_named_stream_keeps_its_ssrc),
	        cmocka_unit_test(packets_carry_their_mki),
	        TEST(an_extension_that_overruns_is_counted),
	};

	return cmocka_run_group_tests(tests, eal_setup, NULL);
}
