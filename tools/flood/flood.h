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
#define FLOOD_NONCE_SIZE  12

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
	FLOOD_CHANNEL,
	FLOOD_NONCE,
	FLOOD_SIGNED,
	FLOOD_UNKNOWN,
	FLOOD_KINDS,
};

struct flood_options {
	const char *iface;
	uint32_t kind;      /* enum flood_kind */
	uint32_t source;    /* enum flood_source */
	uint16_t port;      /* of the server */
	uint16_t from_port; /* of the sources; 0: another each time */
	const char *nonce;  /* that was made for the victim and from_port; NULL: to be asked for */
	bool twice;         /* each request, one behind the other */
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

/* A payload but for its transaction. */
struct flood_payload {
	uint8_t bytes[FLOOD_PAYLOAD_MAX];
	uint16_t length;
	uint16_t name; /* where 8 letters of a user name stand, others in each; 0: nowhere */
};

void kind_write(struct flood_payload *payload, uint32_t kind, const char *nonce);
/* A nonce of the victim's own belongs to it: the last ones. */
static inline bool kind_has_nonce(uint32_t kind)
{
	return kind >= FLOOD_NONCE;
}

/*
 * -- nonce.c: asks the server for one as a client at the victim's address would, which has to be an
 * address of this host. 0 or -errno.
 */
int nonce_ask(const struct flood_options *options, char nonce[FLOOD_NONCE_SIZE + 1]);

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
