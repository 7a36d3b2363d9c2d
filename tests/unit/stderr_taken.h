/* SPDX-License-Identifier: BSD-3-Clause */
/* stderr goes into a file meanwhile. After cmocka.h. */
#ifndef STDERR_TAKEN_H
#define STDERR_TAKEN_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct taken {
	char name[64];
	int kept;
};

static inline void stderr_take(struct taken *taken)
{
	int file;

	snprintf(taken->name, sizeof(taken->name), "/tmp/sluice-log.XXXXXX");
	file = mkstemp(taken->name);
	taken->kept = dup(STDERR_FILENO);
	assert_true(file >= 0 && taken->kept >= 0);
	unsetenv("JOURNAL_STREAM");
	fflush(stderr);
	dup2(file, STDERR_FILENO);
	close(file);
}

static inline FILE *stderr_give(struct taken *taken)
{
	FILE *written;

	dup2(taken->kept, STDERR_FILENO);
	close(taken->kept);
	written = fopen(taken->name, "r");
	unlink(taken->name);
	assert_non_null(written);
	return written;
}

#endif
