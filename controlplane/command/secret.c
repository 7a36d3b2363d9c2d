/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/secret.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include <sys/stat.h>

#define PIPE_MS 1000

/* Until there is something to read, or its writer has gone. */
static int pipe_await(int fd, uint64_t end)
{
	struct pollfd source = {.fd = fd, .events = POLLIN};
	uint64_t now = clock_ms(CLOCK_MONOTONIC);

	return now < end && poll(&source, 1, (int)(end - now)) > 0 ? 0 : -ETIMEDOUT;
}

static ssize_t whole_read(int fd, bool pipe, char *text, size_t room)
{
	uint64_t end = clock_ms(CLOCK_MONOTONIC) + PIPE_MS;
	size_t length = 0;
	ssize_t got;

	while (length < room) {
		if (pipe && pipe_await(fd, end) < 0)
			return -ETIMEDOUT;
		got = read(fd, text + length, room - length);
		if (got == 0)
			break;
		if (got > 0)
			length += (size_t)got;
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return (ssize_t)length;
}

ssize_t secret_read(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	ssize_t length;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)))
		length = -EINVAL;
	else
		length = whole_read(fd, S_ISFIFO(status.st_mode), text, room);
	close(fd);
	return length;
}
