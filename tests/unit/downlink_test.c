/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a viewer's path is taken to carry, and which layer it gets, over a simulated link: a queue
 * with a rate, a delay, jitter and loss; a sender that sends frames as they come, unpaced; a viewer
 * that tells each 50 ms what came.
 */
#include "estimate/steer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STEP_US  1000
#define FRAME_US 33333
#define TOLD_US  50000
#define PACKET   1200
#define PADDING  300
#define AUDIO_US 20000
#define AUDIO    100
#define SENT     8192 /* packets that are remembered; power of two */
#define LOST     INT64_MIN
#define FAR      ((int64_t)77777777777) /* the viewer's clock is another one */

struct sent {
	uint64_t sent;
	int64_t came; /* LOST, or when by the viewer's clock */
	uint32_t bytes;
};

struct world {
	struct steer steer;
	struct ladder ladder;
	uint32_t rate, delay, jitter, loss, queue; /* kbit/s, us, us, per mille, us */
	uint64_t now, free, frame_due, audio_due, told_due;
	int64_t latest;
	uint16_t number, told; /* the next to send, the next to tell */
	struct sent packets[SENT];
	uint32_t random;
	/* a source that sends what the estimate says, up to this; 0: layers */
	uint32_t adapts;
	uint32_t switching_us; /* until a key frame comes; 0: none is waited for */
	uint8_t flows;         /* the layer that is sent still */
	/* a probe that is under way */
	uint32_t probe, probe_bytes, probe_sent;
	uint64_t probe_began;
	/* what it came to */
	uint64_t delivered, queue_now, queue_most;
	uint32_t ups, downs;
};

static uint32_t next_random(struct world *world)
{
	world->random = world->random * 1664525 + 1013904223;
	return world->random >> 8;
}

static struct world *world_new(uint32_t rate, uint32_t delay)
{
	struct world *world = calloc(1, sizeof(*world));

	world->rate = rate;
	world->delay = delay;
	world->queue = 300000;
	world->now = world->free = 1000000;
	world->random = 7;
	world->number = world->told = 65000; /* it wraps soon */
	world->ladder = (struct ladder){
	        .fixed = 40,
	        .n_tracks = 1,
	        .tracks = {{.layers = 3, .most = 2, .kbps = {150, 500, 2400}}},
	};
	return world;
}

static void packet_send(struct world *world, uint32_t bytes)
{
	struct sent *sent = &world->packets[world->number++ & (SENT - 1)];

	*sent = (struct sent){.sent = world->now, .came = LOST, .bytes = bytes};
	if (world->free < world->now)
		world->free = world->now;
	world->queue_now = world->free - world->now;
	if (world->queue_now > world->queue_most)
		world->queue_most = world->queue_now;
	if (world->queue_now > world->queue || next_random(world) % 1000 < world->loss)
		return;
	world->free += (uint64_t)bytes * 8000 / world->rate;
	sent->came = (int64_t)(world->free + world->delay) + FAR;
	if (world->jitter != 0)
		sent->came += next_random(world) % world->jitter;
	if (sent->came < world->latest)
		sent->came = world->latest; /* nothing is reordered */
	world->latest = sent->came;
	world->delivered += bytes;
}

/* One frame of so many kbit/s: its size is not always the same. */
static void frame_send(struct world *world, uint32_t kbps)
{
	uint32_t bytes = (uint32_t)((uint64_t)kbps * FRAME_US / 8000);

	bytes = bytes * (75 + next_random(world) % 51) / 100;
	for (; bytes > PACKET; bytes -= PACKET)
		packet_send(world, PACKET);
	packet_send(world, bytes < 60 ? 60 : bytes);
}

static void probe_send(struct world *world)
{
	uint64_t due = (uint64_t)world->probe * (world->now - world->probe_began + STEP_US) / 8000;

	while (world->probe_sent < world->probe_bytes && world->probe_sent < due) {
		world->probe_sent += PADDING;
		packet_send(world, PADDING);
	}
	if (world->probe_sent < world->probe_bytes)
		return;
	downlink_probe_end(&world->steer.downlink, world->number - 1);
	world->probe = 0;
}

static void look(struct world *world)
{
	struct ladder_track *track = &world->ladder.tracks[0];
	struct steered steered =
	        steer_look(&world->steer, &world->ladder, world->switching_us == 0, world->now);

	if ((steered.up || steered.down) && world->adapts == 0) {
		world->ups += steered.up;
		world->downs += steered.down;
		world->switching_us = 300000;
		track->now = track->chosen;
	}
	if (steered.probe == 0)
		return;
	world->probe = steered.probe;
	world->probe_bytes = (uint32_t)((uint64_t)steered.probe * STEER_PROBE_US / 8000);
	if (world->probe_bytes < STEER_PROBE_LEAST * PADDING)
		world->probe_bytes = STEER_PROBE_LEAST * PADDING;
	world->probe_sent = 0;
	world->probe_began = world->now;
	downlink_probe_begin(&world->steer.downlink, world->number, world->now);
}

/* A message that left half a round trip ago, and says what had come then. */
static void tell(struct world *world)
{
	int64_t until = (int64_t)(world->now - world->delay) + FAR;
	uint32_t came = 0, lost = 0, holes = 0;
	uint64_t newest_sent = 0;
	uint16_t newest = world->told;

	for (uint16_t number = world->told; number != world->number; number++) {
		const struct sent *sent = &world->packets[number & (SENT - 1)];

		if (sent->came == LOST) {
			holes++;
			continue;
		}
		if (sent->came > until)
			break;
		lost += holes;
		holes = 0;
		came++;
		newest = number;
		newest_sent = sent->sent;
		downlink_arrived(&world->steer.downlink, number, sent->sent, sent->came,
		                 sent->bytes);
		world->told = (uint16_t)(number + 1);
	}
	if (came == 0)
		return;
	downlink_told(&world->steer.downlink, world->now, came, lost, newest, newest_sent);
	look(world);
}

static uint32_t video_kbps(const struct world *world)
{
	uint32_t kbps = world->steer.downlink.kbps;

	if (world->adapts == 0)
		return world->ladder.tracks[0].kbps[world->flows];
	kbps -= 40;
	return kbps < world->adapts ? kbps : world->adapts;
}

static void step(struct world *world)
{
	if (world->now >= world->frame_due) {
		frame_send(world, video_kbps(world));
		world->frame_due = world->now + FRAME_US;
	}
	if (world->now >= world->audio_due) {
		packet_send(world, AUDIO);
		world->audio_due = world->now + AUDIO_US;
	}
	if (world->probe != 0)
		probe_send(world);
	if (world->now >= world->told_due) {
		tell(world);
		world->told_due = world->now + TOLD_US;
	}
	world->now += STEP_US;
	if (world->switching_us == 0)
		return;
	world->switching_us -= STEP_US;
	if (world->switching_us == 0)
		world->flows = world->ladder.tracks[0].now;
}

static void pass(struct world *world, uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i++) {
		step(world);
		if (getenv("DOWNLINK_TRACE") != NULL && world->now % 250000 == 0)
			printf("%7.3f est %5u del %5u state %d trend %6.1f thr %5.1f q %3u loss %u "
			       "layer %u reason %d\n",
			       (double)world->now / 1e6, world->steer.downlink.kbps,
			       world->steer.downlink.delivered, world->steer.downlink.trend.state,
			       world->steer.downlink.trend.trend_ms,
			       world->steer.downlink.trend.threshold_ms,
			       (unsigned)(world->queue_now / 1000), world->steer.downlink.loss,
			       world->flows, world->steer.downlink.reason);
	}
}

static uint32_t kbps(const struct world *world)
{
	return world->steer.downlink.kbps;
}

static uint8_t layer(const struct world *world)
{
	return world->flows;
}

/* kbit/s that came in so many ms. */
static uint32_t rate_over(struct world *world, uint32_t ms)
{
	uint64_t before = world->delivered;

	pass(world, ms);
	return (uint32_t)((world->delivered - before) * 8 / ms);
}

/* Milliseconds until the layer is this one; 60,000: never. */
static uint32_t until_layer(struct world *world, uint8_t wanted)
{
	uint32_t ms = 0;

	for (; ms < 60000 && layer(world) != wanted; ms += 10)
		pass(world, 10);
	return ms;
}

static void a_source_that_adapts_fills_the_link(void **state)
{
	static const uint32_t rates[] = {300, 1000, 4000, 12000}, delays[] = {2000, 25000, 100000};

	for (uint32_t i = 0; i < 4; i++)
		for (uint32_t j = 0; j < 3; j++) {
			struct world *world = world_new(rates[i], delays[j]);
			uint32_t used;

			world->adapts = 50000;
			world->ladder.tracks[0].kbps[2] = 20000;
			pass(world, 20000);
			world->queue_most = 0;
			used = rate_over(world, 20000);
			print_message("%u kbit/s, %u ms: %u used, queue %u ms\n", rates[i],
			              delays[j] / 1000, used, (unsigned)(world->queue_most / 1000));
			assert_in_range(used, rates[i] * 85 / 100, rates[i] * 101 / 100);
			assert_in_range(world->queue_most / 1000, 0, 200);
			free(world);
		}
}

static void a_drop_is_followed_within_two_seconds(void **state)
{
	static const uint32_t rates[] = {2000, 1000, 500, 300};

	for (uint32_t i = 0; i < 4; i++) {
		struct world *world = world_new(4000, 25000);
		uint32_t ms = 0;

		world->adapts = 50000;
		pass(world, 20000);
		world->rate = rates[i];
		for (; ms < 10000 && kbps(world) > rates[i]; ms += 10)
			pass(world, 10);
		pass(world, 3000);
		world->queue_most = 0;
		pass(world, 10000);
		print_message("4000 to %u kbit/s: followed after %u ms, queue from 3 s on %u ms\n",
		              rates[i], ms, (unsigned)(world->queue_most / 1000));
		assert_in_range(ms, 0, 1000);
		assert_in_range(world->queue_most / 1000, 0, 200);
		free(world);
	}
}

static void layers_follow_the_link(void **state)
{
	struct world *world = world_new(4000, 25000);
	uint32_t down_1, down_03, up;

	print_message("4 Mbit/s: the highest layer after %u ms\n", until_layer(world, 2));
	pass(world, 20000);
	assert_int_equal(layer(world), 2);
	assert_int_equal(world->downs, 0);
	world->rate = 1000;
	down_1 = until_layer(world, 1);
	pass(world, 15000);
	assert_int_equal(layer(world), 1);
	world->rate = 300;
	down_03 = until_layer(world, 0);
	pass(world, 15000);
	assert_int_equal(layer(world), 0);
	world->rate = 4000;
	up = until_layer(world, 2);
	pass(world, 20000);
	assert_int_equal(layer(world), 2);
	print_message(
	        "down to 1 Mbit/s in %u ms, to 0.3 in %u ms, up to 4 in %u ms; %u up, %u down\n",
	        down_1, down_03, up, world->ups, world->downs);
	assert_in_range(down_1, 0, 2000);
	assert_in_range(down_03, 0, 2000);
	assert_in_range(up, 0, 10000);
	assert_in_range(world->downs, 2, 3);
	free(world);
}

static void from_4_to_300_and_back(void **state)
{
	struct world *world = world_new(4000, 25000);
	uint32_t down, up;

	pass(world, 20000);
	assert_int_equal(layer(world), 2);
	world->rate = 300;
	down = until_layer(world, 0);
	pass(world, 20000);
	world->rate = 4000;
	up = until_layer(world, 2);
	pass(world, 10000);
	print_message("4 to 0.3 Mbit/s in %u ms, back in %u ms; %u up, %u down\n", down, up,
	              world->ups, world->downs);
	assert_int_equal(layer(world), 2);
	assert_in_range(down, 0, 2000);
	assert_in_range(up, 0, 10000);
	assert_in_range(world->downs, 1, 2);
	free(world);
}

/* 50 ms more, once; jitter; a little loss. */
static void what_is_no_queue_takes_no_layer(void **state)
{
	for (uint32_t i = 0; i < 3; i++) {
		struct world *world = world_new(i == 2 ? 20000 : 4000, 25000);

		pass(world, 20000);
		assert_int_equal(layer(world), 2);
		world->delay += i == 0 ? 50000 : 0;
		world->jitter = i == 1 ? 30000 : 0;
		world->loss = i == 2 ? 30 : 0;
		pass(world, 30000);
		print_message("case %u: %u up, %u down\n", i, world->ups, world->downs);
		assert_int_equal(layer(world), 2);
		assert_int_equal(world->downs, 0);
		free(world);
	}
}

/* A link between two layers: it does not go up and down. */
static void it_does_not_swing(void **state)
{
	static const uint32_t rates[] = {250, 600, 700, 1000, 2000, 2500, 2800};

	for (uint32_t i = 0; i < 7; i++) {
		struct world *world = world_new(rates[i], 25000);

		pass(world, 20000);
		world->ups = world->downs = 0;
		world->queue_most = 0;
		pass(world, 120000);
		print_message("%u kbit/s for 120 s: layer %u, %u up, %u down, queue %u ms\n",
		              rates[i], layer(world), world->ups, world->downs,
		              (unsigned)(world->queue_most / 1000));
		assert_int_equal(world->ups, 0);
		assert_int_equal(world->downs, 0);
		free(world);
	}
}

static void without_feedback_reports_tell(void **state)
{
	struct downlink downlink;
	uint64_t now = 1000000;

	downlink_begin(&downlink, 1000, now);
	for (int i = 0; i < 10; i++)
		downlink_reported(&downlink, now += 1000000, 0, 0, 800);
	assert_in_range(downlink.kbps, 2000, 2300);
	downlink_reported(&downlink, now += 1000000, 128, 0, 800);
	assert_in_range(downlink.kbps, 1500, 1750);
	downlink_reported(&downlink, now += 1000000, 0, 900, 800);
	assert_int_not_equal(downlink.reason, DOWNLINK_REMB);
	downlink_reported(&downlink, now += 1000000, 0, 600, 800);
	assert_int_equal(downlink.kbps, 600);
	assert_int_equal(downlink.reason, DOWNLINK_REMB);
}

static void the_ladder_fills_from_below(void **state)
{
	struct ladder ladder = {
	        .fixed = 50,
	        .n_tracks = 2,
	        .tracks = {{.layers = 3, .most = 2, .kbps = {100, 400, 1500}},
	                   {.layers = 3, .most = 1, .kbps = {100, 400, 1500}}},
	};

	ladder_choose(&ladder, 10, true);
	assert_int_equal(ladder.tracks[0].chosen + ladder.tracks[1].chosen, 0);
	assert_int_equal(ladder.total, 250);
	assert_int_equal(ladder.next, 550 * 115 / 100);
	ladder_choose(&ladder, 650, true);
	assert_int_equal(ladder.tracks[0].chosen, 1);
	assert_int_equal(ladder.tracks[1].chosen, 0);
	ladder_choose(&ladder, 5000, true);
	assert_int_equal(ladder.tracks[0].chosen, 2);
	assert_int_equal(ladder.tracks[1].chosen, 1); /* as is wished */
	assert_int_equal(ladder.next, 0);
	assert_true(ladder.bounded);
	ladder.tracks[0].now = 2;
	ladder_choose(&ladder, 1700, true);
	assert_int_equal(ladder.tracks[0].chosen, 2);
	ladder_choose(&ladder, 1700, false);
	assert_int_equal(ladder.tracks[0].chosen, 1);
}

/* Where the lowest layer does not fit, fewer frames of it do. */
static void frames_are_left_out_last(void **state)
{
	struct ladder ladder = {
	        .fixed = 50,
	        .n_tracks = 1,
	        .tracks = {{.layers = 2,
	                    .most = 1,
	                    .kbps = {200, 600},
	                    .percent = {40, 60, 100, 100},
	                    .temporal_now = 3}},
	};
	struct ladder_track *track = &ladder.tracks[0];

	ladder_choose(&ladder, 250, false);
	assert_int_equal(track->temporal, 3);
	assert_int_equal(ladder.total, 250);
	ladder_choose(&ladder, 240, true); /* for a while */
	assert_int_equal(track->temporal, 3);
	ladder_choose(&ladder, 240, false);
	assert_int_equal(track->temporal, 1);
	assert_int_equal(ladder.total, 170);
	assert_int_equal(ladder.next, 250);
	ladder_choose(&ladder, 20, false); /* never none */
	assert_int_equal(track->temporal, 0);
	assert_int_equal(ladder.total, 130);
	track->temporal_now = 1;
	ladder_choose(&ladder, 260, false); /* back with room to spare */
	assert_int_equal(ladder.sent, 170);
	assert_int_equal(track->temporal, 1);
	assert_int_equal(ladder.next, 250 * 115 / 100);
	ladder_choose(&ladder, 290, false);
	assert_int_equal(track->temporal, 3);
	ladder_choose(&ladder, 750, false);
	assert_int_equal(track->chosen, 1);
	assert_int_equal(track->temporal, 3);
	memset(track->percent, 0, sizeof(track->percent));
	ladder_choose(&ladder, 20, false); /* nothing is known of its frames */
	assert_int_equal(track->temporal, 3);
}

/* Packets each ms over a link of so many kbit/s, one of which stands still for a while, and which
 * become so much longer each ms. Returns the first rate that they prove, or 0. */
static uint32_t burst_prove(uint32_t kbps, uint32_t jitter, uint32_t stands, uint32_t step,
                            uint32_t creeps)
{
	struct burst burst = {0};
	uint64_t free = 0, random = 1;
	int64_t latest = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		uint64_t sent = 1000000 + i * 1000ull;
		uint32_t proven;
		int64_t came;

		if (free < sent)
			free = sent;
		if (i == 500)
			free += stands;
		free += 1200 * 8000ull / kbps;
		came = (int64_t)free + FAR + (i > 500 ? step : 0) + (int64_t)(i * creeps);
		random = random * 1664525 + 1013904223;
		came += jitter != 0 ? (int64_t)((random >> 16) % jitter) : 0;
		if (came < latest)
			came = latest;
		latest = came;
		proven = burst_packet(&burst, sent, came, 1200);
		if (proven != 0)
			return proven;
	}
	return 0;
}

/* 9600 kbit/s are sent. */
static void bursts_prove_what_the_link_carries(void **state)
{
	static const uint32_t rates[] = {300, 1000, 3000, 6000};

	for (uint32_t i = 0; i < 4; i++) {
		assert_in_range(burst_prove(rates[i], 0, 0, 0, 0), rates[i] * 97 / 100,
		                rates[i] * 103 / 100);
		assert_in_range(burst_prove(rates[i], 10000, 0, 0, 0), rates[i] * 70 / 100,
		                rates[i] * 115 / 100);
	}
	/* what is no queue */
	assert_int_equal(burst_prove(20000, 30000, 0, 0, 0), 0);
	assert_int_equal(burst_prove(20000, 0, 150000, 0, 0), 0);
	assert_int_equal(burst_prove(20000, 0, 0, 200000, 0), 0);
	assert_int_equal(burst_prove(20000, 0, 0, 0, 20),
	                 0); /* a path that grows by 20 ms a second */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_source_that_adapts_fills_the_link),
	        cmocka_unit_test(a_drop_is_followed_within_two_seconds),
	        cmocka_unit_test(layers_follow_the_link),
	        cmocka_unit_test(from_4_to_300_and_back),
	        cmocka_unit_test(what_is_no_queue_takes_no_layer),
	        cmocka_unit_test(it_does_not_swing),
	        cmocka_unit_test(without_feedback_reports_tell),
	        cmocka_unit_test(bursts_prove_what_the_link_carries),
	        cmocka_unit_test(the_ladder_fills_from_below),
	        cmocka_unit_test(frames_are_left_out_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
