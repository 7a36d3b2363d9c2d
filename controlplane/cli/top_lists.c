/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/top_line.h"

#include "command/text.h"
#include "command/value.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/media.h>
#include <sluice/turn.h>

struct busy {
	const void *row;
	double rate, total; /* bytes */
	const char *name;
};

static int by_rate(const void *a, const void *b)
{
	const struct busy *one = a, *other = b;

	return (other->rate > one->rate) - (other->rate < one->rate);
}

static int by_total(const void *a, const void *b)
{
	const struct busy *one = a, *other = b;

	return (other->total > one->total) - (other->total < one->total);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct busy *)a)->name, ((const struct busy *)b)->name);
}

/* What a list has, and where the filter looks for what was typed. */
struct list_kind {
	enum top_table table;
	void (*read)(const struct screen *screen, const void *row, const void *old,
	             struct busy *busy);
	bool (*has)(const void *row, const char *filter);
};

/* Returns how many there are; *list is the caller's to free. */
static uint32_t busiest(const struct screen *screen, const struct list_kind *kind,
                        struct busy **list)
{
	static int (*const orders[])(const void *, const void *) = {by_rate, by_total, by_name};
	const struct top_rows *rows = &screen->now->tables[kind->table];
	const char *filter = screen->view->filter;
	uint32_t count = 0;

	*list = calloc(rows->count + 1, sizeof(**list));
	for (uint32_t i = 0; *list != NULL && i < rows->count; i++) {
		const void *row = (const char *)rows->rows + i * top_row_size(kind->table);
		struct busy *busy = &(*list)[count];

		busy->row = row;
		kind->read(screen, row, top_row_find(screen->before, kind->table, row), busy);
		count += filter[0] == '\0' || kind->has(row, filter);
	}
	if (count > 0)
		qsort(*list, count, sizeof(**list), orders[screen->view->sort]);
	return count;
}

static void allocation_read(const struct screen *screen, const void *row, const void *old,
                            struct busy *busy)
{
	const struct sluice_allocation_row *now = row, *before = old;

	busy->name = now->user;
	busy->total = now->to_peer_bytes + now->to_client_bytes;
	busy->rate = RATE(screen, before, now, to_peer_bytes) +
	             RATE(screen, before, now, to_client_bytes);
}

static bool addr_has(const struct sluice_addr *addr, const char *filter)
{
	static const struct sluice_addr none;
	char shown[64];
	struct text text;

	text_start(&text, shown, sizeof(shown));
	text_add_addr(&text, addr);
	return memcmp(addr, &none, sizeof(none)) != 0 && strstr(shown, filter) != NULL;
}

static bool allocation_has(const void *row, const char *filter)
{
	const struct sluice_allocation_row *allocation = row;

	return strstr(allocation->user, filter) != NULL || addr_has(&allocation->client, filter) ||
	       addr_has(&allocation->relayed[0], filter) ||
	       addr_has(&allocation->relayed[1], filter);
}

static bool stream_has(const void *row, const char *filter)
{
	const struct sluice_stream_row *stream = row;

	return strstr(stream->name, filter) != NULL || strstr(stream->endpoint, filter) != NULL;
}

static void stream_read(const struct screen *screen, const void *row, const void *old,
                        struct busy *busy)
{
	const struct sluice_stream_row *now = row, *before = old;

	busy->name = now->name;
	busy->total = now->bytes;
	busy->rate = RATE(screen, before, now, bytes);
}

static void allocations_draw(struct screen *screen, uint32_t most)
{
	static const struct list_kind kind = {TOP_ALLOCATION, allocation_read, allocation_has};
	struct busy *list;
	uint32_t count = busiest(screen, &kind, &list);

	screen_heading(screen, "%10s %-15s %-21s %9s %11s %7s", "allocation", "user", "client",
	               "to peer/s", "to client/s", "bit/s");
	for (uint32_t i = 0; i < count && i < most; i++) {
		const struct sluice_allocation_row *row = list[i].row;
		const struct sluice_allocation_row *old =
		        top_row_find(screen->before, TOP_ALLOCATION, row);
		char client[64], user[4 * sizeof(row->user)];
		struct text text;

		text_start(&text, client, sizeof(client));
		text_add_addr(&text, &row->client);
		text_start(&text, user, sizeof(user));
		text_add_printable(&text, row->user, sizeof(row->user));
		screen_line(screen, "%10lu %-15.15s %-21.21s %9s %11s %7s", row->id, user, client,
		            HUMAN(RATE(screen, old, row, to_peer_packets)),
		            HUMAN(RATE(screen, old, row, to_client_packets)),
		            HUMAN(8 * list[i].rate));
	}
	free(list);
}

static void streams_draw(struct screen *screen, uint32_t most)
{
	static const struct list_kind kind = {TOP_STREAM, stream_read, stream_has};
	struct busy *list;
	uint32_t count = busiest(screen, &kind, &list);

	if (screen->now->tables[TOP_STREAM].count > 0)
		screen_heading(screen, "%-22s %-16s %5s %9s %7s %6s %9s", "stream", "endpoint",
		               "subs", "packets/s", "bit/s", "lost/s", "jitter ms");
	for (uint32_t i = 0; i < count && i < most; i++) {
		const struct sluice_stream_row *row = list[i].row;
		const struct sluice_stream_row *old = top_row_find(screen->before, TOP_STREAM, row);

		screen_line(screen, "%-22.22s %-16.16s %5u %9s %7s %6s %9.1f", row->name,
		            row->endpoint, row->subscriptions,
		            HUMAN(RATE(screen, old, row, packets)), HUMAN(8 * list[i].rate),
		            HUMAN(RATE(screen, old, row, lost)), row->jitter_us / 1000.0);
	}
	free(list);
}

void lists_draw(struct screen *screen)
{
	uint32_t streams = screen->now->tables[TOP_STREAM].count;
	uint32_t headings = screen_heading_lines(screen) * (streams > 0 ? 2 : 1);
	uint32_t room = screen->lines > headings ? screen->lines - headings : 0;

	if (streams > room / 2)
		streams = room / 2;
	allocations_draw(screen, room - streams);
	streams_draw(screen, streams);
}
