/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate (bpf/gate_rules.h): who may ask, how often, and what it has seen. The control plane
 * has the configuration: it compiles it, writes it into the XDP program's maps, and gives it to the
 * dataplane, which holds ports without XDP to the same rules. A change is answered when it is in
 * force at both.
 */
#ifndef SLUICE_GATE_H
#define SLUICE_GATE_H

#include <sluice/api.h>

/* Of a fleet's key, in bytes: what can be guessed gives nonces to anybody. */
#define SLUICE_GATE_SECRET_MIN 32
#define SLUICE_GATE_SECRET_MAX 64

enum sluice_gate_scope {
	SLUICE_GATE_SOURCE,   /* an address; of IPv6 its /64 */
	SLUICE_GATE_PREFIX,   /* its /24; of IPv6 the /48 */
	SLUICE_GATE_HOST,     /* all together */
	SLUICE_GATE_VERIFIED, /* an address, of signed requests with a nonce of ours */
	SLUICE_GATE_SCOPES,
};

/* SLUICE_GATE_LIMIT_SET -> {}: unverified requests, but for the last scope. rate 0: no limit. */
struct sluice_gate_limit {
	uint32_t scope; /* enum sluice_gate_scope */
	uint32_t rate;  /* a second */
	uint32_t burst; /* at once, 1 or more */
};
static_assert(sizeof(struct sluice_gate_limit) == 12, "gate limit");

enum sluice_gate_list {
	SLUICE_GATE_DENY,  /* dropped, whatever it is */
	SLUICE_GATE_TRUST, /* under no limit */
	SLUICE_GATE_LISTS,
};

/* SLUICE_GATE_DENY_ADD, _DELETE, SLUICE_GATE_TRUST_ADD, _DELETE -> {}. -EEXIST, -ENOENT, -ENOSPC.
 */
struct sluice_gate_prefix {
	struct sluice_addr addr; /* port: 0 */
	uint8_t length;          /* in the family's own bits */
	uint8_t pad[3];
};
static_assert(sizeof(struct sluice_gate_prefix) == 24, "gate prefix");

/* SLUICE_GATE_PORTS_SET -> {}. */
struct sluice_gate_ports {
	uint32_t privileged; /* 1: requests from source ports below 1024 are dropped */
};
static_assert(sizeof(struct sluice_gate_ports) == 4, "gate ports");

enum sluice_gate_mode {
	SLUICE_GATE_OFF,
	SLUICE_GATE_OBSERVE, /* counts what it would drop */
	SLUICE_GATE_ENFORCE,
};

/* SLUICE_GATE_MODE_SET -> {}. */
struct sluice_gate_mode_set {
	uint32_t mode; /* enum sluice_gate_mode */
};
static_assert(sizeof(struct sluice_gate_mode_set) == 4, "gate mode");

/*
 * SLUICE_GATE_NONCE_LIFETIME_SET -> {}, the control plane's: a nonce lives so long, and so long do
 * keys make nonces. 10 to 21600.
 */
struct sluice_gate_nonce_lifetime {
	uint32_t lifetime_s;
};
static_assert(sizeof(struct sluice_gate_nonce_lifetime) == 4, "gate nonce lifetime");

#define SLUICE_GATE_LIFETIME_MIN_S 10
#define SLUICE_GATE_LIFETIME_MAX_S 21600 /* a key is gone before 16 bits of time come again */

/* SLUICE_GATE_NONCE_SECRET_SET -> {}, the control plane's: a fleet that shares it shares nonces. */
struct sluice_gate_nonce_secret {
	uint8_t secret[SLUICE_GATE_SECRET_MAX];
	uint8_t length; /* SLUICE_GATE_SECRET_MIN and more */
	uint8_t pad[3];
};
static_assert(sizeof(struct sluice_gate_nonce_secret) == 68, "gate nonce secret");

/*
 * SLUICE_GATE_SET -> {}, from the control plane to the dataplane: struct gate_compiled
 * (bpf/gate_state.h), the whole of it. Where there are prefixes, a memfd with their struct
 * gate_lpm_key comes with it: the denied, then the trusted.
 */

/* SLUICE_GATE_SHOW {} -> one of this. */
struct sluice_gate_row {
	uint32_t mode; /* enum sluice_gate_mode */
	uint32_t xdp;  /* 1: XDP decides on its ports, on all of them */
	struct sluice_gate_limit limits[SLUICE_GATE_SCOPES];
	uint32_t privileged;
	uint32_t prefixes[SLUICE_GATE_LISTS]; /* how many are denied, trusted */
	uint32_t nonce_lifetime_s;
	uint32_t nonce_shared; /* 1: made from a secret */
	uint32_t host_attacked;
	uint32_t host_attacked_s; /* the attack counts as over in so many seconds at the earliest */
	uint32_t prefixes_attacked; /* how many are under attack now */
	uint64_t passed, dropped;
};
static_assert(sizeof(struct sluice_gate_row) == 104, "gate row");

/* SLUICE_GATE_SOURCES_SHOW {} -> rows, most drops first. */
struct sluice_gate_source_row {
	struct sluice_addr addr; /* port: 0 */
	uint32_t length;         /* of the prefix, in the family's own bits */
	uint64_t dropped;        /* estimate: since it has its place in the table */
	uint32_t seen_s;         /* ago */
	uint32_t scope;          /* enum sluice_gate_scope: SOURCE or PREFIX */
};
static_assert(sizeof(struct sluice_gate_source_row) == 40, "gate source row");

#endif
