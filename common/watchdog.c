/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/watchdog.h"
#include "common/notify.h"

#include <event2/event.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* One look that finds no progress, or comes late, is not the end yet. */
#define LOOKS 4

#define US_PER_S 1000000

struct watchdog {
	struct event *timer;
	bool (*alive)(void *arg);
	void *arg;
};

uint64_t watchdog_patience_us(void)
{
	const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (interval == NULL || (pid != NULL && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(interval, NULL, 10);
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct watchdog *watchdog = arg;

	if (watchdog->alive == NULL || watchdog->alive(watchdog->arg))
		notify_send("WATCHDOG=1");
}

int watchdog_create(struct watchdog **created, struct event_base *base, bool (*alive)(void *arg),
                    void *arg)
{
	uint64_t interval_us = watchdog_patience_us() / LOOKS;
	const struct timeval interval = {.tv_sec = (time_t)(interval_us / US_PER_S),
	                                 .tv_usec = (suseconds_t)(interval_us % US_PER_S)};
	struct watchdog *watchdog;

	*created = NULL;
	if (interval_us == 0)
		return 0;
	watchdog = calloc(1, sizeof(*watchdog));
	if (watchdog == NULL)
		return -ENOMEM;
	watchdog->alive = alive;
	watchdog->arg = arg;
	watchdog->timer = event_new(base, -1, EV_PERSIST, look, watchdog);
	if (watchdog->timer == NULL || event_add(watchdog->timer, &interval) != 0) {
		watchdog_destroy(watchdog);
		return -ENOMEM;
	}
	*created = watchdog;
	return 0;
}

void watchdog_destroy(struct watchdog *watchdog)
{
	if (watchdog == NULL)
		return;
	if (watchdog->timer != NULL)
		event_free(watchdog->timer);
	free(watchdog);
}
