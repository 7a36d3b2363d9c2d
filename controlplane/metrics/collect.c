/* SPDX-License-Identifier: BSD-3-Clause */
/* GET /metrics: each source is asked as a client of the control socket would, one after the other;
 * who asks meanwhile gets the same. */
#include "metrics/metrics.h"

#include "command/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/queue.h>

#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

struct scrape {
	LIST_ENTRY(scrape) entry;
	struct http_request *request;
};
LIST_HEAD(scrapes, scrape);

struct metrics_collector {
	struct asker_options asks;
	struct scrapes scrapes;
	enum metric_source source; /* that is being asked */
	struct asker *asker;       /* NULL: none is */
	bool running;
	bool away; /* the dataplane did not answer: it is not asked again this time */
	uint32_t errors;
	struct metric_rows rows[SOURCES];
};

int metric_rows_add(struct metric_rows *rows, enum metric_source source, const void *added,
                    uint32_t count)
{
	size_t size = metric_request(source)->reply->row_size;
	void *grown;

	if (count > 0) {
		grown = realloc(rows->rows, (rows->count + count) * size);
		if (grown == NULL)
			return -ENOMEM;
		rows->rows = grown;
		memcpy((uint8_t *)grown + rows->count * size, added, count * size);
	}
	rows->count += count;
	return 0;
}

void metric_rows_free(struct metric_rows *rows)
{
	free(rows->rows);
	*rows = (struct metric_rows){0};
}

/* -- the answer -- */

static void scrape_lost(void *arg)
{
	struct scrape *scrape = arg;

	LIST_REMOVE(scrape, entry);
	free(scrape);
}

static void scrapes_answer(struct metrics_collector *collector)
{
	struct scrape *scrape;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (out != NULL) {
		metrics_print(out, collector->rows, collector->errors);
		fclose(out);
	}
	while ((scrape = LIST_FIRST(&collector->scrapes)) != NULL) {
		struct http_request *request = scrape->request;

		scrape_lost(scrape);
		http_answer(request, text != NULL ? 200 : 503, TYPE_METRICS, text, length);
	}
	free(text);
	for (int i = 0; i < SOURCES; i++)
		metric_rows_free(&collector->rows[i]);
	collector->running = false;
}

/* -- the rows -- */

static void source_ask(struct metrics_collector *collector);

static void source_next(struct metrics_collector *collector)
{
	collector->source++;
	source_ask(collector);
}

/* Half of a source is none: what is missing would look as if it had gone. */
static void source_fail(struct metrics_collector *collector, bool error)
{
	collector->errors += error;
	metric_rows_free(&collector->rows[collector->source]);
	source_next(collector);
}

static void on_rows(void *arg, const void *rows, uint32_t length, bool more)
{
	struct metrics_collector *collector = arg;
	enum metric_source source = collector->source;
	struct asker *asker = collector->asker;

	if (!more)
		collector->asker = NULL;
	if (metric_rows_add(&collector->rows[source], source, rows,
	                    length / metric_request(source)->reply->row_size) != 0) {
		collector->asker = NULL;
		if (more)
			asker_end(asker);
		source_fail(collector, true);
		return;
	}
	if (more)
		return;
	collector->rows[source].whole = true;
	/* The version's second row is the dataplane's. */
	if (source == SOURCE_VERSION && collector->rows[source].count < 2)
		collector->away = true;
	source_next(collector);
}

static void on_failed(void *arg, int status, const char *why)
{
	struct metrics_collector *collector = arg;
	bool away = collector->away;

	collector->asker = NULL;
	if (status == -EHOSTDOWN || status == -ETIMEDOUT)
		collector->away = true;
	/* That the dataplane is away, sluice_dataplane_up says. */
	source_fail(collector, !away || status != -EHOSTDOWN);
}

/* While the dataplane is away only what the control plane answers too is asked. */
static bool source_is_asked(const struct metrics_collector *collector, enum metric_source source)
{
	return !collector->away || metric_request(source)->server != BY_DATAPLANE;
}

static void source_ask(struct metrics_collector *collector)
{
	static const struct asker_handler handler = {on_rows, on_failed};
	struct command_request request = {0};

	for (; collector->source < SOURCES; collector->source++) {
		if (!source_is_asked(collector, collector->source))
			continue;
		request.command = command_of_type(metric_request(collector->source)->type);
		request.length = command_asks(request.command)->body_size;
		collector->asker = asker_create(&collector->asks, &request, &handler, collector);
		if (collector->asker != NULL)
			return;
		collector->errors++;
	}
	scrapes_answer(collector);
}

static void on_metrics(struct http_request *request, void *arg)
{
	struct metrics_collector *collector = arg;
	struct scrape *scrape = calloc(1, sizeof(*scrape));

	if (scrape == NULL) {
		http_refuse(request, 503, "no memory");
		return;
	}
	scrape->request = request;
	LIST_INSERT_HEAD(&collector->scrapes, scrape, entry);
	http_on_lost(request, scrape_lost, scrape);
	if (collector->running)
		return;
	collector->running = true;
	collector->away = false;
	collector->errors = 0;
	collector->source = 0;
	source_ask(collector);
}

struct metrics_collector *metrics_collector_create(struct http *http,
                                                   const struct asker_options *asks)
{
	struct metrics_collector *collector = calloc(1, sizeof(*collector));
	const struct http_route route = {EVHTTP_REQ_GET, "/metrics", HTTP_READ, on_metrics,
	                                 collector};

	if (collector == NULL)
		return NULL;
	collector->asks = *asks;
	LIST_INIT(&collector->scrapes);
	if (http_route_add(http, &route) == 0)
		return collector;
	free(collector);
	return NULL;
}

void metrics_collector_destroy(struct metrics_collector *collector)
{
	if (collector == NULL)
		return;
	if (collector->asker != NULL)
		asker_end(collector->asker);
	for (int i = 0; i < SOURCES; i++)
		metric_rows_free(&collector->rows[i]);
	free(collector);
}
