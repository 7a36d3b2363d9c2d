/* SPDX-License-Identifier: BSD-3-Clause */
/* What kinds of ports do differently: one that DPDK drives, and one on a kernel interface. */
#ifndef NET_PORT_OPS_H
#define NET_PORT_OPS_H

#include "net/port.h"

/* Control thread. A port's name, args and kind are set before open. */
struct port_ops {
	/* Sets queues, tx_queues, mtu, mac, ifindex and what is its own. 0 or -errno with *why, and
	 * then nothing is left open. */
	int (*open)(struct dataplane *dp, struct port *port, const struct sluice_port_add *add,
	            char *why);
	/* Behind the workers: none of them polls it or sends by it any more. forget: for good, not
	 * only until the next start. */
	void (*close)(struct dataplane *dp, struct port *port, bool forget);
	/* Once a second. */
	void (*tick)(struct dataplane *dp, uint16_t index);
	/* Counters and NUMA node. */
	void (*row)(const struct port *port, struct sluice_port_row *row);
};

extern const struct port_ops device_port_ops;
extern const struct port_ops xdp_port_ops;

#endif
