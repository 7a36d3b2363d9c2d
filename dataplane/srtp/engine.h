/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ciphers for SRTP and SRTCP, a burst at a time. An engine knows keys and packets; which index a
 * packet has, and whether it is new, is the caller's (srtp/receive_window.h), the same for each
 * engine.
 */
#ifndef SRTP_ENGINE_H
#define SRTP_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "srtp/profile.h"

#define SRTP_BURST 64 /* jobs at most in one call */
/* Room that protect needs behind a payload: the tag, and ROC or SRTCP index while they are hashed.
 */
#define SRTP_TAIL_MAX 24

/* The session keys of one direction of one endpoint, in the engine's form: either written with or
 * read with. */
struct srtp_session;
/* One worker's: the multi-buffer manager and its scratch. */
struct srtp_worker;

/*
 * One RTP packet. Its header, extensions included, stands in front of dst: [dst - header_length,
 * dst). protect reads the plaintext at src and writes ciphertext and tag at dst (src may be dst);
 * unprotect works in place, src == dst, and spoils what it does not find authentic.
 */
struct srtp_job {
	struct srtp_session *session;
	const uint8_t *src;
	uint8_t *dst;
	const uint8_t *tag; /* unprotect: where it was received, MKI skipped */
	uint64_t index;     /* ROC << 16 | SEQ (RFC 3711, 3.3.1) */
	uint32_t ssrc;      /* network order */
	uint16_t header_length;
	uint16_t length; /* of the payload, without tag */
	bool ok;         /* out: done; unprotect: authentic */
};

struct srtp_engine {
	const char *name; /* --srtp-engine */
	/* NULL where the CPU lacks what it takes or there is no memory. */
	struct srtp_worker *(*worker_create)(void);
	void (*worker_destroy)(struct srtp_worker *worker);
	/* Control thread. key: master key, then salt, as long as the profile says. NULL: no memory.
	 */
	struct srtp_session *(*session_create)(enum sluice_srtp_profile profile,
	                                       const uint8_t *key);
	/* Control thread, when no worker uses it any more. Wipes the keys. */
	void (*session_destroy)(struct srtp_session *session);
	/* Returns how many are ok. ahead: jobs of the next call, whose keys may be fetched
	 * meanwhile. */
	unsigned int (*protect)(struct srtp_worker *worker, struct srtp_job *jobs,
	                        unsigned int count, const struct srtp_job *ahead,
	                        unsigned int ahead_count);
	void (*unprotect)(struct srtp_worker *worker, struct srtp_job *jobs, unsigned int count);
	/*
	 * SRTCP in place (RFC 3711, 3.4; RFC 7714, 9). protect: length bytes of plaintext compound
	 * and SRTP_TAIL_MAX of room; index: 31 bits, each once (libsrtp2 counts by itself, for each
	 * SSRC, and does not look at it). Returns the packet's length. unprotect: `tail` bytes of
	 * MKI are skipped; returns the plaintext's length and *index, or -EBADMSG.
	 */
	int (*protect_rtcp)(struct srtp_worker *worker, struct srtp_session *session,
	                    uint8_t *packet, uint16_t length, uint32_t index);
	int (*unprotect_rtcp)(struct srtp_worker *worker, struct srtp_session *session,
	                      uint8_t *packet, uint16_t length, uint16_t tail, uint32_t *index);
	/* bytes that a session holds, for `srtp/memory` of the benchmark */
	uint32_t (*session_size)(enum sluice_srtp_profile profile);
};

extern const struct srtp_engine srtp_engine_ipsec_mb, srtp_engine_libsrtp2;

/* By name; NULL or "auto": ipsec-mb where the CPU has it. NULL: unknown, or not on this CPU. */
const struct srtp_engine *srtp_engine_choose(const char *name);

#endif
