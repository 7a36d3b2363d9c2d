/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file is read again: it is checked whole, then what differs is applied, one step after the
 * other. Where a step is refused those before it are taken back.
 */
#ifndef RELOAD_RELOAD_H
#define RELOAD_RELOAD_H

#include "config/plan.h"

#include <sluice/config.h>

struct dataplane_client;
struct event_base;
struct own;
struct reload;

struct reload_options {
	struct event_base *base;
	struct running *running;
	struct own *own;
	struct dataplane_client *client;
	const char *config;       /* the file's name */
	void (*ended)(void *arg); /* each time that one has, however; NULL: nobody wants to know */
	void *arg;
};

/* NULL: no memory. */
struct reload *reload_create(const struct reload_options *options);
void reload_destroy(struct reload *reload);

/* status: 0, or -errno with `why` (SLUICE_API_ERROR_MAX bytes): the old configuration stays. */
typedef void reload_done_fn(void *arg, int status, const char *why,
                            const struct sluice_config_reload *result);

/* done: called once, later; NULL: it is only logged. -EBUSY: one is at work. */
int reload_start(struct reload *reload, reload_done_fn *done, void *arg);
/* Another one, when the one that is at work has ended. */
void reload_again(struct reload *reload);
/* Nobody waits for `done` with this `arg`. */
void reload_forget(struct reload *reload, const void *arg);

/* What the file would change: as plan_text, the caller's to free. 0, or -errno with `why`. */
int reload_diff(const struct reload *reload, bool secrets, char **text, char *why);

void reload_status(const struct reload *reload, struct sluice_config_status *status);

#endif
