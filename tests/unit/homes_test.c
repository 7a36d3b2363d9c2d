/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "turn/homes.h"

/* Spread over the upper half, as keyed hashes are. */
static uint64_t hash_of(uint64_t number)
{
	return (number + 1) * 0x9e3779b97f4a7c15ull;
}

/* Who is there is never overlooked; of strangers few are looked for, and of none once all left. */
static void test_strangers(void **state)
{
	struct homes homes;
	uint32_t vain = 0;

	assert_int_equal(homes_create(&homes, 10000), 0);
	for (uint64_t i = 0; i < 10000; i++)
		homes_add(&homes, hash_of(i));
	for (uint64_t i = 0; i < 10000; i++)
		assert_true(homes_may_have(&homes, hash_of(i)));
	for (uint64_t i = 0; i < 100000; i++)
		vain += homes_may_have(&homes, hash_of(1000000 + i));
	assert_in_range(vain, 0, 100000 / HOMES_PER_CLIENT + 2000);
	for (uint64_t i = 0; i < 10000; i++)
		homes_remove(&homes, hash_of(i));
	for (uint64_t i = 0; i < 10000; i++)
		assert_false(homes_may_have(&homes, hash_of(i)));
	homes_destroy(&homes);
}

/* A count that overflows is lost, and says "maybe" for ever. */
static void test_overflow(void **state)
{
	struct homes homes;

	assert_int_equal(homes_create(&homes, 1), 0);
	for (int i = 0; i < 300; i++)
		homes_add(&homes, 5);
	for (int i = 0; i < 300; i++)
		homes_remove(&homes, 5);
	assert_true(homes_may_have(&homes, 5));
	homes_destroy(&homes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_strangers),
	        cmocka_unit_test(test_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
