/* SPDX-License-Identifier: BSD-3-Clause */
/* A host for the churn: the shipped graph between two ports in memory, and a clock that stands
 * still but when it is told to move. */
#ifndef TESTS_CHURN_WORLD_H
#define TESTS_CHURN_WORLD_H

#include "client.h"
#include "frame.h"
#include "rig.h"

#include <sluice/turn.h>

#define WORLD_CLIENTS    48 /* half of them IPv4 */
#define WORLD_PEERS      6  /* two of them IPv6 */
#define WORLD_PORT_FIRST 50000
#define WORLD_PORT_LAST  50511
#define WORLD_SEEN_MAX   4
#define WORLD_REALM      "test"

struct world {
	struct rig rig;
	uint32_t now; /* worker.now */
	uint64_t unix_start;
	char why[SLUICE_API_ERROR_MAX];
};

/* What left the host. */
struct seen {
	unsigned int port; /* of the rig: 0 clients', 1 peers' */
	struct transport_addr from, to;
	uint16_t length;
	uint8_t bytes[2048];
};

bool world_create(struct world *world);
void world_destroy(struct world *world);

/* Everybody's clock is at this second, and what is due has been done. */
void world_time(struct world *world, uint32_t now);
static inline uint64_t world_unix(const struct world *world)
{
	return world->unix_start + world->now;
}

struct transport_addr world_client(uint32_t index);
struct transport_addr world_server(bool v4);
/* 0 .. WORLD_PEERS - 1. */
struct transport_addr world_peer(uint32_t index);
struct transport_addr world_relay(bool v4, uint16_t port);

/*
 * A datagram comes to `worker` from a client (port 0) or a peer (port 1): what the host sends then,
 * ICMP left out. Returns how many, or -1 where a frame was not whole, with *what.
 */
int world_send(struct world *world, unsigned int port, uint16_t worker,
               const struct transport_addr *from, const struct transport_addr *to,
               const void *payload, uint16_t length, struct seen seen[WORLD_SEEN_MAX],
               const char **what);

#endif
