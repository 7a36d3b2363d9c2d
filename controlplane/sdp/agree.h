/* SPDX-License-Identifier: BSD-3-Clause */
/* What of an offer both sides can do: the tracks of a session. No answer is partial (RFC 9725,
 * 4.2): what cannot be had as a whole is refused. */
#ifndef SDP_AGREE_H
#define SDP_AGREE_H

#include "sdp/offer.h"

#define SDP_REJECTED 0xff /* an m-line that is answered with port 0 */
#define SDP_SILENT   0xfe /* that is inactive: the publisher has nothing for it */

struct sdp_tracks {
	uint32_t count;
	struct sluice_track tracks[SLUICE_SESSION_TRACKS_MAX];
	uint32_t variants[SLUICE_SESSION_TRACKS_MAX][SLUICE_TRACK_PAYLOADS_MAX]; /* sdp/codec.h */
};

struct sdp_agreement {
	struct sdp_tracks tracks;
	uint8_t track_of[SDP_MEDIA_MAX]; /* of each m-line: index, SDP_REJECTED or SDP_SILENT */
	struct sdp_transport transport;
	bool active; /* we begin the DTLS handshake */
};

/*
 * published: of whom a viewer's session takes; NULL: the offer is a publisher's. 0; -EINVAL: the
 * offer is not whole; -ENOTSUP: it is, and cannot be had; each with a line in `why` (SDP_WHY_MAX
 * bytes).
 */
int sdp_agree(const struct sdp_offer *offer, const struct sdp_tracks *published,
              struct sdp_agreement *agreement, char *why);

#endif
