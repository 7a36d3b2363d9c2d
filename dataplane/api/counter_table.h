/* SPDX-License-Identifier: BSD-3-Clause */
/* Every counter that belongs to no port and to no worker, as it is declared beside what counts it:
 * its name, unit and help. docs/metrics.md is made from this too. */
#ifndef API_COUNTER_TABLE_H
#define API_COUNTER_TABLE_H

#include <stdbool.h>

#include <sluice/stats.h>

enum counter_area {
	COUNTER_DROP,
	COUNTER_IP,
	COUNTER_TURN,
	COUNTER_STREAM,
	COUNTER_GATE_NODE,
	COUNTER_MEDIA,
	COUNTER_ICE,
	COUNTER_DTLS,
	COUNTER_GATE, /* XDP's: the control plane has its values */
	COUNTER_AREAS,
};

/* The index-th of an area, with a value of 0; false: there are no more. */
bool counter_declared(enum counter_area area, uint32_t index, struct sluice_counter_row *row);

/* unit NULL: packets. */
void counter_row_set(struct sluice_counter_row *row, const char *area, const char *name,
                     const char *help, const char *unit);

#endif
