/* SPDX-License-Identifier: BSD-3-Clause */
#include "worker.h"
#include "dataplane.h"
#include "graph/graph.h"
#include "media/media.h"
#include "net/next_hop.h"
#include "random.h"
#include "turn/turn.h"

#include <sluice/stats.h>

#include <rte_graph_worker.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_pause.h>

#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#define CALLS_SIZE 64
/* Idle walks before a worker sleeps, and how long: short enough that a burst waits in the NIC's
 * ring meanwhile. */
#define IDLE_WALKS_PAUSE  64
#define IDLE_WALKS_SLEEP  1024
#define IDLE_SLEEP_MIN_NS 5000
#define IDLE_SLEEP_MAX_NS 100000

static struct rte_ring *ring_create(const char *what, uint16_t id, uint32_t size)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s-%u", what, id);
	return rte_ring_create(name, size, SOCKET_ID_ANY, RING_F_SC_DEQ);
}

struct worker *worker_create(struct dataplane *dp, uint16_t id, unsigned int lcore)
{
	struct worker *worker = rte_zmalloc_socket("worker", sizeof(*worker), RTE_CACHE_LINE_SIZE,
	                                           (int)rte_lcore_to_socket_id(lcore));

	if (worker == NULL)
		return NULL;
	worker->dp = dp;
	worker->id = id;
	worker->lcore = lcore;
	worker->tsc_hz = rte_get_tsc_hz();
	worker->poll = dp->options.poll;
	worker->inbox = ring_create("inbox", id, WORKER_INBOX_SIZE);
	worker->calls = ring_create("calls", id, CALLS_SIZE);
	worker->random = random_create();
	worker->next_hops =
	        rte_zmalloc("next hops", NEXT_HOPS * sizeof(struct next_hop), RTE_CACHE_LINE_SIZE);
	if (worker->inbox == NULL || worker->calls == NULL || worker->random == NULL ||
	    worker->next_hops == NULL)
		goto fail;
	if (rte_rcu_qsbr_thread_register(dp->qsbr, id) != 0)
		goto fail;
	worker_clock(worker);
	worker->turn = turn_worker_create(worker);
	if (worker->turn == NULL)
		goto fail;
	if (dp->media != NULL) {
		worker->media = media_worker_create(worker);
		if (worker->media == NULL)
			goto fail;
	}
	if (graph_create(worker) != 0)
		goto fail;
	return worker;
fail:
	worker_destroy(worker);
	return NULL;
}

void worker_destroy(struct worker *worker)
{
	struct rte_mbuf *mbuf;

	if (worker == NULL)
		return;
	graph_destroy(worker);
	media_worker_destroy(worker->media);
	if (worker->turn != NULL)
		turn_worker_destroy(worker->turn);
	rte_rcu_qsbr_thread_unregister(worker->dp->qsbr, worker->id);
	while (worker->inbox != NULL && rte_ring_dequeue(worker->inbox, (void **)&mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	rte_ring_free(worker->inbox);
	rte_ring_free(worker->calls);
	random_destroy(worker->random);
	rte_free(worker->next_hops);
	rte_free(worker->queues);
	rte_free(worker);
}

void worker_clock(struct worker *worker)
{
	worker->tsc = rte_rdtsc() + worker->tsc_skew;
	worker->now = (uint32_t)((worker->tsc - worker->dp->tsc_start) / worker->tsc_hz) + 1;
}

static void worker_calls_run(struct worker *worker)
{
	struct worker_call *call;

	while (rte_ring_dequeue(worker->calls, (void **)&call) == 0) {
		call->run(worker, call->arg);
		__atomic_store_n(&call->done, 1, __ATOMIC_RELEASE);
	}
}

void worker_housekeep(struct worker *worker)
{
	if (__atomic_load_n(&worker->running, __ATOMIC_RELAXED))
		rte_rcu_qsbr_quiescent(worker->dp->qsbr, worker->id);
	worker_calls_run(worker);
	turn_housekeep(worker);
	if (worker->media != NULL)
		media_housekeep(worker);
}

uint32_t worker_walk(struct worker *worker)
{
	uint64_t received = worker->rx_packets;
	uint64_t begin;

	worker_clock(worker);
	begin = worker->tsc;
	worker->busy = false;
	rte_graph_walk(worker->graph);
	worker->walks++;
	if ((worker->walks & (WORKER_HOUSEKEEPING_WALKS - 1)) == 0)
		worker_housekeep(worker);
	else if ((worker->walks & (WORKER_TIMER_WALKS - 1)) == 0 && worker->media != NULL)
		media_timers_run(worker);

	if (worker->busy) {
		worker->walks_idle = 0;
		worker->busy_cycles += rte_rdtsc() + worker->tsc_skew - begin;
	} else {
		worker->walks_idle++;
		worker->idle_cycles += rte_rdtsc() + worker->tsc_skew - begin;
	}
	return (uint32_t)(worker->rx_packets - received);
}

/* No packet has come for a while: first spare the sibling thread, then the core. */
static void worker_back_off(struct worker *worker)
{
	struct timespec sleep = {.tv_nsec = IDLE_SLEEP_MIN_NS};
	uint64_t begin;

	if (worker->walks_idle < IDLE_WALKS_PAUSE)
		return;
	if (worker->walks_idle < IDLE_WALKS_SLEEP) {
		rte_pause();
		return;
	}
	begin = rte_rdtsc();
	worker_housekeep(worker);
	if (worker->walks_idle > 2 * IDLE_WALKS_SLEEP)
		sleep.tv_nsec = IDLE_SLEEP_MAX_NS;
	rte_rcu_qsbr_thread_offline(worker->dp->qsbr, worker->id);
	nanosleep(&sleep, NULL);
	rte_rcu_qsbr_thread_online(worker->dp->qsbr, worker->id);
	worker->idle_cycles += rte_rdtsc() - begin;
}

int worker_main(void *arg)
{
	struct worker *worker = arg;

	prctl(PR_SET_TIMERSLACK, 1000); /* the default of 50 us would be most of the sleep */
	rte_rcu_qsbr_thread_online(worker->dp->qsbr, worker->id);
	__atomic_store_n(&worker->running, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&worker->stop, __ATOMIC_RELAXED)) {
		worker_walk(worker);
		if (__atomic_load_n(&worker->poll, __ATOMIC_RELAXED) == SLUICE_POLL_ADAPTIVE)
			worker_back_off(worker);
	}
	__atomic_store_n(&worker->running, 0, __ATOMIC_SEQ_CST);
	worker_calls_run(worker);
	rte_rcu_qsbr_thread_offline(worker->dp->qsbr, worker->id);
	return 0;
}

void worker_call(struct worker *worker, void (*run)(struct worker *worker, void *arg), void *arg)
{
	struct worker_call call = {.run = run, .arg = arg};

	if (!__atomic_load_n(&worker->running, __ATOMIC_SEQ_CST)) {
		run(worker, arg);
		return;
	}
	while (rte_ring_enqueue(worker->calls, &call) != 0)
		rte_pause();
	while (!__atomic_load_n(&call.done, __ATOMIC_ACQUIRE)) {
		/* a worker that stopped meanwhile has run what was in its ring, or leaves it to us
		 */
		if (!__atomic_load_n(&worker->running, __ATOMIC_SEQ_CST))
			worker_calls_run(worker);
		rte_pause();
	}
}

unsigned int worker_inbox_put(struct worker *worker, struct rte_mbuf **mbufs, unsigned int count)
{
	return rte_ring_mp_enqueue_burst(worker->inbox, (void **)mbufs, count, NULL);
}
