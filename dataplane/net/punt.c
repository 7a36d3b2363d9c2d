/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/punt.h"
#include "capture/capture.h"
#include "dataplane.h"
#include "graph/node.h"
#include "net/mirror.h"
#include "net/next_hop.h"
#include "net/tap.h"

#include <event2/event.h>
#include <rte_malloc.h>

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NEIGHBOUR_NODE "neighbour_wait"
#define WAITING_MAX    1024 /* next hops at once */
/* Of them: for gateways alone; and at most for one relayed address, for one user, for what is no
 * user's (answers to clients). */
#define WAITING_RESERVE    64
#define WAITING_SOURCE_MAX 32
#define WAITING_USER_MAX   128
#define WAITING_ANSWER_MAX 256
#define HELD_SHARE         8 /* one mbuf in so many may wait: hosts that do not answer starve nobody */
#define WAITING_S          3 /* the kernel's own patience: three probes */
#define ASK_AGAIN_S        1
#define POLL_BURST         64
#define POLL_BURSTS        16
#define POLL_BUSY_US       1000   /* while something comes */
#define POLL_IDLE_US       100000 /* until a worker wakes us: what waits may have expired */

/* Who sends to a next hop first: an allocation, by its relayed address, and its user. */
struct origin {
	struct ip_addr ip;
	uint16_t port;
	bool relayed; /* false: an answer of ours, or media */
	uint64_t user;
};

/* Datagrams that wait for one next hop. */
struct waiting {
	uint32_t slot; /* 0: free */
	uint16_t count;
	bool gateway;
	uint64_t asked; /* TSC */
	struct origin origin;
	/* of the slot when it was taken */
	struct ip_addr ip;
	uint32_t link;
	struct rte_mbuf *mbufs[NEIGHBOUR_HOLD];
};

struct punt {
	struct rte_ring *ring;
	struct event *timer;
	struct event *woken;
	int wake; /* an eventfd */
	/* atomic; set by the control thread when it found nothing, cleared by the worker that wakes
	 * it */
	uint32_t asleep;
	uint64_t drops[DROP_REASONS];
	uint32_t n_waiting;
	uint32_t n_held; /* datagrams, of all */
	struct waiting waiting[WAITING_MAX];
};

/* By its timer, or woken. One of us and a worker sees what the other has done. */
static void punt_look(evutil_socket_t fd, short what, void *arg)
{
	struct dataplane *dp = arg;
	struct punt *punt = dp->punt;
	struct timeval next = {.tv_usec = POLL_BUSY_US};
	uint64_t wakes;

	if (fd >= 0 && read(fd, &wakes, sizeof(wakes)) < 0)
		return;
	__atomic_store_n(&punt->asleep, 0, __ATOMIC_RELAXED);
	if (punt_poll(dp) == 0 && fd < 0) {
		__atomic_store_n(&punt->asleep, 1, __ATOMIC_SEQ_CST);
		if (rte_ring_empty(punt->ring))
			next.tv_usec = POLL_IDLE_US;
	}
	event_add(punt->timer, &next);
}

/* Worker: a system call only where the control thread sleeps. */
static void punt_wake(struct punt *punt)
{
	const uint64_t one = 1;

	rte_smp_mb();
	if (likely(!__atomic_load_n(&punt->asleep, __ATOMIC_RELAXED)) ||
	    !__atomic_exchange_n(&punt->asleep, 0, __ATOMIC_ACQ_REL))
		return;
	if (write(punt->wake, &one, sizeof(one)) != sizeof(one))
		return; /* it is full of wakes */
}

static int punt_create(struct dataplane *dp)
{
	const struct timeval soon = {.tv_usec = POLL_BUSY_US};
	struct punt *punt = rte_zmalloc("punt", sizeof(*punt), RTE_CACHE_LINE_SIZE);

	dp->punt = punt;
	if (punt == NULL)
		return -ENOMEM;
	punt->wake = -1;
	punt->ring = rte_ring_create("punt", PUNT_RING_SIZE, SOCKET_ID_ANY, RING_F_SC_DEQ);
	if (punt->ring == NULL)
		return -ENOMEM;
	if (dp->events == NULL)
		return 0;
	punt->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	punt->timer = event_new(dp->events, -1, 0, punt_look, dp);
	punt->woken = event_new(dp->events, punt->wake, EV_READ | EV_PERSIST, punt_look, dp);
	if (punt->wake < 0 || punt->timer == NULL || punt->woken == NULL)
		return -ENOMEM;
	return event_add(punt->woken, NULL) == 0 && event_add(punt->timer, &soon) == 0 ? 0
	                                                                               : -ENOMEM;
}

static void punt_destroy(struct dataplane *dp)
{
	struct punt *punt = dp->punt;
	struct rte_mbuf *mbuf;

	if (punt == NULL)
		return;
	if (punt->timer != NULL)
		event_free(punt->timer);
	if (punt->woken != NULL)
		event_free(punt->woken);
	if (punt->wake >= 0)
		close(punt->wake);
	for (uint32_t i = 0; i < punt->n_waiting; i++)
		rte_pktmbuf_free_bulk(punt->waiting[i].mbufs, punt->waiting[i].count);
	while (punt->ring != NULL && rte_ring_dequeue(punt->ring, (void **)&mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	rte_ring_free(punt->ring);
	rte_free(punt);
	dp->punt = NULL;
}

const struct part punt_part = {
        .name = "punt ring",
        .create = punt_create,
        .destroy = punt_destroy,
};

void punt_burst(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t nb_objs,
                enum punt_kind kind)
{
	static const uint8_t reasons[] = {
	        [PUNT_KERNEL] = DROP_KERNEL_FULL,
	        [PUNT_NEIGHBOUR] = DROP_NEIGHBOUR_PENDING,
	};
	struct punt *punt = node_worker(node)->dp->punt;
	unsigned int taken;

	for (uint16_t i = 0; i < nb_objs; i++)
		packet_of(objs[i])->entry = kind;
	taken = rte_ring_mp_enqueue_burst(punt->ring, objs, nb_objs, NULL);
	for (unsigned int i = taken; i < nb_objs; i++)
		packet_of(objs[i])->reason = reasons[kind];
	punt_wake(punt);
	if (taken < nb_objs)
		node_drop(graph, node, objs + taken, nb_objs - taken);
}

/* node: that handed them to us. */
static void punt_drop(struct dataplane *dp, const char *node, struct rte_mbuf **mbufs,
                      uint16_t count, enum drop_reason reason)
{
	dp->punt->drops[reason] += count;
	capture_dropped(dp, node, capture_control_producer(dp), mbufs, count, reason);
	rte_pktmbuf_free_bulk(mbufs, count);
}

static struct waiting *waiting_find(struct punt *punt, uint32_t slot)
{
	for (uint32_t i = 0; i < punt->n_waiting; i++)
		if (punt->waiting[i].slot == slot)
			return &punt->waiting[i];
	return NULL;
}

/* Where there was no answer the slot goes as well, unless its port has gone, and it is another's by
 * now. */
static void waiting_remove(struct dataplane *dp, struct waiting *waiting)
{
	struct neighbour *neighbour = &dp->neighbours->slots[waiting->slot];
	struct rte_ether_addr mac;

	if (neighbour->waits && neighbour->link == waiting->link &&
	    ip_addr_equal(&neighbour->ip, &waiting->ip)) {
		neighbour->waits = 0;
		if (neighbour_read(dp->neighbours, waiting->slot, &mac) != NEIGHBOUR_REACHED)
			neighbour_release(dp->neighbours, waiting->slot);
	}
	*waiting = dp->punt->waiting[--dp->punt->n_waiting];
}

/* May one more next hop be waited for? One client's fill no more than their part. */
static bool waiting_room(const struct punt *punt, const struct origin *origin, bool gateway)
{
	uint32_t source = 0, user = 0;

	if (gateway)
		return punt->n_waiting < WAITING_MAX;
	if (punt->n_waiting >= WAITING_MAX - WAITING_RESERVE)
		return false;
	for (uint32_t i = 0; i < punt->n_waiting; i++) {
		const struct origin *other = &punt->waiting[i].origin;

		if (punt->waiting[i].gateway || other->relayed != origin->relayed ||
		    other->user != origin->user)
			continue;
		user++;
		source += other->port == origin->port && ip_addr_equal(&other->ip, &origin->ip);
	}
	if (!origin->relayed)
		return user < WAITING_ANSWER_MAX;
	return user < WAITING_USER_MAX && source < WAITING_SOURCE_MAX;
}

/* NULL: there is no room. slot 0: it has none yet. */
static struct waiting *waiting_begin(struct dataplane *dp, const struct packet *packet,
                                     const struct fib_entry *entry, uint32_t slot,
                                     enum drop_reason *reason)
{
	struct punt *punt = dp->punt;
	struct origin origin = {.ip = packet->flow.src, .port = packet->flow.src_port};
	struct waiting *waiting;
	struct neighbour *neighbour;

	origin.relayed = dp->packet_user != NULL && dp->packet_user(dp, packet, &origin.user);
	*reason = DROP_NEIGHBOUR_LIMIT;
	if (!waiting_room(punt, &origin, entry->neighbour != 0))
		return NULL;
	*reason = DROP_NEIGHBOUR_PENDING;
	if (slot == 0)
		slot = neighbour_slot(dp->neighbours, neighbour_link(entry->port, entry->vlan),
		                      &packet->dst);
	if (slot == 0)
		return NULL;
	neighbour = &dp->neighbours->slots[slot];
	neighbour->waits = 1;
	waiting = &punt->waiting[punt->n_waiting++];
	*waiting = (struct waiting){
	        .slot = slot,
	        .gateway = entry->neighbour != 0,
	        .asked = rte_rdtsc(),
	        .origin = origin,
	        .ip = neighbour->ip,
	        .link = neighbour->link,
	};
	mirror_ask_first(dp, slot);
	return waiting;
}

/* Datagrams of all that wait: what is behind gateways has the last quarter for itself. */
static bool held_full(const struct dataplane *dp, const struct waiting *waiting)
{
	uint32_t most = dp->options.mbufs / HELD_SHARE;

	return waiting->count == NEIGHBOUR_HOLD ||
	       dp->punt->n_held >= (waiting->gateway ? most : most / 4 * 3);
}

/* Back into a worker's graph, at ip_output. */
static void output_again(struct dataplane *dp, uint32_t slot, struct rte_mbuf **mbufs,
                         uint16_t count)
{
	uint16_t port = (uint16_t)dp->neighbours->slots[slot].link;
	struct worker *worker = dp->workers[port_queue_worker(dp, port, 0)];
	unsigned int put;

	for (uint16_t i = 0; i < count; i++)
		packet_of(mbufs[i])->entry = PACKET_ENTRY_IP_OUTPUT;
	put = worker_inbox_put(worker, mbufs, count);
	if (put < count)
		punt_drop(dp, NEIGHBOUR_NODE, mbufs + put, count - put, DROP_RING_FULL);
}

/* A next hop that failed a moment ago is not asked for again at once: its datagrams end here. */
static void neighbour_wait(struct dataplane *dp, struct rte_mbuf *mbuf)
{
	struct punt *punt = dp->punt;
	const struct packet *packet = packet_of(mbuf);
	const struct fib_entry *entry = fib_find(dp->fib, &packet->dst);
	uint32_t slot = entry->neighbour;
	enum drop_reason reason = DROP_NEIGHBOUR_PENDING;
	struct rte_ether_addr mac;
	struct waiting *waiting;

	if (entry->port == PORT_NONE) {
		punt_drop(dp, NEIGHBOUR_NODE, &mbuf, 1, DROP_NO_ROUTE);
		return;
	}
	if (slot == 0)
		slot = neighbour_find(dp->neighbours, neighbour_link(entry->port, entry->vlan),
		                      &packet->dst);
	if (neighbour_read(dp->neighbours, slot, &mac) == NEIGHBOUR_REACHED) {
		output_again(dp, slot, &mbuf, 1); /* resolved while it was on its way to us */
		return;
	}
	waiting = slot != 0 ? waiting_find(punt, slot) : NULL;
	if (waiting == NULL)
		waiting = waiting_begin(dp, packet, entry, slot, &reason);
	if (waiting == NULL || held_full(dp, waiting)) {
		punt_drop(dp, NEIGHBOUR_NODE, &mbuf, 1, reason);
		return;
	}
	waiting->mbufs[waiting->count++] = mbuf;
	punt->n_held++;
}

static void kernel_write(struct dataplane *dp, struct rte_mbuf *mbuf)
{
	const struct port *port = &dp->ports->table[packet_of(mbuf)->port];

	if (port->tap == NULL || tap_write(port->tap, mbuf) != 0)
		punt_drop(dp, "kernel", &mbuf, 1, DROP_KERNEL_FULL);
	else
		rte_pktmbuf_free(mbuf);
}

/* What is in the ring: returns how much. */
static unsigned int ring_take(struct dataplane *dp)
{
	struct rte_mbuf *mbufs[POLL_BURST];
	unsigned int total = 0;

	for (int burst = 0; burst < POLL_BURSTS; burst++) {
		unsigned int count =
		        rte_ring_sc_dequeue_burst(dp->punt->ring, (void **)mbufs, POLL_BURST, NULL);

		for (unsigned int i = 0; i < count; i++) {
			if (packet_of(mbufs[i])->entry == PUNT_KERNEL)
				kernel_write(dp, mbufs[i]);
			else
				neighbour_wait(dp, mbufs[i]);
		}
		total += count;
		if (count < POLL_BURST)
			break;
	}
	return total;
}

/* Workers send by themselves from the moment that they see a MAC: what was sent before goes first.
 */
void punt_neighbour_set(struct dataplane *dp, uint32_t slot, enum neighbour_state state,
                        const struct rte_ether_addr *mac)
{
	const struct neighbour *neighbour = &dp->neighbours->slots[slot];
	struct waiting *waiting;

	if (neighbour->waits)
		ring_take(dp);
	neighbour_set(dp->neighbours, neighbour->link, &neighbour->ip, state, mac);
	waiting = waiting_find(dp->punt, slot);
	if (waiting == NULL || state == NEIGHBOUR_NONE)
		return;
	if (state == NEIGHBOUR_REACHED)
		output_again(dp, slot, waiting->mbufs, waiting->count);
	else
		punt_drop(dp, NEIGHBOUR_NODE, waiting->mbufs, waiting->count,
		          DROP_NEIGHBOUR_FAILED);
	dp->punt->n_held -= waiting->count;
	waiting->count = 0;
	if (state == NEIGHBOUR_REACHED)
		waiting_remove(dp, waiting);
}

/* The kernel said nothing, or no: what waits is dropped, and after ASK_AGAIN_S the next hop may be
 * asked for again. */
static void waiting_expire(struct dataplane *dp)
{
	struct punt *punt = dp->punt;
	uint64_t now = rte_rdtsc(), hz = rte_get_tsc_hz();

	for (uint32_t i = 0; i < punt->n_waiting;) {
		struct waiting *waiting = &punt->waiting[i];
		uint64_t age = now - waiting->asked;
		bool idle = waiting->count == 0;

		if (age < (idle ? ASK_AGAIN_S : WAITING_S) * hz) {
			i++;
			continue;
		}
		punt_drop(dp, NEIGHBOUR_NODE, waiting->mbufs, waiting->count,
		          DROP_NEIGHBOUR_FAILED);
		punt->n_held -= waiting->count;
		waiting_remove(dp, waiting);
	}
}

unsigned int punt_poll(struct dataplane *dp)
{
	unsigned int total = ring_take(dp);

	waiting_expire(dp);
	return total;
}

const uint64_t *punt_drops(const struct dataplane *dp)
{
	return dp->punt->drops;
}
