/* SPDX-License-Identifier: BSD-3-Clause */
/* application/trickle-ice-sdpfrag (RFC 8840, 9): what a client of a session PATCHes. Candidates are
 * of no use to a lite agent and are passed over. */
#ifndef SDP_FRAGMENT_H
#define SDP_FRAGMENT_H

#include "sdp/offer.h"

struct sdp_fragment {
	struct slice ufrag, pwd;
	uint32_t candidates;
	bool ended; /* a=end-of-candidates */
};

/* text: as of sdp_read. 0; -EINVAL with a line in `why` (SDP_WHY_MAX bytes). */
int sdp_fragment_read(struct sdp_fragment *fragment, const char *text, size_t length, char *why);

/* Our side after a restart. media: "audio", mid: of the tagged m-line. Its length, or -EMSGSIZE. */
int sdp_fragment_write(const struct sluice_session_made *made, const char *media, const char *mid,
                       char *text, size_t room);

#endif
