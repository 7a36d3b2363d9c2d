/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/xdp/socket.h"
#include "net/xdp/uapi.h"

#include <rte_ether.h>

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEND_BUFFER  (8 << 20)
#define TX_BUDGET    256  /* frames that one call sends, where the kernel lets us choose */
#define BUSY_WAIT_US 1000 /* between two tries for a queue that is being given back */
#define BUSY_TRIES   2000
#define POOL_KEPT    16     /* this part of a pool is lent to no port */
#define LENT_NONE    0xfffe /* no mbuf->port: nothing was lent to the kernel yet */

bool xdp_umem_range(const struct rte_mempool *pool, uint8_t **base, size_t *length)
{
	uintptr_t page = (uintptr_t)getpagesize() - 1, first = UINTPTR_MAX, end = 0;
	const struct rte_mempool_memhdr *chunk;
	size_t sum = 0;

	STAILQ_FOREACH(chunk, &pool->mem_list, next)
	{
		uintptr_t at = (uintptr_t)chunk->addr;

		first = RTE_MIN(first, at);
		end = RTE_MAX(end, at + chunk->len);
		sum += chunk->len;
	}
	first &= ~page;
	end = (end + page) & ~page;
	*base = (uint8_t *)first;
	*length = end - first;
	/* what lies between chunks was lost to alignment, or is not in the UMEM */
	return end > first && end - first < 2 * sum + page;
}

static int option_set(int fd, int option, const void *value, socklen_t size)
{
	return setsockopt(fd, SOL_XDP, option, value, size) == 0 ? 0 : -errno;
}

/* Headroom: with the kernel's own, frames start where every mbuf's data does. */
static int umem_register(const struct xdp_socket *xsk)
{
	struct xdp_umem_reg umem = {
	        .chunk_size = xsk->pool->elt_size,
	        .headroom = sizeof(struct rte_mbuf) + rte_pktmbuf_priv_size(xsk->pool) +
	                    RTE_PKTMBUF_HEADROOM - XDP_PACKET_HEADROOM,
	        .flags = XDP_UMEM_UNALIGNED_CHUNK_FLAG,
	};
	uint8_t *base;
	size_t length;

	if (!xdp_umem_range(xsk->pool, &base, &length))
		return -EFAULT;
	umem.addr = (uintptr_t)base;
	umem.len = length;
	umem.chunk_size = RTE_MIN(umem.chunk_size, (uint32_t)getpagesize());
	return option_set(xsk->fd, XDP_UMEM_REG, &umem, sizeof(umem));
}

static int ring_map(struct xdp_ring *ring, int fd, const struct xdp_ring_offset *at, uint64_t page,
                    size_t entry)
{
	size_t length = at->desc + XDP_RING_SIZE * entry;
	uint8_t *map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
	                    (off_t)page);

	if (map == MAP_FAILED)
		return -errno;
	*ring = (struct xdp_ring){
	        .producer = (uint32_t *)(map + at->producer),
	        .consumer = (uint32_t *)(map + at->consumer),
	        .flags = (uint32_t *)(map + at->flags),
	        .entries = map + at->desc,
	        .mask = XDP_RING_SIZE - 1,
	        .map = map,
	        .length = length,
	};
	return 0;
}

static int rings_create(struct xdp_socket *xsk)
{
	static const int options[] = {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING,
	                              XDP_TX_RING};
	size_t count = RTE_DIM(options) - (xsk->can_send ? 0 : 1);
	struct xdp_mmap_offsets at;
	socklen_t size = sizeof(at);
	const int entries = XDP_RING_SIZE;
	int fd = xsk->fd, ret = 0;

	for (size_t i = 0; i < count && ret == 0; i++)
		ret = option_set(fd, options[i], &entries, sizeof(entries));
	if (ret == 0 && getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &size) != 0)
		ret = -errno;
	if (ret == 0)
		ret = ring_map(&xsk->fill, fd, &at.fr, XDP_UMEM_PGOFF_FILL_RING, sizeof(uint64_t));
	if (ret == 0)
		ret = ring_map(&xsk->done, fd, &at.cr, XDP_UMEM_PGOFF_COMPLETION_RING,
		               sizeof(uint64_t));
	if (ret == 0)
		ret = ring_map(&xsk->rx, fd, &at.rx, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc));
	if (ret == 0 && xsk->can_send)
		ret = ring_map(&xsk->tx, fd, &at.tx, XDP_PGOFF_TX_RING, sizeof(struct xdp_desc));
	return ret;
}

/* Zero copy where the driver has it, else the kernel copies. */
static int queue_bind(const struct xdp_socket *xsk, const struct xdp_socket_options *options)
{
	struct sockaddr_xdp address = {
	        .sxdp_family = AF_XDP,
	        .sxdp_flags = XDP_USE_NEED_WAKEUP | (xsk->segments ? XDP_USE_SG : 0),
	        .sxdp_ifindex = (uint32_t)options->ifindex,
	        .sxdp_queue_id = options->queue,
	};

	if (options->umem >= 0) {
		address.sxdp_flags = XDP_SHARED_UMEM;
		address.sxdp_shared_umem_fd = (uint32_t)options->umem;
	}
	for (int i = 0; i < BUSY_TRIES; i++) {
		if (bind(xsk->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return 0;
		if (errno != EBUSY)
			break;
		usleep(BUSY_WAIT_US);
	}
	return -errno;
}

static void socket_tune(struct xdp_socket *xsk)
{
	struct xdp_options options;
	socklen_t size = sizeof(options);
	const int room = SEND_BUFFER, budget = TX_BUDGET;

	if (setsockopt(xsk->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0)
		setsockopt(xsk->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	option_set(xsk->fd, XDP_MAX_TX_SKB_BUDGET, &budget, sizeof(budget));
	if (getsockopt(xsk->fd, SOL_XDP, XDP_OPTIONS, &options, &size) == 0)
		xsk->zero_copy = options.flags & XDP_OPTIONS_ZEROCOPY;
}

static int socket_failed(struct xdp_socket *xsk, int error)
{
	xdp_socket_close(xsk);
	xdp_buffers_reclaim(xsk);
	return error;
}

/* In the order in which the kernel wants it; the first that fails is named. */
int xdp_socket_make(struct xdp_socket *xsk, const struct xdp_socket_options *options,
                    const char **step)
{
	uint16_t chunk = RTE_MIN(options->pool->elt_size, (uint32_t)getpagesize());
	size_t length;
	int ret = 0;

	*xsk = (struct xdp_socket){
	        .queue = options->queue,
	        .lent_rx = LENT_NONE,
	        .lent_tx = LENT_NONE,
	        .fill_target = options->fill_target,
	        .can_send = options->can_send,
	        .uso.fd = -1,
	        .pool = options->pool,
	        .jumbo = options->jumbo,
	};
	xsk->frame_max = chunk - sizeof(struct rte_mbuf) - rte_pktmbuf_priv_size(options->pool) -
	                 RTE_PKTMBUF_HEADROOM;
	xsk->segments = options->jumbo != NULL && options->frame_length > xsk->frame_max;
	xsk->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	*step = "socket(AF_XDP)";
	if (xsk->fd < 0)
		return -errno;
	*step = "packet memory (XDP_UMEM_REG)";
	if (options->queue == 0)
		ret = umem_register(xsk);
	if (ret != 0)
		return socket_failed(xsk, ret);
	xdp_umem_range(xsk->pool, &xsk->base, &length);
	*step = "rings";
	ret = rings_create(xsk);
	return ret == 0 ? 0 : socket_failed(xsk, ret);
}

/* All that it may hold, while the pool keeps what packets on their way need. */
static int buffers_lend(struct xdp_socket *xsk)
{
	uint32_t lent;

	do {
		lent = xsk->lent;
		if (xdp_fill(xsk))
			return rte_mempool_avail_count(xsk->pool) >= xsk->pool->size / POOL_KEPT
			               ? 0
			               : -ENOBUFS;
	} while (xsk->lent > lent);
	return -ENOBUFS;
}

int xdp_socket_bind(struct xdp_socket *xsk, const struct xdp_socket_options *options,
                    const char **step)
{
	int ret = queue_bind(xsk, options);

	*step = "bind";
	if (ret != 0)
		return socket_failed(xsk, ret);
	socket_tune(xsk);
	if (xsk->can_send && !xsk->zero_copy)
		uso_open(&xsk->uso, options->ifindex);
	xsk->lent_rx = options->lent_rx;
	xsk->lent_tx = options->lent_tx;
	*step = "buffers";
	ret = buffers_lend(xsk);
	return ret == 0 ? 0 : socket_failed(xsk, ret);
}

int xdp_socket_open(struct xdp_socket *xsk, const struct xdp_socket_options *options,
                    const char **step)
{
	int ret = xdp_socket_make(xsk, options, step);

	return ret == 0 ? xdp_socket_bind(xsk, options, step) : ret;
}

static void ring_unmap(struct xdp_ring *ring)
{
	if (ring->length != 0)
		munmap(ring->map, ring->length);
	*ring = (struct xdp_ring){0};
}

void xdp_socket_close(struct xdp_socket *xsk)
{
	ring_unmap(&xsk->rx);
	ring_unmap(&xsk->fill);
	ring_unmap(&xsk->tx);
	ring_unmap(&xsk->done);
	uso_close(&xsk->uso);
	if (xsk->fd >= 0)
		close(xsk->fd);
	xsk->fd = -1;
	rte_pktmbuf_free(xsk->head);
	xsk->head = NULL;
}

static void buffer_reclaim(struct rte_mempool *pool, void *arg, void *object, unsigned int index)
{
	const struct xdp_socket *xsk = arg;
	struct rte_mbuf *mbuf = object;

	if (mbuf->port != xsk->lent_rx && mbuf->port != xsk->lent_tx)
		return;
	mbuf->port = RTE_MBUF_PORT_INVALID;
	rte_mbuf_raw_free(mbuf);
}

void xdp_buffers_reclaim(const struct xdp_socket *xsk)
{
	if (xsk->lent_rx == LENT_NONE)
		return;
	rte_mempool_obj_iter(xsk->pool, buffer_reclaim, (void *)(uintptr_t)xsk);
}

void xdp_socket_losses(const struct xdp_socket *xsk, struct xdp_socket_losses *losses)
{
	struct xdp_statistics statistics = {0};
	socklen_t size = sizeof(statistics);

	*losses = (struct xdp_socket_losses){0};
	if (getsockopt(xsk->fd, SOL_XDP, XDP_STATISTICS, &statistics, &size) != 0)
		return;
	/* where the kernel copies, a frame that found no buffer is among the dropped ones as well
	 */
	losses->missed = RTE_MAX(statistics.rx_dropped, statistics.rx_fill_ring_empty_descs) +
	                 statistics.rx_ring_full;
	losses->no_fill = statistics.rx_fill_ring_empty_descs;
	losses->refused_rx = statistics.rx_invalid_descs;
	losses->refused_tx = statistics.tx_invalid_descs;
}
