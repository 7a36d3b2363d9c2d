/* SPDX-License-Identifier: BSD-3-Clause */
/* Tells the log when the gate sees attacks begin and end: XDP's, or that of the workers. */
#ifndef COMMON_ATTACK_LOG_H
#define COMMON_ATTACK_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <gate_verdict.h>

/* What it was told last; begins as {0}. */
struct attack_log {
	bool host;
	uint64_t prefixes, prefixes_calm; /* attacks that began, and were over */
};

/* more: behind what is said of prefixes. */
void attack_log_follow(struct attack_log *log, bool host, const uint64_t counters[GATE_COUNTERS],
                       const char *more);

#endif
