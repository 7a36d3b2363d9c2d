/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "srtp/ipsec_mb_gcm.h"
#include "srtp/session_memory.h"

/* The rest of its bytes are GCM's, whose keys are wider. */
#define CM_SIZE (offsetof(struct srtp_session, cm) + sizeof(((struct srtp_session *)0)->cm))

#define KEYS_AHEAD 2 /* jobs */
#define KEYS_MANY  ((size_t)16 << 20)

/* GCM's key schedule, and the powers of its hash key, the highest first. */
#define GCM_SCHEDULE_SIZE 256
#define GCM_POWERS        48
#define GCM_POWERS_END    (15 * 16 + GCM_POWERS * 16)

/* Below AES-NI and CLMUL the library computes by tables: slow, and not in constant time. */
#define FEATURES_NEEDED (IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ)

static IMB_MGR *manager_create(void)
{
	IMB_MGR *manager = alloc_mb_mgr(0);
	IMB_ARCH arch;

	if (manager == NULL)
		return NULL;
	init_mb_mgr_auto(manager, &arch);
	if (imb_get_errno(manager) == 0 && arch >= IMB_ARCH_SSE &&
	    (manager->features & FEATURES_NEEDED) == FEATURES_NEEDED)
		return manager;
	free_mb_mgr(manager);
	return NULL;
}

/*
 * Key expansion asks a manager for nothing but which functions suit the CPU, and to make one takes
 * longer than all else that a session needs: one for the process, only read once it is there.
 */
static IMB_MGR *key_manager;

static void key_manager_create(void)
{
	key_manager = manager_create();
}

static const struct srtp_profile_info *info_of(const struct srtp_session *session)
{
	return &srtp_profiles[session->profile];
}

static size_t size_of(enum sluice_srtp_profile profile)
{
	size_t size = srtp_profiles[profile].aead ? sizeof(struct srtp_session) : CM_SIZE;

	return (size + IPSEC_MB_LINE - 1) / IPSEC_MB_LINE * IPSEC_MB_LINE;
}

static void session_fill(struct srtp_session *session, const struct srtp_keys *keys)
{
	memset(session->salts, 0, sizeof(session->salts));
	memcpy(session->salts[IPSEC_MB_RTP], keys->rtp.salt, SRTP_SALT_MAX);
	memcpy(session->salts[IPSEC_MB_RTCP], keys->rtcp.salt, SRTP_SALT_MAX);
	if (session->aead) {
		ipsec_mb_gcm_init(&session->gcm[IPSEC_MB_RTP], key_manager, &keys->rtp,
		                  session->long_key);
		ipsec_mb_gcm_init(&session->gcm[IPSEC_MB_RTCP], key_manager, &keys->rtcp,
		                  session->long_key);
	} else {
		ipsec_mb_cm_init(&session->cm[IPSEC_MB_RTP], key_manager, &keys->rtp,
		                 session->long_key);
		ipsec_mb_cm_init(&session->cm[IPSEC_MB_RTCP], key_manager, &keys->rtcp,
		                 session->long_key);
	}
}

struct srtp_session *ipsec_mb_session_create(enum sluice_srtp_profile profile,
                                             const struct srtp_keys *keys)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct srtp_session *session;

	pthread_once(&once, key_manager_create);
	if (key_manager == NULL)
		return NULL;
	session = session_memory_take(size_of(profile));
	if (session == NULL)
		return NULL;
	session->profile = profile;
	session->aead = info_of(session)->aead;
	session->long_key = info_of(session)->key_length == IMB_KEY_256_BYTES;
	session->tag_length = info_of(session)->tag_length;
	session->rtcp_tag_length = info_of(session)->rtcp_tag_length;
	session_fill(session, keys);
	return session;
}

static struct srtp_session *session_create(enum sluice_srtp_profile profile, const uint8_t *key)
{
	struct srtp_session *session;
	struct srtp_keys keys;

	if (srtp_keys_derive(&keys, &srtp_profiles[profile], key) < 0)
		return NULL;
	session = ipsec_mb_session_create(profile, &keys);
	explicit_bzero(&keys, sizeof(keys));
	return session;
}

static void session_destroy(struct srtp_session *session)
{
	if (session == NULL)
		return;
	session_memory_give(session, size_of(session->profile));
}

static uint32_t session_size(enum sluice_srtp_profile profile)
{
	return size_of(profile);
}

static struct srtp_worker *worker_create(void)
{
	struct srtp_worker *worker = aligned_alloc(IPSEC_MB_LINE, sizeof(*worker));

	if (worker == NULL)
		return NULL;
	memset(worker, 0, sizeof(*worker));
	worker->manager = manager_create();
	if (worker->manager == NULL) {
		free(worker);
		return NULL;
	}
	ipsec_mb_cm_prepare(worker);
	return worker;
}

static void worker_destroy(struct srtp_worker *worker)
{
	if (worker == NULL)
		return;
	free_mb_mgr(worker->manager);
	explicit_bzero(worker, sizeof(*worker));
	free(worker);
}

/*
 * With thousands of sessions their keys come from memory. A short packet needs but the lowest
 * powers: more lines than the CPU can wait for do harm.
 */
static inline void keys_prefetch(const struct srtp_job *job)
{
	const struct srtp_session *session = job->session;
	const uint8_t *keys = (const uint8_t *)session->gcm;
	unsigned int powers = job->length / 16 + 3;

	if (!session->aead)
		return;
	ipsec_mb_prefetch(keys, keys + GCM_SCHEDULE_SIZE);
	if (powers > GCM_POWERS - 1)
		powers = GCM_POWERS - 1; /* the highest lies among the schedule's lines */
	ipsec_mb_prefetch(keys + GCM_POWERS_END - powers * 16, keys + GCM_POWERS_END);
}

/* Far more keys than the second cache holds: they set out for it before the first packet. */
static inline void keys_fetch(const struct srtp_job *job)
{
	const uint8_t *keys = (const uint8_t *)job->session->gcm;

	for (unsigned int line = 0; line < sizeof(struct ipsec_mb_gcm); line += IPSEC_MB_LINE)
		__builtin_prefetch(keys + line, 0, 2);
}

/*
 * The first look at each job; returns how many are the counter mode's, which go through together.
 * GCM's IVs are all written before the first is read: a wide load of what narrow stores have just
 * written has to wait for them, 20 ns a packet.
 */
static unsigned int jobs_prepare(struct srtp_worker *worker, struct srtp_job *jobs,
                                 unsigned int count)
{
	unsigned int i, gathered = 0;

	for (i = 0; i < count; i++) {
		if (jobs[i].session->aead)
			ipsec_mb_gcm_iv(worker->ivs[i], &jobs[i]);
		else
			worker->packets[gathered++] = &jobs[i];
	}
	return gathered;
}

static unsigned int protect(struct srtp_worker *worker, struct srtp_job *jobs, unsigned int count,
                            const struct srtp_job *ahead, unsigned int ahead_count)
{
	unsigned int i, gathered = jobs_prepare(worker, jobs, count);
	bool far = session_memory_used() > KEYS_MANY;

	for (i = 0; i < count && gathered < count; i++) {
		if (far && i < ahead_count)
			keys_fetch(&ahead[i]);
		else if (!far && i + KEYS_AHEAD < count &&
		         jobs[i + KEYS_AHEAD].session != jobs[i].session)
			keys_prefetch(&jobs[i + KEYS_AHEAD]);
		if (jobs[i].session->aead)
			ipsec_mb_gcm_protect(worker, &jobs[i], worker->ivs[i]);
	}
	if (gathered > 0)
		ipsec_mb_cm_protect(worker, gathered);
	return count;
}

static void unprotect(struct srtp_worker *worker, struct srtp_job *jobs, unsigned int count)
{
	unsigned int i, gathered = jobs_prepare(worker, jobs, count);

	for (i = 0; i < count && gathered < count; i++) {
		if (i + KEYS_AHEAD < count)
			keys_prefetch(&jobs[i + KEYS_AHEAD]);
		if (jobs[i].session->aead)
			ipsec_mb_gcm_unprotect(worker, &jobs[i], worker->ivs[i]);
	}
	if (gathered > 0)
		ipsec_mb_cm_unprotect(worker, gathered);
}

static int protect_rtcp(struct srtp_worker *worker, struct srtp_session *session, uint8_t *packet,
                        uint16_t length, uint32_t index)
{
	if (session->aead)
		return ipsec_mb_gcm_protect_rtcp(worker, session, packet, length, index);
	return ipsec_mb_cm_protect_rtcp(worker, session, packet, length, index);
}

static int unprotect_rtcp(struct srtp_worker *worker, struct srtp_session *session, uint8_t *packet,
                          uint16_t length, uint16_t tail, uint32_t *index)
{
	if (session->aead)
		return ipsec_mb_gcm_unprotect_rtcp(worker, session, packet, length, tail, index);
	return ipsec_mb_cm_unprotect_rtcp(worker, session, packet, length, tail, index);
}

const struct srtp_engine srtp_engine_ipsec_mb = {
        .name = "ipsec-mb",
        .worker_create = worker_create,
        .worker_destroy = worker_destroy,
        .session_create = session_create,
        .session_destroy = session_destroy,
        .protect = protect,
        .unprotect = unprotect,
        .protect_rtcp = protect_rtcp,
        .unprotect_rtcp = unprotect_rtcp,
        .session_size = session_size,
};
