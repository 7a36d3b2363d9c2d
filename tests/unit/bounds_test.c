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

/* Each in an IPv4 /24 of its own. */
static struct ip_addr v4_apart(uint32_t number)
{
	return ip_addr_v4(rte_cpu_to_be_32(0x0a000001 + (number << 8)));
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

/* Many addresses of one owner are not many owners: an IPv4 /24, an IPv6 /48. */
static void prefix_check(struct ip_addr (*address)(uint8_t number), struct ip_addr other)
{
	for (uint8_t i = 0; i < SOURCE * BOUNDS_PREFIX_SHARE; i++)
		assert_int_equal(opened(address(i), false, 0), BOUNDS_OPEN);
	assert_int_equal(opened(address(200), false, 0), BOUNDS_SOURCE);
	assert_int_equal(opened(other, false, 0), BOUNDS_OPEN);
	closed(address(3));
	assert_int_equal(opened(address(200), true, 0), BOUNDS_OPEN);
	assert_int_equal(opened(address(201), false, 0), BOUNDS_SOURCE);
}

static struct ip_addr v4_of(uint8_t number)
{
	return v4(number);
}

static struct ip_addr v6_of(uint8_t number)
{
	return v6(number, 1);
}

static void test_prefixes(void **state)
{
	prefix_check(v4_of, v4(256));
	prefix_check(v6_of, (struct ip_addr){.bytes = {0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1}});
}

/* 5 in a second of one address are 20 of its prefix, four seconds' at once. */
static void test_prefix_handshakes(void **state)
{
	uint32_t passed = 0;

	bounds_set(&bounds, TOTAL, 5);
	for (uint8_t i = 0; i < 200; i++)
		if (opened(v4(i), true, 1000) == BOUNDS_OPEN) {
			passed++;
			shaken(v4(i));
			closed(v4(i));
		}
	assert_in_range(passed, 60, 80);
	assert_int_equal(opened(v4(250), true, 1000), BOUNDS_HANDSHAKES);
	assert_int_equal(opened(v4(256), true, 1000), BOUNDS_OPEN);
	assert_int_equal(opened(v4(250), true, 1050), BOUNDS_OPEN);
}

static void test_total(void **state)
{
	for (uint32_t i = 0; i < TOTAL; i++)
		assert_int_equal(opened(v4_apart(i), false, 0), BOUNDS_OPEN);
	assert_int_equal(bounds.connections, TOTAL);
	assert_int_equal(opened(v4_apart(TOTAL), false, 0), BOUNDS_FULL);
	closed(v4_apart(7));
	assert_int_equal(opened(v4_apart(TOTAL), false, 0), BOUNDS_OPEN);
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
		assert_int_equal(opened(v4_apart(i), true, i), BOUNDS_OPEN);
		shaken(v4_apart(i));
		closed(v4_apart(i));
	}
	assert_int_equal(bounds.connections, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_source, begin, end),
	        cmocka_unit_test_setup_teardown(test_networks, begin, end),
	        cmocka_unit_test_setup_teardown(test_prefixes, begin, end),
	        cmocka_unit_test_setup_teardown(test_prefix_handshakes, begin, end),
	        cmocka_unit_test_setup_teardown(test_total, begin, end),
	        cmocka_unit_test_setup_teardown(test_handshakes, begin, end),
	        cmocka_unit_test_setup_teardown(test_shaking, begin, end),
	        cmocka_unit_test_setup_teardown(test_many, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
