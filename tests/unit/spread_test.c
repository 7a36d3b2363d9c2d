/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker a flow belongs to on a port with one queue. */
#include "net_fixture.h"

#include "frame.h"
#include "graph/spread.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define WORKERS 4
#define FLOWS   400

static uint16_t worker_of(uint8_t *bytes, uint16_t length)
{
	struct rte_mbuf mbuf = {
	        .buf_addr = bytes, .buf_len = length, .data_len = length, .pkt_len = length};

	return spread_worker(&mbuf, WORKERS);
}

static uint16_t flow_write(uint8_t bytes[FRAME_MAX], const char *from, uint16_t port, uint16_t vlan,
                           uint16_t length)
{
	static uint8_t payload[FRAME_MAX];
	const struct frame frame = {
	        .vlan = vlan,
	        .from = {.ip = ip(from), .port = rte_cpu_to_be_16(port)},
	        .to = {.ip = ip(strchr(from, ':') ? "2001:2:0:1::1" : "198.18.1.1"),
	               .port = RTE_BE16(3478)},
	        .hop_limit = 64,
	        .payload = payload,
	        .length = length,
	};

	return frame_write(bytes, FRAME_MAX, &frame);
}

static void flows_reach_all_workers_alike(void **state)
{
	static const char *const hosts[] = {"198.18.1.2", "2001:2:0:1::2"};
	uint8_t bytes[FRAME_MAX];

	for (size_t host = 0; host < RTE_DIM(hosts); host++) {
		uint32_t counts[WORKERS] = {0};

		for (uint16_t flow = 0; flow < FLOWS; flow++)
			counts[worker_of(bytes,
			                 flow_write(bytes, hosts[host], 20000 + flow, 0, 20))]++;
		for (int i = 0; i < WORKERS; i++)
			assert_in_range(counts[i], FLOWS / WORKERS / 2, FLOWS / WORKERS * 2);
	}
}

static void a_flow_has_one_worker_whatever_it_carries(void **state)
{
	uint8_t bytes[FRAME_MAX];

	for (uint16_t flow = 0; flow < 50; flow++) {
		uint16_t worker = worker_of(bytes, flow_write(bytes, "198.18.1.2", flow, 0, 20));

		assert_int_equal(worker_of(bytes, flow_write(bytes, "198.18.1.2", flow, 0, 1200)),
		                 worker);
		assert_int_equal(worker_of(bytes, flow_write(bytes, "198.18.1.2", flow, 7, 20)),
		                 worker);
	}
}

/* Later fragments have no ports: the first one's do not count either. */
static void a_datagrams_fragments_stay_together(void **state)
{
	uint8_t bytes[FRAME_MAX];
	uint16_t length, worker = UINT16_MAX;

	for (uint16_t flow = 0; flow < 50; flow++) {
		length = flow_write(bytes, "198.18.1.2", flow, 0, 20);
		bytes[sizeof(struct rte_ether_hdr) + 6] = flow & 1 ? 0x20 : 0x01;
		if (worker == UINT16_MAX)
			worker = worker_of(bytes, length);
		assert_int_equal(worker_of(bytes, length), worker);
	}
}

static void frames_cut_short_are_read_no_further(void **state)
{
	static const uint16_t vlans[] = {0, 7};
	uint8_t bytes[FRAME_MAX];

	for (size_t i = 0; i < RTE_DIM(vlans); i++) {
		uint16_t whole = flow_write(bytes, "2001:2:0:1::2", 20000, vlans[i], 20);

		for (uint16_t length = 0; length <= whole; length++) {
			uint8_t *cut = malloc(length + 1); /* a sanitizer sees what is beyond */

			memcpy(cut, bytes, length);
			assert_true(worker_of(cut, length) < WORKERS);
			free(cut);
		}
	}
	memset(bytes, 0xff, sizeof(bytes)); /* no IP: ARP goes the same way */
	assert_int_equal(worker_of(bytes, 60), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(flows_reach_all_workers_alike),
	        cmocka_unit_test(a_flow_has_one_worker_whatever_it_carries),
	        cmocka_unit_test(a_datagrams_fragments_stay_together),
	        cmocka_unit_test(frames_cut_short_are_read_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
