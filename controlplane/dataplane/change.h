/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of the configuration: the dataplane judges, then the running configuration follows. */
#ifndef DATAPLANE_CHANGE_H
#define DATAPLANE_CHANGE_H

#include "config/running.h"

/* Beside enum sluice_api_flag, in a request of the control plane to itself that adds an endpoint, a
 * stream or a subscription: it is state of a call, and no line of the configuration. */
#define CHANGE_STATE (1u << 31)

struct change;
struct dataplane_client;

/* status: 0 or -errno, with a clear line in `why`. rows: what the dataplane answered, lent for the
 * call. */
typedef void change_done_fn(void *arg, int status, const char *why, const void *rows,
                            uint32_t length);

/*
 * Applies a canonical ADD, SET, CHANGE or DELETE to the dataplane, and, where that took it, to the
 * running configuration; to that alone while the dataplane is away: it is replayed when it comes.
 * With CHANGE_STATE the configuration knows nothing of it, and does not replay it. `done` is called
 * once, perhaps at once. Returns what dataplane_change_forget takes, NULL where `done` has been
 * called.
 */
struct change *dataplane_change(struct dataplane_client *client,
                                const struct command_request *request, uint32_t flags,
                                change_done_fn *done, void *arg);

/* `done` is not called any more; the change goes on. */
void dataplane_change_forget(struct change *change);

#endif
