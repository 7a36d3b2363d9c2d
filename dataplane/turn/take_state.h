/* SPDX-License-Identifier: BSD-3-Clause */
/* A take-over while it runs: what its parts share. */
#ifndef TURN_TAKE_STATE_H
#define TURN_TAKE_STATE_H

#include "ledger/image.h"
#include "turn/state.h"
#include "turn/take.h"

struct take {
	struct turn *turn;
	const struct ledger_image *old;
	struct ledger_taken *taken;
	uint32_t now;     /* worker.now */
	uint32_t secrets; /* that were taken */
	struct {
		uint32_t *map;      /* [index in the old file]: index here; 0: was not taken */
		uint8_t *used;      /* [index here] */
		uint32_t count, at; /* of `used`; where the search for a free one goes on */
	} objects[TURN_OBJECTS];
};

/* Seconds that are left of a time in the ledger, negative where they are over. */
int32_t take_left(const struct take *take, uint32_t time);
struct ip_addr take_ip(const uint8_t bytes[16]);

/* The same index where that is possible; 0: none is free. */
uint32_t take_index_choose(struct take *take, enum turn_object object, uint32_t old);
void take_index_use(struct take *take, struct turn_worker *turn_worker, enum turn_object object,
                    uint32_t old, uint32_t index);

/* A whole record, or false, counted. */
bool take_record_read(struct take *take, enum sluice_ledger_kind kind, uint32_t index, void *record,
                      size_t size);

void take_allocation(struct take *take, uint32_t old_index);

#endif
