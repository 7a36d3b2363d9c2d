/* SPDX-License-Identifier: BSD-3-Clause */
/* Verdicts: what each region's Redis and probes do, tick by tick, and what is made of it. */
#include "region_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define H SLUICE_VERDICT_HEALTHY
#define D SLUICE_VERDICT_DEGRADED
#define U SLUICE_VERDICT_UNREACHABLE

/* What regions b and c do in a number of ticks of half a second, and their verdicts behind it. */
struct phase {
	uint32_t ticks;
	bool b_beats, b_answers, c_beats, c_answers;
	enum sluice_verdict b, c;
	bool held;
};

struct story {
	const char *name;
	struct phase phases[8]; /* ends with 0 ticks */
};

#define FINE 4, true, true, true, true, H, H

static const struct story stories[] = {
        {"all is well", {{FINE}}},
        {"its Redis alone is away: healthy", {{FINE}, {120, false, true, true, true, H, H}}},
        {"all Redis are away: healthy", {{FINE}, {120, false, true, false, true, H, H}}},
        {"probes alone are lost: degraded after three",
         {{FINE},
          {2, true, false, true, true, H, H},
          {1, true, false, true, true, D, H},
          {60, true, false, true, true, D, H}}},
        {"both are lost: unreachable",
         {{FINE},
          {3, false, false, true, true, D, H},
          {6, false, false, true, true, U, H},
          {60, false, false, true, true, U, H}}},
        {"it comes back after ten good ones, and no lossy ones",
         {{FINE},
          {12, false, false, true, true, U, H},
          {9, true, true, true, true, U, H},
          {1, true, true, true, true, H, H}}},
        {"two lost ones are nothing",
         {{FINE},
          {2, true, false, true, true, H, H},
          {1, true, true, true, true, H, H},
          {2, true, false, true, true, H, H},
          {1, true, true, true, true, H, H}}},
        {"nobody is seen: the view is held",
         {{FINE},
          {12, false, false, false, false, H, H, true},
          {120, false, false, false, false, H, H, true},
          {1, true, true, true, true, H, H, false}}},
        {"one after the other: that is no split",
         {{FINE},
          {20, false, false, true, true, U, H},
          {20, false, false, false, false, U, U, false}}},
        {"a wall that lets no probe through",
         {{60, true, false, true, false, H, H},
          {6, true, false, true, false, H, H},
          {12, false, false, true, false, U, H}}},
        {"probes of all are lost, beats go on: held, not flapping",
         {{FINE}, {120, true, false, true, false, H, H, true}, {12, true, true, true, true, H, H}}},
        {"a split ends for one of them only",
         {{FINE},
          {20, false, false, false, false, H, H, true},
          {3, true, true, false, false, H, U, false}}},
};

struct scene {
	struct view *view;
	uint64_t now, seq[2];
	uint32_t changes;
};

static void on_change(void *arg, const struct view_change *change)
{
	struct scene *scene = arg;

	assert_true(change->before != change->after);
	assert_true(strlen(change->reason) > 0);
	scene->changes++;
}

static void scene_start(struct scene *scene)
{
	static const char *const names[] = {"a", "b", "c"};
	struct node_record own = record_make("a", "a1", 1);

	*scene = (struct scene){.now = 1000 * MS, .view = view_create("a", "a1")};
	assert_non_null(scene->view);
	for (int i = 0; i < 3; i++)
		assert_int_equal(view_region_set(scene->view, names[i], &(struct place){0}), 0);
	assert_int_equal(view_beat(scene->view, scene->now, "a", &own), 0);
}

static void region_act(struct scene *scene, int index, bool beats, bool answers)
{
	const char *name = index == 0 ? "b" : "c", *id = index == 0 ? "b1" : "c1";
	struct node_record record = record_make(name, id, scene->seq[index] += beats);

	if (beats) {
		assert_int_equal(view_beat(scene->view, scene->now, name, &record), 0);
		view_region_read(scene->view, scene->now, name);
	}
	view_probe(scene->view, scene->now, name, id, answers, 1500);
}

static void phase_play(struct scene *scene, const struct phase *phase)
{
	for (uint32_t i = 0; i < phase->ticks; i++) {
		scene->now += VIEW_TICK_NS;
		region_act(scene, 0, phase->b_beats, phase->b_answers);
		region_act(scene, 1, phase->c_beats, phase->c_answers);
		view_tick(scene->view, scene->now, on_change, scene);
	}
}

static void verdict_check(const struct scene *scene, const struct story *story, size_t phase,
                          const char *region, enum sluice_verdict wanted)
{
	struct view_region_info info;

	assert_true(view_region_info(scene->view, scene->now, region, &info));
	if (info.verdict != wanted)
		fail_msg("%s: phase %zu: %s is %d (%s), wanted %d", story->name, phase, region,
		         info.verdict, info.reason, wanted);
}

static void story_run(void **state)
{
	const struct story *story = *state;
	struct scene scene;

	scene_start(&scene);
	for (size_t i = 0; story->phases[i].ticks > 0; i++) {
		phase_play(&scene, &story->phases[i]);
		verdict_check(&scene, story, i, "b", story->phases[i].b);
		verdict_check(&scene, story, i, "c", story->phases[i].c);
		if ((view_held_since(scene.view) != 0) != story->phases[i].held)
			fail_msg("%s: phase %zu: held is wrong", story->name, i);
	}
	verdict_check(&scene, story, 9, "a", H);
	view_destroy(scene.view);
}

/* -- what the table has no columns for -- */

static void steering_stops_in_time(void **state)
{
	const struct phase fine = {FINE}, dead = {1, false, false, true, true};
	struct view_region_info info;
	struct scene scene;
	uint64_t died;

	scene_start(&scene);
	phase_play(&scene, &fine);
	died = scene.now;
	do {
		phase_play(&scene, &dead);
		assert_true(view_region_info(scene.view, scene.now, "b", &info));
	} while (info.verdict == H);
	assert_true(scene.now - died <= 2000 * MS);
	view_destroy(scene.view);
}

static void reasons_tell_both(void **state)
{
	const struct phase fine = {20, true, true, true, true},
	                   away = {12, false, true, true, true};
	struct view_region_info info;
	struct scene scene;

	scene_start(&scene);
	phase_play(&scene, &fine);
	phase_play(&scene, &away);
	assert_true(view_region_info(scene.view, scene.now, "b", &info));
	assert_string_equal(info.reason, "beats stale 6.0 s, probes 10/10");
	assert_int_equal(info.verdict, H);
	view_destroy(scene.view);
}

/* A key that outlived its node: its number never changes. */
static void a_relic_is_no_beat(void **state)
{
	struct node_record relic = record_make("b", "b9", 77);
	struct view_region_info info;
	struct scene scene;

	scene_start(&scene);
	for (int i = 0; i < 12; i++) {
		scene.now += VIEW_TICK_NS;
		assert_int_equal(view_beat(scene.view, scene.now, "b", &relic), 0);
		view_region_read(scene.view, scene.now, "b");
		view_tick(scene.view, scene.now, on_change, &scene);
	}
	assert_true(view_region_info(scene.view, scene.now, "b", &info));
	assert_int_equal(info.verdict, U);
	assert_true(info.beat_age_ns == UINT64_MAX);
	view_destroy(scene.view);
}

static void refusals(void **state)
{
	struct node_record record = record_make("b", "b1", 1);
	struct scene scene;

	scene_start(&scene);
	assert_int_equal(view_beat(scene.view, scene.now, "c", &record), -EINVAL);
	assert_int_equal(view_beat(scene.view, scene.now, "z", &record), -ENOENT);
	assert_int_equal(view_region_remove(scene.view, "z"), -ENOENT);
	for (int i = 0; i < VIEW_NODES_MAX; i++) {
		snprintf(record.id, sizeof(record.id), "n%d", i);
		assert_int_equal(view_beat(scene.view, scene.now, "b", &record), 0);
	}
	snprintf(record.id, sizeof(record.id), "one-too-many");
	assert_int_equal(view_beat(scene.view, scene.now, "b", &record), -ENOSPC);
	view_destroy(scene.view);
}

static void nodes_are_forgotten(void **state)
{
	const struct phase fine = {FINE};
	struct view_region_info info;
	struct scene scene;

	scene_start(&scene);
	phase_play(&scene, &fine);
	for (int i = 0; i < 130; i++) {
		scene.now += VIEW_TICK_NS;
		view_region_read(scene.view, scene.now, "b"); /* and it is not in there */
		view_probe(scene.view, scene.now, "b", "b1", false, 0);
		region_act(&scene, 1, true, true);
		view_tick(scene.view, scene.now, on_change, &scene);
	}
	assert_true(view_region_info(scene.view, scene.now, "b", &info));
	assert_int_equal(info.nodes, 0);
	view_destroy(scene.view);
}

static void witnesses_are_others(void **state)
{
	const struct node_record *list[VIEW_WITNESSES];
	struct node_record record = record_make("a", "a2", 1);
	struct scene scene;

	scene_start(&scene);
	assert_int_equal(view_witnesses(scene.view, "a", list, VIEW_WITNESSES), 0);
	assert_int_equal(view_beat(scene.view, scene.now, "a", &record), 0);
	assert_int_equal(view_witnesses(scene.view, "a", list, VIEW_WITNESSES), 1);
	assert_string_equal(list[0]->id, "a2");
	view_destroy(scene.view);
}

static void a_restart_keeps_the_view(void **state)
{
	const struct phase fine = {FINE}, dead = {12, false, false, true, true};
	struct snapshot *snapshot;
	struct scene scene, fresh;

	scene_start(&scene);
	phase_play(&scene, &fine);
	phase_play(&scene, &dead);
	snapshot = view_snapshot(scene.view, scene.now);
	scene_start(&fresh);
	view_restore(fresh.view, fresh.now, snapshot);
	verdict_check(&fresh, &stories[0], 0, "b", U);
	verdict_check(&fresh, &stories[0], 0, "c", H);
	phase_play(&fresh, &(struct phase){2, false, false, true, true});
	verdict_check(&fresh, &stories[0], 1, "b", U);
	verdict_check(&fresh, &stories[0], 1, "c", H);
	snapshot_release(snapshot);
	view_destroy(scene.view);
	view_destroy(fresh.view);
}

#define STORIES (sizeof(stories) / sizeof(stories[0]))

int main(void)
{
	struct CMUnitTest tests[STORIES + 8] = {
	        cmocka_unit_test(steering_stops_in_time),   cmocka_unit_test(reasons_tell_both),
	        cmocka_unit_test(a_relic_is_no_beat),       cmocka_unit_test(refusals),
	        cmocka_unit_test(nodes_are_forgotten),      cmocka_unit_test(witnesses_are_others),
	        cmocka_unit_test(a_restart_keeps_the_view),
	};

	for (size_t i = 0; i < STORIES; i++)
		tests[7 + i] = (struct CMUnitTest){.name = stories[i].name,
		                                   .test_func = story_run,
		                                   .initial_state = (void *)&stories[i]};
	return _cmocka_run_group_tests("region_view", tests, 7 + STORIES, NULL, NULL);
}
