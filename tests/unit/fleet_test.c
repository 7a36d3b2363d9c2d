/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two nodes of two regions in one process, with a real redis-server: they see each other's beats,
 * go on without it, and are not moved by what strangers leave there. There is no dataplane, and so
 * no probe.
 */
#include "own_now.h"
#include "config/running.h"
#include "fleet/fleet.h"
#include "http/http.h"
#include "region/snapshot.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "redis_fixture.h"
#include "took.h"

#define PATIENCE_MS 30000 /* for what happens by itself, on a busy machine */

struct node {
	struct running *running;
	struct own *own;
	struct http *http;
	struct fleet *fleet;
};

static struct event_base *base;
static struct node nodes[2];
static char folder[64];
static uint16_t server_port;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/* -- nodes -- */

static void node_command(struct node *node, const char *format, ...)
{
	char line[256], why[SLUICE_API_ERROR_MAX] = "";
	struct command_request request;
	struct command_error error;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	assert_int_equal(command_parse(line, &request, &error), 0);
	assert_int_equal(own_now(node->own, &request, SLUICE_API_EXIST_OK, why), 0);
}

/* The regions are databases of one server. */
static void node_start(struct node *node, const char *name)
{
	static char sockets[2][96];
	char *socket = sockets[node - nodes];
	struct fleet_options options = {
	        .base = base,
	        .state_dir = folder,
	        .socket = socket,
	};

	snprintf(socket, sizeof(sockets[0]), "%s/%s.sock", folder, name);
	node->running = running_create();
	node->own = own_create(base, node->running, "test");
	node->http = http_create(base, node->own);
	options.running = node->running;
	options.own = node->own;
	options.http = node->http;
	node->fleet = fleet_create(&options);
	assert_non_null(node->fleet);
	node_command(node, "region add a redis 127.0.0.1:%u", server_port);
	node_command(node, "region add b redis 127.0.0.1:%u db 1", server_port);
	node_command(node, "node set %s-1 region %s addr4 198.18.%d.1", name, name,
	             name[0] == 'a' ? 1 : 11);
	fleet_start(node->fleet);
}

static void node_end(struct node *node)
{
	http_destroy(node->http);
	fleet_destroy(node->fleet);
	own_destroy(node->own);
	running_destroy(node->running);
}

static int scene_start(void **state)
{
	snprintf(folder, sizeof(folder), "fleet-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	base = event_base_new();
	server_port = redis_start();
	node_start(&nodes[0], "a");
	node_start(&nodes[1], "b");
	return 0;
}

static int scene_end(void **state)
{
	char path[96];

	node_end(&nodes[0]);
	node_end(&nodes[1]);
	redis_kill();
	event_base_free(base);
	snprintf(path, sizeof(path), "%s/snapshot", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/drain", folder);
	unlink(path);
	return rmdir(folder);
}

/* What the first node sees of a region. */
static struct sluice_region_row region_row(const char *name)
{
	struct sluice_region_row rows[8];
	uint32_t count = fleet_regions(nodes[0].fleet, rows, 8);

	for (uint32_t i = 0; i < count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i];
	fail_msg("no region %s", name);
	return rows[0];
}

static bool b_beats(void)
{
	struct sluice_region_row row = region_row("b");

	return row.verdict == SLUICE_VERDICT_HEALTHY && row.nodes == 1 && row.beat_age_ms < 2500;
}

/* Known again, whatever the verdict's hysteresis has to say yet. */
static bool b_is_fresh(void)
{
	return region_row("b").beat_age_ms < 2500;
}

static bool b_is_stale(void)
{
	return region_row("b").beat_age_ms > 3500;
}

static bool b_drains(void)
{
	struct snapshot *snapshot = fleet_snapshot(nodes[0].fleet);
	const struct snapshot_node *node = snapshot_node_find(snapshot, "b", "b-1");
	bool drains = node != NULL && node->record.state == SLUICE_NODE_DRAINING;

	snapshot_release(snapshot);
	return drains;
}

static bool never(void)
{
	return false;
}

static bool wait_until(bool (*done)(void), uint32_t ms)
{
	const struct timeval step = {0, 10000};
	uint64_t end = now_ms() + ms;

	while (!done() && now_ms() < end) {
		event_base_loopexit(base, &step);
		event_base_dispatch(base);
	}
	return done();
}

/* -- the tests -- */

static void they_see_each_other(void **state)
{
	assert_true(wait_until(b_beats, PATIENCE_MS));
	assert_int_equal(region_row("a").own, 1);
	assert_int_equal(region_row("a").verdict, SLUICE_VERDICT_HEALTHY);
}

static bool b_is_active(void)
{
	return !b_drains();
}

static uint32_t b_state(void)
{
	struct snapshot *snapshot = fleet_snapshot(nodes[0].fleet);
	const struct snapshot_node *node = snapshot_node_find(snapshot, "b", "b-1");
	uint32_t state = node != NULL ? node->record.state : UINT32_MAX;

	snapshot_release(snapshot);
	return state;
}

static bool b_has_stopped(void)
{
	return b_state() == SLUICE_NODE_STOPPED;
}

static bool b_takes_work(void)
{
	return b_state() == SLUICE_NODE_ACTIVE;
}

static void on_unset(void *arg, int status, const char *why)
{
	*(int *)arg = status;
}

/* `node set` goes, as by a reload of a file that has none. */
static void node_unset(struct node *node)
{
	struct command_request request;
	struct command_error error;
	int status = -EINPROGRESS;

	assert_int_equal(command_parse("node set b-1 region b", &request, &error), 0);
	own_unset(node->own, &request, on_unset, &status);
	assert_int_equal(status, 0);
}

/* Others hear of it at once, and of the one that comes back; where it was alone goes with it. */
static void a_node_is_taken_back(void **state)
{
	struct sluice_region_row rows[8];

	assert_true(wait_until(b_beats, PATIENCE_MS));
	node_unset(&nodes[1]);
	assert_int_equal(running_count(nodes[1].running), 2);
	assert_true(wait_until(b_has_stopped, PATIENCE_MS));
	node_command(&nodes[1], "node set b-2 region nowhere");
	assert_int_equal(fleet_regions(nodes[1].fleet, rows, 8), 3);
	node_unset(&nodes[1]);
	assert_int_equal(fleet_regions(nodes[1].fleet, rows, 8), 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rows[i].own, 0);
	node_command(&nodes[1], "node set b-1 region b addr4 198.18.11.1");
	assert_true(wait_until(b_takes_work, PATIENCE_MS));
}

/* An event, not a beat, of which there is one in a second: each time sooner than most of them. */
static void draining_is_known_at_once(void **state)
{
	char why[SLUICE_API_ERROR_MAX];

	assert_true(wait_until(b_beats, PATIENCE_MS));
	for (int i = 0; i < 4; i++) {
		struct took drained;

		wait_until(never, 1000);
		drained = took_start();
		assert_int_equal(fleet_drain(nodes[1].fleet, 0, why), 0);
		assert_true(wait_until(b_drains, PATIENCE_MS));
		assert_true(took_ms(drained) <= 400);
		assert_int_equal(fleet_undrain(nodes[1].fleet, why), 0);
		assert_true(wait_until(b_is_active, PATIENCE_MS));
	}
}

static void an_empty_redis_is_filled_again(void **state)
{
	struct took healed;

	assert_true(wait_until(b_beats, PATIENCE_MS));
	redis_kill();
	assert_true(wait_until(b_is_stale, PATIENCE_MS));
	healed = took_start();
	redis_start();
	assert_true(wait_until(b_is_fresh, PATIENCE_MS));
	assert_true(took_ms(healed) <= 5000);
	assert_true(wait_until(b_beats, PATIENCE_MS));
}

/* gcc and clang say it differently. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

static long resident_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void ask(redisContext *context, const char *format, ...)
{
	redisReply *reply;
	va_list args;

	va_start(args, format);
	reply = redisvCommand(context, format, args);
	va_end(args);
	assert_non_null(reply);
	freeReplyObject(reply);
}

/* Members that are no nodes, with scores that were, are and will be. */
static void foreign_members_add(redisContext *context)
{
	for (int i = 0; i < 20000; i++)
		assert_int_equal(
		        redisAppendCommand(context, "ZADD sluice:{b}:nodes %lld foreign-%d",
		                           (long long)(time(NULL) + i % 100 - 50) * 1000000, i),
		        REDIS_OK);
	for (int i = 0; i < 20000; i++) {
		void *reply = NULL;

		assert_int_equal(redisGetReply(context, &reply), REDIS_OK);
		freeReplyObject(reply);
	}
}

static void strangers_move_nothing(void **state)
{
	redisContext *context = redisConnect("127.0.0.1", server_port);
	char *long_value = malloc(1 << 20);
	__attribute__((unused)) long before;

	assert_true(context != NULL && context->err == 0);
	memset(long_value, 'x', 1 << 20);
	assert_true(wait_until(b_beats, PATIENCE_MS));
	before = resident_kb();
	ask(context, "SELECT 1");
	ask(context, "HSET sluice:{b}:node:evil seq x region b");
	ask(context, "ZADD sluice:{b}:nodes %lld evil", (long long)time(NULL) * 1000000);
	ask(context, "ZADD sluice:{b}:nodes inf for-ever");
	ask(context, "ZADD sluice:{b}:nodes 1e300 far-away");
	ask(context, "ZADD sluice:{b}:nodes %lld %b", (long long)time(NULL) * 1000000, "\x1b[31m",
	    5ul);
	ask(context, "PUBLISH sluice:{b}:events %b", "drain \x1b", 7ul);
	ask(context, "PUBLISH sluice:{b}:events drain");
	ask(context, "PUBLISH sluice:{b}:claims:a-1 %b", long_value, 60000ul);
	wait_until(never, 1500);
	assert_true(wait_until(b_beats, PATIENCE_MS));
	foreign_members_add(context);
	wait_until(never, 6500);
	assert_true(wait_until(b_is_fresh, PATIENCE_MS));
	/* A record that no reply may hold costs the connection, not the view. */
	ask(context, "HSET sluice:{b}:node:big seq %b region b", long_value, 1ul << 20);
	ask(context, "ZADD sluice:{b}:nodes %lld big", (long long)time(NULL) * 1000000);
	wait_until(never, 3000);
	assert_int_equal(region_row("b").nodes, 1);
	/* A sanitizer keeps what was freed for a while. */
#ifndef SANITIZED
	assert_true(resident_kb() - before < 64 * 1024);
#endif
	ask(context, "FLUSHALL");
	ask(context, "SET sluice:{b}:nodes nonsense");
	wait_until(never, 2000);
	ask(context, "FLUSHALL");
	assert_true(wait_until(b_is_fresh, PATIENCE_MS));
	redisFree(context);
	free(long_value);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SCENE(they_see_each_other),
	        SCENE(draining_is_known_at_once),
	        SCENE(an_empty_redis_is_filled_again),
	        SCENE(a_node_is_taken_back),
	        SCENE(strangers_move_nothing),
	};

	signal(SIGPIPE, SIG_IGN);
	if (!redis_is_installed()) {
		printf("no redis-server here\n");
		return 77;
	}
	return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
