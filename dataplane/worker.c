/* SPDX-License-Identifier: BSD-3-Clause */
#include "worker.h"
#include "dataplane.h"
#include "graph/graph.h"
#include "net/port_burst.h"
#include "part.h"
#include "random.h"

#include <sluice/stats.h>

#include <rte_graph_worker.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_pause.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#define CALLS_SIZE 64
#define US_PER_S   1000000
/* Sockets wake a worker; its timers want it this often, and sooner while something is due. */
#define SLEEP_MS         20
#define SLEEP_PENDING_MS 1
#define HOUSEKEEPING_MS  1
#define EVENTS_MAX       16
/*
 * A wake by a socket costs the sender as much as several packets cost us. A worker that is woken
 * this soon after it fell asleep sleeps by the clock the next time, and finds in one burst what has
 * come meanwhile, as a NIC does that moderates its interrupts. Each nap in which nothing came makes
 * the next one wait for more such wakes.
 */
#define SLEEP_SHORT_US  100
#define NAP_NS          100000
#define NAP_PENALTY_MAX 63
/* With a queue that cannot wake it: idle walks before it sleeps, and how long: short enough that a
 * burst waits in the NIC's ring meanwhile. */
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

static int sleep_prepare(struct worker *worker)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = -1};

	worker->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	event.data.fd = worker->wake;
	return worker->wake < 0 || worker->epoll < 0
	               ? -1
	               : epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->wake, &event);
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
	worker->epoll = -1;
	worker->wake = -1;
	if (worker->inbox == NULL || worker->calls == NULL || worker->random == NULL ||
	    sleep_prepare(worker) != 0)
		goto fail;
	random_bytes(worker->random, worker->ip_id_key, sizeof(worker->ip_id_key));
	if (rte_rcu_qsbr_thread_register(dp->qsbr, id) != 0)
		goto fail;
	worker_clock(worker);
	for (uint32_t i = 0; i < parts_count; i++)
		if (parts[i]->worker_create != NULL && parts[i]->worker_create(worker) != 0)
			goto fail;
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
	for (uint32_t i = parts_count; i-- > 0;)
		if (parts[i]->worker_destroy != NULL)
			parts[i]->worker_destroy(worker);
	rte_rcu_qsbr_thread_unregister(worker->dp->qsbr, worker->id);
	while (worker->inbox != NULL && rte_ring_dequeue(worker->inbox, (void **)&mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	rte_ring_free(worker->inbox);
	rte_ring_free(worker->calls);
	random_destroy(worker->random);
	if (worker->epoll >= 0)
		close(worker->epoll);
	if (worker->wake >= 0)
		close(worker->wake);
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
	worker->housekept = rte_rdtsc();
	worker_calls_run(worker);
	for (uint32_t i = 0; i < parts_count; i++)
		if (parts[i]->housekeep != NULL)
			parts[i]->housekeep(worker);
}

static void timers_run(struct worker *worker)
{
	for (uint32_t i = 0; i < parts_count; i++)
		if (parts[i]->timers_run != NULL)
			parts[i]->timers_run(worker);
}

uint32_t worker_walk(struct worker *worker)
{
	uint64_t received = worker->rx_packets;
	uint64_t begin;

	worker_clock(worker);
	begin = worker->tsc;
	worker->busy = false;
	rte_graph_walk(worker->graph);
	if (worker->flush)
		worker->flush = !port_flush(worker->queues);
	worker->walks++;
	if ((worker->walks & (WORKER_HOUSEKEEPING_WALKS - 1)) == 0)
		worker_housekeep(worker);
	else if ((worker->walks & (WORKER_TIMER_WALKS - 1)) == 0)
		timers_run(worker);

	if (worker->busy) {
		worker->walks_idle = 0;
		worker->busy_cycles += rte_rdtsc() + worker->tsc_skew - begin;
	} else {
		worker->walks_idle++;
		worker->idle_cycles += rte_rdtsc() + worker->tsc_skew - begin;
	}
	return (uint32_t)(worker->rx_packets - received);
}

/* How long it may sleep; 0: something waits for it. Looked at once others know that it sleeps. */
static int sleep_ms(const struct worker *worker)
{
	if (!rte_ring_empty(worker->inbox) || !rte_ring_empty(worker->calls) ||
	    __atomic_load_n(&worker->stop, __ATOMIC_SEQ_CST))
		return 0;
	for (uint32_t i = 0; i < parts_count; i++)
		if (parts[i]->has_input != NULL && parts[i]->has_input(worker))
			return 0;
	if (worker->flush)
		return SLEEP_PENDING_MS;
	for (uint32_t i = 0; i < parts_count; i++)
		if (parts[i]->is_pending != NULL && parts[i]->is_pending(worker))
			return SLEEP_PENDING_MS;
	return SLEEP_MS;
}

/* Until a thread has put something into a ring, or NAP_NS have passed: no socket wakes it. */
static bool sleep_by_clock(const struct worker *worker)
{
	const struct timespec length = {.tv_nsec = sleep_ms(worker) != 0 ? NAP_NS : 0};
	struct pollfd wake = {.fd = worker->wake, .events = POLLIN};

	return ppoll(&wake, 1, &length, NULL) > 0;
}

/* Until a socket has a packet, a thread has put something into a ring, or a timer may be due. */
static bool sleep_on_sockets(const struct worker *worker)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(worker->epoll, events, EVENTS_MAX, sleep_ms(worker));

	for (int i = 0; i < count; i++)
		if (events[i].data.fd == worker->wake)
			return true;
	return false;
}

static void wake_take(const struct worker *worker)
{
	uint64_t wakes;

	if (read(worker->wake, &wakes, sizeof(wakes)) < 0)
		return; /* it has been taken */
}

/* Returns its length in TSC cycles. */
static uint64_t worker_sleep(struct worker *worker, bool (*sleep)(const struct worker *worker))
{
	uint64_t slept, begin = rte_rdtsc();
	bool woken;

	__atomic_store_n(&worker->asleep, 1, __ATOMIC_SEQ_CST);
	rte_rcu_qsbr_thread_offline(worker->dp->qsbr, worker->id);
	woken = sleep(worker);
	rte_rcu_qsbr_thread_online(worker->dp->qsbr, worker->id);
	__atomic_store_n(&worker->asleep, 0, __ATOMIC_RELAXED);
	if (woken)
		wake_take(worker);
	worker_calls_run(worker);
	slept = rte_rdtsc() - begin;
	worker->sleeps++;
	worker->idle_cycles += slept;
	return slept;
}

/* The first idle walk after busy ones, in a time of short sleeps. */
static bool nap_is_due(struct worker *worker)
{
	struct naps *naps = &worker->naps;

	if (naps->last) {
		naps->penalty = worker->walks_idle == 1
		                        ? 0
		                        : RTE_MIN(2 * naps->penalty + 1, NAP_PENALTY_MAX);
		naps->wait = naps->penalty;
	}
	naps->last = false;
	if (!naps->brisk || worker->walks_idle != 1)
		return false;
	if (naps->wait > 0) {
		naps->wait--;
		return false;
	}
	naps->last = true;
	return true;
}

/* No packet has come, and each queue is a socket that can be slept on. */
static void worker_rest(struct worker *worker)
{
	if (worker->walks_idle == 0)
		return;
	if (rte_rdtsc() - worker->housekept > worker->tsc_hz * HOUSEKEEPING_MS / MS_PER_S)
		worker_housekeep(worker);
	if (nap_is_due(worker))
		worker_sleep(worker, sleep_by_clock);
	else
		worker->naps.brisk = worker_sleep(worker, sleep_on_sockets) <
		                     worker->tsc_hz * SLEEP_SHORT_US / US_PER_S;
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

static bool can_sleep(const struct worker *worker)
{
	const struct port_queue_list *list = __atomic_load_n(&worker->queues, __ATOMIC_ACQUIRE);

	return list == NULL || list->sockets == list->count;
}

int worker_main(void *arg)
{
	struct worker *worker = arg;

	pthread_getcpuclockid(pthread_self(), &worker->clock);
	prctl(PR_SET_TIMERSLACK, 1000); /* the default of 50 us would be most of the sleep */
	rte_rcu_qsbr_thread_online(worker->dp->qsbr, worker->id);
	__atomic_store_n(&worker->running, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&worker->stop, __ATOMIC_RELAXED)) {
		worker_walk(worker);
		if (__atomic_load_n(&worker->poll, __ATOMIC_RELAXED) != SLUICE_POLL_ADAPTIVE)
			continue;
		if (can_sleep(worker))
			worker_rest(worker);
		else
			worker_back_off(worker);
	}
	/* The ring has one consumer: what comes after this is left to the caller. */
	worker_calls_run(worker);
	__atomic_store_n(&worker->running, 0, __ATOMIC_SEQ_CST);
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
	worker_wake(worker);
	while (!__atomic_load_n(&call.done, __ATOMIC_ACQUIRE)) {
		/* a worker that stopped meanwhile leaves what is in its ring to us */
		if (!__atomic_load_n(&worker->running, __ATOMIC_SEQ_CST))
			worker_calls_run(worker);
		rte_pause();
	}
}

/* It looks into its rings after it has said that it sleeps: one of the two sees the other. */
void worker_wake(struct worker *worker)
{
	const uint64_t one = 1;

	rte_smp_mb();
	if (likely(!__atomic_load_n(&worker->asleep, __ATOMIC_RELAXED)) ||
	    !__atomic_exchange_n(&worker->asleep, 0, __ATOMIC_ACQ_REL))
		return;
	if (write(worker->wake, &one, sizeof(one)) != sizeof(one))
		return; /* it is full of wakes */
}

unsigned int worker_inbox_put(struct worker *worker, struct rte_mbuf **mbufs, unsigned int count)
{
	unsigned int put = rte_ring_mp_enqueue_burst(worker->inbox, (void **)mbufs, count, NULL);

	worker_wake(worker);
	return put;
}
