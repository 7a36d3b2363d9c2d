/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports on virtual devices of DPDK: what is refused, and that nothing is touched by it. */
#include "net/port.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int dataplane_setup(void **state)
{
	struct options options;

	if (rig_eal("port_device", 128, false) != 0)
		return -1;
	options_default(&options);
	options.mbufs = 1023;
	*state = dataplane_create(&options, NULL);
	return *state == NULL ? -1 : 0;
}

static int dataplane_teardown(void **state)
{
	dataplane_destroy(*state);
	return 0;
}

static int add(struct dataplane *dp, const char *name, const char *args, char *why)
{
	struct sluice_port_add request = {.kind = SLUICE_PORT_VDEV};

	strcpy(request.name, name);
	strcpy(request.args, args);
	why[0] = '\0';
	return port_add(dp, &request, SLUICE_API_EXIST_OK, why);
}

static uint32_t rows(struct dataplane *dp, struct sluice_port_row *row)
{
	uint32_t cursor = 0;

	return port_show(dp, &cursor, row, 4);
}

/* net_null receives without end. */
static void a_device_is_one_port(void **state)
{
	struct sluice_port_row row[4];
	char why[SLUICE_API_ERROR_MAX];
	struct dataplane *dp = *state;
	uint64_t received;

	assert_int_equal(add(dp, "t1", "net_null0", why), 0);
	assert_true(worker_walk(dp->workers[0]) > 0);
	assert_int_equal(add(dp, "t2", "net_null0", why), -EEXIST);
	assert_string_equal(why, "net_null0 is port t1 already");
	assert_int_equal(add(dp, "t1", "net_null0", why), 0); /* the same configuration again */

	received = dp->workers[0]->rx_packets;
	assert_true(worker_walk(dp->workers[0]) > 0);
	assert_true(dp->workers[0]->rx_packets > received);
	assert_int_equal(rows(dp, row), 1);
	assert_string_equal(row[0].name, "t1");
	assert_int_equal(row[0].state, SLUICE_PORT_UP);
}

static void what_was_deleted_may_come_back_under_another_name(void **state)
{
	struct sluice_port_delete first = {.name = "t1"}, second = {.name = "t2"};
	char why[SLUICE_API_ERROR_MAX];
	struct sluice_port_row row[4];
	struct dataplane *dp = *state;

	assert_int_equal(port_delete(dp, &first, why), 0);
	assert_int_equal(add(dp, "t2", "net_null0", why), 0);
	assert_true(worker_walk(dp->workers[0]) > 0);
	assert_int_equal(add(dp, "t3", "net_null1", why), 0);
	assert_int_equal(rows(dp, row), 2);
	assert_int_equal(port_delete(dp, &second, why), 0);
	assert_int_equal(rows(dp, row), 1);
}

static void no_such_driver(void **state)
{
	char why[SLUICE_API_ERROR_MAX];

	assert_int_not_equal(add(*state, "t9", "net_nothing0", why), 0);
	assert_non_null(strstr(why, "net_nothing0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_device_is_one_port),
	        cmocka_unit_test(what_was_deleted_may_come_back_under_another_name),
	        cmocka_unit_test(no_such_driver),
	};

	return cmocka_run_group_tests(tests, dataplane_setup, dataplane_teardown);
}
