/* SPDX-License-Identifier: BSD-3-Clause */
/* `top`: what is busy now, from two samples of what the daemons show. */
#ifndef CLI_TOP_H
#define CLI_TOP_H

#include "cli/session.h"

#include <stdio.h>
#include <time.h>

struct local_top;

enum top_table {
	TOP_VERSION,
	TOP_GATE,
	TOP_REGION,
	TOP_NODE,
	TOP_TURN,
	TOP_WORKER,
	TOP_PORT,
	TOP_ALLOCATION,
	TOP_STREAM,
	TOP_COUNTER,
	TOP_TABLES,
};

/* Rows of one answer, in the order of their keys. */
struct top_rows {
	void *rows;
	uint32_t count;
};

struct top_sample {
	struct timespec at; /* CLOCK_MONOTONIC */
	struct top_rows tables[TOP_TABLES];
};

/* 0, or -errno where nobody answers. A table that is not to be had is empty. */
int top_sample_take(struct session *session, struct top_sample *sample);
void top_sample_free(struct top_sample *sample);
/* The row of the same key in another sample, or NULL. */
const void *top_row_find(const struct top_sample *sample, enum top_table table, const void *row);
size_t top_row_size(enum top_table table);
const struct request *top_request(enum top_table table);
/* That lie between two samples. */
double top_seconds(const struct top_sample *before, const struct top_sample *now);

enum top_sort {
	TOP_SORT_RATE,
	TOP_SORT_TOTAL,
	TOP_SORT_NAME,
	TOP_SORTS,
};

struct top_view {
	enum top_sort sort;
	char filter[32]; /* part of what a row of the lists says; empty: all */
	bool typing;     /* the filter is being typed */
	bool styled;     /* reversed and bold letters; a terminal */
	uint32_t width, height;
};

/* At most view->height lines of at most view->width characters. */
void top_draw(FILE *out, const struct top_sample *before, const struct top_sample *now,
              const struct top_view *view);

/* One object: each table by its command's first word, in the form that the command has. */
void top_json(FILE *out, const struct top_sample *before, const struct top_sample *now);

/* Until q, or once. 0, or -errno: the error has been printed. */
int top_run(struct session *session, const struct local_top *options, const char *prefix);

#endif
