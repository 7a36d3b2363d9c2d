/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control plane between a client and a dataplane, both played by the test: replay, changes,
 * what happens when either is away, slow, refuses or lies. Everything runs in one event loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "answers/routes.h"
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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#define PATIENCE_S      5
#define CONNECTIONS_MAX 64
#define FAKE_ROWS       190 /* of a reply */

struct scene;

/* A dataplane as the control plane sees one. */
struct fake {
	struct scene *scene;
	struct seqpacket_listener listener;
	struct event *acceptable;
	struct channel connections[CONNECTIONS_MAX];
	uint32_t n_connections;
	char asked[16384];  /* what came, each followed by ";" */
	const char *refuse; /* lines that hold this are refused */
	bool mute;          /* nothing is answered */
	uint32_t lost;      /* connections that the other end closed */
	uint16_t version;
	uint32_t rows;   /* of an answer to `counter show`, one row a reply */
	uint32_t vanish; /* closes a connection after so many rows; 0: never */
};

/* A client of the control socket. */
struct peer {
	struct channel channel;
	bool lost;
	uint32_t replies, rows;
	struct sluice_api_header last;
	char text[4096]; /* of the last reply's body */
};

struct scene {
	struct event_base *base;
	char folder[32], dataplane_path[64], control_path[64], config_path[64];
	struct seqpacket_record buffer; /* the control plane's */
	struct seqpacket_record fake_buffer, peer_buffer;
	struct running *running;
	struct seqpacket_listener listener;
	struct dataplane_client *client;
	struct own *own;
	struct reload *reload;
	struct server *server;
	struct fake fake;
	int settled; /* 1: not yet */
};

/* -- the dataplane -- */

static void fake_note(struct fake *fake, const struct seqpacket_record *record, char *text,
                      size_t room)
{
	struct command_request request;
	struct command_error error;

	snprintf(text, room, "%04x", record->header.type);
	if (record->header.type == SLUICE_CONFIG_BEGIN)
		snprintf(text, room, "begin");
	else if (record->header.type == SLUICE_CONFIG_COMMIT)
		snprintf(text, room, "commit");
	else if (command_from_body(record->header.type, record->body, record->header.length,
	                           &request, &error) == 0)
		command_format(&request, true, text, room);
	if (strlen(fake->asked) + strlen(text) + 2 < sizeof(fake->asked)) {
		strcat(fake->asked, text);
		strcat(fake->asked, ";");
	}
}

static void fake_rows(struct fake *fake, struct channel *channel, struct sluice_api_header header)
{
	static const struct sluice_counter_row rows[FAKE_ROWS];
	uint32_t sent;

	/* A real one would wait for room; the test makes its buffers large instead. */
	for (sent = 0; sent < fake->rows; sent++) {
		if (fake->vanish != 0 && sent == fake->vanish) {
			channel_close(channel);
			return;
		}
		header.length = sizeof(rows);
		header.flags = sent + 1 < fake->rows ? SLUICE_API_MORE : 0;
		if (seqpacket_send(channel->fd, &header, rows) < 0)
			break;
	}
	assert_int_equal(sent, fake->rows);
}

static void fake_received(struct channel *channel, struct seqpacket_record *record)
{
	struct fake *fake = channel->owner;
	struct sluice_api_header header = record->header;
	struct sluice_version version = {.api = 1, .program = "fake", .version = "0"};
	char text[COMMAND_TEXT_MAX];

	fake_note(fake, record, text, sizeof(text));
	if (fake->mute)
		return;
	header.version = fake->version;
	header.length = 0;
	header.flags = 0;
	if (header.type == SLUICE_COUNTER_SHOW) {
		fake_rows(fake, channel, header);
		return;
	}
	if (header.type == SLUICE_VERSION)
		header.length = sizeof(version);
	if (fake->refuse != NULL && strstr(text, fake->refuse) != NULL) {
		header.status = -ENODEV;
		header.length = strlen("refused\x1b");
		seqpacket_send(channel->fd, &header, "refused\x1b");
		return;
	}
	seqpacket_send(channel->fd, &header, &version);
}

static void fake_writable(struct channel *channel)
{
}

static void fake_lost(struct channel *channel, int error)
{
	struct fake *fake = channel->owner;

	fake->lost++;
	channel_close(channel);
}

static const struct channel_handler fake_handler = {fake_received, fake_writable, fake_lost};

static void fake_acceptable(evutil_socket_t listener, short what, void *arg)
{
	struct fake *fake = arg;
	int fd = seqpacket_accept(&fake->listener);
	int room = 64 << 20;

	assert_true(fd >= 0 && fake->n_connections < CONNECTIONS_MAX);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	channel_open(&fake->connections[fake->n_connections++], fake->scene->base, fd,
	             &fake_handler, &fake->scene->fake_buffer, fake);
}

static void fake_start(struct scene *scene)
{
	struct fake *fake = &scene->fake;
	char why[SLUICE_API_ERROR_MAX];

	fake->scene = scene;
	fake->version = SLUICE_API_VERSION;
	fake->asked[0] = '\0';
	fake->n_connections = 0;
	assert_int_equal(seqpacket_listen(&fake->listener, scene->dataplane_path, why), 0);
	fake->acceptable = event_new(scene->base, fake->listener.fd, EV_READ | EV_PERSIST,
	                             fake_acceptable, fake);
	event_add(fake->acceptable, NULL);
}

static void fake_stop(struct scene *scene)
{
	struct fake *fake = &scene->fake;

	if (fake->acceptable == NULL)
		return;
	event_free(fake->acceptable);
	fake->acceptable = NULL;
	for (uint32_t i = 0; i < fake->n_connections; i++)
		channel_close(&fake->connections[i]);
	seqpacket_listener_close(&fake->listener);
}

/* -- the client -- */

static void peer_received(struct channel *channel, struct seqpacket_record *record)
{
	struct peer *peer = channel->owner;
	size_t length = record->header.length < sizeof(peer->text) - 1 ? record->header.length
	                                                               : sizeof(peer->text) - 1;

	peer->replies++;
	peer->last = record->header;
	memcpy(peer->text, record->body, length);
	peer->text[length] = '\0';
	if (record->header.type == SLUICE_COUNTER_SHOW)
		peer->rows += record->header.length / sizeof(struct sluice_counter_row);
}

static void peer_lost(struct channel *channel, int error)
{
	struct peer *peer = channel->owner;

	peer->lost = true;
	channel_close(channel);
}

static const struct channel_handler peer_handler = {peer_received, fake_writable, peer_lost};

static void peer_open(struct scene *scene, struct peer *peer)
{
	int fd = seqpacket_connect_now(scene->control_path);

	memset(peer, 0, sizeof(*peer));
	assert_true(fd >= 0);
	assert_int_equal(channel_open(&peer->channel, scene->base, fd, &peer_handler,
	                              &scene->peer_buffer, peer),
	                 0);
}

static void peer_send(struct peer *peer, const char *line)
{
	struct command_request request;
	struct command_error error;
	struct sluice_api_header header = {.version = SLUICE_API_VERSION, .id = peer->last.id + 1};

	assert_int_equal(command_parse(line, &request, &error), 0);
	header.type = request.command->type;
	header.length = request.length;
	header.flags = command_asks(request.command)->exist_ok ? SLUICE_API_EXIST_OK : 0;
	assert_int_equal(channel_send(&peer->channel, &header, request.body.bytes), 0);
}

/* -- the loop -- */

static void tick(evutil_socket_t fd, short what, void *arg)
{
}

/* Runs the loop until the condition holds. */
#define AWAIT(scene, condition)                                                                    \
	do {                                                                                       \
		time_t end = time(NULL) + PATIENCE_S;                                              \
		while (!(condition)) {                                                             \
			if (time(NULL) > end)                                                      \
				fail_msg("not in time: %s (asked: %s)", #condition,                \
				         (scene)->fake.asked);                                     \
			loop_once(scene);                                                          \
		}                                                                                  \
	} while (0)

static void loop_once(struct scene *scene)
{
	static const struct timeval soon = {.tv_usec = 20000};
	struct event *timer = evtimer_new(scene->base, tick, NULL);

	event_add(timer, &soon);
	event_base_loop(scene->base, EVLOOP_ONCE);
	event_free(timer);
}

static void ask(struct scene *scene, struct peer *peer, const char *line)
{
	uint32_t before = peer->replies;

	peer_send(peer, line);
	AWAIT(scene,
	      peer->lost || (peer->replies > before && !(peer->last.flags & SLUICE_API_MORE)));
}

/* One request of a client of its own. Returns the status. */
static int asked_status(struct scene *scene, const char *line)
{
	struct peer peer;

	peer_open(scene, &peer);
	ask(scene, &peer, line);
	channel_close(&peer.channel);
	assert_false(peer.lost);
	return peer.last.status;
}

/* -- scenes -- */

static void on_settled(void *arg)
{
	struct scene *scene = arg;

	assert_int_equal(scene->settled, 1);
	scene->settled = 0;
}

static void configure(struct scene *scene, const char *line, uint32_t number)
{
	struct command_request request;
	struct command_error error;

	assert_int_equal(command_parse(line, &request, &error), 0);
	assert_non_null(running_put(scene->running, &request, number));
}

static void control_start(struct scene *scene)
{
	struct dataplane_client_options client = {
	        .base = scene->base,
	        .path = scene->dataplane_path,
	        .config = "sluice.conf",
	        .running = scene->running,
	        .buffer = &scene->buffer,
	        .settled = on_settled,
	        .arg = scene,
	};
	struct server_options server = {
	        .base = scene->base,
	        .listener = &scene->listener,
	        .route = request_route,
	        .config = scene->config_path,
	        .running = scene->running,
	        .buffer = &scene->buffer,
	};

	scene->own = own_create(scene->base, scene->running, scene->config_path);
	scene->client = dataplane_client_create(&client);
	scene->reload = reload_create(&(struct reload_options){
	        .base = scene->base,
	        .running = scene->running,
	        .own = scene->own,
	        .client = scene->client,
	        .config = scene->config_path,
	});
	server.client = scene->client;
	server.reload = scene->reload;
	scene->server = server_create(&server);
	assert_non_null(scene->server);
}

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	char why[SLUICE_API_ERROR_MAX];

	strcpy(scene->folder, "/tmp/sluice-replay-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	snprintf(scene->dataplane_path, sizeof(scene->dataplane_path), "%s/dp", scene->folder);
	snprintf(scene->control_path, sizeof(scene->control_path), "%s/cp", scene->folder);
	snprintf(scene->config_path, sizeof(scene->config_path), "%s/conf", scene->folder);
	scene->base = event_base_new();
	scene->running = running_create();
	scene->settled = 1;
	assert_int_equal(seqpacket_listen(&scene->listener, scene->control_path, why), 0);
	configure(scene, "turn realm x", 1);
	configure(scene, "turn user add u password p", 2);
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;
	char command[128];

	server_destroy(scene->server);
	dataplane_client_destroy(scene->client);
	reload_destroy(scene->reload);
	own_destroy(scene->own);
	fake_stop(scene);
	seqpacket_listener_close(&scene->listener);
	running_destroy(scene->running);
	event_base_free(scene->base);
	snprintf(command, sizeof(command), "rm -rf %s", scene->folder);
	assert_int_equal(system(command), 0);
	free(scene);
	return 0;
}

#define REPLAY "version;begin;turn realm x;turn user add u password p;commit;"

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

/* -- the file is read again -- */

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
	        strstr(peer.text, "conf:2: turn ^reelm: did you mean `realm`? expected: listen"));
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
	scene->fake.version = 9;
	control_start(scene);
	AWAIT(scene, strstr(scene->fake.asked, "version;version;") != NULL);
	assert_int_equal(asked_status(scene, "turn show"), -EPROTO);
	assert_int_equal(scene->settled, 0);
}

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
	        SCENE(test_replay),
	        SCENE(test_replay_many),
	        SCENE(test_dataplane_comes_late),
	        SCENE(test_first_replay_refused),
	        SCENE(test_later_replay_refused),
	        SCENE(test_changes),
	        SCENE(test_reload),
	        SCENE(test_reload_refused),
	        SCENE(test_reload_makes_way),
	        SCENE(test_reload_media),
	        SCENE(test_diff),
	        SCENE(test_delete_of_refused),
	        SCENE(test_change_without_answer),
	        SCENE(test_version),
	        SCENE(test_dataplane_of_another_version),
	        SCENE(test_hostile_requests),
	        SCENE(test_slow_client),
	        SCENE(test_client_leaves),
	        SCENE(test_slow_config_show),
	        SCENE(test_answer_cut),
	        SCENE(test_many_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
