/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is asked of publishers: key frames, merged over all subscribers and throttled, and packets
 * that did not come. The owner keeps a list of its streams that have to ask.
 */
#ifndef MEDIA_FEEDBACK_H
#define MEDIA_FEEDBACK_H

#include <stdbool.h>
#include <stdint.h>

struct media;
struct media_worker;
struct stream;

#define FEEDBACK_STREAMS 4096 /* power of two */
/* A BYE may overtake packets that were sent before it: not those that come later than this. */
#define STREAM_ENDED_MS 200
/* A publisher that has sent no report for so long, or none in its first seconds, does not. */
#define STREAM_CLOCK_SECONDS 10
#define STREAM_FIRST_SECONDS 3

struct feedback_list {
	uint32_t head, tail;
	uint32_t streams[FEEDBACK_STREAMS];
};

/* The stream's owner: it has to ask, now or when its throttle allows. */
void feedback_queue(struct media_worker *media_worker, uint32_t stream);
/*
 * The stream's owner, of each new packet of it: reception, and what that tells. repeat: it came as
 * RTX, and has its own index and timestamp again.
 */
void stream_received(struct media_worker *media_worker, uint32_t stream, uint64_t index,
                     uint32_t timestamp, bool repeat);
/* Housekeeping: what is due goes out, a bounded number of streams each call. */
void feedback_run(struct media_worker *media_worker);

#endif
