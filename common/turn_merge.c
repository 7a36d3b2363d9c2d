/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/turn_merge.h"

static bool is_whole(const struct sluice_turn_quota *set)
{
	return set->whole ||
	       !(set->user_given || set->host_given || set->max_bps_given || set->capacity_given);
}

void quota_merge(struct sluice_turn_quota *quota, const struct sluice_turn_quota *set)
{
	if (is_whole(set)) {
		*quota = *set;
		quota->whole = 0;
		return;
	}
	if (set->user_given) {
		quota->user = set->user;
		quota->user_given = 1;
	}
	if (set->host_given) {
		quota->host = set->host;
		quota->host_given = 1;
	}
	if (set->max_bps_given) {
		quota->max_bps = set->max_bps;
		quota->max_bps_given = 1;
	}
	if (set->capacity_given) {
		quota->capacity_bps = set->capacity_bps;
		quota->capacity_given = 1;
	}
}

bool quota_contradicts(const struct sluice_turn_quota *a, const struct sluice_turn_quota *b)
{
	return (a->user_given && b->user_given && a->user != b->user) ||
	       (a->host_given && b->host_given && a->host != b->host) ||
	       (a->max_bps_given && b->max_bps_given && a->max_bps != b->max_bps) ||
	       (a->capacity_given && b->capacity_given && a->capacity_bps != b->capacity_bps);
}
