/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/handlers.h"
#include "ledger/ledger.h"

#include <sluice/stats.h>

#include <rte_common.h>

#include <stdio.h>

static const char *const kinds[] = {
        [SLUICE_LEDGER_KEYS] = "keys",
        [SLUICE_LEDGER_SECRET] = "secret",
        [SLUICE_LEDGER_ALLOCATION] = "allocation",
        [SLUICE_LEDGER_ALLOCATION_STATE] = "allocation-state",
        [SLUICE_LEDGER_CREDENTIAL] = "credential",
        [SLUICE_LEDGER_PERMISSION] = "permission",
        [SLUICE_LEDGER_CHANNEL] = "channel",
        [SLUICE_LEDGER_RESERVATION] = "reservation",
        [SLUICE_LEDGER_ENDPOINT] = "endpoint",
        [SLUICE_LEDGER_ENDPOINT_STATE] = "endpoint-state",
        [SLUICE_LEDGER_STREAM] = "stream",
        [SLUICE_LEDGER_STREAM_STATE] = "stream-state",
        [SLUICE_LEDGER_SUBSCRIPTION] = "subscription",
        [SLUICE_LEDGER_SUBSCRIPTION_STATE] = "subscription-state",
        [SLUICE_LEDGER_USED] = "used",
        [SLUICE_LEDGER_SESSION] = "session",
        [SLUICE_LEDGER_CERTIFICATE] = "certificate",
};
static_assert(RTE_DIM(kinds) == SLUICE_LEDGER_KINDS, "each kind has a name");

/* A table may have a million records: one table a page, and other clients are served between. */
static int ledger_show_handle(struct api_call *call)
{
	const struct ledger *ledger = call->dp->ledger;
	struct sluice_ledger_row *row = call->rows;
	const struct ledger_table *table = NULL;
	uint32_t *kind = &call->job->cursor;

	while (ledger != NULL && table == NULL && ++*kind < SLUICE_LEDGER_KINDS)
		table = ledger->tables[*kind].count != 0 ? &ledger->tables[*kind] : NULL;
	if (table == NULL)
		return api_page(call, 0);
	*row = (struct sluice_ledger_row){
	        .records = ledger_records(table),
	        .records_max = table->count,
	        .bytes = (uint64_t)table->count * table->record_size,
	};
	snprintf(row->kind, sizeof(row->kind), "%s", kinds[*kind]);
	return api_page(call, 1);
}

static int ledger_status_handle(struct api_call *call)
{
	const struct ledger *ledger = call->dp->ledger;
	struct sluice_ledger_status *row = call->rows;

	*row = (struct sluice_ledger_status){0};
	if (ledger == NULL)
		return api_row(call);
	*row = (struct sluice_ledger_status){
	        .bytes = ledger->size,
	        .made = ledger->made,
	        .version = SLUICE_LEDGER_VERSION,
	        .found = ledger->taken.found,
	        .found_age_s = ledger->taken.age_s,
	        .found_version = ledger->taken.version,
	        .taken = ledger->taken.records,
	        .expired = ledger->taken.expired,
	        .torn = ledger->taken.torn,
	        .broken = ledger->taken.broken,
	        .no_room = ledger->taken.no_room,
	        .foreign = ledger->taken.foreign,
	        .took_us = ledger->taken.ns / 1000,
	};
	snprintf(row->path, sizeof(row->path), "%.*s", (int)sizeof(row->path) - 1, ledger->path);
	return api_row(call);
}

static const struct api_type types[] = {
        {SLUICE_LEDGER_SHOW, ledger_show_handle},
        {SLUICE_LEDGER_STATUS, ledger_status_handle},
};

const struct api_types api_types_ledger = {types, RTE_DIM(types)};
