/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port with one queue and no RSS: the worker that polls it keeps its own share of the flows and
 * hands the others over, as the NIC would have done.
 */
#ifndef GRAPH_SPREAD_H
#define GRAPH_SPREAD_H

#include <stdint.h>

#include <rte_graph_worker.h>
#include <rte_mbuf.h>

/* The worker that a frame's flow belongs to, below n_workers: by its addresses, and by its ports
 * where it is a whole UDP datagram or TCP segment. What is not IP is worker 0's. */
uint16_t spread_worker(const struct rte_mbuf *mbuf, uint16_t n_workers);

/* Called by port_rx, at most PORT_BURST frames. Returns how many stay; they are first in mbufs. */
uint16_t spread_burst(struct rte_graph *graph, struct rte_node *node, struct rte_mbuf **mbufs,
                      uint16_t count);

#endif
