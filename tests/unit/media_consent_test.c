/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An endpoint that is where its packets come from: an address is sent no more than came from it
 * until it has shown that it receives, RTP moves it, and RTCP only where there is no RTP.
 */
#include "media_fixture.h"

#include "media/bytes.h"
#include "media/config.h"
#include "media/rtcp_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define VIDEO_SSRC 0x0a0a0a0au
#define OWN_SSRC   0x0b0b0b0bu
#define LEG_SSRC   0x2000u
#define VICTIM     "198.18.1.200"

struct call {
	struct media_scene *scene;
	struct party *publisher, *viewer;
	uint16_t seq;
};

static int call_setup(void **state)
{
	static struct call call;

	call = (struct call){.scene = media_scene_create(2)};
	call.publisher = party_add(call.scene, "publisher", SLUICE_SRTP_GCM128);
	call.viewer = party_add_learning(call.scene, "viewer", SLUICE_SRTP_GCM128);
	stream_add(call.scene, "video", call.publisher, VIDEO_SSRC, 90000);
	subscription_add(call.scene, "video", call.viewer, LEG_SSRC, 0);
	*state = &call;
	return 0;
}

static int call_teardown(void **state)
{
	struct call *call = *state;

	assert_int_equal(call->viewer->unreadable, 0);
	media_scene_destroy(call->scene);
	return 0;
}

static const struct endpoint *endpoint_of(const struct call *call)
{
	const struct media *media = call->scene->rig.dp->media;

	return &media->endpoints[endpoint_named(media, call->viewer->name)];
}

static bool is_at(const struct call *call, const struct party *party)
{
	const struct endpoint *endpoint = endpoint_of(call);

	return endpoint->remote.port == party->addr.port &&
	       ip_addr_equal(&endpoint->remote.ip, &party->addr.ip);
}

/* Returns how many of them the viewer got. */
static uint32_t publish(struct call *call, uint32_t count)
{
	uint32_t got = 0;

	for (uint32_t i = 0; i < count; i++, call->seq++) {
		party_publish(call->scene, call->publisher, VIDEO_SSRC, call->seq,
		              call->seq * 3000u);
		while (party_next(call->viewer, false) != NULL)
			got++;
	}
	return got;
}

/* As a player does that has nothing yet: its name, and about whom it reports where lsr is known. */
static void report(struct call *call, uint32_t lsr)
{
	uint8_t room[PARTY_MTU];
	struct rtcp_writer writer = {.start = room, .room = sizeof(room)};
	const struct rtcp_block block = {.ssrc = LEG_SSRC, .lsr = lsr, .highest = 1};

	rtcp_put_rr(&writer, OWN_SSRC);
	if (lsr != 0)
		rtcp_put_block(&writer, &block);
	rtcp_put_sdes(&writer);
	rtcp_put_cname(&writer, OWN_SSRC, "viewer@198.18.1.11", 18);
	party_report(call->scene, call->viewer, &writer);
}

/* Of the last sender report that the viewer got; 0: it got none. */
static uint32_t lsr_got(struct call *call)
{
	struct rtcp_packet packet;
	struct rtcp_report report;

	if (party_count(call->viewer, RTCP_SR, -1, &packet) == 0)
		return 0;
	assert_int_equal(rtcp_report_read(&packet, &report), 0);
	assert_int_equal(report.ssrc, LEG_SSRC);
	return (uint32_t)(report.sender.ntp >> 16);
}

static void no_more_than_it_sent(const struct call *call)
{
	assert_true(call->viewer->bytes_got <= call->viewer->bytes_sent);
}

/* Seconds of packets and reports, until a report of ours came. */
static uint32_t lsr_await(struct call *call)
{
	uint32_t lsr = 0;

	for (int i = 0; lsr == 0 && i < 6; i++) {
		publish(call, 3);
		no_more_than_it_sent(call);
		report(call, 0);
		media_scene_pass(call->scene, 1000);
		no_more_than_it_sent(call);
		lsr = lsr_got(call);
	}
	return lsr;
}

static void an_address_proves_itself(void **state)
{
	struct call *call = *state;
	uint64_t asked;
	uint32_t lsr;

	assert_int_equal(publish(call, 5), 0);
	lsr = lsr_await(call);
	assert_int_not_equal(lsr, 0);
	/* any other says nothing */
	report(call, lsr + 1);
	assert_in_range(publish(call, 50), 0, 5);
	no_more_than_it_sent(call);
	assert_true(media_counter_sum(call->scene->rig.dp, MEDIA_UNPROVEN) > 40);
	party_forget(call->viewer);
	asked = media_counter_sum(call->scene->rig.dp, MEDIA_KEY_FRAME_SENT);
	report(call, lsr);
	assert_int_equal(publish(call, 50), 50);
	media_scene_pass(call->scene, 1000);
	assert_int_equal(media_counter_sum(call->scene->rig.dp, MEDIA_KEY_FRAME_SENT), asked + 1);
}

/* What it could not be sent is no gap, and it may be sent what it can pay for. */
static void as_much_as_it_sends(void **state)
{
	struct call *call = *state;
	const struct party_packet *packet;
	uint16_t last = 0;

	publish(call, 5);
	for (int i = 0; i < 20; i++) {
		report(call, 0);
		party_publish(call->scene, call->publisher, VIDEO_SSRC, call->seq++, 0);
		no_more_than_it_sent(call);
		while ((packet = party_next(call->viewer, false)) != NULL) {
			uint16_t seq = read_be16(packet->bytes + 2);

			if (last != 0)
				assert_int_equal(seq, (uint16_t)(last + 1));
			last = seq;
		}
	}
	assert_int_not_equal(last, 0);
}

/* One who is entitled to a stream and names another one's address. */
static void another_ones_address_gets_nothing(void **state)
{
	struct call *call = *state;
	uint32_t lsr = lsr_await(call), next, told = 0;

	report(call, lsr);
	assert_int_equal(publish(call, 50), 50);
	party_forget(call->viewer);
	call->viewer->bytes_sent = call->viewer->bytes_got = 0;
	party_move(call->scene, call->viewer, VICTIM, 7000);
	report(call, lsr); /* of before */
	assert_true(is_at(call, call->viewer));
	for (int i = 0; i < 5; i++) {
		media_scene_pass(call->scene, 1000);
		next = lsr_got(call);
		told = next != 0 ? next : told;
		publish(call, 50);
		no_more_than_it_sent(call);
	}
	/* had it been there */
	assert_int_not_equal(told, 0);
	report(call, told);
	assert_int_equal(publish(call, 50), 50);
}

static void rtcp_does_not_move_what_rtp_has_shown(void **state)
{
	struct call *call = *state;
	struct party elsewhere;

	stream_add(call->scene, "own", call->viewer, OWN_SSRC, 90000);
	report(call, 0);
	assert_true(is_at(call, call->viewer));
	/* RTCP where no RTP is follows a NAT */
	party_move(call->scene, call->viewer, "198.18.1.30", 6001);
	report(call, 0);
	assert_true(is_at(call, call->viewer));
	party_move(call->scene, call->viewer, "198.18.1.30", 6000);
	party_publish(call->scene, call->viewer, OWN_SSRC, 1, 1);
	assert_true(is_at(call, call->viewer));
	elsewhere = *call->viewer;
	party_move(call->scene, call->viewer, "198.18.1.30", 6001);
	report(call, 0);
	assert_true(is_at(call, &elsewhere));
	party_publish(call->scene, call->viewer, OWN_SSRC, 2, 1);
	assert_true(is_at(call, call->viewer));
}

/* One that sends as much as it gets is not kept waiting. */
static void a_call_goes_on_at_once(void **state)
{
	struct call *call = *state;
	uint32_t got = 0;

	stream_add(call->scene, "own", call->viewer, OWN_SSRC, 90000);
	for (uint16_t i = 0; i < 50; i++) {
		party_publish(call->scene, call->viewer, OWN_SSRC, i, i * 3000u);
		party_publish(call->scene, call->viewer, OWN_SSRC + 1, i, i * 3000u);
		got += publish(call, 1);
	}
	assert_in_range(got, 40, 50);
	no_more_than_it_sent(call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(an_address_proves_itself),
	        TEST(as_much_as_it_sends),
	        TEST(another_ones_address_gets_nothing),
	        TEST(rtcp_does_not_move_what_rtp_has_shown),
	        TEST(a_call_goes_on_at_once),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
