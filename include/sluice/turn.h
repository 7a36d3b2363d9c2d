/* SPDX-License-Identifier: BSD-3-Clause */
/* TURN (RFC 8656): where it listens, whom it serves, what it has allocated. */
#ifndef SLUICE_TURN_H
#define SLUICE_TURN_H

#include <sluice/api.h>

#define SLUICE_TURN_REALM_MAX      128 /* with the final NUL; RFC 8489, 14.9 */
#define SLUICE_TURN_USER_MAX       512 /* with the final NUL; RFC 8489, 14.3: fewer than 509 bytes */
#define SLUICE_TURN_PASSWORD_MAX   256
#define SLUICE_TURN_USER_SHOWN_MAX 40 /* longer names are cut in allocation rows */
#define SLUICE_TURN_USER_KEPT_MAX  52 /* ... and in accounts; with the final NUL */

/* How clients reach a listener. */
enum sluice_turn_transport {
	SLUICE_TURN_UDP, /* at a port, past the kernel */
	SLUICE_TURN_TCP, /* by the kernel's sockets, as those below */
	SLUICE_TURN_TLS,
	SLUICE_TURN_DTLS,
	SLUICE_TURN_TRANSPORTS,
};

/* SLUICE_TURN_LISTEN_ADD, _DELETE -> {}. -EEXIST, -ENOENT, -ENOSPC. A port of 0 means 3478. An
 * address that no port has is taken, with SLUICE_API_WARNING, and served once it is there. */
struct sluice_turn_listen {
	struct sluice_addr addr;
	struct sluice_addr announce;       /* what is told of it, without a port; all zero: addr */
	uint32_t transport;                /* enum sluice_turn_transport */
	char realm[SLUICE_TURN_REALM_MAX]; /* its clients'; empty: that of SLUICE_TURN_REALM_SET */
	/* TCP and TLS: of the proxies that connect in clients' names (PROXY protocol, version 2) */
	struct sluice_addr proxy; /* port: 0 */
	uint8_t proxy_length;     /* of the prefix, in the family's own bits */
	uint8_t proxied;          /* 0: clients come themselves */
	uint16_t pad;
};
static_assert(sizeof(struct sluice_turn_listen) == 196, "turn listen");

#define SLUICE_TURN_PREFIX_MAX 64 /* in words, with the final NUL */

enum sluice_turn_address_state {
	SLUICE_TURN_ADDRESS_PRESENT,
	SLUICE_TURN_ADDRESS_ABSENT, /* on no interface that a port of ours serves */
};

/* SLUICE_TURN_LISTEN_SHOW {} -> rows. */
struct sluice_turn_listen_row {
	struct sluice_addr addr;
	struct sluice_addr announce; /* all zero: addr itself */
	uint32_t state;              /* enum sluice_turn_address_state */
	uint32_t transport;          /* enum sluice_turn_transport */
	uint32_t connections;        /* of clients, now; UDP has none */
	uint32_t pad;
	char realm[SLUICE_TURN_REALM_MAX];  /* empty: the server's */
	char proxy[SLUICE_TURN_PREFIX_MAX]; /* of those that connect for clients; empty: none do */
};
static_assert(sizeof(struct sluice_turn_listen_row) == 248, "turn listen row");

/*
 * SLUICE_TURN_STREAM_SET -> {}: what bounds clients that come by TCP, TLS and DTLS. Each 0: as
 * before anything was set.
 */
struct sluice_turn_stream {
	/* of one address (IPv6 /64); its /24 (/48) has four times as many of both */
	uint32_t source;     /* connections */
	uint32_t handshakes; /* TLS and DTLS, begun in a second */
	uint32_t first_s;    /* from the connection to an allocation */
	uint32_t idle_s;     /* without an allocation and without a message */
	uint32_t queue;      /* bytes that wait for one client to read them */
};
static_assert(sizeof(struct sluice_turn_stream) == 20, "turn stream");

#define SLUICE_TURN_FILE_MAX             512
#define SLUICE_TURN_NAME_MAX             256 /* RFC 6066, 3, with the final NUL */
#define SLUICE_TURN_CERTIFICATES_MAX     16
#define SLUICE_TURN_CERTIFICATE_TEXT_MAX 28672

/*
 * SLUICE_TURN_CERTIFICATE_ADD, _DELETE (of which the file alone counts) -> {}: the control plane's,
 * which reads the files, in PEM, whenever they change, and gives the dataplane their text.
 */
struct sluice_turn_certificate {
	char file[SLUICE_TURN_FILE_MAX]; /* the certificate, and those that vouch for it behind it
	                                  */
	char key[SLUICE_TURN_FILE_MAX];
	char name[SLUICE_TURN_NAME_MAX]; /* that clients ask for (SNI); empty: those in it */
};
static_assert(sizeof(struct sluice_turn_certificate) == 1280, "turn certificate");

/*
 * SLUICE_TURN_CERTIFICATE_PUT -> {}: one of `count`, in the order of their index; with the last one
 * they take the place of those before, and a count of 0 takes these away. -EINVAL.
 */
struct sluice_turn_certificate_put {
	uint32_t index, count;
	uint32_t certificate_length, key_length; /* of the text: one behind the other */
	char name[SLUICE_TURN_NAME_MAX];
	char text[SLUICE_TURN_CERTIFICATE_TEXT_MAX];
};
static_assert(sizeof(struct sluice_turn_certificate_put) == 28944, "turn certificate put");

/* SLUICE_TURN_CERTIFICATE_SHOW {} -> rows: those in force. */
struct sluice_turn_certificate_row {
	char name[SLUICE_TURN_NAME_MAX];    /* as it was put */
	char subject[SLUICE_TURN_NAME_MAX]; /* the first of its names, or its subject */
	uint64_t expires;                   /* Unix time */
};
static_assert(sizeof(struct sluice_turn_certificate_row) == 520, "turn certificate row");

/* SLUICE_TURN_REALM_SET -> {}. 1 to 127 bytes. Users' keys are made again. */
struct sluice_turn_realm {
	char realm[SLUICE_TURN_REALM_MAX];
};
static_assert(sizeof(struct sluice_turn_realm) == 128, "turn realm");

#define SLUICE_TURN_REALMS_MAX 31 /* beside that one */

/*
 * SLUICE_TURN_REALM_ADD, _DELETE (a struct sluice_turn_realm) -> {}: another realm, with listeners,
 * users, secrets, peers and quotas of its own, which name it. -EEXIST, -ENOENT, -ENOSPC. Delete
 * takes them along but for listeners: -EBUSY while one names it.
 */

/* SLUICE_TURN_REALM_SHOW {} -> rows: the first one is the server's. */
struct sluice_turn_realm_row {
	char realm[SLUICE_TURN_REALM_MAX];
	uint32_t listeners, users, secrets, allocations;
	uint32_t quota_user, quota_host; /* 0: no limit */
	uint64_t quota_max_bps;
	/* UDP payload, of allocations that have ended and those that live; of these what was
	 * relayed half a minute ago at least */
	uint64_t to_peer_bytes, to_client_bytes;
};
static_assert(sizeof(struct sluice_turn_realm_row) == 176, "turn realm row");

#define SLUICE_TURN_RANGES_MAX 4 /* of ports, of one address */

struct sluice_port_range {
	uint16_t first, last; /* host order; 0-0: none */
};

/*
 * SLUICE_TURN_RELAY_ADD, _DELETE -> {}. With EXIST_OK another set of ports, or another announced
 * address, takes the place of the one before: allocations stay, and ports outside of the new ranges
 * are no longer given out. Delete ends the address' allocations and looks at `addr` alone.
 */
struct sluice_turn_relay {
	struct sluice_addr addr; /* port: 0 */
	uint16_t first_port;     /* host order, 1024 or more */
	uint16_t last_port;
	struct sluice_port_range more[SLUICE_TURN_RANGES_MAX - 1];
	struct sluice_addr announce; /* what clients are told (a NAT's outside); all zero: addr */
};
static_assert(sizeof(struct sluice_turn_relay) == 56, "turn relay");

#define SLUICE_TURN_PORTS_TEXT_MAX 52

/* SLUICE_TURN_RELAY_SHOW {} -> rows. */
struct sluice_turn_relay_row {
	struct sluice_addr addr;
	struct sluice_addr announce;            /* all zero: addr itself */
	uint32_t state;                         /* enum sluice_turn_address_state */
	char ports[SLUICE_TURN_PORTS_TEXT_MAX]; /* "A-B,C-D" */
	uint32_t size;                          /* ports that are given out */
	uint32_t used;                          /* ports that allocations have, or have reserved */
	uint32_t outside;                       /* of these, outside of `ports` */
};
static_assert(sizeof(struct sluice_turn_relay_row) == 108, "turn relay row");

/*
 * SLUICE_TURN_USER_ADD, _DELETE (password unused) -> {}. Adding an existing name changes its
 * password with EXIST_OK. Of one that is deleted, allocations get no new permission or channel, and
 * with `end` they end, also those of time-limited and fetched users of that name; -ENOENT where
 * there was neither.
 */
struct sluice_turn_user {
	char name[SLUICE_TURN_USER_MAX];
	char password[SLUICE_TURN_PASSWORD_MAX];
	uint16_t end;   /* 1: at once */
	uint16_t keyed; /* 1: `password` is the key (RFC 8489, 9.2.2) under the realm that is set:
	                 * 32 hexadecimal digits, or 64 of SHA-256, perhaps after "0x"; or both with
	                 * a comma between them */
	char realm[SLUICE_TURN_REALM_MAX]; /* empty: the server's */
};
static_assert(sizeof(struct sluice_turn_user) == 900, "turn user");

/* SLUICE_TURN_SECRET_ADD, _DELETE -> {}: a secret of time-limited credentials. At most 16 of all
 * realms. `end`: as for a user, of all allocations that were made under it. */
struct sluice_turn_secret {
	char secret[SLUICE_TURN_PASSWORD_MAX];
	uint32_t end;                      /* 1: at once */
	char realm[SLUICE_TURN_REALM_MAX]; /* empty: the server's */
};
static_assert(sizeof(struct sluice_turn_secret) == 388, "turn secret");

enum sluice_turn_peer_action {
	SLUICE_TURN_PEER_ALLOW,
	SLUICE_TURN_PEER_DENY,
};

/* SLUICE_TURN_PEER_ADD, _DELETE -> {}: the longest prefix decides, deny wins between equals, the
 * special-purpose ranges are denied before. */
struct sluice_turn_peer {
	struct sluice_addr addr; /* port: 0 */
	uint8_t length;          /* of the prefix, in the family's own bits: 0 to 32 or 128 */
	uint8_t action;          /* enum sluice_turn_peer_action */
	uint16_t pad;
	char realm[SLUICE_TURN_REALM_MAX]; /* whose clients alone; empty: all realms' */
};
static_assert(sizeof(struct sluice_turn_peer) == 152, "turn peer");

/* SLUICE_TURN_LIFETIME_SET -> {}: the longest lifetime that an allocation is granted, in seconds,
 * 600 to 86400; 3600 unless set. */
struct sluice_turn_lifetime {
	uint32_t max_s;
};
static_assert(sizeof(struct sluice_turn_lifetime) == 4, "turn lifetime");

/* SLUICE_TURN_MOBILITY_SET -> {}: 1: clients that ask for it keep their allocation while their
 * address changes (RFC 8016). 0 unless set. */
struct sluice_turn_mobility {
	uint32_t on;
};
static_assert(sizeof(struct sluice_turn_mobility) == 4, "turn mobility");

/* SLUICE_TURN_ALGORITHMS_SET -> {}: 1: each challenge offers what RFC 8489 has over RFC 5389
 * (PASSWORD-ALGORITHMS, USERHASH), and is 28 bytes longer for it; 0: those alone that answer a
 * request of a client that shows that it knows of it. 0 unless set. */
struct sluice_turn_algorithms {
	uint32_t always;
};
static_assert(sizeof(struct sluice_turn_algorithms) == 4, "turn algorithms");

/*
 * SLUICE_TURN_DISCOVERY_ADD, _DELETE (of which `addr` alone counts) -> {}: clients may find out how
 * their NAT behaves (RFC 5780) at these two addresses, of different IP and port, and at those with
 * their ports exchanged; there are listeners at all four by UDP, or Binding is answered as
 * otherwise. One for each family. -EEXIST, -EINVAL, -ENOENT.
 */
struct sluice_turn_discovery {
	struct sluice_addr addr; /* port 0: 3478 */
	struct sluice_addr other;
};
static_assert(sizeof(struct sluice_turn_discovery) == 40, "turn discovery");

/*
 * SLUICE_TURN_QUOTA_SET -> {}. What is not given stays as it is. 0: no limit. A realm to which
 * `user` or `max_bps` was not given has the server's.
 */
struct sluice_turn_quota {
	uint32_t user;    /* allocations of one user */
	uint32_t host;    /* allocations in all, or in all of the realm */
	uint64_t max_bps; /* bits a second of IP payload for each allocation, each direction */
	/* bits a second of UDP payload that all allocations relay together in one direction: while
	 * it is reached no new one is made. The server's alone. */
	uint64_t capacity_bps;
	/* 1: the field is given; the dataplane takes all of a body that has none of these */
	uint8_t user_given, host_given, max_bps_given, capacity_given;
	uint32_t whole;                    /* 1: what is not given is 0 */
	char realm[SLUICE_TURN_REALM_MAX]; /* empty: the server's */
};
static_assert(sizeof(struct sluice_turn_quota) == 160, "turn quota");

#define SLUICE_TURN_ALTERNATES_MAX 16

/* Another node's listener in both families; all zero where it has none. Port 0: 3478. */
struct sluice_turn_alternate {
	struct sluice_addr addr4, addr6;
};
static_assert(sizeof(struct sluice_turn_alternate) == 40, "turn alternate");

/*
 * SLUICE_TURN_ALTERNATES_SET -> {}: where to send those whom this node does not take, because it
 * drains or is full: 300 Try Alternate (RFC 8489, 10), or 508 with an empty list. Replaces what was
 * there; the best one first. It is no part of the configuration: COMMIT leaves it alone.
 */
struct sluice_turn_alternates {
	uint64_t generation; /* of the control plane's snapshot */
	uint32_t draining;   /* 1: no new allocation is made here */
	uint32_t count;
	struct sluice_turn_alternate list[SLUICE_TURN_ALTERNATES_MAX];
};
static_assert(sizeof(struct sluice_turn_alternates) == 656, "turn alternates");

/*
 * SLUICE_TURN_KEY_ADD -> {}: a user's long-term key, MD5(user ":" realm ":" password) (RFC 8489,
 * 9.2.2), fetched by the control plane. After refresh_s the name is wanted again; the key serves
 * on. -EEXIST: the user is configured. SLUICE_TURN_KEY_DELETE (name) -> {}: there is no such user.
 */
struct sluice_turn_key {
	char name[SLUICE_TURN_USER_MAX];
	uint8_t key[16];
	uint32_t refresh_s;
	uint8_t sha256[32]; /* SHA-256 of the same (RFC 8489, 18.5.1.2) */
	uint8_t no_md5;     /* 1: `key` is none */
	uint8_t has_sha256; /* 1: `sha256` is one */
	uint16_t pad;
};
static_assert(sizeof(struct sluice_turn_key) == 568, "turn key");

/* SLUICE_TURN_LOOKUP_SET -> {}: 1: unknown names are handed out by WANTED_TAKE and their requests
 * left unanswered for 2 s; 0: they are refused at once. */
struct sluice_turn_lookup {
	uint32_t on;
};
static_assert(sizeof(struct sluice_turn_lookup) == 4, "turn lookup");

/* SLUICE_TURN_WANTED_TAKE {} -> rows without an end, as they come: names to fetch, each handed out
 * once. */
struct sluice_turn_wanted {
	uint32_t length;
	char name[SLUICE_TURN_USER_MAX]; /* bytes as they came; NUL behind them */
};
static_assert(sizeof(struct sluice_turn_wanted) == 516, "turn wanted");

/* SLUICE_TURN_SHOW {} -> one of this. */
struct sluice_turn_row {
	char realm[SLUICE_TURN_REALM_MAX];
	uint32_t listeners, relays, users, secrets; /* of all realms */
	uint32_t lifetime_max_s, quota_user, quota_host;
	uint32_t draining; /* 1: new allocations are turned away */
	uint64_t quota_max_bps;
	uint32_t allocations, allocations_max;
	uint32_t permissions, permissions_max;
	uint32_t channels, channels_max;
	uint32_t connections, connections_max; /* of clients that come by TCP, TLS and DTLS */
	uint64_t quota_capacity_bps;
	uint64_t to_peer_bps, to_client_bps; /* UDP payload of the last second, bits */
	uint32_t realms;                     /* beside `realm` */
	uint32_t mobility;                   /* 1: clients may move */
	uint32_t algorithms;                 /* 1: each challenge offers them */
	uint32_t pad;
};
static_assert(sizeof(struct sluice_turn_row) == 240, "turn row");

/* SLUICE_ALLOCATION_SHOW -> rows. An empty user means all. */
struct sluice_allocation_show {
	char user[SLUICE_TURN_USER_MAX];
};
static_assert(sizeof(struct sluice_allocation_show) == 512, "allocation show");

/* SLUICE_ALLOCATION_DELETE -> {}. -ENOENT. */
struct sluice_allocation_delete {
	uint64_t id;
};
static_assert(sizeof(struct sluice_allocation_delete) == 8, "allocation delete");

/* SLUICE_ALLOCATION_END {} -> replies without rows while it lasts, then one of this: all
 * allocations are ended, some at a time. It stops where the client leaves. */
struct sluice_allocation_ended {
	uint32_t count;
};
static_assert(sizeof(struct sluice_allocation_ended) == 4, "allocation ended");

/* SLUICE_ALLOCATION_DELETE_USER -> one sluice_allocation_ended: all of this user's, whatever the
 * credentials were made under. The name without its time. */
struct sluice_allocation_delete_user {
	char name[SLUICE_TURN_USER_MAX];
};
static_assert(sizeof(struct sluice_allocation_delete_user) == 512, "allocation delete user");

enum sluice_allocation_reason {
	SLUICE_ALLOCATION_EXPIRED,      /* its time ran out */
	SLUICE_ALLOCATION_CLOSED,       /* by its client: a Refresh with a lifetime of 0 */
	SLUICE_ALLOCATION_DELETED,      /* by a command, or with its user, secret or relay */
	SLUICE_ALLOCATION_DISCONNECTED, /* its client's connection ended */
	SLUICE_ALLOCATION_LIVES, /* it has not ended: rows of SLUICE_ALLOCATION_HISTORY alone */
};

/*
 * SLUICE_ALLOCATION_ACCOUNT_TAKE {} -> rows without an end: allocations that have ended, each
 * handed out once, when no worker relays for it any more: its sums are final.
 */
struct sluice_allocation_account {
	uint64_t number; /* from the dataplane: in its order, from 1; in a history: the row's own */
	uint64_t id;
	uint64_t began, ended; /* Unix time; ended 0: it lives */
	struct sluice_addr client;
	struct sluice_addr server;
	struct sluice_addr relayed[2]; /* as clients are told */
	char user[SLUICE_TURN_USER_KEPT_MAX];
	uint32_t pad;
	uint32_t seconds;
	uint32_t transport; /* of the client; enum sluice_turn_transport */
	uint32_t reason;    /* enum sluice_allocation_reason */
	uint32_t worker;
	uint64_t to_peer_packets, to_peer_bytes; /* UDP payload */
	uint64_t to_client_packets, to_client_bytes;
};
static_assert(sizeof(struct sluice_allocation_account) == 216, "allocation account");

struct sluice_allocation_row {
	uint64_t id; /* never used twice while the dataplane lives */
	struct sluice_addr client;
	struct sluice_addr server;
	struct sluice_addr relayed[2]; /* all zero where there is no second family */
	char user[SLUICE_TURN_USER_SHOWN_MAX];
	uint32_t expires_s;
	uint32_t age_s;
	uint32_t permissions;
	uint32_t channels;
	uint32_t worker;
	uint32_t transport; /* enum sluice_turn_transport, of client and server */
	uint64_t to_peer_packets, to_peer_bytes;
	uint64_t to_client_packets, to_client_bytes;
};
static_assert(sizeof(struct sluice_allocation_row) == 184, "allocation row");

#endif
