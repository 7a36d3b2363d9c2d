/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes without their thread: when they begin, and what they may cost. */
#include "dtls_fixture.h"
#include "net_fixture.h"

#include "dtls/certificate.h"
#include "dtls/state.h"
#include "session/state.h"

#include <rte_eal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static int setup(void **state)
{
	char *arguments[] = {
	        "test",           "--no-huge",         "-m", "256", "--no-shconf", "--no-pci",
	        "--no-telemetry", "--log-level=error", "-l", "0"};
	struct options options;

	if (rte_eal_init(RTE_DIM(arguments), arguments) < 0)
		return -1;
	options_default(&options);
	options.max_endpoints = 16;
	options.max_streams = 16;
	options.max_subscriptions = 16;
	options.max_sessions = 8;
	*state = dataplane_create(&options, NULL);
	return *state == NULL ? -1 : 0;
}

static struct dtls *dtls_made(struct dataplane *dp)
{
	struct dtls *dtls = calloc(1, sizeof(*dtls));

	assert_non_null(dtls);
	dtls_fill(dtls, dp);
	return dtls;
}

static void dtls_free(struct dtls *dtls)
{
	dtls_clear(dtls);
	free(dtls);
}

static struct association *opened(struct dtls *dtls, uint32_t session)
{
	const struct dtls_order order = {.kind = DTLS_OPEN, .active = true, .session = session};

	association_open(dtls, &order);
	assert_non_null(dtls->list[session]);
	return dtls->list[session];
}

/* An order to begin is given once: beyond what may shake hands at once it waits for its turn. */
static void begins_when_there_is_room(void **state)
{
	struct dtls *dtls = dtls_made(*state);
	struct association *first = opened(dtls, 1), *left = opened(dtls, 2);
	struct association *third = opened(dtls, 3);

	dtls->n_shaking = DTLS_HALF_OPEN_MAX;
	association_begin(first);
	association_begin(left);
	association_begin(third);
	assert_int_equal(first->state, ASSOCIATION_QUEUED);
	assert_int_equal(dtls->counters[DTLS_HALF_OPEN_FULL], 3);
	assert_int_equal(associations_timers(dtls), -1);
	assert_int_equal(dtls->counters[DTLS_STARTED], 0);

	association_close(left);
	dtls->n_shaking--;
	assert_in_range(associations_timers(dtls), 1, DTLS_HANDSHAKE_S * 1000);
	assert_int_equal(first->state, ASSOCIATION_SHAKES);
	assert_int_equal(third->state, ASSOCIATION_QUEUED);

	association_close(first);
	associations_timers(dtls);
	assert_int_equal(third->state, ASSOCIATION_SHAKES);
	assert_int_equal(dtls->counters[DTLS_STARTED], 2);
	association_close(third);
	assert_int_equal(dtls->n_shaking, DTLS_HALF_OPEN_MAX - 1);
	assert_true(TAILQ_EMPTY(&dtls->shaking) && TAILQ_EMPTY(&dtls->queued));
	dtls_free(dtls);
}

/* Each is kept in a buffer of 16 KiB until the handshake has keys for it. */
static void early_records_are_bounded(void **state)
{
	uint8_t record[14] = {22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1};
	const struct packet packet = {.payload_length = sizeof(record)};
	struct dtls *dtls = dtls_made(*state);
	struct association *association = opened(dtls, 1);

	association_begin(association);
	for (uint8_t i = 0; i < 16; i++) {
		record[10] = i;
		association_receive(association, record, sizeof(record), &packet);
		assert_int_equal(association->state, ASSOCIATION_SHAKES);
	}
	record[10] = 16;
	association_receive(association, record, sizeof(record), &packet);
	assert_int_equal(association->state, ASSOCIATION_OVER);
	assert_int_equal(dtls->counters[DTLS_FAILED_HANDSHAKE], 1);
	association_receive(association, record, sizeof(record), &packet);
	assert_int_equal(dtls->counters[DTLS_UNEXPECTED], 1);
	association_close(association);
	dtls_free(dtls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(begins_when_there_is_room),
	        cmocka_unit_test(early_records_are_bounded),
	};

	return cmocka_run_group_tests(tests, setup, net_teardown);
}
