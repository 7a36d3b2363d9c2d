/* SPDX-License-Identifier: BSD-3-Clause */
#include "rig.h"

#include "graph/packet.h"
#include "net/neighbour.h"
#include "net/port.h"

#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_memory.h>

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <sys/mman.h>

int rig_eal(const char *program, uint32_t megabytes, bool huge)
{
	char memory[16], lcore[16];
	/* EAL refuses --in-memory beside --no-huge, which leaves no files behind anyhow */
	const char *args[] = {program,
	                      "--lcores",
	                      lcore,
	                      "-m",
	                      memory,
	                      "--no-shconf",
	                      "--no-pci",
	                      "--no-telemetry",
	                      "--log-level=error",
	                      huge ? "--in-memory" : "--no-huge"};

	snprintf(memory, sizeof(memory), "%u", megabytes);
	snprintf(lcore, sizeof(lcore), "0@%d", sched_getcpu());
	return rte_eal_init(RTE_DIM(args), (char **)(uintptr_t)args) < 0 ? -1 : 0;
}

static int segments_advise(const struct rte_memseg_list *list, void *refused)
{
	if (!list->external && list->base_va != NULL &&
	    madvise(list->base_va, list->len, MADV_HUGEPAGE) != 0)
		*(bool *)refused = true;
	return 0;
}

/* Of the kernel's files that say "always within_size [advise] never": whether the chosen word is
 * not never. */
static bool shared_huge_pages_allowed(void)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "r");
	char line[128] = "";

	if (file == NULL)
		return false;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	return line[0] != '\0' && strstr(line, "[never]") == NULL && strstr(line, "[deny]") == NULL;
}

const char *rig_pages(void)
{
	bool refused = false;

	rte_memseg_list_walk(segments_advise, &refused);
	return !refused && shared_huge_pages_allowed() ? "transparent huge pages" : "4 KiB pages";
}

static struct rte_ring *ring_create(const char *what, unsigned int port, uint16_t queue)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "rig-%s-%u-%u", what, port, queue);
	return rte_ring_create(name, RIG_RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int rig_port_create(struct rig *rig, unsigned int port)
{
	struct rig_port *rig_port = &rig->ports[port];
	char name[SLUICE_PORT_NAME_MAX];
	int ret;

	for (uint16_t queue = 0; queue < rig->queues; queue++) {
		rig_port->in[queue] = ring_create("in", port, queue);
		rig_port->out[queue] = ring_create("out", port, queue);
		if (rig_port->in[queue] == NULL || rig_port->out[queue] == NULL)
			return -ENOMEM;
	}
	snprintf(name, sizeof(name), "rig%u", port);
	ret = rte_eth_from_rings(name, rig_port->in, rig->queues, rig_port->out, rig->queues, 0);
	if (ret < 0)
		return -ENODEV;
	rig_port->ethdev = (uint16_t)ret;
	ret = port_adopt(rig->dp, name, rig_port->ethdev, rig->queues);
	if (ret < 0)
		return ret;
	rig_port->index = (uint16_t)ret;
	return 0;
}

int rig_create(struct rig *rig, const struct options *options)
{
	return rig_create_queues(rig, options, options->workers);
}

int rig_create_queues(struct rig *rig, const struct options *options, uint16_t queues)
{
	memset(rig, 0, sizeof(*rig));
	rig->queues = queues;
	rig->dp = dataplane_create(options, NULL);
	if (rig->dp == NULL)
		return -ENOMEM;
	for (unsigned int port = 0; port < RIG_PORTS; port++) {
		int ret = rig_port_create(rig, port);

		if (ret < 0) {
			rig_destroy(rig);
			return ret;
		}
	}
	return 0;
}

static void ring_empty(struct rte_ring *ring)
{
	struct rte_mbuf *mbuf;

	while (ring != NULL && rte_ring_dequeue(ring, (void **)&mbuf) == 0)
		rte_pktmbuf_free(mbuf);
}

static void rig_rings_each(struct rig *rig, void (*run)(struct rte_ring *ring))
{
	for (unsigned int port = 0; port < RIG_PORTS; port++)
		for (uint16_t queue = 0; queue < rig->queues; queue++) {
			run(rig->ports[port].in[queue]);
			run(rig->ports[port].out[queue]);
		}
}

void rig_destroy(struct rig *rig)
{
	/* the frames are of the dataplane's pool, and its ports use the rings: so before it and
	 * after it */
	rig_rings_each(rig, ring_empty);
	dataplane_destroy(rig->dp);
	for (unsigned int port = 0; port < RIG_PORTS; port++) {
		char device[RTE_ETH_NAME_MAX_LEN];

		snprintf(device, sizeof(device), "net_ring_rig%u", port);
		rte_vdev_uninit(device);
	}
	rig_rings_each(rig, rte_ring_free);
}

int rig_neighbour(struct rig *rig, unsigned int port, const struct ip_addr *ip,
                  const struct rte_ether_addr *mac)
{
	return neighbour_set(rig->dp->neighbours, rig->ports[port].index, ip, NEIGHBOUR_REACHED,
	                     mac);
}

int rig_inject(struct rig *rig, unsigned int port, uint16_t worker, const void *frame,
               uint16_t length)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig->dp->pool);
	uint16_t queue = port_tx_queue(rig->dp, worker, rig->ports[port].index);
	char *room;

	if (mbuf == NULL)
		return -ENOSPC;
	mbuf->ol_flags = rig->rx_flags;
	room = rte_pktmbuf_append(mbuf, length);
	if (room != NULL)
		memcpy(room, frame, length);
	if (room == NULL || rte_ring_enqueue(rig->ports[port].in[queue], mbuf) != 0) {
		rte_pktmbuf_free(mbuf);
		return -ENOSPC;
	}
	return 0;
}

void rig_walk_held(struct rig *rig, void (*before)(void *arg), void *arg)
{
	uint32_t quiet = 0;

	/* twice: what one worker handed to another is found in the next round */
	while (quiet < 2) {
		uint32_t received = 0;

		for (uint16_t i = 0; i < rig->dp->n_workers; i++) {
			before(arg);
			received += worker_walk(rig->dp->workers[i]);
		}
		quiet = received == 0 ? quiet + 1 : 0;
	}
}

static void nothing_before(void *arg)
{
}

void rig_walk(struct rig *rig)
{
	rig_walk_held(rig, nothing_before, NULL);
}

struct rte_mbuf *rig_collect(struct rig *rig, unsigned int port)
{
	struct rte_mbuf *mbuf;

	for (uint16_t queue = 0; queue < rig->queues; queue++)
		if (rte_ring_dequeue(rig->ports[port].out[queue], (void **)&mbuf) == 0)
			return mbuf;
	return NULL;
}
