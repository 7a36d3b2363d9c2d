/* SPDX-License-Identifier: BSD-3-Clause */
/* A link's settings in a file: a line for each direction, "up RATE DELAY QUEUE LOSS JITTER". */
#ifndef LINK_SETTINGS_H
#define LINK_SETTINGS_H

#include "way.h"

#include <stddef.h>

enum link_way {
	LINK_UP,   /* from the client */
	LINK_DOWN, /* to the client */
	LINK_WAYS,
};

extern const char *const link_way_names[LINK_WAYS];

/* 0, or -1 with a line in `why`; then `settings` are what they were. */
int settings_read(const char *path, struct way_settings settings[LINK_WAYS], char *why,
                  size_t size);

#endif
