/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: ethdevs with a name. The control thread adds, deletes and watches them; workers see the
 * port table (fixed array, index = packet->port) and each its own list of queues to poll.
 */
#ifndef NET_PORT_H
#define NET_PORT_H

#include <stdbool.h>

#include <rte_ether.h>

#include <sluice/port.h>

#include "dataplane.h"
#include "net/xsk.h"

#define PORTS_MAX  64
#define PORT_BURST 64
#define PORT_NONE  UINT16_MAX

struct tap;

struct port {
	/* written by the control thread before the port is published, then const */
	char name[SLUICE_PORT_NAME_MAX];
	char args[SLUICE_PORT_ARGS_MAX];
	uint32_t kind; /* enum sluice_port_kind */
	uint16_t ethdev;
	uint16_t queues;
	uint32_t ifindex; /* the kernel's interface that routes and neighbours name; 0: none */
	struct tap *tap;  /* TAP twin, or NULL */
	bool tx_checksum; /* the NIC computes UDP checksums */
	bool spread;      /* one queue without RSS for several workers: graph/spread.h */
	struct xsk_set sockets; /* of an AF_XDP port */
	int claim; /* holds the interface's name against a second dataplane; -1: none */
	/* written by the control thread, read by workers (relaxed) */
	uint16_t mtu;
	uint8_t state; /* enum sluice_port_state */
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
};

/* What a worker polls; const, swapped whole by the control thread. */
struct port_queue_list {
	uint16_t count;
	struct port_queue queues[];
};

struct ports {
	struct port table[PORTS_MAX];
	uint16_t count;      /* slots in use are below this */
	uint16_t xdp;        /* control thread: AF_XDP ports among them */
	uint64_t xdp_closed; /* control thread: TSC when the last of them ended; 0: never */
};

struct ports *ports_create(struct dataplane *dp);
void ports_destroy(struct dataplane *dp);

/* Control thread. 0 or -errno with a clear line in *why (SLUICE_API_ERROR_MAX bytes). */
int port_add(struct dataplane *dp, const struct sluice_port_add *add, uint32_t flags, char *why);
int port_delete(struct dataplane *dp, const struct sluice_port_delete *del, char *why);
/* Pages like allocation_show. */
uint32_t port_show(struct dataplane *dp, uint32_t *cursor, struct sluice_port_row *rows,
                   uint32_t max);
/* SLUICE_CONFIG_COMMIT. */
void port_config_sweep(struct dataplane *dp);
/* Takes an ethdev that exists already (rings of a test or a bench), not configured: no kernel
 * interface. Returns the port's index or -errno. */
int port_adopt(struct dataplane *dp, const char *name, uint16_t ethdev, uint16_t queues);

/* Control thread, from the kernel's news: the interface is up, down, or gone for good. */
void port_link_changed(struct dataplane *dp, uint16_t index, enum sluice_port_state state,
                       uint16_t mtu);
/* Control thread, once a second: links of NICs that are DPDK's alone. */
void port_tick(struct dataplane *dp);

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

	return own % dp->ports->table[index].queues;
}

#endif
