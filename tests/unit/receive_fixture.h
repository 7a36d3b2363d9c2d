/* SPDX-License-Identifier: BSD-3-Clause */
/* A publisher whose packets are written one by one, and a subscriber that says which went on. */
#ifndef RECEIVE_FIXTURE_H
#define RECEIVE_FIXTURE_H

#include "media_fixture.h"

#include "graph/drop.h"
#include "media/state.h"

#define VIDEO_SSRC 0x0a0a0a0au
#define AUDIO_SSRC 0x0b0b0b0bu
#define LEG_SSRC   0x2000u

#define RTX_UP_SSRC 0x0c0c0c0cu
#define RTX_PT      97

struct call {
	struct media_scene *scene;
	struct party *publisher, *subscriber;
};

int call_setup(void **state);
int call_teardown(void **state);
uint64_t dropped(const struct call *call, enum drop_reason reason);
uint64_t counted(const struct call *call, enum media_counter counter);

/* A receiver report of `ssrc`; returns its length. */
int report_write(struct call *call, uint8_t *packet, uint32_t ssrc);
void stream_delete(struct call *call, const char *name);
void leg_switch(struct call *call, const char *to);

/* Packets of `ssrc` from `seq` on, without an echo in the queue: the sequence number that the last
 * one had at the subscriber. */
uint16_t publish(struct call *call, uint32_t ssrc, uint16_t seq, uint32_t count);

struct datagram {
	uint8_t bytes[PARTY_MTU];
	int length;
};

void datagram_write(struct call *call, struct datagram *datagram, uint32_t ssrc, uint16_t seq);
void datagram_send(struct call *call, const struct datagram *datagram);

/* True: the packet went on. */
bool passes(struct call *call, const struct datagram *datagram);
void video_add(struct call *call);
void bye(struct call *call, uint32_t ssrc);

/* `first`, and then payload under the RTX SSRC. */
int rtx_write(uint8_t *packet, uint8_t first, uint16_t seq, uint32_t timestamp,
              const uint8_t *payload, int length);

#endif
