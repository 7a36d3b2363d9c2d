/* SPDX-License-Identifier: BSD-3-Clause */
/* Receiving and sending on an AF_XDP socket: the queue's worker alone. */
#include "net/xdp/socket.h"
#include "net/xdp/uapi.h"

#include <errno.h>
#include <sys/socket.h>

#define FILL_BURST     64
#define FILL_MIN       16 /* fewer are not worth a visit to the pool */
#define DONE_BURST     64
#define SEGMENTS_MAX   16
#define KICKS_MAX      (2 * XDP_RING_SIZE / 32) /* a call sends 32 frames at least, or waits */
#define MBUF_OFFSET(a) ((a) >> XSK_UNALIGNED_BUF_OFFSET_SHIFT)

static inline struct rte_mbuf *mbuf_at(const struct xdp_socket *xsk, uint64_t address)
{
	return (struct rte_mbuf *)(xsk->base + (address & XSK_UNALIGNED_BUF_ADDR_MASK));
}

bool xdp_fill(struct xdp_socket *xsk)
{
	uint32_t count = RTE_MIN(xsk->fill_target - xsk->lent, (uint32_t)FILL_BURST);
	struct rte_mbuf *mbufs[FILL_BURST];
	uint64_t *entries = xsk->fill.entries;

	count = ring_room(&xsk->fill, count);
	if (count == 0)
		return true;
	if (rte_mempool_get_bulk(xsk->pool, (void **)mbufs, count) != 0)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		mbufs[i]->port = xsk->lent_rx;
		entries[xsk->fill.mine++ & xsk->fill.mask] =
		        (uint64_t)((uint8_t *)mbufs[i] - xsk->base);
	}
	ring_produced(&xsk->fill);
	xsk->lent += count;
	if (unlikely(*xsk->fill.flags & XDP_RING_NEED_WAKEUP))
		recvfrom(xsk->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
	return xsk->lent == xsk->fill_target;
}

static inline struct rte_mbuf *frame_take(const struct xdp_socket *xsk, const struct xdp_desc *desc)
{
	struct rte_mbuf *mbuf = mbuf_at(xsk, desc->addr);
	const uint8_t *data = (const uint8_t *)mbuf + MBUF_OFFSET(desc->addr);

	mbuf->data_off = data - (const uint8_t *)mbuf->buf_addr;
	mbuf->port = RTE_MBUF_PORT_INVALID;
	mbuf->ol_flags = 0;
	mbuf->packet_type = 0;
	mbuf->data_len = desc->len;
	mbuf->pkt_len = desc->len;
	return mbuf;
}

/*
 * A frame in several buffers becomes one large buffer: every node reads a packet in one piece. This
 * is a copy, of frames that are larger than any media. NULL: there was no large buffer.
 */
static struct rte_mbuf *frame_gather(struct xdp_socket *xsk, struct rte_mbuf *head)
{
	struct rte_mbuf *jumbo = rte_pktmbuf_alloc(xsk->jumbo);
	char *to = jumbo != NULL ? rte_pktmbuf_append(jumbo, head->pkt_len) : NULL;

	for (struct rte_mbuf *piece = head; piece != NULL && to != NULL; piece = piece->next) {
		memcpy(to, rte_pktmbuf_mtod(piece, void *), piece->data_len);
		to += piece->data_len;
	}
	if (to == NULL) {
		rte_pktmbuf_free(jumbo);
		xsk->counters.rx_no_buffer++;
		jumbo = NULL;
	}
	rte_pktmbuf_free(head);
	return jumbo;
}

/* Another piece of a frame; the whole frame with its last one, or NULL. */
static struct rte_mbuf *piece_take(struct xdp_socket *xsk, struct rte_mbuf *piece, bool last)
{
	struct rte_mbuf *head = xsk->head;

	if (head == NULL) {
		head = piece;
		xsk->head = piece;
	} else if (head->nb_segs == SEGMENTS_MAX) {
		head->pkt_len += piece->data_len; /* too long for any buffer: gathering fails */
		rte_mbuf_raw_free(piece);
	} else {
		xsk->tail->next = piece;
		head->nb_segs++;
		head->pkt_len += piece->data_len;
	}
	if (head->nb_segs < SEGMENTS_MAX)
		xsk->tail = piece;
	if (!last)
		return NULL;
	xsk->head = NULL;
	return frame_gather(xsk, head);
}

uint16_t xdp_rx_burst(struct xdp_socket *xsk, struct rte_mbuf **mbufs, uint16_t max)
{
	const struct xdp_desc *entries = xsk->rx.entries;
	uint32_t ready = ring_ready(&xsk->rx, max);
	uint16_t count = 0;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < ready; i++) {
		const struct xdp_desc *desc = &entries[xsk->rx.mine++ & xsk->rx.mask];
		struct rte_mbuf *mbuf = frame_take(xsk, desc);
		bool goes_on = desc->options & XDP_PKT_CONTD;

		if (unlikely(goes_on || xsk->head != NULL)) {
			mbuf = piece_take(xsk, mbuf, !goes_on);
			if (mbuf == NULL)
				continue;
		}
		bytes += mbuf->pkt_len;
		mbufs[count++] = mbuf;
	}
	if (ready != 0) {
		ring_consumed(&xsk->rx);
		xsk->lent -= ready;
		xsk->counters.rx_packets += count;
		xsk->counters.rx_bytes += bytes;
	}
	if (xsk->fill_target - xsk->lent >= FILL_MIN)
		xdp_fill(xsk);
	return count;
}

/* Buffers that the kernel has sent come back. */
static void tx_reclaim(struct xdp_socket *xsk)
{
	const uint64_t *entries = xsk->done.entries;
	struct rte_mbuf *mbufs[DONE_BURST];
	uint32_t count;

	while ((count = ring_ready(&xsk->done, DONE_BURST)) != 0) {
		for (uint32_t i = 0; i < count; i++) {
			mbufs[i] = mbuf_at(xsk, entries[xsk->done.mine++ & xsk->done.mask]);
			mbufs[i]->port = RTE_MBUF_PORT_INVALID;
		}
		ring_consumed(&xsk->done);
		rte_mempool_put_bulk(xsk->pool, (void **)mbufs, count);
	}
}

static inline void tx_put(struct xdp_socket *xsk, struct rte_mbuf *mbuf, uint32_t options)
{
	struct xdp_desc *entries = xsk->tx.entries;
	uint64_t offset = (uint64_t)(rte_pktmbuf_mtod(mbuf, uint8_t *) - (uint8_t *)mbuf);

	mbuf->port = xsk->lent_tx;
	entries[xsk->tx.mine++ & xsk->tx.mask] = (struct xdp_desc){
	        .addr = (uint64_t)((uint8_t *)mbuf - xsk->base) |
	                offset << XSK_UNALIGNED_BUF_OFFSET_SHIFT,
	        .len = mbuf->data_len,
	        .options = options,
	};
}

/* The kernel may have it as it lies. */
static inline bool is_ours_alone(const struct xdp_socket *xsk, const struct rte_mbuf *mbuf)
{
	return mbuf->pool == xsk->pool && mbuf->nb_segs == 1 && RTE_MBUF_DIRECT(mbuf) &&
	       rte_mbuf_refcnt_read(mbuf) == 1;
}

/*
 * A frame that lies outside the UMEM, or that others read: copied into buffers of the UMEM. False
 * with `*full` where it has to wait for room, false without where it can never be sent.
 */
static bool tx_copy(struct xdp_socket *xsk, struct rte_mbuf *mbuf, bool *full)
{
	struct rte_mbuf *pieces[SEGMENTS_MAX];
	uint32_t left = mbuf->pkt_len, at = 0;
	uint32_t count = (left + xsk->frame_max - 1) / xsk->frame_max;

	*full = false;
	if (count > (xsk->segments ? SEGMENTS_MAX : 1))
		return false;
	*full = true;
	if (ring_room(&xsk->tx, count) < count ||
	    rte_pktmbuf_alloc_bulk(xsk->pool, pieces, count) != 0)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t length = RTE_MIN(left, (uint32_t)xsk->frame_max);
		char *to = rte_pktmbuf_append(pieces[i], length);
		const void *from = rte_pktmbuf_read(mbuf, at, length, to);

		if (from != to)
			memcpy(to, from, length);
		at += length;
		left -= length;
		tx_put(xsk, pieces[i], left != 0 ? XDP_PKT_CONTD : 0);
	}
	rte_pktmbuf_free(mbuf);
	return true;
}

/* Room for all of them, if the kernel can make it. */
static void tx_make_room(struct xdp_socket *xsk, uint16_t count)
{
	tx_reclaim(xsk);
	if (likely(ring_room(&xsk->tx, count) == count))
		return;
	ring_produced(&xsk->tx);
	xdp_kick(xsk);
	tx_reclaim(xsk);
}

/* Each frame by itself. */
static uint16_t frames_put(struct xdp_socket *xsk, struct rte_mbuf **mbufs, uint16_t count)
{
	uint16_t sent;
	uint64_t bytes = 0;

	tx_make_room(xsk, count);
	for (sent = 0; sent < count; sent++) {
		struct rte_mbuf *mbuf = mbufs[sent];
		uint32_t length = mbuf->pkt_len;
		bool full;

		if (likely(is_ours_alone(xsk, mbuf))) {
			if (unlikely(ring_room(&xsk->tx, 1) == 0))
				break;
			tx_put(xsk, mbuf, 0);
		} else if (!tx_copy(xsk, mbuf, &full)) {
			if (full)
				break;
			xsk->counters.tx_errors++;
			rte_pktmbuf_free(mbuf);
			continue;
		}
		bytes += length;
		xsk->counters.tx_packets++;
	}
	ring_produced(&xsk->tx);
	xsk->counters.tx_bytes += bytes;
	xsk->kick = true;
	return sent;
}

/* As one frame; behind those that were put before them, or not at all. */
static bool run_send(struct xdp_socket *xsk, struct rte_mbuf **mbufs, uint16_t count)
{
	if (xsk->kick && !xdp_kick(xsk))
		return false;
	if (!uso_send(&xsk->uso, mbufs, count))
		return false;
	for (uint16_t i = 0; i < count; i++)
		xsk->counters.tx_bytes += mbufs[i]->pkt_len;
	xsk->counters.tx_packets += count;
	rte_pktmbuf_free_bulk(mbufs, count);
	return true;
}

/* Those from `put` on, before `at`, leave by themselves. */
static uint16_t runs_put(struct xdp_socket *xsk, struct rte_mbuf **mbufs, uint16_t count)
{
	uint16_t put = 0, at = 0;

	while (at < count) {
		uint16_t run = uso_run(mbufs + at, count - at);

		if (run > 1) {
			if (at > put)
				put += frames_put(xsk, mbufs + put, at - put);
			if (put < at)
				return put;
			if (run_send(xsk, mbufs + at, run))
				put += run;
		}
		at += run;
	}
	return put < count ? put + frames_put(xsk, mbufs + put, count - put) : put;
}

uint16_t xdp_tx_burst(struct xdp_socket *xsk, struct rte_mbuf **mbufs, uint16_t count)
{
	return uso_is_on(&xsk->uso) ? runs_put(xsk, mbufs, count) : frames_put(xsk, mbufs, count);
}

static inline uint32_t tx_waiting(const struct xdp_socket *xsk)
{
	return xsk->tx.mine - __atomic_load_n(xsk->tx.consumer, __ATOMIC_ACQUIRE);
}

/* Where the kernel copies, a call sends; EBUSY then is a frame that the interface refused, and is
 * lost. */
bool xdp_kick(struct xdp_socket *xsk)
{
	uint32_t waiting = tx_waiting(xsk);

	for (int i = 0; i < KICKS_MAX && waiting != 0; i++) {
		uint32_t before = waiting;
		int error = 0;

		if (xsk->zero_copy && !(*xsk->tx.flags & XDP_RING_NEED_WAKEUP))
			break;
		if (sendto(xsk->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0)
			error = errno;
		waiting = xsk->zero_copy ? 0 : tx_waiting(xsk);
		if (error != 0 && waiting == before)
			break;
		if (error == EBUSY && !xsk->zero_copy)
			xsk->counters.tx_errors++;
	}
	xsk->kick = !xsk->zero_copy && waiting != 0;
	return !xsk->kick;
}

void xdp_socket_discard(struct xdp_socket *xsk)
{
	if (xsk->can_send) {
		xdp_kick(xsk);
		xsk->counters.tx_errors += tx_waiting(xsk);
	}
	xsk->counters.rx_no_buffer += ring_ready(&xsk->rx, XDP_RING_SIZE);
}
