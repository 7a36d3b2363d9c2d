/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the path to an endpoint carries that others' streams are sent to, and which layers it gets
 * of them for that: all that it is sent is numbered and remembered, it tells what came
 * (estimate/downlink.h), and its subscriptions follow (estimate/steer.h). The endpoint's owner
 * writes it; the control thread makes the changes of layers, of which it is told by a ring.
 */
#ifndef MEDIA_VIEWER_H
#define MEDIA_VIEWER_H

#include "estimate/steer.h"
#include "media/rtcp_read.h"
#include "media/state.h"
#include "media/viewer_pace.h"

#define VIEWER_SENT      1024 /* packets that are remembered; power of two */
#define VIEWER_SENT_LINE (RTE_CACHE_LINE_SIZE / sizeof(struct viewer_sent))
#define VIEWER_LOOK_MS   50   /* between two looks */
#define VIEWER_QUIET_MS  5000 /* so long after its last word its estimate is none */
#define VIEWER_LEGS      32   /* subscriptions that are looked at */
#define VIEWER_ADVICE    1024 /* on the way to the control thread; power of two */
#define VIEWER_ADVICE_MS 500  /* until one that was not followed is given again */
#define VIEWER_UDP_IP    28   /* bytes of headers below RTP */
#define VIEWER_STATUSES  2048 /* numbers of one compound that are read */

struct viewer_sent {
	uint32_t us;    /* owner's clock */
	uint16_t bytes; /* 0: nothing, or it was told already */
	uint16_t number;
};

struct viewer {
	/* const */
	uint32_t life;            /* the endpoint's */
	bool numbered;            /* it tells of each number: `sent` and `pace` are there */
	struct viewer_pace *pace; /* the owner's; NULL: nothing of it waits */
	/* atomic; control thread */
	bool off;
	/* atomic; owner */
	uint32_t kbps;     /* 0: not known */
	uint64_t told_tsc; /* when it told something last */
	uint8_t why;       /* enum sluice_layer_reason */
	/* owner */
	uint64_t looked_tsc;
	uint64_t advised_tsc;
	uint64_t remb_tsc; /* when it said ... */
	uint32_t remb_kbps;
	uint32_t looks;
	bool steered;      /* its subscriptions leave out what its estimate says */
	bool probing;      /* stands in its owner's list */
	int64_t reference; /* of the last message, over its wraps, of 64 ms */
	struct steer steer;
	struct viewer_sent sent[]; /* [VIEWER_SENT] where `numbered` */
};
/* docs/estimates.md says what a viewer takes */
static_assert(sizeof(struct viewer_sent) * VIEWER_SENT == 8192, "its history");
static_assert(sizeof(struct viewer_pace) <= 6 * 1024 + 64, "what waits for it");
static_assert(sizeof(struct viewer) <= 1024, "all else of it");

/* Another layer for a subscription: from its owner to the control thread. */
struct viewer_advice {
	uint32_t subscription, life;
	uint32_t stream;
	uint32_t from; /* the stream that it had */
};

struct viewer_probe {
	uint32_t endpoint, subscription;
	uint32_t life; /* the endpoint's */
	uint32_t kbps, bytes, sent;
	uint64_t began; /* TSC */
};

#define VIEWER_PROBES 64  /* of one worker, at once */
#define VIEWER_PACED  256 /* viewers of one worker for which something waits */

struct viewer_paced {
	uint32_t endpoint;
	uint32_t life; /* the endpoint's */
};

/* A worker's. */
struct viewer_worker {
	uint32_t n_probes;
	struct viewer_probe probes[VIEWER_PROBES];
	uint32_t n_paced;
	struct viewer_paced paced[VIEWER_PACED];
};

/* Control thread, of an endpoint that gets its first subscription: where it or what it gets has a
 * use for it. 0 or -ENOMEM. */
int viewer_make(struct media *media, uint32_t endpoint, uint32_t stream);
/* No worker sees the endpoint any more. */
void viewer_destroy(struct media *media, uint32_t endpoint);
/* Control thread. */
void viewer_set_off(struct media *media, uint32_t endpoint, bool off);

struct sluice_session_row;

void viewer_show(const struct media *media, uint32_t endpoint, struct sluice_session_row *row);

static inline struct viewer *viewer_of(const struct media *media, uint32_t endpoint)
{
	return __atomic_load_n(&media->viewers[endpoint], __ATOMIC_ACQUIRE);
}

/* The owner, of what it has noted: its endpoint may have gone meanwhile, and its place be another
 * one's. NULL: so it is. */
static inline struct viewer *viewer_left(const struct media *media, uint32_t endpoint,
                                         uint32_t life)
{
	struct viewer *viewer;

	/* before what is freed once it has ended */
	if (!__atomic_load_n(&media->endpoints[endpoint].live, __ATOMIC_ACQUIRE))
		return NULL;
	viewer = viewer_of(media, endpoint);
	return viewer != NULL && viewer->life == life ? viewer : NULL;
}

static inline uint64_t viewer_us(uint64_t tsc, uint64_t tsc_hz)
{
	return tsc / tsc_hz * 1000000 + tsc % tsc_hz * 1000000 / tsc_hz;
}

static inline struct viewer_sent *viewer_sent_of(const struct media *media, uint32_t endpoint)
{
	return __atomic_load_n(&media->sent[endpoint], __ATOMIC_ACQUIRE);
}

static inline struct viewer_sent *viewer_sent_at(struct viewer_sent *sent, uint16_t number)
{
	return &sent[number & (VIEWER_SENT - 1)];
}

/* The owner: a packet with a transport-wide number leaves. rtp: its bytes; us: owner's clock. */
static inline void viewer_note(struct viewer_sent *sent, uint16_t number, uint16_t rtp, uint32_t us)
{
	*viewer_sent_at(sent, number) = (struct viewer_sent){
	        .us = us, .bytes = (uint16_t)(rtp + VIEWER_UDP_IP), .number = number};
	/* its next packets' line, which nothing has touched since they came round last */
	rte_prefetch0_write(viewer_sent_at(sent, (uint16_t)(number + VIEWER_SENT_LINE)));
}

/* The owner: what the viewer tells. budget: numbers that may be read yet. -EBADMSG. */
int viewer_transport_take(struct media_worker *media_worker, struct endpoint *endpoint,
                          const struct rtcp_feedback *feedback, uint32_t *budget);
void viewer_remb_take(struct media_worker *media_worker, const struct endpoint *endpoint,
                      uint32_t kbps);
/* fraction: of 256, the most of any block. */
void viewer_report_take(struct media_worker *media_worker, const struct endpoint *endpoint,
                        uint8_t fraction);

/* Any thread: its estimate decides over its layers now. */
bool viewer_steers(const struct viewer *viewer, const struct worker *worker);

/* -- viewer_layers.c -- */

/* The owner, once the viewer has told something. */
void viewer_look(struct media_worker *media_worker, uint32_t endpoint, struct viewer *viewer);
/* The owner, now and then: one whose estimate is off, or that has fallen silent, gets all of what
 * is named. */
void viewer_rest(struct media_worker *media_worker, uint32_t endpoint);
/* The owner: kbit/s of a stream, headers included, now and then. */
void stream_rate(struct stream *stream, const struct worker *worker);

/* Control thread, some times a second: what workers have advised is done. */
void viewer_advice_take(struct media *media);

/* -- viewer_probe.c: the owner -- */

/* Whether padding can be sent on its repair stream, with a number. */
bool viewer_probe_carries(const struct subscription *subscription);
void viewer_probe_start(struct media_worker *media_worker, uint32_t endpoint, uint32_t subscription,
                        uint32_t kbps);
/* What is due of the probes goes out. */
void viewer_probes_run(struct media_worker *media_worker);

#endif
