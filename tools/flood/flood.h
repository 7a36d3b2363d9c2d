/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-flood: the attack that the gate is for, in one's own laboratory: raw frames with forged
 * sources, and a count of what they bring back.
 */
#ifndef FLOOD_FLOOD_H
#define FLOOD_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

#define FLOOD_SECONDS_MAX 120
#define FLOOD_RATE_MAX    2000000
#define FLOOD_PAYLOAD_MAX 512

enum flood_source {
	FLOOD_ONE,    /* one victim */
	FLOOD_NET,    /* a /24, or an IPv6 /48 */
	FLOOD_SPREAD, /* everywhere */
};

enum flood_kind {
	FLOOD_HEADER,
	FLOOD_ALLOCATE,
	FLOOD_FORGED,
	FLOOD_BINDING,
	FLOOD_RESPONSE,
	FLOOD_MALFORMED,
	FLOOD_KINDS,
};

struct flood_options {
	const char *iface;
	uint32_t kind;   /* enum flood_kind */
	uint32_t source; /* enum flood_source */
	uint16_t port;   /* of the server */
	bool twice;      /* each request, one behind the other */
	bool json, version, help;
	uint32_t rate; /* packets a second */
	uint32_t seconds;
	struct transport_addr to;
	struct ip_addr victim; /* FLOOD_ONE, and the prefix of FLOOD_NET */
	struct rte_ether_addr mac;
};

enum flood_wish { FLOOD_RUN, FLOOD_DONE, FLOOD_WRONG };

/* FLOOD_DONE: the help was printed; FLOOD_WRONG: with a line on stderr. */
enum flood_wish flood_options_read(struct flood_options *options, int argc, char **argv);

/* The payload but for its transaction; returns its length. */
uint16_t kind_write(uint32_t kind, uint8_t payload[FLOOD_PAYLOAD_MAX]);

/* NULL, or why this network namespace is none of tools/lab's. */
const char *lab_refusal(void);

/* The next forged source. state: of the generator, not 0. */
void source_next(const struct flood_options *options, uint64_t *state, struct transport_addr *from);

/* -- count.c: what comes back -- */

struct flood_count {
	uint64_t packets, bytes; /* IP bytes */
};

struct counting {
	int socket;
	uint16_t port;  /* that answers come from, network order */
	uint64_t begin; /* CLOCK_MONOTONIC, ns */
	struct flood_count seconds[FLOOD_SECONDS_MAX + 4];
	uint32_t stop;
	uint64_t lost; /* that the socket had no room for */
};

int counting_start(struct counting *counting, const struct flood_options *options);
void *counting_run(void *counting);

uint64_t flood_clock(void);

#endif
