/* SPDX-License-Identifier: BSD-3-Clause */
#include "certificate/file.h"

#include "common/refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

/* The whole of an ordinary file; bytes, or -errno: -EFBIG where it does not fit. */
static ssize_t file_read(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	size_t length = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	while (got > 0 && length < room) {
		got = read(fd, text + length, room - length);
		length += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	if (got < 0)
		return -EIO;
	return got == 0 ? (ssize_t)length : -EFBIG;
}

static int text_add(const char *path, struct sluice_turn_certificate_put *put, uint32_t at,
                    uint32_t *length, char *why)
{
	ssize_t got = file_read(path, put->text + at, sizeof(put->text) - at);

	if (got < 0)
		return refuse(why, (int)got, "%s: %s", path, strerror((int)-got));
	*length = (uint32_t)got;
	return 0;
}

int certificate_read(const struct sluice_turn_certificate *line,
                     struct sluice_turn_certificate_put *put, char *why)
{
	int error;

	memcpy(put->name, line->name, sizeof(put->name));
	error = text_add(line->file, put, 0, &put->certificate_length, why);
	if (error == 0)
		error = text_add(line->key, put, put->certificate_length, &put->key_length, why);
	return error;
}

void file_stamp_take(struct file_stamp *stamp, const char *path)
{
	struct stat status;

	memset(stamp, 0, sizeof(*stamp));
	if (stat(path, &status) != 0)
		return;
	stamp->device = status.st_dev;
	stamp->inode = status.st_ino;
	stamp->size = status.st_size;
	stamp->changed = status.st_mtim;
}

bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}
