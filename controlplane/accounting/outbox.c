/* SPDX-License-Identifier: BSD-3-Clause */
#include "accounting/outbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

static int outbox_grow(struct outbox *outbox)
{
	uint32_t room = outbox->room == 0 ? ROOM_FIRST : outbox->room * 2;
	struct outbox_item *items;

	if (outbox->count == OUTBOX_MAX)
		return -ENOBUFS;
	items = calloc(room, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < outbox->count; i++)
		items[i] = *outbox_item(outbox, i);
	free(outbox->items);
	outbox->items = items;
	outbox->room = room;
	outbox->first = 0;
	return 0;
}

int outbox_add(struct outbox *outbox, const struct sluice_allocation_account *account,
               const char *realm)
{
	int error = outbox->count == outbox->room ? outbox_grow(outbox) : 0;
	struct outbox_item *item;

	if (error != 0)
		return error;
	item = &outbox->items[(outbox->first + outbox->count++) % outbox->room];
	item->account = *account;
	snprintf(item->realm, sizeof(item->realm), "%s", realm);
	return 0;
}

const struct outbox_item *outbox_item(const struct outbox *outbox, uint32_t index)
{
	return &outbox->items[(outbox->first + index) % outbox->room];
}

void outbox_forget(struct outbox *outbox)
{
	outbox->first = (outbox->first + 1) % outbox->room;
	if (--outbox->count == 0)
		outbox_empty(outbox); /* what a long outage has grown is given back */
}

void outbox_empty(struct outbox *outbox)
{
	free(outbox->items);
	memset(outbox, 0, sizeof(*outbox));
}
