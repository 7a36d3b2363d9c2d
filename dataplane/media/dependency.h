/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What dependency descriptors tell of temporal layers (AOM's RTP payload format for AV1, appendix
 * A), whatever the codec is: a structure of templates, which comes with key frames, and the number
 * of a template with each frame. The bytes are the publisher's, and may lie.
 */
#ifndef MEDIA_DEPENDENCY_H
#define MEDIA_DEPENDENCY_H

#include <stdbool.h>
#include <stdint.h>

#define DEPENDENCY_TEMPLATES 64

struct dependency_structure {
	uint8_t offset;                       /* number of the first template */
	uint8_t count;                        /* 0: there is none */
	uint8_t frames[DEPENDENCY_TEMPLATES]; /* FRAME_TEMPORAL, FRAME_UP */
};

/* Whether the packet begins a frame that needs none before it: it brings the structure of those
 * behind it. */
bool dependency_is_key(const uint8_t *descriptor, uint8_t length);

/* Takes the structure that the descriptor brings, if it does. */
void dependency_structure_take(struct dependency_structure *structure, const uint8_t *descriptor,
                               uint8_t length);
/* media/codec.h, FRAME_TELLS; 0: nothing. */
uint8_t dependency_frame(const struct dependency_structure *structure, const uint8_t *descriptor,
                         uint8_t length);

#endif
