/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP segmentation offload: datagrams of one flow that follow each other, all of one length but the
 * last, which may be shorter, leave as one frame. It passes the kernel's stacks once, and is cut
 * into datagrams again by what can do that at the least cost: the receiving socket, or a NIC.
 * AF_XDP has no such frames: they leave by a packet socket.
 */
#ifndef NET_XDP_USO_H
#define NET_XDP_USO_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#define USO_RUN_MIN 4  /* fewer are not worth a call of their own */
#define USO_RUN_MAX 64 /* the least of what kernels take */

struct uso {
	int fd; /* const after open; -1: there is no such socket */
	/* atomic; the control thread writes whether the interface can do it, and the worker 0 where
	 * the kernel takes none */
	uint32_t enabled;
	uint32_t refused; /* frames that it has not taken since it took one; the worker's */
};

/* Control thread. Without the socket (it wants CAP_NET_RAW) every frame is one datagram. */
void uso_open(struct uso *uso, int ifindex);
void uso_close(struct uso *uso);

/* The queue's worker. */
static inline bool uso_is_on(const struct uso *uso)
{
	return __atomic_load_n(&uso->enabled, __ATOMIC_RELAXED) && uso->fd >= 0;
}

/*
 * How many frames, from the first one on, can leave as one, USO_RUN_MIN at least; 1: it leaves by
 * itself. A checksum is made again where a run is cut, so that only datagrams whose own one is
 * right belong to a run.
 */
uint16_t uso_run(struct rte_mbuf *const *mbufs, uint16_t count);

/* Sends a run as one frame; the mbufs stay the caller's. False: it was not sent. */
bool uso_send(struct uso *uso, struct rte_mbuf *const *mbufs, uint16_t count);

#endif
