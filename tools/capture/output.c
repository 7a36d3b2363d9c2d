/* SPDX-License-Identifier: BSD-3-Clause */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* The file that a name leads to, over links. */
static const char *target_of(const char *name, char path[PATH_MAX])
{
	return realpath(name, path) != NULL ? path : name;
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

/* A pipe, a device, somebody's descriptor: no other file can take its place. */
static bool is_special(const char *name)
{
	struct stat status;

	return strncmp(name, "/dev/", 5) == 0 || strncmp(name, "/proc/", 6) == 0 ||
	       (stat(name, &status) == 0 && !S_ISREG(status.st_mode));
}

/* Under a name of its own until output_begun, for its owner alone: what people said to each
 * other. */
static int file_open(struct output *output, const char *name)
{
	char target[PATH_MAX];
	int fd;

	if (access(name, F_OK) == 0 && access(name, W_OK) != 0)
		return -errno;
	if (snprintf(output->ahead, PATH_MAX, "%s.XXXXXX", target_of(name, target)) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = mkostemp(output->ahead, O_CLOEXEC);
	if (fd >= 0)
		return fd;
	output->ahead[0] = '\0';
	return -errno;
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
	if (is_special(*path)) {
		fd = open(*path, O_WRONLY | O_TRUNC | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
	} else {
		fd = file_open(output, *path);
	}
	if (fd >= 0)
		output->opened++;
	return fd;
}

static int file_name(struct output *output, const char **path)
{
	static char name[PATH_MAX];
	char target[PATH_MAX];

	*path = numbered(output, output->opened, name);
	if (rename(output->ahead, target_of(*path, target)) != 0)
		return -errno;
	output->ahead[0] = '\0';
	return 0;
}

int output_begun(struct output *output, uint32_t begun, const char **path)
{
	char name[PATH_MAX];
	int error = 0;

	if (output->ahead[0] != '\0' && begun >= output->opened)
		error = file_name(output, path);
	if (!output->many || output->keep == 0)
		return error;
	for (; output->trimmed + output->keep < begun; output->trimmed++)
		unlink(numbered(output, output->trimmed + 1, name));
	return error;
}

void output_end(struct output *output)
{
	struct stat status;
	const char *path;

	if (output->ahead[0] == '\0')
		return;
	if (stat(output->ahead, &status) == 0 && status.st_size > 0)
		output_begun(output, output->opened, &path);
	else
		unlink(output->ahead);
}
