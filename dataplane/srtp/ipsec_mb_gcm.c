/* SPDX-License-Identifier: BSD-3-Clause */
/* One packet after the other: its wide registers are full with a single packet's blocks. */
#include "srtp/ipsec_mb_gcm.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#define IV_SIZE  IPSEC_MB_GCM_IV_SIZE
#define TAG_SIZE IPSEC_MB_GCM_TAG_SIZE

void ipsec_mb_gcm_init(struct ipsec_mb_gcm *gcm, IMB_MGR *manager, const struct srtp_key_set *keys,
                       bool long_key)
{
	if (long_key)
		IMB_AES256_GCM_PRE(manager, keys->cipher, &gcm->key);
	else
		IMB_AES128_GCM_PRE(manager, keys->cipher, &gcm->key);
}

static inline bool open_sealed(struct srtp_worker *worker, const struct srtp_session *session,
                               const struct ipsec_mb_gcm *gcm, uint8_t *text, uint16_t length,
                               const uint8_t *iv, const uint8_t *aad, uint16_t aad_length,
                               const uint8_t *tag)
{
	uint8_t made[TAG_SIZE];

	if (session->profile == SLUICE_SRTP_GCM128)
		IMB_AES128_GCM_DEC(worker->manager, &gcm->key, &worker->context, text, text, length,
		                   iv, aad, aad_length, made, TAG_SIZE);
	else
		IMB_AES256_GCM_DEC(worker->manager, &gcm->key, &worker->context, text, text, length,
		                   iv, aad, aad_length, made, TAG_SIZE);
	return CRYPTO_memcmp(made, tag, TAG_SIZE) == 0;
}

void ipsec_mb_gcm_unprotect(struct srtp_worker *worker, struct srtp_job *job, const uint8_t *iv)
{
	job->ok = open_sealed(worker, job->session, &job->session->gcm[IPSEC_MB_RTP], job->dst,
	                      job->length, iv, job->dst - job->header_length, job->header_length,
	                      job->tag);
}

/* RFC 7714, 9.2: the header, then the word with the E bit; 9.3 puts the tag in front of the word.
 */
int ipsec_mb_gcm_protect_rtcp(struct srtp_worker *worker, const struct srtp_session *session,
                              uint8_t *packet, uint16_t length, uint32_t index)
{
	const struct ipsec_mb_gcm *gcm = &session->gcm[IPSEC_MB_RTCP];
	uint8_t aad[SRTCP_HEADER_SIZE + SRTCP_INDEX_SIZE];
	uint8_t iv[IV_SIZE];
	uint32_t ssrc;

	if (length < SRTCP_HEADER_SIZE)
		return -EINVAL;
	memcpy(&ssrc, packet + 4, sizeof(ssrc));
	ipsec_mb_gcm_iv_make(iv, session->salts[IPSEC_MB_RTCP], ssrc, index & ~SRTCP_ENCRYPTED);
	memcpy(aad, packet, SRTCP_HEADER_SIZE);
	put32(aad + SRTCP_HEADER_SIZE, index | SRTCP_ENCRYPTED);
	ipsec_mb_gcm_seal(worker, session, gcm, packet + SRTCP_HEADER_SIZE,
	                  packet + SRTCP_HEADER_SIZE, length - SRTCP_HEADER_SIZE, iv, aad,
	                  sizeof(aad), packet + length);
	memcpy(packet + length + TAG_SIZE, aad + SRTCP_HEADER_SIZE, SRTCP_INDEX_SIZE);
	return length + TAG_SIZE + SRTCP_INDEX_SIZE;
}

int ipsec_mb_gcm_unprotect_rtcp(struct srtp_worker *worker, const struct srtp_session *session,
                                uint8_t *packet, uint16_t length, uint16_t tail, uint32_t *index)
{
	const struct ipsec_mb_gcm *gcm = &session->gcm[IPSEC_MB_RTCP];
	uint8_t aad[SRTCP_HEADER_SIZE + SRTCP_INDEX_SIZE];
	uint8_t iv[IV_SIZE], tag[TAG_SIZE];
	uint32_t ssrc, word;
	bool ok;

	if (length < SRTCP_HEADER_SIZE + TAG_SIZE + SRTCP_INDEX_SIZE + tail)
		return -EBADMSG;
	length -= TAG_SIZE + SRTCP_INDEX_SIZE + tail;
	memcpy(&ssrc, packet + 4, sizeof(ssrc));
	word = get32(packet + length + TAG_SIZE);
	*index = word & ~SRTCP_ENCRYPTED;
	ipsec_mb_gcm_iv_make(iv, session->salts[IPSEC_MB_RTCP], ssrc, *index);
	memcpy(tag, packet + length, TAG_SIZE);
	if (word & SRTCP_ENCRYPTED) {
		memcpy(aad, packet, SRTCP_HEADER_SIZE);
		put32(aad + SRTCP_HEADER_SIZE, word);
		ok = open_sealed(worker, session, gcm, packet + SRTCP_HEADER_SIZE,
		                 length - SRTCP_HEADER_SIZE, iv, aad, sizeof(aad), tag);
	} else {
		/* Tagged only (9.2): all of it and the word, which takes the tag's place. */
		put32(packet + length, word);
		ok = open_sealed(worker, session, gcm, packet, 0, iv, packet,
		                 length + SRTCP_INDEX_SIZE, tag);
	}
	return ok ? length : -EBADMSG;
}
