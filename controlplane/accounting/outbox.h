/* SPDX-License-Identifier: BSD-3-Clause */
/* Accounts on their way to somebody who may be away: the oldest first, none forgotten before it has
 * arrived, but for the newest where there are too many. */
#ifndef ACCOUNTING_OUTBOX_H
#define ACCOUNTING_OUTBOX_H

#include <stdint.h>

#include <sluice/accounting.h>

#define OUTBOX_MAX       65536 /* accounts */
#define OUTBOX_REALM_MAX 128

struct outbox_item {
	struct sluice_allocation_account account;
	char realm[OUTBOX_REALM_MAX]; /* empty: none */
};

struct outbox {
	struct outbox_item *items; /* a ring; NULL: nothing has come yet */
	uint32_t room, first, count;
};

/* 0; -ENOBUFS: it is full; -ENOMEM. */
int outbox_add(struct outbox *outbox, const struct sluice_allocation_account *account,
               const char *realm);
/* The index-th of those that wait. */
const struct outbox_item *outbox_item(const struct outbox *outbox, uint32_t index);
/* The oldest has arrived. */
void outbox_forget(struct outbox *outbox);
void outbox_empty(struct outbox *outbox);

#endif
