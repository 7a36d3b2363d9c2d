/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The owner of the gate's configuration between the lines of the configuration, the XDP program's
 * maps and the dataplane's gate: the maps and the dataplane are the test's. A command is answered
 * when both have it, and says why where one does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/own.h"
#include "dataplane/ask.h"
#include "gate/keeper.h"
#include "gate/maps.h"

#include <gate_default.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#define KEYS_MAX 64

/* What the maps hold. */
static struct {
	bool there;
	int error; /* of each write */
	uint32_t id, writes;
	struct gate_config config;
	struct gate_lpm_key keys[GATE_MAPS][KEYS_MAX];
	uint32_t counts[GATE_MAPS];
} maps;

/* What the dataplane was asked. */
static struct {
	int error; /* of dataplane_ask */
	uint32_t asked;
	struct gate_compiled compiled;
	struct gate_lpm_key keys[KEYS_MAX];
	dataplane_answered_fn *answered; /* NULL: nothing waits */
	void *arg;
} twin;

static struct {
	struct event_base *base;
	struct running *running;
	struct own *own;
	struct gate_keeper *keeper;
	int done; /* how often a change was answered */
	int status;
	char why[SLUICE_API_ERROR_MAX];
} scene;

/* -- the maps -- */

void gate_maps_start(struct gate_maps *open)
{
	*open = (struct gate_maps){.cpus = 1};
	memset(open->fds, 0xff, sizeof(open->fds));
}

void gate_maps_close(struct gate_maps *open)
{
	gate_maps_start(open);
}

enum gate_maps_found gate_maps_look(const struct gate_maps *open, struct gate_maps *found)
{
	gate_maps_start(found);
	if (!maps.there)
		return GATE_MAPS_NONE;
	if (gate_maps_are_open(open) && open->id == maps.id)
		return GATE_MAPS_SAME;
	memset(found->fds, 0, sizeof(found->fds));
	found->id = maps.id;
	found->seen = 8;
	return GATE_MAPS_NEW;
}

int gate_maps_config_read(const struct gate_maps *open, struct gate_config *config)
{
	*config = maps.config;
	return 0;
}

int gate_maps_config_write(const struct gate_maps *open, const struct gate_config *config)
{
	if (maps.error == 0)
		maps.config = *config;
	return maps.error;
}

int gate_maps_list_write(const struct gate_maps *open, enum gate_map list,
                         const struct gate_list *wanted, const struct gate_list *held)
{
	maps.writes++;
	if (maps.error != 0)
		return maps.error;
	if (held != NULL)
		assert_int_equal(held->count, maps.counts[list]);
	maps.counts[list] = wanted->count;
	if (wanted->count > 0)
		memcpy(maps.keys[list], wanted->keys, wanted->count * sizeof(wanted->keys[0]));
	return 0;
}

void gate_maps_counters_add(const struct gate_maps *open, uint64_t counters[GATE_COUNTERS])
{
}

uint64_t gate_maps_host_attacked(const struct gate_maps *open, uint64_t now)
{
	return 0;
}

uint32_t gate_maps_prefixes_attacked(const struct gate_maps *open, uint64_t now)
{
	return 0;
}

int gate_maps_top(const struct gate_maps *open, enum gate_map table, uint32_t index,
                  struct gate_top *top)
{
	return -ENOENT;
}

/* -- the dataplane -- */

int dataplane_ask(struct dataplane_client *client, const struct dataplane_ask *ask,
                  struct question **question)
{
	if (twin.error != 0)
		return twin.error;
	assert_int_equal(ask->type, SLUICE_GATE_SET);
	assert_int_equal(ask->length, sizeof(twin.compiled));
	assert_true(ask->early);
	twin.asked++;
	memcpy(&twin.compiled, ask->body, sizeof(twin.compiled));
	if (ask->passed != NULL)
		assert_true(pread(*ask->passed, twin.keys, sizeof(twin.keys), 0) > 0);
	twin.answered = ask->answered;
	twin.arg = ask->arg;
	return 0;
}

static void twin_answer(int status, bool lost)
{
	const struct dataplane_answer answer = {
	        .status = status, .body = "no room", .length = status != 0 ? 7 : 0, .lost = lost};
	dataplane_answered_fn *answered = twin.answered;

	assert_non_null(answered);
	twin.answered = NULL;
	answered(twin.arg, &answer);
}

/* -- changes -- */

static void on_done(void *arg, int status, const char *why)
{
	scene.done++;
	scene.status = status;
	snprintf(scene.why, sizeof(scene.why), "%s", why);
}

static struct command_request request_parse(const char *line)
{
	struct command_request request;
	struct command_error error;

	assert_int_equal(command_parse(line, &request, &error), 0);
	assert_true(command_is_control(request.command));
	return request;
}

static void change(const char *line)
{
	struct command_request request = request_parse(line);

	scene.done = 0;
	own_change(scene.own, &request, 0, on_done, NULL);
}

/* One whose question the dataplane takes. */
static void change_taken(const char *line)
{
	change(line);
	assert_int_equal(scene.done, 0);
	twin_answer(0, false);
	assert_int_equal(scene.done, 1);
	assert_int_equal(scene.status, 0);
}

static void configure(const char *line)
{
	struct command_request request;
	struct command_error error;

	assert_int_equal(command_parse(line, &request, &error), 0);
	assert_non_null(running_put(scene.running, &request, 1));
}

static int setup(void **state)
{
	static int client; /* whoever is asked is the test */

	memset(&maps, 0, sizeof(maps));
	memset(&twin, 0, sizeof(twin));
	maps.there = true;
	maps.id = 1;
	scene.base = event_base_new();
	scene.running = running_create();
	scene.own = own_create(scene.base, scene.running, "test");
	scene.keeper = gate_keeper_create(scene.base, scene.own, scene.running);
	assert_non_null(scene.keeper);
	gate_keeper_serve(scene.keeper, (struct dataplane_client *)&client);
	return 0;
}

static int teardown(void **state)
{
	gate_keeper_destroy(scene.keeper);
	own_destroy(scene.own);
	running_destroy(scene.running);
	event_base_free(scene.base);
	return 0;
}

static void test_both_have_it(void **state)
{
	change("gate deny add 192.0.2.0/24");
	/* XDP drops it, and nobody has been told so. */
	assert_int_equal(maps.counts[GATE_MAP_DENY], 1);
	assert_int_equal(maps.config.flags, GATE_FLAG_DENY);
	assert_int_equal(twin.compiled.denied, 1);
	assert_int_equal(twin.compiled.config.flags, GATE_FLAG_DENY);
	assert_int_equal(twin.keys[0].length, 96 + 24);
	assert_memory_equal(&twin.keys[0], &maps.keys[GATE_MAP_DENY][0], sizeof(twin.keys[0]));
	assert_int_equal(scene.done, 0);
	assert_int_equal(running_count(scene.running), 0);
	twin_answer(0, false);
	assert_int_equal(scene.done, 1);
	assert_int_equal(scene.status, 0);
	assert_int_equal(running_count(scene.running), 1);
	/* the same nonces at both */
	assert_memory_equal(twin.compiled.config.nonce, maps.config.nonce,
	                    sizeof(maps.config.nonce));
}

static void test_maps_refuse(void **state)
{
	change_taken("gate mode observe");
	maps.error = -EPERM;
	twin.asked = 0;
	change("gate trust add 2001:db8::/32");
	assert_int_equal(scene.done, 1);
	assert_int_equal(scene.status, -EPERM);
	assert_non_null(strstr(scene.why, "maps cannot be written"));
	assert_int_equal(twin.asked, 0);
	assert_int_equal(running_count(scene.running), 1);
	/* Nothing of it is left when they can be written again. */
	maps.error = 0;
	change_taken("gate mode enforce");
	assert_int_equal(maps.counts[GATE_MAP_TRUST], 0);
	assert_int_equal(twin.compiled.trusted, 0);
	assert_int_equal(maps.config.mode, GATE_MODE_ENFORCE);
}

static void test_twin_refuses(void **state)
{
	change_taken("gate deny add 192.0.2.1/32");
	change("gate deny add 192.0.2.2/32");
	assert_int_equal(maps.counts[GATE_MAP_DENY], 2);
	twin_answer(-ENOMEM, false);
	assert_int_equal(scene.status, -ENOMEM);
	assert_non_null(strstr(scene.why, "the dataplane refuses it: no room"));
	/* XDP has it no more either. */
	assert_int_equal(maps.counts[GATE_MAP_DENY], 1);
	assert_int_equal(running_count(scene.running), 1);
	change_taken("gate deny add 192.0.2.2/32");
	assert_int_equal(maps.counts[GATE_MAP_DENY], 2);
}

/* One that has gone, or is not there, is given all when it comes. */
static void test_dataplane_away(void **state)
{
	twin.error = -ENOTCONN;
	change("gate limit source 7 burst 3");
	assert_int_equal(scene.done, 1);
	assert_int_equal(scene.status, 0);
	assert_int_equal(maps.config.source.interval, 1000000000 / 7);
	twin.error = 0;
	gate_keeper_greeted(scene.keeper);
	assert_int_equal(twin.compiled.config.source.interval, 1000000000 / 7);
	change("gate limit source 8 burst 3");
	twin_answer(-EHOSTDOWN, true);
	assert_int_equal(scene.status, 0);
	gate_keeper_greeted(scene.keeper);
	assert_int_equal(twin.compiled.config.source.interval, 1000000000 / 8);
	twin.asked = 0;
	gate_keeper_ready(scene.keeper);
	assert_int_equal(twin.asked, 0); /* it has just been told */
}

static void test_one_after_the_other(void **state)
{
	struct command_request second = request_parse("gate deny add 192.0.2.2/32");

	change("gate deny add 192.0.2.1/32");
	own_change(scene.own, &second, 0, on_done, NULL);
	assert_int_equal(twin.asked, 1);
	twin_answer(-ENOMEM, false);
	assert_int_equal(scene.done, 1);
	assert_int_equal(scene.status, -ENOMEM);
	assert_int_equal(twin.asked, 2);
	twin_answer(0, false);
	assert_int_equal(scene.done, 2);
	assert_int_equal(scene.status, 0);
	assert_int_equal(maps.counts[GATE_MAP_DENY], 1);
	assert_int_equal(maps.keys[GATE_MAP_DENY][0].ip[15], 2);
}

/* At the end what waited behind a commit is not begun: its part may have gone. */
static void test_stop(void **state)
{
	struct command_request second = request_parse("gate deny add 192.0.2.2/32");

	change("gate deny add 192.0.2.1/32");
	own_change(scene.own, &second, 0, on_done, NULL);
	own_stop(scene.own);
	twin_answer(-ESHUTDOWN, true);
	assert_int_equal(scene.done, 1);
	assert_int_equal(twin.asked, 1);
	assert_int_equal(running_count(scene.running), 1);
}

static void test_start(void **state)
{
	char line[64];

	for (int i = 1; i <= 40; i++) {
		snprintf(line, sizeof(line), "gate deny add 192.0.2.%d/32", i);
		configure(line);
	}
	configure("gate ports privileged drop");
	configure("turn realm sluice");
	own_start(scene.own);
	assert_int_equal(twin.asked, 1); /* all of them at once */
	assert_int_equal(twin.compiled.denied, 40);
	twin_answer(0, false);
	assert_int_equal(running_refused(scene.running), 0);
	assert_int_equal(maps.config.flags, GATE_FLAG_DENY | GATE_FLAG_PRIVILEGED);
	assert_int_equal(maps.config.challenge, GATE_CHALLENGE(6));
}

static void test_start_refused(void **state)
{
	configure("gate deny add 192.0.2.1/32");
	configure("gate mode observe");
	maps.error = -EIO;
	own_start(scene.own);
	assert_int_equal(running_refused(scene.running), 2);
	maps.error = 0;
	while (running_refused(scene.running) > 0) { /* tried again, after a second */
		event_base_loop(scene.base, EVLOOP_ONCE);
		if (twin.answered != NULL)
			twin_answer(0, false);
	}
	assert_int_equal(maps.counts[GATE_MAP_DENY], 1);
	assert_int_equal(maps.config.mode, GATE_MODE_OBSERVE);
}

/* A line that a reload could not bring back. */
static void test_refused_later(void **state)
{
	configure("gate deny add 192.0.2.1/32");
	running_judge(scene.running, running_next(scene.running, NULL), "it is not there");
	own_retry(scene.own);
	while (running_refused(scene.running) > 0) { /* tried again, after a second */
		event_base_loop(scene.base, EVLOOP_ONCE);
		if (twin.answered != NULL)
			twin_answer(0, false);
	}
	assert_int_equal(maps.counts[GATE_MAP_DENY], 1);
}

static void test_unset(void **state)
{
	struct command_request request = request_parse("gate limit host 5 burst 5");

	change_taken("gate limit host 5 burst 5");
	own_unset(scene.own, &request, on_done, NULL);
	twin_answer(0, false);
	assert_int_equal(maps.config.host.interval, 1000000000 / GATE_HOST_RATE);
	assert_int_equal(running_count(scene.running), 0);
}

/* Maps that are new are filled, and a realm changes what an answer costs, without a command. */
static void test_by_itself(void **state)
{
	change_taken("gate deny add 192.0.2.1/32");
	maps.id = 2;
	maps.config.mode = GATE_MODE_UNSET;
	maps.counts[GATE_MAP_DENY] = 0;
	gate_keeper_ready(scene.keeper);
	assert_int_equal(maps.counts[GATE_MAP_DENY], 1);
	assert_int_equal(maps.config.mode, GATE_MODE_ENFORCE);
	configure("turn realm a-very-long-realm");
	event_base_loop(scene.base, EVLOOP_ONCE);
	assert_int_equal(maps.config.challenge, GATE_CHALLENGE(17));
	/* so do offers to all clients, and what more a Binding is answered */
	configure("turn algorithms always");
	event_base_loop(scene.base, EVLOOP_ONCE);
	assert_int_equal(maps.config.challenge, GATE_CHALLENGE(17) + 28);
	assert_int_equal(maps.config.flags & GATE_FLAG_DISCOVERY, 0);
	configure("turn discovery 192.0.2.1 other 192.0.2.2:3479");
	event_base_loop(scene.base, EVLOOP_ONCE);
	assert_int_equal(maps.config.flags & GATE_FLAG_DISCOVERY, GATE_FLAG_DISCOVERY);
}

static void test_bounds(void **state)
{
	struct command_request request = request_parse("gate deny delete 192.0.2.1/32");
	char line[64];

	for (int i = 0; i < KEYS_MAX - 1; i++) {
		snprintf(line, sizeof(line), "gate trust add 198.51.100.%d/32", i);
		change_taken(line);
	}
	/* sorted, each once */
	change_taken("gate trust add 198.51.100.200/32");
	for (uint32_t i = 1; i < maps.counts[GATE_MAP_TRUST]; i++)
		assert_true(gate_key_compare(&maps.keys[GATE_MAP_TRUST][i - 1],
		                             &maps.keys[GATE_MAP_TRUST][i]) < 0);
	own_change(scene.own, &request, 0, on_done, NULL);
	assert_int_equal(scene.status, -ENOENT);
	change("gate trust add 198.51.100.7/32");
	assert_int_equal(scene.status, -EEXIST);
	change_taken("gate trust delete 198.51.100.7/32");
	assert_int_equal(maps.counts[GATE_MAP_TRUST], KEYS_MAX - 1);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SCENE(test_both_have_it),
	        SCENE(test_maps_refuse),
	        SCENE(test_twin_refuses),
	        SCENE(test_dataplane_away),
	        SCENE(test_one_after_the_other),
	        SCENE(test_stop),
	        SCENE(test_start),
	        SCENE(test_start_refused),
	        SCENE(test_refused_later),
	        SCENE(test_unset),
	        SCENE(test_by_itself),
	        SCENE(test_bounds),
	};

	return cmocka_run_group_tests_name("gate keeper", tests, NULL, NULL);
}
