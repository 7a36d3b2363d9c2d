/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stage of a packet test: one host with two ports, clients before the first, peers behind the
 * second.
 *
 *   198.18.1.2, .3           port 0 [ 198.18.1.1:3478      198.18.2.1      ] port 1    198.18.2.2,
 * .3 2001:2:0:1::2, ::3              [ 2001:2:0:1::1:3478   2001:2:0:2::1   ] 2001:2:0:2::2
 */
#ifndef TESTS_PACKET_SCENE_H
#define TESTS_PACKET_SCENE_H

#include "client.h"
#include "frame.h"
#include "rig.h"

enum actor {
	NOBODY,
	CLIENT_A4,
	CLIENT_A6,
	CLIENT_B4,
	CLIENT_B6,
	CLIENTS_END,
	PEER4 = CLIENTS_END,
	PEER4_PORT,  /* another port of PEER4's host */
	PEER4_OTHER, /* another host */
	PEER6,
	PEER_PRIVATE, /* 10.0.0.1 */
	PEER_SELF,    /* the listener itself */
	PEER_NAT64,   /* 64:ff9b::10.0.0.1 */
	PEER_6TO4,    /* 2002:a00:1:: */
	PEER_NO_ROUTE,
	PEER_PENDING, /* a neighbour that nobody has resolved */
	ACTORS,
	/* the address that a client was given, in the family named */
	RELAYED = ACTORS,
	A4_RELAYED4 = RELAYED + 2 * CLIENT_A4,
	A4_RELAYED6,
	A6_RELAYED4 = RELAYED + 2 * CLIENT_A6,
	A6_RELAYED6,
	B4_RELAYED4 = RELAYED + 2 * CLIENT_B4,
	B4_RELAYED6,
	B6_RELAYED4 = RELAYED + 2 * CLIENT_B6,
	B6_RELAYED6,
};

/* What differs from the usual host; 0 is the usual. */
struct scene_config {
	const char *realm;        /* "sluice" */
	uint32_t workers;         /* 1 */
	bool one_queue;           /* for all workers: their flows are spread in software */
	uint32_t max_allocations; /* 64 */
	uint32_t max_endpoints;   /* of streams and subscriptions as many; 0: without media */
	uint32_t max_sessions;    /* 0: no browsers */
	uint32_t quota_user, quota_host;
	uint64_t max_bps;
	uint16_t relay_ports; /* how many each relayed address has: 1024 */
	uint16_t mbuf_size;
	uint16_t mtu;
	bool bare; /* no realm, no users: nothing is configured */
	bool nat;  /* relays are announced by other addresses than they have */
	bool mobility;
};

struct scene {
	struct rig rig;
	const char *realm;
	bool nat;
	struct stun_key key;       /* of user "demo", password "demo" */
	struct stun_key wrong_key; /* of another password */
	uint32_t transactions;
	struct {
		bool has_nonce;
		char nonce[STUN_NONCE_SIZE];
		uint8_t token[CLIENT_TOKEN_SIZE];
		uint8_t ticket[CLIENT_TICKET_SIZE];
		uint8_t transaction[STUN_TRANSACTION_SIZE]; /* of the last request */
		struct transport_addr relayed[2];
	} clients[CLIENTS_END];
};

/* False with a line on stderr. */
bool scene_create(struct scene *scene, const struct scene_config *config);
void scene_destroy(struct scene *scene);

struct transport_addr scene_addr(const struct scene *scene, enum actor actor);
/* The same as it stands in packets: a relayed address' inside. */
struct transport_addr scene_wire(const struct scene *scene, struct transport_addr addr);
/* The rig's port that an actor is behind, and its MAC. */
unsigned int actor_port(enum actor actor);
struct rte_ether_addr actor_mac(enum actor actor);
/* The address that clients of this actor's family speak to. */
struct transport_addr server_addr(enum actor actor);

/* Moves every worker's clock. */
void scene_wait(struct scene *scene, uint32_t seconds);
/* Lets every worker expire what is due. */
void scene_sweep(struct scene *scene);

uint64_t scene_drops(const struct scene *scene, enum drop_reason reason);
uint64_t scene_drops_all(const struct scene *scene);

#endif
