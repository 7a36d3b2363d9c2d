/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: interfaces with a name. The control thread adds, deletes and watches them; workers see the
 * port table (fixed array, index = packet->port) and each its own list of queues to poll.
 */
#ifndef NET_PORT_H
#define NET_PORT_H

#include <stdbool.h>

#include <rte_ether.h>

#include <sluice/port.h>

#include "dataplane.h"
#include "part.h"

#define PORTS_MAX  64
#define PORT_BURST 64
#define PORT_NONE  UINT16_MAX

struct port_ops;
struct tap;
struct xdp_port;
struct xdp_socket;

struct port {
	/* written by the control thread before the port is published, then const */
	char name[SLUICE_PORT_NAME_MAX];
	char args[SLUICE_PORT_ARGS_MAX];
	uint32_t kind; /* enum sluice_port_kind */
	const struct port_ops *ops;
	uint16_t ethdev;      /* of a port that DPDK drives */
	struct xdp_port *xdp; /* of one on a kernel interface */
	uint32_t ifindex;     /* the kernel's interface that routes and neighbours name; 0: none */
	struct tap *tap;      /* TAP twin, or NULL */
	bool tx_checksum;     /* the NIC computes UDP checksums */
	bool spread;          /* one queue without RSS for several workers: graph/spread.h */
	/* written by the control thread while no worker uses the port: before it is published, or
	 * while it is paused */
	uint16_t queues;    /* to receive from */
	uint16_t tx_queues; /* to send by: the first of them; at most as many */
	/* written by the control thread, read by workers (relaxed) */
	uint16_t mtu;
	uint8_t state; /* enum sluice_port_state */
	bool paused;   /* its queues are being opened again */
	bool used;     /* slot taken */
	struct rte_ether_addr mac;
	uint32_t config_generation;
	/* written by the worker of each tx queue */
	uint64_t tx_full[WORKERS_MAX];
};

struct port_queue {
	uint16_t port; /* index into the port table */
	uint16_t ethdev;
	uint16_t queue;
	bool spread;
	struct xdp_socket *socket; /* NULL: the ethdev's */
};

/* What a worker polls; const, swapped whole by the control thread. */
struct port_queue_list {
	uint16_t count;
	uint16_t sockets; /* of them: a worker can sleep on these */
	struct port_queue queues[];
};

struct ports {
	struct port table[PORTS_MAX];
	uint16_t count; /* slots in use are below this */
	uint16_t xdp;   /* control thread: AF_XDP ports among them */
	/* control thread, in another dataplane's place (net/xdp/port.h): what is made for ports
	 * that are not added yet; and whether the gate's maps are still as that one had them, in
	 * which nothing goes before the configuration has come */
	struct xdp_port *prepared[PORTS_MAX];
	bool inherited;
	uint8_t inherited_s;
};

extern const struct part ports_part;

/* Control thread. 0 or -errno with a clear line in *why (SLUICE_API_ERROR_MAX bytes). */
int port_add(struct dataplane *dp, const struct sluice_port_add *add, uint32_t flags, char *why);
int port_delete(struct dataplane *dp, const struct sluice_port_delete *del, char *why);
/* Pages like allocation_show. */
uint32_t port_show(struct dataplane *dp, uint32_t *cursor, struct sluice_port_row *rows,
                   uint32_t max);
/* Takes an ethdev that exists already (rings of a test or a bench), not configured: no kernel
 * interface. Returns the port's index or -errno. */
int port_adopt(struct dataplane *dp, const char *name, uint16_t ethdev, uint16_t queues);

/* Control thread, from the kernel's news: the interface is up, down, or gone for good. */
void port_link_changed(struct dataplane *dp, uint16_t index, enum sluice_port_state state,
                       uint16_t mtu);
/* Control thread: behind `pause` no worker touches the port; frames for it are dropped as for one
 * that is down. */
void port_pause(struct dataplane *dp, uint16_t index, bool pause);

static inline uint16_t port_index(const struct ports *ports, const struct port *port)
{
	return port - ports->table;
}

/* Queue q of a port has one worker, for rx and tx: ports with one queue spread over the workers
 * too. */
static inline uint16_t port_queue_worker(const struct dataplane *dp, uint16_t index, uint16_t queue)
{
	return (index + queue) % dp->n_workers;
}

/* The queue that a worker sends with on a port: its own where it has one. */
static inline uint16_t port_tx_queue(const struct dataplane *dp, uint16_t worker, uint16_t index)
{
	uint16_t own = (worker + dp->n_workers - index % dp->n_workers) % dp->n_workers;

	return own % dp->ports->table[index].tx_queues;
}

#endif
