/* SPDX-License-Identifier: BSD-3-Clause */
/* How many connections, of whom, and how many handshakes. */
#include "stream/bounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TOTAL  100
#define SOURCE 10

static struct bounds bounds;

static struct ip_addr v4(uint32_t host)
{
	return ip_addr_v4(rte_cpu_to_be_32(0xc0000200 + host));
}

static struct ip_addr v6(uint8_t net, uint8_t host)
{
	return (struct ip_addr){.bytes = {0x20, 1, 0xd, 0xb8, [7] = net, [15] = host}};
}

static enum bounds_verdict opened(struct ip_addr source, bool handshake, uint64_t now)
{
	return bounds_open(&bounds, &source, handshake, now);
}

static void closed(struct ip_addr source)
{
	bounds_close(&bounds, &source);
}

static void shaken(struct ip_addr source)
{
	bounds_shaken(&bounds, &source);
}

static int begin(void **state)
{
	if (bounds_create(&bounds, TOTAL, 0x123456789abcdef1) != 0)
		return -1;
	bounds_set(&bounds, SOURCE, 5);
	return 0;
}

static int end(void **state)
{
	bounds_destroy(&bounds);
	return 0;
}

static void test_source(void **state)
{
	for (int i = 0; i < SOURCE; i++)
		assert_int_equal(opened(v4(1), false, 0), BOUNDS_OPEN);
	assert_int_equal(opened(v4(1), false, 0), BOUNDS_SOURCE);
	assert_int_equal(opened(v4(2), false, 0), BOUNDS_OPEN);
	closed(v4(1));
	assert_int_equal(opened(v4(1), false, 0), BOUNDS_OPEN);
	assert_int_equal(opened(v4(1), false, 0), BOUNDS_SOURCE);
}

/* A network of IPv6 is one address to us, as a host has as many as it likes. */
static void test_networks(void **state)
{
	for (int i = 0; i < SOURCE; i++)
		assert_int_equal(opened(v6(1, (uint8_t)i), false, 0), BOUNDS_OPEN);
	assert_int_equal(opened(v6(1, 99), false, 0), BOUNDS_SOURCE);
	assert_int_equal(opened(v6(2, 99), false, 0), BOUNDS_OPEN);
	closed(v6(1, 77));
	assert_int_equal(opened(v6(1, 99), false, 0), BOUNDS_OPEN);
}

static void test_total(void **state)
{
	for (uint32_t i = 0; i < TOTAL; i++)
		assert_int_equal(opened(v4(i), false, 0), BOUNDS_OPEN);
	assert_int_equal(bounds.connections, TOTAL);
	assert_int_equal(opened(v4(TOTAL), false, 0), BOUNDS_FULL);
	closed(v4(7));
	assert_int_equal(opened(v4(TOTAL), false, 0), BOUNDS_OPEN);
}

/* 5 in a second, 4 seconds' at once; a handshake that is refused counts nowhere. */
static void test_handshakes(void **state)
{
	uint32_t passed = 0;

	for (int i = 0; i < 100; i++)
		if (opened(v4(1), true, 1000) == BOUNDS_OPEN) {
			passed++;
			shaken(v4(1));
			closed(v4(1));
		}
	assert_in_range(passed, 15, 20);
	assert_int_equal(opened(v4(1), true, 1000), BOUNDS_HANDSHAKES);
	assert_int_equal(bounds.connections, 0);
	assert_int_equal(opened(v4(1), false, 1000), BOUNDS_OPEN);
	assert_int_equal(opened(v4(2), true, 1000), BOUNDS_OPEN);
	assert_int_equal(opened(v4(1), true, 1200), BOUNDS_OPEN);
	assert_int_equal(opened(v4(1), true, 1200), BOUNDS_HANDSHAKES);
	assert_int_equal(opened(v4(1), true, 9000), BOUNDS_OPEN);
}

/* Each holds memory until it is over: they are bounded at once, not only by the second. */
static void test_shaking(void **state)
{
	bounds_set(&bounds, TOTAL, 1000);
	bounds.total = BOUNDS_SHAKING_SOURCE * 4;
	for (uint32_t i = 0; i < BOUNDS_SHAKING_SOURCE; i++)
		assert_int_equal(opened(v4(1), true, i * 100), BOUNDS_OPEN);
	assert_int_equal(opened(v4(1), true, 100000), BOUNDS_HANDSHAKES);
	assert_int_equal(opened(v4(2), true, 100000), BOUNDS_HANDSHAKES);
	assert_int_equal(opened(v4(2), false, 100000), BOUNDS_OPEN);
	shaken(v4(1));
	assert_int_equal(opened(v4(2), true, 100000), BOUNDS_OPEN);
	assert_int_equal(opened(v4(3), true, 100000), BOUNDS_HANDSHAKES);
}

/* However many addresses have come and gone, there is room for the next one. */
static void test_many(void **state)
{
	for (uint32_t i = 0; i < 200000; i++) {
		assert_int_equal(opened(v4(i), true, i), BOUNDS_OPEN);
		shaken(v4(i));
		closed(v4(i));
	}
	assert_int_equal(bounds.connections, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_source, begin, end),
	        cmocka_unit_test_setup_teardown(test_networks, begin, end),
	        cmocka_unit_test_setup_teardown(test_total, begin, end),
	        cmocka_unit_test_setup_teardown(test_handshakes, begin, end),
	        cmocka_unit_test_setup_teardown(test_shaking, begin, end),
	        cmocka_unit_test_setup_teardown(test_many, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
