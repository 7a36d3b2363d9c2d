/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/port.h"
#include "common/log.h"
#include "net/ethdev.h"
#include "net/gate_map.h"
#include "net/mirror.h"
#include "net/neighbour.h"
#include "net/port_device.h"
#include "net/port_xdp.h"
#include "net/tap.h"
#include "turn/turn.h"

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#define XDP_SETTLE_US     100000
#define PORT_DRAIN_BURSTS 256 /* of a whole ring's 4096 packets or more */

struct ports *ports_create(struct dataplane *dp)
{
	return rte_zmalloc("ports", sizeof(struct ports), RTE_CACHE_LINE_SIZE);
}

static struct port *port_find(struct ports *ports, const char *name)
{
	for (uint16_t i = 0; i < ports->count; i++)
		if (ports->table[i].used && strcmp(ports->table[i].name, name) == 0)
			return &ports->table[i];
	return NULL;
}

static uint16_t port_index(const struct ports *ports, const struct port *port)
{
	return port - ports->table;
}

/* A free slot, cleared. The table's count grows only when the port is published. */
static struct port *port_slot(struct ports *ports)
{
	for (uint16_t i = 0; i < PORTS_MAX; i++) {
		if (ports->table[i].used)
			continue;
		ports->table[i] = (struct port){.claim = -1, .state = SLUICE_PORT_DOWN};
		return &ports->table[i];
	}
	return NULL;
}

/* The queues of all live ports that are this worker's. */
static struct port_queue_list *worker_queues(const struct dataplane *dp, uint16_t worker)
{
	const struct ports *ports = dp->ports;
	struct port_queue_list *list;
	uint32_t most = 0;

	for (uint16_t i = 0; i < ports->count; i++)
		most += ports->table[i].used ? ports->table[i].queues : 0;
	list = rte_zmalloc("queues", sizeof(*list) + most * sizeof(list->queues[0]),
	                   RTE_CACHE_LINE_SIZE);
	if (list == NULL)
		return NULL;
	for (uint16_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->table[i];

		if (!port->used || port->state == SLUICE_PORT_GONE)
			continue;
		for (uint16_t queue = 0; queue < port->queues; queue++)
			if (port_queue_worker(dp, i, queue) == worker)
				list->queues[list->count++] =
				        (struct port_queue){i, port->ethdev, queue, port->spread};
	}
	return list;
}

/* Gives every worker its new list; behind this, no worker polls what is not in one. */
static void queues_publish(struct dataplane *dp)
{
	struct port_queue_list *old[WORKERS_MAX];

	for (uint16_t i = 0; i < dp->n_workers; i++)
		old[i] = __atomic_exchange_n(&dp->workers[i]->queues, worker_queues(dp, i),
		                             __ATOMIC_ACQ_REL);
	dataplane_quiesce(dp);
	for (uint16_t i = 0; i < dp->n_workers; i++)
		rte_free(old[i]);
}

static void port_publish(struct dataplane *dp, struct port *port)
{
	uint16_t index = port_index(dp->ports, port);

	port->config_generation = dp->config_generation;
	port->used = true;
	if (dp->ports->count <= index)
		dp->ports->count = index + 1;
	dataplane_output_changed(dp);
	queues_publish(dp);
	if (dp->mirror != NULL)
		mirror_port_changed(dp);
}

/* One try; what the driver opened is known, or closed again. */
static int xdp_start(struct dataplane *dp, struct port *port, uint16_t mtu, char *why)
{
	char devargs[SLUICE_PORT_ARGS_MAX + 256];
	struct xsk_set before;
	int ret;

	snprintf(devargs, sizeof(devargs),
	         "net_af_xdp_%s,iface=%s,start_queue=0,queue_count=%u,xdp_prog=%s", port->name,
	         port->args, RTE_MAX(port->queues, 1), dp->options.xdp_object);
	xsk_list(&before);
	ret = ethdev_probe(devargs, &port->ethdev, why);
	if (ret != 0)
		return ret;
	ret = ethdev_start(dp, port, mtu, why);
	xsk_list(&port->sockets);
	xsk_subtract(&port->sockets, &before);
	if (ret != 0) {
		ethdev_stop(port, true);
		xsk_close(&port->sockets);
	}
	return ret;
}

/*
 * The kernel gives a closed socket's queue back from a work queue: a port that comes back at once
 * waits for that, since the driver loses a ring full of buffers each time that it is refused.
 */
static void xdp_settle(const struct ports *ports)
{
	uint64_t since_us = (rte_rdtsc() - ports->xdp_closed) * US_PER_S / rte_get_tsc_hz();

	if (ports->xdp_closed != 0 && since_us < XDP_SETTLE_US)
		usleep(XDP_SETTLE_US - since_us);
}

static int xdp_open(struct dataplane *dp, struct port *port, uint16_t mtu, char *why)
{
	int ret = port_xdp_claim(port->args, &port->claim, why);

	if (ret != 0)
		return ret;
	xdp_settle(dp->ports);
	ret = xdp_start(dp, port, mtu, why);
	if (ret != 0) {
		port_xdp_detach(port->args);
		close(port->claim);
		return ret;
	}
	port->ifindex = if_nametoindex(port->args);
	dp->ports->xdp++;
	port_xdp_report(port->name, port->args);
	return 0;
}

static int port_check(struct dataplane *dp, const struct sluice_port_add *add, char *why)
{
	if (add->name[0] == '\0' ||
	    strspn(add->name,
	           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") !=
	            strlen(add->name)) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "a port's name is 1 to 15 of a-z A-Z 0-9 _ . -");
		return -EINVAL;
	}
	if (add->kind > SLUICE_PORT_VDEV || add->args[0] == '\0' ||
	    (add->kind == SLUICE_PORT_XDP &&
	     (strlen(add->args) >= IF_NAMESIZE || strpbrk(add->args, ", /") != NULL))) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "port %s: expected xdp IFACE, dev PCI or vdev ARGS", add->name);
		return -EINVAL;
	}
	if (dp->ports->count == PORTS_MAX && port_slot(dp->ports) == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "no room for more than %u ports", PORTS_MAX);
		return -ENOSPC;
	}
	return 0;
}

/* The same port again, in a replayed configuration. */
static int port_again(struct dataplane *dp, struct port *port, const struct sluice_port_add *add,
                      uint32_t flags, char *why)
{
	bool same = port->kind == add->kind && strcmp(port->args, add->args) == 0;

	if ((flags & SLUICE_API_EXIST_OK) && same) {
		port->config_generation = dp->config_generation;
		return 0;
	}
	snprintf(why, SLUICE_API_ERROR_MAX, "port %s is there already (%.100s)", port->name,
	         port->args);
	return -EEXIST;
}

/* The kernel's news tell of an interface that XDP shares with it, a NIC of our own tells itself. */
static void port_link_begin(struct port *port)
{
	port->state = port->kind == SLUICE_PORT_XDP ? SLUICE_PORT_UP : port_device_link(port);
	if (port->tap != NULL)
		tap_carrier(port->tap, port->state == SLUICE_PORT_UP);
}

int port_add(struct dataplane *dp, const struct sluice_port_add *add, uint32_t flags, char *why)
{
	int ret = port_check(dp, add, why);
	struct port *port;

	if (ret != 0)
		return ret;
	port = port_find(dp->ports, add->name);
	if (port != NULL)
		return port_again(dp, port, add, flags, why);
	port = port_slot(dp->ports);
	rte_strscpy(port->name, add->name, sizeof(port->name));
	rte_strscpy(port->args, add->args, sizeof(port->args));
	port->kind = add->kind;
	port->queues = add->queues;
	if (add->kind == SLUICE_PORT_XDP)
		ret = xdp_open(dp, port, add->mtu, why);
	else
		ret = port_device_open(dp, port, add->mtu, why);
	if (ret != 0)
		return ret;
	port_link_begin(port);
	port_publish(dp, port);
	if (port->kind == SLUICE_PORT_XDP)
		gate_map_sync(dp);
	log_info(SLUICE_LOG_PORT, "port %s: %s, %u queue%s, MTU %u%s", port->name, port->args,
	         port->queues, port->queues == 1 ? "" : "s", port->mtu,
	         port->state == SLUICE_PORT_UP ? "" : ", no link yet");
	if (port->spread)
		log_info(SLUICE_LOG_PORT,
		         "port %s: one queue for %u workers, which get their shares of it in "
		         "software",
		         port->name, dp->n_workers);
	return 0;
}

int port_adopt(struct dataplane *dp, const char *name, uint16_t ethdev, uint16_t queues)
{
	char why[SLUICE_API_ERROR_MAX] = "";
	struct port *port = port_slot(dp->ports);
	int ret;

	if (port == NULL)
		return -ENOSPC;
	rte_strscpy(port->name, name, sizeof(port->name));
	port->kind = SLUICE_PORT_VDEV;
	port->ethdev = ethdev;
	port->queues = queues;
	ret = ethdev_start(dp, port, 0, why);
	if (ret != 0) {
		log_error(SLUICE_LOG_PORT, "port %s: %s", name, why);
		return ret;
	}
	port_link_begin(port);
	port_publish(dp, port);
	return port_index(dp->ports, port);
}

/* What was received and nobody polls any more; a device that receives faster than this ends it. */
static void port_drain(const struct port *port)
{
	struct rte_mbuf *mbufs[PORT_BURST];

	for (uint16_t queue = 0; queue < port->queues; queue++)
		for (int i = 0; i < PORT_DRAIN_BURSTS; i++) {
			uint16_t count = rte_eth_rx_burst(port->ethdev, queue, mbufs, PORT_BURST);

			if (count == 0)
				break;
			rte_pktmbuf_free_bulk(mbufs, count);
		}
}

/* forget: for good, not only until the next start. */
static void port_close(struct dataplane *dp, struct port *port, bool forget)
{
	uint16_t index = port_index(dp->ports, port);

	__atomic_store_n(&port->state, SLUICE_PORT_GONE, __ATOMIC_RELAXED);
	queues_publish(dp);
	if (port->kind == SLUICE_PORT_XDP)
		port_xdp_detach(port->args);
	port_drain(port);
	if (port->kind == SLUICE_PORT_XDP)
		xsk_reclaim(&port->sockets, dp->pool);
	port_device_close(port, forget);
	if (port->kind == SLUICE_PORT_XDP) {
		xsk_close(&port->sockets);
		close(port->claim);
		dp->ports->xdp_closed = rte_rdtsc();
		if (--dp->ports->xdp == 0)
			gate_map_unpin();
	}
	port->used = false;
	if (dp->mirror != NULL)
		mirror_port_changed(dp);
	neighbours_forget_port(dp, index);
}

int port_delete(struct dataplane *dp, const struct sluice_port_delete *del, char *why)
{
	struct port *port = port_find(dp->ports, del->name);

	if (port == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "no port %s", del->name);
		return -ENOENT;
	}
	port_close(dp, port, true);
	log_info(SLUICE_LOG_PORT, "port %s: deleted", del->name);
	return 0;
}

void port_config_sweep(struct dataplane *dp)
{
	for (uint16_t i = 0; i < dp->ports->count; i++) {
		struct port *port = &dp->ports->table[i];

		if (port->used && port->config_generation != dp->config_generation) {
			log_info(SLUICE_LOG_PORT, "port %s: not in the configuration any more",
			         port->name);
			port_close(dp, port, true);
		}
	}
}

void ports_destroy(struct dataplane *dp)
{
	for (uint16_t i = 0; i < dp->ports->count; i++)
		if (dp->ports->table[i].used)
			port_close(dp, &dp->ports->table[i], false);
	rte_free(dp->ports);
	dp->ports = NULL;
}

static void mtu_set(struct dataplane *dp, struct port *port, uint16_t mtu)
{
	if (port->mtu == mtu)
		return;
	__atomic_store_n(&port->mtu, mtu, __ATOMIC_RELAXED);
	dataplane_output_changed(dp); /* templates of frames remember it */
}

void port_link_changed(struct dataplane *dp, uint16_t index, enum sluice_port_state state,
                       uint16_t mtu)
{
	static const char *const names[] = {"up", "down",
	                                    "gone: the kernel took its interface away"};
	struct port *port = &dp->ports->table[index];

	if (mtu != 0 && mtu <= dp->options.mbuf_size - RTE_PKTMBUF_HEADROOM - RTE_ETHER_HDR_LEN)
		mtu_set(dp, port, mtu);
	if (port->state == state || port->state == SLUICE_PORT_GONE)
		return;
	__atomic_store_n(&port->state, state, __ATOMIC_RELAXED);
	if (port->tap != NULL && state != SLUICE_PORT_GONE)
		tap_carrier(port->tap, state == SLUICE_PORT_UP);
	if (state == SLUICE_PORT_UP)
		log_info(SLUICE_LOG_PORT, "port %s: %s", port->name, names[state]);
	else
		log_warning(SLUICE_LOG_PORT, "port %s: %s", port->name, names[state]);
	if (state == SLUICE_PORT_GONE)
		queues_publish(dp);
}

void port_tick(struct dataplane *dp)
{
	for (uint16_t i = 0; i < dp->ports->count; i++) {
		struct port *port = &dp->ports->table[i];

		if (port->used && port->kind != SLUICE_PORT_XDP)
			port_link_changed(dp, i, port_device_link(port), 0);
	}
}

static void port_row(const struct port *port, struct sluice_port_row *row)
{
	struct rte_eth_stats stats = {0};
	int node = rte_eth_dev_socket_id(port->ethdev);

	*row = (struct sluice_port_row){.kind = port->kind, .state = port->state, .mtu = port->mtu};
	memcpy(row->name, port->name, sizeof(row->name));
	memcpy(row->args, port->args, sizeof(row->args));
	memcpy(row->mac, port->mac.addr_bytes, sizeof(row->mac));
	row->queues = port->queues;
	row->ifindex = port->ifindex;
	row->numa = node < 0 ? UINT16_MAX : node;
	rte_eth_stats_get(port->ethdev, &stats);
	row->rx_packets = stats.ipackets;
	row->rx_bytes = stats.ibytes;
	row->rx_missed = stats.imissed + stats.rx_nombuf;
	row->rx_errors = stats.ierrors;
	row->tx_packets = stats.opackets;
	row->tx_bytes = stats.obytes;
	row->tx_errors = stats.oerrors;
	for (int i = 0; i < WORKERS_MAX; i++)
		row->tx_full += port->tx_full[i];
}

uint32_t port_show(struct dataplane *dp, uint32_t *cursor, struct sluice_port_row *rows,
                   uint32_t max)
{
	uint32_t count = 0;

	for (; *cursor < dp->ports->count && count < max; (*cursor)++)
		if (dp->ports->table[*cursor].used)
			port_row(&dp->ports->table[*cursor], &rows[count++]);
	return count;
}
