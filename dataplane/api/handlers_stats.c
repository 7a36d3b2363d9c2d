/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/counters.h"
#include "api/handlers.h"
#include "common/log.h"
#include "dpdk_log.h"
#include "graph/graph.h"
#include "graph/node.h"
#include "net/port.h"

#include <rte_common.h>
#include <rte_graph_worker.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_FORWARD_MAX_S 1000000

static int counter_show_handle(struct api_call *call)
{
	const struct sluice_counter_show *show = call->body;
	struct counter_cursor cursor = {call->job->section, call->job->cursor};
	uint32_t rows =
	        counter_show(call->dp, &cursor, show->nonzero != 0, call->rows, api_rows_max(call));

	call->job->section = cursor.section;
	call->job->cursor = cursor.index;
	return api_page(call, rows);
}

/* An lcore's number is the worker's, not its CPU's. */
static uint32_t worker_cpu(const struct worker *worker)
{
	rte_cpuset_t cpus = rte_lcore_cpuset(worker->lcore);

	for (uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &cpus))
			return cpu;
	}
	return worker->lcore;
}

/* 0 where no thread walks it. */
static uint64_t worker_cpu_ns(const struct worker *worker)
{
	struct timespec used;

	if (!__atomic_load_n(&worker->running, __ATOMIC_ACQUIRE) ||
	    clock_gettime(worker->clock, &used) != 0)
		return 0;
	return (uint64_t)used.tv_sec * NS_PER_S + used.tv_nsec;
}

/* The control thread alone replaces the list: it may read it. */
void worker_row(const struct worker *worker, struct sluice_worker_row *row)
{
	*row = (struct sluice_worker_row){
	        .id = worker->id,
	        .cpu = worker_cpu(worker),
	        .queues = worker->queues != NULL ? worker->queues->count : 0,
	        .poll = __atomic_load_n(&worker->poll, __ATOMIC_RELAXED),
	        .packets = __atomic_load_n(&worker->rx_packets, __ATOMIC_RELAXED),
	        .walks = __atomic_load_n(&worker->walks, __ATOMIC_RELAXED),
	        .bursts = __atomic_load_n(&worker->bursts, __ATOMIC_RELAXED),
	        .busy_cycles = __atomic_load_n(&worker->busy_cycles, __ATOMIC_RELAXED),
	        .idle_cycles = __atomic_load_n(&worker->idle_cycles, __ATOMIC_RELAXED),
	        .handed_over = __atomic_load_n(&worker->handed_over, __ATOMIC_RELAXED),
	        .ring_full = __atomic_load_n(&worker->ring_full, __ATOMIC_RELAXED),
	        .tsc_hz = worker->tsc_hz,
	        .ring_used = rte_ring_count(worker->inbox),
	        .ring_size = rte_ring_get_capacity(worker->inbox),
	        .sleeps = __atomic_load_n(&worker->sleeps, __ATOMIC_RELAXED),
	        .cpu_ns = worker_cpu_ns(worker),
	};
}

static int worker_show_handle(struct api_call *call)
{
	struct sluice_worker_row *rows = call->rows;
	uint32_t max = api_rows_max(call), count = 0;

	while (count < max && call->job->cursor < call->dp->n_workers)
		worker_row(call->dp->workers[call->job->cursor++], &rows[count++]);
	return api_page(call, count);
}

static int pool_show_handle(struct api_call *call)
{
	const struct rte_mempool *pool = call->dp->pool;
	struct sluice_pool_row *row = call->rows;

	*row = (struct sluice_pool_row){.size = pool->size, .used = rte_mempool_in_use_count(pool)};
	snprintf(row->name, sizeof(row->name), "%s", pool->name);
	return api_row(call);
}

static int worker_poll_handle(struct api_call *call)
{
	const struct sluice_worker_poll *poll = call->body;

	if (poll->mode > SLUICE_POLL_BUSY) {
		snprintf(call->why, SLUICE_API_ERROR_MAX, "unknown poll mode %u", poll->mode);
		return -EINVAL;
	}
	for (uint16_t i = 0; i < call->dp->n_workers; i++)
		__atomic_store_n(&call->dp->workers[i]->poll, poll->mode, __ATOMIC_RELAXED);
	return 0;
}

static void clock_forward(struct worker *worker, void *seconds)
{
	worker->tsc_skew += *(const uint32_t *)seconds * worker->tsc_hz;
}

static int worker_clock_handle(struct api_call *call)
{
	const struct sluice_worker_clock *clock = call->body;
	uint32_t seconds = clock->forward_s;

	if (!call->dp->options.test_clock) {
		snprintf(call->why, SLUICE_API_ERROR_MAX, "the clock is real without --test-clock");
		return -EPERM;
	}
	if (seconds == 0 || seconds > CLOCK_FORWARD_MAX_S) {
		snprintf(call->why, SLUICE_API_ERROR_MAX, "%u s is not between 1 and %u", seconds,
		         CLOCK_FORWARD_MAX_S);
		return -EINVAL;
	}
	for (uint16_t i = 0; i < call->dp->n_workers; i++)
		worker_call(call->dp->workers[i], clock_forward, &seconds);
	return 0;
}

static void graph_edges(const struct rte_node *node, char *text, size_t size)
{
	size_t used = 0;

	for (uint32_t i = 0; i < node->nb_edges && used < size; i++) {
		int length = snprintf(text + used, size - used, "%s%s", i > 0 ? " " : "",
		                      node->nodes[i]->name);

		if (length < 0 || (size_t)length >= size - used) {
			text[used] = '\0'; /* whole names only */
			return;
		}
		used += (size_t)length;
	}
}

/* Node statistics are each worker's own; all graphs have the same edges. */
static void graph_row(const struct dataplane *dp, const char *name, struct sluice_graph_row *row)
{
	*row = (struct sluice_graph_row){.tsc_hz = rte_get_tsc_hz()};
	snprintf(row->node, sizeof(row->node), "%s", name);
	for (uint16_t i = 0; i < dp->n_workers; i++) {
		const struct rte_node *node =
		        rte_graph_node_get_by_name(dp->workers[i]->graph->name, name);

		if (node == NULL)
			continue;
		if (row->edges[0] == '\0')
			graph_edges(node, row->edges, sizeof(row->edges));
		row->calls += __atomic_load_n(&node->total_calls, __ATOMIC_RELAXED);
		row->packets += __atomic_load_n(&node->total_objs, __ATOMIC_RELAXED);
		row->cycles += __atomic_load_n(&node->total_cycles, __ATOMIC_RELAXED);
	}
}

static int graph_show_handle(struct api_call *call)
{
	struct sluice_graph_row *rows = call->rows;
	uint32_t max = api_rows_max(call), count = 0;

	while (count < max && call->job->cursor < graph_nodes_count)
		graph_row(call->dp, graph_nodes[call->job->cursor++]->name, &rows[count++]);
	return api_page(call, count);
}

static int log_table_handle(struct api_call *call)
{
	const struct sluice_log_table *table = call->body;

	if (log_levels_set(table)) {
		dpdk_log_level_set(log_level(SLUICE_LOG_DPDK));
		return 0;
	}
	snprintf(call->why, SLUICE_API_ERROR_MAX,
	         "a level that is none of error, warning, info "
	         "and debug");
	return -EINVAL;
}

static const struct api_type types[] = {
        {SLUICE_COUNTER_SHOW, counter_show_handle},
        {SLUICE_WORKER_SHOW, worker_show_handle},
        {SLUICE_WORKER_POLL_SET, worker_poll_handle},
        {SLUICE_WORKER_CLOCK_SET, worker_clock_handle},
        {SLUICE_GRAPH_SHOW, graph_show_handle},
        {SLUICE_POOL_SHOW, pool_show_handle},
        {SLUICE_LOG_TABLE_SET, log_table_handle},
};

const struct api_types api_types_stats = {types, RTE_DIM(types)};
