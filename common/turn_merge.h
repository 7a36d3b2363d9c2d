/* SPDX-License-Identifier: BSD-3-Clause */
/* What the limits are after SLUICE_TURN_QUOTA_SET: the dataplane changes them so, and the control
 * plane its line of the configuration. */
#ifndef COMMON_TURN_MERGE_H
#define COMMON_TURN_MERGE_H

#include <stdbool.h>

#include <sluice/turn.h>

/* What is given takes its place, and is given in *quota from then on. */
void quota_merge(struct sluice_turn_quota *quota, const struct sluice_turn_quota *set);
/* Both give the same field another value. */
bool quota_contradicts(const struct sluice_turn_quota *a, const struct sluice_turn_quota *b);

#endif
