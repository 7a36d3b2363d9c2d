/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of sluice-bench. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "common/option.h"

enum bench_name {
	BENCH_TURN,
	BENCH_GATE,
	BENCH_REGIONS,
	BENCH_SRTP,
	BENCH_WEBRTC,
	BENCHES,
};

struct bench_options {
	bool json, quick, version, help;
};

/* By enum bench_name. */
extern const struct program_word bench_words[];

#endif
