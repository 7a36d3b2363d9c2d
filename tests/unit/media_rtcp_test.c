/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RTCP through the whole graph, between parties that know libsrtp2 alone: losses are repaired, key
 * frames asked for, clocks and ends passed on.
 */
#include "media_fixture.h"

#include "media/ask.h"
#include "media/bytes.h"
#include "media/config.h"
#include "media/key_frame.h"
#include "media/missing.h"
#include "media/presence.h"
#include "media/repeat.h"
#include "media/rtcp_receive.h"
#include "srtp/rtp.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define VIDEO_SSRC 0x0a0a0a0au
#define LEG_SSRC   0x2000u
#define RTX_SSRC   0x3000u
#define RTX_PT     97

static uint8_t room[PARTY_MTU];

static struct rtcp_writer writer_new(void)
{
	return (struct rtcp_writer){.start = room, .room = sizeof(room)};
}

/* One video stream, three subscribers on two workers: GCM, AES-CM, and AES-CM with RTX. */
struct call {
	struct media_scene *scene;
	struct party *publisher, *subscribers[3];
	uint16_t seq;
};

static int call_setup(void **state)
{
	static struct call call;
	static const uint8_t profiles[] = {SLUICE_SRTP_GCM128, SLUICE_SRTP_CM80, SLUICE_SRTP_CM32};
	static const char *const names[] = {"one", "two", "three"};

	call = (struct call){.scene = media_scene_create(2), .seq = 0xfff0};
	call.publisher = party_add(call.scene, "publisher", SLUICE_SRTP_CM80);
	stream_add(call.scene, "video", call.publisher, VIDEO_SSRC, 90000);
	for (uint32_t i = 0; i < 3; i++) {
		call.subscribers[i] = party_add(call.scene, names[i], profiles[i]);
		subscription_add(call.scene, "video", call.subscribers[i], LEG_SSRC + i,
		                 i == 2 ? RTX_SSRC : 0);
	}
	*state = &call;
	return 0;
}

static int call_teardown(void **state)
{
	struct call *call = *state;

	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(call->subscribers[i]->unreadable, 0);
	media_scene_destroy(call->scene);
	return 0;
}

static void publish(struct call *call, uint32_t count)
{
	while (count-- != 0) {
		party_publish(call->scene, call->publisher, VIDEO_SSRC, call->seq,
		              call->seq * 3000u);
		call->seq++;
		media_scene_pass(call->scene, 10);
	}
}

/* As many of the leg's packets came, each with the number in its payload one higher; *last: the
 * leg's sequence number of the last. */
static uint32_t received(struct party *party, uint32_t ssrc, uint16_t *last)
{
	const struct party_packet *packet;
	uint32_t count = 0;

	while ((packet = party_next(party, false)) != NULL) {
		if (read_be32(packet->bytes + 8) != ssrc)
			fail_msg("%s: SSRC %x", party->name, read_be32(packet->bytes + 8));
		*last = read_be16(packet->bytes + 2);
		count++;
	}
	return count;
}

static void nack(struct call *call, uint32_t leg, uint16_t seq)
{
	struct rtcp_writer writer = writer_new();
	const uint64_t wanted = seq;

	rtcp_put_rr(&writer, 77);
	rtcp_put_nack(&writer, 77, LEG_SSRC + leg, &wanted, 1);
	party_report(call->scene, call->subscribers[leg], &writer);
}

/* The leg loses one packet and asks for it; the publisher hears nothing of that, nor do the others.
 */
static const struct party_packet *loss_repaired(struct call *call, uint32_t leg, uint16_t *lost,
                                                uint16_t *source)
{
	struct party *party = call->subscribers[leg];
	uint16_t last = 0;

	publish(call, 3);
	assert_int_equal(received(party, LEG_SSRC + leg, &last), 3);
	*lost = (uint16_t)(last + 2);
	*source = (uint16_t)(call->seq + 1);
	party->lose_ssrc = LEG_SSRC + leg;
	party->lost = 0;
	party->lose_seq = *lost;
	publish(call, 20);
	assert_int_equal(party->lost, 1);
	assert_int_equal(received(party, LEG_SSRC + leg, &last), 19);
	for (uint32_t i = 0; i < 3; i++)
		party_forget(call->subscribers[i]);
	party_forget(call->publisher);
	nack(call, leg, *lost);
	for (uint32_t i = 0; i < 3; i++)
		assert_true(i == leg || party_next(call->subscribers[i], false) == NULL);
	assert_int_equal(party_count(call->publisher, RTCP_RTPFB, -1, NULL), 0);
	return party_next(party, false);
}

static uint64_t counted(const struct call *call, const char *name)
{
	for (uint32_t i = 0; i < media_counters_count; i++)
		if (strcmp(media_counter_infos[i].name, name) == 0)
			return media_counter_sum(call->scene->rig.dp, i);
	fail_msg("no counter %s", name);
	return 0;
}

/* Who asks and who is asked do not always live at one worker: the rest of this file crosses them.
 */
static void both_workers_serve(void **state)
{
	struct call *call = *state;
	struct sluice_endpoint_row rows[PARTIES_MAX];
	uint32_t cursor = 0, at[2] = {0};
	uint32_t count =
	        media_endpoint_show(call->scene->rig.dp->media, NULL, &cursor, rows, PARTIES_MAX);

	assert_int_equal(count, 4);
	for (uint32_t i = 0; i < count; i++)
		at[rows[i].worker]++;
	assert_true(at[0] != 0 && at[1] != 0);
}

/* RFC 4588, 4: an SSRC, a payload type and a numbering of its own; the payload as it was behind the
 * number that it had. */
static void repeat_check(const struct party_packet *packet, uint32_t leg, uint16_t lost,
                         uint16_t source)
{
	const uint8_t *payload = packet->bytes + RTP_HEADER_SIZE + 2;

	assert_int_equal(packet->bytes[0], RTP_VERSION << 6);
	assert_int_equal(packet->bytes[1] & 0x7f, RTX_PT);
	assert_int_equal(read_be32(packet->bytes + 4), source * 3000u);
	assert_int_equal(read_be32(packet->bytes + 8), RTX_SSRC + leg);
	assert_int_equal(read_be16(packet->bytes + RTP_HEADER_SIZE), lost);
	assert_int_equal(packet->length, RTP_HEADER_SIZE + 2 + 200);
	assert_int_equal(read_be16(payload), source);
	for (int i = 2; i < 200; i++)
		assert_int_equal(payload[i], (uint8_t)(source + i));
}

/* Under each profile's keys, as a reader of RFC 3711 or 7714 alone derives them. */
static void repeats_have_numbers_of_their_own(void **state)
{
	static const char *const names[] = {"one", "two", "three"};

	for (uint8_t profile = 0; profile < SLUICE_SRTP_PROFILES; profile++) {
		struct call call = {.scene = media_scene_create(2), .seq = 0xfff0};
		uint16_t lost, source, seq[3];

		call.publisher = party_add(call.scene, "publisher", SLUICE_SRTP_CM80);
		stream_add(call.scene, "video", call.publisher, VIDEO_SSRC, 90000);
		for (uint32_t leg = 0; leg < 3; leg++) {
			call.subscribers[leg] = party_add(call.scene, names[leg], profile);
			subscription_add(call.scene, "video", call.subscribers[leg], LEG_SSRC + leg,
			                 RTX_SSRC + leg);
		}
		for (uint32_t i = 0; i < 9; i++) {
			uint32_t leg = i % 3;
			const struct party_packet *packet =
			        loss_repaired(&call, leg, &lost, &source);

			assert_non_null(packet);
			repeat_check(packet, leg, lost, source);
			if (i >= 3)
				assert_int_equal(read_be16(packet->bytes + 2),
				                 (uint16_t)(seq[leg] + 1));
			seq[leg] = read_be16(packet->bytes + 2);
			assert_int_equal(call.subscribers[leg]->unreadable, 0);
		}
		media_scene_destroy(call.scene);
	}
}

static void pli(struct call *call, uint32_t leg)
{
	struct rtcp_writer writer = writer_new();

	rtcp_put_rr(&writer, 77);
	rtcp_put_pli(&writer, 77, LEG_SSRC + leg);
	party_report(call->scene, call->subscribers[leg], &writer);
}

static uint32_t plis(struct call *call)
{
	return party_count(call->publisher, RTCP_PSFB, RTCP_PSFB_PLI, NULL);
}

/* Many legs of one endpoint, made in no order of their SSRCs: each is found by its own. */
static void each_leg_is_found(void **state)
{
	static const uint32_t ssrcs[] = {0x4005, 0x10, 0xfffffff0, 0x4001, 0x80000000, 0x4002};
	struct call *call = *state;
	struct media *media = call->scene->rig.dp->media;
	const struct endpoint *endpoint = &media->endpoints[endpoint_named(media, "one")];
	struct sluice_subscription_name gone = {.stream = "s3", .endpoint = "one"};
	char name[8], why[SLUICE_API_ERROR_MAX];

	for (uint32_t i = 0; i < RTE_DIM(ssrcs); i++) {
		snprintf(name, sizeof(name), "s%u", i);
		stream_add(call->scene, name, call->publisher, 100 + i, 90000);
		subscription_add(call->scene, name, call->subscribers[0], ssrcs[i], 0);
	}
	assert_int_equal(media_subscription_delete(media, &gone, why), 0);
	for (uint32_t i = 0; i < RTE_DIM(ssrcs); i++) {
		struct rtcp_writer writer = writer_new();
		uint32_t index;

		rtcp_put_pli(&writer, 77, ssrcs[i]);
		party_report(call->scene, call->subscribers[0], &writer);
		snprintf(name, sizeof(name), "s%u", i);
		index = subscription_named(media, name, "one");
		assert_int_equal(index == 0, i == 3);
		assert_int_equal(media->subscriptions[index].key_frame_requests, i != 3);
	}
	assert_int_equal(counted(call, "rtcp_unknown"), 1);
	for (uint32_t i = 1; i < endpoint->subscriptions->count; i++)
		assert_true(endpoint->subscriptions->list[i - 1].ssrc <
		            endpoint->subscriptions->list[i].ssrc);
}

/* A subscriber whose worker is another one than the publisher's. */
static uint32_t far_leg(const struct call *call)
{
	const struct media *media = call->scene->rig.dp->media;
	uint16_t owner = media->endpoints[endpoint_named(media, "publisher")].worker;

	for (uint32_t i = 0; i < 3; i++)
		if (media->endpoints[endpoint_named(media, call->subscribers[i]->name)].worker !=
		    owner)
			return i;
	fail_msg("all are at one worker");
	return 0;
}

static struct rte_ring *asks_of_the_publisher(const struct call *call)
{
	const struct media *media = call->scene->rig.dp->media;
	uint16_t owner = media->endpoints[endpoint_named(media, "publisher")].worker;

	return media->dp->workers[owner]->media->asks;
}

/* Read, while no worker comes to what it asks for. */
static void compound_read(struct call *call, uint32_t leg, struct rtcp_writer *writer)
{
	struct media *media = call->scene->rig.dp->media;
	struct endpoint *endpoint =
	        &media->endpoints[endpoint_named(media, call->subscribers[leg]->name)];

	assert_int_not_equal(rtcp_end(writer), 0);
	rtcp_receive(media->dp->workers[endpoint->worker]->media, endpoint, writer->start,
	             writer->length);
	writer->length = 0;
}

/* One subscriber asks as often as it can: one request lies in the ring, and who asks by way of it
 * as well is served. */
static void a_flood_of_key_frame_requests_is_one(void **state)
{
	struct call *call = *state;
	struct rte_ring *asks = asks_of_the_publisher(call);
	struct rtcp_writer writer = writer_new();
	uint32_t leg = far_leg(call), sent = 0;

	publish(call, 2);
	media_scene_pass(call->scene, KEY_FRAME_INTERVAL_MS * 2);
	party_forget(call->publisher);
	assert_int_equal(rte_ring_count(asks), 0);
	for (uint32_t compound = 0; compound < RTCP_COMPOUNDS_BURST; compound++) {
		for (; writer.length < PARTY_MTU - 12; sent++)
			rtcp_put_pli(&writer, 77, LEG_SSRC + leg);
		compound_read(call, leg, &writer);
	}
	assert_true(sent > rte_ring_get_capacity(asks));
	assert_int_equal(rte_ring_count(asks), 1);
	assert_int_equal(counted(call, "ask_merged"), sent - 1);
	assert_int_equal(counted(call, "ask_full"), 0);
	media_scene_pass(call->scene, 10);
	assert_int_equal(plis(call), 1);
	/* and the next one is heard */
	media_scene_pass(call->scene, KEY_FRAME_INTERVAL_MS);
	pli(call, leg);
	media_scene_pass(call->scene, 10);
	assert_int_equal(plis(call), 1);
}

/* All that a leg was sent in a quarter second, and that no cache holds any more, again and again:
 * its credit is spent on it. */
static void a_flood_of_nacks_leaves_room(void **state)
{
	struct call *call = *state;
	struct rte_ring *asks = asks_of_the_publisher(call);
	const struct media_ask ask = {.stream = 1, .kind = MEDIA_ASK_PACKET};
	struct media *media = call->scene->rig.dp->media;
	struct rtcp_writer writer = writer_new();
	uint32_t leg = far_leg(call);
	uint64_t wanted[400];
	uint16_t last = 0;

	publish(call, 50);
	assert_int_equal(received(call->subscribers[leg], LEG_SSRC + leg, &last), 50);
	media_scene_pass(call->scene, 1500);
	for (uint32_t i = 0; i < RTE_DIM(wanted); i++)
		wanted[i] = (uint16_t)(last - 399 + i);
	rtcp_put_nack(&writer, 77, LEG_SSRC + leg, wanted, RTE_DIM(wanted));
	compound_read(call, leg, &writer);
	/* what is so old that nobody knows of it is not asked for */
	assert_in_range(rte_ring_count(asks), 200, MISSING_PACKETS);
	for (uint32_t i = 0; i < RTCP_COMPOUNDS_BURST - 1; i++) {
		for (uint32_t w = 0; w < 2; w++) {
			struct worker *worker = media->dp->workers[w];

			worker->tsc_skew += worker->tsc_hz / 1000 * REPEAT_UNKNOWN_MS;
			worker_clock(worker);
		}
		rtcp_put_nack(&writer, 77, LEG_SSRC + leg, wanted, RTE_DIM(wanted));
		compound_read(call, leg, &writer);
	}
	assert_in_range(counted(call, "nack_missed"), 200,
	                (REPEAT_BURST + 50 * 200) / REPEAT_MISSED);
	assert_true(counted(call, "nack_refused") > 1000);
	/* many such legs: key frames have their half of the ring */
	while (media_ask_put(media, media->endpoints[1].worker, &ask) == ASK_PUT)
		;
	assert_int_equal(rte_ring_count(asks), rte_ring_get_capacity(asks) / 2);
	assert_int_equal(counted(call, "ask_full"), 0);
	media_ask_to(media->dp->workers[0]->media, media->endpoints[1].worker, &ask);
	assert_int_equal(counted(call, "ask_full"), 1);
	party_forget(call->publisher);
	pli(call, leg);
	media_scene_pass(call->scene, 100);
	assert_int_equal(plis(call), 1);
	assert_int_equal(counted(call, "ask_full"), 1);
}

/* Between two workers a packet gets lost: who has it hands it over, to the one that asks. */
static void a_loss_between_workers_is_repaired(void **state)
{
	struct call *call = *state;
	struct media *media = call->scene->rig.dp->media;
	struct stream *stream = &media->streams[stream_named(media, "video")];
	uint32_t leg = far_leg(call);
	const char *name = call->subscribers[leg]->name;
	uint16_t worker = media->endpoints[endpoint_named(media, name)].worker;
	uint16_t gap, last;

	publish(call, 3);
	gap = call->seq;
	stream->workers &= ~(UINT64_C(1) << worker);
	publish(call, 1);
	stream->workers |= UINT64_C(1) << worker;
	publish(call, 3);
	assert_int_equal(received(call->subscribers[leg], LEG_SSRC + leg, &last), 6);
	for (uint32_t i = 0; i < 3; i++)
		party_forget(call->subscribers[i]);
	party_forget(call->publisher);
	nack(call, leg, (uint16_t)(last - 3));
	media_scene_pass(call->scene, 10);
	for (uint32_t i = 0; i < 3; i++) {
		const struct party_packet *packet = party_next(call->subscribers[i], false);
		bool rtx = i == 2;

		assert_int_equal(packet != NULL, i == leg);
		if (packet == NULL)
			continue;
		assert_int_equal(read_be32(packet->bytes + 8), rtx ? RTX_SSRC : LEG_SSRC + leg);
		assert_int_equal(read_be16(packet->bytes + RTP_HEADER_SIZE + 2 * rtx), gap);
		assert_null(party_next(call->subscribers[i], false));
	}
	assert_int_equal(counted(call, "retransmitted"), 1);
	assert_int_equal(party_count(call->publisher, RTCP_RTPFB, -1, NULL), 0);
}

static struct sluice_subscription_row row_of(const struct call *call, const char *endpoint)
{
	struct sluice_subscription_row rows[16];
	uint32_t cursor = 0;
	uint32_t count =
	        media_subscription_show(call->scene->rig.dp->media, NULL, &cursor, rows, 16);

	for (uint32_t i = 0; i < count; i++)
		if (strcmp(rows[i].endpoint, endpoint) == 0)
			return rows[i];
	fail_msg("nothing goes to %s", endpoint);
	return rows[0];
}

static void seconds_pass(struct call *call, uint32_t seconds)
{
	while (seconds-- != 0) {
		publish(call, 1);
		media_scene_pass(call->scene, 990);
		for (uint32_t i = 0; i < 3; i++)
			party_forget(call->subscribers[i]);
	}
}

/* It vanished: the row says so, and a request of ours goes before that. */
static void a_silent_subscriber_is_shown(void **state)
{
	struct call *call = *state;
	struct media *media = call->scene->rig.dp->media;
	struct sluice_subscription_name name = {.stream = "video", .endpoint = "two"};
	struct rtcp_block block = {.ssrc = LEG_SSRC + 1};
	struct rtcp_writer writer = writer_new();
	char why[SLUICE_API_ERROR_MAX];
	uint64_t packets;

	publish(call, 1);
	assert_int_equal(row_of(call, "two").reported_ms, UINT32_MAX);
	rtcp_put_rr(&writer, 77);
	rtcp_put_block(&writer, &block);
	party_report(call->scene, call->subscribers[1], &writer);
	seconds_pass(call, PRESENCE_SECONDS + 3);
	assert_int_equal(row_of(call, "two").held, 1);
	assert_int_equal(row_of(call, "two").paused, 0);
	assert_in_range(row_of(call, "two").reported_ms, PRESENCE_SECONDS * 1000, 40000);
	assert_int_equal(row_of(call, "one").held, 0);
	assert_int_equal(counted(call, "subscriber_silent"), 1);
	packets = row_of(call, "two").packets;
	party_forget(call->publisher);
	assert_int_equal(media_subscription_pause(media, &name, false, why), 0);
	seconds_pass(call, 3);
	assert_int_equal(row_of(call, "two").held, 0);
	assert_in_range(row_of(call, "two").packets, packets + 1, packets + 3);
	assert_int_equal(plis(call), 1);
	/* and if that was in vain, it ends as before */
	seconds_pass(call, PRESENCE_SECONDS + 3);
	assert_int_equal(row_of(call, "two").held, 1);
	assert_int_equal(counted(call, "subscriber_silent"), 2);
}

#define LEGS 40 /* of one endpoint: three compounds */

/* A compound of sender reports of so many streams, from this SSRC on. */
static void publisher_reports(struct call *call, uint32_t ssrc, uint32_t count)
{
	const struct rtcp_sender sender = {.ntp = 0xe000000000000000, .rtp = 1};
	struct rtcp_writer writer = writer_new();

	for (uint32_t i = 0; i < count; i++)
		rtcp_put_sr(&writer, ssrc + i, &sender);
	party_report(call->scene, call->publisher, &writer);
}

/* One round goes through all of them, as many in a compound as it holds. */
static void all_legs_of_an_endpoint_are_reported_on(void **state)
{
	struct call *call = *state;
	struct party *all = party_add(call->scene, "all", SLUICE_SRTP_GCM128);
	const struct party_packet *packet;
	uint32_t reports[LEGS] = {0};
	char name[8];

	for (uint32_t i = 0; i < LEGS; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		stream_add(call->scene, name, call->publisher, 100 + i, 90000);
		subscription_add(call->scene, name, all, 0x5000 + i, 0);
		party_publish(call->scene, call->publisher, 100 + i, 1, 1);
	}
	publisher_reports(call, 100, LEGS);
	party_forget(all);
	media_scene_pass(call->scene, 4000);
	while ((packet = party_next(all, true)) != NULL) {
		struct rtcp_cursor cursor = {packet->bytes, packet->length};
		struct rtcp_packet at;
		struct rtcp_report report;
		uint32_t in_one = 0;

		while (rtcp_next(&cursor, &at)) {
			if (at.type != RTCP_SR)
				continue;
			assert_int_equal(rtcp_report_read(&at, &report), 0);
			assert_in_range(report.ssrc, 0x5000, 0x5000 + LEGS - 1);
			reports[report.ssrc - 0x5000]++;
			in_one++;
		}
		assert_in_range(in_one, 0, 16);
	}
	for (uint32_t i = 0; i < LEGS; i++)
		assert_in_range(reports[i], 2, 8);
	assert_int_equal(all->unreadable, 0);
}

/* Packets and reports alike carry it, where the profile wants it. */
static void the_mki_is_in_its_place(void **state)
{
	static const char *const names[SLUICE_SRTP_PROFILES] = {"m0", "m1", "m2", "m3", "m4"};
	struct call *call = *state;
	struct party *parties[SLUICE_SRTP_PROFILES];
	struct rtcp_packet packet;

	for (uint8_t profile = 0; profile < SLUICE_SRTP_PROFILES; profile++) {
		call->scene->mki_length = 1 + 2 * profile % SLUICE_MEDIA_MKI_MAX;
		parties[profile] = party_add(call->scene, names[profile], profile);
		subscription_add(call->scene, "video", parties[profile], 0x5000 + profile, 0);
	}
	publish(call, 3);
	publisher_reports(call, VIDEO_SSRC, 1);
	media_scene_pass(call->scene, 2000);
	for (uint8_t profile = 0; profile < SLUICE_SRTP_PROFILES; profile++) {
		assert_true(party_count(parties[profile], RTCP_SR, -1, &packet) != 0);
		assert_int_equal(read_be32(packet.body), 0x5000 + profile);
		assert_int_equal(parties[profile]->unreadable, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(both_workers_serve),
	        cmocka_unit_test(repeats_have_numbers_of_their_own),
	        TEST(each_leg_is_found),
	        TEST(a_flood_of_key_frame_requests_is_one),
	        TEST(a_flood_of_nacks_leaves_room),
	        TEST(a_loss_between_workers_is_repaired),
	        TEST(a_silent_subscriber_is_shown),
	        TEST(all_legs_of_an_endpoint_are_reported_on),
	        TEST(the_mki_is_in_its_place),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
