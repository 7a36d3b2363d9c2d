/* SPDX-License-Identifier: BSD-3-Clause */
#include "load.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_graph_worker.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 64
/* Walks without a packet before a batch counts as lost. */
#define PATIENCE      64
#define MACSWAP_BURST 64

typedef uint64_t (*batch_walk)(struct load *load, uint32_t count);

static bool batch_produce(struct load *load, uint32_t count)
{
	struct rte_ring *ring = load->rig->ports[load->in_port].in[0];
	struct rte_mbuf *mbufs[LOAD_BATCH];

	if (rte_pktmbuf_alloc_bulk(load->rig->dp->pool, mbufs, count) != 0)
		return false;
	for (uint32_t i = 0; i < count; i++)
		load->write(load, mbufs[i], i);
	return rte_ring_enqueue_bulk(ring, (void **)mbufs, count, NULL) == count;
}

static bool batch_consume(struct load *load, uint32_t count)
{
	struct rte_ring *ring = load->rig->ports[load->out_port].out[0];
	struct rte_mbuf *mbufs[LOAD_BATCH];
	uint32_t came = rte_ring_dequeue_burst(ring, (void **)mbufs, LOAD_BATCH, NULL);
	bool ok = came == count;

	for (uint32_t i = 0; load->read != NULL && i < came; i++)
		ok = load->read(load, mbufs[i]) && ok;
	rte_pktmbuf_free_bulk(mbufs, came);
	return ok;
}

static uint64_t graph_walk(struct load *load, uint32_t count)
{
	struct worker *worker = load->rig->dp->workers[0];
	uint64_t start = rte_rdtsc_precise();
	uint32_t received = 0, idle = 0;

	while (received < count && idle < PATIENCE) {
		uint32_t now = worker_walk(worker);

		received += now;
		idle = now == 0 ? idle + 1 : 0;
	}
	return rte_rdtsc_precise() - start;
}

static inline void mac_swap(struct rte_mbuf *mbuf)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(mbuf, struct rte_ether_hdr *);
	struct rte_ether_addr mac = ether->dst_addr;

	ether->dst_addr = ether->src_addr;
	ether->src_addr = mac;
}

/* What any forwarder must do: receive, touch the header, send. */
static uint64_t macswap_walk(struct load *load, uint32_t count)
{
	uint16_t from = load->rig->ports[load->in_port].ethdev;
	uint16_t to = load->rig->ports[load->out_port].ethdev;
	uint64_t start = rte_rdtsc_precise();

	for (uint32_t received = 0; received < count;) {
		struct rte_mbuf *mbufs[MACSWAP_BURST];
		uint16_t n = rte_eth_rx_burst(from, 0, mbufs, MACSWAP_BURST);

		for (uint16_t i = 0; i < n; i++) {
			if (i + 4 < n)
				rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + 4], void *));
			mac_swap(mbufs[i]);
		}
		rte_eth_tx_burst(to, 0, mbufs, n);
		received += n;
	}
	return rte_rdtsc_precise() - start;
}

static uint64_t batch_run(struct load *load, uint32_t count, batch_walk walk)
{
	uint64_t cycles;

	if (!batch_produce(load, count))
		return 0;
	cycles = walk(load, count);
	return batch_consume(load, count) ? cycles : 0;
}

uint64_t load_batch(struct load *load, uint32_t count)
{
	return batch_run(load, count, graph_walk);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* ns a packet of each round, sorted; the first round is for warming up and left out. */
static int rounds_run(struct load *load, batch_walk walk, double ns[ROUNDS_MAX])
{
	for (uint32_t round = 0; round <= load->rounds; round++) {
		uint64_t cycles = 0;

		for (uint32_t sent = 0; sent < load->packets; sent += LOAD_BATCH) {
			uint64_t batch = batch_run(load, LOAD_BATCH, walk);

			if (batch == 0) {
				fprintf(stderr, "packets were lost\n");
				return -1;
			}
			cycles += batch;
		}
		if (round > 0)
			ns[round - 1] = (double)cycles * 1e9 / rte_get_tsc_hz() / load->packets;
	}
	qsort(ns, load->rounds, sizeof(ns[0]), compare);
	return 0;
}

int load_run(struct load *load, struct row *row)
{
	double ns[ROUNDS_MAX];

	row_nodes_add(row, load->rig->dp->workers[0]->graph, -1);
	if (rounds_run(load, graph_walk, ns) != 0)
		return -1;
	row_nodes_add(row, load->rig->dp->workers[0]->graph, 1);
	row_nodes_average(row, (double)load->packets * (load->rounds + 1));
	row->ns = ns[0];
	row->median_ns = ns[load->rounds / 2];
	row->mpps = 1e3 / row->ns;
	return 0;
}

int load_run_macswap(struct load *load, struct row *row)
{
	struct load same = *load;
	double ns[ROUNDS_MAX];

	same.read = NULL;
	if (rounds_run(&same, macswap_walk, ns) != 0)
		return -1;
	row->limit = "MAC swap through the same rings";
	row->limit_mpps = 1e3 / ns[0];
	return 0;
}
