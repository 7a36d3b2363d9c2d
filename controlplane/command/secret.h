/* SPDX-License-Identifier: BSD-3-Clause */
/* What a file holds that stands in place of a secret. */
#ifndef COMMAND_SECRET_H
#define COMMAND_SECRET_H

#include <stddef.h>

#include <sys/types.h>

/*
 * As much as there is room for. Of an ordinary file, or of a pipe that a shell has made
 * (`<(pass show turn)`) and that is written within a second: who reads a configuration waits for
 * nobody. No copy stays behind. Bytes, or -errno: -EINVAL: it is neither; -ETIMEDOUT.
 */
ssize_t secret_read(const char *path, char *text, size_t room);

#endif
