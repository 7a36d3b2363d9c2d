/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients of a TURN server, each with an allocation, and a channel (or a permission alone) to a
 * peer of its own: made by real requests through the graph.
 */
#ifndef BENCH_POPULATION_H
#define BENCH_POPULATION_H

#include "load.h"
#include "stun/integrity.h"
#include "stun/nonce.h"

#define POPULATION_CHANNEL 0x4000

struct population_client {
	uint32_t relayed;      /* network order */
	uint16_t relayed_port; /* network order */
	char nonce[STUN_NONCE_SIZE];
};

/* What a ledger costs: batches of requests go with it and without it, in turn. */
struct population_pairs {
	struct ledger *ledger; /* of the rig */
	double *ratio;         /* of each pair: cycles without, over those with */
	double *with;          /* cycles a request */
	uint32_t count, room;  /* room 0: nothing is measured, all go with it */
};

struct population {
	struct rig rig;
	uint32_t count;
	struct stun_key key;
	struct population_client *clients;
	double allocates_per_s; /* of the authenticated ones */
	double unauthenticated_per_s;
	double bytes;                   /* of memory for each */
	struct population_pairs *pairs; /* NULL: it has no ledger */
};

/* 0 or -1, with a line on stderr. */
int population_create(struct population *population, uint32_t count);
/* With a ledger at this path; pairs: of its Allocate requests. */
int population_create_paired(struct population *population, uint32_t count, const char *ledger,
                             struct population_pairs *pairs);
/* Another server takes the ledger of this one over, which is destroyed. Seconds, and how many
 * records it took in them; 0: none. */
double population_take(struct population *population, const char *ledger, uint32_t *records);
void population_destroy(struct population *population);

/* One Refresh of each of some clients: requests a second, or 0. */
double population_refresh(struct population *population, uint32_t requests);

/* Client i and its peer, network order. */
static inline uint32_t client_ip(uint32_t i)
{
	return rte_cpu_to_be_32(0x0b000000u + i); /* 11.0.0.0/8 */
}

static inline uint16_t client_port(uint32_t i)
{
	return rte_cpu_to_be_16(1024 + i * 7919u % 60000);
}

static inline uint32_t peer_ip(uint32_t i)
{
	return rte_cpu_to_be_32(0x0c000000u + i); /* 12.0.0.0/8 */
}

static inline uint16_t peer_port(uint32_t i)
{
	return rte_cpu_to_be_16(1024 + i * 104729u % 60000);
}

#define POPULATION_LISTENER      0xc6120101u /* 198.18.1.1, host order */
#define POPULATION_LISTENER_PORT 3478

#endif
