/* SPDX-License-Identifier: BSD-3-Clause */
/* What a capture costs a load that runs beside it. */
#ifndef BENCH_CAPTURE_COST_H
#define BENCH_CAPTURE_COST_H

#include <stdbool.h>

#include "load.h"
#include "row.h"

bool capture_cost_wanted(const char *glob);
/* turn/capture/...: rows whose limit is the same load without a capture, in turn with it. 0 or -1.
 */
void capture_cost_run(struct load *load, const char *glob, struct rows *rows);

#endif
