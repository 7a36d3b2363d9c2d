/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines of a text of SDP, offer or fragment (RFC 8866, 5), and what is said of a wrong one. */
#ifndef SDP_LINE_H
#define SDP_LINE_H

#include "sdp/slice.h"

struct sdp_lines {
	struct slice rest;
	uint32_t number; /* of the last one, from 1 on */
};

/* The next one, without its CR LF or LF. 1; 0: there is none; -EINVAL: there are too many, or too
 * many bytes. */
int sdp_line_next(struct sdp_lines *lines, struct slice *line, char *why);
/* Whether it is TYPE=VALUE of text. 0 or -EINVAL. */
int sdp_line_check(struct slice line, uint32_t number, char *why);
/* Writes "line NUMBER: WHAT" into `why` (SDP_WHY_MAX bytes). -EINVAL */
int sdp_line_refuse(char *why, uint32_t number, const char *what);

#endif
