/* SPDX-License-Identifier: BSD-3-Clause */
/* What leaves for each subscription, read back by libsrtp2 and by a reader of frames that shares no
 * code with their writer. */
#include "srtp_population.h"

#include "frame.h"
#include "graph/drop.h"
#include "media/fan.h"
#include "srtp/rtp.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include <srtp2/srtp.h>

#include <signal.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

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
        [SLUICE_SRTP_CM256] = srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
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

static void population_open_as(struct srtp_population *population,
                               const struct srtp_population_plan *as)
{
	struct srtp_population_plan plan = *as;

	plan.engine = &srtp_engine_ipsec_mb;
	plan.workers = 1;
	plan.mbufs = 4095;
	assert_int_equal(srtp_population_create(population, &plan), 0);
	for (uint32_t i = 1; i <= population->n_endpoints; i++)
		receiver_open(&receivers[i], population, i, (uint8_t *)(uintptr_t)as->mki);
}

static void population_open(struct srtp_population *population, enum sluice_srtp_profile profile,
                            uint32_t legs)
{
	const struct srtp_population_plan plan = {
	        .profile = profile,
	        .streams = STREAMS,
	        .legs = legs,
	};

	population_open_as(population, &plan);
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

static void cm256(void **state)
{
	each_leg_gets_each_packet(SLUICE_SRTP_CM256);
}

/* RFC 3711, 3.1 and RFC 7714, 8.2: before the tag, or behind it. */
static void mki_is_where_readers_look(void **state)
{
	static const uint8_t mki[4] = {1, 2, 3, 4};
	static const enum sluice_srtp_profile profiles[] = {SLUICE_SRTP_GCM128, SLUICE_SRTP_CM80,
	                                                    SLUICE_SRTP_CM32};

	for (size_t i = 0; i < RTE_DIM(profiles); i++) {
		const struct srtp_population_plan plan = {
		        .profile = profiles[i], .streams = 1, .legs = 3, .mki = mki};
		struct srtp_population population;

		population_open_as(&population, &plan);
		for (uint64_t index = 1; index <= 5; index++)
			packet_send(&population, 1, index, SIZE);
		assert_int_equal(walk_all(&population, true), 5 * 3);
		population_close(&population, 5);
	}
}

/* Two CSRCs, and an extension of one-byte elements: id 1 with "ab", id 2 with "c". */
static const uint8_t extended[] = {
        0x92, SRTP_POPULATION_PT,
        0,    7,
        0,    0,
        0,    9,
        1,    2,
        3,    4, //
        1,    1,
        1,    1,
        2,    2,
        2,    2, //
        0xbe, 0xde,
        0,    2,
        0x11, 'a',
        'b',  0x20,
        'c',  0,
        0,    0,
};

static void extended_send(struct srtp_population *population, uint16_t size)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(population->rig.dp->pool);
	struct packet_media *media = &packet_of(mbuf)->media;
	uint8_t *packet = (uint8_t *)rte_pktmbuf_append(mbuf, sizeof(extended) + size);
	struct rtp_view view;

	memcpy(packet, extended, sizeof(extended));
	memset(packet + sizeof(extended), 0x5a, size);
	assert_int_equal(rtp_parse(packet, mbuf->data_len, &view), 0);
	*media = (struct packet_media){
	        .index = view.seq,
	        .stream = 1,
	        .serial = population->media->streams[1].serial,
	        .timestamp = view.timestamp,
	        .header_length = view.header_length,
	        .payload_length = view.payload_length,
	        .ext_offset = view.ext_offset,
	        .ext_length = view.ext_length,
	        .ext_profile = view.ext_profile,
	        .payload_type = view.payload_type,
	        .marker = view.marker,
	};
	packet_of(mbuf)->entry = PACKET_ENTRY_SRTP_ENCRYPT;
	assert_int_equal(worker_inbox_put(population->rig.dp->workers[0], &mbuf, 1), 1);
}

static void headers_as_they_are(void **state)
{
	const struct srtp_population_plan plan = {.streams = 1, .legs = 2};
	struct srtp_population population;

	population_open_as(&population, &plan);
	extended_send(&population, SIZE);
	assert_int_equal(walk_all(&population, false), 2);
	for (uint32_t i = 1; i <= 2; i++) {
		const uint8_t *packet = receivers[i].packet;

		assert_int_equal(packet[0], extended[0]);
		assert_int_equal(packet[1], extended[1]);
		assert_memory_equal(packet + 4, extended + 4, 4);
		assert_memory_equal(packet + 12, extended + 12, sizeof(extended) - 12);
		assert_int_equal(receivers[i].payload_length, SIZE);
		assert_int_equal(receivers[i].payload[SIZE - 1], 0x5a);
	}
	population_close(&population, 1);
}

/* Another payload type, id 2 as 9, id 1 left out. */
static void headers_as_the_subscription_wants(void **state)
{
	static const uint8_t wanted[] = {0xbe, 0xde, 0, 1, 0x90, 'c', 0, 0};
	const struct sluice_subscription like = {
	        .pt = 111, .pt_given = 1, .ext_count = 1, .ext_from = {2}, .ext_to = {9}};
	const struct srtp_population_plan plan = {
	        .profile = SLUICE_SRTP_CM80, .streams = 1, .legs = 2, .like = &like};
	struct srtp_population population;

	population_open_as(&population, &plan);
	extended_send(&population, SIZE);
	assert_int_equal(walk_all(&population, false), 2);
	for (uint32_t i = 1; i <= 2; i++) {
		const uint8_t *packet = receivers[i].packet;

		assert_int_equal(packet[0], 0x92);
		assert_int_equal(packet[1], 111);
		assert_memory_equal(packet + 12, extended + 12, 8);
		assert_memory_equal(packet + 20, wanted, sizeof(wanted));
		assert_int_equal(receivers[i].view.header_length, 20 + sizeof(wanted));
		assert_int_equal(receivers[i].payload_length, SIZE);
	}
	population_close(&population, 1);
}

/* Too long for the MTU: it leaves in fragments (media_frame_test.c joins them). */
static void longer_than_the_way(void **state)
{
	struct srtp_population population;
	const struct worker *worker;
	struct rte_mbuf *mbuf;
	uint32_t count = 0;

	population_open(&population, SLUICE_SRTP_GCM128, 1);
	worker = population.rig.dp->workers[0];
	packet_send(&population, 1, 1, 1500 - 20 - 8 - 12 - 16);
	assert_int_equal(walk_all(&population, false), 1);
	packet_send(&population, 1, 2, 1500 - 20 - 8 - 12 - 16 + 1);
	rig_walk(&population.rig);
	for (; (mbuf = rig_collect(&population.rig, 1)) != NULL; count++)
		rte_pktmbuf_free(mbuf);
	assert_int_equal(count, 2);
	assert_int_equal(worker->ip_counters[IP_FRAGMENTED], 1);
	assert_int_equal(worker->media->counters[MEDIA_TOO_BIG], 0);
	population_close(&population, 2);
}

static void leg_name(struct sluice_subscription_name *name, uint32_t endpoint)
{
	srtp_population_stream_name(name->stream, 1);
	srtp_population_endpoint_name(name->endpoint, endpoint);
}

/* While a packet is on its way to many, one that had it goes and comes back, one that had not goes:
 * the others get it once. */
static void legs_change_under_way(void **state)
{
	const struct srtp_population_plan plan = {.streams = 1, .legs = LEGS};
	const uint32_t served = 10, unserved = 600;
	struct sluice_subscription_name had = {{0}}, had_not = {{0}};
	struct sluice_subscription again = {.ssrc = 4711};
	struct srtp_population population;
	char why[SLUICE_API_ERROR_MAX];

	population_open_as(&population, &plan);
	packet_send(&population, 1, 1, SIZE);
	worker_walk(population.rig.dp->workers[0]);
	assert_in_range(receive_all(&population, false), 64, LEGS / 2);
	assert_int_equal(receivers[served].packets, 1);
	assert_int_equal(receivers[unserved].packets, 0);
	leg_name(&had, served);
	leg_name(&had_not, unserved);
	assert_int_equal(media_subscription_delete(population.media, &had, why), 0);
	assert_int_equal(media_subscription_delete(population.media, &had_not, why), 0);
	memcpy(again.stream, had.stream, sizeof(again.stream));
	memcpy(again.endpoint, had.endpoint, sizeof(again.endpoint));
	assert_int_equal(media_subscription_add(population.media, &again, 0, why), 0);
	walk_all(&population, false);
	for (uint32_t i = 1; i <= LEGS; i++)
		assert_int_equal(receivers[i].packets, i != unserved);
	packet_send(&population, 1, 2, SIZE);
	walk_all(&population, false);
	assert_int_equal(receivers[served].view.ssrc, 4711);
	for (uint32_t i = 1; i <= LEGS; i++)
		assert_int_equal(receivers[i].packets, i == unserved ? 0 : 2);
	population_close(&population, 2);
}

/* -- nobody but the cipher reads a payload -- */

static uint8_t *guarded; /* a header's page, then the payload's, that only the engine may read */
static size_t page;
static struct srtp_engine guarding;
static sigjmp_buf caught;

static unsigned int guarding_protect(struct srtp_worker *worker, struct srtp_job *jobs,
                                     unsigned int count, const struct srtp_job *ahead,
                                     unsigned int ahead_count)
{
	unsigned int done;

	mprotect(guarded + page, page, PROT_READ);
	done = srtp_engine_ipsec_mb.protect(worker, jobs, count, ahead, ahead_count);
	mprotect(guarded + page, page, PROT_NONE);
	return done;
}

static void fault(int signal)
{
	siglongjmp(caught, 1);
}

/* The guard bites: else the test below says nothing. */
static void payload_is_guarded(void)
{
	struct sigaction action = {.sa_handler = fault, .sa_flags = SA_NODEFER}, before;

	sigaction(SIGSEGV, &action, &before);
	if (sigsetjmp(caught, 1) == 0) {
		(void)*(volatile uint8_t *)(guarded + page);
		fail_msg("the payload could be read");
	}
	sigaction(SIGSEGV, &before, NULL);
}

static void buffer_keep(void *buffer, void *opaque)
{
}

/* The extended header ends where the payload's page begins. */
static struct rte_mbuf *guarded_packet(struct srtp_population *population,
                                       struct rte_mbuf_ext_shared_info *shared)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(population->rig.dp->pool);
	uint8_t *header = guarded + page - sizeof(extended);
	struct rtp_view view;

	shared->free_cb = buffer_keep;
	rte_mbuf_ext_refcnt_set(shared, 1);
	rte_pktmbuf_attach_extbuf(mbuf, guarded, RTE_BAD_IOVA, (uint16_t)(2 * page), shared);
	mbuf->data_off = (uint16_t)(header - guarded);
	mbuf->data_len = sizeof(extended) + SIZE;
	mbuf->pkt_len = mbuf->data_len;
	memcpy(header, extended, sizeof(extended));
	memset(guarded + page, 0x5a, SIZE);
	assert_int_equal(rtp_parse(header, mbuf->data_len, &view), 0);
	packet_of(mbuf)->entry = PACKET_ENTRY_SRTP_ENCRYPT;
	packet_of(mbuf)->media = (struct packet_media){
	        .index = view.seq,
	        .stream = 1,
	        .serial = population->media->streams[1].serial,
	        .timestamp = view.timestamp,
	        .header_length = view.header_length,
	        .payload_length = view.payload_length,
	        .ext_offset = view.ext_offset,
	        .ext_length = view.ext_length,
	        .ext_profile = view.ext_profile,
	        .payload_type = view.payload_type,
	};
	return mbuf;
}

static void payload_is_read_by_the_cipher_alone(void **state)
{
	const struct srtp_population_plan plan = {.streams = 1, .legs = LEGS};
	struct rte_mbuf_ext_shared_info shared;
	struct srtp_population population;
	struct rte_mbuf *mbuf;

	page = (size_t)sysconf(_SC_PAGESIZE);
	guarded = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(guarded, MAP_FAILED);
	population_open_as(&population, &plan);
	mbuf = guarded_packet(&population, &shared);
	guarding = srtp_engine_ipsec_mb;
	guarding.protect = guarding_protect;
	population.media->engine = &guarding;
	mprotect(guarded + page, page, PROT_NONE);
	payload_is_guarded();
	assert_int_equal(worker_inbox_put(population.rig.dp->workers[0], &mbuf, 1), 1);
	assert_int_equal(walk_all(&population, false), LEGS);
	for (uint32_t i = 1; i <= LEGS; i++) {
		assert_int_equal(receivers[i].payload_length, SIZE);
		assert_int_equal(receivers[i].payload[0], 0x5a);
		assert_int_equal(receivers[i].payload[SIZE - 1], 0x5a);
	}
	population.media->engine = &srtp_engine_ipsec_mb;
	population_close(&population, 1);
	munmap(guarded, 2 * page);
}

/* -- a cipher that refuses -- */

#define REFUSE_EACH 3

static unsigned int refusing_protect(struct srtp_worker *worker, struct srtp_job *jobs,
                                     unsigned int count, const struct srtp_job *ahead,
                                     unsigned int ahead_count)
{
	static unsigned int seen;
	unsigned int done = srtp_engine_ipsec_mb.protect(worker, jobs, count, ahead, ahead_count);

	for (unsigned int i = 0; i < count; i++) {
		if (seen++ % REFUSE_EACH != 0)
			continue;
		jobs[i].ok = false;
		done--;
	}
	return done;
}

/* Whoever else is in the burst gets the packet. */
static void what_the_cipher_refuses_stays(void **state)
{
	static const enum sluice_srtp_profile profiles[] = {SLUICE_SRTP_GCM128, SLUICE_SRTP_CM80};
	struct srtp_engine refusing = srtp_engine_ipsec_mb;

	refusing.protect = refusing_protect;
	for (size_t i = 0; i < RTE_DIM(profiles); i++) {
		struct srtp_population population;
		const struct worker *worker;
		uint64_t sent, dropped;

		population_open(&population, profiles[i], LEGS);
		population.media->engine = &refusing;
		worker = population.rig.dp->workers[0];
		for (uint32_t stream = 1; stream <= STREAMS; stream++)
			packet_send(&population, stream, 1, SIZE);
		sent = walk_all(&population, false);
		dropped = worker->drops[DROP_SRTP_CIPHER];
		assert_in_range(dropped, STREAMS * LEGS / REFUSE_EACH,
		                STREAMS * LEGS / REFUSE_EACH + 1);
		assert_int_equal(sent + dropped, STREAMS * LEGS);
		assert_int_equal(worker->media->counters[MEDIA_FORWARDED], sent);
		population.media->engine = &srtp_engine_ipsec_mb;
		population_close(&population, STREAMS);
	}
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
	        cmocka_unit_test(cm256),
	        cmocka_unit_test(mki_is_where_readers_look),
	        cmocka_unit_test(headers_as_they_are),
	        cmocka_unit_test(headers_as_the_subscription_wants),
	        cmocka_unit_test(longer_than_the_way),
	        cmocka_unit_test(legs_change_under_way),
	        cmocka_unit_test(payload_is_read_by_the_cipher_alone),
	        cmocka_unit_test(what_the_cipher_refuses_stays),
	};

	if (rte_eal_init(RTE_DIM(arguments), arguments) < 0 || srtp_init() != srtp_err_status_ok)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
