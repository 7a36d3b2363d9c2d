/* SPDX-License-Identifier: BSD-3-Clause */
/* Receiving from a queue and sending by one, whatever drives the port: its worker alone. */
#ifndef NET_PORT_BURST_H
#define NET_PORT_BURST_H

#include <rte_ethdev.h>

#include "net/port.h"
#include "net/xdp/port.h"

static inline uint16_t port_receive(const struct port_queue *queue, struct rte_mbuf **mbufs,
                                    uint16_t max)
{
	if (queue->socket != NULL)
		return xdp_rx_burst(queue->socket, mbufs, max);
	return rte_eth_rx_burst(queue->ethdev, queue->queue, mbufs, max);
}

/* How many it took. Those of a kernel interface go when the walk ends: port_flush. */
static inline uint16_t port_send(struct worker *worker, const struct port *port, uint16_t queue,
                                 struct rte_mbuf **mbufs, uint16_t count)
{
	if (port->xdp == NULL)
		return rte_eth_tx_burst(port->ethdev, queue, mbufs, count);
	worker->flush = true;
	return xdp_tx_burst(&port->xdp->sockets[queue], mbufs, count);
}

/* False: some frames have to wait. */
static inline bool port_flush(const struct port_queue_list *list)
{
	bool all = true;

	for (uint16_t i = 0; i < list->count; i++) {
		struct xdp_socket *socket = list->queues[i].socket;

		if (socket != NULL && socket->kick)
			all &= xdp_kick(socket);
	}
	return all;
}

#endif
