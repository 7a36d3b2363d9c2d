/* SPDX-License-Identifier: BSD-3-Clause */
/* What leaves for each subscription, read back by libsrtp2 and by a reader of frames that shares no
 * code with their writer. */
#include "srtp_population.h"

#include "frame.h"
#include "media/fan.h"
#include "srtp/rtp.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include <srtp2/srtp.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SIZE    1000
#define STREAMS 2
#define LEGS    700 /* more than a walk writes */

typedef void (*policy_set)(srtp_crypto_policy_t *policy);

static const policy_set policies[SLUICE_SRTP_PROFILES] = {
        [SLUICE_SRTP_GCM128] = srtp_crypto_policy_set_aes_gcm_128_16_auth,
        [SLUICE_SRTP_GCM256] = srtp_crypto_policy_set_aes_gcm_256_16_auth,
        [SLUICE_SRTP_CM80] = srtp_crypto_policy_set_rtp_default,
        [SLUICE_SRTP_CM32] = srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
};

/* What each endpoint got: the reader of its packets, and how many were right. */
struct receiver {
	srtp_t session;
	uint32_t packets;
	uint16_t seq; /* of the last one */
	uint8_t payload[SIZE];
	uint16_t payload_length;
	struct rtp_view view;
	uint8_t packet[2048];
};

static struct receiver receivers[STREAMS * LEGS + 1];

static void receiver_open(struct receiver *receiver, const struct srtp_population *population,
                          uint32_t endpoint, uint8_t *mki)
{
	uint8_t key[SLUICE_MEDIA_KEY_MAX];
	srtp_master_key_t master = {.key = key, .mki_id = mki, .mki_size = mki == NULL ? 0 : 4};
	srtp_master_key_t *keys[] = {&master};
	srtp_policy_t policy = {.window_size = 1024, .ssrc = {.type = ssrc_any_inbound}};

	policies[population->plan.profile](&policy.rtp);
	policies[population->plan.profile](&policy.rtcp);
	srtp_population_key(endpoint, key);
	if (mki == NULL) {
		policy.key = key;
	} else {
		policy.keys = keys;
		policy.num_master_keys = 1;
	}
	memset(receiver, 0, sizeof(*receiver));
	assert_int_equal(srtp_create(&receiver->session, &policy), srtp_err_status_ok);
}

static uint32_t receive_all(struct srtp_population *population, bool mki)
{
	struct rte_mbuf *mbuf;
	uint32_t count = 0;

	for (; (mbuf = rig_collect(&population->rig, 1)) != NULL; count++) {
		struct receiver *receiver;
		struct frame frame;
		const char *wrong =
		        frame_read(&frame, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len);
		int length = frame.length;
		uint32_t endpoint;

		if (wrong != NULL)
			fail_msg("a wrong %s", wrong);
		endpoint = rte_be_to_cpu_32(frame.to.ip.words[3]) & 0xffffff;
		assert_in_range(endpoint, 1, population->n_endpoints);
		receiver = &receivers[endpoint];
		memcpy(receiver->packet, frame.payload, frame.length);
		if (mki)
			assert_int_equal(
			        srtp_unprotect_mki(receiver->session, receiver->packet, &length, 1),
			        srtp_err_status_ok);
		else
			assert_int_equal(
			        srtp_unprotect(receiver->session, receiver->packet, &length),
			        srtp_err_status_ok);
		assert_int_equal(rtp_parse(receiver->packet, (uint16_t)length, &receiver->view), 0);
		receiver->payload_length = receiver->view.payload_length;
		memcpy(receiver->payload, receiver->packet + receiver->view.header_length,
		       RTE_MIN(receiver->payload_length, sizeof(receiver->payload)));
		receiver->packets++;
		rte_pktmbuf_free(mbuf);
	}
	return count;
}

/* Walks until nothing is left, frames taken out in between: the port's ring is smaller. */
static uint32_t walk_all(struct srtp_population *population, bool mki)
{
	struct worker *worker = population->rig.dp->workers[0];
	uint32_t count = 0;

	do {
		worker_walk(worker);
		count += receive_all(population, mki);
	} while (!fan_empty(worker->media) || !rte_ring_empty(worker->inbox));
	return count;
}

static void payload_fill(struct rte_mbuf *mbuf, uint8_t seed)
{
	uint8_t *payload = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, RTP_HEADER_SIZE);

	for (uint16_t i = 0; i < mbuf->data_len - RTP_HEADER_SIZE; i++)
		payload[i] = (uint8_t)(i * 7 + seed);
}

static void packet_send(struct srtp_population *population, uint32_t stream, uint64_t index,
                        uint16_t size)
{
	struct rte_mbuf *mbuf = srtp_population_packet(population, stream, index, size);

	assert_non_null(mbuf);
	payload_fill(mbuf, (uint8_t)(stream * 16 + index));
	assert_int_equal(worker_inbox_put(population->rig.dp->workers[0], &mbuf, 1), 1);
}

static void population_open(struct srtp_population *population, enum sluice_srtp_profile profile,
                            uint32_t legs)
{
	const struct srtp_population_plan plan = {
	        .profile = profile,
	        .engine = &srtp_engine_ipsec_mb,
	        .workers = 1,
	        .streams = STREAMS,
	        .legs = legs,
	        .mbufs = 4095,
	};

	assert_int_equal(srtp_population_create(population, &plan), 0);
	for (uint32_t i = 1; i <= population->n_endpoints; i++)
		receiver_open(&receivers[i], population, i, NULL);
}

/* cached: packets that may still wait for a NACK; nothing else is left of what was sent. */
static void population_close(struct srtp_population *population, uint32_t cached)
{
	for (uint32_t i = 1; i <= population->n_endpoints; i++)
		srtp_dealloc(receivers[i].session);
	assert_in_range(rte_mempool_in_use_count(population->rig.dp->pool), 0, cached);
	srtp_population_destroy(population);
}

static void each_leg_gets_each_packet(enum sluice_srtp_profile profile)
{
	struct srtp_population population;

	population_open(&population, profile, LEGS);
	for (uint64_t index = 65530; index < 65540; index++) /* the source wraps meanwhile */
		for (uint32_t stream = 1; stream <= STREAMS; stream++)
			packet_send(&population, stream, index, SIZE);
	assert_int_equal(walk_all(&population, false), 10 * STREAMS * LEGS);
	for (uint32_t i = 1; i <= population.n_endpoints; i++) {
		const struct receiver *receiver = &receivers[i];
		uint32_t stream = 1 + (i - 1) / LEGS;

		assert_int_equal(receiver->packets, 10);
		assert_int_equal(receiver->view.ssrc, population.media->subscriptions[i].ssrc);
		assert_int_equal(receiver->view.timestamp, 65539 * 3000);
		assert_int_equal(receiver->view.payload_type, SRTP_POPULATION_PT);
		assert_int_equal(receiver->payload_length, SIZE);
		for (uint16_t k = 0; k < SIZE; k++)
			assert_int_equal(receiver->payload[k],
			                 (uint8_t)(k * 7 + (uint8_t)(stream * 16 + 65539)));
	}
	population_close(&population, 10 * STREAMS);
}

static void gcm128(void **state)
{
	each_leg_gets_each_packet(SLUICE_SRTP_GCM128);
}

static void gcm256(void **state)
{
	each_leg_gets_each_packet(SLUICE_SRTP_GCM256);
}

static void cm80(void **state)
{
	each_leg_gets_each_packet(SLUICE_SRTP_CM80);
}

static void cm32(void **state)
{
	each_leg_gets_each_packet(SLUICE_SRTP_CM32);
}

int main(void)
{
	char *arguments[] = {
	        "test",           "--no-huge",         "-m", "512", "--no-shconf", "--no-pci",
	        "--no-telemetry", "--log-level=error", "-l", "0"};
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(gcm128),
	        cmocka_unit_test(gcm256),
	        cmocka_unit_test(cm80),
	        cmocka_unit_test(cm32),
	};

	if (rte_eal_init(RTE_DIM(arguments), arguments) < 0 || srtp_init() != srtp_err_status_ok)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
