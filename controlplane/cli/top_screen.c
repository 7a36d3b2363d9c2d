/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/top_line.h"

#include "command/text.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/gate.h>
#include <sluice/port.h>
#include <sluice/region.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#define BAR          20
#define WORKERS_WIDE 6 /* more of them stand in columns */
#define WORKERS_LINE 8
#define PORTS_MOST   8
#define DROPS_MOST   64

/* -- the parts -- */

/* "  a1 in a, active" */
static void own_node_text(const struct screen *screen, char *text, size_t size)
{
	char state[STATE_WORD_BYTES];
	const struct sluice_node_row *row, *old;

	text[0] = '\0';
	for (EACH(screen, TOP_NODE, row, old))
		if (row->own)
			snprintf(text, size, "  %.20s in %.20s, %s", row->id, row->region,
			         state_word(node_state_words, row->state, 0,
			                    row->state != SLUICE_NODE_ACTIVE, state));
}

static void head_draw(struct screen *screen)
{
	const struct sluice_turn_row *turn = screen->now->tables[TOP_TURN].rows;
	const struct sluice_version *version = screen->now->tables[TOP_VERSION].rows, *old;
	char up[64] = ALERT "the dataplane is away" PLAIN, node[96];

	for (EACH(screen, TOP_VERSION, version, old))
		if (strcmp(version->program, "sluice-dataplane") == 0)
			snprintf(up, sizeof(up), "up %lu:%02lu:%02lu", version->uptime_s / 3600,
			         version->uptime_s / 60 % 60, version->uptime_s % 60);
	own_node_text(screen, node, sizeof(node));
	screen_line(screen, "sluice %s%s  %s  allocations %u/%u  streams %u", SLUICE_VERSION_TEXT,
	            node, up, turn != NULL ? turn->allocations : 0,
	            turn != NULL ? turn->allocations_max : 0,
	            screen->now->tables[TOP_STREAM].count);
}

static void gate_draw(struct screen *screen)
{
	const struct sluice_gate_row *row = screen->now->tables[TOP_GATE].rows;
	const struct sluice_gate_row *old = screen->before->tables[TOP_GATE].rows;
	char attack[64] = "no attack";

	if (row == NULL || word_of(gate_mode_words, row->mode) == NULL)
		return;
	if (row->host_attacked)
		snprintf(attack, sizeof(attack), ALERT "UNDER ATTACK" PLAIN);
	else if (row->prefixes_attacked > 0)
		snprintf(attack, sizeof(attack), ALERT "%u prefixes under attack" PLAIN,
		         row->prefixes_attacked);
	screen_line(screen, "gate %s%s  passed %s/s  dropped %s/s  %s",
	            word_of(gate_mode_words, row->mode), row->xdp ? " (xdp)" : "",
	            HUMAN(RATE(screen, old, row, passed)), HUMAN(RATE(screen, old, row, dropped)),
	            attack);
}

static double worker_load(const struct screen *screen, const struct sluice_worker_row *row,
                          const struct sluice_worker_row *old)
{
	double busy = RATE(screen, old, row, busy_cycles);
	double idle = RATE(screen, old, row, idle_cycles);

	return busy + idle > 0 ? busy / (busy + idle) : 0;
}

static void workers_draw(struct screen *screen)
{
	const struct sluice_worker_row *row, *old;

	screen_heading(screen, "worker  cpu  busy %*s    packets/s  walks/s  ring  full/s", BAR,
	               "");
	for (EACH(screen, TOP_WORKER, row, old)) {
		double load = worker_load(screen, row, old);

		screen_line(screen, "%6u %4u  %3.0f%% [%-*.*s] %10s %8s %5u %7s", row->id, row->cpu,
		            100 * load, BAR, (int)(load * BAR + 0.5), "####################",
		            HUMAN(RATE(screen, old, row, packets)),
		            HUMAN(RATE(screen, old, row, walks)), row->ring_used,
		            HUMAN(RATE(screen, old, row, ring_full)));
	}
}

/* Too many for a line each: all of them all the same. */
static void workers_draw_narrow(struct screen *screen)
{
	const struct sluice_worker_row *row, *old;
	char text[LINE_BYTES];
	struct text line;
	uint32_t count = 0;

	screen_heading(screen, "workers, busy");
	text_start(&line, text, sizeof(text));
	for (EACH(screen, TOP_WORKER, row, old)) {
		text_addf(&line, "%4u%5.0f%%", row->id, 100 * worker_load(screen, row, old));
		if (++count % WORKERS_LINE != 0 && count < screen->now->tables[TOP_WORKER].count)
			continue;
		screen_line(screen, "%s", text);
		text_start(&line, text, sizeof(text));
	}
}

/* How many lines the workers' rows take. */
static uint32_t workers_lines(const struct screen *screen)
{
	uint32_t count = screen->now->tables[TOP_WORKER].count;

	return count <= WORKERS_WIDE ? count : (count + WORKERS_LINE - 1) / WORKERS_LINE;
}

static void ports_draw(struct screen *screen)
{
	char state[STATE_WORD_BYTES];
	uint32_t count = screen->now->tables[TOP_PORT].count, shown = 0;
	const struct sluice_port_row *row, *old;

	screen_heading(
	        screen,
	        "port             state  rx pkt/s  rx bit/s  tx pkt/s  tx bit/s  missed/s  full/s");
	for (EACH(screen, TOP_PORT, row, old)) {
		if (shown++ == PORTS_MOST) {
			screen_line(screen, "and %u more ports", count - PORTS_MOST);
			break;
		}
		screen_line(screen, "%-16.15s %s %9s %9s %9s %9s %9s %7s", row->name,
		            state_word(port_state_words, row->state, 5,
		                       row->state != SLUICE_PORT_UP, state),
		            HUMAN(RATE(screen, old, row, rx_packets)),
		            HUMAN(8 * RATE(screen, old, row, rx_bytes)),
		            HUMAN(RATE(screen, old, row, tx_packets)),
		            HUMAN(8 * RATE(screen, old, row, tx_bytes)),
		            HUMAN(RATE(screen, old, row, rx_missed)),
		            HUMAN(RATE(screen, old, row, tx_full)));
	}
}

static uint32_t ports_lines(const struct screen *screen)
{
	uint32_t count = screen->now->tables[TOP_PORT].count;

	return count <= PORTS_MOST ? count : PORTS_MOST + 1;
}

struct drop {
	const char *name;
	double rate;
};

static int by_rate(const void *a, const void *b)
{
	const struct drop *one = a, *other = b;

	return (other->rate > one->rate) - (other->rate < one->rate);
}

/* The most frequent first: the line may be too short for all. */
static void drops_draw(struct screen *screen)
{
	const struct sluice_counter_row *row, *old;
	struct drop drops[DROPS_MOST];
	char text[LINE_BYTES];
	struct text line;
	uint32_t count = 0;

	for (EACH(screen, TOP_COUNTER, row, old)) {
		double now = RATE(screen, old, row, value);

		if (count < DROPS_MOST && strncmp(row->name, "drop.", 5) == 0 && now > 0)
			drops[count++] = (struct drop){row->name + 5, now};
	}
	qsort(drops, count, sizeof(drops[0]), by_rate);
	text_start(&line, text, sizeof(text));
	for (uint32_t i = 0; i < count; i++)
		text_addf(&line, "  %.42s %s/s", drops[i].name, HUMAN(drops[i].rate));
	screen_line(screen, "drops%s", count > 0 ? text : "  none");
}

static void foot_draw(struct screen *screen)
{
	static const char *const sorts[] = {"rate", "total", "name"};

	screen->lines = 1;
	screen_line(screen, "[s] sort: %s  [/] filter: %s%s  [q] quit", sorts[screen->view->sort],
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
	        .seconds = top_seconds(before, now),
	        .lines = view->height - 1,
	};
	uint32_t heading = screen_heading_lines(&screen), below;

	head_draw(&screen);
	gate_draw(&screen);
	drops_draw(&screen);
	/* What the lists below leave is for both kinds of lists, half of it at most for regions. */
	below = workers_lines(&screen) + ports_lines(&screen) + 4 * heading;
	if (screen.lines > below)
		regions_draw(&screen, (screen.lines - below) / 2);
	if (now->tables[TOP_WORKER].count <= WORKERS_WIDE)
		workers_draw(&screen);
	else
		workers_draw_narrow(&screen);
	ports_draw(&screen);
	lists_draw(&screen);
	if (view->styled)
		foot_draw(&screen);
}
