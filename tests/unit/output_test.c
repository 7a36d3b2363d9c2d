/* SPDX-License-Identifier: BSD-3-Clause */
/* A payload and its metadata into ip_output: what waits for a next hop, what leaves with a VLAN
 * tag; bursts. */
#include "net_fixture.h"

#include "graph/packet.h"
#include "net/neighbour.h"
#include "net/port.h"
#include "net/punt.h"
#include "rig.h"

#include <rte_cycles.h>
#include <rte_eal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PAYLOAD "payload"
#define VLAN    7

static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 9}};

static int rig_setup(void **state)
{
	static struct rig rig;
	struct options options;

	if (rig_eal("output", 128, false) != 0)
		return -1;
	options_default(&options);
	options.mbufs = 1023;
	*state = &rig;
	return rig_create(&rig, &options);
}

static int rig_teardown(void **state)
{
	rig_destroy(*state);
	return 0;
}

static void routes_set(struct rig *rig)
{
	const struct route routes[] = {
	        {.prefix = ip("198.18.1.0"), .length = 120, .port = rig->ports[0].index},
	        {.prefix = ip("198.18.7.0"),
	         .length = 120,
	         .port = rig->ports[0].index,
	         .vlan = VLAN},
	        {.prefix = ip("203.0.113.0"),
	         .length = 120,
	         .port = rig->ports[1].index,
	         .gateway = ip("198.18.2.254")},
	};

	assert_int_equal(fib_set(rig->dp, routes, RTE_DIM(routes)), 0);
}

/* As a node that sends leaves it; the control thread has not looked yet. */
static void send_from(struct rig *rig, const char *destination, uint16_t port)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig->dp->pool);

	assert_non_null(mbuf);
	memcpy(rte_pktmbuf_append(mbuf, sizeof(PAYLOAD)), PAYLOAD, sizeof(PAYLOAD));
	*packet_of(mbuf) = (struct packet){
	        .dst = ip(destination),
	        .dst_port = RTE_BE16(7000),
	        .flow = {.src = ip("198.18.2.1"), .src_port = rte_cpu_to_be_16(port)},
	        .hop_limit = 64,
	        .sum = PACKET_SUM_COMPUTE,
	        .entry = PACKET_ENTRY_IP_OUTPUT};
	assert_int_equal(worker_inbox_put(rig->dp->workers[0], &mbuf, 1), 1);
	rig_walk(rig);
}

static void send_to(struct rig *rig, const char *destination)
{
	send_from(rig, destination, 50000);
	punt_poll(rig->dp);
	rig_walk(rig);
}

static uint32_t frames_out(struct rig *rig, unsigned int port)
{
	struct rte_mbuf *mbuf;
	uint32_t count = 0;

	while ((mbuf = rig_collect(rig, port)) != NULL) {
		rte_pktmbuf_free(mbuf);
		count++;
	}
	return count;
}

/* The kernel has answered: as mirror_neighbour.c does. */
static void neighbour_answers(struct rig *rig, unsigned int port, const char *text,
                              enum neighbour_state state)
{
	struct ip_addr addr = ip(text);
	uint32_t slot = neighbour_slot(rig->dp->neighbours, rig->ports[port].index, &addr);

	punt_neighbour_set(rig->dp, slot, state, state == NEIGHBOUR_REACHED ? &mac : NULL);
	rig_walk(rig);
}

static void first_datagrams_wait_for_their_neighbour(void **state)
{
	struct rig *rig = *state;
	uint64_t pending = punt_drops(rig->dp)[DROP_NEIGHBOUR_PENDING];

	routes_set(rig);
	for (int i = 0; i < NEIGHBOUR_HOLD + 3; i++)
		send_to(rig, "198.18.1.50");
	assert_int_equal(frames_out(rig, 0), 0);
	assert_int_equal(punt_drops(rig->dp)[DROP_NEIGHBOUR_PENDING] - pending, 3);
	neighbour_answers(rig, 0, "198.18.1.50", NEIGHBOUR_REACHED);
	assert_int_equal(frames_out(rig, 0), NEIGHBOUR_HOLD);
	send_to(rig, "198.18.1.50");
	assert_int_equal(frames_out(rig, 0), 1);
}

/* One waits, one is on its way to the control thread, one is sent when the MAC is known. */
static void first_datagrams_keep_their_order(void **state)
{
	struct rig *rig = *state;

	routes_set(rig);
	send_from(rig, "198.18.1.51", 50001);
	punt_poll(rig->dp);
	send_from(rig, "198.18.1.51", 50002);
	neighbour_answers(rig, 0, "198.18.1.51", NEIGHBOUR_REACHED);
	send_from(rig, "198.18.1.51", 50003);
	for (uint16_t port = 50001; port <= 50003; port++) {
		struct rte_mbuf *mbuf = rig_collect(rig, 0);
		const struct rte_udp_hdr *udp;

		assert_non_null(mbuf);
		udp = rte_pktmbuf_mtod_offset(mbuf, const struct rte_udp_hdr *,
		                              sizeof(struct rte_ether_hdr) +
		                                      sizeof(struct rte_ipv4_hdr));
		assert_int_equal(rte_be_to_cpu_16(udp->src_port), port);
		rte_pktmbuf_free(mbuf);
	}
}

/* One address that sends to many which do not answer takes its part; gateways and others have
 * theirs. */
static void one_source_waits_for_few(void **state)
{
	struct rig *rig = *state;
	uint64_t limit = punt_drops(rig->dp)[DROP_NEIGHBOUR_LIMIT];
	char text[32];

	routes_set(rig);
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "198.18.%d.%d", i % 2 == 0 ? 1 : 7, 100 + i / 2);
		send_to(rig, text);
	}
	assert_in_range(punt_drops(rig->dp)[DROP_NEIGHBOUR_LIMIT] - limit, 300 - 256, 300);
	send_to(rig, "203.0.113.1");
	neighbour_answers(rig, 1, "198.18.2.254", NEIGHBOUR_REACHED);
	assert_int_equal(frames_out(rig, 1), 1);
}

static void a_gateway_is_waited_for_once(void **state)
{
	struct rig *rig = *state;

	routes_set(rig);
	send_to(rig, "203.0.113.1");
	send_to(rig, "203.0.113.2");
	assert_int_equal(frames_out(rig, 1), 0);
	neighbour_answers(rig, 1, "198.18.2.254", NEIGHBOUR_REACHED);
	assert_int_equal(frames_out(rig, 1), 2);
}

static void a_neighbour_that_fails_ends_the_wait(void **state)
{
	struct rig *rig = *state;
	uint64_t failed = punt_drops(rig->dp)[DROP_NEIGHBOUR_FAILED];

	routes_set(rig);
	send_to(rig, "198.18.1.60");
	neighbour_answers(rig, 0, "198.18.1.60", NEIGHBOUR_FAILED);
	assert_int_equal(punt_drops(rig->dp)[DROP_NEIGHBOUR_FAILED] - failed, 1);
	assert_int_equal(frames_out(rig, 0), 0);
	neighbour_answers(rig, 0, "198.18.1.60", NEIGHBOUR_REACHED);
	send_to(rig, "198.18.1.60");
	assert_int_equal(frames_out(rig, 0), 1);
}

/* The slot that a worker remembers is another's then. */
static void a_next_hop_that_was_forgotten_comes_back(void **state)
{
	struct rig *rig = *state;
	struct ip_addr addr = ip("198.18.1.65");

	routes_set(rig);
	rig_neighbour(rig, 0, &addr, &mac);
	send_to(rig, "198.18.1.65");
	assert_int_equal(frames_out(rig, 0), 1);
	neighbour_delete(rig->dp->neighbours, rig->ports[0].index, &addr);
	send_to(rig, "198.18.1.65");
	assert_int_equal(frames_out(rig, 0), 0);
	neighbour_answers(rig, 0, "198.18.1.65", NEIGHBOUR_REACHED);
	assert_int_equal(frames_out(rig, 0), 1);
	send_to(rig, "198.18.1.65");
	assert_int_equal(frames_out(rig, 0), 1);
}

/* A gateway that changes its MAC: the next frame has the new one. */
static void a_changed_mac_is_used_at_once(void **state)
{
	const struct rte_ether_addr other = {{2, 0, 0, 0, 0, 10}};
	struct rig *rig = *state;
	struct ip_addr addr = ip("198.18.1.70");
	struct rte_mbuf *mbuf;

	routes_set(rig);
	rig_neighbour(rig, 0, &addr, &mac);
	send_to(rig, "198.18.1.70");
	assert_int_equal(frames_out(rig, 0), 1);
	rig_neighbour(rig, 0, &addr, &other);
	send_to(rig, "198.18.1.70");
	mbuf = rig_collect(rig, 0);
	assert_non_null(mbuf);
	assert_memory_equal(rte_pktmbuf_mtod(mbuf, void *), &other, sizeof(other));
	rte_pktmbuf_free(mbuf);
}

static void a_route_that_moves_is_followed_at_once(void **state)
{
	struct rig *rig = *state;
	struct ip_addr addr = ip("198.18.1.80");
	const struct route moved[] = {{.prefix = addr, .length = 128, .port = rig->ports[1].index}};

	routes_set(rig);
	rig_neighbour(rig, 0, &addr, &mac);
	rig_neighbour(rig, 1, &addr, &mac);
	send_to(rig, "198.18.1.80");
	assert_int_equal(frames_out(rig, 0), 1);
	assert_int_equal(fib_set(rig->dp, moved, 1), 0);
	send_to(rig, "198.18.1.80");
	assert_int_equal(frames_out(rig, 0), 0);
	assert_int_equal(frames_out(rig, 1), 1);
}

static void a_route_over_a_vlan_is_tagged(void **state)
{
	struct rig *rig = *state;
	struct ip_addr addr = ip("198.18.7.2");
	const struct rte_vlan_hdr *tag;
	const struct rte_ipv4_hdr *header;
	struct rte_mbuf *mbuf;
	uint8_t *frame;

	routes_set(rig);
	neighbour_set(rig->dp->neighbours, neighbour_link(rig->ports[0].index, VLAN), &addr,
	              NEIGHBOUR_REACHED, &mac);
	send_to(rig, "198.18.7.2");
	mbuf = rig_collect(rig, 0);
	assert_non_null(mbuf);
	frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
	tag = (const void *)(frame + sizeof(struct rte_ether_hdr));
	header = (const void *)(tag + 1);
	assert_memory_equal(frame, &mac, sizeof(mac));
	assert_int_equal(((struct rte_ether_hdr *)frame)->ether_type,
	                 RTE_BE16(RTE_ETHER_TYPE_VLAN));
	assert_int_equal(tag->vlan_tci, RTE_BE16(VLAN));
	assert_int_equal(tag->eth_proto, RTE_BE16(RTE_ETHER_TYPE_IPV4));
	assert_int_equal(header->version_ihl, RTE_IPV4_VHL_DEF);
	assert_int_equal(rte_raw_cksum(header, sizeof(*header)), 0xffff);
	assert_int_equal(mbuf->data_len, 14 + 4 + 20 + 8 + sizeof(PAYLOAD));
	rte_pktmbuf_free(mbuf);
}

/* A queue that gives something is a burst, however much it gives; one that is empty is none. */
static void bursts_are_counted(void **state)
{
	static const uint8_t frame[60];
	struct rig *rig = *state;
	const struct worker *worker = rig->dp->workers[0];
	uint64_t bursts = worker->bursts, packets = worker->rx_packets;

	rig_walk(rig);
	assert_int_equal(worker->bursts - bursts, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rig_inject(rig, 0, 0, frame, sizeof(frame)), 0);
	assert_int_equal(rig_inject(rig, 1, 0, frame, sizeof(frame)), 0);
	rig_walk(rig);
	assert_int_equal(worker->bursts - bursts, 2);
	assert_int_equal(worker->rx_packets - packets, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(first_datagrams_wait_for_their_neighbour),
	        cmocka_unit_test(first_datagrams_keep_their_order),
	        cmocka_unit_test(a_gateway_is_waited_for_once),
	        cmocka_unit_test(a_neighbour_that_fails_ends_the_wait),
	        cmocka_unit_test(a_next_hop_that_was_forgotten_comes_back),
	        cmocka_unit_test(a_changed_mac_is_used_at_once),
	        cmocka_unit_test(a_route_that_moves_is_followed_at_once),
	        cmocka_unit_test(a_route_over_a_vlan_is_tagged),
	        cmocka_unit_test(bursts_are_counted),
	        cmocka_unit_test(one_source_waits_for_few),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
