/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/top_line.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/region.h>

#define VERDICT_WIDTH 11

/* A region and what its nodes have together. */
struct state {
	const struct sluice_region_row *row;
	uint32_t nodes, load, allocations;
	uint32_t draining;
	uint32_t probes, lost;
	uint32_t rtt_us; /* of the nearest; UINT32_MAX: none has answered */
};

/* Worse is more. */
static int badness(const struct state *state)
{
	static const int verdicts[] = {
	        [SLUICE_VERDICT_UNKNOWN] = 2,
	        [SLUICE_VERDICT_HEALTHY] = 0,
	        [SLUICE_VERDICT_DEGRADED] = 3,
	        [SLUICE_VERDICT_UNREACHABLE] = 4,
	};
	uint32_t verdict = state->row->verdict;

	if (verdict == SLUICE_VERDICT_HEALTHY)
		return !state->row->connected;
	return verdict <= SLUICE_VERDICT_UNREACHABLE ? verdicts[verdict] : 2;
}

/* One's own first, then the worst; else in the order of their names. */
static int by_concern(const void *a, const void *b)
{
	const struct state *one = a, *other = b;
	int order = (int)other->row->own - (int)one->row->own;

	if (order == 0)
		order = badness(other) - badness(one);
	return order != 0 ? order : strcmp(one->row->name, other->row->name);
}

static void nodes_add(const struct screen *screen, struct state *state)
{
	const struct sluice_node_row *row, *old;

	for (EACH(screen, TOP_NODE, row, old)) {
		if (strcmp(row->region, state->row->name) != 0)
			continue;
		state->nodes++;
		state->load += row->load_percent;
		state->allocations += row->allocations;
		state->draining += row->state == SLUICE_NODE_DRAINING;
		state->probes += row->probes;
		state->lost += row->lost;
		if (row->rtt_us < state->rtt_us)
			state->rtt_us = row->rtt_us;
	}
}

/* "1.3", or "-" */
static const char *tenths(uint32_t value, char text[16])
{
	if (value == UINT32_MAX)
		return "-";
	snprintf(text, 16, "%.1f", value / 1000.0);
	return text;
}

/* "12s", "3m", "5h", "2d", or "-" */
static const char *age(uint32_t seconds, char text[16])
{
	static const struct {
		uint32_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int i = 0;

	if (seconds == UINT32_MAX)
		return "-";
	while (units[i].seconds > seconds && units[i].seconds > 1)
		i++;
	snprintf(text, 16, "%u%c", seconds / units[i].seconds, units[i].unit);
	return text;
}

static const char *verdict_text(const struct state *state, char text[STATE_WORD_BYTES])
{
	uint32_t verdict = state->row->verdict;

	if (verdict == SLUICE_VERDICT_HEALTHY && state->draining > 0 &&
	    state->draining == state->nodes)
		return state_word(node_state_words, SLUICE_NODE_DRAINING, VERDICT_WIDTH, false,
		                  text);
	return state_word(verdict_words, verdict, VERDICT_WIDTH, verdict >= SLUICE_VERDICT_DEGRADED,
	                  text);
}

static void state_draw(struct screen *screen, const struct state *state)
{
	char name[SLUICE_REGION_NAME_MAX + 2], nodes[32], load[16] = "-", probes[32] = "-";
	const struct sluice_region_row *row = state->row;
	char verdict[STATE_WORD_BYTES];

	snprintf(name, sizeof(name), "%.31s%s", row->name, row->own ? "*" : "");
	snprintf(nodes, sizeof(nodes), "%u/%u", row->healthy, row->nodes);
	if (state->nodes > 0)
		snprintf(load, sizeof(load), "%u%%", state->load / state->nodes);
	if (state->probes > 0)
		snprintf(probes, sizeof(probes), "%u/%u", state->probes - state->lost,
		         state->probes);
	screen_line(screen, "%-15.15s %s %4s %7s %4s %6s %6s %6s %6s  %s", name,
	            verdict_text(state, verdict), age(row->changed_s, (char[16]){0}), nodes, load,
	            HUMAN(state->allocations), tenths(state->rtt_us, (char[16]){0}), probes,
	            tenths(row->beat_age_ms, (char[16]){0}),
	            row->connected ? "up" : ALERT "GONE" PLAIN);
}

void regions_draw(struct screen *screen, uint32_t most)
{
	const struct top_rows *rows = &screen->now->tables[TOP_REGION];
	struct state *states = calloc(rows->count + 1, sizeof(*states));
	uint32_t count = rows->count, shown;

	if (states == NULL || count == 0 || most <= screen_heading_lines(screen)) {
		free(states);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		states[i].row = (const struct sluice_region_row *)rows->rows + i;
		states[i].rtt_us = UINT32_MAX;
		nodes_add(screen, &states[i]);
	}
	qsort(states, count, sizeof(*states), by_concern);
	screen_heading(screen, "%-15s %-11s %4s %7s %4s %6s %6s %6s %6s  %s", "region", "verdict",
	               "for", "healthy", "load", "allocs", "rtt ms", "probes", "beat s", "redis");
	shown = most - screen_heading_lines(screen);
	if (shown < count)
		shown--; /* for the line that says so */
	for (uint32_t i = 0; i < count && i < shown; i++)
		state_draw(screen, &states[i]);
	if (shown < count)
		screen_line(screen, "and %u more regions, no worse than these", count - shown);
	free(states);
}
