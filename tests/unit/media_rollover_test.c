/* SPDX-License-Identifier: BSD-3-Clause */
/* Sequence numbers that begin again: under loss, after a pause, and where the rollover went unseen.
 */
#include "receive_fixture.h"

#include "graph/drop.h"
#include "media/bytes.h"
#include "media/config.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The publisher sends on, and nobody hears it: its ROC is `rollovers` higher. */
static void unheard(struct call *call, uint32_t ssrc, uint16_t *seq, uint32_t rollovers)
{
	struct datagram datagram;

	for (uint32_t i = 0; i < rollovers * 4; i++) {
		*seq += 0x4000;
		datagram_write(call, &datagram, ssrc, *seq);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)
	        TEST(rollovers_with_loss_and_reordering),
	        TEST(a_stream_that_comes_back_goes_on),
	        TEST(an_endpoint_that_comes_back_begins_anew),
	        TEST(an_unnamed_stream_that_comes_back_goes_on),
	        TEST(a_rollover_that_nobody_saw_is_found),
	        TEST(a_rollover_is_searched_again),
	        TEST(forgeries_do_not_keep_a_publisher_out),
	        TEST(forgeries_do_not_keep_a_pause_from_ending),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
