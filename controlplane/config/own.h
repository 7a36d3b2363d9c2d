/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of the configuration that the control plane itself obeys (struct command, `own`). A subject
 * of the API, the high byte of a request's type, has one part of the control plane that obeys its
 * lines. Changes are made one after the other.
 */
#ifndef CONFIG_OWN_H
#define CONFIG_OWN_H

#include "config/running.h"

struct event_base;
struct own;
struct own_change;

/* status: 0, or -errno with a clear line in `why`. */
typedef void own_done_fn(void *arg, int status, const char *why);

/*
 * Puts an ADD or SET in force, or ends what a DELETE names. An ADD or SET that is in force already
 * is none the worse for being obeyed again. 0, or -errno with a clear line in `why`
 * (SLUICE_API_ERROR_MAX bytes), and then nothing has changed.
 */
typedef int own_obey_fn(void *arg, const struct command_request *request, char *why);

struct own_part {
	own_obey_fn *obey;
	/* A SET's default again. NULL: none of its lines is a SET. */
	void (*unset)(void *arg, const struct command_request *request);
	/*
	 * Puts in force what has been obeyed since it was last called; `done` is called once,
	 * perhaps at once. Where that fails nothing of it has changed. NULL: it is in force as
	 * soon as it is obeyed.
	 */
	void (*commit)(void *arg, own_done_fn *done, void *done_arg);
	void *arg;
};

/* config: the file's name, for what is said about its lines. NULL: no memory. */
struct own *own_create(struct event_base *base, struct running *running, const char *config);
/* The parts go: what waits is not begun any more; the commit under way may end. */
void own_stop(struct own *own);
void own_destroy(struct own *own);

/* type: any of the subject's. Before own_start. */
void own_serve_part(struct own *own, uint16_t type, const struct own_part *part);
/* One whose lines are in force at once, and stay until they are deleted. */
void own_serve(struct own *own, uint16_t type, own_obey_fn *obey, void *arg);

/* Obeys all lines that there are. What cannot be in force is logged, and tried again every second.
 */
void own_start(struct own *own);
/* A line of ours has been put there refused: it is tried again like those. */
void own_retry(struct own *own);

/*
 * One change of the running configuration. flags: enum sluice_api_flag. `done` is called once,
 * perhaps at once. Returns what own_change_forget takes, NULL where `done` has been called.
 */
struct own_change *own_change(struct own *own, const struct command_request *request,
                              uint32_t flags, own_done_fn *done, void *arg);
/* The same for what a SET's line has set: its default again, and no line. */
struct own_change *own_unset(struct own *own, const struct command_request *request,
                             own_done_fn *done, void *arg);
/* `done` is not called any more; the change goes on. */
void own_change_forget(struct own_change *change);

#endif
