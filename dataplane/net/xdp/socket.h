/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An AF_XDP socket: one receive queue of a kernel interface. The packet pool is its UMEM, every
 * buffer of it: a chunk is an mbuf, from its struct to the end of its data, so that a buffer in one
 * of the kernel's rings is an mbuf without a copy. The worker that polls the queue is the only one
 * that receives, sends and wakes the kernel.
 */
#ifndef NET_XDP_SOCKET_H
#define NET_XDP_SOCKET_H

#include <stdbool.h>

#include <linux/if_xdp.h>
#include <rte_mbuf.h>

#include "net/xdp/ring.h"
#include "net/xdp/uso.h"

#define XDP_RING_SIZE 2048

struct xdp_socket_counters {
	uint64_t rx_packets, rx_bytes;
	uint64_t rx_no_buffer; /* frames in several buffers for which there was no large one, and
	                          frames that stood in a ring when it was closed */
	uint64_t tx_packets, tx_bytes;
	uint64_t tx_errors; /* frames that the kernel dropped in our call, or that fit no buffer */
};

/* What the kernel counts: frames that it lost on the way to us, and descriptors that it refused. */
struct xdp_socket_losses {
	uint64_t missed;
	uint64_t no_fill; /* of these, because the fill ring was empty */
	uint64_t refused_rx, refused_tx;
};

struct xdp_socket {
	/* const after open */
	int fd;
	uint16_t queue;
	uint16_t frame_max;   /* bytes of a frame that one buffer takes */
	uint16_t lent_rx;     /* mbuf->port of an mbuf that the kernel has, to fill it */
	uint16_t lent_tx;     /* ... to send it */
	uint32_t fill_target; /* buffers that the kernel should have to fill */
	bool can_send;
	bool segments; /* frames may lie in several buffers */
	bool zero_copy;
	uint8_t *base;             /* the UMEM's first byte */
	struct rte_mempool *pool;  /* of the UMEM */
	struct rte_mempool *jumbo; /* of what one buffer cannot hold; NULL: no such frames */

	/* written by the queue's worker */
	struct xdp_ring rx __rte_cache_aligned;
	struct xdp_ring fill;
	struct xdp_ring tx;
	struct xdp_ring done;
	uint32_t lent;         /* buffers that the kernel has to fill */
	struct uso uso;        /* never of a queue with zero copy */
	bool kick;             /* frames stand in the tx ring that the kernel was not told of */
	struct rte_mbuf *head; /* of a frame in several buffers whose last one has not come */
	struct rte_mbuf *tail;
	/* read by the control thread */
	struct xdp_socket_counters counters;
};

/* The memory from which a pool's mbufs come; false where it is not one range. */
bool xdp_umem_range(const struct rte_mempool *pool, uint8_t **base, size_t *length);

struct xdp_socket_options {
	int ifindex;
	uint16_t queue;
	uint16_t lent_rx, lent_tx;
	uint16_t frame_length; /* of the largest frame */
	uint32_t fill_target;
	bool can_send;
	int umem; /* a socket of the same interface whose UMEM is shared; -1: registers its own */
	struct rte_mempool *pool, *jumbo;
};

/*
 * Control thread; -errno where the kernel refuses, with the step's name in *step, and then it is
 * closed. Makes it with its memory and rings: lent_rx, lent_tx and umem are not used. Another
 * socket may have the queue still.
 */
int xdp_socket_make(struct xdp_socket *xsk, const struct xdp_socket_options *options,
                    const char **step);
/* Binds it to its queue and fills it, with the same options. Waits for a queue that the kernel is
 * still taking back from a socket that was closed. */
int xdp_socket_bind(struct xdp_socket *xsk, const struct xdp_socket_options *options,
                    const char **step);
/* Both. */
int xdp_socket_open(struct xdp_socket *xsk, const struct xdp_socket_options *options,
                    const char **step);
/* Behind the workers, before a close that is not the port's end: what stands in its rings is lost,
 * and counted as the kernel's losses are. */
void xdp_socket_discard(struct xdp_socket *xsk);
/* Behind the workers. The buffers come back by xdp_buffers_reclaim. */
void xdp_socket_close(struct xdp_socket *xsk);
/* Frees every buffer of the pool that is marked as lent to the closed socket. */
void xdp_buffers_reclaim(const struct xdp_socket *xsk);
void xdp_socket_losses(const struct xdp_socket *xsk, struct xdp_socket_losses *losses);

/* The queue's worker. */
uint16_t xdp_rx_burst(struct xdp_socket *xsk, struct rte_mbuf **mbufs, uint16_t max);
/* Returns how many it took, sent or counted as errors; xdp_kick sends them. */
uint16_t xdp_tx_burst(struct xdp_socket *xsk, struct rte_mbuf **mbufs, uint16_t count);
/* Wakes the kernel for what xdp_tx_burst took. False: some of it has to wait. */
bool xdp_kick(struct xdp_socket *xsk);
/* Gives the kernel buffers to fill, up to the target; true when it has them. */
bool xdp_fill(struct xdp_socket *xsk);

#endif
