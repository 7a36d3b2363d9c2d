/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine that runs anywhere, and the other one's judge. libsrtp2 works in place alone, so a
 * payload is copied here; it guesses indices and refuses replays by itself, so that it has to be
 * brought to see each packet as the caller does; and it allocates when a source is new to it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

#include "srtp/engine.h"
#include "srtp/receive_window.h"

#define SOURCES_MAX       256 /* of a session; the next one takes the place of the oldest */
#define SRTCP_HEADER_SIZE 8   /* in the clear (RFC 3711, 3.4) */
#define SRTCP_INDEX_SIZE  4
#define SRTCP_ENCRYPTED   0x80 /* the E bit, in the index's first byte */

/* What libsrtp2 has been shown of an SSRC. */
struct source {
	uint32_t ssrc; /* network order */
	struct srtp_receive_window window;
};

/*
 * Control packets have a session apart: libsrtp2 numbers them itself, by source, and RTP's sources
 * are forgotten now and then; a number that came twice under one key would betray it.
 */
struct srtp_session {
	enum sluice_srtp_profile profile;
	srtp_policy_t policy;
	srtp_t rtp, rtcp;
	srtp_t rtcp_clear; /* reads counter mode's packets without the E bit; GCM: NULL */
	unsigned int n_sources, oldest, latest;
	struct source *sources;
	uint8_t key[SLUICE_MEDIA_KEY_MAX]; /* without it libsrtp2 begins no stream at another ROC */
};

struct srtp_worker {
	bool ready;
};

static srtp_err_status_t library_status; /* written once */

static void library_start(void)
{
	library_status = srtp_init();
}

static bool library_ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, library_start);
	return library_status == srtp_err_status_ok;
}

static struct srtp_worker *worker_create(void)
{
	struct srtp_worker *worker;

	if (!library_ready())
		return NULL;
	worker = malloc(sizeof(*worker));
	if (worker != NULL)
		worker->ready = true;
	return worker;
}

static void worker_destroy(struct srtp_worker *worker)
{
	free(worker);
}

static void policy_fill(srtp_policy_t *policy, enum sluice_srtp_profile profile, uint8_t *key)
{
	static void (*const rtp[])(srtp_crypto_policy_t *) = {
	        [SLUICE_SRTP_GCM128] = srtp_crypto_policy_set_aes_gcm_128_16_auth,
	        [SLUICE_SRTP_GCM256] = srtp_crypto_policy_set_aes_gcm_256_16_auth,
	        [SLUICE_SRTP_CM80] = srtp_crypto_policy_set_rtp_default,
	        [SLUICE_SRTP_CM32] = srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
	        [SLUICE_SRTP_CM256] = srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	};
	static void (*const rtcp[])(srtp_crypto_policy_t *) = {
	        [SLUICE_SRTP_GCM128] = srtp_crypto_policy_set_aes_gcm_128_16_auth,
	        [SLUICE_SRTP_GCM256] = srtp_crypto_policy_set_aes_gcm_256_16_auth,
	        [SLUICE_SRTP_CM80] = srtp_crypto_policy_set_rtp_default,
	        [SLUICE_SRTP_CM32] = srtp_crypto_policy_set_rtp_default,
	        [SLUICE_SRTP_CM256] = srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	};

	rtp[profile](&policy->rtp);
	rtcp[profile](&policy->rtcp);
	policy->ssrc.type = ssrc_any_inbound;
	policy->key = key;
	policy->window_size = SRTP_WINDOW_BITS;
	policy->allow_repeat_tx = 1;
}

static bool library_sessions_create(struct srtp_session *session)
{
	srtp_policy_t clear = session->policy;

	clear.rtcp.sec_serv = sec_serv_auth;
	if (srtp_create(&session->rtp, &session->policy) != srtp_err_status_ok ||
	    srtp_create(&session->rtcp, &session->policy) != srtp_err_status_ok)
		return false;
	return srtp_profiles[session->profile].aead ||
	       srtp_create(&session->rtcp_clear, &clear) == srtp_err_status_ok;
}

static void session_destroy(struct srtp_session *session)
{
	if (session == NULL)
		return;
	if (session->rtp != NULL)
		srtp_dealloc(session->rtp);
	if (session->rtcp != NULL)
		srtp_dealloc(session->rtcp);
	if (session->rtcp_clear != NULL)
		srtp_dealloc(session->rtcp_clear);
	free(session->sources);
	explicit_bzero(session, sizeof(*session));
	free(session);
}

static struct srtp_session *session_create(enum sluice_srtp_profile profile, const uint8_t *key)
{
	const struct srtp_profile_info *info = &srtp_profiles[profile];
	struct srtp_session *session;

	if (!library_ready())
		return NULL;
	session = calloc(1, sizeof(*session));
	if (session == NULL)
		return NULL;
	session->profile = profile;
	memcpy(session->key, key, info->key_length + info->salt_length);
	policy_fill(&session->policy, profile, session->key);
	if (library_sessions_create(session))
		return session;
	session_destroy(session);
	return NULL;
}

static uint32_t session_size(enum sluice_srtp_profile profile)
{
	return sizeof(struct srtp_session); /* libsrtp2 does not tell what it takes itself */
}

static struct source *source_find(struct srtp_session *session, uint32_t ssrc)
{
	unsigned int i;

	if (session->latest < session->n_sources && session->sources[session->latest].ssrc == ssrc)
		return &session->sources[session->latest];
	for (i = 0; i < session->n_sources; i++) {
		if (session->sources[i].ssrc == ssrc) {
			session->latest = i;
			return &session->sources[i];
		}
	}
	return NULL;
}

/* libsrtp2 forgets it: the next packet of it is its first. */
static void source_forget(struct srtp_session *session, struct source *source)
{
	source->window.started = false;
	srtp_remove_stream(session->rtp, source->ssrc);
}

static struct source *source_add(struct srtp_session *session, uint32_t ssrc)
{
	struct source *sources, *source;

	if (session->n_sources < SOURCES_MAX) {
		sources = realloc(session->sources, (session->n_sources + 1) * sizeof(*sources));
		if (sources == NULL)
			return NULL;
		session->sources = sources;
		source = &sources[session->n_sources++];
	} else {
		source = &session->sources[session->oldest];
		session->oldest = (session->oldest + 1) % SOURCES_MAX;
		source_forget(session, source);
	}
	*source = (struct source){.ssrc = ssrc};
	return source;
}

/* Whether libsrtp2, left to itself, takes the packet for that index; replays are the caller's. */
static bool source_follows(const struct source *source, uint64_t index, bool repeat_ok)
{
	enum srtp_window_verdict verdict = srtp_window_look(&source->window, index);

	return srtp_window_estimate(&source->window, index & 0xffff) == index &&
	       (verdict == SRTP_WINDOW_NEW || (verdict == SRTP_WINDOW_REPLAYED && repeat_ok));
}

/* A stream that has seen nothing takes its first ROC on trust; the wildcard's begin at 0. */
static bool stream_begin(struct srtp_session *session, uint32_t ssrc, uint32_t roc)
{
	srtp_policy_t policy = session->policy;

	if (roc == 0)
		return true;
	policy.ssrc.type = ssrc_specific;
	policy.ssrc.value = ntohl(ssrc);
	return srtp_add_stream(session->rtp, &policy) == srtp_err_status_ok &&
	       srtp_set_stream_roc(session->rtp, ntohl(ssrc), roc) == srtp_err_status_ok;
}

/* libsrtp2 will take the job's packet for its index. */
static bool source_steer(struct source *source, const struct srtp_job *job, bool repeat_ok)
{
	if (source->window.started && source_follows(source, job->index, repeat_ok))
		return true;
	source_forget(job->session, source);
	return stream_begin(job->session, job->ssrc, job->index >> 16);
}

static bool job_write(const struct srtp_job *job)
{
	struct source *source = source_find(job->session, job->ssrc);
	int length = job->header_length + job->length;

	if (source == NULL)
		source = source_add(job->session, job->ssrc);
	if (source == NULL || !source_steer(source, job, true))
		return false;
	if (job->src != job->dst)
		memcpy(job->dst, job->src, job->length);
	if (srtp_protect(job->session->rtp, job->dst - job->header_length, &length) !=
	    srtp_err_status_ok)
		return false;
	srtp_window_take(&source->window, job->index);
	return true;
}

/* Whatever the caller does with a packet that failed, its plaintext does not leave the host. */
static void job_protect(struct srtp_job *job)
{
	job->ok = job_write(job);
	if (!job->ok)
		memset(job->dst, 0, job->length);
}

/* Only an authentic packet makes a source that is remembered. */
static void job_unprotect(struct srtp_job *job)
{
	uint8_t tag_length = srtp_profiles[job->session->profile].tag_length;
	int length = job->header_length + job->length + tag_length;
	struct source stranger = {.ssrc = job->ssrc};
	struct source *source = source_find(job->session, job->ssrc);

	if (source == NULL)
		source = &stranger;
	memmove(job->dst + job->length, job->tag, tag_length); /* over the MKI, if there is one */
	job->ok = source_steer(source, job, false) &&
	          srtp_unprotect(job->session->rtp, job->dst - job->header_length, &length) ==
	                  srtp_err_status_ok;
	if (job->ok && source == &stranger)
		source = source_add(job->session, job->ssrc);
	if (job->ok && source != NULL)
		srtp_window_take(&source->window, job->index);
	else if (source != NULL && !source->window.started)
		source_forget(job->session, source);
}

static unsigned int protect(struct srtp_worker *worker, struct srtp_job *jobs, unsigned int count,
                            const struct srtp_job *ahead, unsigned int ahead_count)
{
	unsigned int i, ok = 0;

	for (i = 0; i < count; i++) {
		job_protect(&jobs[i]);
		ok += jobs[i].ok;
	}
	return ok;
}

static void unprotect(struct srtp_worker *worker, struct srtp_job *jobs, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		job_unprotect(&jobs[i]);
}

/* libsrtp2 has its own numbers, 1, 2, 3 for each source: `index` is not asked for. */
static int protect_rtcp(struct srtp_worker *worker, struct srtp_session *session, uint8_t *packet,
                        uint16_t length, uint32_t index)
{
	int written = length;

	if (srtp_protect_rtcp(session->rtcp, packet, &written) != srtp_err_status_ok)
		return -EINVAL;
	return written;
}

/* A number that the caller has let pass may be one that libsrtp2 has seen, or too far back for it.
 */
static srtp_err_status_t rtcp_read(srtp_t rtcp, uint8_t *packet, int *length)
{
	srtp_err_status_t status = srtp_unprotect_rtcp(rtcp, packet, length);
	uint32_t ssrc;

	if (status != srtp_err_status_replay_fail && status != srtp_err_status_replay_old)
		return status;
	memcpy(&ssrc, packet + 4, sizeof(ssrc));
	srtp_remove_stream(rtcp, ssrc);
	return srtp_unprotect_rtcp(rtcp, packet, length);
}

static int unprotect_rtcp(struct srtp_worker *worker, struct srtp_session *session, uint8_t *packet,
                          uint16_t length, uint16_t tail, uint32_t *index)
{
	const struct srtp_profile_info *info = &srtp_profiles[session->profile];
	uint16_t behind = info->aead ? 0 : info->rtcp_tag_length; /* of the MKI */
	int bare = length - tail;
	srtp_t rtcp = session->rtcp;
	uint32_t word;

	if (length < SRTCP_HEADER_SIZE + info->rtcp_tag_length + SRTCP_INDEX_SIZE + tail)
		return -EBADMSG;
	memmove(packet + bare - behind, packet + length - behind, behind);
	memcpy(&word, packet + bare - behind - SRTCP_INDEX_SIZE, sizeof(word));
	if (!info->aead && !(packet[bare - behind - SRTCP_INDEX_SIZE] & SRTCP_ENCRYPTED))
		rtcp = session->rtcp_clear;
	*index = ntohl(word) & INT32_MAX;
	return rtcp_read(rtcp, packet, &bare) == srtp_err_status_ok ? bare : -EBADMSG;
}

const struct srtp_engine srtp_engine_libsrtp2 = {
        .name = "libsrtp2",
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
