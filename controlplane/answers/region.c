/* SPDX-License-Identifier: BSD-3-Clause */
/* Regions, nodes, and this node's draining. */
#include "answers/answers.h"

#include "fleet/fleet.h"
#include "region/snapshot.h"

#include <sluice/region.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NODES_PER_REPLY 64

static bool fleet_is_there(struct client *client)
{
	if (client->options->fleet != NULL)
		return true;
	client_refuse(client, -ENOSYS, "this control plane knows no regions");
	return false;
}

/* All of them fit one record: 256 rows of 176 bytes would not. */
#define REGIONS_PER_REPLY 128

static void answer_regions(struct client *client, const void *body)
{
	struct sluice_region_row *rows;
	uint32_t count, first;
	size_t size = SLUICE_REGIONS_MAX * sizeof(*rows);

	if (!fleet_is_there(client))
		return;
	rows = malloc(size);
	if (rows == NULL) {
		client_refuse(client, -ENOMEM, strerror(ENOMEM));
		return;
	}
	count = fleet_regions(client->options->fleet, rows, SLUICE_REGIONS_MAX);
	first = count < REGIONS_PER_REPLY ? count : REGIONS_PER_REPLY;
	/* The second part waits for no room: both fit an empty socket. */
	if (first == count)
		client_send_rows(client, rows, count * sizeof(*rows), 0);
	else if (client_send_rows(client, rows, first * sizeof(*rows), SLUICE_API_MORE))
		client_send_rows(client, &rows[first], (count - first) * sizeof(*rows), 0);
	free(rows);
}

static void answer_snapshot(struct client *client, const void *body)
{
	struct sluice_snapshot_row row;

	if (!fleet_is_there(client))
		return;
	fleet_snapshot_row(client->options->fleet, &row);
	client_send_rows(client, &row, sizeof(row), 0);
}

/* -- nodes: a fleet's worth, from one snapshot -- */

struct nodes {
	struct snapshot *snapshot;
	uint32_t shown;
};

static void nodes_stop(struct client *client)
{
	struct nodes *nodes = client->answer;

	snapshot_release(nodes->snapshot);
	free(nodes);
}

static void nodes_next(struct client *client)
{
	struct sluice_node_row rows[NODES_PER_REPLY];
	struct nodes *nodes = client->answer;
	uint32_t count;
	bool sent, more;

	do {
		for (count = 0; count < NODES_PER_REPLY && nodes->shown < nodes->snapshot->n_nodes;)
			fleet_node_row(client->options->fleet, nodes->snapshot, nodes->shown++,
			               &rows[count++]);
		more = nodes->shown < nodes->snapshot->n_nodes;
		sent = client_send_rows(client, rows, count * sizeof(rows[0]),
		                        more ? SLUICE_API_MORE : 0);
	} while (sent && more);
}

static void answer_nodes(struct client *client, const void *body)
{
	struct snapshot *snapshot;
	struct nodes *nodes;

	if (!fleet_is_there(client))
		return;
	snapshot = fleet_snapshot(client->options->fleet);
	if (snapshot == NULL) {
		client_send_rows(client, NULL, 0, 0);
		return;
	}
	nodes = calloc(1, sizeof(*nodes));
	if (nodes == NULL) {
		snapshot_release(snapshot);
		client_refuse(client, -ENOMEM, strerror(ENOMEM));
		return;
	}
	nodes->snapshot = snapshot;
	client_answers(client, nodes, nodes_stop);
	client->next = nodes_next;
	nodes_next(client);
}

/* -- draining -- */

static void drain_answer(struct client *client, int status, const char *why)
{
	if (status < 0)
		client_refuse(client, status, why);
	else
		client_send_rows(client, NULL, 0, 0);
}

static void answer_drain(struct client *client, const void *body)
{
	const struct sluice_node_drain *drain = body;
	char why[SLUICE_API_ERROR_MAX] = "";

	if (fleet_is_there(client))
		drain_answer(client, fleet_drain(client->options->fleet, drain->seconds, why), why);
}

static void answer_undrain(struct client *client, const void *body)
{
	char why[SLUICE_API_ERROR_MAX] = "";

	if (fleet_is_there(client))
		drain_answer(client, fleet_undrain(client->options->fleet, why), why);
}

const struct answer answers_region[] = {
        {SLUICE_REGION_SHOW, answer_regions},    {SLUICE_NODE_SHOW, answer_nodes},
        {SLUICE_SNAPSHOT_SHOW, answer_snapshot}, {SLUICE_NODE_DRAIN, answer_drain},
        {SLUICE_NODE_UNDRAIN, answer_undrain},   {0},
};
