/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemons' sockets: records arrive whole, and one process listens at a path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/seqpacket.h"

static char folder[] = "/tmp/sluice-api-XXXXXX";
static char path[64];
static struct seqpacket_record record;

static int folder_make(void **state)
{
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/test.sock", folder);
	return 0;
}

/* A listener that was closed leaves nothing there. */
static int folder_remove(void **state)
{
	return rmdir(folder);
}

static void record_round_trip(void **state)
{
	struct seqpacket_listener listener;
	struct sluice_api_header header = {.version = SLUICE_API_VERSION, .id = 5, .length = 3};
	char why[SLUICE_API_ERROR_MAX];
	struct stat status;
	int client, server;

	assert_int_equal(seqpacket_listen(&listener, path, why), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	assert_int_equal(seqpacket_accept(&listener), -EAGAIN);
	client = seqpacket_connect(path);
	assert_true(client >= 0);
	server = seqpacket_accept(&listener);
	assert_true(server >= 0);
	assert_int_equal(seqpacket_receive(server, &record), -EAGAIN);
	assert_int_equal(seqpacket_send(client, &header, "abc"), 0);
	header.length = 0;
	assert_int_equal(seqpacket_send(client, &header, NULL), 0);
	assert_int_equal(seqpacket_receive(server, &record), sizeof(header) + 3);
	assert_int_equal(record.header.id, 5);
	assert_memory_equal(record.body, "abc", 3);
	assert_int_equal(seqpacket_receive(server, &record), sizeof(header));
	close(client);
	assert_int_equal(seqpacket_receive(server, &record), 0);
	close(server);
	seqpacket_listener_close(&listener);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(seqpacket_connect(path), -ENOENT);
}

static void record_bounds(void **state)
{
	struct sluice_api_header header = {.version = SLUICE_API_VERSION};
	int fds[2];
	char *much = calloc(1, SLUICE_API_MESSAGE_MAX + 1);

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	header.length = sizeof(record.body) + 1;
	assert_int_equal(seqpacket_send(fds[0], &header, much), -EMSGSIZE);
	header.length--;
	assert_int_equal(seqpacket_send(fds[0], &header, much), 0);
	assert_int_equal(seqpacket_receive(fds[1], &record), SLUICE_API_MESSAGE_MAX);
	assert_int_equal(send(fds[0], much, SLUICE_API_MESSAGE_MAX + 1, 0),
	                 SLUICE_API_MESSAGE_MAX + 1);
	assert_int_equal(seqpacket_receive(fds[1], &record), -EMSGSIZE);
	close(fds[1]);
	assert_int_equal(seqpacket_send(fds[0], &header, much), -EPIPE);
	close(fds[0]);
	free(much);
}

static void second_instance_refused(void **state)
{
	struct seqpacket_listener first, second;
	char why[SLUICE_API_ERROR_MAX] = "";
	int client;

	assert_int_equal(seqpacket_listen(&first, path, why), 0);
	assert_int_equal(seqpacket_listen(&second, path, why), -EADDRINUSE);
	assert_non_null(strstr(why, path));
	assert_non_null(strstr(why, "another process listens there"));
	client = seqpacket_connect(path);
	assert_true(client >= 0);
	close(client);
	seqpacket_listener_close(&first);
}

static void stale_socket_taken_over(void **state)
{
	struct seqpacket_listener listener;
	char why[SLUICE_API_ERROR_MAX];
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(seqpacket_listen(&listener, path, why) != 0); /* and dies without closing */
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(seqpacket_connect(path), -ECONNREFUSED);
	assert_int_equal(seqpacket_listen(&listener, path, why), 0);
	seqpacket_listener_close(&listener);
}

static void path_that_cannot_be(void **state)
{
	struct seqpacket_listener listener;
	char why[SLUICE_API_ERROR_MAX], long_path[200] = "/tmp/";
	FILE *file;

	memset(long_path + 5, 'x', sizeof(long_path) - 6);
	assert_int_equal(seqpacket_listen(&listener, long_path, why), -ENAMETOOLONG);
	assert_int_equal(seqpacket_listen(&listener, "", why), -ENAMETOOLONG);
	assert_int_equal(seqpacket_listen(&listener, "/nowhere/at/all", why), -ENOENT);
	/* a file is not mistaken for a socket that somebody left */
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(seqpacket_listen(&listener, path, why), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

/* One descriptor comes with a record, a second one is nobody's; who does not ask gets none. */
static void descriptors_pass(void **state)
{
	struct sluice_api_header header = {.version = SLUICE_API_VERSION};
	union {
		struct cmsghdr header;
		unsigned char bytes[CMSG_SPACE(2 * sizeof(int))];
	} two = {.header = {CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec part = {&header, sizeof(header)};
	struct msghdr message = {.msg_iov = &part,
	                         .msg_iovlen = 1,
	                         .msg_control = two.bytes,
	                         .msg_controllen = CMSG_LEN(2 * sizeof(int))};
	int ends[2], pipes[2], passed, lowest;
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(seqpacket_send_fd(ends[0], &header, NULL, pipes[1]), 0);
	assert_int_equal(seqpacket_receive_fd(ends[1], &record, &passed), sizeof(header));
	assert_true(passed >= 0 && passed != pipes[1]);
	assert_int_equal(write(passed, "x", 1), 1);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(passed);

	assert_int_equal(seqpacket_send(ends[0], &header, NULL), 0);
	assert_int_equal(seqpacket_receive_fd(ends[1], &record, &passed), sizeof(header));
	assert_int_equal(passed, -1);

	lowest = dup(0); /* what is left open later would be here */
	close(lowest);
	memcpy(CMSG_DATA(&two.header), pipes, sizeof(pipes));
	assert_int_equal(sendmsg(ends[0], &message, 0), sizeof(header));
	assert_int_equal(seqpacket_receive_fd(ends[1], &record, &passed), sizeof(header));
	assert_int_equal(passed, lowest);
	close(passed);
	assert_int_equal(sendmsg(ends[0], &message, 0), sizeof(header));
	assert_int_equal(seqpacket_receive(ends[1], &record), sizeof(header));
	passed = dup(0);
	assert_int_equal(passed, lowest);
	close(passed);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(pipes[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(descriptors_pass),
	        cmocka_unit_test(record_round_trip),
	        cmocka_unit_test(record_bounds),
	        cmocka_unit_test(second_instance_refused),
	        cmocka_unit_test(stale_socket_taken_over),
	        cmocka_unit_test(path_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
