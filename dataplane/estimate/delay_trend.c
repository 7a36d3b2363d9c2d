/* SPDX-License-Identifier: BSD-3-Clause */
#include "estimate/delay_trend.h"

#include <string.h>

/* Least squares; 0 where all came at one time. */
static double line_slope(const struct delay_trend *trend)
{
	double at = 0, delay = 0, over = 0, under = 0;

	for (uint32_t i = 0; i < DELAY_GROUPS; i++) {
		at += trend->at_ms[i] / DELAY_GROUPS;
		delay += trend->delay_ms[i] / DELAY_GROUPS;
	}
	for (uint32_t i = 0; i < DELAY_GROUPS; i++) {
		over += (trend->at_ms[i] - at) * (trend->delay_ms[i] - delay);
		under += (trend->at_ms[i] - at) * (trend->at_ms[i] - at);
	}
	return under > 0 ? over / under : 0;
}

static double distance(double value)
{
	return value < 0 ? -value : value;
}

static void threshold_follow(struct delay_trend *trend, int64_t came)
{
	double ms = (double)(came - trend->judged) / 1000, apart = distance(trend->trend_ms);

	trend->judged = came;
	if (apart > trend->threshold_ms + DELAY_SPIKE_MS)
		return;
	if (ms > 100)
		ms = 100;
	trend->threshold_ms += (apart < trend->threshold_ms ? DELAY_FALL : DELAY_RISE) *
	                       (apart - trend->threshold_ms) * ms;
	if (trend->threshold_ms < DELAY_LEAST_MS)
		trend->threshold_ms = DELAY_LEAST_MS;
	if (trend->threshold_ms > DELAY_MOST_MS)
		trend->threshold_ms = DELAY_MOST_MS;
}

/* passed: since the group before was sent. */
static void trend_judge(struct delay_trend *trend, uint64_t passed)
{
	if (trend->trend_ms > trend->threshold_ms) {
		trend->over_us += passed;
		trend->overs++;
		/* one that is above it and falls again is at its end */
		if (trend->over_us > DELAY_OVER_US && trend->overs > 1 &&
		    trend->trend_ms >= trend->before_ms)
			trend->state = DELAY_OVER;
	} else {
		trend->over_us = 0;
		trend->overs = 0;
		trend->state = trend->trend_ms < -trend->threshold_ms ? DELAY_UNDER : DELAY_NORMAL;
	}
	trend->before_ms = trend->trend_ms;
}

static void group_take(struct delay_trend *trend)
{
	uint64_t passed = trend->now.sent - trend->before.sent;
	double later = (double)(trend->now.delay - trend->before.delay) / 1000;
	uint32_t place = trend->groups % DELAY_GROUPS;
	uint32_t gain;

	if (trend->groups++ == 0)
		trend->began = trend->now.came;
	trend->sum_ms += later;
	trend->smooth_ms = DELAY_SMOOTH * trend->smooth_ms + (1 - DELAY_SMOOTH) * trend->sum_ms;
	trend->at_ms[place] = (double)(trend->now.came - trend->began) / 1000;
	trend->delay_ms[place] = trend->smooth_ms;
	if (trend->groups < DELAY_GROUPS)
		return;
	gain = trend->groups < DELAY_GAIN_MAX ? trend->groups : DELAY_GAIN_MAX;
	trend->trend_ms = line_slope(trend) * gain * DELAY_GAIN;
	trend_judge(trend, passed);
	threshold_follow(trend, trend->now.came);
}

/* Sent together; or come in one burst, which says nothing of the queue in front of it. */
static bool joins(const struct delay_group *group, uint64_t sent, int64_t came)
{
	int64_t later = came - group->came - (int64_t)(sent - group->sent);

	if (sent - group->first_sent <= DELAY_GROUP_US)
		return true;
	return later < 0 && came - group->came <= DELAY_GROUP_US &&
	       came - group->first_came < DELAY_GROUP_MAX;
}

static void trend_begin(struct delay_trend *trend)
{
	memset(trend, 0, sizeof(*trend));
	trend->threshold_ms = DELAY_START_MS;
}

void delay_packet(struct delay_trend *trend, uint64_t sent, int64_t came)
{
	struct delay_group *now = &trend->now;
	int64_t delay = came - (int64_t)sent;

	/* the sender's clock is ours: it came late, and says of the queue what is known already */
	if (now->any && sent < now->sent)
		return;
	if (!now->any || sent - now->sent > DELAY_SILENT_US || came - now->came > DELAY_SILENT_US ||
	    now->came - came > DELAY_SILENT_US) {
		trend_begin(trend);
	} else if (joins(now, sent, came)) {
		now->sent = sent;
		if (came > now->came)
			now->came = came;
		if (delay < now->delay)
			now->delay = delay;
		return;
	} else {
		if (trend->before.any)
			group_take(trend);
		trend->before = *now;
	}
	*now = (struct delay_group){
	        .first_sent = sent,
	        .sent = sent,
	        .first_came = came,
	        .came = came,
	        .delay = delay,
	        .any = true,
	};
}
