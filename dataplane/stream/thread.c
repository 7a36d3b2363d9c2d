/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream thread: waits for its sockets and for what workers send. */
#include "common/clock.h"
#include "common/log.h"
#include "common/privilege.h"
#include "dataplane.h"
#include "stream/state.h"
#include "stream/tls.h"

#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_MAX 128
#define MS_PER_S   1000
/* Where a worker's ring has no room, or there is no buffer: soon again. */
#define RETRY_MS 1

/* -- the control thread's calls -- */

void stream_call(struct stream_thread *thread, void (*run)(struct stream_thread *thread, void *arg),
                 void *arg)
{
	struct stream_call call = {.run = run, .arg = arg};
	const uint64_t one = 1;

	if (!thread->running) {
		run(thread, arg);
		return;
	}
	sem_init(&call.done, 0, 0);
	__atomic_store_n(&thread->call, &call, __ATOMIC_RELEASE);
	while (write(thread->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	while (sem_wait(&call.done) != 0)
		;
	sem_destroy(&call.done);
}

static void call_run(struct stream_thread *thread)
{
	struct stream_call *call = __atomic_exchange_n(&thread->call, NULL, __ATOMIC_ACQUIRE);

	if (call == NULL)
		return;
	call->run(thread, call->arg);
	sem_post(&call->done);
}

/* -- the loop -- */

static void thread_clock(struct stream_thread *thread)
{
	thread->now_ms = clock_ns(CLOCK_MONOTONIC_COARSE) / (NSEC_PER_SEC / MS_PER_S);
	thread->now = (uint32_t)(thread->now_ms / MS_PER_S);
}

static bool output_waits(const struct stream_thread *thread)
{
	for (uint16_t worker = 0; worker < thread->streams->dp->n_workers; worker++)
		if (!rte_ring_empty(thread->out[worker]))
			return true;
	return false;
}

/* It looks into the rings once workers know that it sleeps: one of the two sees the other. */
static int thread_wait(struct stream_thread *thread, struct epoll_event events[EVENTS_MAX])
{
	int most = MS_PER_S - (int)(thread->now_ms % MS_PER_S), count;

	if (thread->timer_ms != 0)
		most = thread->timer_ms > thread->now_ms
		               ? RTE_MIN(most, (int)(thread->timer_ms - thread->now_ms))
		               : 0;
	if (thread->ready)
		most = 0;
	else if (!TAILQ_EMPTY(&thread->again) || !TAILQ_EMPTY(&thread->ending))
		most = RETRY_MS;
	__atomic_store_n(&thread->asleep, 1, __ATOMIC_SEQ_CST);
	if (output_waits(thread))
		most = 0;
	count = epoll_wait(thread->epoll, events, EVENTS_MAX, most);
	__atomic_store_n(&thread->asleep, 0, __ATOMIC_RELAXED);
	return count;
}

static void wake_take(const struct stream_thread *thread)
{
	uint64_t wakes;

	if (read(thread->wake, &wakes, sizeof(wakes)) < 0)
		return; /* it has been taken */
}

static void listener_event(struct stream_thread *thread, uint32_t listener)
{
	if (thread->datagrams[listener])
		datagrams_take(thread, listener);
	else
		listener_accept(thread, listener);
}

static void event_take(struct stream_thread *thread, const struct epoll_event *event)
{
	struct connection *connection;

	if (event->data.u64 == EVENT_WAKE) {
		wake_take(thread);
		return;
	}
	if (event->data.u64 & EVENT_LISTENER) {
		listener_event(thread, (uint32_t)event->data.u64);
		return;
	}
	if (event->data.u64 & EVENT_PROXIED) {
		proxied_event(thread, (int)(uint32_t)event->data.u64);
		return;
	}
	connection = connection_find(thread, (uint32_t)event->data.u64);
	if (connection != NULL)
		connection_event(thread, connection, event->events);
}

/* A handshake takes as long as many packets: what workers have sent goes between two events. */
static void thread_round(struct stream_thread *thread)
{
	struct epoll_event events[EVENTS_MAX];
	int count = thread_wait(thread, events);
	uint32_t before = thread->now;

	thread_clock(thread);
	__atomic_store_n(&thread->rounds, thread->rounds + 1, __ATOMIC_RELAXED);
	for (int i = 0; i < count; i++) {
		event_take(thread, &events[i]);
		output_take(thread);
	}
	call_run(thread);
	links_timers(thread);
	connections_again(thread);
	connections_ending(thread);
	output_take(thread);
	if (thread->now == before)
		return;
	connections_due(thread);
	proxied_due(thread);
	listeners_resume(thread);
}

static void *thread_main(void *arg)
{
	struct stream_thread *thread = arg;
	int ret = privilege_keep(0);

	if (ret != 0)
		log_warning(SLUICE_LOG_PROCESS, "a stream thread keeps its privileges: %s",
		            strerror(-ret));
	/* buffers come from a cache of its own; without one it is slower and no worse */
	rte_thread_register();
	while (!__atomic_load_n(&thread->stop, __ATOMIC_ACQUIRE))
		thread_round(thread);
	call_run(thread);
	rte_thread_unregister();
	return NULL;
}

/* -- life -- */

static int threads_begin(struct stream_thread *thread)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread->thread, NULL, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0) {
		pthread_setname_np(thread->thread, "stream");
		thread->running = true;
	}
	return -error;
}

int stream_threads_start(struct streams *streams)
{
	for (uint32_t i = 0; i < streams->n_threads; i++) {
		struct stream_thread *thread = streams->threads[i];
		int error = thread->running ? 0 : threads_begin(thread);

		if (error != 0)
			return error;
	}
	return 0;
}

static int rings_create(struct stream_thread *thread, uint16_t worker)
{
	const unsigned int one = RING_F_SP_ENQ | RING_F_SC_DEQ;
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "stream-in-%u-%u", thread->id, worker);
	thread->in[worker] = rte_ring_create(name, STREAM_RING_SIZE, SOCKET_ID_ANY, one);
	snprintf(name, sizeof(name), "stream-out-%u-%u", thread->id, worker);
	thread->out[worker] = rte_ring_create(name, STREAM_RING_SIZE, SOCKET_ID_ANY, one);
	return thread->in[worker] != NULL && thread->out[worker] != NULL ? 0 : -ENOMEM;
}

static int descriptors_create(struct stream_thread *thread)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_WAKE};

	thread->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	thread->epoll = epoll_create1(EPOLL_CLOEXEC);
	return thread->wake < 0 || thread->epoll < 0
	               ? -errno
	               : epoll_ctl(thread->epoll, EPOLL_CTL_ADD, thread->wake, &event);
}

struct stream_thread *stream_thread_create(struct streams *streams, uint32_t id)
{
	struct stream_thread *thread = rte_zmalloc("stream", sizeof(*thread), RTE_CACHE_LINE_SIZE);

	if (thread == NULL)
		return NULL;
	thread->streams = streams;
	thread->id = id;
	thread->accepting = true;
	thread->wake = thread->epoll = -1;
	STAILQ_INIT(&thread->free);
	STAILQ_INIT(&thread->touched);
	TAILQ_INIT(&thread->again);
	TAILQ_INIT(&thread->ending);
	TAILQ_INIT(&thread->proxied);
	for (uint32_t i = 0; i < STREAM_LISTENERS_MAX; i++)
		thread->listeners[i] = -1;
	thread_clock(thread);
	/* pages come as connections do */
	thread->connections = calloc(streams->max, sizeof(thread->connections[0]));
	if (thread->connections == NULL || links_create(thread) != 0 ||
	    descriptors_create(thread) != 0)
		goto fail;
	for (uint16_t worker = 0; worker < streams->dp->options.workers; worker++)
		if (rings_create(thread, worker) != 0)
			goto fail;
	return thread;
fail:
	stream_thread_destroy(thread);
	return NULL;
}

static void thread_stop(struct stream_thread *thread)
{
	const uint64_t one = 1;

	if (!thread->running)
		return;
	__atomic_store_n(&thread->stop, 1, __ATOMIC_RELEASE);
	while (write(thread->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(thread->thread, NULL);
	thread->running = false;
}

static void ring_free(struct rte_ring *ring)
{
	struct rte_mbuf *mbuf;

	while (ring != NULL && rte_ring_dequeue(ring, (void **)&mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	rte_ring_free(ring);
}

void stream_thread_destroy(struct stream_thread *thread)
{
	if (thread == NULL)
		return;
	thread_stop(thread);
	for (uint32_t i = 0; i < thread->used; i++)
		if (thread->connections[i].fd >= 0)
			connection_end(thread, &thread->connections[i], STREAM_ENDED);
	for (uint32_t i = 0; i < STREAM_LISTENERS_MAX; i++) {
		proxied_end(thread, i);
		if (thread->listeners[i] >= 0)
			close(thread->listeners[i]);
	}
	for (uint16_t worker = 0; worker < WORKERS_MAX; worker++) {
		ring_free(thread->in[worker]);
		ring_free(thread->out[worker]);
	}
	tls_set_release(thread->tls);
	links_destroy(thread);
	if (thread->epoll >= 0)
		close(thread->epoll);
	if (thread->wake >= 0)
		close(thread->wake);
	free(thread->connections);
	rte_free(thread);
}
