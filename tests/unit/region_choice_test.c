/* SPDX-License-Identifier: BSD-3-Clause */
/* Which node a session gets, and which sessions move. */
#include "region/choice.h"
#include "region_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define REGIONS  10
#define NODES    5 /* of each */
#define SESSIONS 100000

static struct view *fleet;
static uint64_t now;

/* Regions r0 to r9, 10 degrees apart on the equator. */
static struct node_record fleet_record(int region, int node, uint64_t seq)
{
	char name[16], id[32];

	snprintf(name, sizeof(name), "r%d", region);
	snprintf(id, sizeof(id), "r%d-n%d", region, node);
	return record_make(name, id, seq);
}

static void node_say(int region, int node, uint32_t load_ppm, uint32_t state)
{
	static uint64_t seq = 2;
	struct node_record record = fleet_record(region, node, seq++);

	record.load_ppm = load_ppm;
	record.state = state;
	assert_int_equal(view_beat(fleet, now, record.region, &record), 0);
}

static int fleet_start(void **state)
{
	char name[8];

	now = 1000 * MS;
	fleet = view_create("r0", "r0-n0");
	for (int r = 0; r < REGIONS; r++) {
		struct place place = {.known = true, .lat = 0, .lon = r * 10000000};

		snprintf(name, sizeof(name), "r%d", r);
		assert_int_equal(view_region_set(fleet, name, &place), 0);
		for (int n = 0; n < NODES; n++) {
			struct node_record record = fleet_record(r, n, 1);

			view_beat(fleet, now, name, &record);
			node_say(r, n, 0, SLUICE_NODE_ACTIVE);
		}
	}
	view_tick(fleet, now += VIEW_TICK_NS, NULL, NULL);
	return 0;
}

static int fleet_end(void **state)
{
	view_destroy(fleet);
	return 0;
}

static const struct snapshot_node *choose(const struct snapshot *snapshot, int number,
                                          const struct choice_where *where)
{
	char session[24];
	int length = snprintf(session, sizeof(session), "session-%d", number);

	return choice_make(snapshot, session, length, where);
}

static struct snapshot *snapshot_now(void)
{
	struct snapshot *snapshot = view_snapshot(fleet, now);

	assert_non_null(snapshot);
	return snapshot;
}

/* A region's probes fail until it is no longer healthy; its beats go on, or do not. */
static void region_fails(int region, bool beats)
{
	char name[16], id[32];

	snprintf(name, sizeof(name), "r%d", region);
	for (int tick = 0; tick < 10; tick++) {
		now += VIEW_TICK_NS;
		for (int r = 0; r < REGIONS; r++)
			for (int n = 0; n < NODES && (beats || r != region); n++)
				node_say(r, n, 0, SLUICE_NODE_ACTIVE);
		for (int n = 0; n < NODES; n++) {
			snprintf(id, sizeof(id), "r%d-n%d", region, n);
			view_probe(fleet, now, name, id, false, 0);
		}
		view_tick(fleet, now, NULL, NULL);
	}
}

static void region_dies(int region)
{
	region_fails(region, false);
}

/* Its nodes have answered before: else a wall stood between, and beats alone would tell. */
static void region_is_lossy(int region)
{
	char name[16], id[32];

	snprintf(name, sizeof(name), "r%d", region);
	for (int n = 0; n < NODES; n++) {
		snprintf(id, sizeof(id), "r%d-n%d", region, n);
		view_probe(fleet, now, name, id, true, 1000);
	}
	region_fails(region, true);
}

static void it_spreads_evenly(void **state)
{
	struct snapshot *snapshot = snapshot_now();
	uint32_t count[REGIONS * NODES] = {0};

	for (int i = 0; i < SESSIONS; i++)
		count[choose(snapshot, i, NULL) - snapshot_nodes(snapshot)]++;
	for (int i = 0; i < REGIONS * NODES; i++)
		assert_in_range(count[i], 0.9 * SESSIONS / (REGIONS * NODES),
		                1.1 * SESSIONS / (REGIONS * NODES));
	snapshot_release(snapshot);
}

static void weights_are_kept_to(void **state)
{
	struct snapshot *snapshot;
	uint32_t half = 0, whole = 0;

	node_say(3, 0, 475000, SLUICE_NODE_ACTIVE); /* half of what it can take */
	snapshot = snapshot_now();
	for (int i = 0; i < SESSIONS; i++) {
		const struct snapshot_node *node =
		        choose(snapshot, i, &(struct choice_where){"r3"});

		half += strcmp(node->record.id, "r3-n0") == 0;
		whole += strcmp(node->record.id, "r3-n1") == 0;
	}
	assert_true(fabs((double)half / whole - 0.5) < 0.03);
	snapshot_release(snapshot);
}

static void a_death_moves_only_what_was_there(void **state)
{
	struct snapshot *before = snapshot_now(), *after;
	uint32_t there = 0;

	region_dies(4);
	after = snapshot_now();
	for (int i = 0; i < SESSIONS; i++) {
		const struct snapshot_node *was = choose(before, i, NULL);
		const struct snapshot_node *is = choose(after, i, NULL);

		assert_string_not_equal(is->record.region, "r4");
		if (strcmp(was->record.region, "r4") == 0)
			there++;
		else
			assert_string_equal(was->record.id, is->record.id);
	}
	assert_in_range(there, 0.95 * SESSIONS / REGIONS, 1.05 * SESSIONS / REGIONS);
	snapshot_release(before);
	snapshot_release(after);
}

struct nearness {
	const char *name, *region;
	int32_t lon; /* degrees */
	int dead;    /* region that is; -1 none */
	const char *wanted;
};

static const struct nearness nearnesses[] = {
        {"its own region", "r3", 0, -1, "r3"},
        {"nearest to a place", NULL, 52, -1, "r5"},
        {"nearest to a place, past the last", NULL, 170, -1, "r9"},
        {"the next one while the first is dead", NULL, 52, 5, "r6"},
        {"nearest to its dead region", "r9", 0, 9, "r8"},
        {"across the date line", NULL, -174, -1, "r9"},
};

static void nearness_run(void **state)
{
	const struct nearness *row = *state;
	struct choice_where where = {.region = row->region};
	struct snapshot *snapshot;

	if (row->region == NULL)
		where.place = (struct place){true, 0, row->lon * 1000000};
	if (row->dead >= 0)
		region_dies(row->dead);
	snapshot = snapshot_now();
	for (int i = 0; i < 100; i++)
		assert_string_equal(choose(snapshot, i, &where)->record.region, row->wanted);
	snapshot_release(snapshot);
}

/* Beats are fresh and probes are lost: whoever named the region gets it, and what is there stays.
 */
static void lost_probes_move_nothing_that_asked(void **state)
{
	const struct choice_where where = {.region = "r3"};
	const struct snapshot_region *list[2];
	const struct snapshot_node *node;
	struct snapshot *snapshot;

	region_is_lossy(3);
	snapshot = snapshot_now();
	assert_int_equal(snapshot_region_find(snapshot, "r3")->verdict, SLUICE_VERDICT_DEGRADED);
	for (int i = 0; i < 100; i++) {
		node = choose(snapshot, i, &where);
		assert_string_equal(node->record.region, "r3");
		assert_true(choice_keeps(snapshot, node));
		assert_string_not_equal(choose(snapshot, i, NULL)->record.region, "r3");
	}
	assert_int_equal(choice_regions(snapshot, "x", 1, &where, list, 2), 2);
	assert_string_equal(list[0]->name, "r3");
	snapshot_release(snapshot);
}

static void a_configured_distance_wins(void **state)
{
	const struct choice_where where = {.region = "r3"};
	struct snapshot *snapshot;

	assert_int_equal(view_distance_set(fleet, "r9", "r3", 100), 0);
	region_dies(3);
	snapshot = snapshot_now();
	for (int i = 0; i < 100; i++)
		assert_string_equal(choose(snapshot, i, &where)->record.region, "r9");
	snapshot_release(snapshot);
}

static void drained_and_full_ones_get_nothing(void **state)
{
	const struct choice_where where = {.region = "r2"};
	struct snapshot *snapshot;

	node_say(2, 0, 0, SLUICE_NODE_DRAINING);
	node_say(2, 1, 990000, SLUICE_NODE_ACTIVE);
	node_say(2, 2, 0, SLUICE_NODE_STOPPED);
	snapshot = snapshot_now();
	for (int i = 0; i < 1000; i++) {
		const char *id = choose(snapshot, i, &where)->record.id;

		assert_true(strcmp(id, "r2-n3") == 0 || strcmp(id, "r2-n4") == 0);
	}
	assert_true(choice_keeps(snapshot, snapshot_node_find(snapshot, NULL, "r2-n0")));
	assert_false(choice_keeps(snapshot, snapshot_node_find(snapshot, NULL, "r2-n2")));
	snapshot_release(snapshot);
}

static void somebody_takes_it_when_all_are_full(void **state)
{
	struct snapshot *snapshot;

	for (int r = 0; r < REGIONS; r++)
		for (int n = 0; n < NODES; n++)
			node_say(r, n, NODE_LOAD_FULL, SLUICE_NODE_ACTIVE);
	snapshot = snapshot_now();
	assert_non_null(choose(snapshot, 1, NULL));
	snapshot_release(snapshot);
}

static void alternates_are_near_and_open(void **state)
{
	const struct snapshot_node *list[16];
	struct snapshot *snapshot;
	uint32_t count;

	node_say(0, 1, 0, SLUICE_NODE_DRAINING);
	snapshot = snapshot_now();
	count = choice_alternates(snapshot, "r0-n0", list, 16);
	assert_int_equal(count, 16);
	for (uint32_t i = 0; i < 3; i++)
		assert_string_equal(list[i]->record.region, "r0");
	for (uint32_t i = 0; i < count; i++) {
		assert_string_not_equal(list[i]->record.id, "r0-n0");
		assert_string_not_equal(list[i]->record.id, "r0-n1");
	}
	assert_string_equal(list[3]->record.region, "r1");
	snapshot_release(snapshot);
}

static void order_of_arrival_changes_nothing(void **state)
{
	struct view *other = view_create("r9", "r9-n4"), *first = fleet;
	struct snapshot *mine = snapshot_now(), *theirs;
	char name[8];

	fleet = other;
	for (int r = REGIONS - 1; r >= 0; r--) {
		struct place place = {.known = true, .lat = 0, .lon = r * 10000000};

		snprintf(name, sizeof(name), "r%d", r);
		assert_int_equal(view_region_set(fleet, name, &place), 0);
		for (int n = NODES - 1; n >= 0; n--) {
			node_say(r, n, 0, SLUICE_NODE_ACTIVE);
			node_say(r, n, 0, SLUICE_NODE_ACTIVE);
		}
	}
	view_tick(fleet, now, NULL, NULL);
	theirs = snapshot_now();
	for (int i = 0; i < 1000; i++)
		assert_string_equal(choose(mine, i, NULL)->record.id,
		                    choose(theirs, i, NULL)->record.id);
	snapshot_release(mine);
	snapshot_release(theirs);
	view_destroy(other);
	fleet = first;
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, fleet_start, fleet_end)
#define ROWS        (sizeof(nearnesses) / sizeof(nearnesses[0]))
#define PLAIN       8

int main(void)
{
	struct CMUnitTest tests[PLAIN + ROWS] = {
	        SCENE(it_spreads_evenly),
	        SCENE(weights_are_kept_to),
	        SCENE(a_death_moves_only_what_was_there),
	        SCENE(lost_probes_move_nothing_that_asked),
	        SCENE(a_configured_distance_wins),
	        SCENE(drained_and_full_ones_get_nothing),
	        SCENE(somebody_takes_it_when_all_are_full),
	        SCENE(alternates_are_near_and_open),
	        SCENE(order_of_arrival_changes_nothing),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[PLAIN + i] =
		        (struct CMUnitTest){nearnesses[i].name, nearness_run, fleet_start,
		                            fleet_end, (void *)&nearnesses[i]};
	return _cmocka_run_group_tests("region_choice", tests, PLAIN + ROWS, NULL, NULL);
}
