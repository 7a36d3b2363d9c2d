/* SPDX-License-Identifier: BSD-3-Clause */
/* Which datagrams leave as one frame, and what that frame says. A socket pair stands for the packet
 * socket; the test cuts the frame as a kernel does. */
#include "net_fixture.h"

#include "frame.h"
#include "net/xdp/uso.h"

#include <linux/virtio_net.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH     200 /* of a payload */
#define LONG       1000
#define MBUFS      80
#define ETHER      14
#define UDP_OFFSET 6 /* of the checksum in its header */

static const char *const hosts[2][2] = {{"198.18.2.1", "198.18.2.2"},
                                        {"2001:2:0:2::1", "2001:2:0:2::2"}};

/* How a frame differs from the first one. */
struct change {
	char letter;
	const char *what;
};

static void frame_change(struct frame *frame, char how, bool v4)
{
	switch (how) {
	case 's':
		frame->length = LENGTH - 1;
		break;
	case 'l':
		frame->length = LENGTH + 1;
		break;
	case 'p':
		frame->to.port = RTE_BE16(7001);
		break;
	case 'h':
		frame->to.ip = ip(v4 ? "198.18.2.3" : "2001:2:0:2::3");
		break;
	case 't':
		frame->hop_limit--;
		break;
	case 'c':
		frame->traffic_class = 0xb8;
		break;
	case 'm':
		frame->to_mac.addr_bytes[5]++;
		break;
	case 'v':
		frame->vlan = 7;
		break;
	case 'f':
		frame->dont_fragment = false;
		break;
	case 'z':
		frame->no_checksum = true;
		break;
	}
}

static struct rte_mbuf *frame_make(struct dataplane *dp, char how, bool v4, uint16_t length)
{
	static uint8_t payload[LONG + 1], count;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(dp->pool), *second;
	struct frame frame = {
	        .to_mac = {{2, 0, 0, 0, 0, 9}},
	        .from_mac = {{2, 0, 0, 0, 0, 1}},
	        .from = {.ip = ip(hosts[!v4][0]), .port = RTE_BE16(50000)},
	        .to = {.ip = ip(hosts[!v4][1]), .port = RTE_BE16(7000)},
	        .hop_limit = 63,
	        .dont_fragment = true,
	        .payload = payload,
	        .length = length,
	};
	uint8_t *data;

	assert_non_null(mbuf);
	memset(payload, ++count, sizeof(payload));
	frame_change(&frame, how, how == 'o' ? !v4 : v4);
	if (how == 'o') /* the other family */
		frame.from.ip = ip(hosts[v4][0]), frame.to.ip = ip(hosts[v4][1]);
	data = rte_pktmbuf_mtod(mbuf, uint8_t *);
	mbuf->data_len = frame_write(data, rte_pktmbuf_tailroom(mbuf), &frame);
	mbuf->pkt_len = mbuf->data_len;
	assert_int_not_equal(mbuf->data_len, 0);
	if (how == 'w') /* its sender's checksum is wrong, or was spoilt on the way */
		data[mbuf->data_len - 1] ^= 0x40;
	if (how == 'i') { /* not UDP */
		data[ETHER + (v4 ? 9 : 6)] = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		frame_mend(data, mbuf->data_len);
	}
	if (how == 'e') { /* bytes behind the datagram */
		mbuf->data_len++;
		mbuf->pkt_len++;
	}
	if (how == '2') { /* in two pieces */
		second = rte_pktmbuf_alloc(dp->pool);
		assert_non_null(second);
		mbuf->data_len -= 10;
		second->data_len = 10;
		mbuf->next = second;
		mbuf->nb_segs = 2;
	}
	return mbuf;
}

static uint16_t frames_make(struct dataplane *dp, struct rte_mbuf **mbufs, const char *frames,
                            bool v4)
{
	uint16_t count = 0;

	for (const char *at = frames; *at != '\0'; at++)
		mbufs[count++] = frame_make(dp, *at, v4, LENGTH);
	return count;
}

static void a_run_ends_where_a_datagram_differs(void **state)
{
	/* = is like the first one; the letters are those of frame_change and frame_make */
	static const struct {
		const char *frames;
		uint16_t run, run_ip6;
	} rows[] = {
	        {"=", 1, 1},      {"===", 1, 1},    {"====", 4, 4},  {"=======", 7, 7},
	        {"===s", 4, 4},   {"====s=", 5, 5}, {"===ss", 4, 4}, {"==s=", 1, 1},
	        {"=l==", 1, 1},   {"====l=", 4, 4}, {"=p==", 1, 1},  {"====p=", 4, 4},
	        {"=h===", 1, 1},  {"====t", 4, 4},  {"====c", 4, 4}, {"====m", 4, 4},
	        {"====v", 4, 4},  {"vvvv", 1, 1},   {"====f", 4, 5}, {"ffff", 1, 4},
	        {"====z", 4, 4},  {"zzzz", 1, 1},   {"====w", 4, 4}, {"w====", 1, 1},
	        {"===w==", 1, 1}, {"====i", 4, 4},  {"iiii", 1, 1},  {"====e", 4, 4},
	        {"eeee", 1, 1},   {"====2", 4, 4},  {"2222", 1, 1},  {"====o", 4, 4},
	        {"o====", 1, 1},  {"cccc", 4, 4},   {"ssss=", 4, 4},
	};

	for (size_t i = 0; i < 2 * RTE_DIM(rows); i++) {
		bool v4 = i & 1;
		struct rte_mbuf *mbufs[8];
		uint16_t count = frames_make(*state, mbufs, rows[i / 2].frames, v4);
		uint16_t run = uso_run(mbufs, count);

		if (run != (v4 ? rows[i / 2].run : rows[i / 2].run_ip6))
			fail_msg("%s, IPv%d: a run of %u", rows[i / 2].frames, v4 ? 4 : 6, run);
		rte_pktmbuf_free_bulk(mbufs, count);
	}
}

static void a_run_is_no_longer_than_a_kernel_takes(void **state)
{
	static const struct {
		uint16_t length, run;
	} rows[] = {{LENGTH, USO_RUN_MAX}, {LONG, 64000 / LONG}};
	struct rte_mbuf *mbufs[MBUFS];

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		for (int n = 0; n < MBUFS; n++)
			mbufs[n] = frame_make(*state, '=', true, rows[i].length);
		assert_int_equal(uso_run(mbufs, MBUFS), rows[i].run);
		rte_pktmbuf_free_bulk(mbufs, MBUFS);
	}
}

/* The n-th datagram of the frame, as the kernel makes it, is the one that was sent. */
static void segment_check(const uint8_t *frame, uint16_t headers, uint16_t size, uint16_t n,
                          const struct rte_mbuf *mbuf, bool v4)
{
	uint16_t payload = mbuf->data_len - headers;
	uint8_t cut[FRAME_MAX];
	struct frame read;

	memcpy(cut, frame, headers);
	memcpy(cut + headers, frame + headers + n * size, payload);
	if (v4)
		((struct rte_ipv4_hdr *)(cut + ETHER))->total_length =
		        rte_cpu_to_be_16(headers - ETHER + payload);
	else
		((struct rte_ipv6_hdr *)(cut + ETHER))->payload_len =
		        rte_cpu_to_be_16(sizeof(struct rte_udp_hdr) + payload);
	((struct rte_udp_hdr *)(cut + headers) - 1)->dgram_len =
	        rte_cpu_to_be_16(sizeof(struct rte_udp_hdr) + payload);
	frame_mend(cut, headers + payload);
	assert_null(frame_read(&read, cut, headers + payload));
	assert_memory_equal(cut, rte_pktmbuf_mtod(mbuf, void *), mbuf->data_len);
}

static uint16_t pseudo_header_sum(const uint8_t *frame, uint16_t length, bool v4)
{
	const uint8_t *addresses = frame + ETHER + (v4 ? 12 : 8);
	uint32_t sum = IPPROTO_UDP + length;

	for (int i = 0; i < (v4 ? 8 : 32); i += 2)
		sum += addresses[i] << 8 | addresses[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void run_check(struct dataplane *dp, const char *frames, bool v4)
{
	static uint8_t bytes[sizeof(struct virtio_net_hdr) + UINT16_MAX];
	const struct virtio_net_hdr *offload = (const void *)bytes;
	const uint8_t *frame = bytes + sizeof(*offload);
	uint16_t headers = ETHER + (v4 ? 20 : 40) + 8, count, udp_length;
	const struct rte_udp_hdr *udp = (const void *)(frame + headers - 8);
	struct rte_mbuf *mbufs[8];
	struct uso uso = {.enabled = 1, .refused = 3};
	int ends[2];
	ssize_t got;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	uso.fd = ends[0];
	count = frames_make(dp, mbufs, frames, v4);
	assert_int_equal(uso_run(mbufs, count), count);
	assert_true(uso_send(&uso, mbufs, count));
	assert_int_equal(uso.refused, 0);
	got = recv(ends[1], bytes, sizeof(bytes), MSG_DONTWAIT) - (ssize_t)sizeof(*offload);
	udp_length = got - headers + 8;
	assert_int_equal(offload->flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(offload->gso_type, 5); /* VIRTIO_NET_HDR_GSO_UDP_L4 */
	assert_int_equal(offload->hdr_len, headers);
	assert_int_equal(offload->gso_size, LENGTH);
	assert_int_equal(offload->csum_start, headers - 8);
	assert_int_equal(offload->csum_offset, UDP_OFFSET);
	assert_int_equal(rte_be_to_cpu_16(udp->dgram_len), udp_length);
	assert_int_equal(rte_be_to_cpu_16(udp->dgram_cksum),
	                 pseudo_header_sum(frame, udp_length, v4));
	if (v4)
		assert_int_equal(rte_ipv4_cksum((const void *)(frame + ETHER)), 0);
	for (uint16_t n = 0; n < count; n++)
		segment_check(frame, headers, LENGTH, n, mbufs[n], v4);
	rte_pktmbuf_free_bulk(mbufs, count);
	close(ends[0]);
	close(ends[1]);
}

static void the_frame_holds_what_was_sent(void **state)
{
	for (int i = 0; i < 2; i++) {
		run_check(*state, "====", i);
		run_check(*state, "===s", i);
		run_check(*state, "cccc", i);
	}
}

static void a_kernel_that_refuses_is_not_asked_for_ever(void **state)
{
	struct uso uso = {.fd = -1, .enabled = 1};
	struct rte_mbuf *mbufs[2];
	uint16_t count = frames_make(*state, mbufs, "==", true);
	int tries = 0;

	while (__atomic_load_n(&uso.enabled, __ATOMIC_RELAXED) && tries < 100) {
		assert_false(uso_send(&uso, mbufs, count));
		tries++;
	}
	assert_in_range(tries, 2, 99);
	assert_false(uso_is_on(&uso));
	rte_pktmbuf_free_bulk(mbufs, count);
}

/* What is over as soon as there is room again says nothing about the kernel. */
static void a_kernel_without_room_is_asked_again(void **state)
{
	static uint8_t bytes[UINT16_MAX];
	struct uso uso = {.enabled = 1};
	struct rte_mbuf *mbufs[4];
	uint16_t count = frames_make(*state, mbufs, "====", true);
	int ends[2], sent = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	uso.fd = ends[0];
	while (sent < 100000 && uso_send(&uso, mbufs, count))
		sent++;
	assert_in_range(sent, 1, 99999);
	for (int i = 0; i < 100; i++)
		assert_false(uso_send(&uso, mbufs, count));
	assert_true(uso_is_on(&uso));
	assert_true(recv(ends[1], bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
	assert_true(uso_send(&uso, mbufs, count));
	rte_pktmbuf_free_bulk(mbufs, count);
	close(ends[0]);
	close(ends[1]);
}

static void without_an_interface_there_is_no_socket(void **state)
{
	struct uso uso;

	uso_open(&uso, -1);
	assert_int_equal(uso.fd, -1);
	uso.enabled = 1;
	assert_false(uso_is_on(&uso));
	uso_close(&uso);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_run_ends_where_a_datagram_differs),
	        cmocka_unit_test(a_run_is_no_longer_than_a_kernel_takes),
	        cmocka_unit_test(the_frame_holds_what_was_sent),
	        cmocka_unit_test(a_kernel_that_refuses_is_not_asked_for_ever),
	        cmocka_unit_test(a_kernel_without_room_is_asked_again),
	        cmocka_unit_test(without_an_interface_there_is_no_socket),
	};

	return cmocka_run_group_tests_name("uso", tests, net_setup, net_teardown);
}
