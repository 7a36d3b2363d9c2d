/* SPDX-License-Identifier: BSD-3-Clause */
/* TURN listeners, relay ranges and endpoints' local addresses share ports with nobody, in whichever
 * order they come. */
#include "media/media.h"
#include "net/service.h"
#include "net_fixture.h"
#include "rig.h"
#include "turn/config.h"
#include "turn/turn.h"

#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum owner { LISTENER, RELAY, ENDPOINT };

/* last_port: a relay's. */
struct claim {
	enum owner owner;
	const char *ip;
	uint16_t port, last_port;
};

static struct sluice_addr addr(const char *text, uint16_t port)
{
	struct sluice_addr addr = {.port = rte_cpu_to_be_16(port)};
	struct ip_addr at = ip(text);

	memcpy(addr.ip, at.bytes, sizeof(addr.ip));
	return addr;
}

static int endpoint_claim(struct dataplane *dp, const struct claim *claim, bool add, char *why)
{
	struct sluice_endpoint endpoint = {
	        .name = "one",
	        .local = addr(claim->ip, claim->port),
	        .remote = addr(strchr(claim->ip, ':') ? "2001:2::9" : "198.18.0.9", 6000),
	        .profile = SLUICE_SRTP_GCM128,
	        .rx_key_length = 28,
	        .tx_key_length = 28,
	};

	return add ? media_endpoint_add(dp->media, &endpoint, 0, why)
	           : media_endpoint_delete(dp->media, endpoint.name, why);
}

static int claim_set(struct dataplane *dp, const struct claim *claim, bool add, char *why)
{
	struct sluice_turn_listen listen = {.addr = addr(claim->ip, claim->port)};
	struct sluice_turn_relay relay = {.addr = addr(claim->ip, 0),
	                                  .first_port = claim->port,
	                                  .last_port = claim->last_port};

	switch (claim->owner) {
	case LISTENER:
		return add ? turn_listen_add(dp->turn, &listen, 0, why)
		           : turn_listen_delete(dp->turn, &listen, why);
	case RELAY:
		return add ? turn_relay_add(dp->turn, &relay, 0, why)
		           : turn_relay_delete(dp->turn, &relay, why);
	default:
		return endpoint_claim(dp, claim, add, why);
	}
}

static const struct {
	struct claim first, second;
	int error;
	const char *why; /* NULL: both have room */
} rows[] = {
        {{LISTENER, "198.18.1.1", 3478},
         {ENDPOINT, "198.18.1.1", 3478},
         -EADDRINUSE,
         "198.18.1.1:3478 is a TURN listener's"},
        {{ENDPOINT, "198.18.1.1", 3478},
         {LISTENER, "198.18.1.1", 3478},
         -EADDRINUSE,
         "198.18.1.1:3478 is an endpoint's local address"},
        {{ENDPOINT, "2001:2::1", 5000},
         {LISTENER, "2001:2::1", 5000},
         -EADDRINUSE,
         "[2001:2::1]:5000 is an endpoint's local address"},
        {{RELAY, "198.18.1.1", 5000, 5010},
         {ENDPOINT, "198.18.1.1", 5010},
         -EADDRINUSE,
         "198.18.1.1:5010 lies in a relay's range"},
        {{ENDPOINT, "198.18.1.1", 5000},
         {RELAY, "198.18.1.1", 5000, 5010},
         -EADDRINUSE,
         "198.18.1.1:5000, an endpoint's local address, lies in ports 5000-5010"},
        {{ENDPOINT, "198.18.1.1", 5010},
         {RELAY, "198.18.1.1", 5000, 5010},
         -EADDRINUSE,
         "198.18.1.1:5010, an endpoint's local address, lies in ports 5000-5010"},
        {{ENDPOINT, "2001:2::1", 5005},
         {RELAY, "2001:2::1", 5000, 5010},
         -EADDRINUSE,
         "[2001:2::1]:5005, an endpoint's local address, lies in ports 5000-5010"},
        {{LISTENER, "198.18.1.1", 5000},
         {RELAY, "198.18.1.1", 5000, 5010},
         -EINVAL,
         "a listener on 198.18.1.1 lies in ports 5000-5010"},
        {{RELAY, "198.18.1.1", 5000, 5010},
         {LISTENER, "198.18.1.1", 5010},
         -EINVAL,
         "198.18.1.1:5010 lies in a relay's range"},
        {{ENDPOINT, "198.18.1.1", 5000}, {LISTENER, "198.18.1.1", 5001}},
        {{ENDPOINT, "198.18.1.1", 5000}, {LISTENER, "198.18.1.2", 5000}},
        {{ENDPOINT, "198.18.1.1", 4999}, {RELAY, "198.18.1.1", 5000, 5010}},
        {{ENDPOINT, "198.18.1.1", 5011}, {RELAY, "198.18.1.1", 5000, 5010}},
        {{RELAY, "198.18.1.1", 5000, 5010}, {ENDPOINT, "198.18.1.1", 5011}},
        {{RELAY, "198.18.1.1", 5000, 5010}, {ENDPOINT, "198.18.1.2", 5005}},
};

/* A refusal leaves nothing behind; and once the first has gone the second is welcome. */
static void who_comes_second_is_refused(void **state)
{
	struct dataplane *dp = ((struct rig *)*state)->dp;

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		char why[SLUICE_API_ERROR_MAX] = "";

		assert_int_equal(claim_set(dp, &rows[i].first, true, why), 0);
		assert_int_equal(dp->services->count, 1);
		assert_int_equal(claim_set(dp, &rows[i].second, true, why), rows[i].error);
		assert_int_equal(dp->services->count, rows[i].why == NULL ? 2 : 1);
		if (rows[i].why != NULL)
			assert_string_equal(why, rows[i].why);
		assert_int_equal(claim_set(dp, &rows[i].first, false, why), 0);
		if (rows[i].why != NULL)
			assert_int_equal(claim_set(dp, &rows[i].second, true, why), 0);
		assert_int_equal(claim_set(dp, &rows[i].second, false, why), 0);
		assert_int_equal(dp->services->count, 0);
	}
}

static int rig_setup(void **state)
{
	static struct rig rig;
	struct options options;

	if (rig_eal("service_overlap", 128, false) != 0)
		return -1;
	options_default(&options);
	options.mbufs = 1023;
	options.max_endpoints = options.max_streams = options.max_subscriptions = 4;
	*state = &rig;
	return rig_create(&rig, &options);
}

static int rig_teardown(void **state)
{
	rig_destroy(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(who_comes_second_is_refused),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
