/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The synchronous bursts: all payloads through the counter mode, then all packets through SHA-1,
 * sixteen of them abreast. Of what came in, only what is authentic is deciphered.
 */
#include "srtp/ipsec_mb.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#define ROC_SIZE  4
#define TAG_LONG  10
#define TAG_SHORT 4
#define KEY_SHORT (11 * 16) /* expanded */

/* RFC 2104, the key shorter than a block. */
static void state_make(IMB_MGR *manager, const uint8_t key[SRTP_AUTH_KEY_SIZE], uint8_t pad,
                       uint8_t *state)
{
	uint8_t block[64];
	unsigned int i;

	memset(block, pad, sizeof(block));
	for (i = 0; i < SRTP_AUTH_KEY_SIZE; i++)
		block[i] ^= key[i];
	IMB_SHA1_ONE_BLOCK(manager, block, state);
	explicit_bzero(block, sizeof(block));
}

void ipsec_mb_cm_init(struct ipsec_mb_cm *cm, IMB_MGR *manager, const struct srtp_key_set *keys,
                      bool long_key)
{
	uint8_t unused[sizeof(cm->key)];

	if (long_key)
		IMB_AES_KEYEXP_256(manager, keys->cipher, cm->key, unused);
	else
		IMB_AES_KEYEXP_128(manager, keys->cipher, cm->key, unused);
	explicit_bzero(unused, sizeof(unused));
	state_make(manager, keys->auth, 0x36, cm->inner);
	state_make(manager, keys->auth, 0x5c, cm->outer);
}

/* What is the same for each packet. */
void ipsec_mb_cm_prepare(struct srtp_worker *worker)
{
	unsigned int i;

	for (i = 0; i < SRTP_BURST; i++) {
		worker->jobs[i] = (IMB_JOB){
		        .iv = worker->ivs[i],
		        .iv_len_in_bytes = sizeof(worker->ivs[i]),
		        .auth_tag_output = worker->macs[i],
		        .auth_tag_output_len_in_bytes = IPSEC_MB_SHA1_SHORT,
		        .cipher_mode = IMB_CIPHER_CNTR,
		        .cipher_direction = IMB_DIR_ENCRYPT,
		        .hash_alg = IMB_AUTH_HMAC_SHA_1,
		        .chain_order = IMB_ORDER_CIPHER_HASH,
		};
	}
}

/* RFC 3711, 4.1.1: SSRC in bytes 4 to 7, the index in 8 to 13, under the salt. */
static inline void iv_make(uint8_t iv[16], const uint8_t *salt, uint32_t ssrc, uint64_t index)
{
	uint64_t head, tail;

	memcpy(&head, salt, sizeof(head));
	memcpy(&tail, salt + sizeof(head), sizeof(tail));
	head ^= (uint64_t)ssrc << 32;
	tail ^= __builtin_bswap64(index << 16);
	memcpy(iv, &head, sizeof(head));
	memcpy(iv + sizeof(head), &tail, sizeof(tail));
}

static inline void job_hash(IMB_JOB *job, const struct ipsec_mb_cm *cm, const uint8_t *start,
                            uint32_t length)
{
	job->hash_start_src_offset_in_bytes = start - job->src;
	job->msg_len_to_hash_in_bytes = length;
	job->u.HMAC._hashed_auth_key_xor_ipad = cm->inner;
	job->u.HMAC._hashed_auth_key_xor_opad = cm->outer;
}

static inline void job_key(IMB_JOB *job, const struct ipsec_mb_cm *cm, bool long_key)
{
	job->enc_keys = cm->key;
	job->key_len_in_bytes = long_key ? IMB_KEY_256_BYTES : IMB_KEY_128_BYTES;
}

static inline void job_text(IMB_JOB *job, const uint8_t *src, uint8_t *dst, uint16_t length)
{
	job->src = src;
	job->dst = dst;
	job->cipher_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = length;
}

/* The library takes keys of one length at a time. */
static void jobs_cipher(struct srtp_worker *worker, IMB_JOB *jobs, unsigned int count)
{
	for (unsigned int first = 0, end = 0; first < count; first = end) {
		uint64_t length = jobs[first].key_len_in_bytes;

		while (end < count && jobs[end].key_len_in_bytes == length)
			end++;
		IMB_SUBMIT_CIPHER_BURST_NOCHECK(worker->manager, jobs + first, end - first,
		                                IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, length);
	}
}

static void jobs_hash(struct srtp_worker *worker, unsigned int count)
{
	IMB_SUBMIT_HASH_BURST_NOCHECK(worker->manager, worker->jobs, count, IMB_AUTH_HMAC_SHA_1);
}

/* Behind the payload, where it is hashed. */
static inline void job_fill(struct srtp_worker *worker, unsigned int i, const struct srtp_job *job)
{
	const struct ipsec_mb_cm *cm = &job->session->cm[IPSEC_MB_RTP];

	/* read once the whole burst is filled in */
	ipsec_mb_prefetch(cm, cm->key + (job->session->long_key ? sizeof(cm->key) : KEY_SHORT));
	job_text(&worker->jobs[i], job->src, job->dst, job->length);
	iv_make(worker->ivs[i], job->session->salts[IPSEC_MB_RTP], job->ssrc, job->index);
	job_key(&worker->jobs[i], cm, job->session->long_key);
	put32(job->dst + job->length, job->index >> 16);
	job_hash(&worker->jobs[i], cm, job->dst - job->header_length,
	         job->header_length + job->length + ROC_SIZE);
}

/* Of constant lengths, as a call of memcpy for each packet cost a tenth of all the cipher's time.
 */
static inline void tag_copy(uint8_t *to, const uint8_t *tag, uint8_t length)
{
	if (length == TAG_LONG)
		memcpy(to, tag, TAG_LONG);
	else
		memcpy(to, tag, TAG_SHORT);
}

void ipsec_mb_cm_protect(struct srtp_worker *worker, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		job_fill(worker, i, worker->packets[i]);
	jobs_cipher(worker, worker->jobs, count);
	jobs_hash(worker, count);
	for (i = 0; i < count; i++) {
		struct srtp_job *job = worker->packets[i];

		tag_copy(job->dst + job->length, worker->macs[i], job->session->tag_length);
		job->ok = true;
	}
}

void ipsec_mb_cm_unprotect(struct srtp_worker *worker, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct srtp_job *job = worker->packets[i];

		tag_copy(worker->tags[i], job->tag, job->session->tag_length);
		job_fill(worker, i, job);
	}
	jobs_hash(worker, count);
	for (i = 0; i < count; i++) {
		struct srtp_job *job = worker->packets[i];

		job->ok = CRYPTO_memcmp(worker->macs[i], worker->tags[i],
		                        job->session->tag_length) == 0;
		if (!job->ok)
			worker->jobs[i].msg_len_to_cipher_in_bytes = 0;
	}
	jobs_cipher(worker, worker->jobs, count);
}

static void rtcp_fill(struct srtp_worker *worker, const struct srtp_session *session,
                      uint8_t *packet, uint16_t length, uint32_t index)
{
	const struct ipsec_mb_cm *cm = &session->cm[IPSEC_MB_RTCP];
	uint32_t ssrc;

	memcpy(&ssrc, packet + 4, sizeof(ssrc));
	job_text(&worker->jobs[0], packet + SRTCP_HEADER_SIZE, packet + SRTCP_HEADER_SIZE,
	         length - SRTCP_HEADER_SIZE);
	iv_make(worker->ivs[0], session->salts[IPSEC_MB_RTCP], ssrc, index);
	job_key(&worker->jobs[0], cm, session->long_key);
	job_hash(&worker->jobs[0], cm, packet, length + SRTCP_INDEX_SIZE);
}

int ipsec_mb_cm_protect_rtcp(struct srtp_worker *worker, const struct srtp_session *session,
                             uint8_t *packet, uint16_t length, uint32_t index)
{
	if (length < SRTCP_HEADER_SIZE)
		return -EINVAL;
	rtcp_fill(worker, session, packet, length, index & ~SRTCP_ENCRYPTED);
	put32(packet + length, index | SRTCP_ENCRYPTED);
	jobs_cipher(worker, worker->jobs, 1);
	jobs_hash(worker, 1);
	memcpy(packet + length + SRTCP_INDEX_SIZE, worker->macs[0], session->rtcp_tag_length);
	return length + SRTCP_INDEX_SIZE + session->rtcp_tag_length;
}

int ipsec_mb_cm_unprotect_rtcp(struct srtp_worker *worker, const struct srtp_session *session,
                               uint8_t *packet, uint16_t length, uint16_t tail, uint32_t *index)
{
	uint8_t tag_length = session->rtcp_tag_length;
	uint32_t word;

	if (length < SRTCP_HEADER_SIZE + SRTCP_INDEX_SIZE + tail + tag_length)
		return -EBADMSG;
	length -= SRTCP_INDEX_SIZE + tail + tag_length;
	word = get32(packet + length);
	*index = word & ~SRTCP_ENCRYPTED;
	rtcp_fill(worker, session, packet, length, *index);
	jobs_hash(worker, 1);
	if (CRYPTO_memcmp(worker->macs[0], packet + length + SRTCP_INDEX_SIZE + tail, tag_length) !=
	    0)
		return -EBADMSG;
	if (word & SRTCP_ENCRYPTED)
		jobs_cipher(worker, worker->jobs, 1);
	return length;
}
