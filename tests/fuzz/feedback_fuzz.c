/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hostile parties of a small forwarding unit: any compounds of any endpoint, between packets and
 * time that passes. What leaves is well-formed and bounded, and every packet buffer comes back.
 */
#include <string.h>

#include <rte_common.h>

#include "fuzz.h"
#include "media/key_frame.h"
#include "media/repeat.h"
#include "net_fixture.h"
#include "rtcp_fixture.h"

#define STEPS_MAX 64

static struct dataplane *dp;

/* What hangs in DPDK's own memory looks lost to the leak checker, which does not look there. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	CHECK(net_setup((void **)&dp) == 0);
	return 0;
}

/* What the input made of the unit. */
struct course {
	struct rtcp_scene *scene;
	uint64_t index; /* of the last packet */
	uint64_t ms;
	uint64_t published, repeated;
	uint32_t key_frames;
};

#define STREAM_BIT 0x20 /* of how many packets: the second stream's */
#define REPEAT_BIT 0x40 /* one packet comes again, or late, as RTX */

static void packets_run(struct course *course, uint8_t what, uint8_t many)
{
	uint32_t stream = many & STREAM_BIT ? AUDIO : VIDEO;

	if (many & REPEAT_BIT) {
		course->published++;
		rtcp_scene_packet(course->scene, stream, course->index - (what >> 4), true);
		return;
	}
	for (uint8_t i = 0; i <= many % 32; i++) {
		course->index += 1 + (what >> 4 == i % 16);
		course->published++;
		rtcp_scene_packet(course->scene, stream, course->index, false);
	}
}

/* Two bytes in front of each step: what, and how much. */
static size_t step_run(struct course *course, const uint8_t *data, size_t size)
{
	uint32_t endpoint = PUBLISHER + (data[0] >> 2) % (SCENE_ENDPOINTS - PUBLISHER);
	size_t length = RTE_MIN((size_t)data[1] * 4, size - 2);
	struct rtcp_writer writer = {.start = (uint8_t *)(uintptr_t)(data + 2)};

	switch (data[0] & 3) {
	case 0:
		packets_run(course, data[0], data[1]);
		return 2;
	case 1:
		course->ms += data[1];
		rtcp_scene_pass(course->scene, data[1]);
		return 2;
	default:
		writer.length = (uint16_t)length;
		if (length != 0)
			rtcp_scene_receive(course->scene, endpoint, &writer);
		return 2 + length;
	}
}

static void course_look(struct course *course)
{
	struct rtcp_sent sent;
	uint64_t index;

	while (rtcp_scene_sent(course->scene, &sent)) {
		struct rtcp_cursor cursor = {sent.bytes, sent.length};
		struct rtcp_packet packet;

		while (rtcp_next(&cursor, &packet))
			if (packet.type == RTCP_PSFB) {
				CHECK(sent.endpoint == PUBLISHER);
				course->key_frames++;
			}
	}
	while (rtcp_scene_repeated(course->scene, &index) != 0) {
		CHECK(index <= course->index);
		course->repeated++;
	}
	CHECK(course->key_frames <= 2 * (1 + course->ms / KEY_FRAME_INTERVAL_MS));
	/* four legs of 1000 bytes a packet */
	CHECK(course->repeated <= 4 * (course->published / REPEAT_SHARE + REPEAT_BURST / 1000 + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct course course = {.scene = rtcp_scene_create(dp), .index = 0xfff0};
	uint32_t steps = 0;

	while (size >= 2 && steps++ < STEPS_MAX) {
		size_t taken = step_run(&course, data, size);

		data += taken;
		size -= taken;
		course_look(&course);
	}
	rtcp_scene_destroy(course.scene); /* looks for lost buffers */
	return 0;
}
