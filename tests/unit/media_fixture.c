/* SPDX-License-Identifier: BSD-3-Clause */
#include "media_fixture.h"

#include "frame.h"
#include "media/bytes.h"
#include "media/media.h"
#include "net/fib.h"
#include "net_fixture.h"
#include "srtp/profile.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LOCAL_IP       "198.18.1.1"
#define LOCAL_PORT     RTE_BE16(5000)
#define PARTY_PORT     RTE_BE16(6000)
#define FIRST_PARTY    10
#define PAYLOAD_TYPE   96
#define IP_UDP_HEADERS 48
#define MASTER_SALT    14 /* libsrtp2 takes this much for GCM too, and uses 12 */

static const struct rte_ether_addr party_mac = {{2, 0, 0, 0, 0, 9}};
static const struct rte_ether_addr our_mac = {{2, 0, 0, 0, 0, 1}};

const char *media_scene_ledger;

static void dataplane_start(struct media_scene *scene, uint16_t workers)
{
	struct options options;
	struct route route;

	options_default(&options);
	options.workers = workers;
	options.max_endpoints = PARTIES_MAX;
	options.max_streams = 64;
	options.max_subscriptions = 64;
	options.ledger = media_scene_ledger;
	assert_int_equal(rig_create(&scene->rig, &options), 0);
	route = (struct route){
	        .prefix = ip("198.18.1.0"), .length = 120, .port = scene->rig.ports[0].index};
	assert_int_equal(fib_set(scene->rig.dp, &route, 1), 0);
}

int media_eal(void **state)
{
	return srtp_init() == srtp_err_status_ok ? rig_eal("media", 256, false) : -1;
}

struct media_scene *media_scene_create(uint16_t workers)
{
	struct media_scene *scene = calloc(1, sizeof(*scene));

	dataplane_start(scene, workers);
	return scene;
}

void media_scene_restart(struct media_scene *scene, uint16_t workers)
{
	dataplane_leave(scene->rig.dp);
	rig_destroy(&scene->rig);
	dataplane_start(scene, workers);
	for (uint32_t i = 0; i < scene->n_parties; i++)
		assert_int_equal(
		        rig_neighbour(&scene->rig, 0, &scene->parties[i].addr.ip, &party_mac), 0);
}

void media_scene_destroy(struct media_scene *scene)
{
	for (uint32_t i = 0; i < scene->n_parties; i++) {
		srtp_dealloc(scene->parties[i].tx);
		srtp_dealloc(scene->parties[i].rx);
	}
	rig_destroy(&scene->rig);
	free(scene);
}

static srtp_t session_create(const struct party *party, uint8_t *key, srtp_ssrc_type_t direction)
{
	static const struct {
		void (*rtp)(srtp_crypto_policy_t *policy);
		void (*rtcp)(srtp_crypto_policy_t *policy);
	} profiles[SLUICE_SRTP_PROFILES] = {
	        [SLUICE_SRTP_GCM128] = {srtp_crypto_policy_set_aes_gcm_128_16_auth,
	                                srtp_crypto_policy_set_aes_gcm_128_16_auth},
	        [SLUICE_SRTP_GCM256] = {srtp_crypto_policy_set_aes_gcm_256_16_auth,
	                                srtp_crypto_policy_set_aes_gcm_256_16_auth},
	        [SLUICE_SRTP_CM80] = {srtp_crypto_policy_set_rtp_default,
	                              srtp_crypto_policy_set_rtcp_default},
	        [SLUICE_SRTP_CM32] = {srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
	                              srtp_crypto_policy_set_rtcp_default},
	        [SLUICE_SRTP_CM256] = {srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	                               srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80},
	};
	srtp_master_key_t master = {.key = key,
	                            .mki_id = (uint8_t *)(uintptr_t)party->mki,
	                            .mki_size =
	                                    direction == ssrc_any_outbound ? party->mki_length : 0};
	srtp_master_key_t *masters[] = {&master};
	srtp_policy_t policy = {0};
	srtp_t session;

	profiles[party->profile].rtp(&policy.rtp);
	profiles[party->profile].rtcp(&policy.rtcp);
	policy.ssrc.type = direction;
	policy.keys = masters;
	policy.num_master_keys = 1;
	policy.window_size = 2048; /* wider than ours */
	policy.allow_repeat_tx = 1;
	assert_int_equal(srtp_create(&session, &policy), srtp_err_status_ok);
	return session;
}

static void addr_fill(struct sluice_addr *addr, const struct ip_addr *ip, uint16_t port)
{
	memcpy(addr->ip, ip->bytes, sizeof(addr->ip));
	addr->port = port;
}

static struct party *party_make(struct media_scene *scene, const char *name, uint8_t profile,
                                const uint8_t *mki, uint8_t mki_length, bool learn)
{
	uint32_t number = scene->n_parties++;
	struct party *party = &scene->parties[number];
	uint8_t length = srtp_profiles[profile].key_length + srtp_profiles[profile].salt_length;
	struct sluice_endpoint endpoint = {.profile = profile,
	                                   .rx_key_length = length,
	                                   .tx_key_length = length,
	                                   .mki_length = mki_length};
	char text[32], why[SLUICE_API_ERROR_MAX] = "";
	struct ip_addr local = ip(LOCAL_IP);

	assert_true(number < PARTIES_MAX);
	snprintf(party->name, sizeof(party->name), "%s", name);
	snprintf(endpoint.name, sizeof(endpoint.name), "%s", name);
	snprintf(text, sizeof(text), "198.18.1.%u", FIRST_PARTY + number);
	party->addr = (struct transport_addr){.ip = ip(text), .port = PARTY_PORT};
	party->port = rte_cpu_to_be_16(rte_be_to_cpu_16(LOCAL_PORT) + (learn ? number : 0));
	party->profile = profile;
	party->lose_seq = -1;
	for (uint8_t i = 0; i < length; i++) {
		endpoint.rx_key[i] = (uint8_t)(number * 50 + i);
		endpoint.tx_key[i] = (uint8_t)(number * 50 + i + 7);
	}
	party->mki_length = mki_length;
	for (uint8_t i = 0; i < mki_length; i++)
		party->mki[i] = endpoint.mki[i] = mki[i];
	party->tx = session_create(party, endpoint.rx_key, ssrc_any_outbound);
	party->rx = session_create(party, endpoint.tx_key, ssrc_any_inbound);
	addr_fill(&endpoint.local, &local, party->port);
	endpoint.learn = learn;
	if (!learn)
		addr_fill(&endpoint.remote, &party->addr.ip, party->addr.port);
	party->endpoint = endpoint;
	if (media_endpoint_add(scene->rig.dp->media, &endpoint, 0, why) != 0)
		fail_msg("%s", why);
	assert_int_equal(rig_neighbour(&scene->rig, 0, &party->addr.ip, &party_mac), 0);
	return party;
}

struct party *party_add(struct media_scene *scene, const char *name, uint8_t profile)
{
	static const uint8_t mki[SLUICE_MEDIA_MKI_MAX] = {9, 8, 7, 6, 5, 4, 3, 2};

	return party_make(scene, name, profile, mki, scene->mki_length, false);
}

struct party *party_add_mki(struct media_scene *scene, const char *name, uint8_t profile,
                            const uint8_t *mki, uint8_t mki_length)
{
	return party_make(scene, name, profile, mki, mki_length, false);
}

struct party *party_add_learning(struct media_scene *scene, const char *name, uint8_t profile)
{
	return party_make(scene, name, profile, NULL, 0, true);
}

void party_move(struct media_scene *scene, struct party *party, const char *text, uint16_t port)
{
	party->addr = (struct transport_addr){.ip = ip(text), .port = rte_cpu_to_be_16(port)};
	assert_int_equal(rig_neighbour(&scene->rig, 0, &party->addr.ip, &party_mac), 0);
}

void party_rekey(struct party *party, uint8_t seed, struct sluice_endpoint_set *set)
{
	const struct srtp_profile_info *info = &srtp_profiles[party->profile];
	uint8_t length = info->key_length + info->salt_length;

	*set = (struct sluice_endpoint_set){.to.rx_key_length = length, .to.tx_key_length = length};
	snprintf(set->to.name, sizeof(set->to.name), "%s", party->name);
	if (party->profile != party->endpoint.profile) {
		set->to.profile = party->profile;
		set->profile_given = 1;
	}
	for (uint8_t i = 0; i < length; i++) {
		set->to.rx_key[i] = (uint8_t)(seed * 3 + i);
		set->to.tx_key[i] = (uint8_t)(seed * 5 + i + 99);
	}
	srtp_dealloc(party->tx);
	srtp_dealloc(party->rx);
	party->tx = session_create(party, set->to.rx_key, ssrc_any_outbound);
	party->rx = session_create(party, set->to.tx_key, ssrc_any_inbound);
}

void stream_add(struct media_scene *scene, const char *name, const struct party *publisher,
                uint32_t ssrc, uint32_t clock_hz)
{
	struct sluice_stream stream = {.ssrc = ssrc, .clock_hz = clock_hz};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(stream.name, sizeof(stream.name), "%s", name);
	snprintf(stream.endpoint, sizeof(stream.endpoint), "%s", publisher->name);
	if (media_stream_add(scene->rig.dp->media, &stream, 0, why) != 0)
		fail_msg("%s", why);
}

void subscription_add(struct media_scene *scene, const char *stream, const struct party *party,
                      uint32_t ssrc, uint32_t rtx_ssrc)
{
	struct sluice_subscription subscription = {
	        .ssrc = ssrc, .rtx_ssrc = rtx_ssrc, .rtx_pt = 97};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(subscription.stream, sizeof(subscription.stream), "%s", stream);
	snprintf(subscription.endpoint, sizeof(subscription.endpoint), "%s", party->name);
	if (media_subscription_add(scene->rig.dp->media, &subscription, 0, why) != 0)
		fail_msg("%s", why);
}

static struct party *party_by_addr(struct media_scene *scene, const struct transport_addr *addr)
{
	for (uint32_t i = 0; i < scene->n_parties; i++)
		if (ip_addr_equal(&scene->parties[i].addr.ip, &addr->ip) &&
		    scene->parties[i].addr.port == addr->port)
			return &scene->parties[i];
	fail_msg("a packet for nobody");
	return NULL;
}

static bool lost_on_the_way(struct party *party, const uint8_t *packet)
{
	if (party->lose_seq < 0 || rtp_is_rtcp(packet[1]) ||
	    read_be32(packet + 8) != party->lose_ssrc ||
	    read_be16(packet + 2) != (uint16_t)party->lose_seq)
		return false;
	party->lose_seq = -1;
	party->lost++;
	return true;
}

static uint64_t bytes_sum(const uint8_t *bytes, int length)
{
	uint64_t sum = 14695981039346656037u; /* FNV-1a */

	while (length-- > 0)
		sum = (sum ^ *bytes++) * 1099511628211u;
	return sum;
}

/* It is looked at and forgotten. */
static void packet_remember(struct party_memory *memory, const struct frame *frame,
                            srtp_err_status_t status)
{
	uint32_t ssrc = read_be32(frame->payload + 8) % PARTY_SSRCS;
	uint16_t seq = read_be16(frame->payload + 2);
	uint64_t sum = bytes_sum(frame->payload, frame->length);

	if (status == srtp_err_status_ok) {
		memory->sums[ssrc][seq] = sum;
		memory->latest[ssrc] = seq;
	} else if (status == srtp_err_status_replay_fail) {
		memory->repeated++;
		memory->reused += memory->sums[ssrc][seq] != sum;
	}
}

/* Takes out the MKI, in front of HMAC's tag or behind all that AEAD writes (RFC 3711, 3.1 and 3.4;
 * RFC 7714, 8.2 and 9.2): libsrtp2 looks for that of an SRTCP packet in front of RTP's tag. Returns
 * the length without it. */
static int mki_take(const struct party *party, uint8_t *packet, int length, bool rtcp)
{
	const struct srtp_profile_info *profile = &srtp_profiles[party->profile];
	int behind = profile->aead ? 0 : rtcp ? profile->rtcp_tag_length : profile->tag_length;
	uint8_t *mki = packet + length - behind - party->mki_length;

	assert_memory_equal(mki, party->mki, party->mki_length);
	memmove(mki, mki + party->mki_length, (size_t)behind);
	return length - party->mki_length;
}

static void party_take(struct party *party, const struct frame *frame)
{
	struct party_packet *packet = &party->queue[party->tail % PARTY_QUEUE];
	int length = frame->length;
	srtp_err_status_t status;

	assert_true(length >= 8 && length <= PARTY_MTU);
	party->bytes_got += (uint64_t)length + IP_UDP_HEADERS;
	if (lost_on_the_way(party, frame->payload))
		return;
	assert_true(party->tail - party->head < PARTY_QUEUE);
	memcpy(packet->bytes, frame->payload, frame->length);
	packet->rtcp = rtp_is_rtcp(packet->bytes[1]);
	length = mki_take(party, packet->bytes, length, packet->rtcp);
	status = packet->rtcp ? srtp_unprotect_rtcp(party->rx, packet->bytes, &length)
	                      : srtp_unprotect(party->rx, packet->bytes, &length);
	if (party->memory != NULL && !packet->rtcp)
		packet_remember(party->memory, frame, status);
	if (status != srtp_err_status_ok) {
		party->unreadable +=
		        party->memory == NULL || (status != srtp_err_status_replay_fail &&
		                                  status != srtp_err_status_replay_old);
		return;
	}
	packet->length = (uint16_t)length;
	party->tail++;
	if (party->took != NULL && !packet->rtcp)
		party->took(party, packet);
	if (party->memory != NULL || party->took != NULL)
		party->head = party->tail;
}

/* All that leaves goes to whom it is addressed. */
void media_scene_collect(struct media_scene *scene)
{
	struct rte_mbuf *mbuf;

	while ((mbuf = rig_collect(&scene->rig, 0)) != NULL) {
		struct frame frame;
		const char *wrong =
		        frame_read(&frame, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len);

		if (wrong != NULL)
			fail_msg("a frame that left: %s", wrong);
		party_take(party_by_addr(scene, &frame.to), &frame);
		rte_pktmbuf_free(mbuf);
	}
}

/* What the machine does to this process meanwhile takes no time; never back. */
static void clocks_hold(void *arg)
{
	struct media_scene *scene = arg;
	const struct dataplane *dp = scene->rig.dp;

	for (uint16_t i = 0; i < dp->n_workers; i++)
		scene->tsc = RTE_MAX(scene->tsc, dp->workers[i]->tsc);
	for (uint16_t i = 0; i < dp->n_workers; i++)
		dp->workers[i]->tsc_skew = scene->tsc - rte_rdtsc();
}

static void scene_settle(struct media_scene *scene)
{
	rig_walk_held(&scene->rig, clocks_hold, scene);
	media_scene_collect(scene);
}

void party_inject(struct media_scene *scene, struct party *party, const uint8_t *packet, int length)
{
	uint8_t bytes[FRAME_MAX];
	const struct frame frame = {
	        .to_mac = our_mac,
	        .from_mac = party_mac,
	        .from = party->addr,
	        .to = {.ip = ip(LOCAL_IP), .port = party->port},
	        .hop_limit = 64,
	        .payload = packet,
	        .length = (uint16_t)length,
	};
	uint16_t size = frame_write(bytes, sizeof(bytes), &frame);

	party->bytes_sent += (uint64_t)length + IP_UDP_HEADERS;
	assert_int_not_equal(size, 0);
	assert_int_equal(rig_inject(&scene->rig, 0, 0, bytes, size), 0);
}

void party_send(struct media_scene *scene, struct party *party, const uint8_t *packet, int length)
{
	party_inject(scene, party, packet, length);
	scene_settle(scene);
}

int party_protect(struct party *party, uint8_t *packet, int length)
{
	srtp_err_status_t status =
	        rtp_is_rtcp(packet[1])
	                ? srtp_protect_rtcp_mki(party->tx, packet, &length, party->mki_length != 0,
	                                        0)
	                : srtp_protect_mki(party->tx, packet, &length, party->mki_length != 0, 0);

	assert_int_equal(status, srtp_err_status_ok);
	return length;
}

void party_publish(struct media_scene *scene, struct party *party, uint32_t ssrc, uint16_t seq,
                   uint32_t timestamp)
{
	uint8_t packet[PARTY_MTU] = {RTP_VERSION << 6, PAYLOAD_TYPE};
	int length = RTP_HEADER_SIZE + PARTY_PAYLOAD;

	write_be16(packet + 2, seq);
	write_be32(packet + 4, timestamp);
	write_be32(packet + 8, ssrc);
	for (int i = 0; i < PARTY_PAYLOAD; i++)
		packet[RTP_HEADER_SIZE + i] = (uint8_t)(seq + i);
	write_be16(packet + RTP_HEADER_SIZE, seq);
	party_send(scene, party, packet, party_protect(party, packet, length));
}

void party_report(struct media_scene *scene, struct party *party, struct rtcp_writer *writer)
{
	uint8_t packet[PARTY_MTU];
	int length = rtcp_end(writer);

	assert_int_not_equal(length, 0);
	memcpy(packet, writer->start, (size_t)length);
	party_send(scene, party, packet, party_protect(party, packet, length));
	writer->length = 0;
}

void media_scene_pass(struct media_scene *scene, uint32_t ms)
{
	const struct dataplane *dp = scene->rig.dp;

	for (uint32_t passed = 0; passed < ms; passed += 10) {
		clocks_hold(scene);
		scene->tsc += dp->workers[0]->tsc_hz / 1000 * RTE_MIN(ms - passed, 10u);
		for (uint16_t i = 0; i < dp->n_workers; i++) {
			clocks_hold(scene);
			worker_clock(dp->workers[i]);
			/* a round over endpoints and streams takes several calls */
			for (int call = 0; call < 64; call++)
				worker_housekeep(dp->workers[i]);
		}
		scene_settle(scene);
	}
}

const struct party_packet *party_next(struct party *party, bool rtcp)
{
	while (party->head != party->tail) {
		const struct party_packet *packet = &party->queue[party->head++ % PARTY_QUEUE];

		if (packet->rtcp == rtcp)
			return packet;
	}
	return NULL;
}

uint32_t party_count(struct party *party, uint8_t type, int count, struct rtcp_packet *found)
{
	const struct party_packet *packet;
	uint32_t number = 0;

	while ((packet = party_next(party, true)) != NULL) {
		struct rtcp_cursor cursor = {packet->bytes, packet->length};
		struct rtcp_packet at;

		assert_true(rtcp_valid(packet->bytes, packet->length));
		while (rtcp_next(&cursor, &at)) {
			if (at.type != type || (count >= 0 && at.count != count))
				continue;
			number++;
			if (found != NULL)
				*found = at;
		}
	}
	return number;
}

void party_forget(struct party *party)
{
	party->head = party->tail;
}
