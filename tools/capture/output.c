/* SPDX-License-Identifier: BSD-3-Clause */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0600 /* what people said to each other */

/* "calls.pcapng" is calls-00001.pcapng. */
static const char *numbered(const struct output *output, uint32_t number, char path[PATH_MAX])
{
	const char *slash = strrchr(output->path, '/');
	const char *dot = strrchr(output->path, '.');

	if (!output->many)
		return output->path;
	if (dot == NULL || (slash != NULL && dot < slash))
		dot = output->path + strlen(output->path);
	snprintf(path, PATH_MAX, "%.*s-%05u%s", (int)(dot - output->path), output->path, number,
	         dot);
	return path;
}

/*
 * Of a pipe the dataplane gets an end of its own that does not block: whether ours does is shared
 * with whoever gave it to us.
 */
static int stdout_open(void)
{
	struct stat status;

	if (isatty(STDOUT_FILENO))
		return -ENOTTY;
	if (fstat(STDOUT_FILENO, &status) != 0)
		return -errno;
	if (S_ISFIFO(status.st_mode))
		return open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
}

int output_open(struct output *output, const char **path)
{
	static char name[PATH_MAX];
	int fd;

	*path = "stdout";
	if (output->path == NULL) {
		fd = stdout_open();
		return fd == -1 ? -errno : fd;
	}
	*path = numbered(output, output->opened + 1, name);
	fd = open(*path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return -errno;
	output->opened++;
	return fd;
}

void output_trim(const struct output *output, uint32_t begun)
{
	char path[PATH_MAX];

	if (output->many && output->keep != 0 && begun > output->keep)
		unlink(numbered(output, begun - output->keep, path));
}

void output_end(const struct output *output, uint32_t begun)
{
	char path[PATH_MAX];

	if (output->many && output->opened > begun)
		unlink(numbered(output, output->opened, path));
}
