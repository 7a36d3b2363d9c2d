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

/* RFC 3711, 6188 (key lengths), 7714. */
enum sluice_srtp_profile {
	SLUICE_SRTP_GCM128, /* AEAD_AES_128_GCM: key 16, salt 12 bytes */
	SLUICE_SRTP_GCM256, /* AEAD_AES_256_GCM: 32, 12 */
	SLUICE_SRTP_CM80,   /* AES_CM_128_HMAC_SHA1_80: 16, 14 */
	SLUICE_SRTP_CM32,   /* AES_CM_128_HMAC_SHA1_32: 16, 14; SRTCP has the 80-bit tag */
	SLUICE_SRTP_PROFILES,
};

/*
 * SLUICE_ENDPOINT_ADD -> {}. -EEXIST, -ENOSPC, -EINVAL.
 * local: one of ours; several endpoints may share it when each has a remote address of its own and
 * none of them learns. remote: port 0 only with learn: nothing is sent until a packet of the
 * endpoint's has authenticated.
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
	uint8_t pad[3];
};
static_assert(sizeof(struct sluice_endpoint) == 216, "endpoint");

/* SLUICE_ENDPOINT_DELETE -> {}: with its streams and subscriptions. -ENOENT. */
struct sluice_endpoint_delete {
	char name[SLUICE_MEDIA_NAME_MAX];
};

/*
 * SLUICE_STREAM_ADD -> {}. -EEXIST, -ENOENT (endpoint), -ENOSPC. ssrc 0: the first one of the
 * endpoint that no other stream names. clock_hz 0: 90000.
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
	uint8_t pad;
};
static_assert(sizeof(struct sluice_stream) == 144, "stream");

/* SLUICE_STREAM_DELETE -> {}: with its subscriptions. */
struct sluice_stream_delete {
	char name[SLUICE_MEDIA_NAME_MAX];
};

/*
 * SLUICE_SUBSCRIPTION_ADD -> {}. -EEXIST: it is there, or one of its SSRCs is in use under an equal
 * tx_key; -EINVAL, -ENOENT, -ENOSPC.
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
};
static_assert(sizeof(struct sluice_subscription) == 172, "subscription");

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

/* SLUICE_ENDPOINT_SHOW, SLUICE_STREAM_SHOW, SLUICE_SUBSCRIPTION_SHOW {} -> rows. */
struct sluice_endpoint_row {
	char name[SLUICE_MEDIA_NAME_MAX];
	struct sluice_addr remote; /* port 0: not learned yet */
	struct sluice_addr local;
	uint8_t profile;
	uint8_t learn;
	uint16_t worker;
	uint32_t streams, subscriptions;
	uint32_t pad;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t auth_failed, replayed, malformed, unknown_ssrc, moved;
};
static_assert(sizeof(struct sluice_endpoint_row) == 192, "endpoint row");

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
	uint8_t ended; /* 1: BYE, and nothing since */
	uint8_t pad[3];
};
static_assert(sizeof(struct sluice_stream_row) == 208, "stream row");

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
	uint8_t pad[3];
	uint32_t reported_ms; /* since its last report; UINT32_MAX: none yet */
};
static_assert(sizeof(struct sluice_subscription_row) == 272, "subscription row");

/* SLUICE_MEDIA_SHOW {} -> one of this: how many there are, and may be. */
struct sluice_media_row {
	uint32_t endpoints, endpoints_max; /* 0: no SRTP forwarding */
	uint32_t streams, streams_max;
	uint32_t subscriptions, subscriptions_max;
};
static_assert(sizeof(struct sluice_media_row) == 24, "media row");

#endif
