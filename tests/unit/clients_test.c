/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of clients against a plain list: full lines, lines that were passed, keys that come
 * back. */
#include "turn/clients.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT 1000

static const struct hash_seed seed = {{0x9ae16a3b2f90404full, 0xc949c7defebe6ee1ull,
                                       0x7a2f1b3c4d5e6f71ull, 0x1357902468acebdfull}};

static struct five_tuple client(uint32_t i)
{
	return (struct five_tuple){
	        .src = ip_addr_v4(i * 2654435761u), .src_port = (uint16_t)i, .service = 1};
}

static struct allocation *allocations_create(void)
{
	struct allocation *allocations = aligned_alloc(64, (COUNT + 1) * sizeof(*allocations));

	memset(allocations, 0, (COUNT + 1) * sizeof(*allocations));
	for (uint32_t i = 1; i <= COUNT; i++)
		allocations[i].client = client(i);
	return allocations;
}

static void check(const struct clients *clients, const struct allocation *allocations,
                  const bool *there)
{
	for (uint32_t i = 1; i <= COUNT; i++) {
		struct five_tuple key = client(i);

		assert_int_equal(clients_find(clients, allocations, &key), there[i] ? i : 0);
	}
}

/* Sized for far fewer, so that lines overflow into each other, up to the last slot. */
static void test_overflow(void **state)
{
	struct allocation *allocations = allocations_create();
	bool there[COUNT + 1] = {false};
	struct clients clients;
	uint32_t room, full = 0;

	assert_int_equal(clients_create(&clients, 300, &seed), 0);
	room = (clients.mask + 1) * CLIENTS_LINE_SLOTS;
	assert_true(room < COUNT);
	for (uint32_t i = 1; i <= COUNT; i++) {
		there[i] = clients_add(&clients, &allocations[i].client, i) == 0;
		full += there[i];
	}
	assert_int_equal(full, room);
	check(&clients, allocations, there);
	for (uint32_t i = 1; i <= COUNT; i += 3) {
		clients_remove(&clients, &allocations[i].client, i);
		there[i] = false;
	}
	check(&clients, allocations, there);
	for (uint32_t i = 1; i <= COUNT; i++)
		clients_remove(&clients, &allocations[i].client, i);
	for (uint32_t line = 0; line <= clients.mask; line++)
		assert_int_equal(clients.lines[line].passed, 0);
	clients_destroy(&clients);
	free(allocations);
}

static void test_churn(void **state)
{
	struct allocation *allocations = allocations_create();
	bool there[COUNT + 1] = {false};
	struct clients clients;

	assert_int_equal(clients_create(&clients, COUNT, &seed), 0);
	srandom(7);
	for (int step = 0; step < 200000; step++) {
		uint32_t i = 1 + (uint32_t)random() % COUNT;

		if (there[i])
			clients_remove(&clients, &allocations[i].client, i);
		else
			assert_int_equal(clients_add(&clients, &allocations[i].client, i), 0);
		there[i] = !there[i];
		if (step % 20000 == 0)
			check(&clients, allocations, there);
	}
	check(&clients, allocations, there);
	clients_destroy(&clients);
	free(allocations);
}

/* A client whose allocation was refreshed to its end makes another: both are there, and the older
 * goes. */
static void test_successor(void **state)
{
	struct allocation *allocations = allocations_create();
	struct five_tuple key = client(1);
	struct clients clients;

	allocations[2].client = key;
	assert_int_equal(clients_create(&clients, COUNT, &seed), 0);
	assert_int_equal(clients_add(&clients, &key, 1), 0);
	assert_int_equal(clients_add(&clients, &key, 2), 0);
	clients_remove(&clients, &key, 1);
	assert_int_equal(clients_find(&clients, allocations, &key), 2);
	clients_remove(&clients, &key, 1);
	assert_int_equal(clients_find(&clients, allocations, &key), 2);
	clients_remove(&clients, &key, 2);
	assert_int_equal(clients_find(&clients, allocations, &key), 0);
	clients_destroy(&clients);
	free(allocations);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_overflow),
	        cmocka_unit_test(test_churn),
	        cmocka_unit_test(test_successor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
