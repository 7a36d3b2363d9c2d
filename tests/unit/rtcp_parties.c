/* SPDX-License-Identifier: BSD-3-Clause */
#include "rtcp_parties.h"

#include "media/fan.h"
#include "media/missing.h"
#include "media/rewrite.h"
#include "net_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct dataplane *dp;

int dp_setup(void **state)
{
	return net_setup((void **)&dp);
}

int dp_teardown(void **state)
{
	return net_teardown((void **)&dp);
}

int scene_setup(void **state)
{
	*state = rtcp_scene_create(dp);
	return 0;
}

int scene_teardown(void **state)
{
	rtcp_scene_destroy(*state);
	return 0;
}

uint8_t room[1500];

struct rtcp_writer writer_new(void)
{
	return (struct rtcp_writer){.start = room, .room = sizeof(room)};
}

uint64_t counter(const struct rtcp_scene *scene, enum media_counter which)
{
	return scene->media_worker->counters[which];
}

void pli(struct rtcp_scene *scene, uint32_t endpoint, uint32_t ssrc)
{
	struct rtcp_writer writer = writer_new();

	rtcp_put_rr(&writer, 77);
	rtcp_put_pli(&writer, 77, ssrc);
	rtcp_scene_receive(scene, endpoint, &writer);
}

void fir(struct rtcp_scene *scene, uint32_t endpoint, uint32_t ssrc, uint8_t sender, uint8_t number)
{
	struct rtcp_writer writer = writer_new();
	uint8_t *body = rtcp_put(&writer, RTCP_PSFB, RTCP_PSFB_FIR, 16);

	memset(body, 0, 16);
	body[3] = sender;
	body[12] = number;
	for (int i = 0; i < 4; i++)
		body[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	rtcp_scene_receive(scene, endpoint, &writer);
}

void nack(struct rtcp_scene *scene, uint32_t leg, const uint64_t *indices, uint32_t count)
{
	const struct subscription *subscription = &scene->media.subscriptions[leg];
	struct rtcp_writer writer = writer_new();
	uint64_t outgoing[600];

	for (uint32_t i = 0; i < count; i++)
		outgoing[i] = indices[i] + subscription->seq_offset;
	rtcp_put_nack(&writer, 77, subscription->ssrc, outgoing, count);
	rtcp_scene_receive(scene, subscription->endpoint, &writer);
}

void packets(struct rtcp_scene *scene, uint64_t first, uint64_t last)
{
	for (uint64_t index = first; index <= last; index++) {
		rtcp_scene_pass(scene, 1);
		rtcp_scene_packet(scene, VIDEO, index, false);
	}
}

uint32_t plis_upstream(struct rtcp_scene *scene)
{
	struct rtcp_sent sent;
	struct rtcp_packet packet;
	struct rtcp_feedback feedback;
	uint32_t count =
	        rtcp_scene_count(scene, PUBLISHER, RTCP_PSFB, RTCP_PSFB_PLI, &sent, &packet);

	if (count != 0) {
		assert_int_equal(rtcp_feedback_read(&packet, &feedback), 0);
		assert_int_equal(feedback.media, VIDEO_SSRC);
		assert_int_equal(feedback.sender, scene->media.endpoints[PUBLISHER].rtcp_ssrc);
	}
	return count;
}

uint32_t nacks_upstream(struct rtcp_scene *scene, uint16_t *pid, uint16_t *blp)
{
	struct rtcp_sent sent;
	struct rtcp_packet packet;
	struct rtcp_feedback feedback;
	uint32_t count =
	        rtcp_scene_count(scene, PUBLISHER, RTCP_RTPFB, RTCP_RTPFB_NACK, &sent, &packet);

	if (count != 0) {
		assert_int_equal(rtcp_feedback_read(&packet, &feedback), 0);
		assert_int_equal(feedback.media, VIDEO_SSRC);
		rtcp_nack_read(&feedback, 0, pid, blp);
	}
	return count;
}

uint32_t byes(struct rtcp_scene *scene, uint32_t endpoint, uint32_t *ssrc)
{
	struct rtcp_sent sent;
	struct rtcp_packet packet;
	uint32_t count = rtcp_scene_count(scene, endpoint, RTCP_BYE, -1, &sent, &packet);

	if (count != 0)
		*ssrc = rtcp_bye_ssrc(&packet, 0);
	return count;
}
