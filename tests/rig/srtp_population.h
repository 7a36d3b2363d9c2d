/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams and their subscribers, each with keys of its own, in a dataplane whose ports are rings:
 * what sluice-bench srtp measures and what the tests of srtp_encrypt send through.
 */
#ifndef BENCH_SRTP_POPULATION_H
#define BENCH_SRTP_POPULATION_H

#include "media/state.h"
#include "rig.h"

#define SRTP_POPULATION_PT 96

struct srtp_population_plan {
	enum sluice_srtp_profile profile;
	const struct srtp_engine *engine;
	uint16_t workers;
	uint32_t streams;
	uint32_t legs; /* of each stream */
	/* Endpoints of a room: each publishes a stream and gets those of the others; `streams` is a
	 * multiple. 0: no rooms, each leg has an endpoint of its own, and others publish. */
	uint32_t room;
	uint32_t mbufs;
	const struct sluice_subscription
	        *like;      /* of each leg: payload type and the like; or NULL */
	const uint8_t *mki; /* of 4 bytes; NULL: none */
	/* packets have the header extensions of a browser: mid, transport-wide number,
	 * abs-send-time, audio level, under the ids that srtp_population_ids says */
	bool extensions;
	bool told; /* endpoints have agreed to transport-wide feedback */
};

extern const uint8_t srtp_population_ids[SLUICE_EXTENSIONS_MAX];

struct srtp_population {
	struct srtp_population_plan plan;
	struct rig rig;
	struct media *media;
	uint32_t n_endpoints; /* that have legs: from 1 on, by their remote address' last 3 bytes */
	uint32_t n_subscriptions; /* from 1 on */
	double bytes;             /* of memory, EAL's and the process', for each */
};

/* 0 or -1, with a line on stderr. */
int srtp_population_create(struct srtp_population *population,
                           const struct srtp_population_plan *plan);
void srtp_population_destroy(struct srtp_population *population);

/* Toward what subscribers have as addresses, by the rig's second port. 0 or -1. */
int srtp_population_routes(struct rig *rig);
/* Bytes of EAL's heaps and of the process', which has the sessions' keys. */
double srtp_population_memory(void);

/* The names under which the API knows them. */
void srtp_population_endpoint_name(char name[SLUICE_MEDIA_NAME_MAX], uint32_t endpoint);
void srtp_population_stream_name(char name[SLUICE_MEDIA_NAME_MAX], uint32_t stream);

/* The master key and salt of an endpoint's packets out: what a receiver of them needs. */
void srtp_population_key(uint32_t endpoint, uint8_t key[SLUICE_MEDIA_KEY_MAX]);

/* The NIC computes UDP checksums, or nobody but us. */
void srtp_population_checksum(struct srtp_population *population, bool by_port);

/* A plaintext packet of a stream, for srtp_encrypt: header written, payload of `size` bytes as it
 * lies in the mbuf. NULL: no mbuf. */
struct rte_mbuf *srtp_population_packet(struct srtp_population *population, uint32_t stream,
                                        uint64_t index, uint16_t size);

#endif
