/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands around a subscriber's packet on its way out, over each kind of way: IPv4 and IPv6,
 * with a tag and without, checksums ours or the NIC's. The publisher and the subscriber know
 * libsrtp2 alone; the frames are read by a reader that shares no code with their writer.
 */
#include "frame.h"
#include "media/config.h"
#include "net/neighbour.h"
#include "net/port.h"
#include "net_fixture.h"
#include "../packet/pieces.h"
#include "rig.h"
#include "srtp/rtp.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include <srtp2/srtp.h>

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SSRC        1111u
#define LEG_SSRC    2222u
#define LOCAL_PORT  5000
#define REMOTE_PORT 6000
#define TAG         16
#define MTU         1500

static const struct rte_ether_addr near_mac = {{2, 0, 0, 0, 0, 1}};
static const struct rte_ether_addr far_mac = {{2, 0, 0, 0, 0, 9}};

struct way {
	const char *local, *remote;
	uint16_t vlan;
	bool by_nic; /* the port's UDP checksums */
};

static const struct way ways[] = {
        {"198.18.2.1", "198.18.2.2", 0, false},   {"198.18.2.1", "198.18.2.2", 0, true},
        {"198.18.2.1", "198.18.2.2", 100, false}, {"198.18.2.1", "198.18.2.2", 4094, true},
        {"2001:2::1", "2001:2::2", 0, false},     {"2001:2::1", "2001:2::2", 0, true},
        {"2001:2::1", "2001:2::2", 100, false},   {"2001:2::1", "2001:2::2", 4094, true},
};

struct scene {
	struct rig rig;
	const struct way *way;
	srtp_t publisher, subscriber;
	uint16_t seq;
	uint8_t packet[MTU + 64]; /* what the subscriber read last */
	int length;
};

static struct sluice_addr addr(const char *text, uint16_t port)
{
	struct sluice_addr addr = {.port = rte_cpu_to_be_16(port)};
	struct ip_addr at = ip(text);

	memcpy(addr.ip, at.bytes, sizeof(addr.ip));
	return addr;
}

static void routes_set(struct scene *scene)
{
	struct ip_addr remote = ip(scene->way->remote);
	const struct route route = {
	        .prefix = remote,
	        .length = 128,
	        .vlan = scene->way->vlan,
	        .port = scene->rig.ports[1].index,
	};
	struct dataplane *dp = scene->rig.dp;

	dp->ports->table[route.port].tx_checksum = scene->way->by_nic;
	assert_int_equal(neighbour_set(dp->neighbours, neighbour_link(route.port, route.vlan),
	                               &remote, NEIGHBOUR_REACHED, &far_mac),
	                 0);
	assert_int_equal(fib_set(dp, &route, 1), 0);
}

static srtp_t session_create(uint8_t byte, srtp_ssrc_type_t direction)
{
	uint8_t key[SLUICE_MEDIA_KEY_MAX];
	srtp_policy_t policy = {.key = key, .window_size = 1024, .ssrc.type = direction};
	srtp_t session;

	memset(key, byte, sizeof(key));
	srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
	srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
	assert_int_equal(srtp_create(&session, &policy), srtp_err_status_ok);
	return session;
}

static void endpoint_add(struct scene *scene, const char *name, const char *local,
                         const char *remote)
{
	struct sluice_endpoint add = {
	        .local = addr(local, LOCAL_PORT),
	        .remote = addr(remote, REMOTE_PORT),
	        .profile = SLUICE_SRTP_GCM128,
	        .rx_key_length = 28,
	        .tx_key_length = 28,
	};
	char why[SLUICE_API_ERROR_MAX];

	strcpy(add.name, name);
	memset(add.rx_key, 1, 28);
	memset(add.tx_key, 2, 28);
	assert_int_equal(media_endpoint_add(scene->rig.dp->media, &add, 0, why), 0);
}

/* like: of the subscription; or NULL. */
static void scene_open(struct scene *scene, const struct way *way,
                       const struct sluice_subscription *like)
{
	struct sluice_stream stream = {.name = "video", .endpoint = "camera", .ssrc = SSRC};
	struct sluice_subscription subscription = {0};
	char why[SLUICE_API_ERROR_MAX];
	struct options options;

	*scene = (struct scene){.way = way, .seq = 65534};
	options_default(&options);
	options.mbufs = 1023;
	options.max_endpoints = options.max_streams = options.max_subscriptions = 4;
	assert_int_equal(rig_create(&scene->rig, &options), 0);
	routes_set(scene);
	endpoint_add(scene, "camera", "198.18.1.1", "198.18.1.2");
	endpoint_add(scene, "viewer", way->local, way->remote);
	assert_int_equal(media_stream_add(scene->rig.dp->media, &stream, 0, why), 0);
	if (like != NULL)
		subscription = *like;
	strcpy(subscription.stream, "video");
	strcpy(subscription.endpoint, "viewer");
	subscription.ssrc = LEG_SSRC;
	assert_int_equal(media_subscription_add(scene->rig.dp->media, &subscription, 0, why), 0);
	scene->publisher = session_create(1, ssrc_any_outbound);
	scene->subscriber = session_create(2, ssrc_any_inbound);
}

static void scene_close(struct scene *scene)
{
	srtp_dealloc(scene->publisher);
	srtp_dealloc(scene->subscriber);
	rig_destroy(&scene->rig);
}

/* An RTP packet whose first byte and what follows its fixed header are given; its number is the
 * next. */
static void publish(struct scene *scene, uint8_t first, const void *tail, int tail_length)
{
	uint8_t packet[MTU + 64] = {first, 96}, bytes[FRAME_MAX];
	int length = RTP_HEADER_SIZE + tail_length;
	uint32_t ssrc = rte_cpu_to_be_32(SSRC);
	uint16_t seq = rte_cpu_to_be_16(scene->seq++);
	struct frame frame = {
	        .to_mac = near_mac,
	        .from_mac = far_mac,
	        .from = {ip("198.18.1.2"), RTE_BE16(REMOTE_PORT)},
	        .to = {ip("198.18.1.1"), RTE_BE16(LOCAL_PORT)},
	        .hop_limit = 64,
	        .payload = packet,
	};

	memcpy(packet + 2, &seq, sizeof(seq));
	memcpy(packet + 8, &ssrc, sizeof(ssrc));
	memcpy(packet + RTP_HEADER_SIZE, tail, (size_t)tail_length);
	assert_int_equal(srtp_protect(scene->publisher, packet, &length), srtp_err_status_ok);
	frame.length = (uint16_t)length;
	assert_int_equal(
	        rig_inject(&scene->rig, 0, 0, bytes, frame_write(bytes, sizeof(bytes), &frame)), 0);
	rig_walk(&scene->rig);
}

/* What the NIC is told, and what it would make of it: the sum of all from UDP's header on, whose
 * checksum field has the pseudo header's. */
static void nic_checksum(const struct rte_mbuf *mbuf, bool v4)
{
	uint8_t *l3 = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, mbuf->l2_len);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(l3 + mbuf->l3_len);
	uint64_t family = v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	uint16_t sum;

	assert_int_equal(mbuf->ol_flags, family | RTE_MBUF_F_TX_UDP_CKSUM);
	assert_int_equal(mbuf->l2_len, frame_ip_offset(rte_pktmbuf_mtod(mbuf, uint8_t *)));
	assert_int_equal(mbuf->l2_len + mbuf->l3_len,
	                 frame_udp_offset(rte_pktmbuf_mtod(mbuf, uint8_t *)));
	sum = v4 ? rte_ipv4_phdr_cksum((struct rte_ipv4_hdr *)l3, mbuf->ol_flags)
	         : rte_ipv6_phdr_cksum((struct rte_ipv6_hdr *)l3, mbuf->ol_flags);
	assert_int_equal(udp->dgram_cksum, sum);
	sum = (uint16_t)~rte_raw_cksum(udp, rte_be_to_cpu_16(udp->dgram_len));
	udp->dgram_cksum = sum == 0 ? 0xffff : sum;
}

static void frame_check(const struct scene *scene, const struct rte_mbuf *mbuf, struct frame *frame)
{
	struct ip_addr local = ip(scene->way->local), remote = ip(scene->way->remote);
	const struct port *port = &scene->rig.dp->ports->table[scene->rig.ports[1].index];
	const char *wrong;

	if (scene->way->by_nic)
		nic_checksum(mbuf, ip_addr_is_v4(&remote));
	else
		assert_int_equal(mbuf->ol_flags, 0);
	wrong = frame_read(frame, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len);
	if (wrong != NULL)
		fail_msg("to %s: %s", scene->way->remote, wrong);
	assert_memory_equal(&frame->to_mac, &far_mac, sizeof(far_mac));
	assert_memory_equal(&frame->from_mac, &port->mac, sizeof(port->mac));
	assert_int_equal(frame->vlan, scene->way->vlan);
	assert_true(ip_addr_equal(&frame->from.ip, &local));
	assert_true(ip_addr_equal(&frame->to.ip, &remote));
	assert_int_equal(frame->from.port, RTE_BE16(LOCAL_PORT));
	assert_int_equal(frame->to.port, RTE_BE16(REMOTE_PORT));
	assert_int_equal(frame->hop_limit, 64);
	assert_false(frame->no_checksum);
	assert_true(frame->dont_fragment || !ip_addr_is_v4(&remote));
}

/* The next packet of the subscriber's, read; false: none. */
static bool receive(struct scene *scene)
{
	struct rte_mbuf *mbuf = rig_collect(&scene->rig, 1);
	struct frame frame;

	if (mbuf == NULL)
		return false;
	frame_check(scene, mbuf, &frame);
	scene->length = frame.length;
	assert_in_range(frame.length, RTP_HEADER_SIZE, sizeof(scene->packet));
	memcpy(scene->packet, frame.payload, frame.length);
	rte_pktmbuf_free(mbuf);
	assert_int_equal(srtp_unprotect(scene->subscriber, scene->packet, &scene->length),
	                 srtp_err_status_ok);
	return true;
}

/* Odd and even lengths, the shortest and the longest, and sums that come out as any number. */
static void each_way_has_its_headers(void **state)
{
	static const int lengths[] = {1, 2, 3, 100, 101, 999, 1300};
	uint8_t payload[MTU];

	for (size_t i = 0; i < RTE_DIM(ways); i++) {
		struct scene scene;

		scene_open(&scene, &ways[i], NULL);
		for (int n = 0; n < 100; n++) {
			int length = lengths[n % RTE_DIM(lengths)];

			memset(payload, n, (size_t)length);
			publish(&scene, 0x80, payload, length);
			assert_true(receive(&scene));
			assert_int_equal(scene.length, RTP_HEADER_SIZE + length);
			assert_memory_equal(scene.packet + RTP_HEADER_SIZE, payload,
			                    (size_t)length);
			assert_false(receive(&scene));
		}
		scene_close(&scene);
	}
}

/* One byte more, as a longer tag makes it: it leaves in fragments, whoever computes checksums. */
static bool receive_in_fragments(struct scene *scene)
{
	struct piece *pieces = calloc(PIECES_MAX, sizeof(*pieces));
	uint8_t bytes[MTU + 128];
	struct rte_mbuf *mbuf;
	unsigned int count = 0;
	struct frame frame;
	const char *wrong;
	uint16_t length;

	while ((mbuf = rig_collect(&scene->rig, 1)) != NULL) {
		assert_in_range(count, 0, 1);
		assert_int_equal(mbuf->ol_flags, 0);
		pieces[count].length = mbuf->data_len;
		memcpy(pieces[count++].bytes, rte_pktmbuf_mtod(mbuf, void *), mbuf->data_len);
		rte_pktmbuf_free(mbuf);
	}
	assert_int_equal(count, 2);
	wrong = frame_join(pieces, count, MTU, bytes, &length);
	if (wrong == NULL)
		wrong = frame_read(&frame, bytes, length);
	if (wrong != NULL)
		fail_msg("to %s: %s", scene->way->remote, wrong);
	free(pieces);
	scene->length = frame.length;
	memcpy(scene->packet, frame.payload, frame.length);
	return srtp_unprotect(scene->subscriber, scene->packet, &scene->length) ==
	       srtp_err_status_ok;
}

/* The MTU counts the IP packet; a tag comes on top. */
static void the_longest_that_goes(void **state)
{
	static const uint8_t payload[MTU];

	for (size_t i = 0; i < RTE_DIM(ways); i++) {
		struct ip_addr remote = ip(ways[i].remote);
		int headers = ip_addr_is_v4(&remote) ? 20 + 8 : 40 + 8;
		int room = MTU - headers - RTP_HEADER_SIZE - TAG;
		const struct worker *worker;
		struct scene scene;

		scene_open(&scene, &ways[i], NULL);
		worker = scene.rig.dp->workers[0];
		publish(&scene, 0x80, payload, room);
		assert_true(receive(&scene));
		assert_int_equal(worker->ip_counters[IP_FRAGMENTED], 0);
		publish(&scene, 0x80, payload, room + 1);
		assert_true(receive_in_fragments(&scene));
		assert_int_equal(scene.length, RTP_HEADER_SIZE + room + 1);
		assert_int_equal(worker->ip_counters[IP_FRAGMENTED], 1);
		assert_int_equal(worker->ip_counters[IP_FRAGMENTS_SENT], 2);
		scene_close(&scene);
	}
}

/* -- what is in the packet -- */

#define FIRST_WITH_EXTENSION 0x90
#define FIRST_WITH_PADDING   0xa0

static uint16_t packet_seq(const struct scene *scene)
{
	return (uint16_t)(scene->packet[2] << 8 | scene->packet[3]);
}

/* Nothing but padding, or nothing at all: the numbering closes over it. Padding behind a payload
 * stays, whatever it claims. */
static void what_is_empty_leaves_no_gap(void **state)
{
	static const struct {
		uint8_t first, tail[8];
		int length;
		bool sent;
	} rows[] = {
	        {0x80, {1, 2, 3, 4}, 4, true},
	        {FIRST_WITH_PADDING, {0, 0, 0, 4}, 4, false},
	        {FIRST_WITH_PADDING, {1}, 1, false},
	        {0x80, {0}, 0, false},
	        {FIRST_WITH_PADDING, {0}, 0, false},
	        {FIRST_WITH_PADDING, {7, 0, 0, 3}, 4, true},
	        {FIRST_WITH_PADDING, {0, 0, 0, 200}, 4, true}, /* lies */
	        {FIRST_WITH_PADDING, {0, 0, 0, 0}, 4, true},
	        {FIRST_WITH_EXTENSION, {0xbe, 0xde, 0, 1, 0x10, 'a', 0, 0}, 8, false},
	        {0xb0, {0xbe, 0xde, 0, 0, 0, 0, 0, 4}, 8, false},
	        {0x80, {4}, 1, true},
	};

	for (size_t i = 0; i < RTE_DIM(ways); i++) {
		struct scene scene;
		uint16_t seq = 0;
		bool first = true;

		scene_open(&scene, &ways[i], NULL);
		for (size_t k = 0; k < RTE_DIM(rows); k++) {
			publish(&scene, rows[k].first, rows[k].tail, rows[k].length);
			assert_int_equal(receive(&scene), rows[k].sent);
			if (!rows[k].sent)
				continue;
			assert_int_equal(scene.length, RTP_HEADER_SIZE + rows[k].length);
			assert_int_equal(scene.packet[0], rows[k].first);
			assert_memory_equal(scene.packet + RTP_HEADER_SIZE, rows[k].tail,
			                    (size_t)rows[k].length);
			assert_true(first || packet_seq(&scene) == (uint16_t)(seq + 1));
			seq = packet_seq(&scene);
			first = false;
		}
		scene_close(&scene);
	}
}

/* Between others that were sent already: it has its number, and is sent. */
static void what_is_empty_and_late_fills_its_gap(void **state)
{
	static const uint8_t payload[4] = {1, 2, 3, 4}, padding[4] = {0, 0, 0, 4};
	struct scene scene;
	uint16_t begin, seq;

	scene_open(&scene, &ways[0], NULL);
	begin = scene.seq;
	publish(&scene, 0x80, payload, sizeof(payload));
	assert_true(receive(&scene));
	seq = packet_seq(&scene);
	scene.seq = (uint16_t)(begin + 2);
	publish(&scene, 0x80, payload, sizeof(payload));
	assert_true(receive(&scene));
	assert_int_equal(packet_seq(&scene), (uint16_t)(seq + 2));
	scene.seq = (uint16_t)(begin + 1);
	publish(&scene, FIRST_WITH_PADDING, padding, sizeof(padding));
	assert_true(receive(&scene));
	assert_int_equal(packet_seq(&scene), (uint16_t)(seq + 1));
	assert_memory_equal(scene.packet + RTP_HEADER_SIZE, padding, sizeof(padding));
	scene_close(&scene);
}

#define PAYLOAD "payload"

/* The extension as the publisher sends it, and as the subscriber gets it under its ids. */
static const struct {
	const char *what;
	uint8_t count, from[3], to[3];
	int in_length, out_length;
	uint8_t in[20], out[20];
} mappings[] = {
        {"as it is",
         0,
         {0},
         {0},
         8,
         8,
         {0xbe, 0xde, 0, 1, 0x10, 'a'},
         {0xbe, 0xde, 0, 1, 0x10, 'a'}},
        {"one byte stays one byte",
         2,
         {1, 2},
         {14, 3},
         12,
         12,
         {0xbe, 0xde, 0, 2, 0x11, 'a', 'b', 0, 0x20, 'c'},
         {0xbe, 0xde, 0, 2, 0xe1, 'a', 'b', 0x30, 'c'}},
        {"one byte becomes two",
         2,
         {1, 2},
         {15, 3},
         12,
         12,
         {0xbe, 0xde, 0, 2, 0x11, 'a', 'b', 0, 0x20, 'c'},
         {0x10, 0, 0, 2, 15, 2, 'a', 'b', 3, 1, 'c'}},
        {"two bytes stay two",
         2,
         {200, 2},
         {1, 2},
         12,
         12,
         {0x10, 0, 0, 2, 200, 2, 'a', 'b', 2, 1, 'c'},
         {0x10, 0, 0, 2, 1, 2, 'a', 'b', 2, 1, 'c'}},
        {"an element without data",
         1,
         {7},
         {8},
         8,
         8,
         {0x10, 5, 0, 1, 7, 0},
         {0x10, 5, 0, 1, 8, 0}},
        {"one is left out",
         1,
         {2},
         {2},
         12,
         8,
         {0xbe, 0xde, 0, 2, 0x11, 'a', 'b', 0, 0x20, 'c'},
         {0xbe, 0xde, 0, 1, 0x20, 'c'}},
        {"all are left out", 1, {9}, {9}, 8, 0, {0xbe, 0xde, 0, 1, 0x10, 'a'}, {0}},
        {"neither form", 1, {1}, {1}, 8, 0, {0xab, 0xcd, 0, 1, 0x10, 'a'}, {0}},
};

static void extensions_under_the_subscribers_ids(void **state)
{
	for (size_t i = 0; i < RTE_DIM(ways) * RTE_DIM(mappings); i++) {
		struct sluice_subscription like = {0};
		uint8_t tail[sizeof(mappings[0].in) + sizeof(PAYLOAD)];
		size_t row = i % RTE_DIM(mappings);
		size_t out = (size_t)mappings[row].out_length;
		struct scene scene;

		like.ext_count = mappings[row].count;
		memcpy(like.ext_from, mappings[row].from, sizeof(mappings[row].from));
		memcpy(like.ext_to, mappings[row].to, sizeof(mappings[row].to));
		memcpy(tail, mappings[row].in, (size_t)mappings[row].in_length);
		memcpy(tail + mappings[row].in_length, PAYLOAD, sizeof(PAYLOAD));
		scene_open(&scene, &ways[i / RTE_DIM(mappings)], &like);
		for (int n = 0; n < 3; n++) {
			publish(&scene, FIRST_WITH_EXTENSION, tail,
			        mappings[row].in_length + (int)sizeof(PAYLOAD));
			if (!receive(&scene))
				fail_msg("%s: nothing came", mappings[row].what);
			assert_int_equal(scene.packet[0], out != 0 ? FIRST_WITH_EXTENSION : 0x80);
			assert_int_equal(scene.length, RTP_HEADER_SIZE + out + sizeof(PAYLOAD));
			assert_memory_equal(scene.packet + RTP_HEADER_SIZE, mappings[row].out, out);
			assert_memory_equal(scene.packet + RTP_HEADER_SIZE + out, PAYLOAD,
			                    sizeof(PAYLOAD));
		}
		scene_close(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_way_has_its_headers),
	        cmocka_unit_test(the_longest_that_goes),
	        cmocka_unit_test(what_is_empty_leaves_no_gap),
	        cmocka_unit_test(what_is_empty_and_late_fills_its_gap),
	        cmocka_unit_test(extensions_under_the_subscribers_ids),
	};

	if (rig_eal("media_frame", 256, false) != 0 || srtp_init() != srtp_err_status_ok)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
