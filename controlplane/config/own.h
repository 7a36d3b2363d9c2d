/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of the configuration that the control plane itself obeys (struct command, `own`). A subject
 * of the API, the high byte of a request's type, has one part of the control plane that obeys its
 * lines.
 */
#ifndef CONFIG_OWN_H
#define CONFIG_OWN_H

#include "config/running.h"

struct event_base;
struct own;

/*
 * Puts an ADD or SET in force, or ends what a DELETE names. An ADD or SET that is in force already
 * is none the worse for being obeyed again. 0, or -errno with a clear line in `why`
 * (SLUICE_API_ERROR_MAX bytes), and then nothing has changed.
 */
typedef int own_obey_fn(void *arg, const struct command_request *request, char *why);

/* config: the file's name, for what is said about its lines. NULL: no memory. */
struct own *own_create(struct event_base *base, struct running *running, const char *config);
void own_destroy(struct own *own);

/* type: any of the subject's. Before own_start. */
void own_serve(struct own *own, uint16_t type, own_obey_fn *obey, void *arg);

/* Obeys all lines that there are. What cannot be in force is logged, and tried again every second.
 */
void own_start(struct own *own);

/* Whether what a SET's line set can have its default again while we run, and that it has. */
bool own_can_unset(const struct command_request *request);
void own_unset(struct own *own, const struct command_request *request);

/* One change of the running configuration. 0 or -errno with `why`. flags: enum sluice_api_flag. */
int own_change(struct own *own, const struct command_request *request, uint32_t flags, char *why);

#endif
