/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot on disk, and what is made of a damaged one; records as they come from Redis. */
#include "region_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "snapshot-test-XXXXXX";
static char path[64];

static int folder_make(void **state)
{
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/snapshot", folder);
	return 0;
}

static int folder_remove(void **state)
{
	unlink(path);
	return rmdir(folder);
}

static struct snapshot *snapshot_make(void)
{
	struct view *view = view_create("a", "a1");
	struct snapshot *snapshot;

	for (int r = 0; r < 3; r++) {
		char name[2] = {'a' + r}, id[3] = {'a' + r, '1'};
		struct place place = {.known = true, .lat = r * 1000000};
		struct node_record record = record_make(name, id, 1);

		assert_int_equal(view_region_set(view, name, &place), 0);
		assert_int_equal(view_beat(view, MS, name, &record), 0);
	}
	view_tick(view, 2 * MS, NULL, NULL);
	snapshot = view_snapshot(view, 2 * MS);
	assert_non_null(snapshot);
	snapshot->generation = 42;
	view_destroy(view);
	return snapshot;
}

static void what_is_saved_is_read(void **state)
{
	struct snapshot *saved = snapshot_make(), *read;
	int error;

	assert_int_equal(snapshot_save(saved, path), 0);
	assert_int_equal(snapshot_save(saved, path), 0);
	read = snapshot_load(path, &error);
	assert_non_null(read);
	assert_int_equal(read->generation, 42);
	assert_true(snapshot_is_equivalent(saved, read));
	assert_string_equal(snapshot_nodes(read)[2].record.id, "c1");
	snapshot_release(saved);
	snapshot_release(read);
}

/* Any byte that is another one, and any length that is another one. */
static void damage_is_noticed(void **state)
{
	struct snapshot *saved = snapshot_make();
	struct stat info;
	int error, fd;
	uint8_t byte;

	assert_int_equal(snapshot_save(saved, path), 0);
	fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &info), 0);
	for (off_t at = 0; at < info.st_size; at += at < 512 ? 1 : 97) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x40;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		assert_null(snapshot_load(path, &error));
		assert_int_equal(error, -EBADMSG);
		byte ^= 0x40;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	for (off_t size = info.st_size - 1; size > 0; size /= 2) {
		assert_int_equal(ftruncate(fd, size), 0);
		assert_null(snapshot_load(path, &error));
		assert_int_equal(error, -EBADMSG);
	}
	close(fd);
	snapshot_release(saved);
}

/* What has the right sum can still be nonsense, where somebody made it so. */
static void nonsense_is_noticed(void **state)
{
	static const uint32_t counts[] = {0, 2, 4, 1u << 30, UINT32_MAX};
	int error;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct snapshot *saved = snapshot_make();

		saved->n_nodes = counts[i];
		assert_int_equal(snapshot_save(saved, path), 0);
		assert_null(snapshot_load(path, &error));
		saved->n_nodes = 3;
		saved->n_regions = counts[i];
		assert_int_equal(snapshot_save(saved, path), 0);
		assert_null(snapshot_load(path, &error));
		saved->n_regions = 3;
		saved->regions[1].count = counts[i];
		assert_int_equal(snapshot_save(saved, path), 0);
		assert_null(snapshot_load(path, &error));
		snapshot_release(saved);
	}
}

static void none_is_none(void **state)
{
	int error;

	assert_null(snapshot_load("/nonexistent/snapshot", &error));
	assert_int_equal(error, -ENOENT);
	assert_null(snapshot_load("/dev/null", &error));
	assert_int_equal(error, -EBADMSG);
}

static void a_failed_save_leaves_the_old_one(void **state)
{
	struct snapshot *saved = snapshot_make(), *read;
	int error;

	assert_int_equal(snapshot_save(saved, path), 0);
	assert_int_equal(snapshot_save(saved, "/nonexistent/snapshot"), -ENOENT);
	read = snapshot_load(path, &error);
	assert_non_null(read);
	snapshot_release(read);
	snapshot_release(saved);
}

static void equivalence_is_about_choices(void **state)
{
	struct snapshot *a = snapshot_make(), *b = snapshot_make();

	snapshot_nodes(b)[1].record.seq = 99;
	snapshot_nodes(b)[1].rtt_us = 3;
	assert_true(snapshot_is_equivalent(a, b));
	snapshot_nodes(b)[1].record.addr4.ip[15] = 9;
	assert_false(snapshot_is_equivalent(a, b));
	snapshot_release(a);
	snapshot_release(b);
}

/* -- records -- */

struct record_case {
	const char *name;
	int field;         /* that is replaced; -1: none; NODE_FIELDS: the id */
	const char *value; /* NULL: missing */
	const char *wrong; /* the field that is named; NULL: it is read */
};

static const struct record_case record_cases[] = {
        {"a good one", -1, "", NULL},
        {"no address", NODE_ADDR4, "", NULL},
        {"IPv6", NODE_ADDR6, "2001:db8::1", NULL},
        {"IPv6 in the place of IPv4", NODE_ADDR4, "2001:db8::1", "addr4"},
        {"IPv4 in the place of IPv6", NODE_ADDR6, "198.18.0.1", "addr6"},
        {"no number", NODE_SEQ, "", "seq"},
        {"a negative number", NODE_LOAD_PPM, "-1", "load_ppm"},
        {"a number too large", NODE_LOAD_PPM, "4294967296", "load_ppm"},
        {"a number far too large", NODE_SEQ, "99999999999999999999", "seq"},
        {"port 0", NODE_TURN, "0", "turn"},
        {"port 65536", NODE_TURN, "65536", "turn"},
        {"a missing field", NODE_STARTED, NULL, "started"},
        {"an unknown state", NODE_STATE, "sleeping", "state"},
        {"a region with a slash", NODE_REGION, "a/b", "region"},
        {"a region too long", NODE_REGION, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "region"},
        {"a long value", NODE_HTTP,
         "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "http"},
        {"a value for a terminal", NODE_HTTP, "\x1b[31m", "http"},
        {"a latitude of 91", NODE_LAT, "91", "lat"},
        {"a longitude without a latitude", NODE_LAT, "", "lat"},
        {"a latitude that is a word", NODE_LAT, "north", "lat"},
        {"an id with a space", NODE_FIELDS, "a 1", "id"},
        {"an empty id", NODE_FIELDS, "", "id"},
};

static void record_run(void **state)
{
	const struct record_case *row = *state;
	struct node_record good = record_make("a", "a1", 7), read;
	char texts[NODE_FIELDS][NODE_VALUE_MAX];
	struct node_value values[NODE_FIELDS];
	const char *id = "a1", *field = NULL;
	int status;

	good.place.known = true; /* member by member: what lies between them is compared too */
	good.place.lat = -33865143;
	good.place.lon = 151209900;
	snprintf(good.http, sizeof(good.http), "198.18.100.1:8080");
	node_write(&good, texts);
	for (int i = 0; i < NODE_FIELDS; i++)
		values[i] = (struct node_value){texts[i], strlen(texts[i])};
	if (row->field == NODE_FIELDS)
		id = row->value;
	else if (row->field >= 0)
		values[row->field] = (struct node_value){
		        row->value, row->value != NULL ? strlen(row->value) : 0};
	status = node_read(&read, id, strlen(id), values, &field);
	assert_int_equal(status, row->wrong != NULL ? -EINVAL : 0);
	if (row->wrong != NULL)
		assert_string_equal(field, row->wrong);
	if (row->field == -1)
		assert_memory_equal(&read, &good, sizeof(read));
}

struct place_case {
	const char *text;
	int status;
	int32_t lat, lon;
};

static void places(void **state)
{
	static const struct place_case rows[] = {
	        {"52.52,13.405", 0, 52520000, 13405000},
	        {"-33.8651430001,151.2", 0, -33865143, 151200000},
	        {"0,0", 0, 0, 0},
	        {"90,-180", 0, 90000000, -180000000},
	        {"90.000001,0", -EINVAL},
	        {"0,180.5", -EINVAL},
	        {"52.52", -EINVAL},
	        {"52.52,", -EINVAL},
	        {"52.52,13.4x", -EINVAL},
	        {"99999999999999999999,0", -EINVAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct place place = {0};

		assert_int_equal(place_read(&place, rows[i].text), rows[i].status);
		if (rows[i].status == 0) {
			assert_int_equal(place.lat, rows[i].lat);
			assert_int_equal(place.lon, rows[i].lon);
		}
	}
}

#define ROWS  (sizeof(record_cases) / sizeof(record_cases[0]))
#define PLAIN 7

int main(void)
{
	struct CMUnitTest tests[PLAIN + ROWS] = {
	        cmocka_unit_test(what_is_saved_is_read),
	        cmocka_unit_test(damage_is_noticed),
	        cmocka_unit_test(nonsense_is_noticed),
	        cmocka_unit_test(none_is_none),
	        cmocka_unit_test(a_failed_save_leaves_the_old_one),
	        cmocka_unit_test(equivalence_is_about_choices),
	        cmocka_unit_test(places),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[PLAIN + i] = (struct CMUnitTest){.name = record_cases[i].name,
		                                       .test_func = record_run,
		                                       .initial_state = (void *)&record_cases[i]};
	return _cmocka_run_group_tests("region_snapshot", tests, PLAIN + ROWS, folder_make,
	                               folder_remove);
}
