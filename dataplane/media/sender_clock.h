/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a publisher's clock read what (RFC 3550, 6.4.1): its owner writes it from sender reports,
 * the workers of the subscriptions read it to write theirs. No lock: a version that is odd while
 * it changes.
 */
#ifndef MEDIA_SENDER_CLOCK_H
#define MEDIA_SENDER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Both clocks run on for this long behind a report; then it says nothing any more. */
#define SENDER_CLOCK_SECONDS_MAX 120

struct sender_clock {
	uint32_t version; /* atomic; 0: no report yet */
	uint32_t rtp;
	uint64_t ntp; /* the publisher's */
	uint64_t tsc; /* ours, when the report came */
};

/* The owner. ntp 0: from now on none; a publisher that knows no time sends it, too (RFC
 * 3550, 6.4.1). */
void sender_clock_write(struct sender_clock *clock, uint64_t ntp, uint32_t rtp, uint64_t tsc);
/* Any worker. False: no report yet. */
bool sender_clock_read(const struct sender_clock *clock, struct sender_clock *read);
/* What both clocks say at `tsc`, so that what we send is as fresh as what the publisher would. */
bool sender_clock_at(const struct sender_clock *clock, uint64_t tsc, uint64_t tsc_hz,
                     uint32_t clock_hz, uint64_t *ntp, uint32_t *rtp);

#endif
