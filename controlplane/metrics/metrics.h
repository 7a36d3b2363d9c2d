/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Prometheus is told: the columns of the rows of `show` requests (common/request.h) that name
 * a metric. The dataplane's named counters (`counter show`) follow by rules for their areas, so
 * that a new one needs no line here. The text of /metrics and docs/metrics.md come from these
 * tables.
 * No label has a value that clients choose: the number of series is bound by ports, workers, nodes
 * of the graph, reasons and regions.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "common/request.h"
#include "control/asker.h"
#include "http/http.h"

#include <stdio.h>

/* The `show` requests that are asked, in order. */
enum metric_source {
	SOURCE_VERSION,
	SOURCE_HTTP,
	SOURCE_CONFIG,
	SOURCE_GATE,
	SOURCE_REGION,
	SOURCE_SNAPSHOT,
	SOURCE_TURN,
	SOURCE_WORKER,
	SOURCE_PORT,
	SOURCE_GRAPH,
	SOURCE_POOL,
	SOURCE_CAPTURE,
	SOURCE_MEDIA,
	SOURCE_LEDGER,
	SOURCE_WHIP,
	SOURCE_CERTIFICATE,
	SOURCE_ACCOUNTING,
	SOURCE_REALM,
	SOURCE_COUNTER,
	SOURCES,
};
const struct request *metric_request(enum metric_source source);

/* Of those that no row has. */
#define METRIC_DATAPLANE_UP "1: the dataplane answers"
#define METRIC_SCRAPE_ERRORS                                                                       \
	"parts of this page that are missing because their answer failed or was cut short"

/* A column that is a metric, and whose row it is in. */
struct metric {
	enum metric_source source;
	const struct column *column;
};
/* The next one. Start with {0}; false: there are no more. */
bool metric_next(struct metric *metric);
const char *metric_help(const struct metric *metric);
/* "counter" or "gauge" */
const char *metric_kind(const struct metric *metric);
/* One sample of all rows, without a label. */
bool metric_is_total(const struct metric *metric);
/* The label that tells its rows apart; NULL: there is none. */
const struct column *metric_label(const struct metric *metric);

/* Rules for `area.what`: a family of one label, a metric for each counter, or none where another
 * source has more. */
struct metric_area {
	const char *area;
	const char *family; /* NULL: "sluice_AREA_WHAT_total" */
	const char *label;
	const char *help;
	bool elsewhere;
};
/* Ends with an area of NULL, whose rule is for all others. */
extern const struct metric_area metric_areas[];
const struct metric_area *metric_area_of(const char *name, size_t length);

#define METRIC_NAME_MAX 96

/* "turn.allocate_success" is "sluice_turn_allocate_success_total" where its area has no family. */
void metric_counter_name(const char *counter, char *name, size_t room);

/* Rows as they were answered. */
struct metric_rows {
	void *rows;
	uint32_t count;
	bool whole; /* all of them are here */
};

/* 0, or -ENOMEM. */
int metric_rows_add(struct metric_rows *rows, enum metric_source source, const void *added,
                    uint32_t count);
void metric_rows_free(struct metric_rows *rows);

/* The exposition format 0.0.4. errors: sources that had no whole answer. */
void metrics_print(FILE *out, const struct metric_rows rows[SOURCES], uint32_t errors);

/* -- collect.c: GET /metrics -- */

struct metrics_collector;

/* NULL: no memory or no room. */
struct metrics_collector *metrics_collector_create(struct http *http,
                                                   const struct asker_options *asks);
void metrics_collector_destroy(struct metrics_collector *collector);

#endif
