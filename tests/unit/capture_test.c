/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures of a dataplane whose ports are rings, read back from what they wrote. */
#include "net_fixture.h"

#include "capture/program.h"
#include "capture/trace.h"
#include "capture_fixture.h"
#include "graph/packet.h"
#include "net/neighbour.h"
#include "net/port.h"
#include "net/punt.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 9}};

static int rig_setup(void **state)
{
	static struct rig rig;
	struct options options;

	signal(SIGPIPE, SIG_IGN);
	if (rig_eal("capture", 192, false) != 0)
		return -1;
	options_default(&options);
	options.mbufs = 4095;
	options.workers = 2;
	*state = &rig;
	if (rig_create(&rig, &options) != 0)
		return -1;
	return 0;
}

static int rig_teardown(void **state)
{
	rig_destroy(*state);
	return 0;
}

static void routes_set(struct rig *rig)
{
	const struct ip_addr peer = ip("198.18.2.2");
	const struct route route = {
	        .prefix = ip("198.18.2.0"), .length = 120, .port = rig->ports[1].index};

	assert_int_equal(fib_set(rig->dp, &route, 1), 0);
	assert_int_equal(rig_neighbour(rig, 1, &peer, &mac), 0);
}

/* -- traffic -- */

#define FRAME_SIZE 200

/* UDP from 198.18.1.2:5000 to a port of 198.18.1.1 that is nobody's: dropped as kernel_none. */
static void frame_make(uint8_t frame[FRAME_SIZE], uint16_t port)
{
	struct rte_ether_hdr *ether = (struct rte_ether_hdr *)frame;
	struct rte_ipv4_hdr *header = (struct rte_ipv4_hdr *)(ether + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(header + 1);

	memset(frame, 0x5a, FRAME_SIZE);
	*ether = (struct rte_ether_hdr){.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)};
	*header = (struct rte_ipv4_hdr){
	        .version_ihl = RTE_IPV4_VHL_DEF,
	        .total_length = rte_cpu_to_be_16(FRAME_SIZE - sizeof(*ether)),
	        .time_to_live = 64,
	        .next_proto_id = IPPROTO_UDP,
	        .src_addr = ip("198.18.1.2").words[3],
	        .dst_addr = ip("198.18.1.1").words[3],
	};
	header->hdr_checksum = rte_ipv4_cksum(header);
	*udp = (struct rte_udp_hdr){
	        .src_port = RTE_BE16(5000),
	        .dst_port = rte_cpu_to_be_16(port),
	        .dgram_len = rte_cpu_to_be_16(FRAME_SIZE - sizeof(*ether) - sizeof(*header)),
	};
}

static void receive(struct rig *rig, unsigned int port, uint16_t udp_port, uint32_t count)
{
	uint8_t frame[FRAME_SIZE];

	frame_make(frame, udp_port);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(rig_inject(rig, port, 0, frame, sizeof(frame)), 0);
		if (i % 512 == 511)
			rig_walk(rig);
	}
	rig_walk(rig);
}

/* As a node that sends leaves it. */
static void send_to(struct rig *rig, const char *destination, uint8_t byte)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig->dp->pool);

	assert_non_null(mbuf);
	memset(rte_pktmbuf_append(mbuf, 100), byte, 100);
	*packet_of(mbuf) =
	        (struct packet){.dst = ip(destination),
	                        .dst_port = RTE_BE16(7000),
	                        .flow = {.src = ip("198.18.2.1"), .src_port = RTE_BE16(50000)},
	                        .hop_limit = 64,
	                        .sum = PACKET_SUM_COMPUTE,
	                        .entry = PACKET_ENTRY_IP_OUTPUT,
	                        .form = PACKET_DATAGRAM};
	assert_int_equal(worker_inbox_put(rig->dp->workers[0], &mbuf, 1), 1);
	rig_walk(rig);
	while ((mbuf = rig_collect(rig, 1)) != NULL)
		rte_pktmbuf_free(mbuf);
}

/* -- tests -- */

static void what_is_received_sent_and_dropped_is_written(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(ALL_POINTS);
	int fd = file_open();
	struct capture *capture = begin(rig, &want, fd);
	const struct read_packet *packet = file.packets;
	uint8_t frame[FRAME_SIZE];
	struct sluice_capture_row row;

	routes_set(rig);
	receive(rig, 0, 4000, 1);
	send_to(rig, "198.18.2.2", 1);
	row = end(rig, capture, fd);
	assert_int_equal(row.state, SLUICE_CAPTURE_STOPPED);
	assert_int_equal(row.packets, 3);
	assert_int_equal(row.lost, 0);
	assert_int_equal(row.bytes, file.size);
	assert_string_equal(file.comment, "a test");
	assert_int_equal(file.n_packets, 3);
	frame_make(frame, 4000);
	assert_string_equal(file.interfaces[packet[0].interface].name, "rig0");
	assert_string_equal(packet[0].comment, "received, node port_rx");
	assert_int_equal(packet[0].flags & 3, 1);
	assert_int_equal(packet[0].captured, sizeof(frame));
	assert_memory_equal(packet[0].data, frame, sizeof(frame));
	assert_true(starts(packet[1].comment, "dropped, node kernel, reason kernel_none: "));
	assert_int_equal(packet[1].flags & 3, 1);
	assert_memory_equal(packet[1].data, frame, sizeof(frame));
	assert_string_equal(file.interfaces[packet[2].interface].name, "rig1");
	assert_string_equal(packet[2].comment, "sent, node port_tx");
	assert_int_equal(packet[2].flags & 3, 2);
	assert_int_equal(packet[2].length, 14 + 20 + 8 + 100);
	assert_memory_equal(packet[2].data, &mac, sizeof(mac));
	assert_true(packet[0].time <= packet[2].time);
	assert_true(packet[0].time / 1000000000 - (uint64_t)time(NULL) + 60 < 120);
	for (uint32_t i = 0; i < file.n_interfaces; i++)
		assert_int_equal(file.interfaces[i].statistics, 1);
	assert_int_equal(file.interfaces[packet[0].interface].written, 2);
	pcapng_free(&file);
}

static void a_packet_says_its_queue(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	int fd = file_open();
	struct capture *capture = begin(rig, &want, fd);
	uint8_t frame[FRAME_SIZE];

	frame_make(frame, 4000);
	for (uint16_t queue = 0; queue < 2; queue++) {
		assert_int_equal(rig_inject(rig, 0, queue, frame, sizeof(frame)), 0);
		rig_walk(rig);
	}
	end(rig, capture, fd);
	assert_int_equal(file.n_packets, 2);
	assert_int_equal(file.packets[0].queue, 0);
	assert_int_equal(file.packets[1].queue, 1);
	pcapng_free(&file);
}

/* Its headers are gone when it is dropped: they are written again. */
static void a_datagram_that_is_dropped_has_headers(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(DROPPED));
	int fd = file_open();
	struct capture *capture = begin(rig, &want, fd);
	const struct rte_ipv4_hdr *header;
	const struct rte_udp_hdr *udp;

	routes_set(rig);
	send_to(rig, "203.0.113.9", 7);
	end(rig, capture, fd);
	assert_int_equal(file.n_packets, 1);
	assert_true(starts(file.packets[0].comment, "dropped, node ip_output, reason no_route: "));
	assert_int_equal(file.packets[0].flags & 3, 2);
	assert_int_equal(file.packets[0].length, 14 + 20 + 8 + 100);
	header = (const void *)(file.packets[0].data + 14);
	udp = (const void *)(header + 1);
	assert_int_equal(rte_raw_cksum(header, sizeof(*header)), 0xffff);
	assert_int_equal(header->src_addr, ip("198.18.2.1").words[3]);
	assert_int_equal(header->dst_addr, ip("203.0.113.9").words[3]);
	assert_int_equal(udp->src_port, RTE_BE16(50000));
	assert_int_equal(udp->dst_port, RTE_BE16(7000));
	assert_int_equal(udp->dgram_len, RTE_BE16(108));
	assert_int_equal(file.packets[0].data[14 + 20 + 8], 7);
	pcapng_free(&file);
}

/* 40 frames are received at rig0, 10 at rig1, of both all are dropped: how many are captured? */
static uint32_t captured_of(struct rig *rig, const struct sluice_capture *want)
{
	int fd = file_open();
	struct capture *capture = begin(rig, want, fd);
	uint32_t count;

	receive(rig, 0, 4000, 30);
	receive(rig, 0, 4001, 10);
	receive(rig, 1, 4000, 10);
	end(rig, capture, fd);
	count = file.n_packets;
	pcapng_free(&file);
	return count;
}

static void program_set(struct sluice_capture *want, const char *expression)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;

	assert_int_equal(pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN), 0);
	assert_true(program.bf_len <= SLUICE_CAPTURE_PROGRAM_MAX);
	want->filter.program_length = program.bf_len;
	memcpy(want->filter.program, program.bf_insns, program.bf_len * sizeof(struct bpf_insn));
	pcap_freecode(&program);
	pcap_close(pcap);
}

static void filters_choose(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));

	assert_int_equal(captured_of(rig, &want), 50);
	want.filter.points = ALL_POINTS;
	assert_int_equal(captured_of(rig, &want), 100);
	want.filter.direction = SLUICE_CAPTURE_OUT;
	assert_int_equal(captured_of(rig, &want), 0);
	want.filter.direction = SLUICE_CAPTURE_IN;
	assert_int_equal(captured_of(rig, &want), 100);
	want = wanted(POINT(RECEIVED));
	snprintf(want.filter.port, sizeof(want.filter.port), "rig1");
	assert_int_equal(captured_of(rig, &want), 10);
	want = wanted(POINT(DROPPED));
	snprintf(want.filter.reason, sizeof(want.filter.reason), "kernel_none");
	assert_int_equal(captured_of(rig, &want), 50);
	snprintf(want.filter.reason, sizeof(want.filter.reason), "drop.kernel_none");
	assert_int_equal(captured_of(rig, &want), 50);
	snprintf(want.filter.reason, sizeof(want.filter.reason), "no_route");
	assert_int_equal(captured_of(rig, &want), 0);
	want = wanted(POINT(RECEIVED));
	program_set(&want, "udp dst port 4001 and src host 198.18.1.2");
	assert_int_equal(captured_of(rig, &want), 10);
	want.filter.points = ALL_POINTS;
	assert_int_equal(captured_of(rig, &want), 20);
	want.filter.allocation = 77; /* there is none */
	assert_int_equal(captured_of(rig, &want), 0);
}

/* A datagram is judged with the headers that it is shown with. */
static void a_program_sees_headers(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(DROPPED));
	int fd = file_open();
	struct capture *capture;

	program_set(&want, "dst host 203.0.113.9 and udp dst port 7000");
	capture = begin(rig, &want, fd);
	send_to(rig, "203.0.113.8", 1);
	send_to(rig, "203.0.113.9", 2);
	end(rig, capture, fd);
	assert_int_equal(file.n_packets, 1);
	assert_int_equal(file.packets[0].data[14 + 20 + 8], 2);
	pcapng_free(&file);
}

/* What is written is cut, what is judged is not. */
static void a_program_sees_behind_the_snap(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(DROPPED));
	int fd = file_open();
	struct capture *capture;

	want.snap = 64;
	program_set(&want, "udp[80] = 2");
	capture = begin(rig, &want, fd);
	send_to(rig, "203.0.113.8", 1);
	send_to(rig, "203.0.113.9", 2);
	end(rig, capture, fd);
	assert_int_equal(file.n_packets, 1);
	assert_int_equal(file.packets[0].captured, 64);
	assert_int_equal(file.packets[0].length, 14 + 20 + 8 + 100);
	assert_int_equal(file.packets[0].data[14 + 20 + 8], 2);
	pcapng_free(&file);
}

/* The control thread's drop: the twin of the port has gone before it came to the packet. */
static void what_the_kernel_does_not_take_is_dropped(void **state)
{
	struct rig *rig = *state;
	struct port *port = &rig->dp->ports->table[rig->ports[0].index];
	struct sluice_capture want = wanted(POINT(DROPPED));
	int fd = file_open();
	struct capture *capture = begin(rig, &want, fd);
	uint8_t frame[FRAME_SIZE];

	port->tap = (struct tap *)frame; /* never looked into */
	receive(rig, 0, 4000, 2);
	port->tap = NULL;
	punt_poll(rig->dp);
	end(rig, capture, fd);
	assert_int_equal(file.n_packets, 2);
	assert_true(starts(file.packets[0].comment, "dropped, node kernel, reason kernel_full: "));
	assert_string_equal(file.interfaces[file.packets[0].interface].name, "rig0");
	frame_make(frame, 4000);
	assert_memory_equal(file.packets[1].data, frame, sizeof(frame));
	pcapng_free(&file);
}

static void a_snap_cuts(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	int fd = file_open();
	struct capture *capture;

	want.snap = 64;
	capture = begin(rig, &want, fd);
	receive(rig, 0, 4000, 3);
	end(rig, capture, fd);
	assert_int_equal(file.n_packets, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(file.packets[i].captured, 64);
		assert_int_equal(file.packets[i].length, FRAME_SIZE);
	}
	pcapng_free(&file);
}

static void samples_are_one_in_n(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	int fd = file_open();
	struct capture *capture;

	want.filter.sample = 10;
	want.snap = 64; /* more of them fit into the buffer */
	capture = begin(rig, &want, fd);
	receive(rig, 0, 4000, 20000);
	end(rig, capture, fd);
	/* a gap varies by less than its mean: 2000 of them by less than 2000 / sqrt(2000) * 5 */
	if (file.n_packets < 1780 || file.n_packets > 2220)
		fail_msg("%u of 20000", file.n_packets);
	pcapng_free(&file);
}

static void limits_end_a_capture(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	int fd = file_open();
	struct capture *capture;

	want.max_packets = 7;
	capture = begin(rig, &want, fd);
	receive(rig, 0, 4000, 20);
	await_done(rig, capture);
	assert_null(rig->dp->captures); /* nobody copies any more */
	assert_int_equal(end(rig, capture, fd).state, SLUICE_CAPTURE_LIMIT);
	assert_int_equal(file.n_packets, 7);
	assert_int_equal(file.interfaces[0].statistics, 1);
	pcapng_free(&file);

	want = wanted(POINT(RECEIVED));
	want.max_bytes = 4000;
	fd = file_open();
	capture = begin(rig, &want, fd);
	receive(rig, 0, 4000, 50);
	await_done(rig, capture);
	assert_int_equal(end(rig, capture, fd).state, SLUICE_CAPTURE_LIMIT);
	assert_true(file.size >= 4000 && file.size < 4800);
	pcapng_free(&file);

	want = wanted(POINT(RECEIVED));
	want.max_seconds = 1;
	fd = file_open();
	capture = begin(rig, &want, fd);
	await_done(rig, capture);
	assert_int_equal(end(rig, capture, fd).state, SLUICE_CAPTURE_LIMIT);
	pcapng_free(&file);
}

static void files_follow_each_other(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	int first = file_open(), second = file_open();
	char why[SLUICE_API_ERROR_MAX];
	struct capture *capture;

	want.file_bytes = 2000;
	capture = begin(rig, &want, first);
	assert_int_equal(capture_file_next(capture, dup(second), why), 0);
	assert_int_equal(capture_file_next(capture, second, why), -EBUSY);
	receive(rig, 0, 4000, 10);
	await_written(capture, 10);
	for (int ms = 0; ms < WAIT_MS && row_of(capture).files < 2; ms++)
		pause_ms(1);
	receive(rig, 0, 4001, 20); /* there is no third: the second one takes them all */
	assert_int_equal(end(rig, capture, second).files, 2);
	assert_int_equal(file.n_packets, 20);
	pcapng_free(&file);
	pcapng_read(&file, first);
	assert_int_equal(file.n_packets, 10);
	assert_int_equal(file.interfaces[0].statistics, 1);
	pcapng_free(&file);
	close(first);
}

/* The reader sleeps while more comes than the ring holds; then it reads all. */
static void a_full_ring_loses_and_says_so(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	struct capture *capture;
	int pipes[2], copy = file_open();
	uint8_t buffer[4096];
	ssize_t n;

	want.buffer_kb = 64;
	assert_int_equal(pipe(pipes), 0);
	capture = begin_at(rig, &want, pipes[1]);
	receive(rig, 0, 4000, 4000);
	assert_true(row_of(capture).lost > 0);
	assert_int_equal(row_of(capture).state, SLUICE_CAPTURE_RUNNING);
	capture_stop(capture);
	while ((n = read(pipes[0], buffer, sizeof(buffer))) > 0)
		assert_int_equal(write(copy, buffer, (size_t)n), n);
	close(pipes[0]);
	end(rig, capture, copy);
	assert_int_equal(file.interfaces[0].statistics, 1);
	assert_int_equal(file.interfaces[0].written, file.n_packets);
	assert_true(file.interfaces[0].lost > 0);
	assert_int_equal(file.interfaces[0].lost + file.n_packets, 4000);
	assert_int_equal(file.interfaces[0].received, 4000);
	pcapng_free(&file);
}

static void a_stuck_reader_ends_the_capture(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	uint64_t before = rig->dp->workers[0]->rx_packets;
	struct capture *capture;
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	capture = begin_at(rig, &want, pipes[1]);
	receive(rig, 0, 4000, 4000);
	assert_int_equal(rig->dp->workers[0]->rx_packets - before, 4000);
	await_done(rig, capture);
	assert_int_equal(row_of(capture).state, SLUICE_CAPTURE_STUCK);
	assert_in_range(row_of(capture).packets, 1, row_of(capture).bytes / FRAME_SIZE);
	assert_null(rig->dp->captures);
	capture_release(capture);
	captures_tick(rig->dp);
	close(pipes[0]);
}

static void a_reader_that_leaves_ends_the_capture(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	struct capture *capture;
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	capture = begin_at(rig, &want, pipes[1]);
	close(pipes[0]);
	receive(rig, 0, 4000, 1);
	await_done(rig, capture);
	assert_int_equal(row_of(capture).state, SLUICE_CAPTURE_GONE);
	capture_release(capture);
	captures_tick(rig->dp);
	assert_null(rig->dp->captures);
}

static void several_captures_at_once(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	struct capture *captures[CAPTURES_MAX];
	int fds[CAPTURES_MAX];

	for (int i = 0; i < CAPTURES_MAX; i++) {
		fds[i] = file_open();
		captures[i] = begin(rig, &want, fds[i]);
	}
	assert_int_equal(refused(rig, &want, fds[0]), -ENOSPC);
	receive(rig, 0, 4000, 5);
	for (int i = 0; i < CAPTURES_MAX - 1; i++) {
		capture_release(captures[i]);
		receive(rig, 0, 4000, 1);
	}
	end(rig, captures[CAPTURES_MAX - 1], fds[CAPTURES_MAX - 1]);
	assert_int_equal(file.n_packets, 5 + CAPTURES_MAX - 1);
	pcapng_free(&file);
	await_none(rig);
	for (int i = 0; i < CAPTURES_MAX - 1; i++)
		close(fds[i]);
}

static void buffers_have_a_bound(void **state)
{
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	int fds[2] = {file_open(), file_open()};
	uint32_t before = rig->dp->options.capture_mb;
	struct capture *capture;

	rig->dp->options.capture_mb = 2; /* one takes more than a half of it */
	capture = begin(rig, &want, fds[0]);
	assert_int_equal(refused(rig, &want, fds[1]), -ENOSPC);
	end(rig, capture, fds[0]);
	pcapng_free(&file);
	capture = begin(rig, &want, fds[1]);
	end(rig, capture, fds[1]);
	pcapng_free(&file);
	rig->dp->options.capture_mb = before;
}

static void what_is_wrong_is_refused(void **state)
{
	const struct sluice_capture_insn backwards[] = {{0x05, 0, 0, UINT32_MAX}, {0x06, 0, 0, 1}};
	const struct sluice_capture_insn behind[] = {{0x05, 0, 0, 1}, {0x06, 0, 0, 1}};
	const struct sluice_capture_insn endless[] = {{0x28, 0, 0, 12}};
	struct rig *rig = *state;
	struct sluice_capture want = wanted(POINT(RECEIVED));
	int fd = open("/dev/null", O_WRONLY), pipes[2];

	assert_int_equal(refused(rig, &want, -1), -EBADF);
	assert_int_equal(refused(rig, &want, fd), -EBADF);
	close(fd);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(refused(rig, &want, pipes[0]), -EBADF); /* its reading end */
	want = wanted(0);
	assert_int_equal(refused(rig, &want, pipes[1]), -EINVAL);
	want = wanted(1u << SLUICE_CAPTURE_POINTS);
	assert_int_equal(refused(rig, &want, pipes[1]), -EINVAL);
	want = wanted(POINT(DECRYPTED));
	assert_int_equal(refused(rig, &want, pipes[1]), -EPERM);
	want = wanted(POINT(RECEIVED));
	snprintf(want.filter.port, sizeof(want.filter.port), "nobody");
	assert_int_equal(refused(rig, &want, pipes[1]), -ENOENT);
	want = wanted(POINT(DROPPED));
	snprintf(want.filter.reason, sizeof(want.filter.reason), "nothing");
	assert_int_equal(refused(rig, &want, pipes[1]), -EINVAL);
	want = wanted(POINT(RECEIVED));
	want.snap = 10;
	assert_int_equal(refused(rig, &want, pipes[1]), -EINVAL);
	assert_false(program_valid(backwards, RTE_DIM(backwards)));
	assert_false(program_valid(behind, RTE_DIM(behind)));
	assert_false(program_valid(endless, RTE_DIM(endless)));
	assert_false(program_valid(endless, 0));
	want = wanted(POINT(RECEIVED));
	want.filter.program_length = UINT32_MAX;
	assert_int_equal(refused(rig, &want, pipes[1]), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
	assert_null(rig->dp->captures);
}

static struct trace *trace_of(struct rig *rig, const struct sluice_trace *want)
{
	char why[SLUICE_API_ERROR_MAX] = "";
	struct trace *trace = NULL;

	if (trace_start(rig->dp, want, &trace, why) != 0)
		fail_msg("%s", why);
	return trace;
}

static void a_trace_follows_packets(void **state)
{
	static struct sluice_trace_row rows[100];
	const struct sluice_trace want = {.count = 3};
	struct rig *rig = *state;
	struct trace *trace = trace_of(rig, &want), *other;
	char why[SLUICE_API_ERROR_MAX];

	routes_set(rig);
	assert_int_equal(trace_start(rig->dp, &want, &other, why), -EBUSY);
	receive(rig, 0, 4000, 1);
	assert_int_equal(trace_read(trace, rows, RTE_DIM(rows)), 4);
	assert_string_equal(rows[0].node, "port_rx");
	assert_string_equal(rows[0].saw,
	                    "rig0, queue 0: 198.18.1.2:5000 > 198.18.1.1:4000 data, 158 bytes");
	assert_string_equal(rows[0].decided, "to classify");
	assert_string_equal(rows[1].decided, "to kernel: for no service of ours");
	assert_string_equal(rows[2].decided, "to drop: kernel_none");
	assert_string_equal(rows[3].node, "drop");
	assert_true(starts(rows[3].decided, "dropped, kernel_none: "));
	send_to(rig, "198.18.2.2", 1);
	assert_int_equal(trace_read(trace, rows, RTE_DIM(rows)), 3);
	assert_string_equal(rows[1].node, "ip_output");
	assert_string_equal(rows[2].decided, "sent by rig1");
	assert_int_equal(rows[2].packet, 2);
	assert_false(trace_ended(trace));
	receive(rig, 0, 4000, 100); /* all but the first are too many */
	assert_int_equal(trace_read(trace, rows, RTE_DIM(rows)), 4);
	assert_true(trace_ended(trace));
	trace_stop(rig->dp, trace);
	receive(rig, 0, 4000, 100);
}

static void a_trace_waits_for_a_reason(void **state)
{
	static struct sluice_trace_row rows[100];
	struct rig *rig = *state;
	struct trace *trace =
	        trace_of(rig, &(struct sluice_trace){.count = 2, .reason = "no_route"});

	routes_set(rig);
	receive(rig, 0, 4000, 500);
	assert_int_equal(trace_read(trace, rows, RTE_DIM(rows)), 0);
	send_to(rig, "203.0.113.9", 1);
	assert_int_equal(trace_read(trace, rows, RTE_DIM(rows)), 3);
	assert_string_equal(rows[1].node, "ip_output");
	assert_true(starts(rows[2].decided, "dropped, no_route: "));
	trace_stop(rig->dp, trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_received_sent_and_dropped_is_written),
	        cmocka_unit_test(a_packet_says_its_queue),
	        cmocka_unit_test(a_datagram_that_is_dropped_has_headers),
	        cmocka_unit_test(filters_choose),
	        cmocka_unit_test(a_program_sees_headers),
	        cmocka_unit_test(a_program_sees_behind_the_snap),
	        cmocka_unit_test(what_the_kernel_does_not_take_is_dropped),
	        cmocka_unit_test(a_snap_cuts),
	        cmocka_unit_test(samples_are_one_in_n),
	        cmocka_unit_test(limits_end_a_capture),
	        cmocka_unit_test(files_follow_each_other),
	        cmocka_unit_test(a_full_ring_loses_and_says_so),
	        cmocka_unit_test(a_stuck_reader_ends_the_capture),
	        cmocka_unit_test(a_reader_that_leaves_ends_the_capture),
	        cmocka_unit_test(several_captures_at_once),
	        cmocka_unit_test(buffers_have_a_bound),
	        cmocka_unit_test(what_is_wrong_is_refused),
	        cmocka_unit_test(a_trace_follows_packets),
	        cmocka_unit_test(a_trace_waits_for_a_reason),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
