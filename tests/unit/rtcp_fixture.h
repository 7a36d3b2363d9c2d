/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The RTCP of a small forwarding unit, without a graph: one publisher of two streams, three
 * subscribers of the first, the first of them of both. A test puts compounds in, in plaintext,
 * moves the clock, and reads what leaves.
 */
#ifndef RTCP_FIXTURE_H
#define RTCP_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "media/rtcp_write.h"
#include "media/state.h"
#include "worker.h"

enum { PUBLISHER = 1, SUBSCRIBER_1, SUBSCRIBER_2, SUBSCRIBER_3, SCENE_ENDPOINTS };
enum { VIDEO = 1, AUDIO, SCENE_STREAMS };
enum { LEG_1 = 1, LEG_2, LEG_3, LEG_AUDIO, SCENE_LEGS };

#define VIDEO_SSRC  0x0a0a0a0au
#define AUDIO_SSRC  0x0b0b0b0bu
#define LEG_SSRC(n) (0x1000u + (n))
#define VIDEO_CLOCK 90000
#define AUDIO_CLOCK 48000

struct rtcp_scene {
	struct dataplane *dp;
	struct worker *worker;
	struct media_worker *media_worker;
	struct media media;
	struct srtp_session *readers[SCENE_ENDPOINTS]; /* of what each endpoint is sent */
	uint32_t indices[SCENE_ENDPOINTS];             /* SRTCP's, of what was read */
};

/* Inside an initialised EAL. */
struct rtcp_scene *rtcp_scene_create(struct dataplane *dp);
void rtcp_scene_destroy(struct rtcp_scene *scene);

/* The clock moves, and housekeeping runs, often enough for a round over everything. */
void rtcp_scene_pass(struct rtcp_scene *scene, uint32_t ms);
/* A packet of the stream, 1000 bytes, comes and goes out to all its legs. repeat: as RTX. */
void rtcp_scene_packet(struct rtcp_scene *scene, uint32_t stream, uint64_t index, bool repeat);
/* An endpoint's compound. */
void rtcp_scene_receive(struct rtcp_scene *scene, uint32_t endpoint, struct rtcp_writer *writer);

/* What left: the next compound in plaintext, its length and to whom; 0: nothing. */
struct rtcp_sent {
	uint32_t endpoint;
	uint16_t length;
	uint8_t bytes[1500];
};
bool rtcp_scene_sent(struct rtcp_scene *scene, struct rtcp_sent *sent);
/* Of all that left: how many packets of a type and format (count) went to the endpoint; the last
 * one in *packet, whose bytes are in *sent. */
uint32_t rtcp_scene_count(struct rtcp_scene *scene, uint32_t endpoint, uint8_t type, int count,
                          struct rtcp_sent *sent, struct rtcp_packet *packet);
/* The next packet that is repeated: its leg and source index; 0: none. */
uint32_t rtcp_scene_repeated(struct rtcp_scene *scene, uint64_t *index);

#endif
