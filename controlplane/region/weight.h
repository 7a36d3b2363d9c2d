/* SPDX-License-Identifier: BSD-3-Clause */
/* What every node has to compute alike: the hash of a name, without a key, and a node's weight. */
#ifndef REGION_WEIGHT_H
#define REGION_WEIGHT_H

#include "region/node.h"

#define CHOICE_STEPS 16 /* of spare capacity */

uint64_t choice_hash(const void *bytes, size_t length);

/* Of a node that takes new work: 0 where it is full. */
uint32_t choice_weight(const struct node_record *record);

#endif
