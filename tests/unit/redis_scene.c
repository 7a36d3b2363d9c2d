/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "redis_scene.h"

#include "common/clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define SERVERS_MAX 8
#define FOLDER      "redis-test-XXXXXX"

struct scene scene;
static pid_t servers[SERVERS_MAX]; /* 0: none */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
}

/* Runs the loop until *done. */
bool scene_wait(const bool *done, uint32_t ms)
{
	const struct timeval tick = {0, 5000};
	struct event *timer = event_new(scene.base, -1, EV_PERSIST, on_tick, NULL);
	uint64_t end = clock_ms(CLOCK_MONOTONIC) + ms;

	event_add(timer, &tick);
	while (!*done && clock_ms(CLOCK_MONOTONIC) < end)
		event_base_loop(scene.base, EVLOOP_ONCE);
	event_free(timer);
	return *done;
}

struct sluice_addr scene_loopback(uint16_t port)
{
	return (struct sluice_addr){.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = htons(port)};
}

/* -- what the client tells -- */

static void on_up(void *arg)
{
	struct seen *seen = arg;

	seen->up = true;
	seen->ups++;
}

static void on_down(void *arg, const char *why)
{
	struct seen *seen = arg;

	seen->down = true;
	seen->downs++;
	snprintf(seen->why, sizeof(seen->why), "%s", why);
}

static void on_message(void *arg, const char *channel, const char *text, size_t length)
{
	struct seen *seen = arg;

	seen->message = true;
	snprintf(seen->text, sizeof(seen->text), "%s %.*s", channel, (int)length, text);
}

void on_reply(void *arg, const redisReply *reply)
{
	struct seen *seen = arg;

	seen->done = true;
	seen->count++;
	seen->status = reply != NULL ? reply->type : -1;
	if (reply != NULL && reply->str != NULL)
		snprintf(seen->text, sizeof(seen->text), "%s", reply->str);
}

void on_get(void *arg, int status, const char *bytes, size_t length)
{
	struct seen *seen = arg;

	seen->done = true;
	seen->status = status;
	snprintf(seen->text, sizeof(seen->text), "%.*s", (int)length, bytes != NULL ? bytes : "");
}

void on_members(void *arg, int status, const struct redis_member *members, uint32_t count)
{
	struct seen *seen = arg;

	seen->done = true;
	seen->status = status;
	seen->count = count;
}

struct redis_options scene_options(uint16_t port, struct seen *seen)
{
	struct redis_options options = {
	        .base = scene.base,
	        .region = {.name = "a", .redis = scene_loopback(port)},
	        .up = on_up,
	        .down = on_down,
	        .message = on_message,
	        .arg = seen,
	};

	return options;
}

/* -- servers -- */

bool redis_server_is_installed(void)
{
	return system("command -v redis-server >/dev/null 2>&1") == 0;
}

static void server_note(pid_t old, pid_t pid)
{
	for (int i = 0; i < SERVERS_MAX; i++) {
		if (servers[i] != old)
			continue;
		servers[i] = pid;
		return;
	}
	fail_msg("too many servers");
}

pid_t scene_start(uint16_t port, const char *const *words)
{
	const char *argv[32] = {"redis-server"};
	char text[8], file[32];
	pid_t pid = fork();
	int n = 1;

	assert_true(pid >= 0);
	if (pid != 0) {
		server_note(0, pid);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
	snprintf(text, sizeof(text), "%u", port);
	snprintf(file, sizeof(file), "nodes-%u.conf", port);
	for (; *words != NULL && n < 24; words++)
		argv[n++] = strcmp(*words, "FILE") == 0 ? file : *words;
	if (port != 0)
		argv[n++] = "--port";
	if (port != 0)
		argv[n++] = text;
	argv[n++] = "--dir";
	argv[n] = scene.folder;
	if (freopen("/dev/null", "w", stdout) == NULL)
		_exit(127);
	execvp(argv[0], (char **)(uintptr_t)argv);
	_exit(127);
}

void scene_kill(pid_t pid)
{
	server_note(pid, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void scene_shell(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (system(line) != 0)
		fail_msg("failed: %s", line);
}

void scene_wait_why(struct redis *redis, const char *part)
{
	bool never = false;

	for (int i = 0; i < PATIENCE_MS / 50 && strstr(redis_why(redis), part) == NULL; i++)
		scene_wait(&never, 50);
	if (strstr(redis_why(redis), part) == NULL)
		fail_msg("expected \"%s\", and it says \"%s\"", part, redis_why(redis));
}

int scene_begin(void **state)
{
	memcpy(scene.folder, FOLDER, sizeof(FOLDER));
	assert_non_null(mkdtemp(scene.folder));
	scene.base = event_base_new();
	return 0;
}

int scene_end(void **state)
{
	for (int i = 0; i < SERVERS_MAX; i++)
		if (servers[i] != 0)
			scene_kill(servers[i]);
	scene_shell("rm -r %s", scene.folder);
	event_base_free(scene.base);
	return 0;
}
