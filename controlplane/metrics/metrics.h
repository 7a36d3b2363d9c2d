/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Prometheus is told. One table (table.c) declares each metric over the rows of the API's
 * `show` requests; the text of /metrics and docs/metrics.md come from it. The dataplane's named
 * counters (`counter show`) follow by rules for their areas, so that a new one needs no line here.
 * No label has a value that clients choose: the number of series is bound by ports, workers, nodes
 * of the graph, reasons and regions.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "control/asker.h"
#include "http/http.h"

#include <stdio.h>

enum metric_kind {
	METRIC_COUNTER,
	METRIC_GAUGE,
};

/* How a row's field becomes a value. */
enum metric_value {
	VALUE_FIELD,  /* as it is */
	VALUE_CYCLES, /* uint64_t of cycles, as seconds by the row's own clock rate at `second` */
	VALUE_MS,     /* as seconds; UINT32_MAX: no sample */
	VALUE_IS,     /* 1 where it is `second`, else 0 */
	VALUE_STATE,  /* a sample for each of `choices`: 1 for the one that it is */
};

/* The `show` requests that are asked, in order. */
enum metric_source {
	SOURCE_VERSION,
	SOURCE_HTTP,
	SOURCE_GATE,
	SOURCE_REGION,
	SOURCE_SNAPSHOT,
	SOURCE_TURN,
	SOURCE_WORKER,
	SOURCE_PORT,
	SOURCE_GRAPH,
	SOURCE_MEDIA,
	SOURCE_COUNTER,
	SOURCES,
};

struct metric_source_info {
	uint16_t type; /* enum sluice_api_type */
	uint16_t row_size;
	const char *label; /* that tells its rows apart; NULL: there is one */
	uint16_t label_offset, label_size;
	bool label_number; /* uint32_t, else char[] */
};
extern const struct metric_source_info metric_sources[SOURCES];

struct metric {
	const char *name; /* with Prometheus' base units */
	const char *help;
	enum metric_kind kind;
	enum metric_source source;
	enum metric_value value;
	uint16_t offset, size;
	uint64_t second;
	const char *const *choices;
};
/* Ends with a name of NULL. */
extern const struct metric metrics[];

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

/* Rows as they were answered. */
struct metric_rows {
	void *rows;
	uint32_t count;
};

/* 0, or -ENOMEM. */
int metric_rows_add(struct metric_rows *rows, enum metric_source source, const void *added,
                    uint32_t count);
void metric_rows_free(struct metric_rows *rows);

/* The exposition format 0.0.4. */
void metrics_print(FILE *out, const struct metric_rows rows[SOURCES]);
/* docs/metrics.md */
void metrics_document(FILE *out);

/* -- collect.c: GET /metrics -- */

struct metrics_collector;

/* NULL: no memory or no room. */
struct metrics_collector *metrics_collector_create(struct http *http,
                                                   const struct asker_options *asks);
void metrics_collector_destroy(struct metrics_collector *collector);

#endif
