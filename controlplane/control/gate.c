/* SPDX-License-Identifier: BSD-3-Clause */
/* What the XDP program's maps tell, and with it what the dataplane counts. */
#include "control/answers.h"

#include "gate/keeper.h"

#define SOURCES_MAX  100
#define COUNTERS_MAX 64

static void answer_gate_show(struct client *client, const void *body)
{
	struct sluice_gate_row row;

	if (gate_keeper_show(client->options->gate, &row))
		client_send_rows(client, &row, sizeof(row), 0);
	else
		answer_relayed(client, body);
}

static void answer_gate_sources(struct client *client, const void *body)
{
	struct sluice_gate_source_row rows[SOURCES_MAX];
	uint32_t count = gate_keeper_sources(client->options->gate, rows, SOURCES_MAX);

	client_send_rows(client, rows, count * sizeof(rows[0]), 0);
}

/* Ours first, then the dataplane's. Ours alone where it is away: they outlive it. */
static void answer_counters(struct client *client, const void *body)
{
	const struct sluice_counter_show *show = body;
	struct sluice_counter_row rows[COUNTERS_MAX];
	uint32_t count =
	        gate_keeper_counters(client->options->gate, show->nonzero != 0, rows, COUNTERS_MAX);

	if (count == 0)
		answer_relayed(client, body);
	else
		answer_relayed_behind(client, body, rows, count * sizeof(rows[0]), false);
}

const struct answer answers_gate[] = {
        {SLUICE_GATE_SHOW, answer_gate_show},
        {SLUICE_GATE_SOURCES_SHOW, answer_gate_sources},
        {SLUICE_COUNTER_SHOW, answer_counters},
        {0},
};
