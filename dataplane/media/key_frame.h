/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Key-frame requests: merged, and at most one upstream in KEY_FRAME_INTERVAL_MS for a stream. For a
 * subscription that begins, and has nothing to show until one comes, it is one in
 * KEY_FRAME_BEGIN_MS, which is as soon as a browser makes another key frame: a subscriber cannot
 * make subscriptions by itself. Where the codec tells when a key frame has come, a request is
 * retransmitted until then, with ever longer waits: it or its answer may be lost.
 */
#ifndef MEDIA_KEY_FRAME_H
#define MEDIA_KEY_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define KEY_FRAME_INTERVAL_MS 1000
#define KEY_FRAME_BEGIN_MS    300
#define KEY_FRAME_TRIES       6 /* the last one after 31 s: a publisher may not listen */

struct media;
struct media_worker;
struct stream;

/* Any worker: a subscriber asked, or a subscription of its own begins in the middle. */
void key_frame_ask(struct media_worker *media_worker, uint32_t stream);
/* Control thread: a switch, another SSRC. */
void key_frame_ask_from_control(struct media *media, uint32_t stream);
/* Any thread, before it asks: a new subscription, a resume. */
void key_frame_hurry(struct stream *stream);
/* The owner: TSC cycles between the last request and one that is wanted now. */
uint64_t key_frame_interval(const struct stream *stream, uint64_t tsc_hz);

/* The stream's owner. True: a request is to be sent now. */
bool key_frame_due(struct stream *stream, uint64_t tsc, uint64_t tsc_hz);
/* A packet that begins one. */
void key_frame_came(struct stream *stream);
/* It was sent. True: it is to be sent again before long, unless one comes. */
bool key_frame_is_owed(const struct stream *stream);
void key_frame_sent(struct stream *stream, uint64_t tsc);

#endif
