/* SPDX-License-Identifier: BSD-3-Clause */
/* What a bench found: rows, for people or as JSON. */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include <stdbool.h>
#include <stdint.h>

#define ROWS_MAX       512
#define ROW_NODES_MAX  24
#define ROW_VALUES_MAX 8

struct row_node {
	char name[64];
	double cycles; /* TSC cycles a packet of the row */
};

/* What has no column. */
struct row_value {
	const char *name; /* its key in JSON */
	double value;
};

/* A row measures a rate, or bytes; 0: has none. */
struct row {
	char name[48]; /* the case's path */
	double mpps;   /* millions of packets or requests a second, of the best round */
	double ns;     /* for each */
	double median_ns;
	const char *limit; /* what is measured beside it, in the same run */
	double limit_mpps;
	const char *peer; /* what others do, in the same run; NULL: not measured */
	double peer_mpps;
	double over_empty_ns; /* of a verdict: ns above what the limit takes */
	double bytes, limit_bytes;
	uint32_t n_nodes;
	struct row_node nodes[ROW_NODES_MAX];
	uint32_t n_values;
	struct row_value values[ROW_VALUES_MAX];
	char failed[96]; /* why there is nothing of the above; empty: there is */
};

struct rows {
	const char *bench;
	const char *pages; /* what the tables lie on */
	bool quick;        /* few rounds */
	uint32_t count, failed;
	struct row rows[ROWS_MAX];
};

/* The next row, zeroed. */
struct row *row_add(struct rows *rows, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

void row_value(struct row *row, const char *name, double value);

/* The case has failed; the first reason that is given holds. */
void row_fail(struct rows *rows, struct row *row, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

struct rte_graph;

/* Adds `sign` times each node's cycles; then what that is for a packet. */
void row_nodes_add(struct row *row, struct rte_graph *graph, double sign);
void row_nodes_average(struct row *row, double packets);

void rows_print(const struct rows *rows);
/* 0 or -1. */
int rows_print_json(const struct rows *rows);

#endif
