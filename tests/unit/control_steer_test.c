/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where new sessions go: a host alone, one whose Redis is nowhere, and two regions with a real
 * redis-server that see each other's nodes, keep a session where it is, lose Redis and find it
 * empty, drain and come back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"
#include "redis_fixture.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *answer;

/* The answer's status; its object is in `answer`. */
static int steer(struct control *control, const char *query)
{
	char method[256];

	snprintf(method, sizeof(method), "GET /v1/steer?%s", query);
	json_decref(answer);
	control_http(control, method, "all", NULL);
	answer = json_loads(control->said, 0, NULL);
	return control->status;
}

static const char *said(const char *key)
{
	const char *text = json_string_value(json_object_get(answer, key));

	return text != NULL ? text : "";
}

static void expect(struct control *control, const char *query, int status, const char *text)
{
	if (steer(control, query) != status || strstr(control->said, text) == NULL)
		fail_msg("%s: %d %s, wanted %d %s", query, control->status, control->said, status,
		         text);
}

/* -- alone -- */

static void without_a_node_nobody_is_steered(void **state)
{
	struct control *control = control_start("");

	expect(control, "session=x", 503, "node set");
	assert_int_equal(control_http(control, "GET /v1/steer?session=x", NULL, NULL), 401);
	assert_int_equal(control_http(control, "GET /v1/steer?session=x", "reads", NULL), 403);
	control_stop(control);
}

/* Its Redis does not answer: it admits on what it knows. */
static void a_host_admits_without_redis(void **state)
{
	static const struct {
		const char *query;
		const char *wrong;
	} rows[] = {
	        {"", "session"},
	        {"session=", "session"},
	        {"session=a%20b", "session"},
	        {"session=a%22b", "session"},
	        {"session=x&region=nowhere", "region"},
	        {"session=x&lat=1", "lat, lon"},
	        {"session=x&lat=91&lon=0", "lat, lon"},
	        {"session=x&lat=a&lon=b", "lat, lon"},
	};
	struct control *control = control_start(
	        "turn realm sluice\nturn secret add old\nturn secret add north\n"
	        "region add a redis 127.0.0.1:1\nnode set a-1 region a addr4 127.0.0.1:3478\n");
	const json_t *server;

	control_await(control, steer(control, "session=x") == 200);
	assert_string_equal(said("node"), "a-1");
	assert_string_equal(said("region"), "a");
	assert_string_equal(said("session"), "x");
	server = json_array_get(json_object_get(answer, "iceServers"), 0);
	assert_true(strtol(json_string_value(json_object_get(server, "username")), NULL, 10) >
	            time(NULL));
	assert_non_null(strstr(json_string_value(json_object_get(server, "username")), ":x"));
	assert_non_null(strstr(control->said, "turn:127.0.0.1:3478?transport=udp"));
	expect(control, "session=x&region=a", 200, "\"a-1\"");
	expect(control, "session=x&lat=52.5&lon=13.4", 200, "\"a-1\"");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(control, rows[i].query, 400, rows[i].wrong);

	control_await(control, control_http(control, "GET /readyz", NULL, NULL) == 200);
	assert_int_equal(control_do(control, "region show"), 0);
	assert_non_null(strstr(control->said, "\"name\":\"a\""));
	control_stop(control);
}

/* What is in a line and would change nothing is refused, and no Redis is spoken to. */
static void a_redis_is_described_whole(void **state)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
	        {"region add z redis a,b,c,d,e,f,g,h,i", "8 hosts at most"},
	        {"region add z redis r:1 ca /x.pem", "nothing without tls"},
	        {"region add z redis r:1 server r", "nothing without tls"},
	        {"region add z redis r:1 tls cert /x.pem", "cert and key come together"},
	        {"region add z redis r:1 tls key /x.pem", "cert and key come together"},
	        {"region add z redis r:1 sentinel-password x", "nothing without sentinel"},
	};
	struct control *control = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_not_equal(control_do(control, rows[i].line), 0);
		assert_non_null(strstr(control->said, rows[i].why));
	}
	assert_int_equal(control_do(control, "region add z redis 127.0.0.1:1,127.0.0.2:1"), 0);
	control_await(control,
	              control_do(control, "region show") == 0 &&
	                      strstr(control->said, "127.0.0.2:1: Connection refused") != NULL);
	assert_int_equal(control_do(control, "region delete z"), 0);
}

static void ready_says_why_not(void **state)
{
	struct control *control = *state;

	control_await(control, control_http(control, "GET /readyz", NULL, NULL) == 200);
	assert_int_equal(control_do(control, "node drain"), 0);
	assert_int_equal(control_http(control, "GET /readyz", NULL, NULL), 503);
	assert_string_equal(control->said, "draining\n");
	control_restart(control, SIGKILL); /* a drain outlives it */
	assert_int_equal(control_http(control, "GET /readyz", NULL, NULL), 503);
	assert_int_equal(control_do(control, "node undrain"), 0);
	control_await(control, control_http(control, "GET /readyz", NULL, NULL) == 200);

	dataplane_away(control);
	control_await(control, control_http(control, "GET /readyz", NULL, NULL) == 503);
	assert_non_null(strstr(control->said, "does not answer"));
	dataplane_refuses(control, SLUICE_TURN_REALM_SET, -5, "no realm today");
	dataplane_back(control);
	control_await(control, control_http(control, "GET /readyz", "reads", NULL) == 503 &&
	                               strstr(control->said, "no realm today") != NULL);
	/* what a line has is for those who may read it */
	assert_int_equal(control_http(control, "GET /readyz", "all", NULL), 503);
	assert_non_null(strstr(control->said, "no realm today"));
	assert_int_equal(control_http(control, "GET /readyz", "streams", NULL), 503);
	assert_null(strstr(control->said, "no realm today"));
	assert_int_equal(control_http(control, "GET /readyz", NULL, NULL), 503);
	assert_non_null(strstr(control->said, "lines refused: `sluicectl config refused`"));
	assert_null(strstr(control->said, "realm"));
	assert_int_equal(control_http(control, "GET /readyz", "none of ours", NULL), 503);
	assert_null(strstr(control->said, "realm"));
	dataplane_answers(control, SLUICE_TURN_REALM_SET, 0, NULL, 0);
	control_await(control, control_http(control, "GET /readyz", NULL, NULL) == 200);
}

/* -- two regions, databases of one server -- */

static struct control *a, *b;

static struct control *region_start(const char *name, uint16_t redis)
{
	char lines[512];

	snprintf(lines, sizeof(lines),
	         "turn realm sluice\nturn secret add north\n"
	         "region add a redis 127.0.0.1:%u\nregion add b redis 127.0.0.1:%u db 1\n"
	         "node set %s-1 region %s addr4 127.0.0.1:%u\n",
	         redis, redis, name, name, name[0] == 'a' ? 9 : 10);
	return control_start(lines);
}

static int regions_start(void **state)
{
	uint16_t redis = redis_start();

	a = region_start("a", redis);
	b = region_start("b", redis);
	return 0;
}

static int regions_end(void **state)
{
	control_stop(a);
	control_stop(b);
	redis_kill();
	json_decref(answer);
	answer = NULL;
	return 0;
}

/* It takes new sessions there, but for what the node itself says. */
static bool sees(struct control *control, const char *id, const char *what)
{
	json_t *rows, *row;
	bool found = false;
	size_t i;

	control_do(control, "node show");
	rows = json_loads(control->said, 0, NULL);
	json_array_foreach(rows, i,
	                   row) if (strcmp(json_string_value(json_object_get(row, "id")), id) == 0)
	        found = strcmp(json_string_value(json_object_get(row, "state")), what) == 0 &&
	                strcmp(json_string_value(json_object_get(row, "verdict")), "healthy") == 0;
	json_decref(rows);
	return found;
}

/* The first session of the kind s1, s2 ... that both send to the node. */
static void session_of(const char *node, char session[32])
{
	for (int i = 0; i < 200; i++) {
		snprintf(session, 32, "session=s%d", i);
		if (steer(a, session) == 200 && strcmp(said("node"), node) == 0)
			return;
	}
	fail_msg("no session for %s", node);
}

static bool steers(struct control *control, const char *session, const char *node)
{
	return steer(control, session) == 200 && strcmp(said("node"), node) == 0;
}

static bool owned(int db, const char *region, const char *session, const char *node)
{
	return strcmp(redis_run(db, "GET sluice:{%s}:session:%s", region, session + 8), node) == 0;
}

static void both_give_one_answer(void **state)
{
	char of_a[32], of_b[32];

	control_await(a, sees(a, "b-1", "active") && sees(b, "a-1", "active"));
	control_await(a, steer(a, "session=x&region=b") == 200 && strcmp(said("node"), "b-1") == 0);
	session_of("a-1", of_a);
	session_of("b-1", of_b);
	assert_true(steers(b, of_a, "a-1"));
	assert_true(steers(b, of_b, "b-1"));
	/* The owner writes it down, told by the other one where it must be. */
	control_await(a, owned(0, "a", of_a, "a-1"));
	control_await(a, owned(1, "b", of_b, "b-1"));
}

static void what_is_owned_stays(void **state)
{
	control_await(a, sees(a, "b-1", "active") && sees(b, "a-1", "active"));
	/* Somebody steered it to b while both saw it so. */
	redis_run(1, "SET sluice:{b}:session:kept b-1 PX 600000");
	control_await(a, steers(a, "session=kept", "b-1"));
	control_await(a, steers(b, "session=kept", "b-1"));
	/* An owner that nobody knows is none. */
	redis_run(1, "SET sluice:{b}:session:lost z-9 PX 600000");
	assert_int_equal(steer(a, "session=lost"), 200);
	assert_string_not_equal(said("node"), "z-9");
}

static void an_empty_redis_is_filled_again(void **state)
{
	char session[32];

	control_await(a, sees(a, "b-1", "active") && sees(b, "a-1", "active"));
	session_of("a-1", session);
	control_await(a, owned(0, "a", session, "a-1"));
	redis_kill();
	for (int i = 0; i < 5; i++)
		assert_true(steers(a, session, "a-1"));
	assert_int_equal(steer(a, "session=while-it-is-away"), 200);
	redis_start();
	control_await(a, owned(0, "a", session, "a-1"));
	control_await(a, redis_run(1, "HGET sluice:{b}:node:b-1 seq")[0] != '\0');
}

static void a_drain_moves_what_is_new(void **state)
{
	char session[32];

	control_await(a, sees(a, "b-1", "active") && sees(b, "a-1", "active"));
	session_of("b-1", session);
	assert_int_equal(control_do(b, "node drain seconds 3600"), 0);
	control_await(a, sees(a, "b-1", "draining"));
	for (int i = 0; i < 20; i++) {
		snprintf(session, sizeof(session), "session=new%d", i);
		assert_true(steers(a, session, "a-1"));
	}
	assert_int_equal(control_do(b, "node undrain"), 0);
	control_await(a, sees(a, "b-1", "active"));
	assert_int_equal(steer(a, "session=y&region=b"), 200);
}

/* It ends: the others know at once, and it comes back with its view from disk. */
static void a_stop_is_told(void **state)
{
	control_await(a, sees(a, "b-1", "active") && sees(b, "a-1", "active"));
	control_restart(b, SIGTERM);
	control_await(a, sees(b, "a-1", "active") && sees(a, "b-1", "active"));
	assert_true(control_logged(b, "stopping on signal 15"));
}

#define REGIONS_TEST(name) cmocka_unit_test_setup_teardown(name, regions_start, regions_end)

int main(void)
{
	const struct CMUnitTest alone[] = {
	        cmocka_unit_test(without_a_node_nobody_is_steered),
	        cmocka_unit_test(a_host_admits_without_redis),
	        cmocka_unit_test_setup_teardown(a_redis_is_described_whole, control_setup,
	                                        control_teardown),
	        cmocka_unit_test_setup_teardown(ready_says_why_not, control_setup,
	                                        control_teardown),
	};
	const struct CMUnitTest regions[] = {
	        REGIONS_TEST(both_give_one_answer),
	        REGIONS_TEST(what_is_owned_stays),
	        REGIONS_TEST(an_empty_redis_is_filled_again),
	        REGIONS_TEST(a_drain_moves_what_is_new),
	        REGIONS_TEST(a_stop_is_told),
	};
	int failed = cmocka_run_group_tests_name("control_steer", alone, NULL, NULL);

	if (!redis_is_installed()) {
		printf("no redis-server here\n");
		return failed != 0 ? failed : 77;
	}
	return failed + cmocka_run_group_tests_name("control_regions", regions, NULL, NULL);
}
