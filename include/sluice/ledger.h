/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ledger: the state that a dataplane leaves to the one that is started after it, in a file that
 * outlives the process and goes with the host's reboot.
 *
 * The file is one header and one section for each kind of record, at the place that the header
 * names. A record belongs to one slot of one table of the dataplane: its index is the object's.
 * Numbers are in the writer's byte order, addresses and ports in network order unless they say
 * otherwise, times in seconds of CLOCK_BOOTTIME. Fields are added at the end of a record and never
 * change their meaning: a reader takes the first bytes of a longer record, and zeros behind a
 * shorter one.
 *
 * The file holds keys. It is readable by its owner alone (0600), and it is in no core file.
 */
#ifndef SLUICE_LEDGER_H
#define SLUICE_LEDGER_H

#include <assert.h>
#include <stdint.h>

#define SLUICE_LEDGER_NAME       "ledger" /* in the folder of the dataplane's socket */
#define SLUICE_LEDGER_MAGIC      "sluice\0L"
#define SLUICE_LEDGER_VERSION    1
#define SLUICE_LEDGER_BYTE_ORDER 0x01020304u

/* What a section holds. A value is never used again for another kind. */
enum sluice_ledger_kind {
	SLUICE_LEDGER_KEYS = 1,
	SLUICE_LEDGER_SECRET = 2,
	SLUICE_LEDGER_ALLOCATION = 3,
	SLUICE_LEDGER_ALLOCATION_STATE = 4,
	SLUICE_LEDGER_CREDENTIAL = 5,
	SLUICE_LEDGER_PERMISSION = 6,
	SLUICE_LEDGER_CHANNEL = 7,
	SLUICE_LEDGER_RESERVATION = 8,
	SLUICE_LEDGER_ENDPOINT = 9,
	SLUICE_LEDGER_ENDPOINT_STATE = 10,
	SLUICE_LEDGER_STREAM = 11,
	SLUICE_LEDGER_STREAM_STATE = 12,
	SLUICE_LEDGER_SUBSCRIPTION = 13,
	SLUICE_LEDGER_SUBSCRIPTION_STATE = 14,
	SLUICE_LEDGER_USED = 15,
	SLUICE_LEDGER_SESSION = 16,
	SLUICE_LEDGER_CERTIFICATE = 17,
	SLUICE_LEDGER_KINDS,
};

#define SLUICE_LEDGER_SECTIONS_MAX 32
#define SLUICE_LEDGER_RECORD_MAX   8192

struct sluice_ledger_section {
	uint16_t kind;
	uint16_t record_size; /* a multiple of 8, more than a head */
	uint32_t count;
	uint64_t offset; /* from the file's start, a multiple of 64 */
};
static_assert(sizeof(struct sluice_ledger_section) == 16, "ledger section");

struct sluice_ledger_header {
	char magic[8];
	uint32_t byte_order; /* SLUICE_LEDGER_BYTE_ORDER */
	uint32_t version;
	uint8_t boot[16]; /* the kernel's boot id: times of another boot mean nothing */
	uint64_t size;    /* of the file */
	uint64_t made;    /* Unix time, seconds */
	uint32_t pid;     /* of the writer */
	uint32_t n_sections;
	uint32_t pad;
	uint32_t check; /* CRC32C of the header with 0 in this place */
	struct sluice_ledger_section sections[SLUICE_LEDGER_SECTIONS_MAX];
};
static_assert(sizeof(struct sluice_ledger_header) == 576, "ledger header");

#define SLUICE_LEDGER_SECTIONS_AT 4096 /* the first section's place */

/*
 * Before each record. The writer makes the sequence odd, writes the record, and then check,
 * sequence and life at once: a record whose writer died in between is torn and says so. The time,
 * with its inverse, is one word that is no part of what is checked: it is renewed by one store, and
 * is never torn.
 */
struct sluice_ledger_head {
	uint32_t check;    /* CRC32C of kind, index and record, with 0 in this word's place */
	uint16_t sequence; /* 0: no record; odd: being written */
	uint16_t life;     /* of the allocation that it belongs to: the generation's low bits */
	uint32_t expires;  /* 0 where nothing of the kind expires */
	uint32_t expires_inverse; /* ~expires */
};
static_assert(sizeof(struct sluice_ledger_head) == 16, "ledger head");

/* Keys of this host. Two records are written by turns: the newest one that is whole holds. */
struct sluice_ledger_keys {
	struct sluice_ledger_head head;
	uint64_t number;         /* of the record: the highest is the newest */
	uint64_t users[2];       /* SipHash: identities of users, and marks of secrets */
	uint64_t tables[4];      /* seed of hashes: transactions */
	uint8_t digests[32];     /* HMAC-SHA-256: digests of SRTP keys */
	uint64_t cnames[2];      /* SipHash: RTCP CNAMEs */
	uint64_t ufrags[2];      /* SipHash: ufrags of sessions */
	uint64_t used[2];        /* SipHash: what was used under SRTP keys */
	uint64_t nonces[2][2];   /* SipHash: in use, and the one before */
	uint64_t nonces_since;   /* Unix time */
	uint64_t nonces_rotated; /* Unix time */
	uint32_t nonces_lifetime_s;
	uint32_t nonces_given; /* 1: they came from the control plane */
	uint32_t media;        /* 1: digests, cnames and used are there */
	uint32_t pad;
};
static_assert(sizeof(struct sluice_ledger_keys) == 216, "ledger keys");

/* Which id a secret of time-limited credentials has; the secret itself is not here. */
struct sluice_ledger_secret {
	struct sluice_ledger_head head;
	uint64_t mark; /* SipHash under keys.users */
	uint16_t id;   /* what credentials refer to */
	uint16_t pad[3];
};
static_assert(sizeof(struct sluice_ledger_secret) == 32, "ledger secret");

/* What an allocation is from its Allocate on; written last, and cleared first. */
struct sluice_ledger_allocation {
	struct sluice_ledger_head head;
	uint8_t client[16], server[16];
	uint8_t relayed[2][16]; /* [0] IPv4, in its v4-mapped form, [1] IPv6 */
	uint16_t client_port, server_port;
	uint16_t relayed_ports[2]; /* host order; 0: the allocation never had this family */
	uint64_t user_hash;
	uint32_t generation;
	uint32_t created;
	uint32_t lifetime;    /* granted with the Allocate, seconds */
	uint16_t owner;       /* worker */
	uint16_t reservation; /* index of its reservation; 0: none */
	char user[20];
	uint32_t pad;
	char name[52];   /* the user's, printable and cut, with a final NUL: for its account */
	uint32_t ticket; /* number of the mobility ticket that holds; 0: it has none */
};
static_assert(sizeof(struct sluice_ledger_allocation) == 192, "ledger allocation");

enum sluice_ledger_allocation_flag {
	SLUICE_LEDGER_CLOSED = 1 << 0, /* ended by its client; kept to answer retransmissions */
	SLUICE_LEDGER_ONE_FAMILY = 1 << 1,
	SLUICE_LEDGER_ONE_FULL = 1 << 2,
};

/* What changes often of an allocation: one cache line. */
struct sluice_ledger_allocation_state {
	struct sluice_ledger_head head;
	uint32_t generation;
	uint8_t legs;  /* bit 0 IPv4, bit 1 IPv6: the families that are left */
	uint8_t flags; /* enum sluice_ledger_allocation_flag */
	uint16_t pad;
	uint64_t transaction; /* hash, under keys.tables */
	uint64_t to_peer_packets, to_peer_bytes, to_client_packets, to_client_bytes;
};
static_assert(sizeof(struct sluice_ledger_allocation_state) == 64, "ledger allocation state");

/* The key (RFC 8489, 9.2.2) as its HMAC-SHA1 states, or as it is; renewed with the credential. */
struct sluice_ledger_credential {
	struct sluice_ledger_head head;
	uint32_t generation;
	uint16_t secret; /* id; 0: a user's password */
	uint16_t raw;    /* bytes of `key`; 0: `inner` and `outer` are there */
	union {
		struct {
			uint32_t inner[5], outer[5];
		};
		uint8_t key[32];
	};
};
static_assert(sizeof(struct sluice_ledger_credential) == 64, "ledger credential");

struct sluice_ledger_permission {
	struct sluice_ledger_head head;
	uint8_t peer[16];
	uint32_t allocation;
	uint32_t pad;
};
static_assert(sizeof(struct sluice_ledger_permission) == 40, "ledger permission");

/* Its peer's address is its permission's. */
struct sluice_ledger_channel {
	struct sluice_ledger_head head;
	uint32_t permission;
	uint32_t allocation;
	uint16_t number;    /* host order */
	uint16_t peer_port; /* network order */
	uint32_t pad;
};
static_assert(sizeof(struct sluice_ledger_channel) == 32, "ledger channel");

/* EVEN-PORT's second port. */
struct sluice_ledger_reservation {
	struct sluice_ledger_head head;
	uint64_t token;
	uint64_t user_hash;
	uint8_t relayed[16];
	uint32_t allocation;
	uint16_t port; /* host order */
	uint16_t pad;
	uint64_t pad2;
};
static_assert(sizeof(struct sluice_ledger_reservation) == 64, "ledger reservation");

/* -- SRTP forwarding -- */

/* An endpoint as it was added, its master keys included. */
struct sluice_ledger_endpoint {
	struct sluice_ledger_head head;
	char name[64];
	uint8_t remote[16], local[16];
	uint16_t remote_port, local_port;
	uint8_t profile; /* enum sluice_srtp_profile */
	uint8_t learn;
	uint8_t rx_key_length, tx_key_length;
	uint8_t rx_key[48], tx_key[48];
	uint8_t mki_length;
	uint8_t origin;      /* enum sluice_origin */
	uint8_t key_unknown; /* 1: under tx_key more may have been sent than is recorded */
	uint8_t pad[5];
	uint8_t mki[8];
	uint32_t life; /* of the endpoint: its state has the same */
	uint32_t pad2;
	uint8_t outside, feedback_given, feedback, estimate_off;
	uint8_t extensions[16]; /* by enum sluice_extension */
	uint16_t rtcp_port;
	uint8_t pad3[2];
	uint8_t rtcp[16];
};
static_assert(sizeof(struct sluice_ledger_endpoint) == 280, "ledger endpoint");

/*
 * What an endpoint's, a stream's or a subscription's owner writes. Each has two such records, at
 * twice its index and behind that, and writes them by turns: when the writer died over one, the
 * other one is whole, and nothing that only the first one allows has been done.
 */
struct sluice_ledger_endpoint_state {
	struct sluice_ledger_head head;
	uint8_t remote[16]; /* as learned */
	uint16_t remote_port;
	uint8_t unproven; /* 1: it has not shown yet that it receives there */
	uint8_t pad;
	uint32_t life;
	uint32_t number;        /* of the record: the highest is the newest */
	uint32_t rtcp_reserved; /* no SRTCP index from here on was used */
	uint32_t rtcp_ssrc;     /* host order: under which we report; 0: none yet */
	uint32_t pad2[3];
	uint8_t local[16]; /* of an endpoint whose path is set from outside */
	uint16_t local_port;
	uint16_t transport_number; /* the next one, of what it is sent */
	uint32_t pad3;
};
static_assert(sizeof(struct sluice_ledger_endpoint_state) == 88, "ledger endpoint state");

struct sluice_ledger_stream {
	struct sluice_ledger_head head;
	char name[64], endpoint[64];
	uint32_t ssrc, clock_hz, rtx_ssrc; /* host order; as they were given */
	uint8_t rtx_pt, rtx_apt, rtx_apt_given;
	uint8_t origin; /* enum sluice_origin */
	uint32_t life;
	uint32_t roc; /* as it was given */
	char mid[17], rid[17];
	uint8_t kind, codec, n_payloads;
	uint8_t pad2[3];
	uint8_t payloads[16][4]; /* payload type, RTX's, enum sluice_codec, 0 */
};
static_assert(sizeof(struct sluice_ledger_stream) == 272, "ledger stream");

/* How far it had come: a source that goes on is taken from there on, with its rollover counter. */
struct sluice_ledger_stream_state {
	struct sluice_ledger_head head;
	uint64_t highest, rtx_highest; /* index + 1; 0: nothing has come; written now and then */
	uint32_t ssrc, rtx_ssrc;       /* as learned */
	uint32_t life;
	uint32_t number; /* of the record: the highest is the newest */
	uint8_t payload_type;
	uint8_t pad[15];
};
static_assert(sizeof(struct sluice_ledger_stream_state) == 64, "ledger stream state");

/* In place of a time its head has the index of the stream that it gets. */
#define SLUICE_LEDGER_PAUSED (1u << 31)

struct sluice_ledger_subscription {
	struct sluice_ledger_head head; /* expires: index of a stream, and SLUICE_LEDGER_PAUSED */
	char stream[64], endpoint[64];
	uint32_t ssrc, rtx_ssrc; /* host order; as they were given */
	uint8_t pt, rtx_pt, ext_count, pt_given;
	uint8_t ext_from[16], ext_to[16];
	uint32_t life;
	uint8_t origin; /* enum sluice_origin */
	uint8_t pad[7];
	uint8_t extensions[16]; /* by enum sluice_extension */
	char mid[17];
	uint8_t n_pts;
	uint8_t pt_from[16], pt_to[16], pt_rtx[16];
	uint8_t pad2[6];
};
static_assert(sizeof(struct sluice_ledger_subscription) == 288, "ledger subscription");

/* No index from `reserved` on was used under this SSRC: the next dataplane goes on there. */
struct sluice_ledger_subscription_state {
	struct sluice_ledger_head head;
	uint64_t reserved, rtx_reserved;
	uint32_t ssrc; /* host order, as chosen */
	uint32_t timestamp_offset;
	uint32_t life;
	uint32_t number;    /* of the record: the highest is the newest */
	uint32_t needs_key; /* 1: it is not known what was used: nothing is sent under this key */
	uint16_t picture_offset; /* of VP8 */
	uint8_t tl0_offset;
	uint8_t pad[9];
};
static_assert(sizeof(struct sluice_ledger_subscription_state) == 64, "ledger subscription state");

/* Under a key and an SSRC that are no longer in use no index behind `last` was used. */
struct sluice_ledger_used {
	struct sluice_ledger_head head;
	uint64_t hash; /* SipHash under keys.used of the key's digest and the SSRC */
	uint64_t last;
};
static_assert(sizeof(struct sluice_ledger_used) == 32, "ledger used");

/* -- sessions of browsers -- */

/* By what sessions know us: DER of a PKCS #8 key and of its certificate (X.509). */
struct sluice_ledger_certificate {
	struct sluice_ledger_head head;
	uint16_t key_length, certificate_length;
	uint32_t pad;
	uint8_t key[256];
	uint8_t certificate[720];
};
static_assert(sizeof(struct sluice_ledger_certificate) == 1000, "ledger certificate");

struct sluice_ledger_track {
	char mid[20];
	uint8_t kind, n_payloads, n_rids, n_ssrcs;
	uint8_t feedback;
	uint8_t pad[3];
	uint8_t extensions[16];
	struct {
		uint8_t pt, rtx_pt, codec, from;
		uint32_t clock_hz;
	} payloads[16];
	char rids[4][20];
	uint32_t ssrcs[4], rtx_ssrcs[4];     /* host order: of the offer */
	uint32_t watch_ssrc, watch_rtx_ssrc; /* of what we send */
};
static_assert(sizeof(struct sluice_ledger_track) == 292, "ledger track");

/* A session, whose index is part of its ufrag. Its endpoint has its id for a name. */
struct sluice_ledger_session {
	struct sluice_ledger_head head;
	char id[40], stream[64];
	char remote_ufrag[260];
	uint8_t role, active, n_tracks, n_fingerprints;
	uint8_t state; /* enum sluice_session_state */
	uint8_t profile;
	uint8_t generation, previous; /* of the ufrags that hold */
	char pwd[2][40];              /* by generation & 1; empty: none */
	char cname[32];
	uint8_t remote[16], local[16];    /* the selected path */
	uint16_t remote_port, local_port; /* 0: none is selected */
	uint32_t handshake_ms;
	uint32_t made; /* CLOCK_BOOTTIME, seconds */
	uint16_t blob_length;
	uint16_t pad;
	struct {
		uint8_t digest, length, pad[2];
		uint8_t bytes[64];
	} fingerprints[4];
	struct sluice_ledger_track tracks[8];
	uint8_t blob[1024];
	uint32_t pad2;
};
static_assert(sizeof(struct sluice_ledger_session) % 8 == 0, "ledger session");

#endif
