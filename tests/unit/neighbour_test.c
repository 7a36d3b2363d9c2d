/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_fixture.h"

#include "net/neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 1}}, other = {{2, 0, 0, 0, 0, 2}};

static enum neighbour_state state_of(struct dataplane *dp, uint32_t link, const char *text,
                                     struct rte_ether_addr *found)
{
	struct ip_addr addr = ip(text);

	return neighbour_read(dp->neighbours, neighbour_find(dp->neighbours, link, &addr), found);
}

static void learned_changed_forgotten(void **state)
{
	struct dataplane *dp = *state;
	struct ip_addr addr = ip("198.18.1.2");
	struct rte_ether_addr found;

	assert_int_equal(state_of(dp, 3, "198.18.1.2", &found), NEIGHBOUR_NONE);
	assert_int_equal(neighbour_set(dp->neighbours, 3, &addr, NEIGHBOUR_REACHED, &mac), 0);
	assert_int_equal(state_of(dp, 3, "198.18.1.2", &found), NEIGHBOUR_REACHED);
	assert_memory_equal(&found, &mac, sizeof(mac));
	assert_int_equal(neighbour_set(dp->neighbours, 3, &addr, NEIGHBOUR_REACHED, &other), 0);
	state_of(dp, 3, "198.18.1.2", &found);
	assert_memory_equal(&found, &other, sizeof(mac));
	assert_int_equal(neighbour_set(dp->neighbours, 3, &addr, NEIGHBOUR_FAILED, NULL), 0);
	assert_int_equal(state_of(dp, 3, "198.18.1.2", &found), NEIGHBOUR_FAILED);
	neighbour_delete(dp->neighbours, 3, &addr);
	assert_int_equal(state_of(dp, 3, "198.18.1.2", &found), NEIGHBOUR_NONE);
}

/* The same address on another port, or on a VLAN of the port, is somebody else. */
static void a_link_has_its_own(void **state)
{
	struct dataplane *dp = *state;
	struct ip_addr addr = ip("fe80::1");
	struct rte_ether_addr found;

	assert_int_equal(
	        neighbour_set(dp->neighbours, neighbour_link(1, 0), &addr, NEIGHBOUR_REACHED, &mac),
	        0);
	assert_int_equal(state_of(dp, neighbour_link(2, 0), "fe80::1", &found), NEIGHBOUR_NONE);
	assert_int_equal(state_of(dp, neighbour_link(1, 7), "fe80::1", &found), NEIGHBOUR_NONE);
	assert_int_equal(state_of(dp, neighbour_link(1, 0), "fe80::1", &found), NEIGHBOUR_REACHED);
}

static void a_port_takes_its_own_along(void **state)
{
	struct dataplane *dp = *state;
	struct ip_addr addr = ip("2001:2::5");
	struct rte_ether_addr found;
	uint32_t generation = dp->output_generation;

	neighbour_set(dp->neighbours, neighbour_link(4, 9), &addr, NEIGHBOUR_REACHED, &mac);
	neighbour_set(dp->neighbours, neighbour_link(5, 9), &addr, NEIGHBOUR_REACHED, &mac);
	neighbours_forget_port(dp, 4);
	assert_int_equal(state_of(dp, neighbour_link(4, 9), "2001:2::5", &found), NEIGHBOUR_NONE);
	assert_int_equal(state_of(dp, neighbour_link(5, 9), "2001:2::5", &found),
	                 NEIGHBOUR_REACHED);
	assert_int_not_equal(dp->output_generation, generation);
}

/* As the kernel names them, one after the other. */
static struct ip_addr numbered(uint32_t number)
{
	return ip_addr_v4(rte_cpu_to_be_32(0x0a000000 + number));
}

static enum neighbour_state numbered_state(struct dataplane *dp, uint32_t link, uint32_t number)
{
	struct ip_addr addr = numbered(number);
	struct rte_ether_addr found;

	return neighbour_read(dp->neighbours, neighbour_find(dp->neighbours, link, &addr), &found);
}

static void nothing(void *arg, uint32_t slot)
{
	++*(uint32_t *)arg;
}

/* Six times as many next hops as there are slots: each new one has its own, those in use keep
 * theirs, and so do gateways. */
static void the_longest_unused_make_room(void **state)
{
	struct dataplane *dp = *state;
	struct neighbours *neighbours = dp->neighbours;
	struct ip_addr gateway = ip("10.255.0.1"), addr;
	uint32_t in_use = 0;

	assert_int_not_equal(neighbour_slot_gateway(neighbours, 6, &gateway), 0);
	assert_int_equal(neighbour_set(neighbours, 6, &gateway, NEIGHBOUR_REACHED, &mac), 0);
	neighbours_gateways_set(neighbours);
	for (uint32_t i = 0; i < 100000; i++) {
		addr = numbered(i);
		assert_int_equal(neighbour_set(neighbours, 6, &addr, NEIGHBOUR_REACHED, &mac), 0);
		if (i >= 7)
			assert_int_equal(numbered_state(dp, 6, 7), NEIGHBOUR_REACHED);
		if (i % 500 == 0)
			neighbours_tick(neighbours, nothing, &in_use);
	}
	assert_in_range(in_use, 199, 210);
	assert_int_equal(numbered_state(dp, 6, 99999), NEIGHBOUR_REACHED);
	assert_int_equal(numbered_state(dp, 6, 8), NEIGHBOUR_NONE);
	assert_int_equal(state_of(dp, 6, "10.255.0.1", &(struct rte_ether_addr){0}),
	                 NEIGHBOUR_REACHED);
	/* of the next routes it is none any more */
	neighbours_gateways_set(neighbours);
	neighbour_delete(neighbours, 6, &gateway);
	assert_int_equal(neighbour_find(neighbours, 6, &gateway), 0);
}

/* All that can be taken waits for an answer: gateways have a reserve. */
static void gateways_have_a_reserve(void **state)
{
	struct dataplane *dp = *state;
	struct neighbours *neighbours = dp->neighbours;
	struct ip_addr addr;
	uint32_t slot, taken = 0;

	neighbours_forget_port(dp, 6);
	for (uint32_t i = 0; i < NEIGHBOURS_MAX; i++) {
		addr = numbered(i);
		slot = neighbour_slot(neighbours, 8, &addr);
		if (slot == 0)
			continue;
		taken++;
		neighbours->slots[slot].waits = 1;
	}
	assert_in_range(taken, NEIGHBOURS_MAX - NEIGHBOURS_RESERVE - 100,
	                NEIGHBOURS_MAX - NEIGHBOURS_RESERVE);
	for (uint32_t i = 0; i < NEIGHBOURS_RESERVE / 2; i++) {
		addr = numbered(0x10000 + i);
		assert_int_not_equal(neighbour_slot_gateway(neighbours, 9, &addr), 0);
	}
	/* no answer came: the slots go, and others have them */
	for (uint32_t i = 1; i < neighbours->high; i++) {
		neighbours->slots[i].waits = 0;
		if (neighbours->slots[i].link == 8)
			neighbour_release(neighbours, i);
	}
	addr = numbered(0x20000);
	assert_int_not_equal(neighbour_slot(neighbours, 8, &addr), 0);
	neighbours_forget_port(dp, 8);
	neighbours_forget_port(dp, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(learned_changed_forgotten),
	        cmocka_unit_test(a_link_has_its_own),
	        cmocka_unit_test(a_port_takes_its_own_along),
	        cmocka_unit_test(the_longest_unused_make_room),
	        cmocka_unit_test(gateways_have_a_reserve),
	};

	return cmocka_run_group_tests(tests, net_setup, net_teardown);
}
