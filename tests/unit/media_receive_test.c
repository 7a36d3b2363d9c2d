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
	};

	return cmocka_run_group_tests(tests, eal_setup, NULL);
}
