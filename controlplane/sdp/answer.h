/* SPDX-License-Identifier: BSD-3-Clause */
/* The answer to an offer that has been agreed to. */
#ifndef SDP_ANSWER_H
#define SDP_ANSWER_H

#include "sdp/agree.h"

#define SDP_ANSWER_MAX 65536

struct sdp_answer {
	const struct sdp_offer *offer;
	const struct sdp_agreement *agreement;
	const struct sluice_session_made *made;
	const char *stream; /* a name: letters, digits and . _ - */
	uint64_t id;        /* of the o= line */
	bool watch;
};

/* As a NUL-terminated text. Its length, or -EMSGSIZE. */
int sdp_answer_write(const struct sdp_answer *answer, char *text, size_t room);

/* "candidate:1 1 udp ... typ host" of each address, as lines; by TCP "... tcptype passive". */
struct text;
void sdp_candidates_write(struct text *text, const struct sluice_session_made *made);

#endif
