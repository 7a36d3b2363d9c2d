/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accounts to a webhook: an array of them in JSON, as `allocation history` has them, until it has
 * answered with a 2xx. They wait while it does not; an array whose answer was lost is sent again.
 */
#ifndef ACCOUNTING_POSTED_H
#define ACCOUNTING_POSTED_H

#include <sluice/accounting.h>

struct http_client;
struct posted;

/* NULL: no memory. */
struct posted *posted_create(struct http_client *client);
/* What waits is given up. */
void posted_destroy(struct posted *posted);
/* An empty URL: none, and what waits is given up. 0, or -errno with a line in `why`. */
int posted_set(struct posted *posted, const struct sluice_accounting_webhook *set, char *why);
void posted_add(struct posted *posted, const struct sluice_allocation_account *account,
                const char *realm);
/* Sends what waits, if it can be sent; called again now and then. */
void posted_send(struct posted *posted);
void posted_row(const struct posted *posted, struct sluice_accounting_row *row);

#endif
