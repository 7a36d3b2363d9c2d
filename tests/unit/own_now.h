/* SPDX-License-Identifier: BSD-3-Clause */
/* A change of the control plane's own configuration whose part obeys at once. */
#ifndef TESTS_OWN_NOW_H
#define TESTS_OWN_NOW_H

#include "config/own.h"

#include <errno.h>
#include <stdio.h>

struct own_now {
	int status;
	char why[SLUICE_API_ERROR_MAX];
};

static void own_now_done(void *arg, int status, const char *why)
{
	struct own_now *now = arg;

	now->status = status;
	snprintf(now->why, sizeof(now->why), "%s", why);
}

/* The status; why: SLUICE_API_ERROR_MAX bytes. */
static int own_now(struct own *own, const struct command_request *request, uint32_t flags,
                   char *why)
{
	struct own_now now = {.status = -EINPROGRESS};

	own_change(own, request, flags, own_now_done, &now);
	snprintf(why, SLUICE_API_ERROR_MAX, "%s", now.why);
	return now.status;
}

#endif
