/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What net_af_xdp of DPDK 22.11 leaves open when its port is closed: the umem's socket (it counts
 * references of shared umems alone), which keeps the interface's queue so that nobody could open it
 * again; the buffers that the kernel had been given to fill; and the descriptors of the XDP
 * object's program and maps. We remember which came with a port, and take it all back behind the
 * driver.
 */
#ifndef NET_XSK_H
#define NET_XSK_H

#include <stdint.h>

struct rte_mempool;

#define XSK_SET_MAX 128 /* descriptors of a port: its queues' sockets, a dozen of BPF */

struct xsk_set {
	uint32_t count;
	struct {
		int fd;
		uint64_t inode; /* of a socket; 0: a BPF object */
	} entries[XSK_SET_MAX];
};

/* AF_XDP sockets and BPF objects that this process has open now. */
void xsk_list(struct xsk_set *set);
/* Takes those of `before` out of `set`. */
void xsk_subtract(struct xsk_set *set, const struct xsk_set *before);
/*
 * Before the driver's close: frees the buffers that wait in the fill rings into `pool`. The program
 * must be off the interface, so that the kernel takes no more of them.
 */
void xsk_reclaim(const struct xsk_set *set, struct rte_mempool *pool);
/* After it: unmaps what is still mapped of the sockets and closes everything that is still open. */
void xsk_close(const struct xsk_set *set);

#endif
