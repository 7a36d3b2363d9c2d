/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file is read again, and compared. */
#include "replay_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "channel.h"
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

static void file_write(const struct scene *scene, const char *text)
{
	FILE *file = fopen(scene->config_path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Reads the file again; what the dataplane was asked for it, and what `config show` says. */
static void assert_reload(struct scene *scene, struct peer *peer, int status, const char *asked,
                          const char *shown)
{
	struct running_line *line = NULL;
	char all[4096] = "", text[COMMAND_TEXT_MAX];

	scene->fake.asked[0] = '\0';
	ask(scene, peer, "config reload");
	if (peer->last.status != status)
		fail_msg("%d: %s (asked: %s)", peer->last.status, peer->text, scene->fake.asked);
	assert_string_equal(scene->fake.asked, asked);
	while ((line = running_next(scene->running, line)) != NULL) {
		command_format(&line->request, true, text, sizeof(text));
		strcat(strcat(all, text), ";");
	}
	assert_string_equal(all, shown);
}

static void test_reload(void **state)
{
	struct scene *scene = *state;
	struct sluice_config_reload result;
	struct peer peer;

	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	peer_open(scene, &peer);
	file_write(scene, "turn user add v password q\nturn realm y\n");
	assert_reload(scene, &peer, 0,
	              "turn user add v password q;turn realm y;turn user delete u;",
	              "turn user add v password q;turn realm y;");
	memcpy(&result, peer.text, sizeof(result));
	assert_int_equal(result.added, 1);
	assert_int_equal(result.changed, 1);
	assert_int_equal(result.removed, 1);
	assert_reload(scene, &peer, 0, "", "turn user add v password q;turn realm y;");
	/* What a SET set has its default again only when the whole is replayed. */
	file_write(scene, "turn user add v password q\n");
	assert_reload(scene, &peer, 0, "begin;turn user add v password q;commit;",
	              "turn user add v password q;");
	/* A mistake in the file: nothing is asked. */
	file_write(scene, "turn user add w password q\nturn reelm y\n");
	assert_reload(scene, &peer, -EINVAL, "", "turn user add v password q;");
	assert_non_null(
	        strstr(peer.text, "conf:2: turn ^reelm: did you mean `realm`? `help` has all"));
	/* Nor for lines that cannot stand beside each other. */
	file_write(scene, "turn listen 198.18.1.1\nturn relay 198.18.1.1 ports 3000-4000\n");
	assert_reload(scene, &peer, -EINVAL, "", "turn user add v password q;");
	assert_non_null(strstr(peer.text, "conf:2: turn relay 198.18.1.1 ports 3000-4000: "
	                                  "198.18.1.1:3478, a TURN listener's, lies in ports "
	                                  "3000-4000 (line 1)"));
	channel_close(&peer.channel);
}

/* What was accepted before the refused line is taken back, and what would have gone stays. */
static void test_reload_refused(void **state)
{
	struct scene *scene = *state;
	struct peer peer;

	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	peer_open(scene, &peer);
	scene->fake.refuse = "add bad";
	file_write(scene, "turn secret add s\nturn realm y\nturn user add bad password q\n");
	assert_reload(scene, &peer, -ENODEV,
	              "turn secret add s;turn realm y;turn user add bad password q;"
	              "turn realm x;turn secret delete s;",
	              "turn realm x;turn user add u password p;");
	assert_non_null(strstr(peer.text, "conf:3: turn user add bad password ********: refused"));
	assert_int_equal(running_next(scene->running, NULL)->number, 1);
	/* The dataplane goes in the middle: the same. */
	scene->fake.refuse = NULL;
	scene->fake.mute = true;
	peer_send(&peer, "config reload");
	AWAIT(scene, strstr(scene->fake.asked, "turn secret delete s;turn secret add s;") != NULL);
	fake_stop(scene);
	AWAIT(scene, peer.replies == 2);
	assert_int_equal(peer.last.status, -EHOSTDOWN);
	assert_int_equal(running_count(scene->running), 2);
	/* And without one it is what comes to the next. */
	ask(scene, &peer, "config reload");
	assert_int_equal(peer.last.status, 0);
	assert_int_equal(running_count(scene->running), 3);
	channel_close(&peer.channel);
}

/* What is in the way goes first, and comes back where that was in vain. */
static void test_reload_makes_way(void **state)
{
	struct scene *scene = *state;
	struct peer peer;

	configure(scene, "turn listen 198.18.1.1:3478", 3);
	configure(scene, "port add a xdp eth0", 4);
	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	peer_open(scene, &peer);
	file_write(scene, "turn relay 198.18.1.1 ports 3000-4000\nport add a xdp eth1\n"
	                  "turn secret add s\nturn realm x\nturn user add u password p\n");
	scene->fake.refuse = "relay";
	assert_reload(scene, &peer, -ENODEV,
	              "turn secret add s;turn listen delete 198.18.1.1:3478;port delete a;"
	              "turn relay 198.18.1.1 ports 3000-4000;port add a xdp eth0;"
	              "turn listen 198.18.1.1:3478;turn secret delete s;",
	              "turn realm x;turn user add u password p;turn listen 198.18.1.1:3478;"
	              "port add a xdp eth0;");
	scene->fake.refuse = NULL;
	assert_reload(scene, &peer, 0,
	              "turn secret add s;turn listen delete 198.18.1.1:3478;port delete a;"
	              "turn relay 198.18.1.1 ports 3000-4000;port add a xdp eth1;",
	              "turn relay 198.18.1.1 ports 3000-4000;port add a xdp eth1;"
	              "turn secret add s;turn realm x;turn user add u password p;");
	channel_close(&peer.channel);
}

#define KEY "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=="
#define ENDPOINT(name, port, remote)                                                               \
	"endpoint add " name " remote 198.18.1.2:" remote " local 198.18.1.1:" port                \
	" profile gcm128 rx-key " KEY " tx-key " KEY

/* Calls' own endpoints stay; one that changes takes what hangs on it along, and gives it back. */
static void test_reload_media(void **state)
{
	static const char file[] = "turn realm x\nturn user add u password p\n" ENDPOINT(
	        "a", "5000", "6") "\nstream add s endpoint a\n";
	struct scene *scene = *state;
	struct peer peer;

	configure(scene, ENDPOINT("a", "5000", "5"), 3);
	configure(scene, "stream add s endpoint a", 4);
	fake_start(scene);
	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	peer_open(scene, &peer);
	ask(scene, &peer, ENDPOINT("call", "5001", "5"));
	assert_int_equal(peer.last.status, 0);
	file_write(scene, file);
	scene->fake.asked[0] = '\0';
	ask(scene, &peer, "config reload");
	assert_int_equal(peer.last.status, 0);
	assert_string_equal(
	        scene->fake.asked,
	        ENDPOINT("a", "5000",
	                 "6") ";begin;turn realm x;turn user add u "
	                      "password p;" ENDPOINT(
	                              "a", "5000",
	                              "6") ";stream add s endpoint a;" ENDPOINT("call", "5001",
	                                                                        "5") ";commit;");
	assert_int_equal(running_count(scene->running), 5);
	channel_close(&peer.channel);
}

static void test_diff(void **state)
{
	struct scene *scene = *state;
	struct sluice_config_line lines[3];
	struct peer peer;

	control_start(scene);
	AWAIT(scene, scene->settled == 0);
	peer_open(scene, &peer);
	file_write(scene, "turn realm y\nturn user add u password p\nturn secret add s\n");
	ask(scene, &peer, "config diff");
	assert_int_equal(peer.last.length, sizeof(lines));
	memcpy(lines, peer.text, sizeof(lines));
	assert_string_equal(lines[0].text, "- turn realm x");
	assert_string_equal(lines[1].text, "+ turn realm y");
	assert_string_equal(lines[2].text, "+ turn secret add ********");
	file_write(scene, "turn\n");
	ask(scene, &peer, "config diff");
	assert_int_equal(peer.last.status, -EINVAL);
	channel_close(&peer.channel);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SCENE(test_reload),       SCENE(test_reload_refused), SCENE(test_reload_makes_way),
	        SCENE(test_reload_media), SCENE(test_diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
