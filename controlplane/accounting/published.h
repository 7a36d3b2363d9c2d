/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accounts in Redis, published as coturn's statsdb does when an allocation ends, under
 * turn/realm/REALM/user/USER/allocation/ID: "status", "total_traffic", "total_traffic/peer".
 * They wait while that Redis is away; one whose answer was lost with the connection is published
 * again.
 */
#ifndef ACCOUNTING_PUBLISHED_H
#define ACCOUNTING_PUBLISHED_H

#include <stdbool.h>

#include <sluice/accounting.h>

struct published;
struct redis;

/* redis: gives the one to use, or NULL where there is none. NULL: no memory. */
struct published *published_create(struct redis *(*redis)(void *arg), void *arg);
/* After that Redis has gone: its last answers come here. */
void published_destroy(struct published *published);
/* Off: what waits is given up. */
void published_switch(struct published *published, bool on);
void published_add(struct published *published, const struct sluice_allocation_account *account,
                   const char *realm);
/* Sends what waits, if it can be sent; called again now and then. */
void published_send(struct published *published);
void published_row(const struct published *published, struct sluice_accounting_row *row);

#endif
