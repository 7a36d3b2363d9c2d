/* SPDX-License-Identifier: BSD-3-Clause */
/* The benches of sluice-bench. Each knows its cases by their paths; a glob chooses. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "row.h"

struct bench {
	/* How much memory EAL must have for these cases; 0: they need no EAL. */
	uint32_t (*megabytes)(const char *glob);
	/* Fills rows; a case that fails is a row that says so. 0, or -1 with a line on stderr where
	 * none can be run. */
	int (*run)(const char *glob, struct rows *rows);
};

uint32_t turn_bench_megabytes(const char *glob);
int turn_bench(const char *glob, struct rows *rows);

uint32_t gate_bench_megabytes(const char *glob);
int gate_bench(const char *glob, struct rows *rows);

uint32_t regions_bench_megabytes(const char *glob);
int regions_bench(const char *glob, struct rows *rows);
uint32_t srtp_bench_megabytes(const char *glob);
int srtp_bench(const char *glob, struct rows *rows);
uint32_t webrtc_bench_megabytes(const char *glob);
int webrtc_bench(const char *glob, struct rows *rows);

#endif
