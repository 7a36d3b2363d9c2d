/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of clients that have an allocation, as the gate reads it. */
#include "turn/callers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/mman.h>

#define COUNT 1000

static struct callers callers;

static int setup(void **state)
{
	return callers_create(&callers, COUNT);
}

static int teardown(void **state)
{
	callers_destroy(&callers);
	return 0;
}

static struct ip_addr office(void)
{
	return ip_addr_v4(htonl(0xc6120102));
}

static bool is_in(struct gate_clients *table, uint16_t port)
{
	const struct ip_addr ip = office();
	const __u64 words[2] = {ip.quads[0], ip.quads[1]};
	uint64_t hash = gate_client_hash(table, words, port);
	uint32_t entry = gate_client_entry(hash, (uint32_t)table->words[GATE_CLIENT_ENTRIES]);

	return gate_client_take(&table[entry], gate_client_tag(hash), 1);
}

static void add(uint16_t port)
{
	const struct ip_addr ip = office();

	callers_add(&callers, &ip, port);
}

static void take_away(uint16_t port)
{
	const struct ip_addr ip = office();

	callers_remove(&callers, &ip, port);
}

static struct gate_clients *map_make(void)
{
	return mmap(NULL, callers.entries * sizeof(struct gate_clients), PROT_READ | PROT_WRITE,
	            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void each_is_found_until_it_goes(void **state)
{
	uint32_t found = 0, strangers = 0;

	for (uint16_t port = 1; port <= COUNT; port++)
		add(port);
	for (uint16_t port = 1; port <= COUNT; port++)
		found += is_in(callers.own, port);
	for (uint16_t port = COUNT + 1; port <= 20 * COUNT; port++)
		strangers += is_in(callers.own, port);
	assert_in_range(found, COUNT - 25, COUNT); /* an entry may be full */
	assert_in_range(strangers, 0, 3);
	for (uint16_t port = 1; port <= COUNT; port++)
		take_away(port);
	for (uint32_t i = 1; i < callers.entries; i++)
		for (int way = 0; way < GATE_CLIENT_WAYS; way++)
			assert_int_equal(callers.own[i].words[way], 0);
}

/* A client's new allocation is there before its old one goes. */
static void one_that_is_there_twice_stays(void **state)
{
	add(7);
	add(7);
	take_away(7);
	assert_true(is_in(callers.own, 7));
	take_away(7);
	assert_false(is_in(callers.own, 7));
	take_away(7);
}

static void a_map_has_what_there_is_and_what_comes(void **state)
{
	struct gate_clients *first = map_make(), *second = map_make();

	add(7);
	assert_null(callers_map(&callers, first, 1));
	assert_true(is_in(first, 7));
	add(8);
	assert_true(is_in(first, 8));
	take_away(7);
	assert_false(is_in(first, 7));
	assert_ptr_equal(callers_map(&callers, second, 2), first);
	assert_true(is_in(second, 8));
	add(9);
	assert_false(is_in(first, 9));
	assert_true(is_in(second, 9));
	callers_unmap(&callers, first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(each_is_found_until_it_goes, setup, teardown),
	        cmocka_unit_test_setup_teardown(one_that_is_there_twice_stays, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_map_has_what_there_is_and_what_comes, setup,
	                                        teardown),
	};

	return cmocka_run_group_tests_name("callers", tests, NULL, NULL);
}
