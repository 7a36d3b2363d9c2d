/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes of a client through the real server: evhttp, routes, tokens, the commands as JSON, and the
 * control socket's answers behind them. Nothing that is secret comes back to whoever has no token
 * of scope admin, whatever is sent.
 */
#include "fuzz.h"

#include "answers/routes.h"
#include "common/log.h"
#include "../unit/own_now.h"
#include "reload/reload.h"
#include "control/server.h"
#include "dataplane/client.h"
#include "gate/keeper.h"
#include "http/commands.h"
#include "http/server.h"
#include "log/keeper.h"
#include "metrics/metrics.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#define ADMIN     "aDmIn-WoRd"
#define SECRET    "sEcReT-WoRd"
#define NOWHERE   "/nonexistent/sluice"
#define LINES_MAX 64 /* what inputs have configured goes with the scene */
#define RUNS_EACH 256
#define LOOPS     12
#define ANSWER    65536

static struct {
	struct event_base *base;
	struct running *running;
	struct own *own;
	struct gate_keeper *gate;
	struct log_keeper *log;
	struct http *http;
	struct dataplane_client *client;
	struct reload *reload;
	struct server *server;
	struct http_commands *commands;
	struct metrics_collector *metrics;
	struct seqpacket_listener control; /* nobody connects to it */
	int control_far;
	struct seqpacket_record buffer;
	struct sockaddr_un at;
	socklen_t at_length;
	uint32_t runs;
} scene;

static void configure(const char *line)
{
	struct command_request request;
	struct command_error error;
	char why[SLUICE_API_ERROR_MAX];

	CHECK(command_parse(line, &request, &error) == 0);
	if (command_is_control(request.command))
		CHECK(own_now(scene.own, &request, 0, why) == 0);
	else
		CHECK(running_put(scene.running, &request, 0) != NULL);
}

static void on_settled(void *arg)
{
}

/* A name of the kernel's own choice, that no file stands for. */
static void listen_make(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	scene.at = (struct sockaddr_un){.sun_family = AF_UNIX};
	CHECK(fd >= 0);
	CHECK(bind(fd, (struct sockaddr *)&scene.at, sizeof(sa_family_t)) == 0);
	scene.at_length = sizeof(scene.at);
	CHECK(getsockname(fd, (struct sockaddr *)&scene.at, &scene.at_length) == 0);
	CHECK(listen(fd, 16) == 0 && evhttp_accept_socket(scene.http->ev, fd) == 0);
}

static void scene_make(void)
{
	struct dataplane_client_options client = {
	        .path = NOWHERE, .config = NOWHERE, .buffer = &scene.buffer, .settled = on_settled};
	struct reload_options reload = {.config = NOWHERE};
	struct server_options server = {
	        .listener = &scene.control,
	        .route = request_route,
	        .config = NOWHERE,
	        .buffer = &scene.buffer,
	};
	struct asker_options asks = {0};
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) == 0);
	scene.control.fd = pair[0];
	scene.control_far = pair[1];
	scene.base = client.base = reload.base = server.base = asks.base = event_base_new();
	scene.running = client.running = reload.running = server.running = running_create();
	scene.own = reload.own = server.own = own_create(scene.base, scene.running, NOWHERE);
	scene.gate = server.gate = gate_keeper_create(scene.base, scene.own, scene.running);
	scene.log = server.log = log_keeper_create(scene.own);
	scene.http = server.http = http_create(scene.base, scene.own);
	scene.client = reload.client = server.client = dataplane_client_create(&client);
	scene.reload = server.reload = reload_create(&reload);
	scene.server = asks.server = server_create(&server);
	CHECK(scene.server != NULL && scene.gate != NULL && scene.log != NULL);
	scene.commands = http_commands_create(scene.http, &asks);
	scene.metrics = metrics_collector_create(scene.http, &asks);
	listen_make();
	configure("turn secret add " SECRET);
	configure("turn user add demo password " SECRET);
	configure("http token add " ADMIN " scope admin");
	configure("http token add read scope read");
	configure("http token add watch scope watch stream s");
}

static void scene_end(void)
{
	http_destroy(scene.http);
	http_commands_destroy(scene.commands);
	metrics_collector_destroy(scene.metrics);
	server_destroy(scene.server);
	dataplane_client_destroy(scene.client);
	reload_destroy(scene.reload);
	gate_keeper_destroy(scene.gate);
	log_keeper_destroy(scene.log);
	own_destroy(scene.own);
	running_destroy(scene.running);
	event_base_free(scene.base);
	close(scene.control.fd);
	close(scene.control_far);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sluice_log_table quiet = {0};

	for (int area = 0; area < SLUICE_LOG_AREAS; area++)
		quiet.levels[area] = SLUICE_LOG_ERROR;
	CHECK(log_levels_set(&quiet));
	return 0;
}

static void loop(int count)
{
	for (int i = 0; i < count; i++)
		event_base_loop(scene.base, EVLOOP_NONBLOCK);
}

static bool holds(const void *bytes, size_t length, const char *word)
{
	return memmem(bytes, length, word, strlen(word)) != NULL;
}

/* Returns how many bytes came; false in *open: the server has closed. */
static size_t answer_take(int fd, char *answer, size_t length, bool *open)
{
	ssize_t got;

	while (length < ANSWER && (got = recv(fd, answer + length, ANSWER - length, 0)) > 0)
		length += got;
	*open = length == ANSWER || (got < 0 && errno == EAGAIN);
	return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char answer[ANSWER];
	size_t length = 0;
	bool open = true;
	int fd;

	if (size == 0)
		return 0;
	if (scene.base == NULL)
		scene_make();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&scene.at, scene.at_length) == 0);
	/* The first byte says in what pieces the rest comes in. */
	for (size_t at = 1, step = data[0] * 4 + 1; at < size && open; at += step) {
		(void)!send(fd, data + at, size - at < step ? size - at : step, MSG_NOSIGNAL);
		loop(2);
		length = answer_take(fd, answer, length, &open);
	}
	loop(LOOPS);
	length = answer_take(fd, answer, length, &open);
	close(fd);
	loop(4);
	CHECK(length == 0 || memcmp(answer, "HTTP/", length < 5 ? length : 5) == 0);
	if (!holds(data, size, ADMIN) && !holds(data, size, SECRET))
		CHECK(!holds(answer, length, SECRET));
	/* with what was begun and not answered */
	if (running_count(scene.running) > LINES_MAX || ++scene.runs % RUNS_EACH == 0) {
		scene_end();
		scene.base = NULL;
	}
	return 0;
}
