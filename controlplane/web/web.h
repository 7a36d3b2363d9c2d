/* SPDX-License-Identifier: BSD-3-Clause */
/* The page at /: publishes, watches, and draws statistics. Its files are in the program. */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stddef.h>

struct http;

struct web_file {
	const char *path; /* "/page.js" */
	const void *bytes;
	size_t length;
};
/* Ends with a path of NULL. The first one is what / itself answers. */
extern const struct web_file web_files[];

/* 0 or -ENOSPC. */
int web_start(struct http *http);

#endif
