/* SPDX-License-Identifier: BSD-3-Clause */
/* GET /metrics where answers fail: half of a source is none, and the scrape says so. The test is
 * the server that is asked and the client that asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/command.h"
#include "metrics/metrics.h"

#include <sluice/port.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct asker {
	uint16_t type;
	const struct asker_handler *handler;
	void *arg;
};

static struct {
	struct asker *asker; /* that waits; NULL: none */
	struct http_route route;
	char answer[65536];
	int status; /* of the answer; 0: none yet */
	bool full;  /* nobody may ask */
} scene;

struct asker *asker_create(const struct asker_options *options,
                           const struct command_request *request,
                           const struct asker_handler *handler, void *arg)
{
	if (scene.full)
		return NULL;
	assert_null(scene.asker);
	scene.asker = calloc(1, sizeof(*scene.asker));
	*scene.asker = (struct asker){request->command->type, handler, arg};
	return scene.asker;
}

void asker_end(struct asker *asker)
{
	assert_ptr_equal(asker, scene.asker);
	free(asker);
	scene.asker = NULL;
}

int http_route_add(struct http *http, const struct http_route *route)
{
	scene.route = *route;
	return 0;
}

void http_on_lost(struct http_request *request, void (*lost)(void *arg), void *arg)
{
}

void http_refuse(struct http_request *request, int status, const char *why)
{
	fail_msg("refused: %s", why);
}

void http_answer(struct http_request *request, int status, const char *type, const void *body,
                 size_t length)
{
	assert_true(length < sizeof(scene.answer));
	memcpy(scene.answer, body, length);
	scene.answer[length] = '\0';
	scene.status = status;
}

/* -- the daemons -- */

static void rows_give(const void *rows, uint32_t length, bool more)
{
	struct asker asker = *scene.asker;

	if (!more)
		asker_end(scene.asker);
	asker.handler->rows(asker.arg, rows, length, more);
}

static void fail_give(int status)
{
	struct asker asker = *scene.asker;

	asker_end(scene.asker);
	asker.handler->failed(asker.arg, status, "why");
}

/* Who is asked answers with nothing until it is the turn of `type`; 0: to the end. */
static void answer_until(uint16_t type)
{
	static const struct sluice_version versions[2] = {{.program = "a"}, {.program = "b"}};

	while (scene.asker != NULL && scene.asker->type != type) {
		bool version = scene.asker->type == SLUICE_VERSION;

		rows_give(versions, version ? sizeof(versions) : 0, false);
	}
}

static void scrape(void)
{
	scene.status = 0;
	scene.route.handle((struct http_request *)&scene, scene.route.arg);
}

static bool told(const char *line)
{
	return strstr(scene.answer, line) != NULL;
}

static struct metrics_collector *collector_make(void)
{
	static const struct asker_options asks;

	memset(&scene, 0, sizeof(scene));
	return metrics_collector_create(NULL, &asks);
}

/* -- the tests -- */

static void test_whole(void **state)
{
	static const struct sluice_port_row rows[2] = {{.name = "dp0"}, {.name = "dp1"}};
	struct metrics_collector *collector = collector_make();

	scrape();
	answer_until(SLUICE_PORT_SHOW);
	rows_give(&rows[0], sizeof(rows[0]), true);
	rows_give(&rows[1], sizeof(rows[1]), false);
	answer_until(0);
	assert_int_equal(scene.status, 200);
	assert_true(told("\nsluice_scrape_errors 0\n"));
	assert_true(told("\nsluice_port_up{port=\"dp0\"} 1\nsluice_port_up{port=\"dp1\"} 1\n"));
	assert_true(told("\nsluice_captures 0\n"));
	metrics_collector_destroy(collector);
}

/* The second page does not come: nothing is told of the first, and what follows is. */
static void test_cut(void **state)
{
	static const struct sluice_port_row row = {.name = "dp0"};
	struct metrics_collector *collector = collector_make();

	scrape();
	answer_until(SLUICE_PORT_SHOW);
	rows_give(&row, sizeof(row), true);
	fail_give(-EIO);
	answer_until(0);
	assert_int_equal(scene.status, 200);
	assert_true(told("\nsluice_scrape_errors 1\n"));
	assert_false(told("sluice_port_up"));
	assert_true(told("\nsluice_captures 0\n"));
	scrape();
	answer_until(0);
	assert_true(told("\nsluice_scrape_errors 0\n"));
	metrics_collector_destroy(collector);
}

/* That the dataplane is away is no error of the scrape, and is told. */
static void test_away(void **state)
{
	static const struct sluice_version version = {.program = "a"};
	struct metrics_collector *collector = collector_make();

	scrape();
	rows_give(&version, sizeof(version), false);
	answer_until(SLUICE_GATE_SHOW);
	fail_give(-EHOSTDOWN);
	answer_until(SLUICE_SNAPSHOT_SHOW); /* is the control plane's */
	assert_non_null(scene.asker);
	answer_until(0);
	assert_true(told("\nsluice_dataplane_up 0\n"));
	assert_true(told("\nsluice_scrape_errors 0\n"));
	assert_false(told("sluice_captures"));
	metrics_collector_destroy(collector);
}

/* Nobody may ask: an answer all the same. */
static void test_full(void **state)
{
	struct metrics_collector *collector = collector_make();

	scene.full = true;
	scrape();
	assert_int_equal(scene.status, 200);
	assert_false(told("\nsluice_scrape_errors 0\n"));
	metrics_collector_destroy(collector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_whole),
	        cmocka_unit_test(test_cut),
	        cmocka_unit_test(test_away),
	        cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
