/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp_run.h"

#include "media/fan.h"
#include "net/port.h"

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include <unistd.h>

#define DRAIN_BURST 256u
/* Packets out that wait in the plane before more is put in. */
#define PENDING    512
#define PATIENCE_S 20
#define LONGEST_S  300 /* of a round, however it goes on */

/* One worker's part of a round. */
struct runner {
	struct srtp_run *run;
	struct worker *worker;
	uint32_t sources;  /* that the round has in all */
	uint32_t produced; /* of worker 0 */
	uint64_t quota;
	uint64_t before;   /* written until the round began */
	uint64_t seen;     /* of what was sent, when the deadline was set */
	uint64_t deadline; /* TSC */
	uint64_t end;      /* TSC: of a round that goes on and on */
	uint32_t *ready;   /* atomic: runners that wait for ... */
	uint32_t *start;   /* ... this, atomic */
	const char *lost;  /* why packets are; NULL: none */
};

static struct rte_ring *out_ring(const struct runner *runner)
{
	const struct rig *rig = &runner->run->population->rig;

	return rig->ports[1].out[port_tx_queue(rig->dp, runner->worker->id, rig->ports[1].index)];
}

/* What a NIC has sent goes back to the pool. Its queue stays as full as it is under load, also from
 * one round to the next: to empty it would send mbufs through the pool's ring, and each round would
 * begin with others, that are in no cache. */
static void queue_drain(struct runner *runner)
{
	struct rte_ring *ring = out_ring(runner);
	struct rte_mbuf *mbufs[DRAIN_BURST];
	unsigned int count = rte_ring_count(ring);

	while (count > SRTP_RUN_QUEUE) {
		unsigned int n = rte_ring_sc_dequeue_burst(
		        ring, (void **)mbufs, RTE_MIN(count - SRTP_RUN_QUEUE, DRAIN_BURST), NULL);

		rte_mempool_put_bulk(runner->run->population->rig.dp->pool, (void **)mbufs, n);
		count -= n;
	}
}

/* Reports that the worker sends of its own accord go through the same queue and are not counted: a
 * worker that took them for its quota would leave before the others have done. */
static uint64_t runner_sent(const struct runner *runner)
{
	return runner->worker->media->counters[MEDIA_FORWARDED] - runner->before;
}

/* More only where every worker is about to have nothing left. */
static bool hungry(const struct runner *runner)
{
	const struct srtp_population *population = runner->run->population;
	const struct media_worker *media = runner->worker->media;
	uint32_t target = RTE_MAX(2u, PENDING / population->plan.legs);

	if (media->backlog_tail - media->backlog_head >= target)
		return false;
	for (uint16_t i = 0; i < population->plan.workers; i++)
		if (rte_ring_count(population->rig.dp->workers[i]->inbox) >= target)
			return false;
	return true;
}

/* As media_route does: a reference for each worker that has legs of the stream. */
static void packet_spread(struct runner *runner, struct rte_mbuf *mbuf)
{
	const struct srtp_population *population = runner->run->population;
	uint64_t workers = population->media->streams[runner->run->stream].workers;

	rte_mbuf_refcnt_set(mbuf, (uint16_t)__builtin_popcountll(workers));
	for (; workers != 0; workers &= workers - 1) {
		struct worker *worker = population->rig.dp->workers[__builtin_ctzll(workers)];

		if (worker_inbox_put(worker, &mbuf, 1) != 1)
			runner->lost = "an inbox was full";
	}
}

static void picture_produce(struct runner *runner)
{
	struct srtp_run *run = runner->run;

	for (uint32_t i = 0; i < SRTP_RUN_PICTURE; i++) {
		struct rte_mbuf *mbuf = srtp_population_packet(run->population, run->stream,
		                                               run->index + i, run->size);

		if (mbuf == NULL) {
			runner->lost = "no packet buffer was left";
			return;
		}
		packet_spread(runner, mbuf);
	}
	runner->produced += SRTP_RUN_PICTURE;
	if (++run->stream > run->population->plan.streams) {
		run->stream = 1;
		run->index += SRTP_RUN_PICTURE;
	}
}

static void pictures_produce(struct runner *runner)
{
	uint32_t packets = PENDING / runner->run->population->plan.legs;
	uint32_t count = RTE_MAX(1u, packets / SRTP_RUN_PICTURE);

	while (count-- > 0 && runner->produced < runner->sources)
		picture_produce(runner);
}

/* Patience is for one that stands still: a machine with other work is slow, and gets there. */
static bool runner_stands(struct runner *runner)
{
	uint64_t sent = runner_sent(runner), now = rte_rdtsc();

	if (sent != runner->seen) {
		runner->seen = sent;
		runner->deadline = now + PATIENCE_S * rte_get_tsc_hz();
	}
	return now > runner->deadline || now > runner->end;
}

static void *runner_main(void *arg)
{
	struct runner *runner = arg;

	__atomic_add_fetch(runner->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(runner->start, __ATOMIC_ACQUIRE))
		rte_pause();
	while ((runner->produced < runner->sources || runner_sent(runner) < runner->quota) &&
	       runner->lost == NULL) {
		if (runner->produced < runner->sources && hungry(runner))
			pictures_produce(runner);
		worker_walk(runner->worker);
		queue_drain(runner);
		if (runner_stands(runner))
			runner->lost =
			        rte_rdtsc() > runner->end ? "it took too long" : "no more came out";
	}
	return NULL;
}

/* EAL has bound this process to one core: the next ones that the host lets us have. */
static void core_next(unsigned int skip)
{
	long cores = sysconf(_SC_NPROCESSORS_CONF);
	int here = sched_getcpu();

	for (long i = 1; i < cores; i++) {
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET((here + i) % cores, &one);
		if (pthread_setaffinity_np(pthread_self(), sizeof(one), &one) == 0 && skip-- == 0)
			return;
	}
}

/* A thread of DPDK's, so that it has a cache of the pool's mbufs, on a core of its own. */
static void *runner_thread(void *arg)
{
	struct runner *runner = arg;

	core_next(runner->worker->id - 1);
	if (rte_thread_register() != 0)
		runner->lost = "no thread for a worker";
	runner_main(runner);
	rte_thread_unregister();
	return NULL;
}

static uint64_t legs_of(const struct srtp_population *population, uint16_t worker)
{
	uint64_t count = 0;

	for (uint32_t i = 1; i <= population->plan.streams; i++)
		if (population->media->streams[i].at[worker].legs != NULL)
			count += population->media->streams[i].at[worker].legs->count;
	return count;
}

static void runner_prepare(struct runner *runner, struct srtp_run *run, uint16_t id,
                           uint32_t packets, uint32_t *ready, uint32_t *start)
{
	const struct srtp_population *population = run->population;
	uint32_t sources = packets / population->plan.legs;
	uint32_t pictures = RTE_MAX(1u, sources / population->plan.streams / SRTP_RUN_PICTURE);

	sources = pictures * SRTP_RUN_PICTURE * population->plan.streams;
	*runner = (struct runner){
	        .run = run,
	        .worker = population->rig.dp->workers[id],
	        .sources = sources,
	        .produced = id == 0 ? 0 : sources,
	        .quota = legs_of(population, id) * pictures * SRTP_RUN_PICTURE,
	        .deadline = rte_rdtsc() + PATIENCE_S * rte_get_tsc_hz(),
	        .end = rte_rdtsc() + LONGEST_S * rte_get_tsc_hz(),
	        .ready = ready,
	        .start = start,
	};
	runner->before = runner->worker->media->counters[MEDIA_FORWARDED];
}

static uint64_t drops_of(const struct srtp_population *population, int reason)
{
	uint64_t drops = 0;

	for (uint16_t i = 0; i < population->plan.workers; i++)
		drops += population->rig.dp->workers[i]->drops[reason];
	return drops;
}

/* With the first reason that the plane counted, if there is one, and what is still to come out. */
static void loss_describe(struct srtp_run *run, const char *lost, uint64_t missing)
{
	static const enum media_counter unsent[] = {MEDIA_NO_MBUF, MEDIA_UNPROVEN, MEDIA_NO_REMOTE};
	const struct srtp_population *population = run->population;
	int length = snprintf(run->why, sizeof(run->why), "%s; %lu missing", lost, missing);

	for (uint32_t i = 0; i < RTE_DIM(unsent); i++) {
		uint64_t count = media_counter_sum(population->rig.dp, unsent[i]);

		if (count != 0)
			length += snprintf(run->why + length, sizeof(run->why) - (size_t)length,
			                   "; media.%s %lu", media_counter_infos[unsent[i]].name,
			                   count);
		if (length >= (int)sizeof(run->why))
			return;
	}
	for (int reason = 1; reason < DROP_REASONS; reason++) {
		if (drops_of(population, reason) == 0)
			continue;
		snprintf(run->why + length, sizeof(run->why) - (size_t)length, "; dropped: %s %lu",
		         drop_reasons[reason].name, drops_of(population, reason));
		return;
	}
}

double srtp_run_round(struct srtp_run *run, uint32_t packets)
{
	uint16_t workers = run->population->plan.workers;
	struct runner runners[WORKERS_MAX];
	pthread_t threads[WORKERS_MAX];
	uint64_t begin, cycles, sent = 0, quota = 0;
	uint32_t ready = 0, start = 0;
	const char *lost = NULL;

	for (uint16_t i = 0; i < workers; i++)
		runner_prepare(&runners[i], run, i, packets, &ready, &start);
	for (uint16_t i = 1; i < workers; i++)
		if (pthread_create(&threads[i], NULL, runner_thread, &runners[i]) != 0)
			return 0;
	while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < workers - 1u)
		rte_pause();
	begin = rte_rdtsc_precise();
	__atomic_store_n(&start, 1, __ATOMIC_RELEASE);
	runner_main(&runners[0]);
	for (uint16_t i = 1; i < workers; i++)
		pthread_join(threads[i], NULL);
	cycles = rte_rdtsc_precise() - begin;
	run->sent += runner_sent(&runners[0]);
	for (uint16_t i = 0; i < workers; i++) {
		sent += runner_sent(&runners[i]);
		quota += runners[i].quota;
		if (runners[i].lost != NULL)
			lost = runners[i].lost;
	}
	if (lost != NULL) {
		loss_describe(run, lost, quota - sent);
		return 0;
	}
	return (double)cycles * 1e9 / rte_get_tsc_hz() / sent;
}
