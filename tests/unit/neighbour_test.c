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

/* More than there is room for: refused, and what is there stays; room comes back with a port's end.
 */
static void full_table(void **state)
{
	struct dataplane *dp = *state;
	struct ip_addr addr = ip("10.0.0.0");
	struct rte_ether_addr found;
	uint32_t taken = 0;

	for (uint32_t i = 0; i < NEIGHBOURS_MAX + 10; i++) {
		addr.words[3] = rte_cpu_to_be_32(0x0a000000 + i);
		taken += neighbour_set(dp->neighbours, 6, &addr, NEIGHBOUR_REACHED, &mac) == 0;
	}
	assert_in_range(taken, NEIGHBOURS_MAX - 100, NEIGHBOURS_MAX - 1);
	assert_int_equal(state_of(dp, 6, "10.0.0.0", &found), NEIGHBOUR_REACHED);
	neighbours_forget_port(dp, 6);
	addr = ip("10.255.0.1");
	assert_int_equal(neighbour_set(dp->neighbours, 7, &addr, NEIGHBOUR_REACHED, &mac), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(learned_changed_forgotten),
	        cmocka_unit_test(a_link_has_its_own),
	        cmocka_unit_test(a_port_takes_its_own_along),
	        cmocka_unit_test(full_table),
	};

	return cmocka_run_group_tests(tests, net_setup, net_teardown);
}
