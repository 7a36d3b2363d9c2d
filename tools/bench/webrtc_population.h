/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions of browsers in a dataplane whose ports are rings: one publishes sound, all others watch
 * it. They come as browsers do, by a check and a handshake through the whole graph, with the thread
 * of handshakes.
 */
#ifndef BENCH_WEBRTC_POPULATION_H
#define BENCH_WEBRTC_POPULATION_H

#include "srtp_population.h"
#include "webrtc_client.h"

struct webrtc_population {
	struct srtp_population media; /* as srtp_run takes it; the stream is its first */
	const struct webrtc_clients *clients;
	uint32_t count;
	double thread_ns;  /* CPU time of the thread of handshakes, for each */
	double control_ns; /* time of the control thread, for each */
	double per_s;      /* of all together, the clients in the same thread as the worker */
	double memory;     /* bytes of the process' heaps and of EAL's, in all, at rest */
};

/* 0 or -1, with a line on stderr. */
int webrtc_population_create(struct webrtc_population *population,
                             const struct webrtc_clients *clients, uint32_t count);
/* `memory`, with `wait` once handshakes have given up what they do not need any more. */
void webrtc_population_weigh(struct webrtc_population *population, bool wait);
void webrtc_population_destroy(struct webrtc_population *population);

#endif
