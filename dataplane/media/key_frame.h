/* SPDX-License-Identifier: BSD-3-Clause */
/* Key-frame requests: merged, and at most one upstream in KEY_FRAME_INTERVAL_MS for a stream. */
#ifndef MEDIA_KEY_FRAME_H
#define MEDIA_KEY_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define KEY_FRAME_INTERVAL_MS 500

struct media;
struct media_worker;
struct stream;

/* Any worker: a subscriber asked, or a subscription of its own begins in the middle. */
void key_frame_ask(struct media_worker *media_worker, uint32_t stream);
/* Control thread: a new subscription, a resume, a switch. */
void key_frame_ask_from_control(struct media *media, uint32_t stream);

/* The stream's owner. True: a request is to be sent now. */
bool key_frame_due(struct stream *stream, uint64_t tsc, uint64_t tsc_hz);
/* It was. */
void key_frame_sent(struct stream *stream, uint64_t tsc);

#endif
