/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SRTP forwarding: an endpoint is a remote transport with keys, it publishes streams, and a
 * subscription joins a stream to an endpoint.
 */
#ifndef SLUICE_MEDIA_H
#define SLUICE_MEDIA_H

#include <sluice/api.h>

#define SLUICE_MEDIA_NAME_MAX    64 /* with the final NUL */
#define SLUICE_MEDIA_KEY_MAX     48 /* master key and salt behind it */
#define SLUICE_MEDIA_MKI_MAX     8
#define SLUICE_MEDIA_EXT_MAP_MAX 16
#define SLUICE_MEDIA_PT_MAP_MAX  16

#define SLUICE_TRACK_PAYLOADS_MAX 16
#define SLUICE_TRACK_MID_MAX      17 /* with the final NUL */
#define SLUICE_TRACK_RID_MAX      17

/* RFC 3711, 6188 (key lengths), 7714. */
enum sluice_srtp_profile {
	SLUICE_SRTP_GCM128, /* AEAD_AES_128_GCM: key 16, salt 12 bytes */
	SLUICE_SRTP_GCM256, /* AEAD_AES_256_GCM: 32, 12 */
	SLUICE_SRTP_CM80,   /* AES_CM_128_HMAC_SHA1_80: 16, 14 */
	SLUICE_SRTP_CM32,   /* AES_CM_128_HMAC_SHA1_32: 16, 14; SRTCP has the 80-bit tag */
	SLUICE_SRTP_CM256,  /* AES_256_CM_HMAC_SHA1_80: 32, 14 */
	SLUICE_SRTP_PROFILES,
};

enum sluice_track_kind {
	SLUICE_TRACK_AUDIO,
	SLUICE_TRACK_VIDEO,
};

enum sluice_codec {
	SLUICE_CODEC_OTHER,
	SLUICE_CODEC_OPUS,
	SLUICE_CODEC_RED,
	SLUICE_CODEC_VP8,
	SLUICE_CODEC_VP9,
	SLUICE_CODEC_H264,
	SLUICE_CODEC_AV1,
	SLUICE_CODECS,
};

/* RTP header extensions that are known by their URI. */
enum sluice_extension {
	SLUICE_EXTENSION_MID,
	SLUICE_EXTENSION_RID,
	SLUICE_EXTENSION_REPAIRED_RID,
	SLUICE_EXTENSION_TRANSPORT_NUMBER, /* transport-wide sequence number, 01 */
	SLUICE_EXTENSION_ABS_SEND_TIME,
	SLUICE_EXTENSION_ABS_CAPTURE_TIME,
	SLUICE_EXTENSION_AUDIO_LEVEL,
	SLUICE_EXTENSION_PLAYOUT_DELAY,
	SLUICE_EXTENSION_ORIENTATION,
	SLUICE_EXTENSION_LAYERS_ALLOCATION,
	SLUICE_EXTENSION_DEPENDENCY,
	SLUICE_EXTENSION_TOFFSET,
	SLUICE_EXTENSIONS,
};
#define SLUICE_EXTENSIONS_MAX 16

/* RTCP feedback that both sides have agreed to (RFC 4585, 4.2). */
enum sluice_feedback {
	SLUICE_FEEDBACK_NACK = 1 << 0,
	SLUICE_FEEDBACK_PLI = 1 << 1,
	SLUICE_FEEDBACK_FIR = 1 << 2,
	SLUICE_FEEDBACK_TRANSPORT = 1 << 3, /* transport-cc */
	SLUICE_FEEDBACK_REMB = 1 << 4,
};

/*
 * SLUICE_ENDPOINT_ADD -> {}. -EEXIST, -ENOSPC, -EINVAL.
 * local: one of ours; several endpoints may share it when each has a remote address of its own and
 * none of them learns. remote: port 0 only with learn: nothing is sent until a packet of the
 * endpoint's has authenticated; and with `outside`, which a session sets for its endpoint: where it
 * is says the path that ICE has selected.
 */
struct sluice_endpoint {
	char name[SLUICE_MEDIA_NAME_MAX];
	struct sluice_addr remote;
	struct sluice_addr local;
	uint8_t profile; /* enum sluice_srtp_profile */
	uint8_t learn;   /* 1: remote moves with each packet that authenticates */
	uint8_t rx_key_length, tx_key_length;
	uint8_t rx_key[SLUICE_MEDIA_KEY_MAX]; /* of what the endpoint sends */
	uint8_t tx_key[SLUICE_MEDIA_KEY_MAX];
	uint8_t mki_length; /* 0: packets carry none (RFC 3711, 3.1) */
	uint8_t mki[SLUICE_MEDIA_MKI_MAX];
	uint8_t outside;        /* 1: the remote address is never learned from SRTP */
	uint8_t feedback_given; /* 1: `feedback` is all that may be sent to it; 0: NACK and PLI */
	uint8_t feedback;       /* enum sluice_feedback */
	/* 1: it gets no RemoteEstimate, and all of the layers that are named */
	uint8_t estimate_off;
	/* ids in what the endpoint sends, by enum sluice_extension; 0: not agreed */
	uint8_t extensions[SLUICE_EXTENSIONS_MAX];
	uint8_t pad[3];
	struct sluice_addr rtcp; /* port 0: RTP's (RFC 5761); else where its RTCP is (RFC 3605) */
};
static_assert(sizeof(struct sluice_endpoint) == 256, "endpoint");

/* SLUICE_ENDPOINT_DELETE -> {}: with its streams and subscriptions. -ENOENT. */
struct sluice_endpoint_delete {
	char name[SLUICE_MEDIA_NAME_MAX];
};

/* A payload type of a stream. */
struct sluice_stream_payload {
	uint8_t pt;
	uint8_t rtx_pt; /* under which it is retransmitted (RFC 4588); 0: none */
	uint8_t codec;  /* enum sluice_codec */
	uint8_t pad;
};
static_assert(sizeof(struct sluice_stream_payload) == 4, "stream payload");

/*
 * SLUICE_STREAM_ADD -> {}. -EEXIST, -ENOENT (endpoint), -ENOSPC. ssrc 0: the first one of the
 * endpoint that no other stream names. clock_hz 0: 90000. roc: the rollover counter that the source
 * has at least; the true one is found from there on.
 *
 * A stream with a mid or a rid (a layer of simulcast) is found by what packets say once they have
 * authenticated: rid, repaired-rid, mid, payload type; an `ssrc` that is given goes before them.
 */
struct sluice_stream {
	char name[SLUICE_MEDIA_NAME_MAX];
	char endpoint[SLUICE_MEDIA_NAME_MAX];
	uint32_t ssrc;
	uint32_t clock_hz;
	uint32_t rtx_ssrc; /* 0: the publisher repeats under the stream's own SSRC (RFC 4588) */
	uint8_t rtx_pt;    /* 0: any */
	uint8_t rtx_apt;   /* where rtx_apt_given: payload type of what `rtx_pt` repeats (RFC 4588,
	                      8.1); else the stream's last one */
	uint8_t rtx_apt_given;
	uint8_t kind;                   /* enum sluice_track_kind */
	char mid[SLUICE_TRACK_MID_MAX]; /* empty: none */
	char rid[SLUICE_TRACK_RID_MAX]; /* empty: none */
	uint8_t codec;                  /* enum sluice_codec: of payload types not below */
	uint8_t n_payloads;             /* 0: not known; any rtx_pt: an RTX stream is expected */
	struct sluice_stream_payload payloads[SLUICE_TRACK_PAYLOADS_MAX];
	uint32_t roc;
};
static_assert(sizeof(struct sluice_stream) == 248, "stream");

/* SLUICE_STREAM_DELETE -> {}: with its subscriptions. */
struct sluice_stream_delete {
	char name[SLUICE_MEDIA_NAME_MAX];
};

/*
 * SLUICE_SUBSCRIPTION_ADD -> struct sluice_subscription_added. -EEXIST: it is there, or one of its
 * SSRCs is in use under an equal tx_key; -EINVAL, -ENOENT, -ENOSPC.
 */
struct sluice_subscription {
	char stream[SLUICE_MEDIA_NAME_MAX];
	char endpoint[SLUICE_MEDIA_NAME_MAX];
	uint32_t ssrc;     /* 0: random */
	uint32_t rtx_ssrc; /* 0: packets are repeated under `ssrc` */
	uint8_t pt;        /* where pt_given; else the publisher's */
	uint8_t rtx_pt;    /* not 0 where rtx_ssrc is not */
	uint8_t ext_count; /* 0: header extensions are passed on as they are; else what the map
	                      lacks is left out */
	uint8_t pt_given;
	uint8_t ext_from[SLUICE_MEDIA_EXT_MAP_MAX]; /* ids at the publisher, 1 to 255 */
	uint8_t ext_to[SLUICE_MEDIA_EXT_MAP_MAX];
	/*
	 * ids at the subscriber, by enum sluice_extension; 0: none. Where any is given what no id
	 * is known for is left out: mid, transport-wide number and abs-send-time are written by
	 * us, the others are mapped from the ids of the publisher's endpoint.
	 */
	uint8_t extensions[SLUICE_EXTENSIONS_MAX];
	char mid[SLUICE_TRACK_MID_MAX];
	uint8_t n_pts; /* 0: all payload types; else what the map lacks is left out, with no gap */
	uint8_t pt_from[SLUICE_MEDIA_PT_MAP_MAX];
	uint8_t pt_to[SLUICE_MEDIA_PT_MAP_MAX];
	uint8_t pt_rtx[SLUICE_MEDIA_PT_MAP_MAX]; /* 0: `rtx_pt` */
	uint8_t pad[2];
};
static_assert(sizeof(struct sluice_subscription) == 256, "subscription");

struct sluice_subscription_added {
	uint32_t ssrc; /* that it is sent under */
	uint32_t rtx_ssrc;
	uint32_t roc;       /* its rollover counter */
	uint32_t needs_key; /* 1: nothing is sent, see struct sluice_subscription_row */
};
static_assert(sizeof(struct sluice_subscription_added) == 16, "subscription added");

/*
 * SLUICE_ENDPOINT_SET -> {}: what is given is changed in place, streams and subscriptions stay.
 * -ENOENT, -EINVAL, -EADDRINUSE, -EEXIST as in SLUICE_ENDPOINT_ADD. remote is given where it learns
 * or has a port, keys and MKI where they have a length; `local` stays as it is. Under another
 * rx_key the endpoint's sources begin again, at any rollover counter. Under another tx_key each
 * subscription goes on with its next sequence number and the rollover counter 0 (RFC 4568, 6.4), or
 * behind what was used under that key before.
 */
struct sluice_endpoint_set {
	struct sluice_endpoint to; /* name: which one */
	uint8_t profile_given;     /* another one needs both keys */
	uint8_t pad[3];
};
static_assert(sizeof(struct sluice_endpoint_set) == sizeof(struct sluice_endpoint) + 4,
              "endpoint set");

/*
 * SLUICE_STREAM_SET -> {}: the same of a stream. -ENOENT, -EINVAL, -EEXIST. What is not 0 is given;
 * of another SSRC the subscriptions go on under theirs, with the next numbers.
 */
struct sluice_stream_set {
	struct sluice_stream to; /* name: which one; its endpoint stays */
};

/*
 * SLUICE_SUBSCRIPTION_SET -> struct sluice_subscription_added: the same of a subscription. -ENOENT,
 * -EINVAL, -EEXIST. What is not 0 is given. Another SSRC begins a numbering of its own; otherwise
 * it goes on.
 */
struct sluice_subscription_set {
	struct sluice_subscription to;      /* stream, endpoint: which one */
	char source[SLUICE_MEDIA_NAME_MAX]; /* as SLUICE_SUBSCRIPTION_SWITCH; empty: the same */
};
static_assert(sizeof(struct sluice_subscription_set) ==
                      sizeof(struct sluice_subscription) + SLUICE_MEDIA_NAME_MAX,
              "subscription set");

/* SLUICE_SUBSCRIPTION_DELETE, _PAUSE, _RESUME -> {}. -ENOENT. */
struct sluice_subscription_name {
	char stream[SLUICE_MEDIA_NAME_MAX];
	char endpoint[SLUICE_MEDIA_NAME_MAX];
};

/* SLUICE_SUBSCRIPTION_SWITCH -> {}: goes on with another stream, under its SSRC and numbering. */
struct sluice_subscription_switch {
	char stream[SLUICE_MEDIA_NAME_MAX];
	char endpoint[SLUICE_MEDIA_NAME_MAX];
	char to[SLUICE_MEDIA_NAME_MAX];
};

#define SLUICE_MEDIA_PT_SAME 0xff

/* Why a RemoteEstimate was taken back. */
enum sluice_estimate_reason {
	SLUICE_ESTIMATE_NEVER,
	SLUICE_ESTIMATE_GROWING,  /* the delay grew and grew */
	SLUICE_ESTIMATE_SLOWER,   /* less arrived than was sent */
	SLUICE_ESTIMATE_STANDING, /* the delay stood above its least */
	SLUICE_ESTIMATE_LOSS,
	SLUICE_ESTIMATE_PAUSE, /* nothing was sent for long */
	SLUICE_ESTIMATE_PATH,  /* the publisher is somewhere else, or its clock has jumped */
	SLUICE_ESTIMATE_REASONS,
};

/* Why a viewer gets the layers that it gets. */
enum sluice_layer_reason {
	SLUICE_LAYER_NONE,     /* nothing of what it gets has layers, or nothing is known */
	SLUICE_LAYER_BEST,     /* the highest that is sent */
	SLUICE_LAYER_WISH,     /* the highest that it may have */
	SLUICE_LAYER_ESTIMATE, /* the next one does not fit its path */
	SLUICE_LAYER_WAITS,    /* a key frame of another one is waited for */
	SLUICE_LAYER_REASONS,
};

/* Of what is shown; empty names: all. */
struct sluice_endpoint_show {
	char name[SLUICE_MEDIA_NAME_MAX];
};
struct sluice_stream_show {
	char name[SLUICE_MEDIA_NAME_MAX];
	char endpoint[SLUICE_MEDIA_NAME_MAX];
};
struct sluice_subscription_show {
	char stream[SLUICE_MEDIA_NAME_MAX];
	char endpoint[SLUICE_MEDIA_NAME_MAX];
};

/* What an endpoint's packets have been in the last second. */
enum sluice_endpoint_state {
	SLUICE_ENDPOINT_WAITING, /* nothing has authenticated yet */
	SLUICE_ENDPOINT_ACTIVE,
	SLUICE_ENDPOINT_FAILING, /* packets come, and none authenticates */
	SLUICE_ENDPOINT_IDLE,    /* none has authenticated for 5 s */
	SLUICE_ENDPOINT_STATES,
};

enum sluice_stream_state {
	SLUICE_STREAM_WAITING, /* no packet yet */
	SLUICE_STREAM_ACTIVE,
	SLUICE_STREAM_IDLE,  /* none for 5 s */
	SLUICE_STREAM_ENDED, /* BYE, and nothing since */
	SLUICE_STREAM_STATES,
};

/* SLUICE_ENDPOINT_SHOW, SLUICE_STREAM_SHOW, SLUICE_SUBSCRIPTION_SHOW -> rows. */
struct sluice_endpoint_row {
	char name[SLUICE_MEDIA_NAME_MAX];
	struct sluice_addr remote; /* port 0: not learned yet */
	struct sluice_addr local;
	uint8_t profile;
	uint8_t learn;
	uint16_t worker;
	uint32_t streams, subscriptions;
	uint8_t origin;    /* enum sluice_origin */
	uint8_t needs_key; /* 1: subscriptions to it send nothing until it has another tx_key */
	uint8_t state;     /* enum sluice_endpoint_state */
	uint8_t silent;    /* 1: it reported and has fallen silent: what it was sent is held */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t auth_failed, replayed, malformed, unknown_ssrc, moved;
	/* of its path to us, in kbit/s: proven, and told it as a lower bound; 0: nothing */
	uint32_t proven_kbps, lower_kbps;
	uint32_t estimate_clears; /* how often that was contradicted, and ... */
	uint8_t estimate_reason;  /* ... the last time why: enum sluice_estimate_reason */
	uint8_t pad2[3];
};
static_assert(sizeof(struct sluice_endpoint_row) == 208, "endpoint row");

struct sluice_stream_row {
	char name[SLUICE_MEDIA_NAME_MAX];
	char endpoint[SLUICE_MEDIA_NAME_MAX];
	uint32_t ssrc; /* 0: not seen yet */
	uint32_t subscriptions;
	uint64_t packets, bytes, lost, repaired;
	uint64_t replayed, auth_failed;
	uint64_t key_frame_requests; /* sent upstream */
	uint64_t nacks_sent;         /* sequence numbers asked upstream */
	uint32_t jitter_us;
	uint8_t ended;  /* 1: BYE, and nothing since */
	uint8_t origin; /* enum sluice_origin */
	uint8_t state;  /* enum sluice_stream_state */
	uint8_t pad;
	uint32_t roc; /* rollover counter of its last packet */
	uint32_t pad2;
};
static_assert(sizeof(struct sluice_stream_row) == 216, "stream row");

struct sluice_subscription_row {
	char stream[SLUICE_MEDIA_NAME_MAX];
	char endpoint[SLUICE_MEDIA_NAME_MAX];
	char source[SLUICE_MEDIA_NAME_MAX]; /* the stream that it gets: another one after a switch
	                                     */
	uint32_t ssrc;
	uint8_t pt; /* SLUICE_MEDIA_PT_SAME: the publisher's */
	uint8_t paused;
	uint16_t worker;
	uint64_t packets, bytes;
	uint64_t retransmitted, retransmit_missed, retransmit_refused;
	uint64_t key_frame_requests; /* asked by the subscriber */
	uint32_t lost;               /* as the subscriber reports */
	uint32_t jitter_us;
	uint32_t rtt_us;        /* 0: not known */
	uint32_t fraction_lost; /* of 256 */
	uint8_t held; /* 1: the subscriber has reported and fallen silent, nothing is sent */
	/* 1: it is not known what was sent under its SSRC and its endpoint's tx_key, so nothing is:
	 * SLUICE_ENDPOINT_SET with another one */
	uint8_t needs_key;
	uint8_t origin; /* enum sluice_origin */
	uint8_t pad;
	uint32_t reported_ms; /* since its last report; UINT32_MAX: none yet */
	uint32_t roc;         /* rollover counter of its last packet */
	uint32_t rtx_ssrc;    /* 0: packets are repeated under `ssrc` */
};
static_assert(sizeof(struct sluice_subscription_row) == 280, "subscription row");

/* SLUICE_MEDIA_SHOW {} -> one of this: how many there are, and may be. */
struct sluice_media_row {
	uint32_t endpoints, endpoints_max; /* 0: no SRTP forwarding */
	uint32_t streams, streams_max;
	uint32_t subscriptions, subscriptions_max;
	uint32_t sessions, sessions_max; /* of browsers */
};
static_assert(sizeof(struct sluice_media_row) == 32, "media row");

#endif
