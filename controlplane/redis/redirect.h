/* SPDX-License-Identifier: BSD-3-Clause */
/* Redis Cluster: where a key is. */
#ifndef REDIS_REDIRECT_H
#define REDIS_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command/host.h"

#define REDIS_SLOTS 16384

/* Of a key, or of what stands between { and } in it. */
uint16_t redis_slot(const char *key, size_t length);

struct redirect {
	bool ask; /* this once only */
	uint16_t slot;
	struct host host;
};

/* "MOVED 3999 127.0.0.1:6381", "ASK ...", hostile. 0; -ENOENT: it is no redirection; -EINVAL: it
 * leads nowhere. */
int redirect_read(struct redirect *redirect, const char *text, size_t length);

#endif
