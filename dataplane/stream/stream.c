/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/stream.h"

#include "common/log.h"
#include "common/refuse.h"
#include "dataplane.h"
#include "graph/packet.h"
#include "random.h"
#include "stream/state.h"
#include "stream/tls.h"

#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Unless `turn stream` says otherwise. */
static const struct sluice_turn_stream set_default = {
        .source = 1000,
        .handshakes = 50,
        .first_s = 20,
        .idle_s = 60,
        .queue = 256 << 10,
};

/* What is larger is a mistake, and clocks and sums of bytes are to hold it. */
#define SOURCE_MOST     1000000
#define HANDSHAKES_MOST 1000
#define FIRST_MOST_S    3600
#define IDLE_MOST_S     86400
#define QUEUE_MOST      (16u << 20)
/* Of a worker's ring to a thread. */
#define ANSWERS_PLACES 64
/* Of the process, beside those of connections: ports, sockets, files. */
#define DESCRIPTORS_OTHER 1024

uint32_t stream_connections_all(const struct dataplane *dp, uint32_t *max)
{
	*max = dp->streams->max;
	return __atomic_load_n(&dp->streams->bounds.connections, __ATOMIC_RELAXED);
}

bool stream_rounds(const struct dataplane *dp, uint32_t thread, uint64_t *rounds)
{
	const struct streams *streams = dp->streams;

	if (thread >= streams->n_threads || !streams->threads[thread]->running)
		return false;
	*rounds = __atomic_load_n(&streams->threads[thread]->rounds, __ATOMIC_RELAXED);
	return true;
}

/* -- workers -- */

/* An end goes a walk later: what its client sent before has been through the graph by then. */
static uint32_t ends_return(struct rte_mbuf **first, struct rte_mbuf **mbufs)
{
	uint32_t count = 0;

	while (*first != NULL) {
		mbufs[count] = *first;
		*first = mbufs[count]->next;
		mbufs[count++]->next = NULL;
	}
	return count;
}

/* How many are left, in their order. */
static uint32_t ends_hold(struct rte_mbuf **first, struct rte_mbuf **mbufs, uint32_t count)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (likely(!(packet_of(mbufs[i])->flags & PACKET_CONNECTION_END))) {
			mbufs[others++] = mbufs[i];
			continue;
		}
		mbufs[i]->next = *first;
		*first = mbufs[i];
	}
	return others;
}

uint32_t stream_take(struct worker *worker, struct rte_mbuf **mbufs, uint32_t max)
{
	struct streams *streams = worker->dp->streams;
	struct rte_mbuf **ends = &streams->ends[worker->id];
	uint32_t ended = ends_return(ends, mbufs), count = ended;
	uint32_t at = streams->turns[worker->id];

	for (uint32_t i = 0; i < streams->n_threads; i++) {
		at = at + 1 < streams->n_threads ? at + 1 : 0;
		count += rte_ring_sc_dequeue_burst(streams->threads[at]->in[worker->id],
		                                   (void **)mbufs + count, max - count, NULL);
	}
	/* another one is first the next time, so that no thread's clients fill each walk */
	if (streams->n_threads > 1)
		streams->turns[worker->id] = at + 1 < streams->n_threads ? at + 1 : 0;
	return ended + ends_hold(ends, mbufs + ended, count - ended);
}

static void thread_wake(struct stream_thread *thread)
{
	const uint64_t one = 1;

	rte_smp_mb();
	if (likely(!__atomic_load_n(&thread->asleep, __ATOMIC_RELAXED)) ||
	    !__atomic_exchange_n(&thread->asleep, 0, __ATOMIC_ACQ_REL))
		return;
	if (write(thread->wake, &one, sizeof(one)) != sizeof(one))
		return; /* it is full of wakes */
}

/* The last places are for answers: nobody asks again over TCP. */
static uint32_t out_room(struct rte_ring *ring, struct rte_mbuf **mbufs, uint32_t count)
{
	uint32_t room = rte_ring_free_count(ring), fit = 0;

	if (likely(room >= ANSWERS_PLACES + count))
		return count;
	while (fit < RTE_MIN(room, count) &&
	       (room - fit > ANSWERS_PLACES ||
	        !stream_is_media(rte_pktmbuf_mtod(mbufs[fit], const uint8_t *),
	                         mbufs[fit]->data_len)))
		fit++;
	return fit;
}

uint32_t stream_send(struct worker *worker, struct rte_mbuf **mbufs, uint32_t count)
{
	const struct streams *streams = worker->dp->streams;
	uint32_t first = connection_thread(packet_of(mbufs[0])->flow.connection);
	struct stream_thread *thread = streams->threads[first];
	uint32_t same = 1, sent;

	while (same < count && connection_thread(packet_of(mbufs[same])->flow.connection) == first)
		same++;
	sent = out_room(thread->out[worker->id], mbufs, same);
	if (sent != 0)
		sent = rte_ring_sp_enqueue_burst(thread->out[worker->id], (void **)mbufs, sent,
		                                 NULL);
	thread_wake(thread);
	return sent;
}

/* A worker may not sleep while there is something for it. */
static bool has_input(const struct worker *worker)
{
	const struct streams *streams = worker->dp->streams;

	if (streams->ends[worker->id] != NULL)
		return true;
	for (uint32_t i = 0; i < streams->n_threads; i++)
		if (!rte_ring_empty(streams->threads[i]->in[worker->id]))
			return true;
	return false;
}

/* -- configuration -- */

static uint32_t value_or(uint32_t value, uint32_t otherwise)
{
	return value != 0 ? value : otherwise;
}

static void set_apply(struct streams *streams, const struct sluice_turn_stream *set)
{
	struct sluice_turn_stream *now = &streams->set;

	__atomic_store_n(&now->first_s, value_or(set->first_s, set_default.first_s),
	                 __ATOMIC_RELAXED);
	__atomic_store_n(&now->idle_s, value_or(set->idle_s, set_default.idle_s), __ATOMIC_RELAXED);
	__atomic_store_n(&now->queue, value_or(set->queue, set_default.queue), __ATOMIC_RELAXED);
	bounds_set(&streams->bounds, value_or(set->source, set_default.source),
	           value_or(set->handshakes, set_default.handshakes));
}

int stream_set(struct dataplane *dp, const struct sluice_turn_stream *set, char *why)
{
	if (dp->streams->n_threads == 0)
		return refuse(why, -EOPNOTSUPP, "the dataplane has no stream threads");
	if (set->source > SOURCE_MOST || set->handshakes > HANDSHAKES_MOST ||
	    set->first_s > FIRST_MOST_S || set->idle_s > IDLE_MOST_S || set->queue > QUEUE_MOST)
		return refuse(why, -EINVAL, "a bound of streams is larger than any may be");
	set_apply(dp->streams, set);
	dp->streams->set_generation = dp->config_generation;
	return 0;
}

static void stream_sweep(struct dataplane *dp)
{
	static const struct sluice_turn_stream unset;

	if (dp->streams->n_threads != 0 && dp->streams->set_generation != dp->config_generation)
		set_apply(dp->streams, &unset);
}

static void tls_take(struct stream_thread *thread, void *arg)
{
	tls_set_release(thread->tls);
	thread->tls = tls_set_hold(arg);
}

/* Connections go on under what they began with. */
static void tls_publish(struct streams *streams, struct tls_set *set)
{
	for (uint32_t i = 0; i < streams->n_threads; i++)
		stream_call(streams->threads[i], tls_take, set);
	tls_set_release(streams->tls);
	streams->tls = set;
}

static void tls_next_forget(struct streams *streams)
{
	tls_set_release(streams->tls_next);
	streams->tls_next = NULL;
}

int stream_certificate_put(struct dataplane *dp, const struct sluice_turn_certificate_put *put,
                           char *why)
{
	struct streams *streams = dp->streams;
	int error;

	if (put->index == 0)
		tls_next_forget(streams);
	if (put->count == 0) {
		tls_publish(streams, NULL);
		return 0;
	}
	if (put->index == 0)
		streams->tls_next = tls_set_create();
	if (tls_set_count(streams->tls_next) != put->index || put->index >= put->count)
		return refuse(why, -EINVAL, "the certificate before this one is missing");
	if (streams->tls_next == NULL)
		return refuse(why, -ENOMEM, "no memory for certificates");
	error = tls_set_add(streams->tls_next, put, why);
	if (error != 0) {
		tls_next_forget(streams);
		return error;
	}
	if (put->index + 1 == put->count) {
		tls_publish(streams, streams->tls_next);
		streams->tls_next = NULL;
	}
	return 0;
}

uint32_t stream_certificate_show(const struct dataplane *dp, uint32_t *cursor,
                                 struct sluice_turn_certificate_row *rows, uint32_t max)
{
	uint32_t n = 0;

	while (n < max && *cursor < tls_set_count(dp->streams->tls))
		tls_set_show(dp->streams->tls, (*cursor)++, &rows[n++]);
	return n;
}

static void denied_take(struct stream_thread *thread, void *arg)
{
	thread->denied = arg;
	connections_deny(thread);
}

void stream_deny(struct dataplane *dp, const struct ranges *denied)
{
	struct streams *streams = dp->streams;

	if (streams == NULL || streams->denied == denied)
		return;
	streams->denied = denied;
	for (uint32_t i = 0; i < streams->n_threads; i++)
		stream_call(streams->threads[i], denied_take, (void *)(uintptr_t)denied);
}

static void rules_take(struct stream_thread *thread, void *arg)
{
	thread->rules = *(const struct gate_rules *)arg;
}

void stream_rules_set(struct dataplane *dp, const struct gate_rules *rules)
{
	struct streams *streams = dp->streams;

	if (streams == NULL)
		return;
	for (uint32_t i = 0; i < streams->n_threads; i++)
		stream_call(streams->threads[i], rules_take, (void *)(uintptr_t)rules);
}

uint64_t stream_gate_counter_sum(const struct dataplane *dp, uint32_t index)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; dp->streams != NULL && i < dp->streams->n_threads; i++)
		sum += __atomic_load_n(&dp->streams->threads[i]->guarded[index], __ATOMIC_RELAXED);
	return sum;
}

/* -- life -- */

/* Returns for how many connections there are descriptors: the others are not to be theirs. */
static uint32_t descriptors_raise(uint32_t connections, uint32_t threads)
{
	const rlim_t other = DESCRIPTORS_OTHER + (rlim_t)threads * STREAM_PROXIED_MAX;
	const rlim_t wanted = connections + other;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return connections;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = RTE_MIN(limit.rlim_max, wanted);
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur >= wanted)
		return connections;
	connections = (uint32_t)(limit.rlim_cur > 2 * other ? limit.rlim_cur - other
	                                                    : limit.rlim_cur / 2);
	connections = RTE_MAX(connections, 1u);
	log_warning(SLUICE_LOG_PROCESS,
	            "no more than %u connections by TCP, TLS and DTLS: there are %llu descriptors",
	            connections, (unsigned long long)limit.rlim_cur);
	return connections;
}

static int stream_create(struct dataplane *dp)
{
	const struct options *options = &dp->options;
	struct streams *streams = rte_zmalloc("streams", sizeof(*streams), RTE_CACHE_LINE_SIZE);
	struct random *random = random_create();
	uint64_t seed;
	int error;

	dp->streams = streams;
	if (streams == NULL || random == NULL) {
		random_destroy(random);
		return -ENOMEM;
	}
	random_bytes(random, &seed, sizeof(seed));
	random_bytes(random, &streams->cookie_key, sizeof(streams->cookie_key));
	random_destroy(random);
	streams->dp = dp;
	streams->max = options->stream_connections;
	if (options->stream_threads != 0)
		streams->max = descriptors_raise(streams->max, options->stream_threads);
	error = bounds_create(&streams->bounds, streams->max, seed | 1);
	if (error != 0 || options->stream_threads == 0)
		return error;
	streams->method = datagram_method();
	if (streams->method == NULL)
		return -ENOMEM;
	set_apply(streams, &(struct sluice_turn_stream){0});
	streams->queued_max = ((uint64_t)options->stream_mb << 20) / options->stream_threads;
	for (; streams->n_threads < options->stream_threads; streams->n_threads++) {
		streams->threads[streams->n_threads] =
		        stream_thread_create(streams, streams->n_threads);
		if (streams->threads[streams->n_threads] == NULL)
			return -ENOMEM;
	}
	return 0;
}

/* Threads end before the workers go to whom they send. */
static void stream_end(struct dataplane *dp)
{
	struct streams *streams = dp->streams;

	if (streams == NULL)
		return;
	while (streams->n_threads > 0)
		stream_thread_destroy(streams->threads[--streams->n_threads]);
}

static void stream_destroy(struct dataplane *dp)
{
	struct streams *streams = dp->streams;

	if (streams == NULL)
		return;
	tls_set_release(streams->tls);
	tls_set_release(streams->tls_next);
	bounds_destroy(&streams->bounds);
	BIO_meth_free(streams->method);
	rte_free(streams);
	dp->streams = NULL;
}

const struct part stream_part = {
        .name = "streams",
        .create = stream_create,
        .end = stream_end,
        .destroy = stream_destroy,
        .config_sweep = stream_sweep,
        .has_input = has_input,
};
