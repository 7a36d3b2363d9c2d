/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a viewer sees of three layers over a link whose rate changes: key frames are six times as
 * long as the frames behind them, each layer takes four fifths of the link that it is for, the
 * link's queue is short and drops, and what it has dropped is asked for. A frame is shown once all
 * of it and of those that it hangs on has come.
 */
#include "estimate/pace.h"
#include "estimate/steer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STEP_US      1000
#define FRAME_US     50000
#define TOLD_US      50000
#define QUEUE_US     300000
#define DELAY_US     25000 /* there */
#define BACK_US      10000
#define PACKET       1200 /* one a step leaves the publisher */
#define PADDING      300
#define KEY_TIMES    6
#define KEY_US       80000   /* until a key frame that was asked for begins */
#define KEY_AGAIN_US 1000000 /* between two requests */
#define ASKED_US     20000   /* after a gap was seen */
#define LAYERS       3
#define PACKETS      65536 /* a power of two: all that is remembered */
#define FRAMES       8192
#define WAITING      1024
#define FAR          ((int64_t)77777777777) /* the viewer's clock is another one */
#define NEVER        INT64_MAX

struct frame {
	uint8_t layer;
	bool key, begun, left_out; /* left_out: some of it was never sent */
	uint32_t missing;          /* packets */
	int64_t whole;             /* when all of it had come */
	uint64_t made;
};

struct packet {
	uint64_t sent;
	int64_t came; /* NEVER: lost */
	uint32_t bytes;
	uint32_t frame; /* FRAMES: none */
	bool asked;
};

struct piece {
	uint32_t frame, bytes;
};

struct pieces {
	uint32_t head, tail;
	struct piece list[WAITING];
};

struct world {
	struct steer steer;
	struct ladder ladder;
	struct pace pace;
	uint32_t rate; /* kbit/s of the link */
	bool paced;    /* what follows a key frame waits its turn */
	bool unpaced;  /* it never does */
	uint64_t now, free, frame_due, told_due;
	uint32_t random;
	/* the publisher */
	uint32_t debt[LAYERS]; /* bytes of the last key frame that the frames behind it save */
	struct pieces leaving;
	uint8_t flows, to;
	bool hurried;
	uint32_t hurried_until;      /* the frame that it has gone on with */
	uint64_t key_due, key_asked; /* 0: none */
	/* the pacer */
	struct pieces waiting;
	/* a probe that is under way */
	uint32_t probe, probe_bytes, probe_sent;
	uint64_t probe_began;
	/* the link */
	uint32_t count, told; /* packets */
	struct packet packets[PACKETS];
	uint32_t frames;
	struct frame frame[FRAMES];
	/* what it came to */
	uint32_t ups, downs, lost, keys;
	uint64_t delivered;
	int64_t longest_wait; /* in the link's queue */
};

static uint32_t next_random(struct world *world)
{
	world->random = world->random * 1664525 + 1013904223;
	return world->random >> 8;
}

static struct world *world_new(uint32_t rate, uint32_t random)
{
	struct world *world = calloc(1, sizeof(*world));

	world->rate = rate;
	world->random = random;
	world->now = world->free = 1000000;
	world->ladder = (struct ladder){
	        .n_tracks = 1,
	        .tracks = {{.layers = LAYERS, .most = 2, .kbps = {242, 800, 3260}}},
	};
	return world;
}

static void piece_put(struct pieces *pieces, uint32_t frame, uint32_t bytes)
{
	assert_true(pieces->tail - pieces->head < WAITING);
	pieces->list[pieces->tail++ % WAITING] = (struct piece){frame, bytes};
}

/* -- the link -- */

static void packet_send(struct world *world, uint32_t frame, uint32_t bytes)
{
	struct packet *packet = &world->packets[world->count++ % PACKETS];
	int64_t queue;

	*packet =
	        (struct packet){.sent = world->now, .came = NEVER, .bytes = bytes, .frame = frame};
	if (world->free < world->now)
		world->free = world->now;
	queue = (int64_t)(world->free - world->now);
	if (queue > world->longest_wait)
		world->longest_wait = queue;
	if (queue > QUEUE_US) {
		world->lost++;
		return;
	}
	world->free += (uint64_t)bytes * 8000 / world->rate;
	packet->came = (int64_t)(world->free + DELAY_US);
	world->delivered += bytes;
	if (frame == FRAMES || --world->frame[frame].missing != 0)
		return;
	world->frame[frame].whole = packet->came;
}

/* What is known to be missing, as something behind it has come, is sent once more. */
static void lost_send(struct world *world)
{
	int64_t seen = (int64_t)world->now - BACK_US - ASKED_US;
	uint32_t first = world->count > 2000 ? world->count - 2000 : 0;
	bool behind = false;

	for (uint32_t i = world->count; i-- > first;) {
		struct packet *packet = &world->packets[i % PACKETS];

		if (packet->came != NEVER) {
			behind |= packet->came < seen;
			continue;
		}
		if (!behind || packet->asked || packet->frame == FRAMES ||
		    world->frame[packet->frame].left_out)
			continue;
		/* of what was left in a hurry nothing is sent again */
		if (world->hurried || packet->frame < world->hurried_until)
			continue;
		packet->asked = true;
		packet_send(world, packet->frame, packet->bytes);
	}
}

/* -- the publisher -- */

static uint32_t frame_bytes(struct world *world, uint8_t layer, bool key)
{
	uint32_t bytes =
	        (uint32_t)((uint64_t)world->ladder.tracks[0].kbps[layer] * FRAME_US / 8000);
	uint32_t saved;

	if (key) {
		world->debt[layer] = bytes * (KEY_TIMES - 1);
		return bytes * KEY_TIMES;
	}
	saved = bytes / 4 < world->debt[layer] ? bytes / 4 : world->debt[layer];
	world->debt[layer] -= saved;
	return (bytes - saved) * (85 + next_random(world) % 31) / 100;
}

static void frame_make(struct world *world, uint8_t layer, bool key)
{
	uint32_t bytes = frame_bytes(world, layer, key), number = world->frames++;
	struct frame *frame = &world->frame[number];

	assert_true(number < FRAMES);
	*frame = (struct frame){.layer = layer, .key = key, .whole = NEVER, .made = world->now};
	for (; bytes > PACKET; bytes -= PACKET, frame->missing++)
		piece_put(&world->leaving, number, PACKET);
	piece_put(&world->leaving, number, bytes < 60 ? 60 : bytes);
	frame->missing++;
}

static void frames_make(struct world *world)
{
	bool key = world->key_due != 0 && world->now >= world->key_due;

	if (key) {
		world->key_due = 0;
		world->keys++;
		frame_make(world, world->to, true);
	}
	/* the one before goes on until then */
	if (!key || world->flows != world->to)
		frame_make(world, world->flows, false);
}

/* -- the server -- */

static void piece_forward(struct world *world, const struct piece *piece)
{
	struct frame *frame = &world->frame[piece->frame];

	if (frame->key && !frame->begun && frame->layer == world->to) {
		world->flows = frame->layer;
		if (world->hurried)
			world->hurried_until = piece->frame;
		world->hurried = false;
		world->paced = !world->unpaced;
	}
	frame->begun |= frame->layer == world->flows;
	if (frame->layer != world->flows || world->hurried) {
		frame->left_out = true;
		return;
	}
	if (!world->paced) {
		packet_send(world, piece->frame, piece->bytes);
		return;
	}
	piece_put(&world->waiting, piece->frame, piece->bytes);
	pace_put(&world->pace, piece->bytes, world->now);
}

static void paced_send(struct world *world)
{
	while (world->waiting.head != world->waiting.tail &&
	       pace_is_due(&world->pace, world->now)) {
		const struct piece *piece = &world->waiting.list[world->waiting.head++ % WAITING];

		packet_send(world, piece->frame, piece->bytes);
		pace_take(&world->pace, piece->bytes, world->steer.downlink.kbps, world->now);
	}
	if (world->waiting.head == world->waiting.tail && world->now >= world->pace.due)
		world->paced = false;
}

static void probe_send(struct world *world)
{
	uint64_t due = (uint64_t)world->probe * (world->now - world->probe_began + STEP_US) / 8000;

	while (world->probe_sent < world->probe_bytes && world->probe_sent < due) {
		world->probe_sent += PADDING;
		packet_send(world, FRAMES, PADDING);
	}
	if (world->probe_sent < world->probe_bytes)
		return;
	downlink_probe_end(&world->steer.downlink, (uint16_t)(world->count - 1));
	world->probe = 0;
}

static void switch_to(struct world *world, uint8_t layer)
{
	uint64_t asked = world->key_asked + KEY_AGAIN_US;

	if (layer == world->to)
		return;
	world->ups += layer > world->to;
	world->downs += layer < world->to;
	world->to = layer;
	if (asked < world->now)
		asked = world->now;
	world->key_asked = asked;
	world->key_due = layer == world->flows ? 0 : asked + KEY_US;
}

static void look(struct world *world)
{
	struct ladder_track *track = &world->ladder.tracks[0];
	struct steered steered;

	track->now = world->to;
	steered = steer_look(&world->steer, &world->ladder, world->to == world->flows, world->now);
	if (steered.up || steered.down)
		switch_to(world, track->chosen);
	world->hurried = steered.hurry || (world->hurried && world->to != world->flows);
	if (steered.probe == 0)
		return;
	world->probe = steered.probe;
	world->probe_bytes = (uint32_t)((uint64_t)steered.probe * STEER_PROBE_US / 8000);
	if (world->probe_bytes < STEER_PROBE_LEAST * PADDING)
		world->probe_bytes = STEER_PROBE_LEAST * PADDING;
	world->probe_sent = 0;
	world->probe_began = world->now;
	downlink_probe_begin(&world->steer.downlink, (uint16_t)world->count, world->now);
}

static void tell(struct world *world)
{
	int64_t until = (int64_t)world->now - BACK_US;
	uint32_t came = 0, lost = 0, holes = 0, newest = 0;
	uint64_t newest_sent = 0;

	for (uint32_t number = world->told; number != world->count; number++) {
		const struct packet *packet = &world->packets[number % PACKETS];

		if (packet->came == NEVER) {
			holes++;
			continue;
		}
		if (packet->came > until)
			break;
		lost += holes;
		holes = 0;
		came++;
		newest = number;
		newest_sent = packet->sent;
		downlink_arrived(&world->steer.downlink, (uint16_t)number, packet->sent,
		                 packet->came + FAR, packet->bytes);
		world->told = number + 1;
	}
	if (came == 0)
		return;
	downlink_told(&world->steer.downlink, world->now, came, lost, (uint16_t)newest,
	              newest_sent);
	look(world);
}

static void trace(const struct world *world)
{
	const struct downlink *downlink = &world->steer.downlink;

	printf("%8.3f rate %4u est %5u del %5u state %d trend %6.1f thr %5.1f q %3d wait %4u loss "
	       "%u "
	       "layer %u to %u%s reason %d\n",
	       (double)world->now / 1e6, world->rate, downlink->kbps, downlink->delivered,
	       downlink->trend.state, downlink->trend.trend_ms, downlink->trend.threshold_ms,
	       world->free > world->now ? (int)((world->free - world->now) / 1000) : 0,
	       world->waiting.tail - world->waiting.head, downlink->loss, world->flows, world->to,
	       world->hurried ? " hurried" : "", downlink->reason);
}

static void step(struct world *world)
{
	if (world->now >= world->frame_due) {
		frames_make(world);
		world->frame_due = world->now + FRAME_US;
	}
	if (world->leaving.head != world->leaving.tail)
		piece_forward(world, &world->leaving.list[world->leaving.head++ % WAITING]);
	paced_send(world);
	lost_send(world);
	if (world->probe != 0)
		probe_send(world);
	if (world->now >= world->told_due) {
		tell(world);
		world->told_due = world->now + TOLD_US;
		if (getenv("LINK_TRACE") != NULL)
			trace(world);
	}
	world->now += STEP_US;
}

static void pass(struct world *world, uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i++)
		step(world);
}

/* -- what is seen -- */

/* The longest time without another frame, from one moment to another, in ms. A key frame is shown
 * at once; what comes whole after it is not shown any more. */
static uint32_t longest_gap(const struct world *world, uint64_t from, uint64_t until)
{
	static int64_t shown[FRAMES];
	uint32_t count = 0;
	bool hangs = false; /* on one that never comes */
	int64_t longest = 0, before = (int64_t)from;

	for (uint32_t i = 0; i < world->frames; i++) {
		const struct frame *frame = &world->frame[i];
		int64_t whole = frame->whole;

		if (!frame->begun)
			continue;
		if (frame->key && whole != NEVER) {
			hangs = false;
			while (count != 0 && shown[count - 1] > whole)
				count--;
		} else if (frame->left_out || whole == NEVER) {
			hangs = true;
		}
		if (hangs)
			continue;
		if (count != 0 && shown[count - 1] > whole)
			whole = shown[count - 1];
		shown[count++] = whole;
	}
	for (uint32_t i = 0; i < count && shown[i] < (int64_t)until; i++) {
		if (shown[i] < (int64_t)from)
			continue;
		if (shown[i] - before > longest)
			longest = shown[i] - before;
		before = shown[i];
	}
	if ((int64_t)until - before > longest)
		longest = (int64_t)until - before;
	return (uint32_t)(longest / 1000);
}

struct phase {
	uint32_t kbps, ms;
	uint8_t layer;
	uint32_t within_ms;
};

struct seen {
	uint32_t after_ms; /* it was there to stay */
	uint32_t gap_ms, used_percent, lost;
};

static struct seen phase_pass(struct world *world, const struct phase *phase)
{
	uint64_t began = world->now, delivered = 0;
	struct seen seen = {0};
	uint32_t lost = world->lost;

	world->rate = phase->kbps;
	for (uint32_t ms = 0; ms < phase->ms; ms += 10) {
		if (ms == phase->ms - 8000)
			delivered = world->delivered;
		pass(world, 10);
		if (world->flows != phase->layer)
			seen.after_ms = ms + 10;
	}
	seen.gap_ms = longest_gap(world, began, world->now);
	seen.used_percent = (uint32_t)((world->delivered - delivered) * 100 / phase->kbps / 1000);
	seen.lost = world->lost - lost;
	return seen;
}

/* A viewer that had the lowest layer, then narrow links, and a wide one again. Returns the longest
 * time without a frame. */
static uint32_t layers_follow(uint32_t random, bool unpaced)
{
	static const struct phase phases[] = {
	        {4000, 20000, 2, 10000},
	        {1000, 20000, 1, 2000},
	        {300, 20000, 0, 2000},
	        {4000, 25000, 2, 10000},
	};
	struct world *world = world_new(4000, random * 77);
	uint32_t gap = 0;

	world->unpaced = unpaced;
	for (uint32_t i = 0; i < 4; i++) {
		struct seen seen = phase_pass(world, &phases[i]);

		print_message("%s%4u kbit/s: layer %u after %5u ms, gap %4u ms, used %3u %%, lost "
		              "%3u\n",
		              unpaced ? "unpaced, " : "", phases[i].kbps, world->flows,
		              seen.after_ms, seen.gap_ms, seen.used_percent, seen.lost);
		assert_in_range(seen.after_ms, 0, phases[i].within_ms);
		assert_in_range(seen.used_percent, 80, 100);
		if (seen.gap_ms > gap)
			gap = seen.gap_ms;
	}
	free(world);
	return gap;
}

static void layers_follow_without_a_freeze(void **state)
{
	uint32_t most = 0;

	for (uint32_t random = 1; random <= 3; random++) {
		uint32_t gap = layers_follow(random, true);

		most = gap > most ? gap : most;
		assert_in_range(layers_follow(random, false), 0, 500);
	}
	/* it is the pacer that does it */
	assert_in_range(most, 501, 2000);
}

/* Others ask for key frames of what it gets. */
static void key_frames_for_others_cost_nothing(void **state)
{
	static const uint32_t rates[] = {300, 1000, 4000};

	for (uint32_t i = 0; i < 3; i++) {
		struct world *world = world_new(rates[i], 3);
		uint64_t began;
		uint32_t downs;

		pass(world, 20000);
		assert_int_equal(world->flows, i);
		downs = world->downs;
		began = world->now;
		for (uint32_t second = 0; second < 30; second++) {
			if (second % 3 == 0 && world->key_due == 0)
				world->key_due = world->now;
			pass(world, 1000);
		}
		print_message("%u kbit/s: gap %u ms, %u lost\n", rates[i],
		              longest_gap(world, began, world->now), world->lost);
		assert_int_equal(world->flows, i);
		assert_int_equal(world->downs, downs);
		assert_in_range(longest_gap(world, began, world->now), 0, 400);
		free(world);
	}
}

/* A link that carries a layer by a little, or not: it does not go up and down. */
static void it_does_not_swing(void **state)
{
	static const uint32_t rates[] = {270, 500, 900, 1100, 2000, 3000, 3400, 3600, 3800, 4500};

	for (uint32_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct world *world = world_new(rates[i], 77);
		uint32_t ups, downs;
		uint64_t began;

		pass(world, 20000);
		ups = world->ups;
		downs = world->downs;
		began = world->now;
		pass(world, 30000);
		print_message("%u kbit/s for 30 s: layer %u, %u up, %u down, gap %u ms\n", rates[i],
		              world->flows, world->ups - ups, world->downs - downs,
		              longest_gap(world, began, world->now));
		assert_in_range(world->downs - downs, 0, 1);
		assert_in_range(longest_gap(world, began, world->now), 0, 500);
		free(world);
	}
}

/* Packets that leave before their time, since no more may wait, do not hold up those behind them.
 */
static void forced_packets_hold_up_nobody(void **state)
{
	const uint64_t now = 1000000;
	struct pace pace = {0};

	for (int i = 0; i < 256; i++)
		pace_put(&pace, 1200, now);
	for (int i = 0; i < 344; i++) {
		pace_take(&pace, 1200, 1000, now);
		pace_put(&pace, 1200, now);
	}
	assert_in_range(pace.due, now, now + PACE_MOST_US / 256 + 1);
	assert_int_equal(pace.bytes, 256 * 1200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(layers_follow_without_a_freeze),
	        cmocka_unit_test(key_frames_for_others_cost_nothing),
	        cmocka_unit_test(it_does_not_swing),
	        cmocka_unit_test(forced_packets_hold_up_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
