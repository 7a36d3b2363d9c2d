/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the path to one viewer carries, in kbit/s: by when each packet that it was sent came
 * (transport-wide feedback), or by what it reports where it has agreed to no such feedback: REMB,
 * and loss in receiver reports. docs/estimates.md says why each constant is what it is. Pure: the
 * caller has the clock. Times are in microseconds.
 */
#ifndef ESTIMATE_DOWNLINK_H
#define ESTIMATE_DOWNLINK_H

#include "estimate/burst.h"
#include "estimate/delay_trend.h"

#define DOWNLINK_LEAST_KBPS 50
#define DOWNLINK_MOST_KBPS  200000
#define DOWNLINK_START_KBPS 300

#define DOWNLINK_BIN_US      25000
#define DOWNLINK_BINS        16 /* what was delivered in 400 ms; power of two */
#define DOWNLINK_BINS_LATEST 6  /* ... or in the last 150 ms of it, where that is more */

#define DOWNLINK_FALL_PERCENT 85      /* of what is delivered, where the queue grows */
#define DOWNLINK_DROP_PERCENT 90      /* of what a burst has proven, where that is less than ... */
#define DOWNLINK_DROP_BELOW   90      /* ... so much of the estimate, in percent */
#define DOWNLINK_PROVEN_US    2000000 /* so long what it, or a probe, has proven holds */
#define DOWNLINK_RISE_PERCENT 8       /* a second, while nothing speaks against it */
#define DOWNLINK_NEAR_PERCENT 15      /* around where it fell last it rises by a packet */
#define DOWNLINK_PACKET_BITS  9600    /* ... of so many bits in each response time */
#define DOWNLINK_RESPONSE_US  100000  /* and the round trip: until a change is seen */
#define DOWNLINK_IDLE_PERCENT 150 /* of what is delivered: nothing more is known by media alone */

#define DOWNLINK_LOSS_PACKETS 20     /* and ... */
#define DOWNLINK_LOSS_US      300000 /* ... this time make a share */
#define DOWNLINK_LOSS_LITTLE  20     /* per mille: below it it may rise */
#define DOWNLINK_LOSS_MUCH    100    /* above it it falls by half the share */

#define DOWNLINK_PROBE_PACKETS 5       /* at least, of which ... */
#define DOWNLINK_PROBE_CAME    80      /* ... this share came, in percent */
#define DOWNLINK_PROBE_FULL    90      /* so much slower than it was sent: the link was full */
#define DOWNLINK_PROBE_OF_FULL 95      /* what is taken then of what came */
#define DOWNLINK_PROBE_US      2000000 /* unanswered after it */

enum downlink_reason {
	DOWNLINK_START, /* nothing is known yet */
	DOWNLINK_RISES,
	DOWNLINK_QUEUE, /* it fell: the queue grew */
	DOWNLINK_LOSS,  /* the same: too much was lost */
	DOWNLINK_PROBE, /* a probe has proven it */
	DOWNLINK_REMB,  /* the viewer says so */
};

/* A cluster of packets, media among them, sent at a rate above the media's. */
struct downlink_probe {
	bool sending, waiting; /* waiting: for the word of its last packet */
	uint16_t first, last;  /* transport-wide numbers */
	uint64_t began;
	uint32_t packets; /* of it, as numbers */
	uint32_t came, bytes;
	uint32_t first_bytes, last_bytes; /* of those that came first and last */
	uint64_t first_sent, last_sent;
	int64_t first_came, last_came;
};

struct downlink {
	uint32_t kbps; /* 0: not begun */
	uint32_t bits; /* a second, beside the kbps */
	enum downlink_reason reason;
	struct delay_trend trend;
	uint64_t updated;
	uint64_t rtt; /* the least of a message, smoothed; feedback's own wait is in it */
	/* delivered */
	int64_t bin; /* number of the latest one */
	uint32_t bins[DOWNLINK_BINS];
	uint32_t delivered; /* kbit/s; 0: not known */
	bool filled;        /* for long enough */
	int64_t bin_first;
	/* falls */
	uint64_t fell;
	uint32_t fell_at; /* delivered when it fell last, smoothed; 0: not known */
	uint64_t queued;  /* when the queue was seen to grow last */
	struct burst burst;
	uint32_t proven;    /* kbit/s that a burst or a probe has proven last ... */
	uint64_t proven_at; /* ... and when */
	bool proven_now;    /* by this message */
	uint64_t dropped;   /* when that was less than the estimate last; 0: never */
	/* loss */
	uint32_t told, lost;
	uint64_t loss_since, loss_fell;
	uint32_t loss; /* per mille, of the last share */
	struct downlink_probe probe;
	uint32_t probes_proven, probes_failed;
};

void downlink_begin(struct downlink *downlink, uint32_t kbps, uint64_t now);

/* A packet that came: `sent` by our clock, `came` by the viewer's. */
void downlink_arrived(struct downlink *downlink, uint16_t number, uint64_t sent, int64_t came,
                      uint32_t bytes);
/* All of a message was said: so many packets came, so many were told to be lost; `newest` is the
 * last number that it says anything of, sent_newest when the last one that came was sent. */
void downlink_told(struct downlink *downlink, uint64_t now, uint32_t came, uint32_t lost,
                   uint16_t newest, uint64_t sent_newest);

/* What is sent from this number on is a probe, up to the number that ends it. */
void downlink_probe_begin(struct downlink *downlink, uint16_t first, uint64_t now);
void downlink_probe_end(struct downlink *downlink, uint16_t last);
/* There was none. */
static inline void downlink_probe_drop(struct downlink *downlink)
{
	downlink->probe.sending = false;
}
static inline bool downlink_probes(const struct downlink *downlink)
{
	return downlink->probe.sending || downlink->probe.waiting;
}

/* A viewer without transport-wide feedback: of 256, as a report says; and REMB, where it was told
 * (kbps 0: not). sent: kbit/s that it is sent. */
void downlink_reported(struct downlink *downlink, uint64_t now, uint8_t fraction_lost,
                       uint32_t remb_kbps, uint32_t sent);

/* The queue has grown in the last second or something gets lost: no time for a probe. */
bool downlink_is_calm(const struct downlink *downlink, uint64_t now);

#endif
