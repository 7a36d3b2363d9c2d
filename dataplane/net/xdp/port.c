/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/xdp/port.h"
#include "common/log.h"
#include "dataplane.h"
#include "gate/gate.h"
#include "graph/packet.h"
#include "net/gate_map.h"
#include "net/port_ops.h"

#include <rte_malloc.h>

#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define MTU_MAX        9216
#define MTU_ONE_PAGE   3498 /* a larger frame needs several of most drivers' buffers */
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
#define DEAF_S           2
#define RELEASE_THREADS  64

/* Large buffers of all ports, made when the first one needs them. */
static struct rte_mempool *jumbo_pool(struct dataplane *dp)
{
	if (dp->jumbo == NULL)
		dp->jumbo = rte_pktmbuf_pool_create(
		        "jumbo", JUMBO_MBUFS, JUMBO_CACHE, sizeof(struct packet),
		        RTE_PKTMBUF_HEADROOM + MTU_MAX + FRAME_OVERHEAD, SOCKET_ID_ANY);
	return dp->jumbo;
}

static uint32_t fill_target(const struct dataplane *dp, uint16_t queues)
{
	uint32_t share = dp->options.mbufs / POOL_SHARE / RTE_MAX(queues, 1);

	return RTE_MIN(RTE_MAX(share, (uint32_t)FILL_LEAST), (uint32_t)XDP_RING_SIZE);
}

/* slot: of the port in the table. */
static struct xdp_socket_options socket_options(const struct dataplane *dp,
                                                const struct xdp_port *xdp, uint16_t slot,
                                                uint16_t queue, struct rte_mempool *jumbo)
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
	        socket_options(dp, port->xdp, port_index(dp->ports, port), queue, jumbo);

	return xdp_socket_open(&port->xdp->sockets[queue], &options, step);
}

static void sockets_close(struct dataplane *dp, struct port *port)
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

static int sockets_alloc(struct xdp_port *xdp, uint16_t count)
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
	int ret = sockets_alloc(xdp, most);

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
		sockets_close(dp, port);
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

/* The longest IP packet that one buffer takes. */
static uint16_t buffer_room(const struct dataplane *dp)
{
	return RTE_MIN(dp->pool->elt_size, (uint32_t)getpagesize()) - sizeof(struct rte_mbuf) -
	       sizeof(struct packet) - RTE_PKTMBUF_HEADROOM - FRAME_OVERHEAD;
}

/* Its sockets are open. */
static void sockets_describe(const struct dataplane *dp, struct port *port)
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

/* What the interface is now, and sockets for it. Kernels before 6.6 have no frames in several
 * buffers. */
static int sockets_open(struct dataplane *dp, struct port *port, char *why)
{
	struct xdp_port *xdp = port->xdp;
	struct rte_mempool *jumbo = NULL;
	int ret = interface_read(port->args, &xdp->interface);

	if (ret != 0) {
		snprintf(why, SLUICE_API_ERROR_MAX, "%.16s: %s", port->args, strerror(-ret));
		return ret;
	}
	if (RTE_MIN(xdp->interface.mtu, (uint32_t)MTU_MAX) > buffer_room(dp))
		jumbo = jumbo_pool(dp);
	ret = sockets_open_with(dp, port, jumbo, why);
	if (ret == -EINVAL && jumbo != NULL)
		ret = sockets_open_with(dp, port, NULL, why);
	if (ret == 0)
		sockets_describe(dp, port);
	return ret;
}

static int sockets_redirect(struct port *port)
{
	struct xdp_port *xdp = port->xdp;
	int ret = 0;

	for (uint16_t i = 0; i < xdp->n_sockets && ret == 0; i++)
		ret = xdp_program_redirect(&xdp->program, i, xdp->sockets[i].fd);
	return ret;
}

static struct xdp_sizes program_sizes(const struct dataplane *dp)
{
	return (struct xdp_sizes){
	        .seen = gate_seen_words(dp->options.gate_mb),
	        .clients = gate_clients_entries(dp),
	};
}

/* Pins that an older version left, or one with another memory, may not fit; no other port of ours
 * uses them. */
static int program_load(struct dataplane *dp, struct port *port, bool frags, char *why)
{
	struct xdp_program *program = &port->xdp->program;
	const struct xdp_sizes sizes = program_sizes(dp);
	int ret;

	gate_map_heal(dp); /* or it would have maps of its own */
	ret = xdp_program_load(program, dp->options.xdp_object, &sizes, frags, why);
	if (ret != -EINVAL || dp->ports->xdp != 0)
		return ret;
	gate_map_unpin();
	return xdp_program_load(program, dp->options.xdp_object, &sizes, frags, why);
}

static bool program_frags(const struct xdp_port *xdp)
{
	return xdp->sockets[0].segments && xdp->interface.mtu > MTU_ONE_PAGE;
}

/* It is loaded. A driver that takes large frames in one piece has them natively without the second
 * try. */
static int program_attach(struct dataplane *dp, struct port *port, char *why)
{
	struct xdp_port *xdp = port->xdp;
	int ret = 0;

	if (xdp->program.frags && xdp_program_attach_native(&xdp->program, xdp->ifindex) != 0) {
		xdp_program_unload(&xdp->program);
		ret = program_load(dp, port, false, why);
		if (ret == 0)
			ret = sockets_redirect(port);
	}
	if (ret == 0 && xdp->program.link < 0)
		ret = xdp_program_attach(&xdp->program, xdp->ifindex, why);
	if (ret == 0 && xdp->program.generic)
		log_warning(SLUICE_LOG_PORT,
		            "port %s: %s has no native XDP with this driver and MTU: generic mode, "
		            "slower",
		            port->name, port->args);
	return ret;
}

static int program_start(struct dataplane *dp, struct port *port, char *why)
{
	int ret = program_load(dp, port, program_frags(port->xdp), why);

	if (ret == 0)
		ret = sockets_redirect(port);
	return ret == 0 ? program_attach(dp, port, why) : ret;
}

static int queues_check(const struct port *port, const struct sluice_port_add *add, char *why)
{
	struct interface interface = {0};

	if (add->queues == 0 || interface_read(port->args, &interface) != 0 ||
	    interface.rx_queues == 0 || interface.rx_queues == add->queues)
		return 0;
	snprintf(
	        why, SLUICE_API_ERROR_MAX,
	        "%.16s has %u receive queues and a port serves all of them: leave `queues` out, or "
	        "change them first (ethtool -L)",
	        port->args, interface.rx_queues);
	return -EINVAL;
}

static struct xdp_port *xdp_port_make(const char *interface)
{
	struct xdp_port *xdp = rte_zmalloc("xdp port", sizeof(*xdp), RTE_CACHE_LINE_SIZE);

	if (xdp == NULL)
		return NULL;
	snprintf(xdp->name, sizeof(xdp->name), "%.15s", interface);
	xdp->ifindex = (int)if_nametoindex(interface);
	xdp->program.link = -1;
	xdp->claim = -1;
	return xdp;
}

/* -- in another one's place -- */

static struct xdp_port **prepared_find(struct dataplane *dp, const char *interface)
{
	for (uint32_t i = 0; i < PORTS_MAX; i++)
		if (dp->ports->prepared[i] != NULL &&
		    (interface == NULL || strcmp(dp->ports->prepared[i]->name, interface) == 0))
			return &dp->ports->prepared[i];
	return NULL;
}

static struct xdp_port *prepared_take(struct dataplane *dp, const char *interface)
{
	struct xdp_port **place = prepared_find(dp, interface), *xdp;

	if (place == NULL)
		return NULL;
	xdp = *place;
	*place = NULL;
	return xdp;
}

static void prepared_free(struct dataplane *dp, struct xdp_port *xdp)
{
	struct port port = {.xdp = xdp};

	xdp_program_unload(&xdp->program);
	sockets_close(dp, &port);
	rte_free(xdp);
}

void xdp_prepared_drop(struct dataplane *dp)
{
	struct xdp_port *xdp;

	while ((xdp = prepared_take(dp, NULL)) != NULL)
		prepared_free(dp, xdp);
}

/* Its maps are those of the other one, which knows the same services. */
static int prepared_fill(struct dataplane *dp, struct xdp_port *xdp, const char **step)
{
	const struct xdp_sizes sizes = program_sizes(dp);
	char why[SLUICE_API_ERROR_MAX];
	struct rte_mempool *jumbo = NULL;
	int ret = interface_read(xdp->name, &xdp->interface);
	uint16_t queues = xdp->interface.rx_queues;

	*step = "interface";
	if (ret == 0 && (queues == 0 || queues > XDP_SOCKETS_MAX))
		ret = -ENOTSUP;
	if (ret != 0 || sockets_alloc(xdp, queues) != 0)
		return ret != 0 ? ret : -ENOMEM;
	if (RTE_MIN(xdp->interface.mtu, (uint32_t)MTU_MAX) > buffer_room(dp))
		jumbo = jumbo_pool(dp);
	while (xdp->n_sockets < queues && ret == 0) {
		const struct xdp_socket_options options =
		        socket_options(dp, xdp, 0, xdp->n_sockets, jumbo);

		ret = xdp_socket_make(&xdp->sockets[xdp->n_sockets], &options, step);
		xdp->n_sockets += ret == 0;
	}
	if (ret != 0)
		return ret;
	*step = "program";
	ret = xdp_program_load(&xdp->program, dp->options.xdp_object, &sizes, program_frags(xdp),
	                       why);
	for (uint16_t i = 0; i < queues && ret == 0; i++)
		ret = xdp_program_redirect(&xdp->program, i, xdp->sockets[i].fd);
	return ret;
}

static struct xdp_port **prepared_place(struct dataplane *dp)
{
	for (uint32_t i = 0; i < PORTS_MAX; i++)
		if (dp->ports->prepared[i] == NULL)
			return &dp->ports->prepared[i];
	return NULL;
}

void xdp_prepare(struct dataplane *dp, const char *interface)
{
	struct xdp_port **place = prepared_place(dp), *xdp = xdp_port_make(interface);
	const char *step = "memory";
	int ret = xdp != NULL && place != NULL ? prepared_fill(dp, xdp, &step) : -ENOMEM;

	if (ret == 0) {
		*place = xdp;
		return;
	}
	log_info(SLUICE_LOG_PORT, "%s: nothing is prepared (%s: %s): its port takes longer",
	         interface, step, strerror(-ret));
	if (xdp != NULL)
		prepared_free(dp, xdp);
}

void xdp_inherit(struct dataplane *dp, const char *interface, int link)
{
	struct xdp_port **place = prepared_find(dp, interface);

	if (place == NULL)
		close(link);
	else if (xdp_program_replace(&(*place)->program, link) == 0)
		dp->ports->inherited = true;
}

/* Sockets that were made get their queues. Of an interface that has changed since others are made.
 */
static int prepared_open(struct dataplane *dp, struct port *port, char *why)
{
	struct xdp_port *xdp = port->xdp;
	struct interface now = xdp->interface;
	const char *step;
	int ret = interface_read(port->args, &now);

	if (ret != 0 || now.rx_queues != xdp->interface.rx_queues ||
	    now.tx_queues != xdp->interface.tx_queues || now.mtu != xdp->interface.mtu)
		ret = -ESTALE;
	for (uint16_t i = 0; i < xdp->n_sockets && ret == 0; i++) {
		const struct xdp_socket_options options = socket_options(
		        dp, xdp, port_index(dp->ports, port), i, xdp->sockets[0].jumbo);

		ret = xdp_socket_bind(&xdp->sockets[i], &options, &step);
	}
	if (ret == 0) {
		xdp->interface = now;
		sockets_describe(dp, port);
		return 0;
	}
	sockets_close(dp, port);
	ret = sockets_open(dp, port, why);
	return ret == 0 ? sockets_redirect(port) : ret;
}

int xdp_program_next(const struct dataplane *dp, uint32_t *cursor, char name[IF_NAMESIZE])
{
	const struct ports *ports = dp->ports;

	while (ports != NULL && *cursor < ports->count) {
		const struct port *port = &ports->table[(*cursor)++];

		if (!port->used || port->xdp == NULL || port->xdp->program.link < 0)
			continue;
		snprintf(name, IF_NAMESIZE, "%s", port->xdp->name);
		return port->xdp->program.link;
	}
	return -1;
}

static void *socket_release(void *socket)
{
	xdp_socket_close(socket);
	return NULL;
}

/* The kernel waits for all of its CPUs before a socket is closed, some 10 ms each: side by side. */
void xdp_release(struct dataplane *dp)
{
	pthread_t threads[RELEASE_THREADS];
	uint32_t n_threads = 0;

	for (uint16_t i = 0; dp->ports != NULL && i < dp->ports->count; i++) {
		struct xdp_port *xdp = dp->ports->table[i].used ? dp->ports->table[i].xdp : NULL;

		for (uint16_t q = 0; xdp != NULL && q < xdp->n_sockets; q++)
			if (n_threads == RELEASE_THREADS ||
			    pthread_create(&threads[n_threads], NULL, socket_release,
			                   &xdp->sockets[q]) != 0)
				xdp_socket_close(&xdp->sockets[q]);
			else
				n_threads++;
		if (xdp != NULL)
			close(xdp->claim);
	}
	while (n_threads > 0)
		pthread_join(threads[--n_threads], NULL);
}

/* -- a port -- */

static int xdp_start(struct dataplane *dp, struct port *port, char *why)
{
	struct xdp_port *xdp = port->xdp;
	int ret;

	if (xdp->program.object != NULL) {
		ret = prepared_open(dp, port, why);
		return ret == 0 && xdp->program.link < 0 ? program_attach(dp, port, why) : ret;
	}
	ret = sockets_open(dp, port, why);
	return ret == 0 ? program_start(dp, port, why) : ret;
}

static int xdp_open(struct dataplane *dp, struct port *port, const struct sluice_port_add *add,
                    char *why)
{
	struct xdp_port *xdp = prepared_take(dp, port->args);
	bool ours = xdp != NULL && xdp->program.link >= 0;
	int claim = -1, ret = ours ? xdp_claim_name(port->args, &claim, why)
	                           : xdp_claim(port->args, &claim, why);

	if (ret == 0)
		ret = queues_check(port, add, why);
	if (ret == 0 && xdp == NULL)
		xdp = xdp_port_make(port->args);
	if (ret != 0 || xdp == NULL)
		goto fail;
	xdp->claim = claim;
	xdp->fixed_mtu = add->mtu;
	port->xdp = xdp;
	port->ifindex = (uint32_t)xdp->ifindex;
	ret = xdp_start(dp, port, why);
	if (ret == 0) {
		dp->ports->xdp++;
		return 0;
	}
fail:
	port->xdp = NULL;
	if (xdp != NULL)
		prepared_free(dp, xdp);
	if (claim >= 0)
		close(claim);
	return ret != 0 ? ret : -ENOMEM;
}

static void xdp_close(struct dataplane *dp, struct port *port, bool forget)
{
	struct xdp_port *xdp = port->xdp;

	xdp_program_unload(&xdp->program);
	sockets_close(dp, port);
	close(xdp->claim);
	rte_free(xdp);
	port->xdp = NULL;
	if (--dp->ports->xdp == 0)
		gate_map_unpin();
}

static void counters_add(struct xdp_socket_counters *sum, const struct xdp_socket_counters *more)
{
	sum->rx_packets += more->rx_packets;
	sum->rx_bytes += more->rx_bytes;
	sum->rx_no_buffer += more->rx_no_buffer;
	sum->tx_packets += more->tx_packets;
	sum->tx_bytes += more->tx_bytes;
	sum->tx_errors += more->tx_errors;
}

static void losses_add(struct xdp_socket_losses *sum, const struct xdp_socket_losses *more)
{
	sum->missed += more->missed;
	sum->no_fill += more->no_fill;
	sum->refused_rx += more->refused_rx;
	sum->refused_tx += more->refused_tx;
}

static void xdp_sum(const struct xdp_port *xdp, struct xdp_socket_counters *counters,
                    struct xdp_socket_losses *losses)
{
	*counters = xdp->past;
	*losses = xdp->past_losses;
	for (uint16_t i = 0; i < xdp->n_sockets; i++) {
		struct xdp_socket_losses of_one;

		xdp_socket_losses(&xdp->sockets[i], &of_one);
		losses_add(losses, &of_one);
		counters_add(counters, &xdp->sockets[i].counters);
	}
}

/*
 * The interface has other queues, or a socket is beyond help: new sockets. The program stays where
 * it is, and the kernel gets what comes meanwhile: the gate counts it. What stood in the rings is
 * lost and counted here.
 */
static void xdp_reopen(struct dataplane *dp, uint16_t index)
{
	struct port *port = &dp->ports->table[index];
	struct xdp_port *xdp = port->xdp;
	struct xdp_socket_counters counters;
	struct xdp_socket_losses losses;
	char why[SLUICE_API_ERROR_MAX] = "";
	int ret;

	port_pause(dp, index, true);
	for (uint16_t i = 0; i < xdp->n_sockets; i++)
		xdp_socket_discard(&xdp->sockets[i]);
	xdp_sum(xdp, &counters, &losses);
	xdp->past = counters;
	xdp->past_losses = losses;
	sockets_close(dp, port);
	ret = sockets_open(dp, port, why);
	if (ret == 0)
		ret = sockets_redirect(port);
	if (ret != 0) {
		log_warning(SLUICE_LOG_PORT, "port %s: %s: trying again", port->name, why);
		return;
	}
	port_pause(dp, index, false);
	log_info(SLUICE_LOG_PORT, "port %s: opened again: %u queue%s, MTU %u", port->name,
	         port->queues, port->queues == 1 ? "" : "s", port->mtu);
}

/* No buffer to fill, and nothing received, for a while: such a socket has lost its buffers. */
static bool xdp_deaf(const struct port *port)
{
	struct xdp_port *xdp = port->xdp;
	bool deaf = false;

	for (uint16_t i = 0; i < xdp->n_sockets; i++) {
		struct xdp_watch *watch = &xdp->watches[i];
		uint64_t received = xdp->sockets[i].counters.rx_packets;
		struct xdp_socket_losses losses;

		xdp_socket_losses(&xdp->sockets[i], &losses);
		if (received == watch->received && losses.no_fill != watch->no_fill)
			watch->deaf++;
		else if (received != watch->received)
			watch->deaf = 0;
		watch->received = received;
		watch->no_fill = losses.no_fill;
		if (watch->deaf < DEAF_S)
			continue;
		log_warning(SLUICE_LOG_PORT,
		            "port %s queue %u: packets come and the kernel has no buffer for them: "
		            "opening its sockets again",
		            port->name, i);
		deaf = true;
	}
	return deaf;
}

static void xdp_tick(struct dataplane *dp, uint16_t index)
{
	struct port *port = &dp->ports->table[index];
	struct xdp_port *xdp = port->xdp;
	struct interface now = xdp->interface;

	if (port->state == SLUICE_PORT_GONE || interface_read(port->args, &now) != 0)
		return;
	if (xdp->n_sockets == 0 || now.rx_queues != xdp->interface.rx_queues ||
	    now.tx_queues != xdp->interface.tx_queues || now.mtu != xdp->interface.mtu ||
	    xdp_deaf(port))
		xdp_reopen(dp, index);
	else if (now.uso != xdp->interface.uso)
		uso_change(port, now.uso);
	else
		uso_watch(port);
}

static void xdp_row(const struct port *port, struct sluice_port_row *row)
{
	const struct xdp_port *xdp = port->xdp;
	struct xdp_socket_counters counters;
	struct xdp_socket_losses losses;

	xdp_sum(xdp, &counters, &losses);
	row->numa = xdp->interface.numa;
	row->rx_packets = counters.rx_packets;
	row->rx_bytes = counters.rx_bytes;
	row->rx_missed = losses.missed + counters.rx_no_buffer;
	row->rx_errors = losses.refused_rx;
	row->tx_packets = counters.tx_packets;
	row->tx_bytes = counters.tx_bytes;
	row->tx_errors = counters.tx_errors + losses.refused_tx;
}

const struct port_ops xdp_port_ops = {
        .open = xdp_open,
        .close = xdp_close,
        .tick = xdp_tick,
        .row = xdp_row,
};
