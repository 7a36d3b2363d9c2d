/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/crypto.h>

#include "random.h"

static unsigned int allocations;

static void *count_malloc(size_t size, const char *file, int line)
{
	allocations++;
	return malloc(size);
}

static void *count_realloc(void *old, size_t size, const char *file, int line)
{
	allocations++;
	return realloc(old, size);
}

static void count_free(void *old, const char *file, int line)
{
	free(old);
}

static int random_setup(void **state)
{
	*state = random_create();
	return *state == NULL ? -1 : 0;
}

static int random_teardown(void **state)
{
	random_destroy(*state);
	return 0;
}

/* 4 MiB of bytes, drawn in pieces that cross the buffer's end everywhere: chi squared of 256 cells.
 */
static void test_bytes_uniform(void **state)
{
	static uint8_t bytes[4096];
	uint32_t cells[256] = {0};
	double expected, chi = 0;
	size_t drawn = 0, piece, i;

	for (piece = 1; piece <= 4096; piece += 2, drawn += piece - 2) {
		random_bytes(*state, bytes, piece);
		for (i = 0; i < piece; i++)
			cells[bytes[i]]++;
	}
	expected = drawn / 256.0;
	for (i = 0; i < 256; i++)
		chi += (cells[i] - expected) * (cells[i] - expected) / expected;
	/* 255 degrees of freedom, deviation 22.6: nine of them either way. */
	assert_true(chi > 255 - 200 && chi < 255 + 200);
}

static void test_bits_independent(void **state)
{
	uint64_t previous = 0, word, ones = 0, same = 0;
	int i;

	for (i = 0; i < 65536; i++) {
		random_bytes(*state, &word, sizeof(word));
		ones += __builtin_popcountll(word);
		same += __builtin_popcountll(~(word ^ previous));
		previous = word;
	}
	/* 2^22 bits, deviation 1024: ten of them. */
	assert_in_range(ones, 2097152 - 10240, 2097152 + 10240);
	assert_in_range(same, 2097152 - 10240, 2097152 + 10240);
}

static void test_below(void **state)
{
	static const uint32_t bounds[] = {1, 2, 3, 7, 100, 16384, 0x80000001u, UINT32_MAX};
	uint32_t cells[7] = {0};
	size_t b;
	int i;

	for (b = 0; b < sizeof(bounds) / sizeof(*bounds); b++) {
		for (i = 0; i < 10000; i++)
			assert_true(random_below(*state, bounds[b]) < bounds[b]);
	}
	for (i = 0; i < 700000; i++)
		cells[random_below(*state, 7)]++;
	for (i = 0; i < 7; i++)
		assert_in_range(cells[i], 100000 - 3000, 100000 + 3000);
}

/* Where a third of the words must be refused, a biased draw would show: 2/3 of 2^32 in three equal
 * parts. */
static void test_below_unbiased(void **state)
{
	const uint32_t bound = 0xaaaaaaaau;
	uint32_t cells[3] = {0};
	int i;

	for (i = 0; i < 300000; i++)
		cells[random_below(*state, bound) / (bound / 3 + 1)]++;
	for (i = 0; i < 3; i++)
		assert_in_range(cells[i], 100000 - 3000, 100000 + 3000);
}

static void test_instances_differ(void **state)
{
	struct random *other = random_create();
	uint8_t a[32], b[32];

	random_bytes(*state, a, sizeof(a));
	random_bytes(other, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	random_destroy(other);
}

/* Refills included: a worker draws. */
static void test_no_allocation(void **state)
{
	unsigned int before = allocations;
	uint8_t bytes[100];
	int i;

	for (i = 0; i < 1000; i++)
		random_bytes(*state, bytes, sizeof(bytes));
	assert_int_equal(allocations, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bytes_uniform),
	        cmocka_unit_test(test_bits_independent),
	        cmocka_unit_test(test_below),
	        cmocka_unit_test(test_below_unbiased),
	        cmocka_unit_test(test_instances_differ),
	        cmocka_unit_test(test_no_allocation),
	};

	/* Before OpenSSL's first allocation, or it refuses. */
	if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, random_setup, random_teardown);
}
