/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/top.h"

#include "cli/text.h"
#include "cli/value.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/gate.h>
#include <sluice/media.h>
#include <sluice/port.h>
#include <sluice/region.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#define LINE_BYTES 512
#define BAR        20

struct screen {
	FILE *out;
	const struct top_sample *before, *now;
	const struct top_view *view;
	double seconds;
	uint32_t lines; /* that are left */
};

/* -- lines -- */

static void line(struct screen *screen, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static void line(struct screen *screen, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list arguments;
	size_t length = 0, width = 0;

	if (screen->lines == 0)
		return;
	screen->lines--;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* Cut between characters, not within one. */
	for (; text[length] != '\0'; length++)
		if (((unsigned char)text[length] & 0xc0) != 0x80 && width++ == screen->view->width)
			break;
	while (length > 0 && text[length - 1] == ' ')
		length--;
	fprintf(screen->out, "%.*s\n", (int)length, text);
}

/* Four digits at most: 1234, 12.3k, 4.56M. */
static const char *human(double value, char *text)
{
	static const char units[] = " kMGTP";
	int unit = 0;

	while (value >= 10000 || (unit > 0 && value >= 1000)) {
		value /= 1000;
		unit++;
	}
	if (unit == 0)
		snprintf(text, 16, "%.0f", value);
	else
		snprintf(text, 16, "%.*f%c",
		         value < 10    ? 2
		         : value < 100 ? 1
		                       : 0,
		         value, units[unit]);
	return text;
}

#define HUMAN(value) human(value, (char[16]){0})

/* -- rates -- */

static double rate(const struct screen *screen, uint64_t before, uint64_t now)
{
	return now > before && screen->seconds > 0 ? (now - before) / screen->seconds : 0;
}

/* A row's field a second; 0 where it is new. */
#define RATE(screen, old, row, member)                                                             \
	((old) != NULL ? rate(screen, (old)->member, (row)->member) : 0)

#define EACH(screen, table, row, old)                                                              \
	(row) = (screen)->now->tables[table].rows;                                                 \
	(row) != NULL &&                                                                           \
	        (row) < (typeof(row))(screen)->now->tables[table].rows +                           \
	                        (screen)->now->tables[table].count &&                              \
	        (((old) = top_row_find((screen)->before, table, row)), (void)(old), true);         \
	(row)++

/* -- the parts -- */

static void head_draw(struct screen *screen)
{
	const struct sluice_turn_row *turn = screen->now->tables[TOP_TURN].rows;
	const struct sluice_version *version = screen->now->tables[TOP_VERSION].rows, *old;
	char up[64] = "the dataplane is away";

	for (EACH(screen, TOP_VERSION, version, old))
		if (strcmp(version->program, "sluice-dataplane") == 0)
			snprintf(up, sizeof(up), "up %lu:%02lu:%02lu", version->uptime_s / 3600,
			         version->uptime_s / 60 % 60, version->uptime_s % 60);
	line(screen, "sluice %s  %s  allocations %u/%u  streams %u", SLUICE_VERSION_TEXT, up,
	     turn != NULL ? turn->allocations : 0, turn != NULL ? turn->allocations_max : 0,
	     screen->now->tables[TOP_STREAM].count);
}

static void gate_draw(struct screen *screen)
{
	static const char *const modes[] = {"off", "observe", "enforce"};
	const struct sluice_gate_row *row = screen->now->tables[TOP_GATE].rows;
	const struct sluice_gate_row *old = screen->before->tables[TOP_GATE].rows;
	char attack[64] = "no attack";

	if (row == NULL || row->mode > SLUICE_GATE_ENFORCE)
		return;
	if (row->host_attacked)
		snprintf(attack, sizeof(attack), "UNDER ATTACK");
	else if (row->prefixes_attacked > 0)
		snprintf(attack, sizeof(attack), "%u prefixes under attack",
		         row->prefixes_attacked);
	line(screen, "gate %s%s  passed %s/s  dropped %s/s  %s", modes[row->mode],
	     row->xdp ? " (xdp)" : "", HUMAN(RATE(screen, old, row, passed)),
	     HUMAN(RATE(screen, old, row, dropped)), attack);
}

static void regions_draw(struct screen *screen)
{
	static const char *const verdicts[] = {"unknown", "healthy", "DEGRADED", "UNREACHABLE"};
	const struct sluice_region_row *row, *old;
	char text[LINE_BYTES];
	struct text regions;

	text_start(&regions, text, sizeof(text));
	for (EACH(screen, TOP_REGION, row, old))
		if (row->verdict <= SLUICE_VERDICT_UNREACHABLE)
			text_addf(&regions, "  %.31s%s %s %u/%u", row->name, row->own ? "*" : "",
			          verdicts[row->verdict], row->healthy, row->nodes);
	if (regions.length > 0)
		line(screen, "regions%s", text);
}

static void workers_draw(struct screen *screen)
{
	const struct sluice_worker_row *row, *old;

	line(screen, "%s", "");
	line(screen, "worker  cpu  busy %*s   packets/s  walks/s  ring  full/s", BAR, "");
	for (EACH(screen, TOP_WORKER, row, old)) {
		double busy = RATE(screen, old, row, busy_cycles);
		double idle = RATE(screen, old, row, idle_cycles);
		double load = busy + idle > 0 ? busy / (busy + idle) : 0;

		line(screen, "%6u %4u  %3.0f%% [%-*.*s] %10s %8s %5u %7s", row->id, row->cpu,
		     100 * load, BAR, (int)(load * BAR + 0.5), "####################",
		     HUMAN(RATE(screen, old, row, packets)), HUMAN(RATE(screen, old, row, walks)),
		     row->ring_used, HUMAN(RATE(screen, old, row, ring_full)));
	}
}

static void ports_draw(struct screen *screen)
{
	static const char *const states[] = {"up", "DOWN", "GONE"};
	const struct sluice_port_row *row, *old;

	line(screen, "%s", "");
	line(screen,
	     "port             state  rx pkt/s  rx bit/s  tx pkt/s  tx bit/s  missed/s  full/s");
	for (EACH(screen, TOP_PORT, row, old))
		line(screen, "%-16.15s %-5s %9s %9s %9s %9s %9s %7s", row->name,
		     row->state <= SLUICE_PORT_GONE ? states[row->state] : "?",
		     HUMAN(RATE(screen, old, row, rx_packets)),
		     HUMAN(8 * RATE(screen, old, row, rx_bytes)),
		     HUMAN(RATE(screen, old, row, tx_packets)),
		     HUMAN(8 * RATE(screen, old, row, tx_bytes)),
		     HUMAN(RATE(screen, old, row, rx_missed)),
		     HUMAN(RATE(screen, old, row, tx_full)));
}

/* -- the busiest -- */

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

/* Returns how many there are; *list is the caller's to free. */
static uint32_t busiest(const struct screen *screen, enum top_table table,
                        void (*read)(const struct screen *screen, const void *row, const void *old,
                                     struct busy *busy),
                        struct busy **list)
{
	static int (*const orders[])(const void *, const void *) = {by_rate, by_total, by_name};
	const struct top_rows *rows = &screen->now->tables[table];
	const char *filter = screen->view->filter;
	uint32_t count = 0;

	*list = calloc(rows->count + 1, sizeof(**list));
	for (uint32_t i = 0; *list != NULL && i < rows->count; i++) {
		const void *row = (const char *)rows->rows + i * top_row_size(table);
		struct busy *busy = &(*list)[count];

		busy->row = row;
		read(screen, row, top_row_find(screen->before, table, row), busy);
		count += filter[0] == '\0' || strstr(busy->name, filter) != NULL;
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
	struct busy *list;
	uint32_t count = busiest(screen, TOP_ALLOCATION, allocation_read, &list);

	line(screen, "%s", "");
	line(screen, "%10s %-15s %-21s %9s %11s %7s", "allocation", "user", "client", "to peer/s",
	     "to client/s", "bit/s");
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
		line(screen, "%10lu %-15.15s %-21.21s %9s %11s %7s", row->id, user, client,
		     HUMAN(RATE(screen, old, row, to_peer_packets)),
		     HUMAN(RATE(screen, old, row, to_client_packets)), HUMAN(8 * list[i].rate));
	}
	free(list);
}

static void streams_draw(struct screen *screen, uint32_t most)
{
	struct busy *list;
	uint32_t count = busiest(screen, TOP_STREAM, stream_read, &list);

	if (screen->now->tables[TOP_STREAM].count > 0) {
		line(screen, "%s", "");
		line(screen, "stream                   endpoint          subscribers  packets/s  "
		             "bit/s   lost/s");
	}
	for (uint32_t i = 0; i < count && i < most; i++) {
		const struct sluice_stream_row *row = list[i].row;
		const struct sluice_stream_row *old = top_row_find(screen->before, TOP_STREAM, row);

		line(screen, "%-24.24s %-17.17s %11u %10s %6s %8s", row->name, row->endpoint,
		     row->subscriptions, HUMAN(RATE(screen, old, row, packets)),
		     HUMAN(8 * list[i].rate), HUMAN(RATE(screen, old, row, lost)));
	}
	free(list);
}

static void drops_draw(struct screen *screen)
{
	const struct sluice_counter_row *row, *old;
	char text[LINE_BYTES];
	struct text drops;

	text_start(&drops, text, sizeof(text));
	for (EACH(screen, TOP_COUNTER, row, old))
		if (strncmp(row->name, "drop.", 5) == 0 && RATE(screen, old, row, value) > 0)
			text_addf(&drops, "  %.42s %s/s", row->name + 5,
			          HUMAN(RATE(screen, old, row, value)));
	line(screen, "drops%s", drops.length > 0 ? text : "  none");
}

static void foot_draw(struct screen *screen)
{
	static const char *const sorts[] = {"rate", "total", "name"};

	screen->lines = 1;
	line(screen, "[s] sort: %s  [/] filter: %s%s  [q] quit", sorts[screen->view->sort],
	     screen->view->filter, screen->view->typing ? "_" : "");
}

void top_draw(FILE *out, const struct top_sample *before, const struct top_sample *now,
              const struct top_view *view)
{
	struct screen screen = {
	        .out = out,
	        .before = before,
	        .now = now,
	        .view = view,
	        .seconds = now->at.tv_sec - before->at.tv_sec +
	                   (now->at.tv_nsec - before->at.tv_nsec) / 1e9,
	        .lines = view->height - 1,
	};
	uint32_t room, streams = now->tables[TOP_STREAM].count;

	head_draw(&screen);
	gate_draw(&screen);
	regions_draw(&screen);
	drops_draw(&screen);
	workers_draw(&screen);
	ports_draw(&screen);
	/* What is left is for both lists, a heading and an empty line each. */
	room = screen.lines > 4 ? screen.lines - 4 : 0;
	if (streams > room / 2)
		streams = room / 2;
	allocations_draw(&screen, room - streams);
	streams_draw(&screen, streams);
	foot_draw(&screen);
}
