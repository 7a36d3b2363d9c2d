/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replay and changes: what happens when the dataplane is away, late, refuses or has another
 * version.
 */
#include "replay_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "channel.h"
#include "common/request.h"
#include "config/own.h"
#include "config/running.h"
#include "control/server.h"
#include "dataplane/client.h"
#include "reload/reload.h"

#include <sluice/stats.h>
#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void test_replay(void **state)
{
	struct scene *scene = *state;

	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	assert_string_equal(scene->fake.asked, REPLAY);
	/* The dataplane dies and comes back: the same again. */
	fake_stop(scene);
	loop_once(scene);
	fake_start(scene);
	AWAIT(scene, strcmp(scene->fake.asked, REPLAY) == 0);
}

/* More lines than may be on their way at once. */
static void test_replay_many(void **state)
{
	struct scene *scene = *state;
	uint32_t lines = 0;
	char line[64];

	for (uint32_t i = 0; i < 300; i++) {
		snprintf(line, sizeof(line), "turn user add u%u password p", i);
		configure(scene, line, 3 + i);
	}
	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	for (const char *at = scene->fake.asked; *at != '\0'; at++)
		lines += *at == ';';
	assert_int_equal(lines, 3 + 302);
	assert_non_null(strstr(scene->fake.asked, "turn user add u299 password p;commit;"));
}

static void test_dataplane_comes_late(void **state)
{
	struct scene *scene = *state;

	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	assert_int_equal(asked_status(scene, "turn user add late password p"), 0);
	assert_int_equal(asked_status(scene, "turn user delete u"), 0);
	assert_int_equal(asked_status(scene, "turn user delete u"), -ENOENT);
	assert_int_equal(asked_status(scene, "turn show"), -EHOSTDOWN);
	fake_start(scene);
	AWAIT(scene, strstr(scene->fake.asked, "commit;") != NULL);
	assert_string_equal(scene->fake.asked,
	                    "version;begin;turn realm x;turn user add late password p;commit;");
}

/* Whichever of both starts first: the rest is in force, and the line is tried again. */
static void test_first_replay_refused(void **state)
{
	struct scene *scene = *state;
	struct running_line *line = running_next(scene->running, NULL);

	fake_start(scene);
	scene->fake.refuse = "realm";
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	assert_string_equal(scene->fake.asked, REPLAY);
	assert_int_equal(running_refused(scene->running), 1);
	assert_string_equal(line->why, "refused\\x1b");
	scene->fake.refuse = NULL;
	AWAIT(scene, strcmp(scene->fake.asked, REPLAY "turn realm x;") == 0);
	AWAIT(scene, running_refused(scene->running) == 0);
	assert_null(line->why);
}

static void test_later_replay_refused(void **state)
{
	struct scene *scene = *state;

	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	fake_start(scene);
	scene->fake.refuse = "realm";
	/* The rest is in force, and the line is tried again. */
	AWAIT(scene, strcmp(scene->fake.asked, REPLAY "turn realm x;") == 0);
	scene->fake.refuse = NULL;
	AWAIT(scene, strcmp(scene->fake.asked, REPLAY "turn realm x;turn realm x;") == 0);
	/* Then no more. */
	assert_int_equal(asked_status(scene, "turn realm y"), 0);
	for (int i = 0; i < 70; i++)
		loop_once(scene);
	assert_string_equal(scene->fake.asked, REPLAY "turn realm x;turn realm x;turn realm y;");
}

static void test_changes(void **state)
{
	struct scene *scene = *state;
	struct peer peer;

	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	scene->fake.refuse = "bad";
	peer_open(scene, &peer);
	ask(scene, &peer, "turn secret add good");
	assert_int_equal(peer.last.status, 0);
	ask(scene, &peer, "turn secret add bad");
	assert_int_equal(peer.last.status, -ENODEV);
	assert_string_equal(peer.text, "refused\\x1b");
	ask(scene, &peer, "turn user delete u");
	assert_int_equal(peer.last.status, 0);
	ask(scene, &peer, "config show secrets");
	assert_string_equal(peer.text, "turn realm x");
	assert_int_equal(peer.last.length, 2 * sizeof(struct sluice_config_line));
	channel_close(&peer.channel);
	assert_int_equal(running_count(scene->running), 2);
	assert_int_equal(asked_status(scene, "config save"), 0);
	assert_int_equal(access(scene->config_path, R_OK), 0);
}

/* A port's interface that is gone: it was never in force, and can be taken back. */
static void test_delete_of_refused(void **state)
{
	struct scene *scene = *state;

	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	fake_start(scene);
	scene->fake.refuse = "user";
	AWAIT(scene, strstr(scene->fake.asked, "commit;") != NULL);
	assert_int_equal(asked_status(scene, "turn user delete u"), -ENODEV);
	assert_int_equal(running_count(scene->running), 2);
	scene->fake.refuse = NULL;
	assert_int_equal(asked_status(scene, "turn user delete u"), 0);
	assert_int_equal(running_count(scene->running), 1);
}

/* While a replay runs changes wait; when it dies nothing of them is left. */
static void test_change_without_answer(void **state)
{
	struct scene *scene = *state;
	struct peer peer;

	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	scene->fake.mute = true;
	peer_open(scene, &peer);
	peer_send(&peer, "turn secret add lost");
	AWAIT(scene, strstr(scene->fake.asked, "lost") != NULL);
	assert_int_equal(peer.replies, 0);
	fake_stop(scene);
	AWAIT(scene, peer.replies == 1);
	assert_int_equal(peer.last.status, -EHOSTDOWN);
	assert_int_equal(running_count(scene->running), 2);
	/* A client that leaves meanwhile harms nobody. */
	scene->fake.mute = false;
	fake_start(scene);
	AWAIT(scene, strcmp(scene->fake.asked, REPLAY) == 0);
	scene->fake.mute = true;
	peer_send(&peer, "turn secret add alone");
	AWAIT(scene, strstr(scene->fake.asked, "alone") != NULL);
	channel_close(&peer.channel);
	loop_once(scene);
	fake_stop(scene);
	loop_once(scene);
	assert_int_equal(asked_status(scene, "config show"), 0);
}

static void test_version(void **state)
{
	struct scene *scene = *state;
	struct sluice_api_header header = {.version = 77, .type = SLUICE_VERSION, .id = 5};
	struct peer peer;

	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	peer_open(scene, &peer);
	ask(scene, &peer, "version");
	assert_int_equal(peer.replies, 2);
	assert_string_equal(peer.text + offsetof(struct sluice_version, program), "fake");
	assert_int_equal(channel_send(&peer.channel, &header, NULL), 0);
	AWAIT(scene, peer.replies == 3);
	assert_int_equal(peer.last.status, -EPROTO);
	assert_int_equal(peer.last.version, SLUICE_API_VERSION);
	assert_int_equal(peer.last.id, 5);
	fake_stop(scene);
	ask(scene, &peer, "version");
	assert_int_equal(peer.replies, 4);
	channel_close(&peer.channel);
}

static void test_dataplane_of_another_version(void **state)
{
	struct scene *scene = *state;

	fake_start(scene);
	scene->fake.version = SLUICE_API_VERSION + 1;
	control_start(scene);
	AWAIT(scene, strstr(scene->fake.asked, "version;version;") != NULL);
	assert_int_equal(asked_status(scene, "turn show"), -EPROTO);
	assert_int_equal(scene->settled, 0);
}

static void assert_limits(struct scene *scene, const char *line)
{
	char text[COMMAND_TEXT_MAX];

	command_format(&running_setting(scene->running, SLUICE_TURN_QUOTA_SET)->request, true, text,
	               sizeof(text));
	assert_string_equal(text, line);
}

static void lacks_answered(void *arg, const struct dataplane_answer *answer)
{
	snprintf(arg, SLUICE_API_ERROR_MAX, "%d %.*s", answer->status == -ENOSYS,
	         (int)answer->length, (const char *)answer->body);
}

/* It refuses our version, and is spoken to in its own: it gets the whole configuration, its rows
 * are read as ours, and what it does not have is refused by its name without asking it. */
static void test_dataplane_of_the_version_before(void **state)
{
	struct scene *scene = *state;
	char lacks[SLUICE_API_ERROR_MAX] = "", expected[SLUICE_API_ERROR_MAX];
	const struct dataplane_ask ask_lacked = {.type = SLUICE_HAND_OVER_BEGIN,
	                                         .apart = true,
	                                         .answered = lacks_answered,
	                                         .arg = lacks};
	struct question *question;
	struct peer peer;

	fake_start(scene);
	scene->fake.version = SLUICE_API_VERSION_OLDEST;
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	assert_string_equal(scene->fake.asked, "version;" REPLAY);
	peer_open(scene, &peer);
	/* the control plane's own row, and more of the dataplane's than one record of ours has */
	scene->fake.versions = 210;
	ask(scene, &peer, "version");
	assert_int_equal(peer.last.version, SLUICE_API_VERSION);
	assert_int_equal(peer.replies, 3);
	assert_int_equal(peer.bytes, 211 * sizeof(struct sluice_version));
	assert_string_equal(peer.text + offsetof(struct sluice_version, program), "fake");
	channel_close(&peer.channel);

	assert_int_equal(dataplane_ask(scene->client, &ask_lacked, &question), 0);
	assert_string_equal(lacks, "");
	question_read(question, true);
	AWAIT(scene, lacks[0] != '\0');
	snprintf(
	        expected, sizeof(expected),
	        "1 the dataplane is of API version %u and does not know \"hand over begin\", which "
	        "came with %u",
	        SLUICE_API_VERSION_OLDEST, request_of(SLUICE_HAND_OVER_BEGIN)->since);
	assert_string_equal(lacks, expected);
	assert_null(strstr(scene->fake.asked, "000b"));
}

/* Limits: it replaces all of them, and is sent all that hold; what it has not, a tenant's or a
 * capacity, it is not asked for, or it would take it for the server's. */
static void test_limits_for_the_version_before(void **state)
{
	struct scene *scene = *state;
	const struct sluice_turn_quota *sent = (const void *)scene->fake.body;
	struct peer peer;

	configure(scene, "turn quota user 3 max-bps 5000", 3);
	configure(scene, "turn quota user 2 realm acme", 4);
	fake_start(scene);
	scene->fake.version = SLUICE_API_VERSION_OLDEST;
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	assert_string_equal(scene->fake.asked, "version;version;begin;turn realm x;turn user add u "
	                                       "password p;turn quota user 3;commit;");
	assert_int_equal(running_refused(scene->running), 1);
	assert_int_equal(asked_status(scene, "turn quota host 5"), 0);
	assert_int_equal(scene->fake.length, 16);
	assert_int_equal(sent->user, 3);
	assert_int_equal(sent->host, 5);
	assert_int_equal(sent->max_bps, 5000);
	scene->fake.asked[0] = '\0';
	peer_open(scene, &peer);
	ask(scene, &peer, "turn quota user 1 realm acme");
	assert_int_equal(peer.last.status, -ENOSYS);
	assert_non_null(strstr(peer.text, "does not know all of this \"turn quota\""));
	ask(scene, &peer, "turn quota bps-capacity 90000");
	assert_int_equal(peer.last.status, -ENOSYS);
	channel_close(&peer.channel);
	assert_string_equal(scene->fake.asked, "");
	assert_limits(scene, "turn quota user 3 host 5 max-bps 5000");
}

/* One of ours is told what is given, and leaves the rest. */
static void test_limits_one_by_one(void **state)
{
	struct scene *scene = *state;

	configure(scene, "turn quota user 3", 3);
	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	scene->fake.asked[0] = '\0';
	assert_int_equal(asked_status(scene, "turn quota host 5"), 0);
	assert_string_equal(scene->fake.asked, "turn quota host 5;");
	assert_limits(scene, "turn quota user 3 host 5");
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SCENE(test_replay),
	        SCENE(test_replay_many),
	        SCENE(test_dataplane_comes_late),
	        SCENE(test_first_replay_refused),
	        SCENE(test_later_replay_refused),
	        SCENE(test_changes),
	        SCENE(test_delete_of_refused),
	        SCENE(test_change_without_answer),
	        SCENE(test_version),
	        SCENE(test_dataplane_of_another_version),
	        SCENE(test_dataplane_of_the_version_before),
	        SCENE(test_limits_for_the_version_before),
	        SCENE(test_limits_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
