/* SPDX-License-Identifier: BSD-3-Clause */
/* The sockets of a port: one for each receive queue. */
#include "net/xdp/port_parts.h"
#include "common/log.h"
#include "dataplane.h"
#include "graph/packet.h"
#include "net/port.h"

#include <rte_malloc.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define MTU_MAX        9216
#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN)
#define JUMBO_MBUFS    1023
#define JUMBO_CACHE    32
/* The kernel may hold a quarter of the pool to fill, for each port. */
#define POOL_SHARE 4
#define FILL_LEAST 64
#define FILL_FEW   512 /* bursts may be lost */
#define SLOT_RX    0x4000
#define SLOT_TX    0x8000
/* A driver that moves packets into our memory itself ends that from a work queue. */
#define ZERO_COPY_END_US 100000

/* Large buffers of all ports, made when the first one needs them. */
static struct rte_mempool *jumbo_pool(struct dataplane *dp)
{
	if (dp->jumbo == NULL)
		dp->jumbo = rte_pktmbuf_pool_create(
		        "jumbo", JUMBO_MBUFS, JUMBO_CACHE, sizeof(struct packet),
		        RTE_PKTMBUF_HEADROOM + MTU_MAX + FRAME_OVERHEAD, SOCKET_ID_ANY);
	return dp->jumbo;
}

/* The longest IP packet that one buffer takes. */
static uint16_t buffer_room(const struct dataplane *dp)
{
	return RTE_MIN(dp->pool->elt_size, (uint32_t)getpagesize()) - sizeof(struct rte_mbuf) -
	       sizeof(struct packet) - RTE_PKTMBUF_HEADROOM - FRAME_OVERHEAD;
}

struct rte_mempool *xdp_jumbo(struct dataplane *dp, const struct xdp_port *xdp)
{
	bool needed = RTE_MIN(xdp->interface.mtu, (uint32_t)MTU_MAX) > buffer_room(dp);

	return needed ? jumbo_pool(dp) : NULL;
}

static uint32_t fill_target(const struct dataplane *dp, uint16_t queues)
{
	uint32_t share = dp->options.mbufs / POOL_SHARE / RTE_MAX(queues, 1);

	return RTE_MIN(RTE_MAX(share, (uint32_t)FILL_LEAST), (uint32_t)XDP_RING_SIZE);
}

struct xdp_socket_options xdp_options_of(const struct dataplane *dp, const struct xdp_port *xdp,
                                         uint16_t slot, uint16_t queue, struct rte_mempool *jumbo)
{
	const struct interface *interface = &xdp->interface;
	uint16_t lent = slot * XDP_SOCKETS_MAX + queue;

	return (struct xdp_socket_options){
	        .ifindex = xdp->ifindex,
	        .queue = queue,
	        .lent_rx = SLOT_RX | lent,
	        .lent_tx = SLOT_TX | lent,
	        .frame_length = RTE_MIN(interface->mtu, (uint32_t)MTU_MAX) + FRAME_OVERHEAD,
	        .fill_target = fill_target(dp, interface->rx_queues),
	        .can_send = interface->tx_queues == 0 || queue < interface->tx_queues,
	        .umem = queue == 0 ? -1 : xdp->sockets[0].fd,
	        .pool = dp->pool,
	        .jumbo = jumbo,
	};
}

/* The last one is open or -EINVAL says that the interface has no more queues. */
static int socket_open(struct dataplane *dp, const struct port *port, uint16_t queue,
                       struct rte_mempool *jumbo, const char **step)
{
	const struct xdp_socket_options options =
	        xdp_options_of(dp, port->xdp, port_index(dp->ports, port), queue, jumbo);

	return xdp_socket_open(&port->xdp->sockets[queue], &options, step);
}

void xdp_sockets_close(struct dataplane *dp, struct port *port)
{
	struct xdp_port *xdp = port->xdp;
	bool zero_copy = false;

	for (uint16_t i = 0; i < xdp->n_sockets; i++) {
		zero_copy |= xdp->sockets[i].zero_copy;
		xdp_socket_close(&xdp->sockets[i]);
	}
	if (zero_copy)
		usleep(ZERO_COPY_END_US);
	for (uint16_t i = 0; i < xdp->n_sockets; i++)
		xdp_buffers_reclaim(&xdp->sockets[i]);
	xdp->n_sockets = 0;
	rte_free(xdp->sockets);
	rte_free(xdp->watches);
	xdp->sockets = NULL;
	xdp->watches = NULL;
}

static int sockets_failed(const struct port *port, uint16_t queue, const char *step, int ret,
                          char *why)
{
	const char *cure = "";

	if (ret == -EPERM || ret == -EACCES)
		cure = ": needs CAP_NET_RAW, and CAP_IPC_LOCK or RLIMIT_MEMLOCK for the packets' "
		       "memory";
	else if (ret == -ENOBUFS)
		cure = ": the pool has too few buffers for its queues: raise --mbufs";
	else if (ret == -EAFNOSUPPORT)
		cure = ": this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)";
	else if (ret == -EBUSY)
		cure = ": another program has a socket on this queue";
	snprintf(why, SLUICE_API_ERROR_MAX, "%.16s queue %u: %s: %s%s", port->args, queue, step,
	         strerror(-ret), cure);
	return ret;
}

int xdp_sockets_alloc(struct xdp_port *xdp, uint16_t count)
{
	xdp->n_sockets = 0;
	xdp->sockets =
	        rte_zmalloc("xdp sockets", count * sizeof(xdp->sockets[0]), RTE_CACHE_LINE_SIZE);
	xdp->watches = rte_zmalloc("xdp watches", count * sizeof(xdp->watches[0]), 0);
	return xdp->sockets != NULL && xdp->watches != NULL ? 0 : -ENOMEM;
}

/* One for each receive queue; on a driver that does not say how many, until it has no more. */
static int sockets_open_with(struct dataplane *dp, struct port *port, struct rte_mempool *jumbo,
                             char *why)
{
	struct xdp_port *xdp = port->xdp;
	uint16_t known = RTE_MIN(xdp->interface.rx_queues, XDP_SOCKETS_MAX);
	uint16_t most = known != 0 ? known : XDP_SOCKETS_MAX;
	const char *step = "";
	int ret = xdp_sockets_alloc(xdp, most);

	for (uint16_t queue = 0; queue < most && ret == 0; queue++) {
		ret = socket_open(dp, port, queue, jumbo, &step);
		if (ret == 0)
			xdp->n_sockets++;
		else if (ret == -EINVAL && known == 0 && queue > 0)
			break;
		else
			sockets_failed(port, queue, step, ret, why);
	}
	if (xdp->n_sockets == 0 || (ret != 0 && known != 0)) {
		xdp_sockets_close(dp, port);
		return ret != 0 ? ret : -ENODEV;
	}
	return 0;
}

static void uso_set(struct xdp_port *xdp, bool uso)
{
	for (uint16_t i = 0; i < xdp->n_sockets; i++)
		__atomic_store_n(&xdp->sockets[i].uso.enabled, uso, __ATOMIC_RELAXED);
	xdp->interface.uso = uso;
	xdp->uso_ended = false;
}

/* By the administrator, or because a veth has got an XDP program at its other end. */
static void uso_change(struct port *port, bool uso)
{
	uso_set(port->xdp, uso);
	log_info(SLUICE_LOG_PORT, "port %s: datagrams of one flow leave %s", port->name,
	         uso ? "as one frame" : "one by one");
}

/* A worker whose frames the kernel does not take leaves it off. */
static void uso_watch(struct port *port)
{
	struct xdp_port *xdp = port->xdp;

	for (uint16_t i = 0; i < xdp->n_sockets && xdp->interface.uso && !xdp->uso_ended; i++) {
		const struct uso *uso = &xdp->sockets[i].uso;

		if (uso->fd < 0 || uso_is_on(uso))
			continue;
		xdp->uso_ended = true;
		log_warning(SLUICE_LOG_PORT,
		            "port %s: the kernel takes no frame of several datagrams: they leave "
		            "one by one from now on",
		            port->name);
	}
}

void xdp_uso_follow(struct port *port, bool uso)
{
	if (uso != port->xdp->interface.uso)
		uso_change(port, uso);
	else
		uso_watch(port);
}

void xdp_sockets_describe(const struct dataplane *dp, struct port *port)
{
	struct xdp_port *xdp = port->xdp;
	uint16_t room = buffer_room(dp);
	uint32_t mtu = RTE_MIN(xdp->interface.mtu, (uint32_t)MTU_MAX);

	if (mtu > room && xdp->sockets[0].jumbo == NULL)
		mtu = room;
	if (mtu != xdp->interface.mtu)
		log_warning(SLUICE_LOG_PORT, "port %s: MTU %u of %u can be used: %s", port->name,
		            mtu, xdp->interface.mtu,
		            mtu == MTU_MAX ? "more is not supported"
		                           : "more takes a kernel from 6.6 on");
	uso_set(xdp, xdp->interface.uso);
	port->queues = xdp->n_sockets;
	port->tx_queues = xdp->interface.tx_queues != 0
	                          ? RTE_MIN(xdp->n_sockets, xdp->interface.tx_queues)
	                          : xdp->n_sockets;
	port->mtu = xdp->fixed_mtu != 0 ? RTE_MIN(xdp->fixed_mtu, mtu) : mtu;
	port->mac = xdp->interface.mac;
	if (fill_target(dp, port->queues) < FILL_FEW)
		log_warning(SLUICE_LOG_PORT,
		            "port %s: %u queues share %u packet buffers, %u each: bursts may be "
		            "lost; raise --mbufs",
		            port->name, port->queues, dp->options.mbufs,
		            fill_target(dp, port->queues));
}

/* Kernels before 6.6 have no frames in several buffers. */
int xdp_sockets_open(struct dataplane *dp, struct port *port, char *why)
{
	struct xdp_port *xdp = port->xdp;
	struct rte_mempool *jumbo;
	int ret = interface_read(port->args, &xdp->interface);

	if (ret != 0) {
		snprintf(why, SLUICE_API_ERROR_MAX, "%.16s: %s", port->args, strerror(-ret));
		return ret;
	}
	jumbo = xdp_jumbo(dp, xdp);
	ret = sockets_open_with(dp, port, jumbo, why);
	if (ret == -EINVAL && jumbo != NULL)
		ret = sockets_open_with(dp, port, NULL, why);
	if (ret == 0)
		xdp_sockets_describe(dp, port);
	return ret;
}

int xdp_sockets_redirect(struct port *port)
{
	struct xdp_port *xdp = port->xdp;
	int ret = 0;

	for (uint16_t i = 0; i < xdp->n_sockets && ret == 0; i++)
		ret = xdp_program_redirect(&xdp->program, i, xdp->sockets[i].fd);
	return ret;
}
