/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "answers/routes.h"
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
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>

/* -- the dataplane -- */

static void fake_note(struct fake *fake, const struct seqpacket_record *record, char *text,
                      size_t room)
{
	const struct request *asked = request_of(record->header.type);
	static uint8_t body[SEQPACKET_BODY_MAX];
	uint32_t length = record->header.length;
	struct command_request request;
	struct command_error error;

	memset(fake->body, 0, sizeof(fake->body));
	memcpy(fake->body, record->body, length < sizeof(fake->body) ? length : sizeof(fake->body));
	fake->length = length;
	/* one of the version before has no more */
	memset(body, 0, sizeof(body));
	memcpy(body, record->body, length);
	if (asked != NULL && length == request_body_size(asked, fake->version))
		length = asked->body_size;
	snprintf(text, room, "%04x", record->header.type);
	if (record->header.type == SLUICE_CONFIG_BEGIN)
		snprintf(text, room, "begin");
	else if (record->header.type == SLUICE_CONFIG_COMMIT)
		snprintf(text, room, "commit");
	else if (command_from_body(record->header.type, body, length, &request, &error) == 0)
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
	static const struct sluice_version version = {.api = 1, .program = "fake", .version = "0"};
	static uint8_t versions[SEQPACKET_BODY_MAX];
	uint32_t row = fake->version == SLUICE_API_VERSION_OLDEST
	                       ? request_row_size(request_of(SLUICE_VERSION), fake->version)
	                       : sizeof(version);
	char text[COMMAND_TEXT_MAX];

	fake_note(fake, record, text, sizeof(text));
	if (fake->mute)
		return;
	header.version = fake->version;
	header.length = 0;
	header.flags = 0;
	if (fake->version == SLUICE_API_VERSION_OLDEST && record->header.version != fake->version) {
		header.status = -EPROTO;
		seqpacket_send(channel->fd, &header, NULL);
		return;
	}
	if (header.type == SLUICE_COUNTER_SHOW) {
		fake_rows(fake, channel, header);
		return;
	}
	if (header.type == SLUICE_VERSION)
		header.length = row * (fake->versions != 0 ? fake->versions : 1);
	if (fake->refuse != NULL && strstr(text, fake->refuse) != NULL) {
		header.status = -ENODEV;
		header.length = strlen("refused\x1b");
		seqpacket_send(channel->fd, &header, "refused\x1b");
		return;
	}
	for (uint32_t at = 0; at < header.length; at += row)
		memcpy(versions + at, &version, row);
	seqpacket_send(channel->fd, &header, versions);
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

void fake_start(struct scene *scene)
{
	struct fake *fake = &scene->fake;
	char why[SLUICE_API_ERROR_MAX];

	fake->scene = scene;
	fake->version = SLUICE_API_VERSION;
	fake->versions = 0;
	fake->asked[0] = '\0';
	fake->n_connections = 0;
	assert_int_equal(seqpacket_listen(&fake->listener, scene->dataplane_path, why), 0);
	fake->acceptable = event_new(scene->base, fake->listener.fd, EV_READ | EV_PERSIST,
	                             fake_acceptable, fake);
	event_add(fake->acceptable, NULL);
}

void fake_stop(struct scene *scene)
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
	peer->bytes += record->header.length;
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

void peer_open(struct scene *scene, struct peer *peer)
{
	int fd = seqpacket_connect_now(scene->control_path);

	memset(peer, 0, sizeof(*peer));
	assert_true(fd >= 0);
	assert_int_equal(channel_open(&peer->channel, scene->base, fd, &peer_handler,
	                              &scene->peer_buffer, peer),
	                 0);
}

void peer_send(struct peer *peer, const char *line)
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

void loop_once(struct scene *scene)
{
	static const struct timeval soon = {.tv_usec = 20000};
	struct event *timer = evtimer_new(scene->base, tick, NULL);

	event_add(timer, &soon);
	event_base_loop(scene->base, EVLOOP_ONCE);
	event_free(timer);
}

void ask(struct scene *scene, struct peer *peer, const char *line)
{
	uint32_t before = peer->replies;

	peer_send(peer, line);
	AWAIT(scene,
	      peer->lost || (peer->replies > before && !(peer->last.flags & SLUICE_API_MORE)));
}

int asked_status(struct scene *scene, const char *line)
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

void configure(struct scene *scene, const char *line, uint32_t number)
{
	struct command_request request;
	struct command_error error;

	assert_int_equal(command_parse(line, &request, &error), 0);
	assert_non_null(running_put(scene->running, &request, number));
}

void control_start(struct scene *scene)
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

int setup(void **state)
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

int teardown(void **state)
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
