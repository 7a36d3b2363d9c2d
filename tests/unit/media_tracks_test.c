/* SPDX-License-Identifier: BSD-3-Clause */
/* SSRCs that nobody has named are bound by what their packets say. */
#include "tracks_fixture.h"

#include "graph/drop.h"
#include "media/config.h"
#include "media/ext_element.h"
#include "media/ext_read.h"
#include "media/rewrite.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void layers_are_bound_by_rid(void **state)
{
	struct call *call = *state;

	layer_add(call, "low", "0", "l", 0, 0, 96);
	layer_add(call, "high", "0", "h", 0, 0, 96);
	/* its RTX before its first packet of media */
	track_send(call, 21, 500, 97, &(struct said){"0", NULL, "h", 7});
	track_send(call, 10, 1, 96, &(struct said){"0", "l", NULL, 0});
	track_send(call, 20, 9, 96, &(struct said){"0", "h", NULL, 0});
	track_send(call, 20, 10, 96, &(struct said){NULL, NULL, NULL, 0});
	track_send(call, 11, 800, 97, &(struct said){NULL, NULL, "l", 1});
	stream_is(call, "low", 10, 11);
	stream_is(call, "high", 20, 21);
	assert_int_equal(stream_of(call, "high")->packets, 2);
	/* a rid that is nobody's, and the mid alone, which tells no layer */
	track_send(call, 30, 1, 96, &(struct said){"0", "m", NULL, 0});
	track_send(call, 31, 1, 96, &(struct said){"0", NULL, NULL, 0});
	stream_is(call, "low", 10, 11);
	assert_int_equal(publisher_of(call)->unknown_ssrc, 2);
}

static void tracks_are_bound_by_mid_and_payload_type(void **state)
{
	struct call *call = *state;

	layer_add(call, "audio", "a", "", 0, 0, 111);
	layer_add(call, "video", "v", "", 0, 0, 96);
	/* under a payload type that only the other one has: what is said goes before */
	track_send(call, 10, 1, 96, &(struct said){"a", NULL, NULL, 0});
	track_send(call, 20, 1, 96, &(struct said){NULL, NULL, NULL, 0});
	track_send(call, 21, 1, 97, &(struct said){"v", NULL, NULL, 1});
	stream_is(call, "audio", 10, 0);
	stream_is(call, "video", 20, 21);
}

static void the_offers_ssrcs_win(void **state)
{
	struct call *call = *state;

	layer_add(call, "low", "0", "l", 10, 11, 96);
	layer_add(call, "high", "0", "h", 20, 21, 96);
	track_send(call, 10, 1, 96, &(struct said){"0", "h", NULL, 0});
	track_send(call, 21, 1, 97, &(struct said){"0", NULL, "l", 3});
	track_send(call, 20, 4, 96, &(struct said){"0", "h", NULL, 0});
	/* and no other one takes their place */
	track_send(call, 30, 1, 96, &(struct said){"0", "l", NULL, 0});
	stream_is(call, "low", 10, 11);
	stream_is(call, "high", 20, 21);
	assert_int_equal(stream_of(call, "low")->packets, 1);
	assert_int_equal(stream_of(call, "high")->packets, 1);
}

static void a_lie_binds_nothing(void **state)
{
	struct call *call = *state;
	uint8_t packet[PARTY_MTU];
	int length;

	layer_add(call, "low", "0", "l", 0, 0, 96);
	for (uint16_t seq = 1; seq < 20; seq++) {
		length = track_write(packet, 10, seq, 96, &(struct said){"0", "l", NULL, 0});
		length = party_protect(call->publisher, packet, length);
		packet[length - 1] ^= 1;
		party_send(call->scene, call->publisher, packet, length);
	}
	stream_is(call, "low", 0, 0);
	assert_int_equal(publisher_of(call)->auth_failed, 19);
	track_send(call, 12, 1, 96, &(struct said){"0", "l", NULL, 0});
	track_send(call, 12, 2, 96, &(struct said){"0", "l", NULL, 0});
	track_send(call, 12, 3, 96, &(struct said){"0", "l", NULL, 0});
	stream_is(call, "low", 12, 0);
}

/* Forged packets under any SSRCs before and between: an honest one loses nothing. */
static void forgers_move_nobodys_guess(void **state)
{
	struct call *call = *state;

	layer_add(call, "low", "0", "l", 0, 0, 96);
	layer_add(call, "high", "0", "h", 0, 0, 96);
	for (uint32_t i = 0; i < 19; i++) {
		uint8_t packet[PARTY_MTU];
		const struct said said = {"0", "l", NULL, 0};
		int length = track_write(packet, 1000 + i, 1, 96, &said);

		length = party_protect(call->publisher, packet, length);
		packet[length - 1] ^= 1;
		party_send(call->scene, call->publisher, packet, length);
		if (i == 9)
			track_send(call, 10, 1, 96, &said);
	}
	track_send(call, 20, 1, 96, &(struct said){"0", "h", NULL, 0});
	stream_is(call, "low", 10, 0);
	stream_is(call, "high", 20, 0);
	assert_int_equal(publisher_of(call)->auth_failed, 19);
}

static void another_ssrc_follows_once_the_first_is_silent(void **state)
{
	struct call *call = *state;
	const struct said said = {"0", "l", NULL, 0};
	uint32_t serial;

	layer_add(call, "low", "0", "l", 0, 0, 96);
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, 0);
	track_send(call, 10, 100, 96, &said);
	serial = stream_of(call, "low")->serial;
	track_send(call, 12, 5000, 96, &said);
	stream_is(call, "low", 10, 0);
	media_scene_pass(call->scene, 300);
	track_send(call, 12, 5001, 96, &said);
	stream_is(call, "low", 12, 0);
	assert_int_not_equal(stream_of(call, "low")->serial, serial);
	/* late ones of the first do not take it back */
	track_send(call, 10, 101, 96, &said);
	track_send(call, 12, 5002, 96, &said);
	stream_is(call, "low", 12, 0);
	for (int i = 0; i < 3; i++)
		assert_non_null(party_next(call->viewer, false));
	assert_null(party_next(call->viewer, false));
}

static struct five_tuple flow_of(const struct party *party)
{
	return (struct five_tuple){.src = party->addr.ip, .src_port = party->addr.port};
}

static void a_sessions_path_is_set_from_outside(void **state)
{
	struct call *call = *state;
	struct party *browser = party_add(call->scene, "browser", SLUICE_SRTP_GCM256);
	struct sluice_endpoint add = browser->endpoint;
	struct transport_addr local = {.port = browser->port}, remote = browser->addr;
	struct five_tuple flow = flow_of(browser);
	char why[SLUICE_API_ERROR_MAX] = "";
	int index;

	memcpy(local.ip.bytes, add.local.ip, sizeof(local.ip.bytes));
	assert_int_equal(media_endpoint_delete(media_of(call), "browser", why), 0);
	add.outside = 1;
	memset(&add.remote, 0, sizeof(add.remote));
	index = media_session_endpoint_add(media_of(call), &add, 1, why);
	assert_true(index > 0);
	assert_int_equal(media_endpoint_index(media_of(call), "browser"), index);
	assert_int_equal(media_of(call)->endpoints[index].worker, 1);
	assert_int_equal(media_flow_add(media_of(call), &flow, (uint32_t)index), 0);
	layer_add(call, "video", "v", "", 0, 0, 96);
	subscription_add(call->scene, "video", browser, LEG_SSRC, 0);
	stream_add(call->scene, "back", browser, 0x55, 90000);
	track_send(call, 20, 100, 96, &(struct said){"v", NULL, NULL, 0});
	/* nothing is sent before there is a path, and its packets make none */
	party_publish(call->scene, browser, 0x55, 1, 1);
	assert_int_equal(stream_of(call, "back")->packets, 1);
	assert_null(party_next(browser, false));
	media_endpoint_move(media_of(call), (uint32_t)index, &local, &remote, 0);
	track_send(call, 20, 101, 96, &(struct said){"v", NULL, NULL, 0});
	assert_non_null(party_next(browser, false));
	/* another path: packets come from both, and leave by the one that is set */
	party_move(call->scene, browser, "198.18.1.77", 7777);
	flow = flow_of(browser);
	assert_int_equal(media_flow_add(media_of(call), &flow, (uint32_t)index), 0);
	party_publish(call->scene, browser, 0x55, 2, 1);
	assert_int_equal(stream_of(call, "back")->packets, 2);
	assert_int_equal(media_of(call)->endpoints[index].remote.port, remote.port);
	remote = browser->addr;
	media_endpoint_move(media_of(call), (uint32_t)index, &local, &remote, 0);
	track_send(call, 20, 102, 96, &(struct said){"v", NULL, NULL, 0});
	assert_non_null(party_next(browser, false));
	media_flow_remove(media_of(call), &flow);
	party_publish(call->scene, browser, 0x55, 3, 1);
	assert_int_equal(stream_of(call, "back")->packets, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)
	        TEST(layers_are_bound_by_rid),
	        TEST(tracks_are_bound_by_mid_and_payload_type),
	        TEST(the_offers_ssrcs_win),
	        TEST(a_lie_binds_nothing),
	        TEST(forgers_move_nobodys_guess),
	        TEST(another_ssrc_follows_once_the_first_is_silent),
	        TEST(a_sessions_path_is_set_from_outside),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
