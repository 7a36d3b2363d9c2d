/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/notify.h"

#include "common/descriptor.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BARRIER_MS 5000

/* The length, 0: nobody asked for it, or -errno. */
static int address_read(struct sockaddr_un *address)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (path == NULL)
		return 0;
	length = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address->sun_path))
		return -EINVAL;
	memcpy(address->sun_path, path, length);
	if (path[0] == '@') /* abstract */
		address->sun_path[0] = '\0';
	return (int)(offsetof(struct sockaddr_un, sun_path) + length);
}

/* passed: a descriptor that goes with it; -1: none. */
static int state_send(const char *state, int passed)
{
	union descriptor_room room;
	struct sockaddr_un address;
	struct iovec text = {(void *)(uintptr_t)state, strlen(state)};
	struct msghdr message = {.msg_name = &address, .msg_iov = &text, .msg_iovlen = 1};
	int length = address_read(&address), fd, error;

	if (length <= 0)
		return length;
	message.msg_namelen = (socklen_t)length;
	descriptor_put(&message, &room, passed);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	error = sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
	close(fd);
	return error;
}

int notify_send(const char *state)
{
	return state_send(state, -1);
}

/* It closes its end of the pipe when it comes to this message. */
int notify_barrier(void)
{
	struct pollfd end = {.events = POLLHUP};
	int ends[2], error;

	if (getenv("NOTIFY_SOCKET") == NULL)
		return 0;
	if (pipe(ends) != 0)
		return -errno;
	error = state_send("BARRIER=1", ends[1]);
	close(ends[1]);
	end.fd = ends[0];
	if (error == 0 && poll(&end, 1, BARRIER_MS) != 1)
		error = -ETIMEDOUT;
	close(ends[0]);
	return error;
}
