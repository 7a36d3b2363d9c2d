/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of accounts: bounded, round and round, over restarts and changes of its size. */
#include "accounting/kept.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/kept_test.XXXXXX";
static char path[64];

static struct kept *open_for(uint32_t rows)
{
	char why[SLUICE_API_ERROR_MAX] = "";
	struct kept *kept = NULL;

	assert_int_equal(kept_open(&kept, path, rows, why), 0);
	return kept;
}

/* Accounts that ended at first, first + 1... */
static void add(struct kept *kept, uint64_t first, uint32_t count)
{
	for (uint64_t i = first; i < first + count; i++) {
		struct sluice_allocation_account row = {.began = i, .ended = i};

		assert_int_equal(kept_add(kept, &row), 0);
	}
}

static void assert_kept(const struct kept *kept, uint64_t first, uint64_t last)
{
	struct sluice_allocation_account rows[8];
	uint64_t number = kept_first(kept), ended = first;
	uint32_t count;

	while ((count = kept_read(kept, number, rows, 8)) != 0)
		for (uint32_t i = 0; i < count; i++) {
			assert_int_equal(rows[i].number, number++);
			assert_int_equal(rows[i].ended, ended++);
		}
	assert_int_equal(number, kept_next(kept));
	assert_int_equal(ended, last + 1);
}

static void test_round(void **state)
{
	struct kept *kept = open_for(10);
	struct stat file;

	assert_kept(kept, 1, 0);
	add(kept, 1, 7);
	assert_kept(kept, 1, 7);
	add(kept, 8, 20);
	assert_kept(kept, 18, 27);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, 64 + 10 * sizeof(struct sluice_allocation_account));
	assert_int_equal(file.st_mode & 0777, 0640);
	kept_close(kept);
	kept = open_for(10);
	assert_kept(kept, 18, 27);
	assert_int_equal(kept_next(kept), 28);
	kept_close(kept);
}

static void test_other_sizes(void **state)
{
	struct kept *kept = open_for(1000);

	assert_kept(kept, 18, 27);
	add(kept, 28, 300);
	assert_kept(kept, 18, 327);
	kept_close(kept);
	kept = open_for(5);
	assert_kept(kept, 323, 327);
	kept_close(kept);
}

static void test_forgets(void **state)
{
	struct kept *kept = open_for(100);
	char bytes[8192] = "";
	FILE *file;

	add(kept, 328, 50);
	assert_true(kept_forget(kept, 350, 10));
	assert_false(kept_forget(kept, 350, 100));
	assert_kept(kept, 350, 377);
	assert_false(kept_forget(kept, 1000, 100));
	assert_kept(kept, 378, 377);
	kept_close(kept);
	/* they are not in the file either */
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fseek(file, 64, SEEK_SET), 0);
	for (size_t n; (n = fread(bytes, 1, sizeof(bytes), file)) > 0;)
		for (size_t i = 0; i < n; i++)
			assert_int_equal(bytes[i], 0);
	fclose(file);
}

/* Another program's file, or half of ours, is begun again. */
static void test_broken(void **state)
{
	struct kept *kept;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs("SLUICEAC and nothing else", file);
	fclose(file);
	kept = open_for(10);
	assert_kept(kept, 1, 0);
	add(kept, 1, 3);
	assert_kept(kept, 1, 3);
	kept_close(kept);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_round),
	        cmocka_unit_test(test_other_sizes),
	        cmocka_unit_test(test_forgets),
	        cmocka_unit_test(test_broken),
	};

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/allocations", folder);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
