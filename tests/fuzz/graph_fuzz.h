/* SPDX-License-Identifier: BSD-3-Clause */
/* The fuzzer of the graph: an input and the scene that it plays in. */
#ifndef FUZZ_GRAPH_FUZZ_H
#define FUZZ_GRAPH_FUZZ_H

#include "fuzz.h"
#include "scene.h"

#include "srtp/engine.h"

#include <sluice/session.h>

#define PAYLOAD_MAX  1400
#define MEDIA_PORT   6000 /* of several endpoints; the next one learns */
#define SESSION_PORT 7000
#define BROWSERS     3
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

extern struct scene scene;
extern struct srtp_worker *cipher;
extern struct srtp_session *session;
/* What each browser was given. */
extern struct sluice_session_made made[BROWSERS];

/* A cursor: behind its end there are zeros. */
struct input {
	const uint8_t *at, *end;
};
uint8_t take(struct input *input);
uint16_t take16(struct input *input);
/* Returns how many. */
uint16_t take_bytes(struct input *input, uint8_t *room, uint16_t most);

void config_begin(void);
void config_change(struct input *input);
void endpoints_end(void);
void sessions_begin(void);
void session_change(struct input *input);

/* A UDP payload of PAYLOAD_MAX bytes at most; its length. */
uint16_t payload_write(struct input *input, uint8_t *room, uint8_t kind, enum actor from);

#endif
