/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "port_find.h"
#include "redis_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hiredis/hiredis.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static pid_t server_pid;
static uint16_t server_port;
static redisContext *server;
static char said[1024];

bool redis_is_installed(void)
{
	return system("command -v redis-server >/dev/null 2>&1") == 0;
}

static void server_open(void)
{
	for (int i = 0; i < 1000; i++) {
		server = redisConnect("127.0.0.1", server_port);
		if (server != NULL && server->err == 0)
			return;
		if (server != NULL)
			redisFree(server);
		usleep(20000);
	}
	fail_msg("redis-server does not come up");
}

uint16_t redis_start(void)
{
	char port[8];

	if (server_port == 0)
		server_port = port_find();
	snprintf(port, sizeof(port), "%u", server_port);
	fflush(NULL);
	server_pid = fork();
	assert_true(server_pid >= 0);
	if (server_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		if (freopen("/dev/null", "w", stdout) == NULL)
			_exit(127);
		execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1",
		       "--save", "", "--appendonly", "no", "--dir", "/tmp", NULL);
		_exit(127);
	}
	server_open();
	return server_port;
}

void redis_kill(void)
{
	redisFree(server);
	server = NULL;
	kill(server_pid, SIGKILL);
	waitpid(server_pid, NULL, 0);
}

const char *redis_run(int db, const char *format, ...)
{
	redisReply *reply;
	va_list args;
	char line[1024];

	reply = redisCommand(server, "SELECT %d", db);
	freeReplyObject(reply);
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	reply = redisCommand(server, line);
	assert_non_null(reply);
	snprintf(said, sizeof(said), "%s", reply->str != NULL ? reply->str : "");
	freeReplyObject(reply);
	return said;
}
