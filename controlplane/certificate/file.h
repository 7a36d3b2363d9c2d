/* SPDX-License-Identifier: BSD-3-Clause */
/* A certificate and its key as they lie in files. */
#ifndef CERTIFICATE_FILE_H
#define CERTIFICATE_FILE_H

#include <stdbool.h>
#include <time.h>

#include <sys/types.h>

#include <sluice/turn.h>

/* By what a file is known to be another one than before. */
struct file_stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

/* Both files' text, behind each other, and the name; 0, or -errno with a line in *why
 * (SLUICE_API_ERROR_MAX bytes). */
int certificate_read(const struct sluice_turn_certificate *line,
                     struct sluice_turn_certificate_put *put, char *why);
/* A file that cannot be looked at has a stamp of zeroes. */
void file_stamp_take(struct file_stamp *stamp, const char *path);
bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b);

#endif
