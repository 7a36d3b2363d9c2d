/* SPDX-License-Identifier: BSD-3-Clause */
/* Identifications: none twice within 65,536 datagrams, and not to be told from those before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/ip_id.h"

#include <stdlib.h>
#include <string.h>

#define IDS 65536u

static struct worker *worker_of(uint64_t key)
{
	struct worker *worker = aligned_alloc(_Alignof(struct worker), sizeof(*worker));

	assert_non_null(worker);
	memset(worker, 0, sizeof(*worker));
	for (int i = 0; i < 3; i++)
		worker->ip_id_key[i] = key * (i + 1);
	return worker;
}

static void none_comes_twice(void **state)
{
	static uint8_t seen[IDS];

	for (uint64_t key = 1; key < 20; key++) {
		struct worker *worker = worker_of(key * 0xa24baed4963ee407ull);

		memset(seen, 0, sizeof(seen));
		for (uint32_t i = 0; i < IDS; i++) {
			uint16_t id = ip_id_next(worker);

			assert_int_equal(seen[id], 0);
			seen[id] = 1;
		}
		free(worker);
	}
}

/* A counter's steps would all be 1; here none of them comes often, and another key's differ. */
static void the_next_cannot_be_told(void **state)
{
	static uint16_t steps[IDS];
	struct worker *worker = worker_of(0x9fb21c651e98df25ull), *other = worker_of(7);
	uint16_t last = ip_id_next(worker), equal = 0;

	ip_id_next(other);
	for (int i = 0; i < 1000; i++) {
		uint16_t id = ip_id_next(worker);

		assert_true(++steps[(uint16_t)(id - last)] < 100);
		equal += id == ip_id_next(other);
		last = id;
	}
	assert_true(equal < 100);
	free(worker);
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(none_comes_twice),
	        cmocka_unit_test(the_next_cannot_be_told),
	};

	return cmocka_run_group_tests_name("ip_id", tests, NULL, NULL);
}
