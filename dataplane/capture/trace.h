/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way of the next packets through the graph. While a trace runs, each node's function is
 * replaced by one that looks at the packets before and after it; without a trace there is nothing
 * that could cost.
 */
#ifndef CAPTURE_TRACE_H
#define CAPTURE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/capture.h>

struct dataplane;
struct trace;

/* Control thread. 0 or -errno with a line in `why`; -EBUSY: a trace runs already. */
int trace_start(struct dataplane *dp, const struct sluice_trace *asked, struct trace **trace,
                char *why);
/* Whole packets, as far as `max` rows go, from the one that was not read yet. */
uint32_t trace_read(struct trace *trace, struct sluice_trace_row *rows, uint32_t max);
/* All that was wanted has been read, or its time is over. */
bool trace_ended(const struct trace *trace);
void trace_stop(struct dataplane *dp, struct trace *trace);

#endif
