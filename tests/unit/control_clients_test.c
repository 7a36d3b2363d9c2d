/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients of the control socket that lie, are slow, leave, or are many. */
#include "replay_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "channel.h"
#include "control/server.h"
#include "dataplane/client.h"
#include "reload/reload.h"

#include <sluice/stats.h>
#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_hostile_requests(void **state)
{
	static const struct {
		struct sluice_api_header header;
		int status;
	} rows[] = {
	        {{.version = SLUICE_API_VERSION, .type = 0x7777}, -ENOSYS},
	        {{.version = SLUICE_API_VERSION, .type = 0xff02}, -ENOSYS},
	        {{.version = SLUICE_API_VERSION, .type = SLUICE_CONFIG_BEGIN}, -ENOSYS},
	        {{.version = SLUICE_API_VERSION, .type = SLUICE_CONFIG_COMMIT}, -ENOSYS},
	        {{.version = SLUICE_API_VERSION, .type = SLUICE_TURN_USER_ADD, .length = 8},
	         -EINVAL},
	        {{.version = SLUICE_API_VERSION, .type = SLUICE_CONFIG_SHOW}, -EINVAL},
	        {{.version = SLUICE_API_VERSION,
	          .type = SLUICE_TURN_USER_ADD,
	          .length = sizeof(struct sluice_turn_user)},
	         -EINVAL},
	        {{.version = SLUICE_API_VERSION, .type = SLUICE_CONFIG_SAVE, .length = 4}, -EINVAL},
	};
	static const uint8_t body[1024];
	struct scene *scene = *state;
	struct peer peer;

	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	peer_open(scene, &peer);
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(channel_send(&peer.channel, &rows[i].header, body), 0);
		AWAIT(scene, peer.replies == i + 1);
		assert_int_equal(peer.last.status, rows[i].status);
		assert_true(peer.last.length > 0);
	}
	assert_int_equal(send(peer.channel.fd, body, 7, 0), 7);
	AWAIT(scene, peer.lost);
	assert_string_equal(scene->fake.asked, REPLAY);
}

/* One client reads nothing of a long answer; the others get theirs, and it gets all of its own when
 * it reads. */
static void test_slow_client(void **state)
{
	struct scene *scene = *state;
	struct peer slow;

	fake_start(scene);
	scene->fake.rows = 60;
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	peer_open(scene, &slow);
	channel_read(&slow.channel, false);
	peer_send(&slow, "counter show");
	for (int i = 0; i < 20; i++)
		assert_int_equal(asked_status(scene, "turn show"), 0);
	assert_int_equal(asked_status(scene, "turn realm other"), 0);
	assert_int_equal(slow.rows, 0);
	channel_read(&slow.channel, true);
	AWAIT(scene, slow.rows == 60 * FAKE_ROWS);
	assert_int_equal(slow.last.flags, 0);
	ask(scene, &slow, "turn show");
	assert_int_equal(slow.last.status, 0);
	/* It leaves in the middle. */
	channel_read(&slow.channel, false);
	scene->fake.asked[0] = '\0';
	peer_send(&slow, "counter show");
	AWAIT(scene, strcmp(scene->fake.asked, "counter show;") == 0);
	channel_close(&slow.channel);
	for (int i = 0; i < 5; i++)
		assert_int_equal(asked_status(scene, "turn show"), 0);
}

/* Nothing has come for it yet: whoever answers it is told at once. */
static void test_client_leaves(void **state)
{
	struct scene *scene = *state;
	struct peer leaves, reads;

	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	scene->fake.mute = true;
	peer_open(scene, &leaves);
	peer_open(scene, &reads);
	scene->fake.asked[0] = '\0';
	scene->fake.lost = 0;
	peer_send(&leaves, "trace");
	peer_send(&reads, "trace");
	AWAIT(scene, strcmp(scene->fake.asked, "trace;trace;") == 0);
	assert_int_equal(shutdown(reads.channel.fd, SHUT_WR), 0); /* it asks nothing more */
	for (int i = 0; i < 3; i++)
		loop_once(scene);
	assert_int_equal(scene->fake.lost, 0);
	channel_close(&leaves.channel);
	AWAIT(scene, scene->fake.lost == 1);
	channel_close(&reads.channel);
}

static void test_slow_config_show(void **state)
{
	struct scene *scene = *state;
	struct peer slow;
	char line[64];

	for (uint32_t i = 0; i < 2000; i++) {
		snprintf(line, sizeof(line), "turn user add u%u password p", i);
		configure(scene, line, 0);
	}
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	peer_open(scene, &slow);
	channel_read(&slow.channel, false);
	peer_send(&slow, "config show");
	for (int i = 0; i < 5; i++)
		loop_once(scene);
	/* Lines come and go meanwhile. */
	assert_int_equal(asked_status(scene, "turn user delete u1000"), 0);
	assert_int_equal(asked_status(scene, "turn user delete u1999"), 0);
	channel_read(&slow.channel, true);
	AWAIT(scene, slow.replies > 0 && !(slow.last.flags & SLUICE_API_MORE));
	assert_int_equal(slow.last.status, 0);
	assert_in_range(slow.replies, 125, 126); /* 2,000 lines and 2, 16 a reply */
	channel_close(&slow.channel);
}

/* The dataplane dies in the middle of an answer. */
static void test_answer_cut(void **state)
{
	struct scene *scene = *state;

	fake_start(scene);
	scene->fake.rows = 10;
	scene->fake.vanish = 5;
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	assert_int_equal(asked_status(scene, "counter show"), -EHOSTDOWN);
	scene->fake.vanish = 0;
	assert_int_equal(asked_status(scene, "counter show"), 0);
}

/* More clients than are served at once wait for their turn. */
static void test_many_clients(void **state)
{
	struct scene *scene = *state;
	struct peer *peers = calloc(60, sizeof(*peers));

	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	for (int i = 0; i < 60; i++)
		peer_open(scene, &peers[i]);
	ask(scene, &peers[0], "config show");
	for (int i = 0; i < 48; i++)
		channel_close(&peers[i].channel);
	ask(scene, &peers[59], "config show");
	for (int i = 48; i < 60; i++)
		channel_close(&peers[i].channel);
	free(peers);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SCENE(test_hostile_requests), SCENE(test_slow_client), SCENE(test_client_leaves),
	        SCENE(test_slow_config_show), SCENE(test_answer_cut),  SCENE(test_many_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
