/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes the accounts of allocations that have ended from the dataplane, tells them as events, and
 * logs, keeps, publishes and posts them where the configuration says so. */
#ifndef ACCOUNTING_ACCOUNTING_H
#define ACCOUNTING_ACCOUNTING_H

#include "config/own.h"

#include <sluice/accounting.h>

struct accounting;
struct dataplane_client;
struct event_base;
struct event_bus;
struct fleet;
struct http_client;
struct kept;

#define ACCOUNTING_PLACES 4 /* where accounts go, besides events */

struct accounting_options {
	struct event_base *base;
	struct own *own;
	struct running *running;
	struct event_bus *events;
	struct http_client *http_client;
	const char *state_dir; /* the file's */
};

/* NULL: no memory. */
struct accounting *accounting_create(const struct accounting_options *options);
/* fleet: has the Redis. */
void accounting_serve(struct accounting *accounting, struct dataplane_client *client,
                      const struct fleet *fleet);
/* The dataplane has the whole configuration. */
void accounting_ready(struct accounting *accounting);
/* After the fleet, whose Redis gives its last answers here. */
void accounting_destroy(struct accounting *accounting);

/* What is kept, or NULL. */
const struct kept *accounting_kept(const struct accounting *accounting);

void accounting_rows(const struct accounting *accounting,
                     struct sluice_accounting_row rows[ACCOUNTING_PLACES]);

#endif
