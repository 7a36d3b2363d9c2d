/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Prometheus is told, over the rows of the API's `show` requests: the metrics of table.c, and
 * the columns of ports, workers and nodes (common/column.h) that name one. The dataplane's named
 * counters (`counter show`) follow by rules for their areas, so that a new one needs no line here.
 * The text of /metrics and docs/metrics.md come from these tables.
 * No label has a value that clients choose: the number of series is bound by ports, workers, nodes
 * of the graph, reasons and regions.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "common/column.h"
#include "control/asker.h"
#include "http/http.h"

#include <stdio.h>

enum metric_kind {
	METRIC_COUNTER,
	METRIC_GAUGE,
};
extern const char *const metric_kinds[];

/* How a row's field becomes a value. */
enum metric_value {
	VALUE_FIELD,  /* as it is */
	VALUE_CYCLES, /* uint64_t of cycles, as seconds by the row's own clock rate at `second` */
	VALUE_MS,     /* as seconds; UINT32_MAX: no sample */
	VALUE_IS,     /* 1 where it is `second`, else 0 */
	VALUE_STATE,  /* a sample for each of `choices`: 1 for the one that it is */
	VALUE_INFO,   /* 1, with the texts of `labels` */
	VALUE_SUM,    /* over all rows */
	VALUE_ROWS,   /* how many there are */
};

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
	SOURCE_COUNTER,
	SOURCES,
};

struct metric_source_info {
	uint16_t type; /* enum sluice_api_type */
	uint16_t row_size;
	const char *label; /* that tells its rows apart; NULL: there is one */
	uint16_t label_offset, label_size;
	bool label_number;            /* uint32_t, else char[] */
	const struct column *columns; /* those with the name of a metric are one; NULL: none is */
};
extern const struct metric_source_info metric_sources[SOURCES];

struct metric_label {
	const char *name; /* NULL: the last one was */
	uint16_t offset, size;
};

struct metric {
	const char *name; /* with Prometheus' base units */
	const char *help;
	enum metric_kind kind;
	enum metric_source source;
	enum metric_value value;
	uint16_t offset, size;
	uint64_t second;
	const char *const *choices;
	const struct metric_label *labels;
};
/* Ends with a name of NULL. */
extern const struct metric metrics[];

/* Of those that no row has. */
#define METRIC_DATAPLANE_UP "1: the dataplane answers"
#define METRIC_SCRAPE_ERRORS                                                                       \
	"parts of this page that are missing because their answer failed or was cut short"

/* All metrics, the table's and the columns'. */
struct metric_walk {
	uint32_t index; /* in the table */
	uint32_t column;
	enum metric_source source; /* whose column */
	struct metric made;        /* of a column */
};
/* Start with {0}. The next one, valid until the next call; NULL: there are no more. */
const struct metric *metric_next(struct metric_walk *walk);

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
