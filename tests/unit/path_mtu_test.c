/* SPDX-License-Identifier: BSD-3-Clause */
/* What ICMP has told of ways: found for its destination alone, bounded below, forgotten. */
#include "net_fixture.h"

#include "net/path_mtu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define FORGOTTEN_S 632 /* ten minutes, by units of 16 s */

static struct path_mtus paths;

static uint16_t find(const char *text, uint32_t now)
{
	struct ip_addr dst = ip(text);

	return path_mtu_find(&paths, &dst, now);
}

static bool learn(const char *text, uint32_t mtu, uint32_t now)
{
	struct ip_addr dst = ip(text);

	return path_mtu_learn(&paths, &dst, mtu, now);
}

static int setup(void **state)
{
	paths = (struct path_mtus){.key = {.k0 = 1, .k1 = 2}};
	return 0;
}

static void test_none(void **state)
{
	assert_int_equal(find("203.0.113.1", 1), PATH_MTU_NONE);
	assert_true(learn("203.0.113.1", 1400, 1));
	assert_int_equal(find("203.0.113.2", 1), PATH_MTU_NONE);
	assert_int_equal(find("203.0.113.1", 1), 1400);
}

static void test_least(void **state)
{
	assert_true(learn("203.0.113.1", 68, 1));
	assert_int_equal(find("203.0.113.1", 1), PATH_MTU_MIN4);
	assert_true(learn("2001:2:0:2::1", 0, 1));
	assert_int_equal(find("2001:2:0:2::1", 1), PATH_MTU_MIN6);
}

/* What is told later is news where it is narrower. */
static void test_again(void **state)
{
	assert_true(learn("203.0.113.1", 1400, 1));
	assert_false(learn("203.0.113.1", 1400, 2));
	assert_false(learn("203.0.113.1", 1450, 2));
	assert_int_equal(find("203.0.113.1", 2), 1400);
	assert_true(learn("203.0.113.1", 1280, 2));
	assert_int_equal(find("203.0.113.1", 2), 1280);
}

static void test_forgotten(void **state)
{
	assert_true(learn("203.0.113.1", 1400, 100));
	assert_int_equal(find("203.0.113.1", 100 + 600), 1400);
	assert_int_equal(find("203.0.113.1", 100 + FORGOTTEN_S), PATH_MTU_NONE);
	assert_true(learn("203.0.113.2", 1300, 100 + FORGOTTEN_S));
	assert_int_equal(find("203.0.113.1", 100 + FORGOTTEN_S), PATH_MTU_NONE);
	assert_int_equal(find("203.0.113.2", 100 + FORGOTTEN_S), 1300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_none, setup),
	        cmocka_unit_test_setup(test_least, setup),
	        cmocka_unit_test_setup(test_again, setup),
	        cmocka_unit_test_setup(test_forgotten, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
