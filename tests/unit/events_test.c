/* SPDX-License-Identifier: BSD-3-Clause */
/* The bus: each listener hears all that it wants; one that does not read loses, and is told how
 * many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "events/bus.h"
#include "events/rows.h"

#include <sluice/gate.h>

#include <stdio.h>
#include <string.h>

static void count(void *arg)
{
	++*(int *)arg;
}

static void tell(struct event_bus *bus, const char *area, const char *subject, const char *state)
{
	struct sluice_event_row row = {0};

	snprintf(row.area, sizeof(row.area), "%s", area);
	snprintf(row.subject, sizeof(row.subject), "%s", subject);
	snprintf(row.state, sizeof(row.state), "%s", state);
	event_tell(bus, &row);
}

static void test_bus(void **state)
{
	struct event_bus *bus = event_bus_create();
	int ready = 0, ready_all = 0;
	struct sluice_event_row row;
	struct event_listener *listener, *all;
	bool allocations;

	tell(bus, "port", "dp0", "down");
	listener = event_listen(bus, false, count, &ready);
	assert_int_equal(event_listeners(bus, &allocations), 1);
	assert_false(allocations);
	all = event_listen(bus, true, count, &ready_all);
	assert_int_equal(event_listeners(bus, &allocations), 2);
	assert_true(allocations);
	assert_false(event_take(listener, &row));
	tell(bus, "allocation", "7", "began");
	tell(bus, "port", "dp0", "up");
	assert_int_equal(ready, 1);
	assert_int_equal(ready_all, 1);
	assert_true(event_take(listener, &row));
	assert_string_equal(row.area, "port");
	assert_string_equal(row.subject, "dp0");
	assert_string_equal(row.state, "up");
	assert_int_equal(strlen(row.time), strlen("2026-01-01T00:00:00.000Z"));
	assert_false(event_take(listener, &row));
	assert_true(event_take(all, &row) && strcmp(row.area, "allocation") == 0);
	assert_true(event_take(all, &row) && strcmp(row.area, "port") == 0);
	event_listener_end(all);
	event_listener_end(listener);
	event_bus_destroy(bus);
}

static void test_slow(void **state)
{
	struct event_bus *bus = event_bus_create();
	struct sluice_event_row row;
	struct event_listener *slow;
	int ready = 0;

	slow = event_listen(bus, false, count, &ready);
	for (int i = 0; i < EVENT_QUEUE_MAX + 40; i++)
		tell(bus, "gate", "host", "under attack");
	assert_int_equal(ready, 1);
	assert_true(event_take(slow, &row));
	assert_int_equal(row.lost, 0);
	tell(bus, "gate", "host", "no attack");
	for (int i = 0; i < EVENT_QUEUE_MAX; i++)
		assert_true(event_take(slow, &row));
	assert_string_equal(row.state, "no attack");
	assert_int_equal(row.lost, 40);
	assert_false(event_take(slow, &row));
	event_listener_end(slow);
	event_bus_destroy(bus);
}

/* What was taken is there until it is written over, and comes again where it is asked for. */
static void test_again(void **state)
{
	struct event_bus *bus = event_bus_create();
	struct sluice_event_row row;
	struct event_listener *listener;
	int ready = 0;

	listener = event_listen(bus, false, count, &ready);
	assert_true(event_again(listener, 0));
	assert_false(event_again(listener, 1));
	for (int i = 0; i < 3; i++)
		tell(bus, "port", (const char[]){(char)('a' + i), '\0'}, "up");
	assert_int_equal(event_taken(listener), 0);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_true(event_take(listener, &row));
		assert_int_equal(event_taken(listener), i);
	}
	assert_true(event_again(listener, 3));
	assert_false(event_take(listener, &row));
	assert_false(event_again(listener, 4));
	assert_true(event_again(listener, 1));
	assert_true(event_take(listener, &row) && strcmp(row.subject, "b") == 0);
	assert_int_equal(event_taken(listener), 2);
	assert_true(event_again(listener, 0));
	for (int i = 0; i < 3; i++)
		assert_true(event_take(listener, &row));
	assert_string_equal(row.subject, "c");
	/* one more than there is room for: the first is there no more */
	for (int i = 0; i < EVENT_QUEUE_MAX - 2; i++)
		tell(bus, "gate", "host", "under attack");
	assert_false(event_again(listener, 0));
	assert_true(event_again(listener, 1));
	assert_true(event_take(listener, &row) && strcmp(row.subject, "b") == 0);
	assert_false(event_again(listener, UINT64_MAX));
	event_listener_end(listener);
	event_bus_destroy(bus);
}

/* -- what differs -- */

struct told {
	char text[1024];
};

static void note(void *arg, struct sluice_event_row *event)
{
	struct told *told = arg;
	size_t length = strlen(told->text);

	snprintf(told->text + length, sizeof(told->text) - length, "%s %s %s %s %u;", event->area,
	         event->subject, event->state, event->user, event->client.port);
}

/* One answer after the other: what is told of the last. */
static const char *differ(const struct event_kind *kind, struct event_rows *before,
                          const void *rows, uint32_t count)
{
	static struct told told;
	struct event_rows now = {0};

	told.text[0] = '\0';
	/* as pages of one row */
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(event_rows_add(&now, kind, (const char *)rows + i * kind->size, 1),
		                 0);
	event_rows_end(&now, kind);
	if (before->known)
		event_rows_compare(before, &now, kind, note, &told);
	event_rows_free(before);
	*before = now;
	return told.text;
}

/* Prefixes alone may be under attack, however many: both are told, each once. */
static void test_two_states(void **state)
{
	static const char *const words[] = {"calm", "attacked", NULL};
	static const struct event_kind kind = {
	        .area = "gate",
	        .size = sizeof(struct sluice_gate_row),
	        .states = {{"host", offsetof(struct sluice_gate_row, host_attacked), 4, words},
	                   {"prefixes", offsetof(struct sluice_gate_row, prefixes_attacked), 4,
	                    words}},
	};
	struct sluice_gate_row row = {0};
	struct event_rows before = {0};

	assert_string_equal(differ(&kind, &before, &row, 1), "");
	row.prefixes_attacked = 300;
	assert_string_equal(differ(&kind, &before, &row, 1), "gate prefixes attacked  0;");
	row.prefixes_attacked = 7;
	assert_string_equal(differ(&kind, &before, &row, 1), "");
	row = (struct sluice_gate_row){.host_attacked = 1};
	assert_string_equal(differ(&kind, &before, &row, 1),
	                    "gate host attacked  0;gate prefixes calm  0;");
	event_rows_free(&before);
}

/* In the order of their places; another one at the same place is another one. Their ends are told
 * from accounts. */
static void test_allocations(void **state)
{
	static const struct event_kind kind = {
	        .area = "allocation",
	        .size = sizeof(struct sluice_allocation_row),
	        .key = offsetof(struct sluice_allocation_row, id),
	        .key_size = 8,
	        .user = offsetof(struct sluice_allocation_row, user),
	        .client = offsetof(struct sluice_allocation_row, client),
	};
	struct sluice_allocation_row rows[3] = {
	        {.id = 9ull << 32 | 1, .user = "ann", .client.port = 1},
	        {.id = 2ull << 32 | 2, .user = "bob", .client.port = 2},
	        {.id = 5ull << 32 | 0x100, .user = "cleo", .client.port = 3},
	};
	struct event_rows before = {0};

	assert_string_equal(differ(&kind, &before, rows, 2), "");
	assert_false(before.unsorted);
	assert_string_equal(differ(&kind, &before, rows, 3),
	                    "allocation 21474836736 began cleo 3;");
	rows[1].id = 3ull << 32 | 2;
	snprintf(rows[1].user, sizeof(rows[1].user), "dan");
	assert_string_equal(differ(&kind, &before, rows, 2), "allocation 12884901890 began dan 2;");
	event_rows_free(&before);
}

/* Whatever order they come in, and without those that are to be skipped. */
static void test_keys(void **state)
{
	struct row {
		char name[4];
		uint32_t skip;
	};
	static const struct event_kind kind = {.area = "x",
	                                       .size = sizeof(struct row),
	                                       .key_size = 4,
	                                       .skip = offsetof(struct row, skip)};
	const struct row first[] = {{"b"}, {"a"}, {"o", 1}};
	const struct row second[] = {{"c"}, {"a"}, {"b"}};
	struct event_rows before = {0};

	differ(&kind, &before, first, 3);
	assert_string_equal(differ(&kind, &before, second, 3), "x c began  0;");
	event_rows_free(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bus),         cmocka_unit_test(test_slow),
	        cmocka_unit_test(test_again),       cmocka_unit_test(test_two_states),
	        cmocka_unit_test(test_allocations), cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
