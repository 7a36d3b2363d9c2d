/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions: a session is one browser's connection (RFC 9725's word), from the offer that a client
 * of WHIP or WHEP sent until its end. The control plane reads the offer and makes the session; the
 * dataplane answers its ICE checks as a lite agent (RFC 8445), shakes hands by DTLS (RFC 5764) and
 * then makes of its tracks an endpoint with streams, or with subscriptions, as static keys do.
 *
 * A session is state, never configuration: it ends when it is deleted, when its client has not
 * proven for `consent` seconds that it is there (RFC 7675), or when its handshake fails.
 */
#ifndef SLUICE_SESSION_H
#define SLUICE_SESSION_H

#include <sluice/media.h>

#define SLUICE_SESSION_ID_MAX           33 /* base64url, with the final NUL */
#define SLUICE_SESSION_TRACKS_MAX       8
#define SLUICE_SESSION_FINGERPRINTS_MAX 4
#define SLUICE_SESSION_ADDRESSES_MAX    16
#define SLUICE_SESSION_BLOB_MAX         1024
#define SLUICE_SESSION_UFRAG_MAX        257 /* RFC 8839, 5.4, with the final NUL */
#define SLUICE_TRACK_LAYERS_MAX         4

/*
 * SLUICE_WEBRTC_LISTEN_ADD -> {}, _DELETE -> {}: a port for all sessions, which may be TURN's too,
 * by UDP or by TCP (RFC 6544, passive). announce: what candidates say instead, behind a 1:1 NAT;
 * all zero: `local` itself. -EEXIST, -ENOENT, -ENOSPC, -EADDRINUSE.
 */
struct sluice_webrtc_listen {
	struct sluice_addr local;
	struct sluice_addr announce; /* port 0: local's */
	uint32_t transport;          /* enum sluice_turn_transport: UDP or TCP */
};
static_assert(sizeof(struct sluice_webrtc_listen) == 44, "webrtc listen");

/* SLUICE_WEBRTC_LISTEN_SHOW {} -> rows. */
struct sluice_webrtc_listen_row {
	struct sluice_addr local;
	struct sluice_addr announce; /* as configured */
	uint32_t state;              /* enum sluice_turn_address_state */
	uint32_t transport;          /* as configured */
	uint32_t connections;        /* of clients, now; UDP has none */
};
static_assert(sizeof(struct sluice_webrtc_listen_row) == 52, "webrtc listen row");

enum sluice_session_role {
	SLUICE_SESSION_PUBLISH,
	SLUICE_SESSION_WATCH,
};

/* One payload type that both sides have agreed to. */
struct sluice_payload {
	uint8_t pt;     /* in the session's own packets */
	uint8_t rtx_pt; /* 0: no RTX (RFC 4588) */
	uint8_t codec;  /* enum sluice_codec */
	uint8_t from;   /* WATCH: what the publisher calls the same */
	uint32_t clock_hz;
};
static_assert(sizeof(struct sluice_payload) == 8, "payload");

/* An m-line. A PUBLISH session receives it, a WATCH session sends it. */
struct sluice_track {
	char mid[SLUICE_TRACK_MID_MAX];
	uint8_t kind; /* enum sluice_track_kind */
	uint8_t n_payloads;
	uint8_t n_rids;   /* PUBLISH: 0: no simulcast by RID (RFC 8853) */
	uint8_t n_ssrcs;  /* PUBLISH: what the offer names; 0: bound by what packets say */
	uint8_t feedback; /* enum sluice_feedback */
	uint8_t pad[2];
	uint8_t extensions[SLUICE_EXTENSIONS_MAX]; /* id of each enum sluice_extension; 0: not
	                                              agreed */
	struct sluice_payload payloads[SLUICE_TRACK_PAYLOADS_MAX];
	char rids[SLUICE_TRACK_LAYERS_MAX][SLUICE_TRACK_RID_MAX]; /* in the offer's order */
	uint32_t ssrcs[SLUICE_TRACK_LAYERS_MAX];
	uint32_t rtx_ssrcs[SLUICE_TRACK_LAYERS_MAX]; /* 0: none */
};
static_assert(sizeof(struct sluice_track) == 268, "track");

/* RFC 8122, 5. */
enum sluice_digest {
	SLUICE_DIGEST_SHA256,
	SLUICE_DIGEST_SHA384,
	SLUICE_DIGEST_SHA512,
};
struct sluice_fingerprint {
	uint8_t digest; /* enum sluice_digest */
	uint8_t length; /* bytes */
	uint8_t pad[2];
	uint8_t bytes[64];
};
static_assert(sizeof(struct sluice_fingerprint) == 68, "fingerprint");

/*
 * SLUICE_SESSION_ADD -> struct sluice_session_made. The dataplane's own: it takes the control plane
 * to read an offer. -EEXIST: the id; -EBUSY: another session publishes the stream; -ENOENT: nobody
 * publishes it (WATCH); -ENOSPC; -EADDRNOTAVAIL: no `webrtc listen`.
 */
struct sluice_session {
	char id[SLUICE_SESSION_ID_MAX];
	uint8_t role;   /* enum sluice_session_role */
	uint8_t active; /* 1: we begin the DTLS handshake (RFC 8842) */
	uint8_t n_tracks;
	uint8_t n_fingerprints;
	uint8_t takeover; /* PUBLISH: 1: another session that publishes the stream ends */
	uint16_t blob_length;
	char stream[SLUICE_MEDIA_NAME_MAX]; /* what is published or watched */
	char remote_ufrag[SLUICE_SESSION_UFRAG_MAX];
	uint8_t pad[3];
	struct sluice_fingerprint fingerprints[SLUICE_SESSION_FINGERPRINTS_MAX];
	struct sluice_track tracks[SLUICE_SESSION_TRACKS_MAX];
	uint8_t blob[SLUICE_SESSION_BLOB_MAX]; /* of the control plane's, kept as it is */
};
static_assert(sizeof(struct sluice_session) == 3804, "session");

/* What the answer says of us. */
struct sluice_session_made {
	char ufrag[SLUICE_TRACK_MID_MAX]; /* 16 characters: it tells gate and workers the session */
	char pwd[33];
	uint8_t n_addresses; /* by UDP */
	uint8_t n_tcp;       /* and behind them by TCP, passive */
	struct sluice_fingerprint fingerprint;
	uint32_t ssrcs[SLUICE_SESSION_TRACKS_MAX]; /* WATCH: of each track */
	uint32_t rtx_ssrcs[SLUICE_SESSION_TRACKS_MAX];
	char cname[32];
	struct sluice_addr
	        addresses[SLUICE_SESSION_ADDRESSES_MAX]; /* host candidates, as announced */
};
static_assert(sizeof(struct sluice_session_made) == 536, "session made");

/* SLUICE_SESSION_RESTART -> struct sluice_session_made: ICE begins again (RFC 8445, 9). -ENOENT. */
struct sluice_session_restart {
	char id[SLUICE_SESSION_ID_MAX];
	char remote_ufrag[SLUICE_SESSION_UFRAG_MAX];
	uint8_t pad[2];
	uint16_t blob_length; /* 0: it stays */
	uint8_t pad2[2];
	uint8_t blob[SLUICE_SESSION_BLOB_MAX];
};
static_assert(sizeof(struct sluice_session_restart) == 1320, "session restart");

/* SLUICE_SESSION_DELETE -> {}: close_notify, then silence. -ENOENT. */
struct sluice_session_name {
	char id[SLUICE_SESSION_ID_MAX];
	uint8_t pad[3];
};
static_assert(sizeof(struct sluice_session_name) == 36, "session name");

/* SLUICE_SESSION_LAYER -> {}: which layer a WATCH session's track gets. -ENOENT. */
struct sluice_session_layer {
	char id[SLUICE_SESSION_ID_MAX];
	char mid[SLUICE_TRACK_MID_MAX]; /* empty: each video track */
	char rid[SLUICE_TRACK_RID_MAX]; /* empty or "auto": automatic */
	uint8_t pad;
};
static_assert(sizeof(struct sluice_session_layer) == 68, "session layer");

/*
 * SLUICE_SESSION_ESTIMATE -> {}: whether something is made of what its path carries. Off: a
 * publisher is told no bound, a viewer gets the layer that is named. -ENOENT.
 */
struct sluice_session_estimate {
	char id[SLUICE_SESSION_ID_MAX];
	uint8_t on;
	uint8_t pad[2];
};
static_assert(sizeof(struct sluice_session_estimate) == 36, "session estimate");

enum sluice_session_state {
	SLUICE_SESSION_NEW,       /* no valid check yet */
	SLUICE_SESSION_CHECKED,   /* a path is there */
	SLUICE_SESSION_SHAKING,   /* DTLS has begun */
	SLUICE_SESSION_CONNECTED, /* keys are there */
	SLUICE_SESSION_ENDED,
};

enum sluice_session_reason {
	SLUICE_SESSION_LIVES,
	SLUICE_SESSION_DELETED,
	SLUICE_SESSION_TAKEN_OVER,
	SLUICE_SESSION_CONSENT,     /* no valid check for too long */
	SLUICE_SESSION_CLOSED,      /* the client's close_notify */
	SLUICE_SESSION_TIMEOUT,     /* ICE or DTLS did not come about */
	SLUICE_SESSION_FINGERPRINT, /* another certificate than the offer's */
	SLUICE_SESSION_HANDSHAKE,   /* DTLS failed otherwise */
	SLUICE_SESSION_LIMIT,       /* no room for its endpoint, streams or subscriptions */
	SLUICE_SESSION_REASONS,
};

/* SLUICE_SESSION_SHOW {} -> rows. */
struct sluice_session_row {
	char id[SLUICE_SESSION_ID_MAX];
	uint8_t role, state, profile; /* profile: enum sluice_srtp_profile, where CONNECTED */
	char stream[SLUICE_MEDIA_NAME_MAX];
	struct sluice_addr remote; /* port 0: no path yet */
	struct sluice_addr local;
	uint16_t worker;
	uint8_t tracks;
	uint8_t paths;
	uint32_t age_s;
	uint32_t last_check_ms;
	uint32_t handshake_ms; /* from the first ClientHello to the keys */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t checks, moved;
	/* kbit/s; 0: not known. PUBLISH: what its path to us has proven, and what it was told not
	 * to fall below; WATCH: what its path is taken to carry. */
	uint32_t estimate_kbps, lower_kbps;
	uint32_t estimate_clears; /* PUBLISH: how often what was proven was contradicted, and ... */
	uint8_t estimate_reason;  /* ... the last time why: enum sluice_estimate_reason */
	uint8_t layer_reason;     /* WATCH: enum sluice_layer_reason */
	char layer[SLUICE_TRACK_RID_MAX]; /* WATCH: the first video's; empty: it has none */
	uint8_t transport;                /* of the selected path: enum sluice_turn_transport */
};
static_assert(sizeof(struct sluice_session_row) == 240, "session row");

/* SLUICE_SESSION_TAKE {} -> rows, the dataplane's own: what a control plane that comes back reads.
 */
struct sluice_session_whole {
	struct sluice_session session;
	struct sluice_session_made made;
	uint32_t state; /* enum sluice_session_state */
};
static_assert(sizeof(struct sluice_session_whole) == 4344, "session whole");

/*
 * SLUICE_SESSION_EVENTS {} -> rows, the dataplane's own: answered as soon as there is an event,
 * with all there are; the control plane asks again.
 */
struct sluice_session_event {
	char id[SLUICE_SESSION_ID_MAX];
	uint8_t state;  /* enum sluice_session_state, as it is now */
	uint8_t reason; /* enum sluice_session_reason */
	uint8_t role;
	char stream[SLUICE_MEDIA_NAME_MAX];
	struct sluice_addr remote;
	uint32_t sequence; /* of all events; where one is missing so many were lost:
	                      SLUICE_SESSION_TAKE */
};
static_assert(sizeof(struct sluice_session_event) == 124, "session event");

#endif
