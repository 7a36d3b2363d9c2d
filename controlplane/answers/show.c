/* SPDX-License-Identifier: BSD-3-Clause */
#include "answers/answers.h"

#include "common/clock.h"
#include "http/http.h"
#include "log/keeper.h"
#include "whip/whip.h"

#include <sluice/http.h>
#include <sluice/log.h>
#include <sluice/whip.h>

#include <unistd.h>

static void answer_version(struct client *client, const void *body)
{
	struct sluice_version version = {
	        .api = SLUICE_API_VERSION,
	        .api_oldest = SLUICE_API_VERSION_OLDEST,
	        .pid = getpid(),
	        .program = "sluice-controlplane",
	        .version = SLUICE_VERSION_TEXT,
	        .started = client->options->started_unix,
	};

	version.uptime_s = clock_ns(CLOCK_MONOTONIC) / NSEC_PER_SEC - client->options->started;
	answer_relayed_behind(client, body, &version, sizeof(version), true);
}

static void answer_http_show(struct client *client, const void *body)
{
	struct sluice_http_row row;

	http_show(client->options->http, &row);
	client_send_rows(client, &row, sizeof(row), 0);
}

static void answer_whip_show(struct client *client, const void *body)
{
	struct sluice_whip_row row;

	whip_show(client->options->whip, &row);
	client_send_rows(client, &row, sizeof(row), 0);
}

static void answer_log_show(struct client *client, const void *body)
{
	struct sluice_log_row rows[SLUICE_LOG_AREAS];

	log_keeper_show(client->options->log, rows);
	client_send_rows(client, rows, sizeof(rows), 0);
}

const struct answer answers_show[] = {
        {SLUICE_VERSION, answer_version},
        {SLUICE_HTTP_SHOW, answer_http_show},
        {SLUICE_WHIP_SHOW, answer_whip_show},
        {SLUICE_LOG_SHOW, answer_log_show},
        {0},
};
