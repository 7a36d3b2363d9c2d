/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether the queue on a path grows, by how much later than its predecessor each group of packets
 * came than it was sent: the slope of a line through the last groups, against a threshold that
 * follows what is usual on the path (Carlucci et al., Analysis and Design of the Google Congestion
 * Control, 2016). A path that becomes longer once is a step, and no slope after it. Pure. Times are
 * in microseconds, of two clocks.
 */
#ifndef ESTIMATE_DELAY_TREND_H
#define ESTIMATE_DELAY_TREND_H

#include <stdbool.h>
#include <stdint.h>

#define DELAY_GROUP_US  5000   /* what is sent within it is one group: a frame, mostly */
#define DELAY_GROUP_MAX 100000 /* nor does what arrives in one burst make it longer than this */
#define DELAY_GROUPS    20     /* that the line goes through */
#define DELAY_SMOOTH    0.9    /* the part that stays of the delay before */
#define DELAY_GAIN      4.0
#define DELAY_GAIN_MAX  60   /* groups: more of them do not make it steeper */
#define DELAY_START_MS  12.5 /* threshold */
#define DELAY_LEAST_MS  6.0
#define DELAY_MOST_MS   600.0
#define DELAY_RISE      0.0087  /* of the threshold towards what is above it, for each ms */
#define DELAY_FALL      0.039   /* ... and what is below it */
#define DELAY_SPIKE_MS  15.0    /* so far above the threshold is no measure of what is usual */
#define DELAY_OVER_US   10000   /* so long above it is a queue that grows */
#define DELAY_SILENT_US 2000000 /* after it groups have nothing to do with each other */

enum delay_state {
	DELAY_NORMAL,
	DELAY_OVER,  /* the queue grows */
	DELAY_UNDER, /* it drains */
};

/* Its delay is the least of its packets': what was in the queue before them, and not they
 * themselves, for frames are sent at once. */
struct delay_group {
	uint64_t first_sent, sent; /* of its first and its last packet */
	int64_t first_came, came;
	int64_t delay; /* and an unknown constant */
	bool any;
};

struct delay_trend {
	struct delay_group now, before;
	double at_ms[DELAY_GROUPS], delay_ms[DELAY_GROUPS]; /* ring */
	uint32_t groups;                                    /* ever */
	int64_t began;                                      /* arrival of the first group */
	double sum_ms;                                      /* of what each came later */
	double smooth_ms;                                   /* the same, smoothed */
	double before_ms;                                   /* the trend before */
	double trend_ms;
	double threshold_ms;
	int64_t judged;   /* arrival that the threshold has followed last */
	uint64_t over_us; /* how long it has been above */
	uint32_t overs;   /* in how many groups */
	enum delay_state state;
};

/* In the order of their numbers. */
void delay_packet(struct delay_trend *trend, uint64_t sent, int64_t came);

#endif
