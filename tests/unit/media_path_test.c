/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a publisher's frame to its subscribers' frames, through two workers' whole graphs: what is
 * forwarded, what is dropped and counted, and what adding and removing leaves alone. SRTP is
 * written and read by libsrtp2.
 */
#include "frame.h"
#include "media/config.h"
#include "net/service.h"
#include "net_fixture.h"
#include "rig.h"
#include "srtp/rtp.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PAYLOAD     100
#define SSRC        1111u
#define LOCAL_PORT  5000
#define REMOTE_PORT 6000

static const struct rte_ether_addr near_mac = {{2, 0, 0, 0, 0, 1}};
static const struct rte_ether_addr far_mac = {{2, 0, 0, 0, 0, 9}};

struct scene {
	struct rig rig;
	struct media *media;
	struct srtp_worker *cipher; /* libsrtp2's */
	struct srtp_session *publisher, *subscriber;
	char why[SLUICE_API_ERROR_MAX];
};

static struct sluice_addr addr(const char *text, uint16_t port)
{
	struct sluice_addr addr = {.port = rte_cpu_to_be_16(port)};
	struct ip_addr at = ip(text);

	memcpy(addr.ip, at.bytes, sizeof(addr.ip));
	return addr;
}

static struct sluice_endpoint endpoint_of(const char *name, const char *remote, uint16_t port)
{
	struct sluice_endpoint endpoint = {
	        .remote = addr(remote, REMOTE_PORT),
	        .local = addr("198.18.1.1", port),
	        .profile = SLUICE_SRTP_GCM128,
	        .rx_key_length = 28,
	        .tx_key_length = 28,
	};

	snprintf(endpoint.name, sizeof(endpoint.name), "%s", name);
	memset(endpoint.rx_key, 1, 28);
	memset(endpoint.tx_key, 2, 28);
	return endpoint;
}

static void endpoint(struct scene *scene, const char *name, const char *remote, uint16_t port)
{
	struct sluice_endpoint add = endpoint_of(name, remote, port);

	assert_int_equal(
	        media_endpoint_add(scene->media, &add, SLUICE_API_CONFIGURATION, scene->why), 0);
}

static int stream(struct scene *scene, const char *name, const char *at, uint32_t ssrc)
{
	struct sluice_stream add = {.ssrc = ssrc};

	snprintf(add.name, sizeof(add.name), "%s", name);
	snprintf(add.endpoint, sizeof(add.endpoint), "%s", at);
	return media_stream_add(scene->media, &add, SLUICE_API_CONFIGURATION, scene->why);
}

static int subscribe(struct scene *scene, const char *from, const char *to, uint32_t ssrc)
{
	struct sluice_subscription add = {.ssrc = ssrc};

	snprintf(add.stream, sizeof(add.stream), "%s", from);
	snprintf(add.endpoint, sizeof(add.endpoint), "%s", to);
	return media_subscription_add(scene->media, &add, SLUICE_API_CONFIGURATION, scene->why);
}

static int subscribe_rtx(struct scene *scene, const char *from, const char *to, uint32_t ssrc,
                         uint32_t rtx_ssrc, uint8_t rtx_pt)
{
	struct sluice_subscription add = {.ssrc = ssrc, .rtx_ssrc = rtx_ssrc, .rtx_pt = rtx_pt};

	snprintf(add.stream, sizeof(add.stream), "%s", from);
	snprintf(add.endpoint, sizeof(add.endpoint), "%s", to);
	return media_subscription_add(scene->media, &add, SLUICE_API_CONFIGURATION, scene->why);
}

static struct sluice_subscription_name leg(const char *from, const char *to)
{
	struct sluice_subscription_name name;

	memset(&name, 0, sizeof(name));
	snprintf(name.stream, sizeof(name.stream), "%s", from);
	snprintf(name.endpoint, sizeof(name.endpoint), "%s", to);
	return name;
}

static void routes(struct scene *scene)
{
	struct route list[RIG_PORTS] = {
	        {.prefix = ip("198.18.1.0"), .length = 120, .port = scene->rig.ports[0].index},
	        {.prefix = ip("198.18.2.0"), .length = 120, .port = scene->rig.ports[1].index},
	};
	struct ip_addr camera = ip("198.18.1.2");
	char text[32];

	assert_int_equal(rig_neighbour(&scene->rig, 0, &camera, &far_mac), 0);
	assert_int_equal(fib_set(scene->rig.dp, list, RTE_DIM(list)), 0);
	for (int i = 2; i < 20; i++) {
		struct ip_addr host;

		snprintf(text, sizeof(text), "198.18.2.%d", i);
		host = ip(text);
		assert_int_equal(rig_neighbour(&scene->rig, 1, &host, &far_mac), 0);
	}
}

/* A publisher at 198.18.1.2, and three endpoints at 198.18.2.2 to 4 on two workers. */
static struct scene *scene_create(void)
{
	struct scene *scene = test_calloc(1, sizeof(*scene));
	struct options options;
	uint8_t key[28];

	options_default(&options);
	options.workers = 2;
	options.max_endpoints = 16;
	options.max_streams = 16;
	options.max_subscriptions = 64;
	assert_int_equal(rig_create(&scene->rig, &options), 0);
	scene->media = scene->rig.dp->media;
	assert_non_null(scene->media);
	routes(scene);
	endpoint(scene, "camera", "198.18.1.2", LOCAL_PORT);
	endpoint(scene, "one", "198.18.2.2", LOCAL_PORT);
	endpoint(scene, "two", "198.18.2.3", LOCAL_PORT);
	endpoint(scene, "three", "198.18.2.4", LOCAL_PORT);
	assert_int_equal(stream(scene, "video", "camera", SSRC), 0);
	scene->cipher = srtp_engine_libsrtp2.worker_create();
	memset(key, 1, sizeof(key));
	scene->publisher = srtp_engine_libsrtp2.session_create(SLUICE_SRTP_GCM128, key);
	memset(key, 2, sizeof(key));
	scene->subscriber = srtp_engine_libsrtp2.session_create(SLUICE_SRTP_GCM128, key);
	return scene;
}

/* Its own reports may still be on their way. */
static bool inboxes_empty(const struct scene *scene)
{
	for (uint16_t i = 0; i < scene->rig.dp->n_workers; i++)
		if (!rte_ring_empty(scene->rig.dp->workers[i]->inbox))
			return false;
	return true;
}

static void scene_destroy(struct scene *scene)
{
	struct rte_mbuf *mbuf;
	struct rte_mempool *pool = scene->rig.dp->pool;

	do
		rig_walk(&scene->rig);
	while (!inboxes_empty(scene));
	while ((mbuf = rig_collect(&scene->rig, 0)) != NULL ||
	       (mbuf = rig_collect(&scene->rig, 1)) != NULL)
		rte_pktmbuf_free(mbuf);
	media_end(scene->media);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	srtp_engine_libsrtp2.session_destroy(scene->publisher);
	srtp_engine_libsrtp2.session_destroy(scene->subscriber);
	srtp_engine_libsrtp2.worker_destroy(scene->cipher);
	rig_destroy(&scene->rig);
	test_free(scene);
}

/* An SRTP packet of the camera's, from any address; flip: a byte of it is wrong. */
static void publish_from(struct scene *scene, const char *from, uint16_t worker, uint32_t ssrc,
                         uint64_t index, bool flip)
{
	uint8_t packet[RTP_HEADER_SIZE + PAYLOAD + SRTP_TAIL_MAX] = {0x80, 96}, bytes[256];
	struct srtp_job job = {
	        .session = scene->publisher,
	        .src = packet + RTP_HEADER_SIZE,
	        .dst = packet + RTP_HEADER_SIZE,
	        .index = index,
	        .ssrc = rte_cpu_to_be_32(ssrc),
	        .header_length = RTP_HEADER_SIZE,
	        .length = PAYLOAD,
	};
	struct frame frame = {
	        .to_mac = near_mac,
	        .from_mac = far_mac,
	        .from = {ip(from), RTE_BE16(REMOTE_PORT)},
	        .to = {ip("198.18.1.1"), RTE_BE16(LOCAL_PORT)},
	        .hop_limit = 64,
	        .payload = packet,
	        .length = RTP_HEADER_SIZE + PAYLOAD + 16,
	};
	uint16_t seq = rte_cpu_to_be_16((uint16_t)index), length;

	memcpy(packet + 2, &seq, sizeof(seq));
	memcpy(packet + 8, &job.ssrc, sizeof(job.ssrc));
	memset(packet + RTP_HEADER_SIZE, (int)index, PAYLOAD);
	srtp_engine_libsrtp2.protect(scene->cipher, &job, 1, NULL, 0);
	assert_true(job.ok);
	packet[RTP_HEADER_SIZE + 3] ^= flip;
	length = frame_write(bytes, sizeof(bytes), &frame);
	assert_int_equal(rig_inject(&scene->rig, 0, worker, bytes, length), 0);
}

static void publish(struct scene *scene, uint64_t index)
{
	publish_from(scene, "198.18.1.2", index & 1, SSRC, index, false);
	rig_walk(&scene->rig);
}

/* Packets that came out for 198.18.2.`host`; others stay. The payload of the last one is checked.
 */
struct got {
	uint32_t count[20], gaps[20];
	uint16_t seq[20];
	uint32_t ssrc[20];
	uint8_t payload[20];
};

static void packet_read(struct scene *scene, struct got *got, const struct frame *frame)
{
	uint8_t host = frame->to.ip.bytes[15], packet[256];
	uint64_t roc = 0;
	struct srtp_job job;
	struct rtp_view view;

	assert_in_range(host, 2, 19);
	assert_int_equal(frame->length, RTP_HEADER_SIZE + PAYLOAD + 16);
	memcpy(packet, frame->payload, frame->length);
	assert_int_equal(rtp_parse(packet, frame->length, &view), 0);
	job = (struct srtp_job){
	        .session = scene->subscriber,
	        .src = packet + RTP_HEADER_SIZE,
	        .dst = packet + RTP_HEADER_SIZE,
	        .tag = packet + RTP_HEADER_SIZE + PAYLOAD,
	        .index = roc << 16 | view.seq,
	        .ssrc = rte_cpu_to_be_32(view.ssrc),
	        .header_length = RTP_HEADER_SIZE,
	        .length = PAYLOAD,
	};
	srtp_engine_libsrtp2.unprotect(scene->cipher, &job, 1);
	assert_true(job.ok);
	if (got->count[host] != 0)
		got->gaps[host] += view.seq != (uint16_t)(got->seq[host] + 1);
	got->count[host]++;
	got->seq[host] = view.seq;
	got->ssrc[host] = view.ssrc;
	got->payload[host] = packet[RTP_HEADER_SIZE + PAYLOAD - 1];
}

static void collect(struct scene *scene, struct got *got)
{
	struct rte_mbuf *mbuf;

	while ((mbuf = rig_collect(&scene->rig, 1)) != NULL) {
		struct frame frame;

		assert_null(frame_read(&frame, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len));
		if ((frame.payload[1] & 0x7f) == 96)
			packet_read(scene, got, &frame);
		rte_pktmbuf_free(mbuf);
	}
}

static uint64_t dropped(const struct scene *scene, enum drop_reason reason)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < scene->rig.dp->n_workers; i++)
		sum += scene->rig.dp->workers[i]->drops[reason];
	return sum;
}

/* -- */

/* Others come and go, pause and resume between packets: a leg misses nothing and sees no gap. */
static void test_others_change(void **state)
{
	struct scene *scene = scene_create();
	struct sluice_subscription_name two = leg("video", "two"), three = leg("video", "three");
	struct got got = {0};

	assert_int_equal(subscribe(scene, "video", "one", 0), 0);
	for (uint64_t index = 0; index < 200; index++) {
		switch (index % 8) {
		case 1:
			assert_int_equal(subscribe(scene, "video", "two", 0), 0);
			break;
		case 2:
			assert_int_equal(subscribe(scene, "video", "three", 0), 0);
			break;
		case 4:
			assert_int_equal(
			        media_subscription_pause(scene->media, &three, true, scene->why),
			        0);
			break;
		case 5:
			assert_int_equal(media_subscription_delete(scene->media, &two, scene->why),
			                 0);
			break;
		case 7:
			assert_int_equal(
			        media_subscription_delete(scene->media, &three, scene->why), 0);
			break;
		}
		publish(scene, index);
		got.count[3] = got.count[4] = 0; /* each time another numbering */
		collect(scene, &got);
	}
	assert_int_equal(got.count[2], 200);
	assert_int_equal(got.gaps[2], 0);
	scene_destroy(scene);
}

/* More comes than the worker has room for: dropped and counted, and it goes on. */
static void test_backlog_full(void **state)
{
	struct scene *scene = scene_create();
	struct got got = {0};
	uint32_t mask;

	assert_int_equal(subscribe(scene, "video", "one", 0), 0);
	mask = scene->rig.dp->workers[0]->media->backlog_mask;
	scene->rig.dp->workers[0]->media->backlog_mask = 7;
	scene->rig.dp->workers[1]->media->backlog_mask = 7;
	for (uint64_t index = 0; index < 32; index++)
		publish_from(scene, "198.18.1.2", 0, SSRC, index, false);
	rig_walk(&scene->rig);
	collect(scene, &got);
	assert_in_range(got.count[2], 8, 24);
	assert_int_equal(dropped(scene, DROP_MEDIA_BACKLOG), 32 - got.count[2]);
	got.count[2] = 0;
	publish(scene, 32);
	collect(scene, &got);
	assert_int_equal(got.count[2], 1);
	assert_int_equal(got.payload[2], 32);
	for (int i = 0; i < 2; i++)
		scene->rig.dp->workers[i]->media->backlog_mask = mask;
	scene_destroy(scene);
}

static void test_hostile_packets(void **state)
{
	struct scene *scene = scene_create();
	struct sluice_stream_row row;
	struct got got = {0};
	uint32_t cursor = 0;

	assert_int_equal(subscribe(scene, "video", "one", 0), 0);
	publish(scene, 10);
	publish_from(scene, "198.18.1.2", 0, SSRC, 10, false);  /* replayed */
	publish_from(scene, "198.18.1.2", 0, SSRC, 11, true);   /* forged */
	publish_from(scene, "198.18.1.2", 1, 2222, 12, false);  /* of no stream */
	publish_from(scene, "198.18.1.77", 0, SSRC, 13, false); /* of nobody */
	rig_walk(&scene->rig);
	publish(scene, 14);
	publish_from(scene, "198.18.1.2", 0, SSRC, 65536 + 20,
	             false); /* a rollover that was none */
	rig_walk(&scene->rig);
	publish(scene, 15);
	collect(scene, &got);
	assert_int_equal(got.count[2], 3);
	assert_int_equal(dropped(scene, DROP_SRTP_REPLAY), 1);
	assert_int_equal(dropped(scene, DROP_SRTP_AUTH), 2);
	assert_int_equal(dropped(scene, DROP_MEDIA_NO_STREAM), 1);
	assert_int_equal(dropped(scene, DROP_MEDIA_NO_ENDPOINT), 1);
	assert_int_equal(media_stream_show(scene->media, NULL, &cursor, &row, 1), 1);
	assert_int_equal(row.packets, 3);
	assert_int_equal(row.replayed, 1);
	assert_int_equal(row.auth_failed, 2);
	scene_destroy(scene);
}

/* Cut off anywhere, or with counts that lie: dropped, and the next packet is served. */
static void test_cut_packets(void **state)
{
	struct scene *scene = scene_create();
	uint8_t rtp[64] = {0x9f, 96}, bytes[256]; /* an extension and 15 CSRCs */
	struct got got = {0};

	assert_int_equal(subscribe(scene, "video", "one", 0), 0);
	memset(rtp + 12, 0xff, sizeof(rtp) - 12);
	for (uint16_t length = 0; length <= sizeof(rtp); length++) {
		struct frame frame = {
		        .to_mac = near_mac,
		        .from_mac = far_mac,
		        .from = {ip("198.18.1.2"), RTE_BE16(REMOTE_PORT)},
		        .to = {ip("198.18.1.1"), RTE_BE16(LOCAL_PORT)},
		        .hop_limit = 64,
		        .payload = rtp,
		        .length = length,
		};

		rtp[1] = length & 1 ? 200 : 96; /* RTCP as well */
		assert_int_equal(rig_inject(&scene->rig, 0, 0, bytes,
		                            frame_write(bytes, sizeof(bytes), &frame)),
		                 0);
	}
	rig_walk(&scene->rig);
	publish(scene, 1);
	collect(scene, &got);
	assert_int_equal(got.count[2], 1);
	scene_destroy(scene);
}

/* An address is learned from what authenticates, and from nothing else. */
static void test_learn(void **state)
{
	struct scene *scene = scene_create();
	struct sluice_endpoint roamer = endpoint_of("roamer", "198.18.1.9", 5001);
	struct sluice_endpoint second = endpoint_of("second", "198.18.1.10", 5001);
	struct endpoint *at;

	roamer.learn = 1;
	memset(&roamer.remote, 0, sizeof(roamer.remote));
	assert_int_equal(media_endpoint_add(scene->media, &roamer, 0, scene->why), 0);
	assert_int_equal(media_endpoint_add(scene->media, &second, 0, scene->why), -EADDRINUSE);
	assert_string_equal(scene->why, "an endpoint that learns has its local port alone");
	at = &scene->media->endpoints[endpoint_named(scene->media, "roamer")];
	assert_int_equal(at->remote.port, 0);
	assert_int_equal(stream(scene, "roaming", "roamer", 0), 0);
	assert_int_equal(media_endpoint_delete(scene->media, "camera", scene->why), 0);
	assert_int_equal(media_endpoint_delete(scene->media, "roamer", scene->why), 0);
	roamer.local = addr("198.18.1.1", LOCAL_PORT + 2);
	assert_int_equal(media_endpoint_add(scene->media, &roamer, 0, scene->why), 0);
	scene_destroy(scene);
}

static void learn_at(struct scene *scene)
{
	struct sluice_endpoint roamer = endpoint_of("roamer", "198.18.1.9", LOCAL_PORT);

	for (int i = 0; i < 4; i++) {
		static const char *const names[] = {"camera", "one", "two", "three"};

		assert_int_equal(media_endpoint_delete(scene->media, names[i], scene->why), 0);
	}
	roamer.learn = 1;
	memset(&roamer.remote, 0, sizeof(roamer.remote));
	assert_int_equal(media_endpoint_add(scene->media, &roamer, 0, scene->why), 0);
	assert_int_equal(stream(scene, "roaming", "roamer", 0), 0);
}

static void test_learn_moves(void **state)
{
	struct scene *scene = scene_create();
	struct ip_addr first = ip("198.18.1.50"), second = ip("198.18.1.51");
	struct endpoint *at;

	/* its reports go there */
	assert_int_equal(rig_neighbour(&scene->rig, 0, &first, &far_mac), 0);
	assert_int_equal(rig_neighbour(&scene->rig, 0, &second, &far_mac), 0);
	learn_at(scene);
	at = &scene->media->endpoints[endpoint_named(scene->media, "roamer")];
	publish_from(scene, "198.18.1.50", 0, 77, 1, true);
	rig_walk(&scene->rig);
	assert_int_equal(at->remote.port, 0);
	publish_from(scene, "198.18.1.50", 0, 77, 2, false);
	rig_walk(&scene->rig);
	assert_true(ip_addr_equal(&at->remote.ip, &first));
	publish_from(scene, "198.18.1.51", 1, 77, 3, true);
	rig_walk(&scene->rig);
	assert_true(ip_addr_equal(&at->remote.ip, &first));
	publish_from(scene, "198.18.1.51", 1, 77, 2, false); /* replayed from elsewhere */
	rig_walk(&scene->rig);
	assert_true(ip_addr_equal(&at->remote.ip, &first));
	publish_from(scene, "198.18.1.51", 1, 77, 4, false);
	rig_walk(&scene->rig);
	assert_true(ip_addr_equal(&at->remote.ip, &second));
	assert_int_equal(at->moved, 1);
	/* The stream has taken the first SSRC that authenticated, and no other. */
	publish_from(scene, "198.18.1.51", 1, 78, 5, false);
	rig_walk(&scene->rig);
	assert_int_equal(dropped(scene, DROP_MEDIA_NO_STREAM), 1);
	assert_int_equal(media_endpoint_delete(scene->media, "roamer", scene->why), 0);
	scene_destroy(scene);
}

/* Under one key an SSRC never begins anew: no index twice (RFC 3711, 9.1). */
static void test_index_never_again(void **state)
{
	struct scene *scene = scene_create();
	struct sluice_subscription_name one = leg("video", "one");
	struct got got = {0};
	uint16_t last = 0;

	for (uint64_t round = 0; round < 20; round++) {
		assert_int_equal(subscribe(scene, "video", "one", 42), 0);
		if (round > 0)
			last = got.seq[2];
		got.count[2] = 0;
		for (uint64_t index = 0; index < 5; index++)
			publish(scene, 10 * round + index);
		collect(scene, &got);
		assert_int_equal(got.count[2], 5);
		if (round > 0)
			assert_int_equal((uint16_t)(got.seq[2] - last), 5);
		assert_int_equal(media_subscription_delete(scene->media, &one, scene->why), 0);
		media_collect_all(scene->media);
	}
	scene_destroy(scene);
}

/* A receiver follows a jump below 2^15, and ends and beginnings make none, however many. */
static void test_index_stays(void **state)
{
	struct scene *scene = scene_create();
	struct sluice_subscription_name one = leg("video", "one");
	struct got got = {0};
	uint16_t last;

	assert_int_equal(subscribe(scene, "video", "one", 42), 0);
	publish(scene, 0);
	collect(scene, &got);
	assert_int_equal(got.count[2], 1);
	last = got.seq[2];
	for (int round = 0; round < 40; round++) {
		assert_int_equal(media_subscription_delete(scene->media, &one, scene->why), 0);
		if (round % 2 == 0)
			media_collect_all(scene->media);
		assert_int_equal(subscribe(scene, "video", "one", 42), 0);
	}
	publish(scene, 2);
	collect(scene, &got);
	assert_int_equal(got.count[2], 2);
	assert_int_equal((uint16_t)(got.seq[2] - last), 1);
	/* a packet from before the beginning has no number that is not another's already */
	publish(scene, 1);
	collect(scene, &got);
	assert_int_equal(got.count[2], 2);
	scene_destroy(scene);
}

/* Nor SRTCP's: a key that is spent stays so. */
static void test_control_index_never_again(void **state)
{
	struct scene *scene = scene_create();
	struct sluice_endpoint one = endpoint_of("one", "198.18.2.2", LOCAL_PORT);
	uint32_t last = 5;

	for (int round = 0; round < 4; round++) {
		struct endpoint *at = &scene->media->endpoints[endpoint_named(scene->media, "one")];

		if (round > 0)
			assert_in_range(at->rtcp_index, last,
			                RTE_MIN(last + SPENT_SLACK, 0x7fffffffu));
		last = round < 2 ? 10 : 0x7fffffff - 10;
		at->rtcp_index = last;
		assert_int_equal(media_endpoint_delete(scene->media, "one", scene->why), 0);
		assert_int_equal(media_endpoint_add(scene->media, &one, 0, scene->why), 0);
	}
	scene_destroy(scene);
}

/* A worker is at its last packets of a leg that has ended, and the publisher's numbers jump. */
static void test_index_of_the_last_packets(void **state)
{
	struct scene *scene = scene_create();
	struct sluice_subscription_name one = leg("video", "one");
	struct subscription *at;
	uint64_t last;

	for (int collected = 0; collected < 2; collected++) {
		assert_int_equal(subscribe_rtx(scene, "video", "one", 42, 43, 97), 0);
		at = &scene->media->subscriptions[subscription_named(scene->media, "video", "one")];
		assert_int_equal(media_subscription_delete(scene->media, &one, scene->why), 0);
		last = at->highest += 20 * SPENT_SLACK;
		at->rtx_index += 20 * SPENT_SLACK;
		if (collected)
			media_collect_all(scene->media);
		assert_int_equal(subscribe_rtx(scene, "video", "one", 43, 42, 97), 0);
		at = &scene->media->subscriptions[subscription_named(scene->media, "video", "one")];
		assert_int_equal(at->rtx_index, last);
		assert_in_range(at->highest, 20 * SPENT_SLACK, UINT32_MAX);
		assert_int_equal(media_subscription_delete(scene->media, &one, scene->why), 0);
	}
	scene_destroy(scene);
}

/* One key, one SSRC, one sender: whether it is a leg's own or that of its repeats, and whatever
 * endpoint has the key. */
static void test_ssrcs_of_a_key(void **state)
{
	struct scene *scene = scene_create();
	struct sluice_endpoint four = endpoint_of("four", "198.18.2.5", LOCAL_PORT);
	struct sluice_subscription_name one = leg("video", "one");

	memset(four.tx_key, 3, 28);
	assert_int_equal(media_endpoint_add(scene->media, &four, 0, scene->why), 0);
	assert_int_equal(stream(scene, "audio", "camera", 5), 0);
	assert_int_equal(subscribe_rtx(scene, "video", "one", 10, 20, 0), -EINVAL);
	assert_string_equal(scene->why, "rtx-ssrc needs an rtx-pt");
	assert_int_equal(subscribe_rtx(scene, "video", "one", 10, 20, 97), 0);
	assert_int_equal(subscribe(scene, "audio", "one", 10), -EEXIST);
	assert_int_equal(subscribe(scene, "audio", "one", 20), -EEXIST);
	assert_string_equal(scene->why, "endpoint one is sent ssrc 20 already, under the same key");
	assert_int_equal(subscribe_rtx(scene, "audio", "one", 30, 20, 97), -EEXIST);
	assert_int_equal(subscribe_rtx(scene, "audio", "one", 30, 10, 97), -EEXIST);
	assert_int_equal(subscribe_rtx(scene, "audio", "one", 0, 10, 97), -EEXIST);
	assert_int_equal(subscribe(scene, "video", "two", 20), -EEXIST);
	assert_string_equal(scene->why, "endpoint one is sent ssrc 20 already, under the same key");
	assert_int_equal(subscribe_rtx(scene, "video", "four", 10, 20, 97), 0);
	assert_int_equal(media_subscription_delete(scene->media, &one, scene->why), 0);
	assert_int_equal(subscribe(scene, "video", "two", 20), 0);
	assert_int_equal(subscribe(scene, "audio", "one", 10), 0);
	scene_destroy(scene);
}

static void test_refusals(void **state)
{
	struct scene *scene = scene_create();
	struct sluice_endpoint wrong = endpoint_of("wrong", "198.18.1.3", LOCAL_PORT);

	assert_int_equal(stream(scene, "video", "camera", 5), -EEXIST);
	assert_int_equal(stream(scene, "other", "camera", SSRC), -EEXIST);
	assert_int_equal(stream(scene, "other", "nobody", 5), -ENOENT);
	assert_string_equal(scene->why, "no endpoint nobody");
	assert_int_equal(subscribe(scene, "nothing", "one", 0), -ENOENT);
	assert_int_equal(subscribe(scene, "video", "nobody", 0), -ENOENT);
	assert_int_equal(subscribe(scene, "video", "one", 9), 0);
	assert_int_equal(subscribe(scene, "video", "one", 9), -EEXIST);
	wrong.rx_key_length = 30;
	assert_int_equal(media_endpoint_add(scene->media, &wrong, 0, scene->why), -EINVAL);
	assert_string_equal(scene->why,
	                    "gcm128 has keys of 28 bytes, salt included, not 30 and 28");
	wrong = endpoint_of("wrong", "198.18.1.2", LOCAL_PORT);
	assert_int_equal(media_endpoint_add(scene->media, &wrong, 0, scene->why), -EADDRINUSE);
	wrong = endpoint_of("wrong one", "198.18.1.3", LOCAL_PORT);
	assert_int_equal(media_endpoint_add(scene->media, &wrong, 0, scene->why), -EINVAL);
	assert_int_equal(media_endpoint_delete(scene->media, "nobody", scene->why), -ENOENT);
	scene_destroy(scene);
}

static void test_tables_full(void **state)
{
	struct scene *scene = scene_create();
	char name[32], remote[32];
	int added = 0, error = 0;

	for (int i = 0; error == 0 && i < 20; i++) {
		struct sluice_endpoint add;

		snprintf(name, sizeof(name), "extra%d", i);
		snprintf(remote, sizeof(remote), "198.18.2.%d", 100 + i);
		add = endpoint_of(name, remote, LOCAL_PORT);
		error = media_endpoint_add(scene->media, &add, 0, scene->why);
		added += error == 0;
	}
	assert_int_equal(error, -ENOSPC);
	assert_int_equal(added, 12);
	assert_string_equal(scene->why, "there are 16 endpoints, and room for no more");
	assert_int_equal(media_endpoint_delete(scene->media, "extra0", scene->why), 0);
	media_collect_all(scene->media);
	endpoint(scene, "again", "198.18.2.200", LOCAL_PORT);
	scene_destroy(scene);
}

/* A configuration that is replayed: what is in it again stays as it is, the rest goes. */
static void test_replay(void **state)
{
	struct scene *scene = scene_create();
	struct sluice_endpoint camera = endpoint_of("camera", "198.18.1.2", LOCAL_PORT);
	struct sluice_stream video = {.name = "video", .endpoint = "camera", .ssrc = SSRC};
	uint32_t flags = SLUICE_API_EXIST_OK | SLUICE_API_CONFIGURATION;
	struct got got = {0};

	assert_int_equal(subscribe(scene, "video", "one", 0), 0);
	publish(scene, 1);
	scene->rig.dp->config_generation++;
	assert_int_equal(media_endpoint_add(scene->media, &camera, flags, scene->why), 0);
	assert_int_equal(media_stream_add(scene->media, &video, flags, scene->why), 0);
	media_config_commit(scene->media);
	publish(scene, 2);
	collect(scene, &got);
	assert_int_equal(got.count[2], 1);
	assert_int_equal(endpoint_named(scene->media, "one"), 0);
	assert_int_not_equal(stream_named(scene->media, "video"), 0);
	assert_int_equal(dropped(scene, DROP_MEDIA_NO_SUBSCRIPTION), 1);
	scene_destroy(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_others_change),
	        cmocka_unit_test(test_backlog_full),
	        cmocka_unit_test(test_hostile_packets),
	        cmocka_unit_test(test_cut_packets),
	        cmocka_unit_test(test_learn),
	        cmocka_unit_test(test_learn_moves),
	        cmocka_unit_test(test_index_never_again),
	        cmocka_unit_test(test_index_stays),
	        cmocka_unit_test(test_control_index_never_again),
	        cmocka_unit_test(test_index_of_the_last_packets),
	        cmocka_unit_test(test_ssrcs_of_a_key),
	        cmocka_unit_test(test_refusals),
	        cmocka_unit_test(test_tables_full),
	        cmocka_unit_test(test_replay),
	};

	if (rig_eal("media_path", 256, false) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
