/* SPDX-License-Identifier: BSD-3-Clause */
#include "estimate/remb.h"

#define LOSS_LITTLE  5  /* 2 % of 256 */
#define LOSS_MUCH    26 /* 10 % */
#define RISE_PERCENT 108

uint32_t remb_next(struct remb *remb, uint64_t bytes, uint64_t us, uint8_t fraction_lost)
{
	uint64_t came = us == 0 ? 0 : bytes * 8000 / us;
	uint64_t kbps = remb->kbps != 0 ? remb->kbps : REMB_START_KBPS;

	if (fraction_lost > LOSS_MUCH)
		kbps = kbps * (512 - fraction_lost) / 512;
	else if (fraction_lost <= LOSS_LITTLE && 2 * came > kbps)
		kbps = 2 * came;
	else if (fraction_lost <= LOSS_LITTLE && came * 100 > kbps * 85)
		kbps = kbps * RISE_PERCENT / 100;
	if (kbps < REMB_LEAST_KBPS)
		kbps = REMB_LEAST_KBPS;
	if (kbps > REMB_MOST_KBPS)
		kbps = REMB_MOST_KBPS;
	remb->kbps = (uint32_t)kbps;
	return remb->kbps;
}
