/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers walk in threads of their own while this one, as the control thread, adds, deletes,
 * pauses, switches and replaces what they serve, and packets and requests for repeats flow. What a
 * subscriber cannot read, or is sent twice under one index, fails; what is freed too soon is a
 * sanitizer's to find.
 */
#include "media_fixture.h"

#include "media/bytes.h"
#include "media/config.h"
#include "srtp/rtp.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#define CHANGES      2000
#define CHANGES_MAX  100000 /* where threads get little of the processor */
#define PORT_BACKLOG 4
#define WORKERS      2
#define PUBLISHERS   2
#define SUBSCRIBERS  3
/* The legs' SSRCs change now and then; until then numbers go on where one comes back. */
#define LEG_PUTS 16
/* Of each publisher: its stream's, the one's of its repeats. */
#define SSRC(number)     (0x1001u + 0x100u * (number))
#define RTX_PT           97
#define RTX_SSRC(number) (0x1002u + 0x100u * (number))

struct call {
	struct media_scene *scene;
	struct media *media;
	struct party *publishers[PUBLISHERS], *subscribers[SUBSCRIBERS];
	uint16_t seq[PUBLISHERS];
	uint32_t random;
	uint32_t puts[PUBLISHERS][SUBSCRIBERS]; /* how often the leg was added */
	pthread_t threads[WORKERS];
};

static uint32_t draw(struct call *call, uint32_t below)
{
	call->random = call->random * 1664525 + 1013904223;
	return (call->random >> 8) % below;
}

static void *thread_run(void *worker)
{
	rte_thread_register();
	worker_main(worker);
	rte_thread_unregister();
	return NULL;
}

static void threads_start(struct call *call)
{
	for (uint16_t i = 0; i < WORKERS; i++) {
		struct worker *worker = call->scene->rig.dp->workers[i];

		worker->stop = 0;
		assert_int_equal(pthread_create(&call->threads[i], NULL, thread_run, worker), 0);
	}
}

static void threads_stop(struct call *call)
{
	for (uint16_t i = 0; i < WORKERS; i++)
		__atomic_store_n(&call->scene->rig.dp->workers[i]->stop, 1, __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_join(call->threads[i], NULL), 0);
}

/* -- what the control thread does; what is refused because it is so already, or no longer, is -- */

static const char *const stream_names[PUBLISHERS] = {"audio", "video"};

static void stream_put(struct call *call, uint32_t number)
{
	/* the second one takes what comes */
	struct sluice_stream stream = {.ssrc = number == 0 ? SSRC(number) : 0,
	                               .rtx_ssrc = RTX_SSRC(number)};
	char why[SLUICE_API_ERROR_MAX];

	snprintf(stream.name, sizeof(stream.name), "%s", stream_names[number]);
	snprintf(stream.endpoint, sizeof(stream.endpoint), "%s", call->publishers[number]->name);
	stream.clock_hz = draw(call, 2) ? 90000 : 48000;
	media_stream_add(call->media, &stream, SLUICE_API_EXIST_OK, why);
}

/* Its low bits say whose. */
static uint32_t leg_ssrc(const struct call *call, uint32_t number, uint32_t subscriber)
{
	return (1 + call->puts[number][subscriber] / LEG_PUTS) * PARTY_SSRCS + number;
}

static void leg_put(struct call *call, uint32_t number, uint32_t subscriber)
{
	uint32_t ssrc = leg_ssrc(call, number, subscriber);
	struct sluice_subscription leg = {.ssrc = ssrc};
	char why[SLUICE_API_ERROR_MAX];

	if (draw(call, 2)) {
		leg.rtx_ssrc = ssrc + PUBLISHERS;
		leg.rtx_pt = RTX_PT;
	}

	snprintf(leg.stream, sizeof(leg.stream), "%s", stream_names[number]);
	snprintf(leg.endpoint, sizeof(leg.endpoint), "%s", call->subscribers[subscriber]->name);
	if (media_subscription_add(call->media, &leg, SLUICE_API_EXIST_OK, why) == 0)
		call->puts[number][subscriber]++;
}

static void leg_change(struct call *call, uint32_t number, uint32_t subscriber)
{
	struct sluice_subscription_name name = {.stream = ""};
	struct sluice_subscription_switch change = {.stream = ""};
	char why[SLUICE_API_ERROR_MAX];

	snprintf(name.stream, sizeof(name.stream), "%s", stream_names[number]);
	snprintf(name.endpoint, sizeof(name.endpoint), "%s", call->subscribers[subscriber]->name);
	memcpy(change.stream, name.stream, sizeof(change.stream));
	memcpy(change.endpoint, name.endpoint, sizeof(change.endpoint));
	snprintf(change.to, sizeof(change.to), "%s", stream_names[draw(call, PUBLISHERS)]);
	switch (draw(call, 4)) {
	case 0:
		media_subscription_delete(call->media, &name, why);
		break;
	case 1:
		media_subscription_switch(call->media, &change, why);
		break;
	default:
		media_subscription_pause(call->media, &name, draw(call, 2), why);
		break;
	}
}

static void endpoint_replace(struct call *call, struct party *party)
{
	char why[SLUICE_API_ERROR_MAX];
	int error;

	assert_int_equal(media_endpoint_delete(call->media, party->name, why), 0);
	/* the table may be full of what the workers have not let go of */
	while ((error = media_endpoint_add(call->media, &party->endpoint, 0, why)) == -ENOSPC)
		media_collect_all(call->media);
	if (error != 0)
		fail_msg("%s: %s", party->name, why);
}

static void change(struct call *call)
{
	uint32_t number = draw(call, PUBLISHERS), subscriber = draw(call, SUBSCRIBERS);
	char why[SLUICE_API_ERROR_MAX];

	switch (draw(call, 24)) {
	case 0:
		media_stream_delete(call->media, stream_names[number], why);
		break;
	case 1:
		endpoint_replace(call, call->subscribers[subscriber]);
		break;
	case 2:
		endpoint_replace(call, call->publishers[number]);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
		stream_put(call, number);
		break;
	case 7:
		media_tick(call->media);
		break;
	default:
		if (draw(call, 3) == 0)
			leg_change(call, number, subscriber);
		else
			leg_put(call, number, subscriber);
	}
}

/* -- what the others do -- */

/* Changes do not run ahead of the packets. */
static void packet_inject(struct call *call, struct party *party, uint8_t *packet, int length)
{
	while (rte_ring_count(call->scene->rig.ports[0].in[0]) > PORT_BACKLOG)
		sched_yield();
	party_inject(call->scene, party, packet, party_protect(party, packet, length));
}

static void media_inject(struct call *call, uint32_t number)
{
	uint8_t packet[PARTY_MTU] = {RTP_VERSION << 6, 96};
	/* lost, then repeated as RTX; or as it was to be */
	bool repeat = draw(call, 8) == 0;

	call->seq[number] += draw(call, 10) == 0 ? 2 : 1;
	write_be16(packet + 2, call->seq[number]);
	write_be32(packet + 4, call->seq[number] * 3000u);
	write_be32(packet + 8, repeat ? RTX_SSRC(number) : SSRC(number));
	write_be16(packet + RTP_HEADER_SIZE, (uint16_t)(call->seq[number] - draw(call, 5)));
	packet_inject(call, call->publishers[number], packet, RTP_HEADER_SIZE + 100);
}

/* Requests of a subscriber for what it had last, or for anything; of a publisher, its reports. */
static void control_inject(struct call *call)
{
	uint32_t subscriber = draw(call, SUBSCRIBERS), number = draw(call, PUBLISHERS);
	struct party *party = call->subscribers[subscriber];
	uint32_t ssrc = leg_ssrc(call, number, subscriber), kind = draw(call, 8);
	const struct rtcp_sender sender = {.ntp = (uint64_t)(1 + call->random) << 20, .rtp = 1};
	uint8_t packet[PARTY_MTU];
	struct rtcp_writer writer = {.start = packet, .room = sizeof(packet)};
	uint64_t wanted[16];

	if (kind < 2) {
		party = call->publishers[number];
		rtcp_put_sr(&writer, SSRC(number), &sender);
		if (kind == 0)
			rtcp_put_bye(&writer, SSRC(number));
	} else {
		rtcp_put_rr(&writer, 77);
		if (kind == 2)
			rtcp_put_pli(&writer, 77, ssrc);
		for (uint32_t i = 0; i < RTE_DIM(wanted); i++)
			wanted[i] = (uint16_t)(party->memory->latest[number] - i);
		rtcp_put_nack(&writer, 77, ssrc, wanted, RTE_DIM(wanted));
	}
	packet_inject(call, party, packet, rtcp_end(&writer));
}

/* However often all was changed: what is set up now works. */
static void call_works(struct call *call)
{
	uint64_t before;

	for (uint32_t number = 0; number < PUBLISHERS; number++)
		endpoint_replace(call, call->publishers[number]);
	for (uint32_t i = 0; i < SUBSCRIBERS; i++)
		endpoint_replace(call, call->subscribers[i]);
	stream_put(call, 0);
	leg_put(call, 0, 0);
	before = call->subscribers[0]->tail;
	while (call->subscribers[0]->tail == before) {
		media_inject(call, 0);
		media_scene_collect(call->scene);
	}
}

static void call_begin(struct call *call)
{
	static const uint8_t profiles[SUBSCRIBERS] = {SLUICE_SRTP_CM80, SLUICE_SRTP_GCM128,
	                                              SLUICE_SRTP_GCM256};
	char name[16];

	*call = (struct call){.scene = media_scene_create(WORKERS), .random = 1};
	call->media = call->scene->rig.dp->media;
	for (uint32_t i = 0; i < PUBLISHERS; i++) {
		snprintf(name, sizeof(name), "publisher%u", i);
		call->publishers[i] = party_add(call->scene, name, SLUICE_SRTP_GCM128);
	}
	for (uint32_t i = 0; i < SUBSCRIBERS; i++) {
		snprintf(name, sizeof(name), "subscriber%u", i);
		call->subscribers[i] = party_add(call->scene, name, profiles[i]);
	}
	for (uint32_t i = 0; i < call->scene->n_parties; i++) {
		call->scene->parties[i].memory = calloc(1, sizeof(struct party_memory));
		assert_non_null(call->scene->parties[i].memory);
	}
}

/* Nothing is left but what lies in the rings. */
static void call_end(struct call *call)
{
	char why[SLUICE_API_ERROR_MAX];
	for (uint32_t i = 0; i < call->scene->n_parties; i++) {
		struct party *party = &call->scene->parties[i];

		media_endpoint_delete(call->media, party->name, why);
		assert_int_equal(party->unreadable, 0);
		assert_int_equal(party->memory->reused, 0);
	}
	/* what one worker sends is in the other's inbox */
	for (int i = 0; i < 16; i++) {
		rig_walk(&call->scene->rig);
		media_scene_collect(call->scene);
	}
	media_end(call->media);
	assert_int_equal(rte_mempool_in_use_count(call->scene->rig.dp->pool), 0);
	for (uint32_t i = 0; i < call->scene->n_parties; i++)
		free(call->scene->parties[i].memory);
	media_scene_destroy(call->scene);
}

/* Or the test would have tested nothing. */
static const enum media_counter happened[] = {
        MEDIA_FORWARDED, MEDIA_RETRANSMITTED,   MEDIA_RTCP_RECEIVED,
        MEDIA_RTCP_SENT, MEDIA_KEY_FRAME_ASKED, MEDIA_NACK_MISSED,
};

static bool all_happened(const struct call *call)
{
	for (size_t i = 0; i < RTE_DIM(happened); i++)
		if (media_counter_sum(call->scene->rig.dp, happened[i]) == 0)
			return false;
	return true;
}

static void changes_while_packets_flow(void **state)
{
	static struct call call;

	call_begin(&call);
	threads_start(&call);
	for (uint32_t i = 0; i < CHANGES || (i < CHANGES_MAX && !all_happened(&call)); i++) {
		change(&call);
		for (uint32_t j = draw(&call, 6); j != 0; j--)
			media_inject(&call, draw(&call, PUBLISHERS));
		control_inject(&call);
		media_scene_collect(call.scene);
	}
	assert_true(all_happened(&call));
	call_works(&call);
	threads_stop(&call);
	call_end(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(changes_while_packets_flow),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
