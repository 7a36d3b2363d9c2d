/* SPDX-License-Identifier: BSD-3-Clause */
/* The insides of a capture, shared by the files of capture/. */
#ifndef CAPTURE_STATE_H
#define CAPTURE_STATE_H

#include <pthread.h>
#include <time.h>

#include "capture/capture.h"
#include "capture/filter.h"
#include "capture/ring.h"

/* How long nothing may be read from a full pipe. */
#define CAPTURE_STUCK_MS 3000

/* A port as it was when it was first seen. */
struct capture_interface {
	char name[SLUICE_PORT_NAME_MAX];
	struct rte_ether_addr mac;
};

struct capture {
	/* const while it runs */
	const struct dataplane *dp;
	struct filter filter;
	struct sluice_capture wanted;
	struct capture_client client;
	uint32_t id;
	uint32_t packet_max; /* bytes of the longest packet, headers that it has lost included */
	uint32_t n_rings;    /* a producer each */
	struct capture_ring *rings;
	void *memory; /* of all their slots */
	size_t memory_size;
	pthread_t thread;
	int first_fd; /* the thread closes it */

	/* atomic */
	uint32_t state; /* enum sluice_capture_state; what is not RUNNING takes no more packets */
	uint32_t ready; /* writer: the memory is there, no worker faults on a page of it */
	uint32_t stop;  /* control thread: write what is there and end */
	uint32_t done;  /* writer: has touched the descriptor for the last time */
	int32_t error;
	uint64_t packets, bytes; /* written */
	uint32_t files;

	/* control thread and writer, under the lock */
	pthread_mutex_t lock;
	int next_fd; /* -1: none */
	struct capture_interface interfaces[PORTS_MAX];

	/* control thread */
	bool released; /* its client has gone: freed when it is done */
	bool in_set;
	bool joined;
};

/* The writer's thread. */
void *capture_write(void *capture);

/* Ends it unless it has ended; the first reason counts. */
static inline void capture_end(struct capture *capture, enum sluice_capture_state state, int error)
{
	uint32_t running = SLUICE_CAPTURE_RUNNING;

	if (__atomic_compare_exchange_n(&capture->state, &running, state, false, __ATOMIC_SEQ_CST,
	                                __ATOMIC_RELAXED))
		__atomic_store_n(&capture->error, error, __ATOMIC_RELAXED);
}

static inline uint64_t capture_lost(const struct capture *capture, uint32_t interface)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < capture->n_rings; i++)
		sum += __atomic_load_n(&capture->rings[i].lost[interface], __ATOMIC_RELAXED);
	return sum;
}

#endif
