/* SPDX-License-Identifier: BSD-3-Clause */
/* A call of browsers: a publisher whose tracks say in each packet what they are (RFC 8843, 8852),
 * and a viewer. */
#ifndef TRACKS_FIXTURE_H
#define TRACKS_FIXTURE_H

#include "media_fixture.h"

#include "media/ext_read.h"
#include "media/state.h"
#include "srtp/rtp.h"

#define LEG_SSRC 0x2000u
#define RTX_SSRC 0x3000u

/* The publisher's extensions. */
enum { ID_SEND_TIME = 2, ID_TRANSPORT, ID_MID, ID_LEVEL, ID_RID = 10, ID_REPAIRED, ID_DEPENDENCY };

/* The ids that each side agreed to. */
extern const uint8_t publishers[SLUICE_EXTENSIONS_MAX], subscribers[SLUICE_EXTENSIONS_MAX];

struct call {
	struct media_scene *scene;
	struct party *publisher, *viewer;
};

struct media *media_of(const struct call *call);

/* The same endpoint, as it agrees to more. */
void party_agree(const struct call *call, struct party *party, uint8_t feedback,
                 const uint8_t *extensions);
int call_setup(void **state);
int call_teardown(void **state);

/* Payload types 96 with RTX 97, and 98 with 99. */
void layer_add(const struct call *call, const char *name, const char *mid, const char *rid,
               uint32_t ssrc, uint32_t rtx_ssrc, uint8_t pt);

/* What a packet says besides its SSRC; NULL: nothing. */
struct said {
	const char *mid, *rid, *repaired;
	uint16_t original; /* of RTX */
	bool numbered;
	uint16_t number;       /* transport-wide */
	uint32_t send_time;    /* 24 bits */
	uint8_t dependency[8]; /* dependency descriptor */
	uint8_t n_dependency;  /* bytes of it; 0: none */
};

/* Plaintext; returns its length. */
int track_write(uint8_t *packet, uint32_t ssrc, uint16_t seq, uint8_t pt, const struct said *said);
void track_send(const struct call *call, uint32_t ssrc, uint16_t seq, uint8_t pt,
                const struct said *said);
const struct stream *stream_of(const struct call *call, const char *name);
void stream_is(const struct call *call, const char *name, uint32_t ssrc, uint32_t rtx_ssrc);
const struct endpoint *publisher_of(const struct call *call);
void viewer_add(const struct call *call, const char *stream, uint32_t ssrc, uint32_t rtx_ssrc,
                const char *mid);

struct got {
	struct rtp_view view;
	struct ext_said said;
	uint8_t level;
	uint16_t original;
};

struct got viewer_next(const struct call *call);
void report_lost(const struct call *call, uint64_t seq);
const struct subscription *leg_of(const struct call *call, const char *stream);

struct asked {
	uint32_t nacks, plis, firs;
};

struct asked asked_count(struct party *party);

#endif
