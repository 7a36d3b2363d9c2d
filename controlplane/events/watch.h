/* SPDX-License-Identifier: BSD-3-Clause */
/* Publishes what changes in the daemons' `show` answers, looked at each second while somebody
 * listens. */
#ifndef EVENTS_WATCH_H
#define EVENTS_WATCH_H

#include "control/asker.h"
#include "events/bus.h"

struct event_watch;

/* NULL: no memory. */
struct event_watch *event_watch_create(struct event_bus *bus, const struct asker_options *asks);
void event_watch_destroy(struct event_watch *watch);

#endif
