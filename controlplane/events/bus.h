/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: the part that sees a change publishes it, and each listener has a bounded queue of its
 * own: one that is too slow loses events, which are counted, and holds up nobody.
 */
#ifndef EVENTS_BUS_H
#define EVENTS_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/event.h>

#define EVENT_QUEUE_MAX 4096 /* of one listener: accounts come by the hundred */

struct event_bus;
struct event_listener;

/* NULL: no memory. */
struct event_bus *event_bus_create(void);
/* After its listeners. */
void event_bus_destroy(struct event_bus *bus);

/* Its time is written. */
void event_tell(struct event_bus *bus, struct sluice_event_row *row);

/* `ready` is called with the first event after the queue was empty. NULL: no memory. */
struct event_listener *event_listen(struct event_bus *bus, bool allocations,
                                    void (*ready)(void *arg), void *arg);
void event_listener_end(struct event_listener *listener);
/* The oldest event; false: there is none. */
bool event_take(struct event_listener *listener, struct sluice_event_row *row);
/* Of all that it has taken, the last one's number; the first one's is 1, 0: none. */
uint64_t event_taken(const struct event_listener *listener);
/* Those behind the event of this number come again. false: there is no such event any more, or not
 * yet. */
bool event_again(struct event_listener *listener, uint64_t number);

/* How many listen; *allocations: one of them wants those. */
uint32_t event_listeners(const struct event_bus *bus, bool *allocations);

#endif
