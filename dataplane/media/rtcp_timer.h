/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each endpoint is told about once a second (RFC 3550, 6): how its streams reach us, and for
 * each subscription a sender report under its own SSRC and times, or its BYE.
 */
#ifndef MEDIA_RTCP_TIMER_H
#define MEDIA_RTCP_TIMER_H

#include "media/state.h"

/* One compound of the endpoint's round of reports; the next round is due when this one is over. */
void rtcp_report(struct media_worker *media_worker, struct endpoint *endpoint);

/* Those that are due among the slice of all endpoints that time has brought up: often called, it
 * has little to do each time. */
void rtcp_timers_run(struct media_worker *media_worker);

#endif
