/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_fixture.h"

#include "net/service.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint16_t kind_at(const struct dataplane *dp, const char *text, uint16_t port)
{
	struct ip_addr addr = ip(text);
	const struct service *service = service_find(dp->services, &addr, rte_cpu_to_be_16(port));

	return service == NULL ? SERVICE_NONE : service->kind;
}

static void found_by_address_and_port(void **state)
{
	struct dataplane *dp = *state;
	struct ip_addr stranger = ip("198.18.1.3");
	struct service list[] = {
	        {.ip = ip("198.18.1.1"),
	         .first_port = 3478,
	         .last_port = 3478,
	         .kind = SERVICE_TURN},
	        {.ip = ip("2001:2::1"),
	         .first_port = 3478,
	         .last_port = 3478,
	         .kind = SERVICE_TURN},
	        {.ip = ip("198.18.1.1"),
	         .first_port = 49152,
	         .last_port = 65535,
	         .kind = SERVICE_RELAY},
	        {.ip = ip("198.18.1.1"),
	         .first_port = 3479,
	         .last_port = 3479,
	         .kind = SERVICE_TURN},
	};

	assert_int_equal(services_set(dp, list, RTE_DIM(list), NULL, 0), 0);
	assert_int_equal(kind_at(dp, "198.18.1.1", 3478), SERVICE_TURN);
	assert_int_equal(kind_at(dp, "198.18.1.1", 3479), SERVICE_TURN);
	assert_int_equal(kind_at(dp, "198.18.1.1", 3480), SERVICE_NONE);
	assert_int_equal(kind_at(dp, "198.18.1.1", 49151), SERVICE_NONE);
	assert_int_equal(kind_at(dp, "198.18.1.1", 49152), SERVICE_RELAY);
	assert_int_equal(kind_at(dp, "198.18.1.1", 65535), SERVICE_RELAY);
	assert_int_equal(kind_at(dp, "2001:2::1", 3478), SERVICE_TURN);
	assert_int_equal(kind_at(dp, "198.18.1.3", 3478), SERVICE_NONE);
	assert_false(service_has_ip(dp->services, &stranger));
}

static const struct service *service_at(const struct dataplane *dp, const char *text)
{
	struct ip_addr addr = ip(text);

	return service_find(dp->services, &addr, RTE_BE16(3478));
}

/* TURN and sessions at one port, in whichever order they come and go. */
static void shared_port(void **state)
{
	struct dataplane *dp = *state;
	const struct service turn = {ip("198.18.1.1"), 3478, 3478, SERVICE_TURN, 5};
	const struct service sessions[] = {
	        {ip("198.18.1.1"), 3478, 3478, SERVICE_SESSION, 0},
	        {ip("198.18.1.2"), 3478, 3478, SERVICE_SESSION, 1},
	};

	for (int turn_first = 0; turn_first < 2; turn_first++) {
		if (turn_first)
			assert_int_equal(services_set(dp, &turn, 1, NULL, 0), 0);
		assert_int_equal(services_set_sessions(dp, sessions, 2), 0);
		if (!turn_first)
			assert_int_equal(services_set(dp, &turn, 1, NULL, 0), 0);
		assert_int_equal(service_at(dp, "198.18.1.1")->kind, SERVICE_TURN);
		assert_int_equal(service_at(dp, "198.18.1.1")->index, 5);
		assert_int_equal(service_at(dp, "198.18.1.1")->session, 1);
		assert_int_equal(service_at(dp, "198.18.1.2")->kind, SERVICE_SESSION);
		assert_int_equal(service_at(dp, "198.18.1.2")->session, 2);
		assert_int_equal(services_set_media(dp, NULL, 0), 0);
		assert_int_equal(service_at(dp, "198.18.1.1")->session, 1);
		assert_int_equal(services_set(dp, NULL, 0, NULL, 0), 0);
		assert_int_equal(service_at(dp, "198.18.1.1")->kind, SERVICE_SESSION);
		assert_int_equal(service_at(dp, "198.18.1.1")->session, 1);
		assert_int_equal(services_set(dp, &turn, 1, NULL, 0), 0);
		assert_int_equal(services_set_sessions(dp, NULL, 0), 0);
		assert_int_equal(service_at(dp, "198.18.1.1")->session, 0);
		assert_null(service_at(dp, "198.18.1.2"));
		assert_int_equal(services_set(dp, NULL, 0, NULL, 0), 0);
	}
}

/* Every slot of the table in use and none lost; one more is refused and changes nothing. */
static void full_table(void **state)
{
	struct dataplane *dp = *state;
	static struct service list[SERVICES_MAX + 1];

	for (uint32_t i = 0; i <= SERVICES_MAX; i++)
		list[i] = (struct service){.ip = ip_addr_v4(rte_cpu_to_be_32(0xc6120000 + i)),
		                           .first_port = 3478,
		                           .last_port = 3478,
		                           .kind = SERVICE_TURN,
		                           .index = i};
	assert_int_equal(services_set(dp, list, SERVICES_MAX, NULL, 0), 0);
	assert_int_equal(services_set(dp, list, SERVICES_MAX + 1, NULL, 0), -ENOSPC);
	for (uint32_t i = 0; i < SERVICES_MAX; i++) {
		const struct service *found =
		        service_find(dp->services, &list[i].ip, RTE_BE16(3478));

		assert_non_null(found);
		assert_int_equal(found->index, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(found_by_address_and_port),
	        cmocka_unit_test(shared_port),
	        cmocka_unit_test(full_table),
	};

	return cmocka_run_group_tests(tests, net_setup, net_teardown);
}
