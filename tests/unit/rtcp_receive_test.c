/* SPDX-License-Identifier: BSD-3-Clause */
/* Compounds that lie or flood, and pools that are empty. */
#include "rtcp_parties.h"

#include "media/fan.h"
#include "media/feedback.h"
#include "media/key_frame.h"
#include "media/missing.h"
#include "media/repeat.h"
#include "media/rewrite.h"
#include "media/rtcp_receive.h"
#include "net_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A compound names no more than a datagram's blocks; what it says beyond that is not looked at. */
static void a_compound_names_so_many(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rtcp_writer writer = writer_new();
	uint8_t *body = rtcp_put(&writer, RTCP_PSFB, RTCP_PSFB_FIR, 8 + 8 * (RTCP_LOOKUPS + 1));

	memset(body, 0, 8 + 8 * (RTCP_LOOKUPS + 1));
	for (uint32_t i = 0; i < 2; i++) {
		uint8_t *entry = body + 8 + 8 * (RTCP_LOOKUPS - 1 + i);
		uint32_t ssrc = LEG_SSRC(i == 0 ? LEG_1 : LEG_AUDIO);

		for (int byte = 0; byte < 4; byte++)
			entry[byte] = (uint8_t)(ssrc >> (24 - 8 * byte));
	}
	rtcp_scene_receive(scene, SUBSCRIBER_1, &writer);
	assert_int_equal(scene->media.subscriptions[LEG_1].key_frame_requests, 1);
	assert_int_equal(scene->media.subscriptions[LEG_AUDIO].key_frame_requests, 0);
	assert_int_equal(counter(scene, MEDIA_RTCP_UNKNOWN), RTCP_LOOKUPS);
}

#define TEXT(bytes) bytes, sizeof(bytes) - 1

static const struct {
	const char *name;
	const char *bytes;
	size_t length;
	uint8_t malformed, unknown;
} hostile[] = {
        {"nothing to say", TEXT("\x80\xc9\x00\x01\0\0\0\1"), 0, 0},
        {"a length that lies", TEXT("\x80\xc9\x00\x09\0\0\0\1"), 1, 0},
        {"a block count that lies", TEXT("\x9f\xc9\x00\x01\0\0\0\1"), 1, 0},
        {"a NACK without entries", TEXT("\x81\xcd\x00\x02\0\0\0\1\0\0\x10\1"), 1, 0},
        {"a NACK without media", TEXT("\x81\xcd\x00\x01\0\0\0\1"), 1, 0},
        {"a NACK of a stranger's", TEXT("\x81\xcd\x00\x03\0\0\0\1\0\0\x10\2\0\1\0\0"), 0, 1},
        {"a PLI without media", TEXT("\x81\xce\x00\x01\0\0\0\1"), 1, 0},
        {"half a FIR", TEXT("\x84\xce\x00\x03\0\0\0\1\0\0\0\0\0\0\x10\1"), 1, 0},
        {"a BYE count that lies", TEXT("\x9f\xcb\x00\x01\0\0\0\1"), 1, 0},
        {"REMB", TEXT("\x8f\xce\x00\x05\0\0\0\1\0\0\0\0REMB\1\xb\xff\xff\0\0\x10\1"), 0, 0},
        {"transport-wide without a chunk",
         TEXT("\x8f\xcd\x00\x04\0\0\0\1\0\0\x10\1\0\1\0\2\0\0\5\1"), 1, 0},
        {"XR, APP and an unknown",
         TEXT("\x80\xcf\x00\x00\x8d\xcc\x00\x02\0\0\0\1goog"
              "\x80\xd1\x00\x00"),
         0, 0},
        {"two that lie and one that does not",
         TEXT("\x9f\xcb\x00\x00\x81\xce\x00\x00\x81\xce\x00\x02\0\0\0\1\0\0\x10\1"), 2, 0},
};

static void lies_are_counted(void **state)
{
	struct rtcp_scene *scene = *state;

	for (size_t i = 0; i < RTE_DIM(hostile); i++) {
		uint64_t malformed = counter(scene, MEDIA_RTCP_MALFORMED);
		uint64_t unknown = counter(scene, MEDIA_RTCP_UNKNOWN);
		struct rtcp_writer writer = writer_new();

		memcpy(room, hostile[i].bytes, hostile[i].length);
		writer.length = (uint16_t)hostile[i].length;
		rtcp_scene_receive(scene, SUBSCRIBER_1, &writer);
		if (counter(scene, MEDIA_RTCP_MALFORMED) != malformed + hostile[i].malformed ||
		    counter(scene, MEDIA_RTCP_UNKNOWN) != unknown + hostile[i].unknown)
			fail_msg("%s: %u malformed, %u unknown", hostile[i].name,
			         (unsigned int)(counter(scene, MEDIA_RTCP_MALFORMED) - malformed),
			         (unsigned int)(counter(scene, MEDIA_RTCP_UNKNOWN) - unknown));
	}
	assert_int_equal(scene->media.subscriptions[LEG_1].key_frame_requests, 1);
}

/* One endpoint's flood is cut, and its neighbour is heard. */
static void floods_are_cut(void **state)
{
	struct rtcp_scene *scene = *state;

	for (int i = 0; i < 1000; i++)
		pli(scene, SUBSCRIBER_1, LEG_SSRC(LEG_1));
	assert_in_range(counter(scene, MEDIA_RTCP_RATE), 1000 - RTCP_COMPOUNDS_BURST - 2,
	                1000 - RTCP_COMPOUNDS_BURST);
	pli(scene, SUBSCRIBER_2, LEG_SSRC(LEG_2));
	assert_int_equal(scene->media.subscriptions[LEG_2].key_frame_requests, 1);
	rtcp_scene_pass(scene, 100);
	pli(scene, SUBSCRIBER_1, LEG_SSRC(LEG_1));
	assert_in_range(counter(scene, MEDIA_RTCP_RATE), 1000 - RTCP_COMPOUNDS_BURST - 2,
	                1000 - RTCP_COMPOUNDS_BURST);
}

/* Nothing to take for a report: no harm, and it is counted. */
static void an_empty_pool_is_survived(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rte_mbuf *taken = NULL, *mbuf;

	rtcp_scene_packet(scene, VIDEO, 100, false);
	while ((mbuf = rte_pktmbuf_alloc(dp->pool)) != NULL) {
		mbuf->next = taken;
		taken = mbuf;
	}
	key_frame_ask(scene->media_worker, VIDEO);
	rtcp_scene_pass(scene, 10);
	assert_true(counter(scene, MEDIA_NO_MBUF) != 0);
	while (taken != NULL) {
		mbuf = taken->next;
		taken->next = NULL;
		rte_pktmbuf_free(taken);
		taken = mbuf;
	}
	/* what was asked for meanwhile is not forgotten, and was not counted */
	assert_int_equal(counter(scene, MEDIA_KEY_FRAME_SENT), 0);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(plis_upstream(scene), 1);
}

/* The same where the way out is full: key frames, packets, the end of a stream. */
static void a_full_inbox_is_survived(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rte_ring *inbox = scene->worker->inbox;
	struct rtcp_writer writer = writer_new();
	uint32_t ssrc = 0;
	uint16_t pid, blp;
	void *filler;

	packets(scene, 100, 104);
	rtcp_scene_pass(scene, 2000);
	byes(scene, SUBSCRIBER_3, &ssrc);
	while (rte_ring_enqueue(inbox, scene) == 0)
		;
	packets(scene, 106, 106);
	key_frame_ask(scene->media_worker, VIDEO);
	rtcp_scene_pass(scene, 100);
	rtcp_scene_pass(scene, 100);
	assert_true(counter(scene, MEDIA_RTCP_UNSENT) != 0);
	assert_int_equal(counter(scene, MEDIA_KEY_FRAME_SENT), 0);
	assert_int_equal(counter(scene, MEDIA_NACK_SENT), 0);
	assert_int_equal(scene->media.streams[VIDEO].key_frame_requests, 0);
	while (rte_ring_dequeue(inbox, &filler) == 0)
		;
	rtcp_scene_pass(scene, 6);
	assert_int_equal(counter(scene, MEDIA_KEY_FRAME_SENT), 1);
	assert_int_equal(nacks_upstream(scene, &pid, &blp), 1);
	assert_int_equal(pid, 105);
	while (rte_ring_enqueue(inbox, scene) == 0)
		;
	rtcp_put_bye(&writer, VIDEO_SSRC);
	rtcp_scene_receive(scene, PUBLISHER, &writer);
	rtcp_scene_pass(scene, 1);
	while (rte_ring_dequeue(inbox, &filler) == 0)
		;
	rtcp_scene_pass(scene, 1600);
	assert_int_equal(byes(scene, SUBSCRIBER_3, &ssrc), 1);
	assert_int_equal(ssrc, LEG_SSRC(LEG_3));
	rtcp_scene_pass(scene, 1600);
	assert_int_equal(byes(scene, SUBSCRIBER_3, &ssrc), 0);
}

/* SRTCP's index has 31 bits: behind the last one there is none (RFC 3711, 9.2). */
static void a_key_is_spent(void **state)
{
	struct rtcp_scene *scene = *state;
	struct endpoint *publisher = &scene->media.endpoints[PUBLISHER];

	publisher->rtcp_index = 0x7ffffffe;
	key_frame_ask(scene->media_worker, VIDEO);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(plis_upstream(scene), 1);
	assert_int_equal(scene->indices[PUBLISHER], 0x7fffffff);
	key_frame_ask(scene->media_worker, VIDEO);
	rtcp_scene_pass(scene, KEY_FRAME_INTERVAL_MS);
	assert_int_equal(plis_upstream(scene), 0);
	assert_true(counter(scene, MEDIA_RTCP_USED_UP) != 0);
	assert_int_equal(publisher->rtcp_index, 0x7fffffff);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_compound_names_so_many), TEST(lies_are_counted),
	        TEST(floods_are_cut),           TEST(an_empty_pool_is_survived),
	        TEST(a_full_inbox_is_survived), TEST(a_key_is_spent),
	};

	return cmocka_run_group_tests(tests, dp_setup, dp_teardown);
}
