/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/xdp/uso.h"
#include "net/checksum.h"

#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5 /* kernel 6.2 */
#endif
#define SEND_BUFFER (8 << 20)
#define BYTES_MAX   64000 /* of a run: an IP length has 16 bits */
#define REFUSED_MAX 8     /* then this kernel has no such frames */
#define L2_LENGTH   sizeof(struct rte_ether_hdr)
#define HEADERS_MAX (L2_LENGTH + sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_udp_hdr))

/* A frame that holds an untagged datagram and nothing else. */
struct datagram {
	uint8_t *frame;
	bool v4;
	uint16_t headers; /* bytes */
	uint16_t payload;
};

void uso_open(struct uso *uso, int ifindex)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = ifindex};
	const int yes = 1, room = SEND_BUFFER;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* receives nothing */

	*uso = (struct uso){.fd = -1};
	if (fd < 0)
		return;
	/* past the queueing discipline, as AF_XDP's frames go */
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof(yes)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes)) != 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	uso->fd = fd;
}

void uso_close(struct uso *uso)
{
	if (uso->fd >= 0)
		close(uso->fd);
	uso->fd = -1;
}

static inline struct rte_udp_hdr *udp_of(const struct datagram *datagram)
{
	return (struct rte_udp_hdr *)(datagram->frame + datagram->headers) - 1;
}

/* IPv4 only with DF, whose identification means nothing: those of a run count up from the first
 * one's. */
static inline bool ip_is_plain(const struct datagram *datagram, uint16_t ip_length)
{
	const struct rte_ipv4_hdr *ip4 = (const void *)(datagram->frame + L2_LENGTH);
	const struct rte_ipv6_hdr *ip6 = (const void *)ip4;

	if (datagram->v4)
		return ip4->version_ihl == RTE_IPV4_VHL_DEF && ip4->next_proto_id == IPPROTO_UDP &&
		       ip4->fragment_offset == RTE_BE16(RTE_IPV4_HDR_DF_FLAG) &&
		       ip4->total_length == rte_cpu_to_be_16(ip_length);
	return ip6->proto == IPPROTO_UDP &&
	       ip6->payload_len == rte_cpu_to_be_16(ip_length - sizeof(*ip6));
}

static inline bool datagram_read(const struct rte_mbuf *mbuf, struct datagram *datagram)
{
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
	uint16_t type = ((const struct rte_ether_hdr *)frame)->ether_type;
	uint16_t ip_length = mbuf->data_len - L2_LENGTH, l3_length;
	const struct rte_udp_hdr *udp;

	if (mbuf->nb_segs != 1 || mbuf->data_len <= HEADERS_MAX)
		return false;
	datagram->v4 = type == RTE_BE16(RTE_ETHER_TYPE_IPV4);
	if (!datagram->v4 && type != RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return false;
	l3_length = datagram->v4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	datagram->frame = frame;
	datagram->headers = L2_LENGTH + l3_length + sizeof(*udp);
	datagram->payload = mbuf->data_len - datagram->headers;
	udp = udp_of(datagram);
	return ip_is_plain(datagram, ip_length) && udp->dgram_cksum != 0 &&
	       udp->dgram_len == rte_cpu_to_be_16(ip_length - l3_length);
}

/* All but lengths and checksums. */
static inline bool is_same_flow(const struct datagram *a, const struct datagram *b)
{
	const uint8_t *at = a->frame, *bt = b->frame;

	if (a->headers != b->headers)
		return false;
	if (a->v4) /* MACs, type, TOS; identification to protocol; addresses and ports */
		return memcmp(at, bt, 16) == 0 && memcmp(at + 18, bt + 18, 6) == 0 &&
		       memcmp(at + 26, bt + 26, 12) == 0;
	/* MACs, type, class, flow label; next header to ports */
	return memcmp(at, bt, 18) == 0 && memcmp(at + 20, bt + 20, 38) == 0;
}

/* The pseudo header of a datagram of this length. */
static uint64_t pseudo_sum(const struct datagram *datagram, uint16_t udp_length)
{
	const uint8_t *ip = datagram->frame + L2_LENGTH;
	uint64_t addresses =
	        datagram->v4 ? checksum_bytes(ip + offsetof(struct rte_ipv4_hdr, src_addr), 2 * 4)
	                     : checksum_bytes(ip + offsetof(struct rte_ipv6_hdr, src_addr), 2 * 16);

	return addresses + RTE_BE16(IPPROTO_UDP) + rte_cpu_to_be_16(udp_length);
}

static bool checksum_is_right(const struct datagram *datagram)
{
	uint16_t length = sizeof(struct rte_udp_hdr) + datagram->payload;

	return checksum_fold(pseudo_sum(datagram, length) +
	                     checksum_bytes(udp_of(datagram), length)) == 0xffff;
}

/* Behind the first one of a run, or itself. */
static inline bool goes_with(const struct datagram *first, const struct rte_mbuf *mbuf,
                             struct datagram *next)
{
	return datagram_read(mbuf, next) && is_same_flow(first, next) &&
	       next->payload <= first->payload;
}

uint16_t uso_run(struct rte_mbuf *const *mbufs, uint16_t count)
{
	struct datagram first, next;
	uint16_t most, run = 0;

	if (count < USO_RUN_MIN || !datagram_read(mbufs[0], &first))
		return 1;
	/* no checksum is made where headers say already that there are too few */
	for (uint16_t i = 1; i < USO_RUN_MIN; i++)
		if (!goes_with(&first, mbufs[i], &next))
			return 1;
	most = RTE_MIN(RTE_MIN(count, (uint16_t)USO_RUN_MAX),
	               (uint16_t)(BYTES_MAX / first.payload));
	while (run < most && goes_with(&first, mbufs[run], &next) && checksum_is_right(&next)) {
		run++;
		if (next.payload < first.payload)
			break;
	}
	return run < USO_RUN_MIN ? 1 : run;
}

/* The first one's headers, for all: the checksum is the pseudo header's, the rest is added where
 * the run is cut. */
static void headers_make(const struct datagram *first, uint32_t payload, uint8_t *headers)
{
	uint16_t udp_length = sizeof(struct rte_udp_hdr) + payload;
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(headers + first->headers) - 1;
	struct rte_ipv4_hdr *ip4 = (struct rte_ipv4_hdr *)(headers + L2_LENGTH);
	struct rte_ipv6_hdr *ip6 = (struct rte_ipv6_hdr *)ip4;

	memcpy(headers, first->frame, first->headers);
	udp->dgram_len = rte_cpu_to_be_16(udp_length);
	udp->dgram_cksum = checksum_fold(pseudo_sum(first, udp_length));
	if (first->v4) {
		ip4->total_length = rte_cpu_to_be_16(sizeof(*ip4) + udp_length);
		ip4->hdr_checksum = 0;
		ip4->hdr_checksum = (uint16_t)~checksum_ip4_header(ip4);
	} else {
		ip6->payload_len = rte_cpu_to_be_16(udp_length);
	}
}

/* That there is no room, or no link, says nothing about what it can do. */
static bool is_for_now(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENETDOWN;
}

bool uso_send(struct uso *uso, struct rte_mbuf *const *mbufs, uint16_t count)
{
	uint8_t headers[HEADERS_MAX] __rte_aligned(8);
	struct iovec pieces[2 + USO_RUN_MAX];
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2 + count};
	struct virtio_net_hdr offload;
	struct datagram first;
	uint32_t payload = 0;

	if (!datagram_read(mbufs[0], &first))
		return false;
	for (uint16_t i = 0; i < count; i++) {
		uint16_t length = mbufs[i]->data_len - first.headers;

		pieces[2 + i] = (struct iovec){
		        rte_pktmbuf_mtod_offset(mbufs[i], void *, first.headers), length};
		payload += length;
	}
	headers_make(&first, payload, headers);
	offload = (struct virtio_net_hdr){
	        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	        .gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
	        .hdr_len = first.headers,
	        .gso_size = first.payload,
	        .csum_start = first.headers - sizeof(struct rte_udp_hdr),
	        .csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum),
	};
	pieces[0] = (struct iovec){&offload, sizeof(offload)};
	pieces[1] = (struct iovec){headers, first.headers};
	if (likely(sendmsg(uso->fd, &message, MSG_DONTWAIT) >= 0)) {
		uso->refused = 0;
		return true;
	}
	if (!is_for_now(errno) && ++uso->refused >= REFUSED_MAX)
		__atomic_store_n(&uso->enabled, 0, __ATOMIC_RELAXED);
	return false;
}
