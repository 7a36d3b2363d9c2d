/* SPDX-License-Identifier: BSD-3-Clause */
/* What the XDP program's maps tell, and with it what the dataplane counts. */
#include "answers/answers.h"

#include "dataplane/ask.h"
#include "gate/keeper.h"

#include <errno.h>
#include <string.h>

#define SOURCES_MAX  100
#define COUNTERS_MAX 64

/* The dataplane counts, and the control plane knows what is configured. */
static void on_row(void *arg, const struct dataplane_answer *answer)
{
	struct client *client = arg;
	struct sluice_gate_row row;
	char why[SLUICE_API_ERROR_MAX];

	client->stop = NULL;
	if (answer->status != 0 || answer->length != sizeof(row)) {
		answer_text(answer, why, sizeof(why));
		client_refuse(client, answer->status != 0 ? answer->status : -EBADMSG, why);
		return;
	}
	memcpy(&row, answer->body, sizeof(row));
	gate_keeper_configured(client->options->gate, &row);
	client_send_rows(client, &row, sizeof(row), 0);
}

static void row_stop(struct client *client)
{
	question_forget(client->answer);
}

static void row_ask(struct client *client)
{
	const struct dataplane_ask ask = {
	        .type = SLUICE_GATE_SHOW, .apart = true, .answered = on_row, .arg = client};
	struct question *question;
	int error = dataplane_ask(client->options->client, &ask, &question);

	if (error == 0)
		client_answers(client, question, row_stop);
	else
		client_refuse(client, error, "the dataplane does not answer");
}

static void answer_gate_show(struct client *client, const void *body)
{
	struct gate_keeper *keeper = client->options->gate;
	struct sluice_gate_row row;

	if (keeper == NULL)
		answer_relayed(client, body);
	else if (gate_keeper_show(keeper, &row))
		client_send_rows(client, &row, sizeof(row), 0);
	else
		row_ask(client);
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
