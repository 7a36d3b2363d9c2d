/* SPDX-License-Identifier: BSD-3-Clause */
/* The bus: each listener hears all that it wants; one that does not read loses, and is told how
 * many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "events/bus.h"

#include <string.h>

static void count(void *arg)
{
	++*(int *)arg;
}

static void test_bus(void **state)
{
	struct event_bus *bus = event_bus_create();
	int ready = 0, ready_all = 0;
	struct sluice_event_row row;
	struct event_listener *listener, *all;
	bool allocations;

	event_tell(bus, "port", "dp0", "down");
	listener = event_listen(bus, false, count, &ready);
	assert_int_equal(event_listeners(bus, &allocations), 1);
	assert_false(allocations);
	all = event_listen(bus, true, count, &ready_all);
	assert_int_equal(event_listeners(bus, &allocations), 2);
	assert_true(allocations);
	assert_false(event_take(listener, &row));
	event_tell(bus, "allocation", "7", "began");
	event_tell(bus, "port", "dp0", "up");
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
		event_tell(bus, "gate", "host", "under attack");
	assert_int_equal(ready, 1);
	assert_true(event_take(slow, &row));
	assert_int_equal(row.lost, 0);
	event_tell(bus, "gate", "host", "no attack");
	for (int i = 0; i < EVENT_QUEUE_MAX; i++)
		assert_true(event_take(slow, &row));
	assert_string_equal(row.state, "no attack");
	assert_int_equal(row.lost, 40);
	assert_false(event_take(slow, &row));
	event_listener_end(slow);
	event_bus_destroy(bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bus),
	        cmocka_unit_test(test_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
