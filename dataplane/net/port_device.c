/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/port_device.h"
#include "net/ethdev.h"
#include "net/pci.h"
#include "net/port_ops.h"
#include "net/tap.h"

#include <rte_eal.h>
#include <rte_ethdev.h>

#include <errno.h>
#include <stdio.h>

#define DRAIN_BURSTS 256 /* of a whole ring's 4096 packets or more */

/* By whatever name: two spellings of an address are one device. */
static int taken_check(const struct dataplane *dp, const struct port *port, char *why)
{
	uint16_t ethdev;

	if (!ethdev_find(port->args, &ethdev))
		return 0;
	for (uint16_t i = 0; i < dp->ports->count; i++) {
		const struct port *other = &dp->ports->table[i];

		if (!other->used || other->xdp != NULL || other->ethdev != ethdev)
			continue;
		snprintf(why, SLUICE_API_ERROR_MAX, "%.160s is port %s already", port->args,
		         other->name);
		return -EEXIST;
	}
	return 0;
}

static int twin_create(struct dataplane *dp, struct port *port, char *why)
{
	if (dp->events == NULL)
		return 0;
	port->tap = tap_create(dp, port->name, port - dp->ports->table, &port->mac, port->mtu,
	                       &port->ifindex, why);
	return port->tap != NULL ? 0 : -errno;
}

int port_device_open(struct dataplane *dp, struct port *port, uint16_t mtu, char *why)
{
	const struct pci_host host = {.sysfs = "/sys/bus/pci/devices",
	                              .vfio = "/dev/vfio",
	                              .hugepages = rte_eal_has_hugepages() != 0};
	int ret = taken_check(dp, port, why);

	if (ret == 0 && port->kind == SLUICE_PORT_DEV)
		ret = pci_check(&host, port->args, why);
	if (ret == 0)
		ret = ethdev_probe(port->args, &port->ethdev, why);
	if (ret != 0)
		return ret;
	ret = ethdev_start(dp, port, mtu, why);
	if (ret == 0)
		ret = twin_create(dp, port, why);
	if (ret != 0)
		ethdev_stop(port, true);
	return ret;
}

/* What was received and no worker polls any more; a device that receives faster than this ends it.
 */
static void device_drain(const struct port *port)
{
	struct rte_mbuf *mbufs[PORT_BURST];

	for (uint16_t queue = 0; queue < port->queues; queue++)
		for (int i = 0; i < DRAIN_BURSTS; i++) {
			uint16_t count = rte_eth_rx_burst(port->ethdev, queue, mbufs, PORT_BURST);

			if (count == 0)
				break;
			rte_pktmbuf_free_bulk(mbufs, count);
		}
}

void port_device_close(struct port *port, bool remove_twin)
{
	device_drain(port);
	ethdev_stop(port, port->args[0] != '\0');
	if (port->tap != NULL)
		tap_destroy(port->tap, remove_twin);
	port->tap = NULL;
}

enum sluice_port_state port_device_link(const struct port *port)
{
	struct rte_eth_link link = {0};

	if (rte_eth_link_get_nowait(port->ethdev, &link) != 0)
		return port->state;
	return link.link_status ? SLUICE_PORT_UP : SLUICE_PORT_DOWN;
}

static int device_open(struct dataplane *dp, struct port *port, const struct sluice_port_add *add,
                       char *why)
{
	port->queues = add->queues;
	return port_device_open(dp, port, add->mtu, why);
}

static void device_close(struct dataplane *dp, struct port *port, bool forget)
{
	port_device_close(port, forget);
}

static void device_tick(struct dataplane *dp, uint16_t index)
{
	port_link_changed(dp, index, port_device_link(&dp->ports->table[index]), 0);
}

static void device_row(const struct port *port, struct sluice_port_row *row)
{
	struct rte_eth_stats stats = {0};
	int node = rte_eth_dev_socket_id(port->ethdev);

	row->numa = node < 0 ? UINT16_MAX : node;
	rte_eth_stats_get(port->ethdev, &stats);
	row->rx_packets = stats.ipackets;
	row->rx_bytes = stats.ibytes;
	row->rx_missed = stats.imissed + stats.rx_nombuf;
	row->rx_errors = stats.ierrors;
	row->tx_packets = stats.opackets;
	row->tx_bytes = stats.obytes;
	row->tx_errors = stats.oerrors;
}

const struct port_ops device_port_ops = {
        .open = device_open,
        .close = device_close,
        .tick = device_tick,
        .row = device_row,
};
