/* SPDX-License-Identifier: BSD-3-Clause */
/* Which leg gets which packet, in which order: packets of a stream that go together, legs that are
 * replaced while they are half way, streams that end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "media/fan.h"
#include "media/state.h"
#include "srtp/rtp.h"
#include "worker.h"

#define PACKETS 16
#define LEGS    1000
#define BACKLOG 32

enum { A = 1, B, STREAMS };

struct plaintext {
	struct rte_mbuf mbuf;
	struct packet packet;
	uint8_t data[64];
};

struct scene {
	struct worker worker;
	struct media media;
	struct media_worker media_worker;
	struct endpoint endpoints[1]; /* all legs' */
	struct stream streams[STREAMS];
	struct stream_worker at[STREAMS];
	struct fan_item backlog[BACKLOG];
	struct plaintext packets[PACKETS];
	uint32_t put;
	/* what each leg got, in order */
	uint64_t got[LEGS + 1][PACKETS];
	uint32_t counts[LEGS + 1];
	uint32_t finished;
};

static struct legs *legs_make(uint64_t generation, uint32_t first, uint32_t count)
{
	struct legs *legs = calloc(1, sizeof(*legs) + count * sizeof(uint32_t));

	legs->generation = generation;
	legs->count = count;
	for (uint32_t i = 0; i < count; i++)
		legs->subscriptions[i] = first + i;
	return legs;
}

static struct scene *scene_create(uint32_t legs_a, uint32_t legs_b)
{
	struct scene *scene = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*scene));

	memset(scene, 0, sizeof(*scene));
	scene->media = (struct media){
	        .streams = scene->streams,
	        .endpoints = scene->endpoints,
	        .subscriptions = aligned_alloc(64, (LEGS + 1) * sizeof(struct subscription)),
	};
	memset(scene->media.subscriptions, 0, (LEGS + 1) * sizeof(struct subscription));
	for (uint32_t i = 1; i <= LEGS; i++)
		scene->media.subscriptions[i].live = true;
	for (uint32_t i = A; i < STREAMS; i++) {
		scene->streams[i] = (struct stream){.live = true, .at = &scene->at[i]};
		scene->at[i].legs = legs_make(i, 1, i == A ? legs_a : legs_b);
	}
	scene->media_worker = (struct media_worker){
	        .worker = &scene->worker,
	        .media = &scene->media,
	        .backlog = scene->backlog,
	        .backlog_mask = BACKLOG - 1,
	};
	return scene;
}

static void scene_destroy(struct scene *scene)
{
	for (uint32_t i = A; i < STREAMS; i++)
		free(scene->at[i].legs);
	free(scene->media.subscriptions);
	free(scene);
}

/* Packets are numbered as they come. */
static void put(struct scene *scene, uint32_t stream, uint32_t only)
{
	struct plaintext *plaintext = &scene->packets[scene->put++];

	plaintext->mbuf.buf_addr = plaintext->data;
	plaintext->data[0] = RTP_VERSION << 6;
	plaintext->packet.media = (struct packet_media){
	        .index = scene->put,
	        .stream = stream,
	        .header_length = RTP_HEADER_SIZE,
	        .payload_length = 10,
	};
	assert_true(fan_put(&scene->media_worker, &plaintext->mbuf, only));
}

static void legs_replace(struct scene *scene, uint32_t stream, struct legs *legs)
{
	free(scene->at[stream].legs);
	scene->at[stream].legs = legs;
}

/* One burst. */
static uint32_t take(struct scene *scene)
{
	static struct fan_burst burst;

	fan_take(&scene->media_worker, &burst);
	assert_true(burst.count <= FAN_BURST);
	for (uint32_t i = 0; i < burst.count; i++) {
		uint32_t leg = burst.legs[i].subscription - scene->media.subscriptions;

		assert_true(scene->counts[leg] < PACKETS);
		scene->got[leg][scene->counts[leg]++] = burst.legs[i].source->packet.index;
	}
	scene->finished += burst.done_count;
	return burst.count;
}

static void take_all(struct scene *scene)
{
	uint32_t bursts = 0;

	while (!fan_empty(&scene->media_worker)) {
		take(scene);
		assert_true(++bursts < 1000);
	}
	assert_int_equal(scene->finished, scene->put);
}

static void leg_got(const struct scene *scene, uint32_t leg, const uint64_t *numbers,
                    uint32_t count)
{
	assert_int_equal(scene->counts[leg], count);
	assert_memory_equal(scene->got[leg], numbers, count * sizeof(*numbers));
}

static void each_leg_gets_all_in_order(void **state)
{
	static const uint64_t both[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, a[] = {1, 2, 3, 6, 7};
	static const uint32_t streams[] = {A, A, A, B, B, A, A, B, B, B, B};
	struct scene *scene = scene_create(700, 300);

	for (size_t i = 0; i < RTE_DIM(streams); i++)
		put(scene, streams[i], 0);
	take_all(scene);
	for (uint32_t leg = 1; leg <= 300; leg++)
		leg_got(scene, leg, both, RTE_DIM(both));
	for (uint32_t leg = 301; leg <= 700; leg++)
		leg_got(scene, leg, a, RTE_DIM(a));
	scene_destroy(scene);
}

/* The point of it: a leg has all packets of a run before the next leg has any. */
static void a_run_goes_from_leg_to_leg(void **state)
{
	struct scene *scene = scene_create(LEGS, 1);

	for (uint32_t i = 0; i < FAN_TOGETHER; i++)
		put(scene, A, 0);
	assert_int_equal(take(scene), FAN_BURST);
	for (uint32_t leg = 1; leg <= FAN_BURST / FAN_TOGETHER; leg++)
		assert_int_equal(scene->counts[leg], FAN_TOGETHER);
	assert_int_equal(scene->counts[FAN_BURST / FAN_TOGETHER + 1], 0);
	/* who comes now goes behind them */
	put(scene, A, 0);
	take_all(scene);
	assert_int_equal(scene->counts[1], FAN_TOGETHER + 1);
	assert_int_equal(scene->counts[LEGS], FAN_TOGETHER + 1);
	scene_destroy(scene);
}

/* Legs 41 to 80 go, 101 to 140 come. Nobody gets a packet twice, who stays gets each. */
static void legs_are_replaced_half_way(void **state)
{
	static const uint64_t all[] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct scene *scene = scene_create(100, 1);
	struct legs *legs = legs_make(77, 1, 100);

	for (uint32_t i = 0; i < RTE_DIM(all); i++)
		put(scene, A, 0);
	take(scene);
	assert_int_equal(scene->counts[32], RTE_DIM(all));
	assert_int_equal(scene->counts[33], 0);
	for (uint32_t i = 40; i < 100; i++)
		legs->subscriptions[i] = i + 41;
	legs_replace(scene, A, legs);
	take_all(scene);
	for (uint32_t leg = 1; leg <= 40; leg++)
		leg_got(scene, leg, all, RTE_DIM(all));
	for (uint32_t leg = 41; leg <= 80; leg++)
		leg_got(scene, leg, all, 0);
	for (uint32_t leg = 81; leg <= 140; leg++)
		leg_got(scene, leg, all, RTE_DIM(all));
	scene_destroy(scene);
}

static void a_stream_ends_half_way(void **state)
{
	struct scene *scene = scene_create(LEGS, 10);

	put(scene, A, 0);
	put(scene, A, 0);
	put(scene, B, 0);
	take(scene);
	scene->streams[A].live = false;
	take_all(scene);
	assert_int_equal(scene->counts[LEGS], 0);
	leg_got(scene, 1, (const uint64_t[]){1, 2, 3}, 3);
	leg_got(scene, 10, (const uint64_t[]){1, 2, 3}, 3);
	leg_got(scene, FAN_BURST / 2, (const uint64_t[]){1, 2}, 2);
	scene_destroy(scene);
}

/* A repeat is for its leg alone, and keeps its place. */
static void a_repeat_joins_nobody(void **state)
{
	struct scene *scene = scene_create(3, 1);

	put(scene, A, 0);
	put(scene, A, 2);
	put(scene, A, 0);
	take_all(scene);
	leg_got(scene, 1, (const uint64_t[]){1, 3}, 2);
	leg_got(scene, 2, (const uint64_t[]){1, 2, 3}, 3);
	leg_got(scene, 3, (const uint64_t[]){1, 3}, 2);
	scene_destroy(scene);
}

static void no_legs_no_packets(void **state)
{
	struct scene *scene = scene_create(0, 0);

	legs_replace(scene, B, NULL);
	put(scene, A, 0);
	put(scene, B, 0);
	take_all(scene);
	assert_int_equal(scene->counts[1], 0);
	scene_destroy(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_leg_gets_all_in_order),
	        cmocka_unit_test(a_run_goes_from_leg_to_leg),
	        cmocka_unit_test(legs_are_replaced_half_way),
	        cmocka_unit_test(a_stream_ends_half_way),
	        cmocka_unit_test(a_repeat_joins_nobody),
	        cmocka_unit_test(no_legs_no_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
