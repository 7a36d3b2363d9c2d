/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The language of the daemons' sockets.
 *
 * Each socket (/run/sluice/dataplane.sock, /run/sluice/control.sock) is SOCK_SEQPACKET: one message
 * is one record, a header and `length` bytes behind it. A request gets one reply with the same
 * `id`, or, where the request is a list, a stream of replies that carry SLUICE_API_MORE and one
 * without it that ends the stream. A reply's body is `length / row size` rows of the struct named
 * beside its type. All integers are in host order (the sockets never leave the host), addresses and
 * ports in struct sluice_addr are in network order.
 */
#ifndef SLUICE_API_H
#define SLUICE_API_H

#include <assert.h>
#include <stdint.h>

/*
 * Grows with each change of any struct in include/sluice. A dataplane and a control plane one
 * version apart understand each other: fields are only added at the end of bodies and rows, and the
 * newer one knows what the older one has (common/request.h). docs/wire-formats.md says what each
 * version brought.
 */
#define SLUICE_API_VERSION 9

/* The oldest one that this one understands. */
#define SLUICE_API_VERSION_OLDEST (SLUICE_API_VERSION - 1)

#define SLUICE_DATAPLANE_SOCKET "/run/sluice/dataplane.sock"
#define SLUICE_CONTROL_SOCKET   "/run/sluice/control.sock"

/* A message, header included, is never longer: both ends read into one buffer of this size. */
#define SLUICE_API_MESSAGE_MAX 32768

/*
 * Bounds the reply's error text; it is the whole body of a reply whose status is not 0 (no final
 * NUL needed).
 */
#define SLUICE_API_ERROR_MAX 256

enum sluice_api_flag {
	/* In a reply: more replies to the same request follow. */
	SLUICE_API_MORE = 1 << 0,
	/* In a request that adds: an equal object that is there already is no error. */
	SLUICE_API_EXIST_OK = 1 << 1,
	/* In a reply to a request that changes something: it is done, and the body is a line of
	 * text about what that leaves to be desired, SLUICE_API_ERROR_MAX bytes at most. */
	SLUICE_API_WARNING = 1 << 2,
	/* In a request that adds: it is a line of the configuration. What is added without it is
	 * state: no configuration that is replayed takes it away. */
	SLUICE_API_CONFIGURATION = 1 << 3,
	/* In a request that adds: it was in force before, perhaps in another life of the dataplane:
	 * a key in it may have been used. */
	SLUICE_API_REPLAYED = 1 << 4,
};

/* Whose an object is. */
enum sluice_origin {
	SLUICE_ORIGIN_CONFIGURATION, /* a configuration that is replayed names it, or it goes */
	SLUICE_ORIGIN_API,           /* it stays until it is deleted */
};

/*
 * A request is answered in the version that it is made in, with bodies and rows as that has them.
 * status: 0, or a negative errno. -EPROTO answers a version that the server does not speak,
 * whatever the type was; `version` then tells the server's. -EINVAL: a body of the wrong size or
 * with a field out of range. -ENOSYS: unknown type.
 */
struct sluice_api_header {
	uint16_t version;
	uint16_t type; /* enum sluice_api_type */
	uint32_t id;   /* chosen by the client, copied into each reply */
	int32_t status;
	uint32_t flags;  /* enum sluice_api_flag */
	uint32_t length; /* of the body, in bytes */
};
static_assert(sizeof(struct sluice_api_header) == 20, "API header");

/* The subject is in the high byte, so that each header of include/sluice has 256 types of its own.
 */
enum sluice_api_type {
	/* api.h */
	SLUICE_VERSION = 0x0001,      /* {} -> struct sluice_version */
	SLUICE_CONFIG_BEGIN = 0x0002, /* {} -> {}: what is not added again before ... */
	SLUICE_CONFIG_COMMIT =
	        0x0003, /* {} -> {}: ... this goes. The pair replays a whole configuration. */
	SLUICE_CONFIG_SHOW = 0x0004, /* struct sluice_config_show -> struct sluice_config_line,
	                                control plane only */
	SLUICE_CONFIG_SAVE = 0x0005, /* {} -> {}, control plane only */
	/* config.h, control plane only */
	SLUICE_CONFIG_RELOAD = 0x0006,
	SLUICE_CONFIG_DIFF = 0x0007,
	SLUICE_CONFIG_REFUSED = 0x0008,
	SLUICE_CONFIG_STATUS = 0x0009,
	SLUICE_HAND_OVER = 0x000a, /* {} -> struct sluice_hand_over, dataplane only; the same in all
	                              versions: the dataplane ends, and another one goes on */
	SLUICE_HAND_OVER_BEGIN = 0x000b, /* {} -> struct sluice_hand_over_part, one a reply, and
	                                    with each a descriptor; dataplane only */
	/* port.h */
	SLUICE_PORT_ADD = 0x0101,
	SLUICE_PORT_DELETE = 0x0102,
	SLUICE_PORT_SHOW = 0x0103,
	/* turn.h */
	SLUICE_TURN_LISTEN_ADD = 0x0201,
	SLUICE_TURN_LISTEN_DELETE = 0x0202,
	SLUICE_TURN_REALM_SET = 0x0203,
	SLUICE_TURN_RELAY_ADD = 0x0204,
	SLUICE_TURN_RELAY_DELETE = 0x0205,
	SLUICE_TURN_USER_ADD = 0x0206,
	SLUICE_TURN_USER_DELETE = 0x0207,
	SLUICE_TURN_SECRET_ADD = 0x0208,
	SLUICE_TURN_SECRET_DELETE = 0x0209,
	SLUICE_TURN_PEER_ADD = 0x020a,
	SLUICE_TURN_PEER_DELETE = 0x020b,
	SLUICE_TURN_LIFETIME_SET = 0x020c,
	SLUICE_TURN_QUOTA_SET = 0x020d,
	SLUICE_TURN_SHOW = 0x020e,
	SLUICE_ALLOCATION_SHOW = 0x020f,
	SLUICE_ALLOCATION_DELETE = 0x0210,
	SLUICE_TURN_ALTERNATES_SET = 0x0211,
	SLUICE_TURN_KEY_ADD = 0x0212,
	SLUICE_TURN_KEY_DELETE = 0x0213,
	SLUICE_TURN_LOOKUP_SET = 0x0214,
	SLUICE_TURN_WANTED_TAKE = 0x0215,
	SLUICE_TURN_LISTEN_SHOW = 0x0216,
	SLUICE_TURN_RELAY_SHOW = 0x0217,
	SLUICE_ALLOCATION_END = 0x0218,
	SLUICE_TURN_STREAM_SET = 0x0219,
	SLUICE_TURN_CERTIFICATE_ADD = 0x021a,    /* control plane only */
	SLUICE_TURN_CERTIFICATE_DELETE = 0x021b, /* control plane only */
	SLUICE_TURN_CERTIFICATE_PUT = 0x021c,    /* dataplane only */
	SLUICE_TURN_CERTIFICATE_SHOW = 0x021d,
	SLUICE_ALLOCATION_DELETE_USER = 0x021e,
	SLUICE_ALLOCATION_ACCOUNT_TAKE = 0x021f,
	SLUICE_TURN_REALM_ADD = 0x0220,
	SLUICE_TURN_REALM_DELETE = 0x0221,
	SLUICE_TURN_REALM_SHOW = 0x0222,
	SLUICE_TURN_MOBILITY_SET = 0x0223,
	SLUICE_TURN_ALGORITHMS_SET = 0x0224,
	SLUICE_TURN_DISCOVERY_ADD = 0x0225,
	SLUICE_TURN_DISCOVERY_DELETE = 0x0226,
	/* stats.h */
	SLUICE_COUNTER_SHOW = 0x0301,
	SLUICE_WORKER_SHOW = 0x0302,
	SLUICE_WORKER_POLL_SET = 0x0303,
	SLUICE_GRAPH_SHOW = 0x0304,
	SLUICE_WORKER_CLOCK_SET = 0x0305,
	SLUICE_POOL_SHOW = 0x0306,
	SLUICE_LEDGER_SHOW = 0x0307,
	SLUICE_LEDGER_STATUS = 0x0308,
	/* media.h */
	SLUICE_ENDPOINT_ADD = 0x0401,
	SLUICE_ENDPOINT_DELETE = 0x0402,
	SLUICE_ENDPOINT_SHOW = 0x0403,
	SLUICE_STREAM_ADD = 0x0404,
	SLUICE_STREAM_DELETE = 0x0405,
	SLUICE_STREAM_SHOW = 0x0406,
	SLUICE_SUBSCRIPTION_ADD = 0x0407,
	SLUICE_SUBSCRIPTION_DELETE = 0x0408,
	SLUICE_SUBSCRIPTION_SHOW = 0x0409,
	SLUICE_SUBSCRIPTION_PAUSE = 0x040a,
	SLUICE_SUBSCRIPTION_RESUME = 0x040b,
	SLUICE_SUBSCRIPTION_SWITCH = 0x040c,
	SLUICE_MEDIA_SHOW = 0x040d,
	SLUICE_ENDPOINT_SET = 0x040e,
	SLUICE_STREAM_SET = 0x040f,
	SLUICE_SUBSCRIPTION_SET = 0x0410,
	/* capture.h */
	SLUICE_CAPTURE_START = 0x0701,
	SLUICE_CAPTURE_SHOW = 0x0702,
	SLUICE_CAPTURE_STOP = 0x0703,
	SLUICE_CAPTURE_FILE = 0x0704,
	SLUICE_TRACE = 0x0705,
	/* gate.h */
	SLUICE_GATE_LIMIT_SET = 0x0501,
	SLUICE_GATE_DENY_ADD = 0x0502,
	SLUICE_GATE_DENY_DELETE = 0x0503,
	SLUICE_GATE_PORTS_SET = 0x0504,
	SLUICE_GATE_MODE_SET = 0x0505,
	SLUICE_GATE_NONCE_LIFETIME_SET = 0x0506,
	SLUICE_GATE_SET = 0x0507, /* dataplane only */
	SLUICE_GATE_SHOW = 0x0508,
	SLUICE_GATE_SOURCES_SHOW = 0x0509,
	SLUICE_GATE_TRUST_ADD = 0x050a,
	SLUICE_GATE_TRUST_DELETE = 0x050b,
	SLUICE_GATE_NONCE_SECRET_SET = 0x050c,
	/* region.h, control plane only */
	SLUICE_REGION_ADD = 0x0601,
	SLUICE_REGION_DELETE = 0x0602,
	SLUICE_REGION_SHOW = 0x0603,
	SLUICE_REGION_DISTANCE_ADD = 0x0604,
	SLUICE_REGION_DISTANCE_DELETE = 0x0605,
	SLUICE_NODE_SET = 0x0606,
	SLUICE_NODE_SHOW = 0x0607,
	SLUICE_NODE_DRAIN = 0x0608,
	SLUICE_NODE_UNDRAIN = 0x0609,
	SLUICE_SNAPSHOT_SHOW = 0x060a,
	/* event.h, control plane only */
	SLUICE_EVENTS = 0x0801,
	/* log.h */
	SLUICE_LOG_LEVEL_SET = 0x0802, /* control plane only */
	SLUICE_LOG_SHOW = 0x0803,      /* control plane only */
	SLUICE_LOG_TABLE_SET = 0x0804, /* dataplane only */
	/* http.h, control plane only */
	SLUICE_HTTP_LISTEN_ADD = 0x0901,
	SLUICE_HTTP_LISTEN_DELETE = 0x0902,
	SLUICE_HTTP_TOKEN_ADD = 0x0903,
	SLUICE_HTTP_TOKEN_DELETE = 0x0904,
	SLUICE_HTTP_SHOW = 0x0905,
	SLUICE_HTTP_TLS_SET = 0x0906,
	/* session.h */
	SLUICE_WEBRTC_LISTEN_ADD = 0x0a01,
	SLUICE_WEBRTC_LISTEN_DELETE = 0x0a02,
	SLUICE_WEBRTC_LISTEN_SHOW = 0x0a03,
	SLUICE_SESSION_ADD = 0x0a04,     /* dataplane only */
	SLUICE_SESSION_RESTART = 0x0a05, /* dataplane only */
	SLUICE_SESSION_DELETE = 0x0a06,
	SLUICE_SESSION_LAYER = 0x0a07,
	SLUICE_SESSION_SHOW = 0x0a08,
	SLUICE_SESSION_TAKE = 0x0a09,   /* dataplane only */
	SLUICE_SESSION_EVENTS = 0x0a0a, /* dataplane only */
	SLUICE_SESSION_ESTIMATE = 0x0a0b,
	/* whip.h, control plane only */
	SLUICE_WHIP_LIMIT_SET = 0x0b01,
	SLUICE_WHIP_SHOW = 0x0b02,
	SLUICE_WHIP_HOOK_SET = 0x0b03,
	/* accounting.h, control plane only */
	SLUICE_ACCOUNTING_LOG_SET = 0x0c01,
	SLUICE_ACCOUNTING_KEEP_SET = 0x0c02,
	SLUICE_ALLOCATION_HISTORY = 0x0c03,
	SLUICE_ACCOUNTING_REDIS_SET = 0x0c04,
	SLUICE_ACCOUNTING_SHOW = 0x0c05,
	SLUICE_ACCOUNTING_WEBHOOK_SET = 0x0c06,
};

/* An IPv4 address is held in its v4-mapped form (RFC 4291, 2.5.5.2), so that one body serves both
 * families. */
struct sluice_addr {
	uint8_t ip[16];
	uint16_t port; /* network order; 0 where no port is meant */
	uint16_t pad;
};
static_assert(sizeof(struct sluice_addr) == 20, "address");

struct sluice_version {
	uint32_t api;
	uint32_t pid;
	char program[32]; /* "sluice-dataplane" or "sluice-controlplane" */
	char version[32];
	char dpdk[32]; /* empty for the control plane */
	char srtp[32]; /* the SRTP engine in use; empty for the control plane */
	uint64_t uptime_s;
	uint64_t started;    /* Unix time, seconds; stays when the clock is set */
	uint32_t api_oldest; /* that it understands */
	uint32_t pad;
};
static_assert(sizeof(struct sluice_version) == 160, "version");

/* Before the reply nothing is moved any more and the ledger is complete; the process ends after it.
 * -EOPNOTSUPP: it has no ledger. */
struct sluice_hand_over {
	uint32_t pid;
	uint32_t pad;
	uint64_t watchdog_us; /* what its service manager waits for at most; 0: for nothing */
};
static_assert(sizeof(struct sluice_hand_over) == 16, "hand over");

/*
 * What the next process goes on with is passed beside these rows, while nothing is moved any more
 * and the ledger is complete; SLUICE_HAND_OVER, by the same client, closes the ports then. A client
 * that leaves before it has asked for that ends the dataplane as well. -EOPNOTSUPP: as above.
 */
enum sluice_hand_over_kind {
	SLUICE_HAND_OVER_LISTENER, /* the socket that clients of the API connect to */
	SLUICE_HAND_OVER_LOCK,     /* of its name */
	SLUICE_HAND_OVER_PROGRAM,  /* the BPF link of the gate on an interface */
};

struct sluice_hand_over_part {
	uint32_t kind; /* enum sluice_hand_over_kind */
	char name[16]; /* the interface's */
};
static_assert(sizeof(struct sluice_hand_over_part) == 20, "hand over part");

struct sluice_config_show {
	uint32_t secrets; /* 1: show passwords and secrets, 0: mask them */
};
static_assert(sizeof(struct sluice_config_show) == 4, "config show");

struct sluice_config_line {
	char text[1024];
};
static_assert(sizeof(struct sluice_config_line) == 1024, "config line");

#endif
