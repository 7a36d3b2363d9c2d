/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp_limit.h"

#include "srtp_population.h"

#include <intel-ipsec-mb.h>
#include <rte_mbuf.h>
#include <srtp2/srtp.h>

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BURST        SRTP_BURST
#define SOURCES      8 /* plaintexts that take turns, as the packets that come in do */
#define HEADERS      54
#define RTP_HEADER   12
#define BEGIN        128 /* of a payload in its buffer: a cache line, headers in front */
#define GCM_TAG      16
#define SHA1_TAG     12
#define ROC_SIZE     4
#define SESSIONS_MAX 1000 /* of libsrtp2 */

struct cm_key {
	alignas(16) uint8_t expanded[15 * 16];
	alignas(16) uint8_t inner[20], outer[20];
};

struct srtp_limit {
	struct srtp_limit_plan plan;
	void (*run)(struct srtp_limit *limit, uint32_t packets);
	uint32_t burst;
	struct rte_mbuf **mbufs;
	uint8_t *sources[SOURCES];
	uint32_t next; /* packet */
	IMB_MGR *manager;
	struct gcm_key_data *gcm;
	struct cm_key *cm;
	IMB_JOB jobs[BURST];
	uint8_t ivs[BURST][16];
	uint8_t tags[BURST][16];
	srtp_t *sessions;
	uint32_t sessions_count;
};

static uint8_t *buffer_at(const struct srtp_limit *limit, uint32_t packet)
{
	return (uint8_t *)limit->mbufs[packet % limit->plan.buffers]->buf_addr + BEGIN;
}

static const uint8_t *source_at(const struct srtp_limit *limit, uint32_t packet)
{
	return limit->sources[packet / BURST % SOURCES] + HEADERS;
}

static uint32_t key_at(const struct srtp_limit *limit)
{
	return limit->next / limit->plan.times % limit->plan.keys;
}

/* IVs first: a wide load of what narrow stores have just written would wait for them. */
static void gcm_burst(struct srtp_limit *limit, uint32_t count)
{
	const struct srtp_limit_plan *plan = &limit->plan;
	struct gcm_context_data context;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = limit->next + i;

		memcpy(limit->ivs[i] + 8, &number, sizeof(number));
	}
	for (uint32_t i = 0; i < count; i++, limit->next++) {
		uint8_t *out = buffer_at(limit, limit->next);
		const struct gcm_key_data *key = &limit->gcm[key_at(limit)];

		if (plan->profile == SLUICE_SRTP_GCM128)
			IMB_AES128_GCM_ENC(limit->manager, key, &context, out,
			                   source_at(limit, limit->next), plan->size, limit->ivs[i],
			                   out - RTP_HEADER, RTP_HEADER, out + plan->size, GCM_TAG);
		else
			IMB_AES256_GCM_ENC(limit->manager, key, &context, out,
			                   source_at(limit, limit->next), plan->size, limit->ivs[i],
			                   out - RTP_HEADER, RTP_HEADER, out + plan->size, GCM_TAG);
	}
}

static void gcm_run(struct srtp_limit *limit, uint32_t packets)
{
	for (uint32_t done = 0; done < packets; done += limit->burst)
		gcm_burst(limit, RTE_MIN(limit->burst, packets - done));
}

static uint64_t key_length(const struct srtp_limit *limit)
{
	return srtp_profiles[limit->plan.profile].key_length;
}

static void cm_job(struct srtp_limit *limit, uint32_t i)
{
	const struct cm_key *key = &limit->cm[key_at(limit)];
	IMB_JOB *job = &limit->jobs[i];

	memcpy(limit->ivs[i] + 8, &limit->next, sizeof(limit->next));
	job->src = source_at(limit, limit->next);
	job->dst = buffer_at(limit, limit->next);
	job->enc_keys = job->dec_keys = key->expanded;
	job->msg_len_to_cipher_in_bytes = limit->plan.size;
	job->hash_start_src_offset_in_bytes = job->dst - RTP_HEADER - job->src;
	job->msg_len_to_hash_in_bytes = RTP_HEADER + limit->plan.size + ROC_SIZE;
	job->u.HMAC._hashed_auth_key_xor_ipad = key->inner;
	job->u.HMAC._hashed_auth_key_xor_opad = key->outer;
	limit->next++;
}

static void cm_run(struct srtp_limit *limit, uint32_t packets)
{
	for (uint32_t done = 0; done < packets; done += limit->burst) {
		uint32_t count = RTE_MIN(limit->burst, packets - done);

		for (uint32_t i = 0; i < count; i++)
			cm_job(limit, i);
		IMB_SUBMIT_CIPHER_BURST_NOCHECK(limit->manager, limit->jobs, count, IMB_CIPHER_CNTR,
		                                IMB_DIR_ENCRYPT, key_length(limit));
		IMB_SUBMIT_HASH_BURST_NOCHECK(limit->manager, limit->jobs, count,
		                              IMB_AUTH_HMAC_SHA_1);
	}
}

static void libsrtp2_run(struct srtp_limit *limit, uint32_t packets)
{
	const struct srtp_limit_plan *plan = &limit->plan;

	for (uint32_t i = 0; i < packets; i++, limit->next++) {
		uint8_t *packet = buffer_at(limit, limit->next) - RTP_HEADER;
		uint32_t leg = limit->next % limit->sessions_count;
		uint16_t seq = rte_cpu_to_be_16(limit->next / limit->sessions_count);
		int length = RTP_HEADER + plan->size;

		memcpy(packet + RTP_HEADER, source_at(limit, limit->next), plan->size);
		packet[0] = 0x80;
		packet[1] = SRTP_POPULATION_PT;
		memcpy(packet + 2, &seq, sizeof(seq));
		memcpy(packet + 4, &limit->next, sizeof(limit->next));
		memcpy(packet + 8, &leg, sizeof(leg));
		if (srtp_protect(limit->sessions[leg], packet, &length) != srtp_err_status_ok)
			abort();
	}
}

static struct srtp_limit *limit_create(const struct srtp_limit_plan *plan)
{
	struct srtp_limit *limit = calloc(1, sizeof(*limit));

	if (limit == NULL)
		return NULL;
	limit->plan = *plan;
	limit->mbufs = calloc(plan->buffers, sizeof(*limit->mbufs));
	if (limit->mbufs == NULL ||
	    rte_pktmbuf_alloc_bulk(plan->pool, limit->mbufs, plan->buffers) != 0) {
		free(limit->mbufs);
		free(limit);
		return NULL;
	}
	for (unsigned int i = 0; i < SOURCES; i++) {
		limit->sources[i] = aligned_alloc(64, 2048);
		if (limit->sources[i] == NULL) {
			srtp_limit_destroy(limit);
			return NULL;
		}
		memset(limit->sources[i], (int)i, 2048);
	}
	return limit;
}

static void cm_jobs_prepare(struct srtp_limit *limit)
{
	for (uint32_t i = 0; i < BURST; i++)
		limit->jobs[i] = (IMB_JOB){
		        .key_len_in_bytes = key_length(limit),
		        .iv = limit->ivs[i],
		        .iv_len_in_bytes = sizeof(limit->ivs[i]),
		        .auth_tag_output = limit->tags[i],
		        .auth_tag_output_len_in_bytes = SHA1_TAG,
		        .cipher_mode = IMB_CIPHER_CNTR,
		        .cipher_direction = IMB_DIR_ENCRYPT,
		        .hash_alg = IMB_AUTH_HMAC_SHA_1,
		        .chain_order = IMB_ORDER_CIPHER_HASH,
		};
}

static int keys_create(struct srtp_limit *limit)
{
	const struct srtp_limit_plan *plan = &limit->plan;
	bool aead = srtp_profiles[plan->profile].aead;
	uint8_t key[SLUICE_MEDIA_KEY_MAX], unused[15 * 16];

	if (aead)
		limit->gcm = aligned_alloc(64, plan->keys * sizeof(*limit->gcm));
	else
		limit->cm = aligned_alloc(64, RTE_ALIGN(plan->keys * sizeof(*limit->cm), 64));
	if (limit->gcm == NULL && limit->cm == NULL)
		return -1;
	for (uint32_t i = 0; i < plan->keys; i++) {
		srtp_population_key(i, key);
		if (plan->profile == SLUICE_SRTP_GCM128)
			IMB_AES128_GCM_PRE(limit->manager, key, &limit->gcm[i]);
		else if (aead)
			IMB_AES256_GCM_PRE(limit->manager, key, &limit->gcm[i]);
		else if (key_length(limit) == IMB_KEY_256_BYTES)
			IMB_AES_KEYEXP_256(limit->manager, key, limit->cm[i].expanded, unused);
		else
			IMB_AES_KEYEXP_128(limit->manager, key, limit->cm[i].expanded, unused);
	}
	return 0;
}

bool srtp_limit_suits(void)
{
	struct srtp_worker *worker = srtp_engine_ipsec_mb.worker_create();

	if (worker == NULL)
		return false;
	srtp_engine_ipsec_mb.worker_destroy(worker);
	return true;
}

struct srtp_limit *srtp_limit_raw(const struct srtp_limit_plan *plan, uint32_t burst)
{
	struct srtp_limit *limit = limit_create(plan);

	if (limit == NULL)
		return NULL;
	limit->manager = alloc_mb_mgr(0);
	if (limit->manager == NULL)
		goto fail;
	init_mb_mgr_auto(limit->manager, NULL);
	if (keys_create(limit) != 0)
		goto fail;
	cm_jobs_prepare(limit);
	limit->burst = burst;
	limit->run = srtp_profiles[plan->profile].aead ? gcm_run : cm_run;
	return limit;
fail:
	srtp_limit_destroy(limit);
	return NULL;
}

static void policy_fill(srtp_policy_t *policy, enum sluice_srtp_profile profile)
{
	static void (*const set[SLUICE_SRTP_PROFILES])(srtp_crypto_policy_t * policy) = {
	        [SLUICE_SRTP_GCM128] = srtp_crypto_policy_set_aes_gcm_128_16_auth,
	        [SLUICE_SRTP_GCM256] = srtp_crypto_policy_set_aes_gcm_256_16_auth,
	        [SLUICE_SRTP_CM80] = srtp_crypto_policy_set_rtp_default,
	        [SLUICE_SRTP_CM32] = srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
	        [SLUICE_SRTP_CM256] = srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	};

	*policy = (srtp_policy_t){.window_size = 128, .ssrc = {.type = ssrc_any_outbound}};
	set[profile](&policy->rtp);
	srtp_crypto_policy_set_rtcp_default(&policy->rtcp);
	if (srtp_profiles[profile].aead)
		set[profile](&policy->rtcp);
}

/* The library starts once in a process: our engine sees to it. */
static bool libsrtp2_started(void)
{
	struct srtp_worker *worker = srtp_engine_libsrtp2.worker_create();

	if (worker == NULL)
		return false;
	srtp_engine_libsrtp2.worker_destroy(worker);
	return true;
}

struct srtp_limit *srtp_limit_libsrtp2(const struct srtp_limit_plan *plan)
{
	struct srtp_limit *limit = limit_create(plan);
	uint8_t key[SLUICE_MEDIA_KEY_MAX];
	srtp_policy_t policy;

	if (limit == NULL || !libsrtp2_started())
		goto fail;
	limit->sessions = calloc(SESSIONS_MAX, sizeof(*limit->sessions));
	if (limit->sessions == NULL)
		goto fail;
	policy_fill(&policy, plan->profile);
	policy.key = key;
	while (limit->sessions_count < RTE_MIN(plan->keys, (uint32_t)SESSIONS_MAX)) {
		srtp_population_key(limit->sessions_count, key);
		if (srtp_create(&limit->sessions[limit->sessions_count], &policy) !=
		    srtp_err_status_ok)
			goto fail;
		limit->sessions_count++;
	}
	limit->run = libsrtp2_run;
	return limit;
fail:
	srtp_limit_destroy(limit);
	return NULL;
}

void srtp_limit_destroy(struct srtp_limit *limit)
{
	if (limit == NULL)
		return;
	for (uint32_t i = 0; i < limit->sessions_count; i++)
		srtp_dealloc(limit->sessions[i]);
	free(limit->sessions);
	if (limit->manager != NULL)
		free_mb_mgr(limit->manager);
	free(limit->gcm);
	free(limit->cm);
	for (unsigned int i = 0; i < SOURCES; i++)
		free(limit->sources[i]);
	rte_pktmbuf_free_bulk(limit->mbufs, limit->plan.buffers);
	free(limit->mbufs);
	free(limit);
}

void srtp_limit_run(struct srtp_limit *limit, uint32_t packets)
{
	limit->run(limit, packets);
}
