/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An offer (RFC 8866, 8829, 9725) as far as it concerns a forwarder. It is a stranger's text: all
 * that is read from it is bounded, and what is not known is passed over.
 */
#ifndef SDP_OFFER_H
#define SDP_OFFER_H

#include "sdp/slice.h"

#include <sluice/api.h>
#include <sluice/session.h>

#define SDP_LENGTH_MAX  65536
#define SDP_LINES_MAX   4096
#define SDP_MEDIA_MAX   16 /* m-lines */
#define SDP_FORMATS_MAX 64 /* payload types of an m-line */
#define SDP_SSRCS_MAX   16 /* of an m-line */
#define SDP_WHY_MAX     SLUICE_API_ERROR_MAX

#define SDP_NO_PT 0xff

enum sdp_direction {
	SDP_SENDRECV, /* where nothing is said */
	SDP_SENDONLY,
	SDP_RECVONLY,
	SDP_INACTIVE,
};

enum sdp_setup {
	SDP_ACTPASS,
	SDP_ACTIVE,
	SDP_PASSIVE,
	SDP_HOLDCONN,
};

/* A payload type. */
struct sdp_format {
	uint8_t pt;
	uint8_t codec; /* enum sluice_codec */
	bool rtx;      /* RFC 4588; then `apt` is what it retransmits, or SDP_NO_PT */
	uint8_t apt;
	uint8_t feedback; /* enum sluice_feedback */
	uint32_t clock_hz;
	uint32_t variant;  /* what of fmtp tells two of the same codec apart: sdp/codec.h */
	struct slice name; /* of rtpmap, "VP8"; empty: there is none */
	struct slice rtpmap, fmtp;
};

struct sdp_ssrc_pair {
	uint32_t ssrc, rtx; /* rtx 0: none */
};

struct sdp_transport {
	struct slice ufrag, pwd;
	enum sdp_setup setup;
	bool setup_given;
	uint8_t n_fingerprints;
	struct sluice_fingerprint fingerprints[SLUICE_SESSION_FINGERPRINTS_MAX];
};

/* An m-line with what stands below it. */
struct sdp_media {
	struct slice kind, protocol, formats_text; /* as the m-line has them */
	bool zero_port, bundle_only, rtcp_mux, rtcp_rsize, extmap_mixed;
	struct slice mid; /* empty: none */
	enum sdp_direction direction;
	struct sdp_transport transport;
	uint8_t any_feedback; /* a=rtcp-fb:* */
	uint32_t n_formats;
	struct sdp_format formats[SDP_FORMATS_MAX];
	uint8_t extensions[SLUICE_EXTENSIONS];           /* ids; 0: not offered */
	uint8_t extension_directions[SLUICE_EXTENSIONS]; /* enum sdp_direction */
	uint8_t n_rids;                                  /* that are sent at once (RFC 8853) */
	struct slice rids[SLUICE_TRACK_LAYERS_MAX];
	uint8_t n_ssrcs; /* without those of RTX and FEC */
	struct sdp_ssrc_pair ssrcs[SLUICE_TRACK_LAYERS_MAX];
};

struct sdp_offer {
	uint32_t n_media;
	struct sdp_media media[SDP_MEDIA_MAX];
	struct sdp_transport transport; /* session level */
	enum sdp_direction direction;   /* of m-lines that do not say */
	bool extmap_mixed, trickle;
	struct slice bundle; /* mids of the first a=group:BUNDLE; empty: none */
};

/*
 * text: stays the caller's, and the offer points into it. 0; -EINVAL: it is no SDP; with a line in
 * `why` (SDP_WHY_MAX bytes). NULL of sdp_offer_create: no memory.
 */
struct sdp_offer *sdp_offer_create(void);
void sdp_offer_destroy(struct sdp_offer *offer);
int sdp_read(struct sdp_offer *offer, const char *text, size_t length, char *why);

/* Whether the mid is in the BUNDLE group (RFC 9143). */
bool sdp_is_bundled(const struct sdp_offer *offer, struct slice mid);
/* The ICE and DTLS attributes that hold for an m-line: its own, or the session's. */
struct sdp_transport sdp_transport_of(const struct sdp_offer *offer, const struct sdp_media *media);

/* "ABCD...": 4 to 256 ice-chars (RFC 8839, 5.4). */
bool sdp_ufrag_is_valid(struct slice ufrag);
bool sdp_pwd_is_valid(struct slice pwd);

#endif
