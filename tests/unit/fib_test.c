/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes in, next hops out; and against a plain search, for many random prefixes. */
#include "net_fixture.h"

#include "net/fib.h"
#include "net/neighbour.h"
#include "net/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define V4 96

static const struct {
	const char *prefix;
	uint8_t length;
	uint16_t port;
	uint32_t metric;
	const char *gateway;
} routes[] = {
        {"0.0.0.0", V4 + 0, 1, 0, "198.18.2.254"},
        {"198.18.1.0", V4 + 24, 0, 0, NULL},
        {"198.18.2.0", V4 + 24, 1, 0, NULL},
        {"198.18.2.128", V4 + 25, PORT_NONE, 0, NULL}, /* unreachable, inside a route */
        {"203.0.113.0", V4 + 24, 0, 200, "198.18.1.9"},
        {"203.0.113.0", V4 + 24, 1, 100, "198.18.2.9"}, /* the smaller metric */
        {"203.0.113.7", V4 + 32, 0, 0, "198.18.1.8"},
        {"255.255.255.255", V4 + 32, PORT_NONE, 0, NULL}, /* ends where IPv4 ends */
        {"2001:2:0:1::", 64, 0, 0, NULL},
        {"ffff::", 16, 1, 0, "fe80::1"}, /* ends where all addresses end */
};

static const struct {
	const char *destination;
	uint16_t port;
	const char *gateway;
} lookups[] = {
        {"198.18.1.2", 0, NULL},
        {"198.18.0.255", 1, "198.18.2.254"},
        {"198.18.2.127", 1, NULL},
        {"198.18.2.128", PORT_NONE, NULL},
        {"198.18.2.255", PORT_NONE, NULL},
        {"198.18.3.0", 1, "198.18.2.254"},
        {"203.0.113.6", 1, "198.18.2.9"},
        {"203.0.113.7", 0, "198.18.1.8"},
        {"203.0.113.8", 1, "198.18.2.9"},
        {"0.0.0.0", 1, "198.18.2.254"},
        {"255.255.255.254", 1, "198.18.2.254"},
        {"255.255.255.255", PORT_NONE, NULL},
        {"::", PORT_NONE, NULL},
        {"::1:0:0:0", PORT_NONE, NULL},
        {"2001:2:0:1::2", 0, NULL},
        {"2001:2:0:2::2", PORT_NONE, NULL},
        {"fffe::1", PORT_NONE, NULL},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, "fe80::1"},
};

static void longest_prefix_wins(void **state)
{
	struct route list[RTE_DIM(routes)] = {0};
	struct dataplane *dp = *state;

	for (size_t i = 0; i < RTE_DIM(routes); i++) {
		list[i] = (struct route){.prefix = ip(routes[i].prefix),
		                         .length = routes[i].length,
		                         .port = routes[i].port,
		                         .metric = routes[i].metric};
		if (routes[i].gateway != NULL)
			list[i].gateway = ip(routes[i].gateway);
	}
	assert_int_equal(fib_set(dp, list, RTE_DIM(list)), 0);
	for (size_t i = 0; i < RTE_DIM(lookups); i++) {
		struct ip_addr destination = ip(lookups[i].destination);
		struct ip_addr gateway = {0};
		const struct fib_entry *entry = fib_find(dp->fib, &destination);

		if (lookups[i].gateway != NULL)
			gateway = ip(lookups[i].gateway);
		if (entry->port != lookups[i].port || !ip_addr_equal(&entry->gateway, &gateway))
			fail_msg("%s: port %u", lookups[i].destination, entry->port);
		assert_int_equal(entry->neighbour != 0, lookups[i].gateway != NULL);
	}
}

static void no_routes_no_ports(void **state)
{
	struct dataplane *dp = *state;
	struct ip_addr any = ip("198.18.1.2");

	assert_int_equal(fib_set(dp, NULL, 0), 0);
	assert_int_equal(fib_find(dp->fib, &any)->port, PORT_NONE);
}

static bool covers(const struct route *route, const struct ip_addr *addr)
{
	for (int bit = 0; bit < route->length; bit++) {
		uint8_t mask = 0x80 >> bit % 8;

		if ((route->prefix.bytes[bit / 8] ^ addr->bytes[bit / 8]) & mask)
			return false;
	}
	return true;
}

/* All in one /112, so that prefixes nest and touch. */
static struct ip_addr random_neighbourly(void)
{
	struct ip_addr addr = ip("2001:db8::");

	addr.bytes[14] = rand();
	addr.bytes[15] = rand();
	return addr;
}

static void agrees_with_plain_search(void **state)
{
	struct dataplane *dp = *state;
	struct route list[500];

	srand(1);
	for (int i = 0; i < 500; i++)
		list[i] = (struct route){.prefix = random_neighbourly(),
		                         .length = 112 + rand() % 17,
		                         .metric = i,
		                         .port = rand() % PORTS_MAX};
	assert_int_equal(fib_set(dp, list, 500), 0);
	for (int i = 0; i < 20000; i++) {
		struct ip_addr addr = random_neighbourly();
		const struct route *best = NULL;

		for (int j = 0; j < 500; j++)
			if (covers(&list[j], &addr) &&
			    (best == NULL || list[j].length > best->length))
				best = &list[j];
		assert_int_equal(fib_find(dp->fib, &addr)->port,
		                 best == NULL ? PORT_NONE : best->port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(longest_prefix_wins),
	        cmocka_unit_test(no_routes_no_ports),
	        cmocka_unit_test(agrees_with_plain_search),
	};

	return cmocka_run_group_tests(tests, net_setup, net_teardown);
}
