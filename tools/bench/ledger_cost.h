/* SPDX-License-Identifier: BSD-3-Clause */
/* What the ledger costs a TURN server. */
#ifndef BENCH_LEDGER_COST_H
#define BENCH_LEDGER_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "population.h"
#include "row.h"

bool ledger_cost_wanted(const char *glob);
/* turn/ledger/take: the time that a start needs for so many allocations with a permission and a
 * channel each; the limit is five seconds. */
bool ledger_take_wanted(const char *glob);
void ledger_take_run(uint32_t clients, struct rows *rows);
/* turn/ledger/...: rows whose limit is the same without a ledger, in turn with it, in a population
 * of so many clients. relay: makes the load of media. */
void ledger_cost_run(uint32_t clients, const char *glob, struct rows *rows,
                     void (*relay)(struct population *population, void *context,
                                   void (*run)(struct load *load, void *context)));

#endif
