/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ipsec-mb engine's two halves, GCM and counter mode with HMAC-SHA1: a burst may hold jobs of
 * both.
 */
#ifndef SRTP_IPSEC_MB_H
#define SRTP_IPSEC_MB_H

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>

#include <intel-ipsec-mb.h>

#include "srtp/engine.h"
#include "srtp/kdf.h"

#define IPSEC_MB_GCM_IV_SIZE 12
#define IPSEC_MB_LINE        64
#define IPSEC_MB_SHA1_SHORT  12 /* the library writes no 10 or 4 bytes */
#define SRTCP_HEADER_SIZE    8  /* in the clear (RFC 3711, 3.4) */
#define SRTCP_INDEX_SIZE     4
#define SRTCP_ENCRYPTED      UINT32_C(0x80000000) /* the E bit */

enum { IPSEC_MB_RTP, IPSEC_MB_RTCP, IPSEC_MB_KINDS };

struct ipsec_mb_gcm {
	alignas(IPSEC_MB_LINE) struct gcm_key_data key;
};

/* What the short key leaves of it unused is at its end. */
struct ipsec_mb_cm {
	alignas(IPSEC_MB_LINE) uint8_t inner[20]; /* HMAC-SHA1's states behind the key */
	uint8_t outer[20];
	alignas(16) uint8_t key[15 * 16]; /* expanded: 11 rounds of the short one */
};

/* A line, then the keys: with many sessions each of them comes from memory again. */
struct srtp_session {
	enum sluice_srtp_profile profile;
	uint8_t tag_length, rtcp_tag_length;
	bool aead, long_key;
	uint8_t salts[IPSEC_MB_KINDS][16]; /* zeros behind them: IVs of packet 0 */
	union {
		struct ipsec_mb_gcm gcm[IPSEC_MB_KINDS];
		struct ipsec_mb_cm cm[IPSEC_MB_KINDS];
	};
};
static_assert(offsetof(struct srtp_session, gcm) == IPSEC_MB_LINE, "one line");

struct srtp_worker {
	IMB_MGR *manager;
	alignas(IPSEC_MB_LINE) struct gcm_context_data context;
	/* Each row one packet of the burst; all but the IVs the counter mode's. */
	alignas(IPSEC_MB_LINE) IMB_JOB jobs[SRTP_BURST];
	struct srtp_job *packets[SRTP_BURST];
	alignas(IPSEC_MB_LINE) uint8_t ivs[SRTP_BURST][16];
	uint8_t macs[SRTP_BURST][16];
	uint8_t tags[SRTP_BURST][16]; /* as received: the ROC is hashed in their place */
};

/* By the session keys, as the RFCs' vectors have them. NULL: no memory, or not on this CPU. */
struct srtp_session *ipsec_mb_session_create(enum sluice_srtp_profile profile,
                                             const struct srtp_keys *keys);

void ipsec_mb_gcm_init(struct ipsec_mb_gcm *gcm, IMB_MGR *manager, const struct srtp_key_set *keys,
                       bool long_key);
void ipsec_mb_gcm_unprotect(struct srtp_worker *worker, struct srtp_job *job, const uint8_t *iv);
int ipsec_mb_gcm_protect_rtcp(struct srtp_worker *worker, const struct srtp_session *session,
                              uint8_t *packet, uint16_t length, uint32_t index);
int ipsec_mb_gcm_unprotect_rtcp(struct srtp_worker *worker, const struct srtp_session *session,
                                uint8_t *packet, uint16_t length, uint16_t tail, uint32_t *index);

void ipsec_mb_cm_init(struct ipsec_mb_cm *cm, IMB_MGR *manager, const struct srtp_key_set *keys,
                      bool long_key);
void ipsec_mb_cm_prepare(struct srtp_worker *worker);
/* The first `count` of worker->packets. */
void ipsec_mb_cm_protect(struct srtp_worker *worker, unsigned int count);
void ipsec_mb_cm_unprotect(struct srtp_worker *worker, unsigned int count);
int ipsec_mb_cm_protect_rtcp(struct srtp_worker *worker, const struct srtp_session *session,
                             uint8_t *packet, uint16_t length, uint32_t index);
int ipsec_mb_cm_unprotect_rtcp(struct srtp_worker *worker, const struct srtp_session *session,
                               uint8_t *packet, uint16_t length, uint16_t tail, uint32_t *index);

static inline void ipsec_mb_prefetch(const void *from, const void *to)
{
	const uint8_t *at;

	for (at = from; at < (const uint8_t *)to; at += IPSEC_MB_LINE)
		__builtin_prefetch(at);
}

static inline void put32(uint8_t *to, uint32_t value)
{
	value = __builtin_bswap32(value);
	__builtin_memcpy(to, &value, sizeof(value));
}

static inline uint32_t get32(const uint8_t *from)
{
	uint32_t value;

	__builtin_memcpy(&value, from, sizeof(value));
	return __builtin_bswap32(value);
}

#endif
