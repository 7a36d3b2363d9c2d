/* SPDX-License-Identifier: BSD-3-Clause */
/* Each allocation of the parts that need no dataplane fails once: it is said, nothing is left, and
 * the next try succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "alloc_fail.h"
#include "region_fixture.h"

#include "config/file.h"
#include "config/own.h"
#include "config/plan.h"
#include "config/running.h"
#include "events/bus.h"
#include "http/http.h"
#include "region/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

static const char *const lines[] = {
        "turn realm sluice",
        "turn user add ann password x",
        "turn user add bob password y",
        "turn relay 198.18.2.1 ports 50000-50999",
        "port add dp0 xdp dp0",
        "gate deny add 192.0.2.0/24",
        "region add a redis 127.0.0.1:6379",
        "region distance add a b km 100",
        "http token add word scope read",
        "turn user add ann password z", /* takes another's place */
};
#define LINES (sizeof(lines) / sizeof(lines[0]))

static void parsed(const char *line, struct command_request *request)
{
	struct command_error error;

	if (command_parse(line, request, &error) != 0)
		fail_msg("%s: %s", line, error.text);
}

static int lines_apply(struct running *running, uint32_t count)
{
	struct command_request request;
	int ret = running == NULL ? -ENOMEM : 0;

	for (uint32_t i = 0; i < count && ret == 0; i++) {
		parsed(lines[i], &request);
		ret = running_apply(running, &request);
	}
	return ret;
}

static int running_whole(void *arg)
{
	struct running *running = running_create();
	int ret = lines_apply(running, LINES);

	running_destroy(running);
	return ret;
}

static void running_shrunk(void *arg)
{
	struct command_request request, back;

	for (uint32_t i = 0; i < LINES; i++) {
		parsed(lines[i], &request);
		if (command_take_back(&request, &back) == 0)
			running_remove(arg, &back);
		else
			running_unset(arg, &request);
	}
}

/* What is there stays as it is. */
static int running_grown(void *arg)
{
	struct running *running = arg;
	uint32_t count = running_count(running);
	int ret = lines_apply(running, LINES);

	assert_true(running_count(running) >= count);
	if (ret != 0)
		running_shrunk(running);
	return ret;
}

static int running_copied(void *arg)
{
	struct running *copy = running_copy(arg);
	int ret = copy != NULL ? 0 : -ENOMEM;

	assert_true(copy == NULL || running_count(copy) == running_count(arg));
	running_destroy(copy);
	return ret;
}

static int plan_made(void *arg)
{
	struct running *other = running_create();
	struct plan plan = {.steps = TAILQ_HEAD_INITIALIZER(plan.steps)};
	int ret = lines_apply(other, LINES / 2);
	char *text = NULL;

	if (ret == 0) {
		ret = plan_make(&plan, arg, other);
		text = ret == 0 ? plan_text(&plan, false) : NULL;
		if (ret == 0 && text == NULL)
			ret = -ENOMEM;
		free(text);
		plan_free(&plan);
	}
	running_destroy(other);
	return ret;
}

static void test_configuration(void **state)
{
	struct running *running = running_create();

	alloc_fail_each("a running configuration", running_whole, NULL, NULL);
	assert_int_equal(lines_apply(running, LINES), 0);
	alloc_fail_each("a copy of it", running_copied, NULL, running);
	alloc_fail_each("a plan of changes", plan_made, NULL, running);
	running_shrunk(running);
	alloc_fail_each("lines", running_grown, running_shrunk, running);
	running_destroy(running);
}

static int view_whole(void *arg)
{
	struct view *view = view_create("a", "a1");
	struct snapshot *snapshot = NULL;
	int ret = view != NULL ? 0 : -ENOMEM;

	for (int r = 0; r < 3 && ret == 0; r++) {
		char name[2] = {'a' + r};
		struct place place = {.known = true, .lat = r * 1000000};

		ret = view_region_set(view, name, &place);
		for (int n = 1; n < 4 && ret == 0; n++) {
			char id[3] = {'a' + r, '0' + n};
			struct node_record record = record_make(name, id, 1);

			ret = view_beat(view, MS, name, &record);
		}
	}
	if (ret == 0)
		ret = view_distance_set(view, "a", "b", 100);
	if (ret == 0) {
		view_tick(view, 2 * MS, NULL, NULL);
		snapshot = view_snapshot(view, 2 * MS);
		ret = snapshot != NULL ? 0 : -ENOMEM;
	}
	snapshot_release(snapshot);
	view_destroy(view);
	return ret;
}

static void test_view(void **state)
{
	alloc_fail_each("a view of regions", view_whole, NULL, NULL);
}

static void ready(void *arg)
{
}

static int bus_whole(void *arg)
{
	struct event_bus *bus = event_bus_create();
	struct event_listener *listener = bus != NULL ? event_listen(bus, true, ready, NULL) : NULL;
	int ret = listener != NULL ? 0 : -ENOMEM;

	if (listener != NULL)
		event_listener_end(listener);
	event_bus_destroy(bus);
	return ret;
}

static void test_events(void **state)
{
	alloc_fail_each("events", bus_whole, NULL, NULL);
}

static void on_request(struct http_request *request, void *arg)
{
}

static int http_whole(void *arg)
{
	const struct http_route route = {EVHTTP_REQ_GET, "/x", HTTP_OPEN, on_request, NULL};
	struct running *running = running_create();
	struct own *own = running != NULL ? own_create(arg, running, "test") : NULL;
	struct http *http = own != NULL ? http_create(arg, own) : NULL;
	int ret = http != NULL ? http_route_add(http, &route) : -ENOMEM;

	http_destroy(http);
	own_destroy(own);
	running_destroy(running);
	return ret;
}

static void test_http(void **state)
{
	struct event_base *base = event_base_new();

	alloc_fail_each("HTTP", http_whole, NULL, base);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_configuration),
	        cmocka_unit_test(test_view),
	        cmocka_unit_test(test_events),
	        cmocka_unit_test(test_http),
	};

	return cmocka_run_group_tests_name("no_memory", tests, NULL, NULL);
}
