/* SPDX-License-Identifier: BSD-3-Clause */
/* What each GCM packet passes through, inlined into the engine's loop. */
#ifndef SRTP_IPSEC_MB_GCM_H
#define SRTP_IPSEC_MB_GCM_H

#include <string.h>

#include "srtp/ipsec_mb.h"

#define IPSEC_MB_GCM_TAG_SIZE 16

/* RFC 7714, 8.1 and 9.1: two zeros, SSRC, 48 bits of index, under the salt. */
static inline void ipsec_mb_gcm_iv_make(uint8_t iv[IPSEC_MB_GCM_IV_SIZE], const uint8_t *salt,
                                        uint32_t ssrc, uint64_t index)
{
	uint64_t low = __builtin_bswap64(index), head, tail = 0;
	uint32_t salt_tail;

	/* bytes 0 to 7: 0 0 SSRC, index' first two; 8 to 11: its last four */
	memcpy(&head, salt, sizeof(head));
	memcpy(&salt_tail, salt + sizeof(head), sizeof(salt_tail));
	head ^= (uint64_t)ssrc << 16 ^ (low >> 16 & 0xffff) << 48;
	tail = (low >> 32) ^ salt_tail;
	memcpy(iv, &head, sizeof(head));
	memcpy(iv + sizeof(head), &tail, IPSEC_MB_GCM_IV_SIZE - sizeof(head));
}

static inline void ipsec_mb_gcm_seal(struct srtp_worker *worker, const struct srtp_session *session,
                                     const struct ipsec_mb_gcm *gcm, uint8_t *dst,
                                     const uint8_t *src, uint16_t length, const uint8_t *iv,
                                     const uint8_t *aad, uint16_t aad_length, uint8_t *tag)
{
	if (session->profile == SLUICE_SRTP_GCM128)
		IMB_AES128_GCM_ENC(worker->manager, &gcm->key, &worker->context, dst, src, length,
		                   iv, aad, aad_length, tag, IPSEC_MB_GCM_TAG_SIZE);
	else
		IMB_AES256_GCM_ENC(worker->manager, &gcm->key, &worker->context, dst, src, length,
		                   iv, aad, aad_length, tag, IPSEC_MB_GCM_TAG_SIZE);
}

static inline void ipsec_mb_gcm_iv(uint8_t iv[IPSEC_MB_GCM_IV_SIZE], const struct srtp_job *job)
{
	ipsec_mb_gcm_iv_make(iv, job->session->salts[IPSEC_MB_RTP], job->ssrc, job->index);
}

static inline void ipsec_mb_gcm_protect(struct srtp_worker *worker, struct srtp_job *job,
                                        const uint8_t *iv)
{
	ipsec_mb_gcm_seal(worker, job->session, &job->session->gcm[IPSEC_MB_RTP], job->dst,
	                  job->src, job->length, iv, job->dst - job->header_length,
	                  job->header_length, job->dst + job->length);
	job->ok = true;
}

#endif
