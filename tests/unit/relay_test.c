/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>

#include "turn/relay.h"

static struct random *rng;

static struct relay *relay_make(uint16_t first, uint16_t last)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	struct port_ranges *open = calloc(1, sizeof(*open));

	port_ranges_add(open, first, last);
	relay->open = open;
	relay->active = true;
	relay->ports = calloc(RELAY_PORT_WORDS, sizeof(relay->ports[0]));
	return relay;
}

static void relay_drop(struct relay *relay)
{
	free((void *)relay->open);
	free(relay->ports);
	free(relay);
}

static void test_full(void **state)
{
	static const struct {
		uint16_t first, last;
		bool even;
		uint32_t pair;
		uint32_t room; /* claims that succeed */
	} rows[] = {
	        {50000, 50000, false, 0, 1},
	        {50000, 50099, false, 0, 100},
	        {1024, 65535, false, 0, 64512},
	        {50000, 50099, true, 0, 50},
	        {50001, 50099, true, 0, 49},
	        {50001, 50001, true, 0, 0},
	        {50000, 50000, true, RELAY_PORT_RESERVED | 5, 0},
	        {50000, 50099, true, RELAY_PORT_RESERVED | 5, 50},
	        {50001, 50100, true, RELAY_PORT_RESERVED | 5, 49},
	        {65534, 65535, true, RELAY_PORT_RESERVED | 5, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct relay *relay = relay_make(rows[i].first, rows[i].last);
		uint32_t ports = rows[i].pair != 0 ? 2 : 1;
		uint16_t port;

		for (uint32_t n = 0; n < rows[i].room; n++) {
			port = relay_port_claim(relay, rng, n + 1, rows[i].even, rows[i].pair);
			assert_in_range(port, rows[i].first, rows[i].last);
			assert_int_equal(relay_port_owner(relay, port), n + 1);
			assert_true(!rows[i].even || port % 2 == 0);
			if (rows[i].pair != 0)
				assert_int_equal(relay->ports[port + 1], rows[i].pair);
			assert_int_equal(relay->used, (n + 1) * ports);
		}
		assert_int_equal(relay_port_claim(relay, rng, 7, rows[i].even, rows[i].pair), 0);
		assert_int_equal(relay->used, rows[i].room * ports);
		relay_drop(relay);
	}
}

static void test_release_and_transfer(void **state)
{
	struct relay *relay = relay_make(50000, 50001);
	uint16_t port =
	        relay_port_claim(relay, rng, RELAY_PORT_PENDING, true, RELAY_PORT_RESERVED | 9);

	assert_int_equal(port, 50000);
	assert_int_equal(relay_port_owner(relay, 50000), 0);
	assert_int_equal(relay_port_owner(relay, 50001), 0);
	assert_true(relay_port_transfer(relay, 50000, RELAY_PORT_PENDING, 3));
	assert_false(relay_port_transfer(relay, 50000, RELAY_PORT_PENDING, 4));
	assert_int_equal(relay_port_owner(relay, 50000), 3);
	assert_false(relay_port_transfer(relay, 50001, RELAY_PORT_RESERVED | 8, 4));
	assert_true(relay_port_transfer(relay, 50001, RELAY_PORT_RESERVED | 9, RELAY_PORT_FREE));
	assert_int_equal(relay->used, 1);
	relay_port_release(relay, 50000);
	assert_int_equal(relay->used, 0);
	assert_int_equal(relay_port_owner(relay, 49999), 0);
	assert_int_equal(relay_port_owner(relay, 50002), 0);
	assert_int_not_equal(relay_port_claim(relay, rng, 1, false, 0), 0);
	relay_drop(relay);
}

/* "1-3,5-9" */
static void ranges_of(struct port_ranges *ranges, const char *text)
{
	unsigned int first, last;
	int length;

	*ranges = (struct port_ranges){0};
	while (sscanf(text, "%u-%u%n", &first, &last, &length) == 2) {
		assert_int_equal(port_ranges_add(ranges, first, last), 0);
		text += length + (text[length] == ',');
	}
}

static void test_ranges(void **state)
{
	static const struct {
		const char *before;
		uint16_t first, last;
		const char *after; /* NULL: too many */
		uint32_t size;
	} rows[] = {
	        {"", 1024, 65535, "1024-65535", 64512},
	        {"2000-2999", 0, 0, "2000-2999", 1000},
	        {"2000-2999", 4000, 4000, "2000-2999,4000-4000", 1001},
	        {"2000-2999", 1024, 1024, "1024-1024,2000-2999", 1001},
	        {"2000-2999", 3000, 3999, "2000-3999", 2000},
	        {"2000-2999", 1500, 1999, "1500-2999", 1500},
	        {"2000-2999", 2100, 2200, "2000-2999", 1000},
	        {"2000-2999,4000-4999", 2500, 4500, "2000-4999", 3000},
	        {"2000-2999,4000-4999", 1100, 65535, "1100-65535", 64436},
	        {"2000-2000,3000-3000,65535-65535", 65534, 65534, "2000-2000,3000-3000,65534-65535",
	         4},
	        {"1-1,3-3,5-5,7-7,9-9,11-11,13-13,15-15", 17, 17, NULL, 8},
	        {"1-1,3-3,5-5,7-7,9-9,11-11,13-13,15-15", 14, 14, "1-1,3-3,5-5,7-7,9-9,11-11,13-15",
	         9},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct port_ranges ranges, after;
		int ret;

		ranges_of(&ranges, rows[i].before);
		ranges_of(&after, rows[i].after != NULL ? rows[i].after : rows[i].before);
		ret = port_ranges_add(&ranges, rows[i].first, rows[i].last);
		assert_int_equal(ret, rows[i].after != NULL ? 0 : -ENOSPC);
		assert_true(port_ranges_equal(&ranges, &after));
		assert_int_equal(ranges.size, rows[i].size);
	}
}

/* Other ranges: what was given out stays, what comes is from the new ones; full is full again. */
static void test_ranges_change(void **state)
{
	struct relay *relay = relay_make(50000, 50003);
	struct port_ranges *open = calloc(1, sizeof(*open));

	ranges_of(open, "50003-50004,50010-50011");
	for (int i = 0; i < 4; i++)
		assert_int_not_equal(relay_port_claim(relay, rng, 1, false, 0), 0);
	assert_int_equal(relay_port_claim(relay, rng, 1, false, 0), 0);
	free((void *)relay->open);
	relay->open = open;
	relay_ranges_changed(relay);
	/* a pair does not reach over the gap */
	assert_int_equal(relay_port_claim(relay, rng, 1, true, RELAY_PORT_RESERVED | 7), 50010);
	assert_int_equal(relay_port_claim(relay, rng, 2, false, 0), 50004);
	assert_int_equal(relay_port_claim(relay, rng, 3, false, 0), 0);
	assert_int_equal(relay_port_owner(relay, 50000), 1);
	relay_port_release(relay, 50000);
	assert_int_equal(relay_port_claim(relay, rng, 3, false, 0), 0);
	relay_port_release(relay, 50003);
	assert_int_equal(relay_port_claim(relay, rng, 3, false, 0), 50003);
	relay_drop(relay);
}

/* Whoever sees some ports cannot tell the next: neighbours are rare, and all parts of the range are
 * used. */
static void test_unpredictable(void **state)
{
	struct relay *relay = relay_make(1024, 65535);
	uint32_t neighbours = 0, parts[16] = {0};
	uint16_t before = 0;

	for (uint32_t n = 0; n < 4096; n++) {
		uint16_t port = relay_port_claim(relay, rng, 1, false, 0);

		neighbours += port == before + 1 || port + 1 == before;
		parts[port / 4096]++;
		before = port;
	}
	assert_true(neighbours < 10);
	for (int i = 1; i < 16; i++)
		assert_in_range(parts[i], 150, 400);
	relay_drop(relay);
}

struct racer {
	struct relay *relay;
	pthread_barrier_t *start;
	uint32_t owner;
	uint32_t claimed, stolen;
};

static void *race(void *argument)
{
	struct racer *racer = argument;
	struct random *own = random_create();

	pthread_barrier_wait(racer->start);
	for (int round = 0; round < 200; round++) {
		uint16_t ports[64];
		uint32_t n = 0;

		while (n < 64 && (ports[n] = relay_port_claim(racer->relay, own, racer->owner,
		                                              false, 0)) != 0)
			n++;
		racer->claimed += n;
		for (uint32_t i = 0; i < n; i++) {
			racer->stolen += relay_port_owner(racer->relay, ports[i]) != racer->owner;
			relay_port_release(racer->relay, ports[i]);
		}
	}
	random_destroy(own);
	return NULL;
}

/* How many one thread gets is the scheduler's choice: two that wait hold all hundred. */
static void test_race(void **state)
{
	struct relay *relay = relay_make(50000, 50099);
	struct racer racers[4];
	pthread_t threads[4];
	pthread_barrier_t start;
	uint32_t claimed = 0, stolen = 0;

	pthread_barrier_init(&start, NULL, 4);
	for (uint32_t i = 0; i < 4; i++) {
		racers[i] = (struct racer){relay, &start, i + 1, 0, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (uint32_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		claimed += racers[i].claimed;
		stolen += racers[i].stolen;
	}
	pthread_barrier_destroy(&start);
	assert_int_not_equal(claimed, 0);
	assert_int_equal(stolen, 0);
	assert_int_equal(relay->used, 0);
	for (uint32_t i = 50000; i < 50100; i++)
		assert_int_equal(relay->ports[i], 0);
	relay_drop(relay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_full),          cmocka_unit_test(test_release_and_transfer),
	        cmocka_unit_test(test_ranges),        cmocka_unit_test(test_ranges_change),
	        cmocka_unit_test(test_unpredictable), cmocka_unit_test(test_race),
	};
	int failed;

	rng = random_create();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	random_destroy(rng);
	return failed;
}
