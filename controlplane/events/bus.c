/* SPDX-License-Identifier: BSD-3-Clause */
#include "events/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/queue.h>

struct event_listener {
	LIST_ENTRY(event_listener) entry;
	bool allocations;
	void (*ready)(void *arg);
	void *arg;
	struct sluice_event_row queue[EVENT_QUEUE_MAX];
	uint32_t first, count; /* before `first`: what has been taken, until it is written over */
	uint64_t taken;
	uint64_t lost; /* since the last one that found room */
};
LIST_HEAD(event_listener_list, event_listener);

struct event_bus {
	struct event_listener_list listeners;
};

struct event_bus *event_bus_create(void)
{
	struct event_bus *bus = calloc(1, sizeof(*bus));

	if (bus != NULL)
		LIST_INIT(&bus->listeners);
	return bus;
}

void event_bus_destroy(struct event_bus *bus)
{
	free(bus);
}

static void time_write(char *text, size_t room)
{
	struct timespec now;
	struct tm utc;
	size_t length;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	length = strftime(text, room, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, room - length, ".%03uZ", (unsigned int)(now.tv_nsec / 1000000));
}

static void listener_put(struct event_listener *listener, const struct sluice_event_row *row)
{
	struct sluice_event_row *place;

	if (listener->count == EVENT_QUEUE_MAX) {
		listener->lost++;
		return;
	}
	place = &listener->queue[(listener->first + listener->count) % EVENT_QUEUE_MAX];
	*place = *row;
	place->lost = listener->lost;
	listener->lost = 0;
	if (listener->count++ == 0)
		listener->ready(listener->arg);
}

/* Numbers that are not there (common/requests_event.c). */
static void account_leave_out(struct sluice_allocation_account *account)
{
	*account = (struct sluice_allocation_account){
	        .seconds = UINT32_MAX,
	        .to_peer_packets = UINT64_MAX,
	        .to_peer_bytes = UINT64_MAX,
	        .to_client_packets = UINT64_MAX,
	        .to_client_bytes = UINT64_MAX,
	};
}

void event_tell(struct event_bus *bus, struct sluice_event_row *row)
{
	struct event_listener *listener = LIST_FIRST(&bus->listeners), *next;
	bool allocation = strcmp(row->area, "allocation") == 0;

	if (listener == NULL)
		return;
	time_write(row->time, sizeof(row->time));
	if (!row->ended)
		account_leave_out(&row->account);
	for (; listener != NULL; listener = next) {
		next = LIST_NEXT(listener, entry); /* `ready` may end it */
		if (listener->allocations || !allocation)
			listener_put(listener, row);
	}
}

struct event_listener *event_listen(struct event_bus *bus, bool allocations,
                                    void (*ready)(void *arg), void *arg)
{
	struct event_listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL)
		return NULL;
	listener->allocations = allocations;
	listener->ready = ready;
	listener->arg = arg;
	LIST_INSERT_HEAD(&bus->listeners, listener, entry);
	return listener;
}

void event_listener_end(struct event_listener *listener)
{
	LIST_REMOVE(listener, entry);
	free(listener);
}

bool event_take(struct event_listener *listener, struct sluice_event_row *row)
{
	if (listener->count == 0)
		return false;
	*row = listener->queue[listener->first];
	listener->first = (listener->first + 1) % EVENT_QUEUE_MAX;
	listener->count--;
	listener->taken++;
	return true;
}

uint64_t event_taken(const struct event_listener *listener)
{
	return listener->taken;
}

bool event_again(struct event_listener *listener, uint64_t number)
{
	uint64_t back = listener->taken - number;

	if (number > listener->taken || back > EVENT_QUEUE_MAX - listener->count)
		return false;
	listener->first = (listener->first + EVENT_QUEUE_MAX - back) % EVENT_QUEUE_MAX;
	listener->count += back;
	listener->taken = number;
	return true;
}

uint32_t event_listeners(const struct event_bus *bus, bool *allocations)
{
	const struct event_listener *listener;
	uint32_t count = 0;

	*allocations = false;
	LIST_FOREACH(listener, &bus->listeners, entry)
	{
		count++;
		*allocations = *allocations || listener->allocations;
	}
	return count;
}
