/* SPDX-License-Identifier: BSD-3-Clause */
/* The ledger's file: what is written is read, and what is not whole is not believed. */
#include "ledger/image.h"
#include "ledger/ledger.h"

#include <sluice/api.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/ledger-test-XXXXXX";
static char path[64];
static char why[SLUICE_API_ERROR_MAX];

static const struct ledger_shape shapes[] = {
        {SLUICE_LEDGER_KEYS, sizeof(struct sluice_ledger_keys), 2},
        {SLUICE_LEDGER_PERMISSION, sizeof(struct sluice_ledger_permission), 8},
};

static struct ledger *create(void)
{
	struct ledger *ledger = ledger_create(path, shapes, 2, why);

	assert_non_null(ledger);
	return ledger;
}

static void permission_put(struct ledger *ledger, uint32_t index, uint32_t allocation)
{
	struct sluice_ledger_permission record = {.allocation = allocation, .head.life = 7};

	ledger_write(&ledger->tables[SLUICE_LEDGER_PERMISSION], index, &record, sizeof(record));
}

static enum ledger_record permission_get(const struct ledger_image *image, uint32_t index,
                                         struct sluice_ledger_permission *record)
{
	return ledger_image_record(image, SLUICE_LEDGER_PERMISSION, index, record, sizeof(*record));
}

static void test_written_is_read(void **state)
{
	struct sluice_ledger_permission record;
	struct ledger *ledger = create();
	struct ledger_image image;
	struct stat status;

	permission_put(ledger, 3, 42);
	permission_put(ledger, 4, 43);
	permission_put(ledger, 4, 44);
	permission_put(ledger, 5, 45);
	ledger_clear(&ledger->tables[SLUICE_LEDGER_PERMISSION], 5);
	assert_int_equal(stat(path, &status), -1); /* not before it is whole */
	assert_int_equal(ledger_commit(ledger), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(ledger_image_open(&image, path, why), 0);
	assert_true(image.same_boot);
	assert_int_equal(ledger_image_count(&image, SLUICE_LEDGER_PERMISSION), 8);
	assert_int_equal(permission_get(&image, 2, &record), LEDGER_NONE);
	assert_int_equal(permission_get(&image, 3, &record), LEDGER_WHOLE);
	assert_int_equal(record.allocation, 42);
	assert_int_equal(record.head.life, 7);
	assert_int_equal(permission_get(&image, 4, &record), LEDGER_WHOLE);
	assert_int_equal(record.allocation, 44);
	assert_int_equal(permission_get(&image, 5, &record), LEDGER_NONE);
	ledger_image_close(&image);
	ledger_close(ledger);
}

/* A bit anywhere in a record, and a record in another one's place. */
static void test_damage_is_seen(void **state)
{
	struct sluice_ledger_permission record;
	struct ledger *ledger = create();
	struct ledger_table *table = &ledger->tables[SLUICE_LEDGER_PERMISSION];
	uint8_t *bytes = table->records + 3 * sizeof(record);
	struct ledger_image image;

	permission_put(ledger, 3, 42);
	assert_int_equal(ledger_commit(ledger), 0);
	assert_int_equal(ledger_image_open(&image, path, why), 0);
	for (uint32_t bit = 0; bit < sizeof(record) * 8; bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		assert_int_not_equal(permission_get(&image, 3, &record), LEDGER_WHOLE);
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(permission_get(&image, 3, &record), LEDGER_WHOLE);
	memcpy(bytes + sizeof(record), bytes, sizeof(record));
	assert_int_equal(permission_get(&image, 4, &record), LEDGER_BROKEN);
	((struct sluice_ledger_head *)bytes)->sequence |= 1;
	assert_int_equal(permission_get(&image, 3, &record), LEDGER_TORN);
	ledger_image_close(&image);
	ledger_close(ledger);
}

/* After 65535 writes the sequence begins again, and never says that there is no record. */
static void test_sequence_comes_round(void **state)
{
	struct sluice_ledger_permission record;
	struct ledger *ledger = create();
	struct ledger_image image;

	assert_int_equal(ledger_commit(ledger), 0);
	assert_int_equal(ledger_image_open(&image, path, why), 0);
	for (uint32_t i = 0; i < 70000; i++) {
		permission_put(ledger, 1, i);
		assert_int_equal(permission_get(&image, 1, &record), LEDGER_WHOLE);
		assert_int_equal(record.allocation, i);
	}
	ledger_image_close(&image);
	ledger_close(ledger);
}

/* A time alone is renewed by one store, and is believed with its inverse alone. */
static void test_renewed(void **state)
{
	struct sluice_ledger_permission record;
	struct ledger *ledger = create();
	struct ledger_table *table = &ledger->tables[SLUICE_LEDGER_PERMISSION];
	struct ledger_image image;
	uint32_t expires;

	permission_put(ledger, 1, 42);
	ledger_renew(table, 1, 12345);
	assert_int_equal(ledger_commit(ledger), 0);
	assert_int_equal(ledger_image_open(&image, path, why), 0);
	assert_int_equal(permission_get(&image, 1, &record), LEDGER_WHOLE);
	assert_int_equal(record.head.expires, 12345);
	assert_true(ledger_image_expires(&image, SLUICE_LEDGER_PERMISSION, 1, &expires));
	assert_int_equal(expires, 12345);
	((struct sluice_ledger_head *)ledger_words(table, 1))->expires++;
	assert_int_equal(permission_get(&image, 1, &record), LEDGER_BROKEN);
	assert_false(ledger_image_expires(&image, SLUICE_LEDGER_PERMISSION, 1, &expires));
	ledger_image_close(&image);
	ledger_close(ledger);
}

static void test_keys_by_turns(void **state)
{
	struct ledger *ledger = create();

	for (uint64_t i = 1; i <= 5; i++) {
		ledger->keys.nonces_since = 100 + i;
		ledger_keys_write(ledger);
	}
	/* the writer dies over the sixth */
	((struct sluice_ledger_head *)ledger_words(&ledger->tables[SLUICE_LEDGER_KEYS], 0))
	        ->sequence |= 1;
	assert_int_equal(ledger_commit(ledger), 0);
	ledger_close(ledger);
	ledger = create();
	assert_true(ledger->keys_taken);
	assert_int_equal(ledger->keys.number, 5);
	assert_int_equal(ledger->keys.nonces_since, 105);
	ledger_close(ledger);
}

/* -- files that are refused -- */

static void file_write(const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void header_seal(struct sluice_ledger_header *header)
{
	header->check = 0;
	header->check = ledger_header_check(header);
}

static void test_refused(void **state)
{
	struct ledger *ledger = create();
	size_t size = ledger->size;
	struct sluice_ledger_header *header = malloc(size), good;
	struct ledger_image image;

	memcpy(header, ledger->map, size);
	good = *header;
	ledger_close(ledger);

	for (size_t cut = 0; cut < size; cut += cut < sizeof(*header) ? 8 : 512) {
		file_write(header, cut);
		assert_true(ledger_image_open(&image, path, why) < 0);
	}
	file_write(header, size);
	assert_int_equal(ledger_image_open(&image, path, why), 0);
	ledger_image_close(&image);

	header->byte_order = __builtin_bswap32(header->byte_order);
	header_seal(header);
	file_write(header, size);
	assert_int_equal(ledger_image_open(&image, path, why), -EBADMSG);
	*header = good;

	header->version++;
	header_seal(header);
	file_write(header, size);
	assert_int_equal(ledger_image_open(&image, path, why), -EPROTO);
	*header = good;

	header->sections[1].count = 1u << 26;
	header_seal(header);
	file_write(header, size);
	assert_int_equal(ledger_image_open(&image, path, why), -EBADMSG);
	*header = good;

	header->sections[1].offset = UINT64_MAX - 63;
	header_seal(header);
	file_write(header, size);
	assert_int_equal(ledger_image_open(&image, path, why), -EBADMSG);
	*header = good;

	header->sections[1].kind = header->sections[0].kind;
	header_seal(header);
	file_write(header, size);
	assert_int_equal(ledger_image_open(&image, path, why), -EBADMSG);
	*header = good;

	/* of another boot: a start leaves it alone */
	header->boot[5] ^= 1;
	header_seal(header);
	file_write(header, size);
	assert_int_equal(ledger_image_open(&image, path, why), 0);
	assert_false(image.same_boot);
	ledger_image_close(&image);
	ledger = create();
	assert_null(ledger->old);
	ledger_close(ledger);

	file_write(&good, sizeof(good));
	assert_int_equal(chmod(path, 0622), 0);
	assert_int_equal(ledger_image_open(&image, path, why), -EPERM);
	free(header);
}

static int setup(void **state)
{
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/ledger", folder);
	return 0;
}

static int path_clean(void **state)
{
	unlink(path);
	return 0;
}

static int teardown(void **state)
{
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(test_written_is_read, path_clean),
	        cmocka_unit_test_teardown(test_damage_is_seen, path_clean),
	        cmocka_unit_test_teardown(test_sequence_comes_round, path_clean),
	        cmocka_unit_test_teardown(test_renewed, path_clean),
	        cmocka_unit_test_teardown(test_keys_by_turns, path_clean),
	        cmocka_unit_test_teardown(test_refused, path_clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
