/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/ethdev.h"

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RX_DESCRIPTORS 1024
#define TX_DESCRIPTORS 1024
#define RSS_FLOWS      (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP)

static int failed(char *why, const char *what, int ret)
{
	snprintf(why, SLUICE_API_ERROR_MAX, "%s: %s", what, rte_strerror(-ret));
	return ret;
}

bool ethdev_find(const char *devargs, uint16_t *ethdev)
{
	struct rte_dev_iterator iterator;
	uint16_t id;

	RTE_ETH_FOREACH_MATCHING_DEV(id, devargs, &iterator)
	{
		rte_eth_iterator_cleanup(&iterator);
		*ethdev = id;
		return true;
	}
	return false;
}

int ethdev_probe(const char *devargs, uint16_t *ethdev, char *why)
{
	int ret = rte_dev_probe(devargs);

	if (ret != 0 && ret != -EEXIST) {
		snprintf(why, SLUICE_API_ERROR_MAX, "no driver starts \"%.160s\": %s", devargs,
		         rte_strerror(-ret));
		return ret;
	}
	if (ethdev_find(devargs, ethdev))
		return 0;
	snprintf(why, SLUICE_API_ERROR_MAX, "\"%.160s\" is no Ethernet device", devargs);
	return -ENODEV;
}

static bool ethdev_has_rss(const struct rte_eth_dev_info *info)
{
	return (info->flow_type_rss_offloads & RSS_FLOWS) != 0;
}

static bool ethdev_steers(const struct rte_eth_dev_info *info)
{
	return info->driver_name != NULL && strcmp(info->driver_name, "net_virtio") == 0;
}

static struct rte_eth_conf ethdev_conf(const struct rte_eth_dev_info *info, uint16_t queues,
                                       uint16_t mtu)
{
	struct rte_eth_conf conf = {.rxmode = {.mq_mode = RTE_ETH_MQ_RX_NONE, .mtu = mtu}};

	conf.rxmode.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_CHECKSUM;
	conf.txmode.offloads = info->tx_offload_capa &
	                       (RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM);
	if (queues > 1 && ethdev_has_rss(info)) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & RSS_FLOWS;
	}
	return conf;
}

/*
 * One for each worker, or what the device has. Without RSS more than one is of no use, but to
 * virtio, which sends a flow to the queue of its number that the flow's answers left by
 * (automatic receive steering).
 */
static uint16_t ethdev_queues(const struct dataplane *dp, const struct rte_eth_dev_info *info,
                              uint16_t wanted)
{
	uint16_t most = RTE_MIN(info->max_rx_queues, info->max_tx_queues);
	uint16_t queues = wanted != 0 ? wanted : dp->n_workers;

	if (!ethdev_has_rss(info) && !ethdev_steers(info))
		most = RTE_MIN(most, wanted);
	return RTE_MAX(1, RTE_MIN(queues, most));
}

static int queues_setup(struct dataplane *dp, const struct port *port, char *why)
{
	uint16_t rx = RX_DESCRIPTORS, tx = TX_DESCRIPTORS;
	int socket = rte_eth_dev_socket_id(port->ethdev);
	int ret = rte_eth_dev_adjust_nb_rx_tx_desc(port->ethdev, &rx, &tx);

	if (ret != 0)
		return failed(why, "descriptors", ret);
	for (uint16_t queue = 0; queue < port->queues; queue++) {
		ret = rte_eth_rx_queue_setup(port->ethdev, queue, rx, socket, NULL, dp->pool);
		if (ret != 0)
			return failed(why, "rx queue", ret);
		ret = rte_eth_tx_queue_setup(port->ethdev, queue, tx, socket, NULL);
		if (ret != 0)
			return failed(why, "tx queue", ret);
	}
	return 0;
}

int ethdev_start(struct dataplane *dp, struct port *port, uint16_t mtu, char *why)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	int ret = rte_eth_dev_info_get(port->ethdev, &info);

	if (ret != 0)
		return failed(why, "device information", ret);
	if (mtu == 0)
		rte_eth_dev_get_mtu(port->ethdev, &mtu);
	if (mtu >
	    dp->options.mbuf_size - RTE_PKTMBUF_HEADROOM - RTE_ETHER_HDR_LEN - 2 * RTE_VLAN_HLEN) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "MTU %u does not fit a packet buffer of %u bytes (--mbuf-size)", mtu,
		         dp->options.mbuf_size);
		return -EMSGSIZE;
	}
	port->queues = ethdev_queues(dp, &info, port->queues);
	port->spread = port->queues == 1 && dp->n_workers > 1;
	conf = ethdev_conf(&info, port->queues, mtu);
	ret = rte_eth_dev_configure(port->ethdev, port->queues, port->queues, &conf);
	if (ret != 0)
		return failed(why, "configuration", ret);
	ret = queues_setup(dp, port, why);
	if (ret != 0)
		return ret;
	ret = rte_eth_dev_start(port->ethdev);
	if (ret != 0)
		return failed(why, "start", ret);
	rte_eth_allmulticast_enable(
	        port->ethdev); /* neighbour discovery; not every driver has it */
	rte_eth_macaddr_get(port->ethdev, &port->mac);
	port->tx_queues = port->queues;
	port->tx_checksum = conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	port->mtu = mtu;
	return 0;
}

void ethdev_stop(struct port *port, bool remove_device)
{
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(port->ethdev, &info);

	rte_eth_dev_stop(port->ethdev);
	rte_eth_dev_close(port->ethdev);
	if (remove_device && ret == 0)
		rte_dev_remove(info.device);
}
