/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/trace.h"

#include "capture/trace_text.h"
#include "capture/trace_wanted.h"
#include "dataplane.h"
#include "graph/graph.h"
#include "graph/node.h"

#include <rte_cycles.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE_MAX 32 /* packets at once on a worker */

/* A packet on its way; mbuf NULL: free. */
struct live {
	struct rte_mbuf *mbuf;
	struct trace_packet packet;
};

/* One worker's: that thread alone, from trace_install to trace_remove. */
struct trace_worker {
	struct trace *trace;
	uint32_t n_nodes;
	struct rte_node *nodes[GRAPH_NODES_MAX];
	rte_node_process_t process[GRAPH_NODES_MAX];
	uint32_t n_live;
	struct live live[LIVE_MAX];
};

struct trace {
	/* const */
	struct dataplane *dp;
	struct trace_wanted wanted;
	uint64_t end; /* TSC */
	struct trace_worker *workers;

	uint32_t found;                /* atomic: packets that have a place, or would have one */
	uint32_t read;                 /* control thread */
	struct trace_packet packets[]; /* [wanted.asked.count] */
};

/* -- worker -- */

static struct trace_worker *worker_of(const struct rte_node *node)
{
	struct worker *worker = node_worker(node);
	struct trace *trace = worker->dp->trace;

	return &trace->workers[worker->id];
}

static rte_node_process_t process_of(const struct trace_worker *tracing,
                                     const struct rte_node *node)
{
	for (uint32_t i = 0; i < tracing->n_nodes; i++)
		if (tracing->nodes[i] == node)
			return tracing->process[i];
	return NULL; /* never: all nodes of the graph are in the list */
}

static struct live *live_find(struct trace_worker *tracing, const struct rte_mbuf *mbuf)
{
	for (uint32_t i = 0; i < LIVE_MAX; i++)
		if (tracing->live[i].mbuf == mbuf)
			return &tracing->live[i];
	return NULL;
}

/* The edge that leads to where the packet is now: `name` of the next node, or NULL. */
static const char *next_find(const struct rte_node *node, const struct rte_mbuf *mbuf)
{
	for (rte_edge_t edge = 0; edge < node->nb_edges; edge++) {
		const struct rte_node *next = node->nodes[edge];

		for (uint16_t i = 0; i < next->idx; i++)
			if (next->objs[i] == mbuf)
				return next->name;
	}
	return NULL;
}

static struct trace_step *step_add(struct live *live)
{
	struct trace_packet *packet = &live->packet;

	return packet->n_steps < TRACE_STEPS_MAX ? &packet->steps[packet->n_steps++] : NULL;
}

/* at: the node that has the packet. */
static void step_look(struct trace_step *step, const struct worker *worker,
                      const struct rte_node *node, const char *at, struct rte_mbuf *mbuf)
{
	const struct packet *packet = packet_of(mbuf);
	struct view view;

	*step = (struct trace_step){
	        .node = node->name,
	        .worker = worker->id,
	        .form = trace_form(at, packet),
	        .before = *packet,
	};
	view_read(&view, worker->dp, mbuf, step->form);
	step->ip = view.ip;
	step->udp = view.udp;
	step->src = view.src;
	step->dst = view.dst;
	step->src_port = view.src_port;
	step->dst_port = view.dst_port;
	step->length = view.length;
	if (view.udp) {
		step->payload_length = view.payload_length;
		memcpy(step->payload, view.payload,
		       RTE_MIN((size_t)view.payload_length, sizeof(step->payload)));
	}
}

/* What the node has made of it. */
static void step_end(struct trace_step *step, const char *next, struct rte_mbuf *mbuf)
{
	step->next = next;
	if (next == NULL)
		return;
	step->after = *packet_of(mbuf);
	step->data_length = RTE_MIN(mbuf->data_len, sizeof(step->data));
	memcpy(step->data, rte_pktmbuf_mtod(mbuf, const uint8_t *), step->data_length);
}

/* The packet has left the graph: it is reported, unless the trace asks for another end. */
static void live_end(struct trace_worker *tracing, struct live *live)
{
	struct trace *trace = tracing->trace;
	const struct trace_step *last = &live->packet.steps[live->packet.n_steps - 1];
	bool dropped = strcmp(last->node, "drop") == 0;
	uint32_t place;

	live->mbuf = NULL;
	tracing->n_live--;
	if (!trace_wants_end(&trace->wanted, (enum packet_form)last->form,
	                     dropped ? last->before.reason : DROP_NONE))
		return;
	place = __atomic_fetch_add(&trace->found, 1, __ATOMIC_RELAXED);
	if (place >= trace->wanted.asked.count)
		return;
	trace->packets[place] = live->packet;
	__atomic_store_n(&trace->packets[place].ready, 1, __ATOMIC_RELEASE);
}

static bool wants_more(const struct trace_worker *tracing)
{
	return tracing->n_live < LIVE_MAX &&
	       __atomic_load_n(&tracing->trace->found, __ATOMIC_RELAXED) <
	               tracing->trace->wanted.asked.count;
}

static void live_begin(struct trace_worker *tracing, const struct rte_node *node,
                       struct rte_mbuf *mbuf, const char *next)
{
	struct live *live = live_find(tracing, NULL);
	struct worker *worker = node_worker(node);
	struct trace_step *step;

	live->mbuf = mbuf;
	live->packet = (struct trace_packet){.worker = worker->id};
	tracing->n_live++;
	step = step_add(live);
	step_look(step, worker, node, next, mbuf);
	step_end(step, next, mbuf);
}

/* How many packets each of a node's next ones has. */
static void edges_count(const struct rte_node *node, uint16_t counts[GRAPH_EDGES_MAX])
{
	for (rte_edge_t edge = 0; edge < RTE_MIN(node->nb_edges, GRAPH_EDGES_MAX); edge++)
		counts[edge] = node->nodes[edge]->idx;
}

/* What the node has brought into the graph: behind the packets that were there before it ran. */
static void arrivals_look(struct trace_worker *tracing, const struct rte_node *node,
                          const uint16_t before[GRAPH_EDGES_MAX])
{
	const struct dataplane *dp = tracing->trace->dp;

	for (rte_edge_t edge = 0; edge < RTE_MIN(node->nb_edges, GRAPH_EDGES_MAX); edge++) {
		const struct rte_node *next = node->nodes[edge];

		for (uint16_t i = before[edge]; i < next->idx && wants_more(tracing); i++)
			if (live_find(tracing, next->objs[i]) == NULL &&
			    trace_wants(&tracing->trace->wanted, dp, next->name, next->objs[i]))
				live_begin(tracing, node, next->objs[i], next->name);
	}
}

static uint16_t trace_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                              uint16_t nb_objs)
{
	struct trace_worker *tracing = worker_of(node);
	struct live *seen[LIVE_MAX];
	struct trace_step *steps[LIVE_MAX];
	uint16_t before[GRAPH_EDGES_MAX], done;
	uint32_t n_seen = 0;

	for (uint16_t i = 0; tracing->n_live > 0 && i < nb_objs && n_seen < LIVE_MAX; i++) {
		seen[n_seen] = live_find(tracing, objs[i]);
		if (seen[n_seen] == NULL)
			continue;
		steps[n_seen] = step_add(seen[n_seen]);
		if (steps[n_seen] != NULL)
			step_look(steps[n_seen], node_worker(node), node, node->name, objs[i]);
		n_seen++;
	}
	edges_count(node, before);
	done = process_of(tracing, node)(graph, node, objs, nb_objs);
	for (uint32_t i = 0; i < n_seen; i++) {
		const char *next = next_find(node, seen[i]->mbuf);

		if (steps[i] != NULL)
			step_end(steps[i], next, seen[i]->mbuf);
		if (next == NULL)
			live_end(tracing, seen[i]);
	}
	if (trace_begins_at(&tracing->trace->wanted, node->name))
		arrivals_look(tracing, node, before);
	return done;
}

/* Between two walks. */
static void trace_install(struct worker *worker, void *arg)
{
	struct trace *trace = arg;
	struct trace_worker *tracing = &trace->workers[worker->id];

	tracing->trace = trace;
	for (uint32_t i = 0; i < graph_nodes_count; i++) {
		struct rte_node *node =
		        rte_graph_node_get_by_name(worker->graph->name, graph_nodes[i]->name);

		tracing->nodes[tracing->n_nodes] = node;
		tracing->process[tracing->n_nodes++] = node->process;
		node->process = trace_process;
	}
}

static void trace_remove(struct worker *worker, void *arg)
{
	struct trace *trace = arg;
	struct trace_worker *tracing = &trace->workers[worker->id];

	for (uint32_t i = 0; i < tracing->n_nodes; i++)
		tracing->nodes[i]->process = tracing->process[i];
}

/* -- control thread -- */

static struct trace *trace_create(struct dataplane *dp, const struct trace_wanted *wanted)
{
	uint32_t count = wanted->asked.count;
	struct trace *trace = calloc(1, sizeof(*trace) + count * sizeof(trace->packets[0]));

	if (trace == NULL)
		return NULL;
	trace->workers = calloc(dp->n_workers, sizeof(trace->workers[0]));
	if (trace->workers == NULL) {
		free(trace);
		return NULL;
	}
	trace->dp = dp;
	trace->wanted = *wanted;
	trace->end = rte_rdtsc() + wanted->asked.seconds * rte_get_tsc_hz();
	return trace;
}

int trace_start(struct dataplane *dp, const struct sluice_trace *asked, struct trace **started,
                char *why)
{
	struct trace_wanted wanted;
	struct trace *trace;
	int error;

	if (dp->trace != NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "somebody traces already");
		return -EBUSY;
	}
	error = trace_wanted_make(&wanted, dp, asked, why);
	if (error != 0)
		return error;
	trace = trace_create(dp, &wanted);
	if (trace == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "no memory for a trace");
		return -ENOMEM;
	}
	dp->trace = trace;
	for (uint16_t i = 0; i < dp->n_workers; i++)
		worker_call(dp->workers[i], trace_install, trace);
	*started = trace;
	return 0;
}

void trace_stop(struct dataplane *dp, struct trace *trace)
{
	for (uint16_t i = 0; i < dp->n_workers; i++)
		worker_call(dp->workers[i], trace_remove, trace);
	dp->trace = NULL;
	free(trace->workers);
	free(trace);
}

bool trace_ended(const struct trace *trace)
{
	return trace->read == trace->wanted.asked.count || rte_rdtsc() >= trace->end;
}

uint32_t trace_read(struct trace *trace, struct sluice_trace_row *rows, uint32_t max)
{
	uint32_t count = 0;

	while (trace->read < trace->wanted.asked.count && count + TRACE_STEPS_MAX <= max) {
		const struct trace_packet *packet = &trace->packets[trace->read];

		if (!__atomic_load_n(&packet->ready, __ATOMIC_ACQUIRE))
			break;
		trace->read++;
		for (uint32_t i = 0; i < packet->n_steps; i++)
			trace_row_write(&rows[count++], trace->dp, packet, i, trace->read);
	}
	return count;
}
