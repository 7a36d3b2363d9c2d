/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/port.h"
#include "common/log.h"
#include "gate/gate.h"
#include "net/ethdev.h"
#include "net/gate_map.h"
#include "net/mirror.h"
#include "net/neighbour.h"
#include "net/port_device.h"
#include "net/port_ops.h"
#include "net/tap.h"
#include "net/xdp/port.h"

#include <rte_malloc.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/epoll.h>

#define INHERITED_S 10

static struct port *port_find(struct ports *ports, const char *name)
{
	for (uint16_t i = 0; i < ports->count; i++)
		if (ports->table[i].used && strcmp(ports->table[i].name, name) == 0)
			return &ports->table[i];
	return NULL;
}

/* A free slot, cleared. The table's count grows only when the port is published. */
static struct port *port_slot(struct ports *ports)
{
	for (uint16_t i = 0; i < PORTS_MAX; i++) {
		if (ports->table[i].used)
			continue;
		ports->table[i] = (struct port){.state = SLUICE_PORT_DOWN};
		return &ports->table[i];
	}
	return NULL;
}

static void queue_list_add(struct port_queue_list *list, const struct ports *ports, uint16_t index,
                           uint16_t queue)
{
	const struct port *port = &ports->table[index];
	struct port_queue *entry = &list->queues[list->count++];

	*entry = (struct port_queue){
	        .port = index, .ethdev = port->ethdev, .queue = queue, .spread = port->spread};
	if (port->xdp != NULL) {
		entry->socket = &port->xdp->sockets[queue];
		list->sockets++;
	}
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

		if (!port->used || port->paused || port->state == SLUICE_PORT_GONE)
			continue;
		for (uint16_t queue = 0; queue < port->queues; queue++)
			if (port_queue_worker(dp, i, queue) == worker)
				queue_list_add(list, ports, i, queue);
	}
	return list;
}

/* The worker sleeps on these; a socket that is closed leaves by itself. */
static void sockets_watch(const struct worker *worker, const struct port_queue_list *list)
{
	for (uint16_t i = 0; list != NULL && i < list->count; i++) {
		struct epoll_event event = {.events = EPOLLIN};

		if (list->queues[i].socket == NULL)
			continue;
		event.data.fd = list->queues[i].socket->fd;
		if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, event.data.fd, &event) != 0 &&
		    errno != EEXIST)
			log_error(SLUICE_LOG_PORT, "worker %u cannot sleep on a socket: %s",
			          worker->id, strerror(errno));
	}
}

/* Gives every worker its new list; behind this, no worker polls what is not in one. */
static void queues_publish(struct dataplane *dp)
{
	struct port_queue_list *old[WORKERS_MAX];

	for (uint16_t i = 0; i < dp->n_workers; i++) {
		struct port_queue_list *list = worker_queues(dp, i);

		sockets_watch(dp->workers[i], list);
		old[i] = __atomic_exchange_n(&dp->workers[i]->queues, list, __ATOMIC_ACQ_REL);
		worker_wake(dp->workers[i]);
	}
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

/* An interface has one port; of a device its driver knows. */
static int port_taken(const struct ports *ports, const struct sluice_port_add *add, char *why)
{
	for (uint16_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->table[i];

		if (!port->used || add->kind != SLUICE_PORT_XDP || port->kind != SLUICE_PORT_XDP ||
		    strcmp(port->args, add->args) != 0)
			continue;
		snprintf(why, SLUICE_API_ERROR_MAX, "%.16s is port %.16s already", port->args,
		         port->name);
		return -EEXIST;
	}
	return 0;
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
	ret = port_taken(dp->ports, add, why);
	if (ret != 0)
		return ret;
	port = port_slot(dp->ports);
	rte_strscpy(port->name, add->name, sizeof(port->name));
	rte_strscpy(port->args, add->args, sizeof(port->args));
	port->kind = add->kind;
	port->ops = add->kind == SLUICE_PORT_XDP ? &xdp_port_ops : &device_port_ops;
	ret = port->ops->open(dp, port, add, why);
	if (ret != 0)
		return ret;
	port_link_begin(port);
	port_publish(dp, port);
	if (port->kind == SLUICE_PORT_XDP) {
		gate_map_sync(dp);
		if (dp->gate != NULL)
			gate_ports_changed(dp->gate);
	}
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
	port->ops = &device_port_ops;
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

/* forget: for good, not only until the next start. */
static void port_close(struct dataplane *dp, struct port *port, bool forget)
{
	uint16_t index = port_index(dp->ports, port);

	__atomic_store_n(&port->state, SLUICE_PORT_GONE, __ATOMIC_RELAXED);
	queues_publish(dp);
	port->ops->close(dp, port, forget);
	port->used = false;
	if (dp->gate != NULL)
		gate_ports_changed(dp->gate);
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

/* The configuration is there, or does not come. */
static void inherited_end(struct dataplane *dp)
{
	xdp_prepared_drop(dp);
	if (!dp->ports->inherited)
		return;
	dp->ports->inherited = false;
	gate_map_sync(dp);
}

static void port_config_sweep(struct dataplane *dp)
{
	inherited_end(dp);
	for (uint16_t i = 0; i < dp->ports->count; i++) {
		struct port *port = &dp->ports->table[i];

		if (port->used && port->config_generation != dp->config_generation) {
			log_info(SLUICE_LOG_PORT, "port %s: not in the configuration any more",
			         port->name);
			port_close(dp, port, true);
		}
	}
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

	if (mtu != 0 && port->kind != SLUICE_PORT_XDP &&
	    mtu <= dp->options.mbuf_size - RTE_PKTMBUF_HEADROOM - RTE_ETHER_HDR_LEN)
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

/* What the kernel or the NIC does not tell by itself. */
static void port_tick(struct dataplane *dp)
{
	if (dp->ports->inherited && ++dp->ports->inherited_s > INHERITED_S)
		inherited_end(dp);
	for (uint16_t i = 0; i < dp->ports->count; i++) {
		const struct port *port = &dp->ports->table[i];

		if (port->used)
			port->ops->tick(dp, i);
	}
}

void port_pause(struct dataplane *dp, uint16_t index, bool pause)
{
	__atomic_store_n(&dp->ports->table[index].paused, pause, __ATOMIC_RELEASE);
	if (!pause)
		dataplane_output_changed(dp);
	queues_publish(dp);
}

static void port_row(const struct port *port, struct sluice_port_row *row)
{
	*row = (struct sluice_port_row){
	        .kind = port->kind,
	        .state = port->state == SLUICE_PORT_UP && port->paused ? SLUICE_PORT_DOWN
	                                                               : port->state,
	        .mtu = port->mtu,
	        .queues = port->queues,
	        .ifindex = port->ifindex,
	};
	memcpy(row->name, port->name, sizeof(row->name));
	memcpy(row->args, port->args, sizeof(row->args));
	memcpy(row->mac, port->mac.addr_bytes, sizeof(row->mac));
	port->ops->row(port, row);
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

static int create(struct dataplane *dp)
{
	dp->ports = rte_zmalloc("ports", sizeof(struct ports), RTE_CACHE_LINE_SIZE);
	return dp->ports != NULL ? 0 : -ENOMEM;
}

static void end(struct dataplane *dp)
{
	if (dp->ports != NULL)
		xdp_prepared_drop(dp);
	for (uint16_t i = 0; dp->ports != NULL && i < dp->ports->count; i++)
		if (dp->ports->table[i].used)
			port_close(dp, &dp->ports->table[i], false);
	rte_free(dp->ports);
	dp->ports = NULL;
}

const struct part ports_part = {
        .name = "ports",
        .create = create,
        .end = end,
        .tick = port_tick,
        .config_sweep = port_config_sweep,
};
