/* SPDX-License-Identifier: BSD-3-Clause */
/* What is kept, what is found, and that every mbuf comes back; what may be repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "graph/packet.h"
#include "media/cache.h"
#include "media/repeat.h"
#include "media/state.h"

#define MBUFS  1023
#define MS     1000000u
#define TSC_HZ 1000000000u

static struct rte_mempool *pool;

static int pool_setup(void **state)
{
	char *arguments[] = {"test",     "--no-huge",      "-m", "64", "--no-shconf",
	                     "--no-pci", "--no-telemetry", "-l", "0",  "--log-level=error"};

	if (rte_eal_init(RTE_DIM(arguments), arguments) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("packets", MBUFS, 0, sizeof(struct packet), 256,
	                               SOCKET_ID_ANY);
	return pool == NULL ? -1 : 0;
}

static int pool_teardown(void **state)
{
	rte_mempool_free(pool);
	return rte_eal_cleanup();
}

static struct rte_mbuf *packet_of_serial(uint64_t index, uint32_t serial)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

	assert_non_null(mbuf);
	*packet_of(mbuf) = (struct packet){.media = {.index = index, .serial = serial}};
	return mbuf;
}

static struct rte_mbuf *packet(uint64_t index)
{
	return packet_of_serial(index, 1);
}

static bool found(const struct packet_cache *cache, uint64_t index, uint64_t tsc)
{
	struct rte_mbuf *mbuf = packet_cache_find(cache, index, tsc);

	assert_true(mbuf == NULL || packet_of(mbuf)->media.index == index);
	return mbuf != NULL;
}

/* Over the wrap of the sequence numbers, with holes: the last 16 are there, and no others. */
static void the_last_are_kept(void **state)
{
	struct packet_cache_quota quota = {.limit = MBUFS};
	struct packet_cache *cache = packet_cache_create(&quota, 16, 1000 * MS);

	for (uint64_t index = 0xff00; index < 0x10100; index++) {
		if (index % 5 == 0)
			continue;
		packet_cache_put(cache, packet(index), MS);
		for (uint64_t back = 0; back < 16; back++)
			assert_int_equal(found(cache, index - back, MS),
			                 (index - back) % 5 != 0 && index - back >= 0xff00);
		assert_false(found(cache, index + 0x10000, MS));
		assert_false(found(cache, index & 0xffff, MS) && index >= 0x10000);
	}
	assert_true(MBUFS - rte_mempool_avail_count(pool) <= 16);
	/* a late one does not put a later one out */
	packet_cache_put(cache, packet(0x100ff - 16), MS);
	assert_true(found(cache, 0x100ff, MS));
	/* but one of another numbering does */
	packet_cache_put(cache, packet_of_serial(0xff - 16, 2), MS);
	assert_true(found(cache, 0xff - 16, MS));
	assert_false(found(cache, 0x100ff, MS));
	packet_cache_destroy(cache);
	assert_int_equal(rte_mempool_avail_count(pool), MBUFS);
	assert_int_equal(quota.taken - quota.given, quota.returned);
}

static void age_bounds(void **state)
{
	struct packet_cache_quota quota = {.limit = MBUFS};
	struct packet_cache *cache = packet_cache_create(&quota, 64, 1000 * MS);
	uint64_t tsc = 5000 * MS;

	for (uint64_t index = 60; index < 260; index++)
		packet_cache_put(cache, packet(index), tsc += MS);
	assert_true(found(cache, 259, tsc + 1000 * MS));
	assert_false(found(cache, 258, tsc + 1000 * MS));
	packet_cache_age(cache, tsc, 1000);
	assert_int_equal(MBUFS - rte_mempool_avail_count(pool), 64);
	/* those of the first 32 ms are too old now: a budget of 10 frees no more */
	packet_cache_age(cache, tsc + 969 * MS, 10);
	assert_int_equal(MBUFS - rte_mempool_avail_count(pool), 54);
	packet_cache_age(cache, tsc + 969 * MS, 1000);
	assert_int_equal(MBUFS - rte_mempool_avail_count(pool), 32);
	packet_cache_age(cache, tsc + 2000 * MS, 1000);
	assert_int_equal(rte_mempool_avail_count(pool), MBUFS);
	packet_cache_destroy(cache);
}

/* Two streams at one worker: together not more than the share. */
static void the_share_bounds(void **state)
{
	struct packet_cache_quota quota = {.limit = packet_cache_share(200, 2)};
	struct packet_cache *one = packet_cache_create(&quota, 64, 1000 * MS);
	struct packet_cache *two = packet_cache_create(&quota, 64, 1000 * MS);

	assert_int_equal(quota.limit, 50);
	for (uint64_t index = 0; index < 40; index++) {
		packet_cache_put(one, packet(index), MS);
		packet_cache_put(two, packet(index), MS);
	}
	assert_int_equal(MBUFS - rte_mempool_avail_count(pool), 50);
	assert_int_equal(quota.refused, 30);
	packet_cache_destroy(one);
	/* what a destroyed cache held may be taken again */
	for (uint64_t index = 100; index < 125; index++)
		packet_cache_put(two, packet(index), MS);
	assert_true(found(two, 124, MS));
	packet_cache_destroy(two);
	assert_int_equal(rte_mempool_avail_count(pool), MBUFS);
}

/* A storm that asks for the last 64 packets each millisecond gets a quarter of what was sent, and
 * what a leg may save up. */
static void a_storm_is_bounded(void **state)
{
	static struct repeat_memory memory;
	struct subscription subscription = {.rtt_us = 10000};
	uint64_t repeated = 0, tsc = TSC_HZ;

	for (uint64_t index = 1000; index < 11000; index++) {
		subscription.bytes += 1000;
		tsc += MS;
		for (uint64_t back = 0; back < 64; back++)
			if (repeat_allow(&memory, &subscription, 7, index - back, 1000, tsc,
			                 TSC_HZ) == REPEAT_PASS)
				repeated += 1000;
	}
	assert_in_range(repeated, subscription.bytes / 4, subscription.bytes / 4 + REPEAT_BURST);
}

/* Two in a hundred, each asked for three times within a round trip: each is repeated once. */
static void losses_are_repaired_once(void **state)
{
	static struct repeat_memory memory;
	struct subscription subscription = {.rtt_us = 40000};
	uint64_t tsc = TSC_HZ;
	uint32_t passed = 0, soon = 0;

	for (uint64_t index = 0; index < 5000; index++) {
		subscription.bytes += 1200;
		tsc += MS;
		for (int i = 0; index % 50 == 0 && i < 3; i++) {
			switch (repeat_allow(&memory, &subscription, 9, index, 1200,
			                     tsc + (uint64_t)i * 9 * MS, TSC_HZ)) {
			case REPEAT_PASS:
				passed++;
				break;
			case REPEAT_TOO_SOON:
				soon++;
				break;
			default:
				fail_msg("no credit at %u", (unsigned int)index);
			}
		}
	}
	assert_int_equal(passed, 100);
	assert_int_equal(soon, 200);
	/* and again when a round trip has passed: the repeat was lost as well */
	assert_int_equal(
	        repeat_allow(&memory, &subscription, 9, 4950, 1200, tsc + 100 * MS, TSC_HZ),
	        REPEAT_PASS);
	/* somebody else's packet of that number */
	assert_int_equal(
	        repeat_allow(&memory, &subscription, 8, 4950, 1200, tsc + 101 * MS, TSC_HZ),
	        REPEAT_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_last_are_kept),        cmocka_unit_test(age_bounds),
	        cmocka_unit_test(the_share_bounds),         cmocka_unit_test(a_storm_is_bounded),
	        cmocka_unit_test(losses_are_repaired_once),
	};

	return cmocka_run_group_tests(tests, pool_setup, pool_teardown);
}
