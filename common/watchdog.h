/* SPDX-License-Identifier: BSD-3-Clause */
/* Tells the service manager again and again that we make progress (WatchdogSec= of the unit). */
#ifndef COMMON_WATCHDOG_H
#define COMMON_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct watchdog;

/*
 * From the events of base: while alive(arg) holds, or always where it is NULL. *watchdog is NULL
 * where no service manager looks. 0 or -ENOMEM.
 */
int watchdog_create(struct watchdog **watchdog, struct event_base *base, bool (*alive)(void *arg),
                    void *arg);
/* What the service manager waits for at most; 0: it does not look at this process. */
uint64_t watchdog_patience_us(void);
void watchdog_destroy(struct watchdog *watchdog);

#endif
