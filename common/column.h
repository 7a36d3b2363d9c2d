/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A field of the API's rows, declared once, in common/requests_*.c: the columns of the CLI and of
 * its JSON, their part of the manual and of OpenAPI, /metrics, `counter show` and docs/metrics.md
 * all come from it.
 */
#ifndef COMMON_COLUMN_H
#define COMMON_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a field of a struct lies. */
#define FIELD_SIZE(body, member) sizeof(((struct body *)0)->member)
#define FIELD(body, member)                                                                        \
	.offset = offsetof(struct body, member), .size = FIELD_SIZE(body, member)

enum column_type {
	COLUMN_TEXT,    /* char[] */
	COLUMN_WORDS,   /* char[]: an array in JSON */
	COLUMN_NUMBER,  /* uint of `size` bytes */
	COLUMN_CHOICE,  /* uint: a word of `choices` */
	COLUMN_ADDRESS, /* struct sluice_addr; null where it is all zero */
	COLUMN_MAC,     /* 6 bytes */
	COLUMN_RATIO,   /* uint64_t at `offset` divided by the one at `second`; null where that is 0
	                 */
	COLUMN_TIME,    /* uint64_t: Unix time; null where it is 0 */
	COLUMN_COMMAND, /* char[]: a command, whose own words are printable */
};

/* How the column becomes a metric. */
enum metric_form {
	METRIC_VALUE,  /* the number; of cycles and milliseconds: seconds */
	METRIC_IS,     /* 1 where it is `is`, else 0 */
	METRIC_STATES, /* a sample for each of `choices`: 1 for the one that it is */
	METRIC_INFO,   /* 1, with all labels of the row */
	METRIC_SUM,    /* one sample: the sum over all rows */
	METRIC_ROWS,   /* one sample: how many rows there are */
	METRIC_LEAST,  /* one sample: the least of all rows; 0 where there is none */
};

struct column {
	const char *key;
	const char *help;
	enum column_type type;
	bool only_json; /* too much for a table */
	uint16_t offset, size, second;
	const char *const *choices; /* common/words.h */
	uint64_t absent;            /* a number with this value is shown as absent; 0: none is */
	const char *unit;           /* of a number; NULL: it is in the help, or there is none */
	/* -- /metrics -- */
	bool counter;       /* only grows; of ports and workers `counter show` has it too */
	const char *metric; /* its name; NULL: it is none. Of cycles: in seconds, by the cycles a
	                       second at `second` */
	const char *metric_help; /* NULL: `help` */
	enum metric_form form;
	uint16_t is; /* METRIC_IS */
	/* Name of the label that it is: of the first column on all samples of the row, of others on
	 * METRIC_INFO alone. NULL: it is none. */
	const char *label;
};

/* Its help, with the unit or the words where that does not say them. Bytes: COLUMN_ABOUT_MAX. */
#define COLUMN_ABOUT_MAX 160
const char *column_about(const struct column *column, char *text);
/* The i-th that is a counter, or NULL after the last one. */
const struct column *column_counter(const struct column *columns, uint32_t i);

#endif
