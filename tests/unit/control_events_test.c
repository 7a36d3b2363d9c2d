/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane tells as it happens, and what it makes both daemons write into their logs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"

#include <sluice/event.h>
#include <sluice/log.h>
#include <sluice/port.h>

#include <errno.h>
#include <string.h>
#include <time.h>

static struct sluice_port_row port = {.name = "dp0", .state = SLUICE_PORT_UP};

static const struct sluice_event_row *last(const struct control *control)
{
	return (const void *)control->stream.last;
}

static bool heard(const struct control *control, const char *area, const char *subject,
                  const char *said)
{
	const struct sluice_event_row *event = last(control);

	return strcmp(event->area, area) == 0 && strcmp(event->subject, subject) == 0 &&
	       strcmp(event->state, said) == 0;
}

static void port_is(struct control *control, enum sluice_port_state now)
{
	port.state = now;
	dataplane_answers(control, SLUICE_PORT_SHOW, 0, &port, sizeof(port));
}

/* What was before is not told: the ports have been asked for twice, so that it knows them. */
static void listen_to(struct control *control, const char *line)
{
	port_is(control, SLUICE_PORT_UP);
	dataplane_forget(control);
	control_listen(control, line);
	control_await(control, dataplane_was_asked(control, SLUICE_PORT_SHOW) >= 2);
	assert_int_equal(control->stream.rows, 0);
}

static void a_port_goes_and_comes(void **state)
{
	struct control *control = *state;

	listen_to(control, "events");
	port_is(control, SLUICE_PORT_DOWN);
	control_await(control, heard(control, "port", "dp0", "down"));
	port_is(control, SLUICE_PORT_GONE);
	control_await(control, heard(control, "port", "dp0", "gone"));
	dataplane_answers(control, SLUICE_PORT_SHOW, 0, NULL, 0);
	control_await(control, heard(control, "port", "dp0", "ended"));
	assert_int_equal(control->stream.rows, 3);
}

static void the_dataplane_goes_and_comes(void **state)
{
	struct control *control = *state;

	listen_to(control, "events");
	dataplane_away(control);
	control_await(control, heard(control, "dataplane", "sluice-dataplane", "ended"));
	dataplane_back(control);
	control_await(control, heard(control, "dataplane", "sluice-dataplane", "began"));
}

static void a_drain_is_told(void **state)
{
	struct control *control = *state;

	listen_to(control, "events");
	assert_int_equal(control_do(control, "node drain"), 0);
	control_await(control, heard(control, "node", "host", "draining"));
	assert_int_equal(control_do(control, "node undrain"), 0);
	control_await(control, heard(control, "node", "host", "active"));
}

/* Allocations are told to who asks for them. */
static void allocations_begin_and_end(void **state)
{
	struct sluice_allocation_row row = {.id = 7, .user = "ann", .client.port = 258};
	struct sluice_allocation_account account = {.id = 7, .user = "ann", .to_peer_bytes = 1234};
	struct control *control = *state;

	listen_to(control, "events allocations");
	control_await(control, dataplane_was_asked(control, SLUICE_ALLOCATION_SHOW) >= 2);
	dataplane_answers(control, SLUICE_ALLOCATION_SHOW, 0, &row, sizeof(row));
	control_await(control, heard(control, "allocation", "7", "began"));
	assert_string_equal(last(control)->user, "ann");
	assert_int_equal(last(control)->client.port, 258);
	dataplane_answers(control, SLUICE_ALLOCATION_ACCOUNT_TAKE, 0, &account, sizeof(account));
	control_await(control, heard(control, "allocation", "7", "ended"));
	assert_string_equal(last(control)->reason, "expired");
	assert_int_equal(last(control)->account.to_peer_bytes, 1234);
}

static void an_attack_is_told(void **state)
{
	struct control *control = *state;
	struct timespec now;

	control->maps->pinned = true;
	control_await(control, control->maps->written > 0);
	listen_to(control, "events");
	clock_gettime(CLOCK_MONOTONIC, &now);
	control->maps->attacked = (now.tv_sec + 3600) * 1000000000ull;
	control_await(control, heard(control, "gate", "host", "under attack"));
	control_await(control, control_logged(control, "the host is under attack"));
	control->maps->attacked = 0;
	control_await(control, heard(control, "gate", "host", "no attack"));
	control->maps->prefixes_attacked = 3;
	control_await(control, heard(control, "gate", "prefixes", "under attack"));
}

/* A listener that says something instead of listening is left. */
static void without_listeners_nobody_is_asked(void **state)
{
	struct control *control = *state;

	control_rest(control, 1500);
	assert_int_equal(dataplane_was_asked(control, SLUICE_PORT_SHOW), 0);
	listen_to(control, "events");
}

/* -- logs -- */

static const struct sluice_log_table *table_told(const struct control *control)
{
	return dataplane_asked(control, SLUICE_LOG_TABLE_SET);
}

static bool level_told(const struct control *control, enum sluice_log_area area,
                       enum sluice_log_level level)
{
	return table_told(control) != NULL && table_told(control)->levels[area] == level;
}

static void levels_are_told_to_both(void **state)
{
	struct control *control = *state;

	control_await(control, level_told(control, SLUICE_LOG_API, SLUICE_LOG_INFO));
	assert_int_equal(table_told(control)->levels[SLUICE_LOG_DPDK], SLUICE_LOG_ERROR);
	assert_false(control_logged(control, "debug: api:"));
	assert_int_equal(control_do(control, "log level api debug"), 0);
	control_await(control, level_told(control, SLUICE_LOG_API, SLUICE_LOG_DEBUG));
	assert_int_equal(control_do(control, "turn show"), 0);
	control_await(control, control_logged(control, "debug: api: 0x020e turn show: done"));

	/* all: those without a level of their own */
	assert_int_equal(control_do(control, "log level all error"), 0);
	control_await(control, level_told(control, SLUICE_LOG_GATE, SLUICE_LOG_ERROR));
	assert_int_equal(table_told(control)->levels[SLUICE_LOG_API], SLUICE_LOG_DEBUG);
	assert_int_equal(control_do(control, "log show"), 0);
	assert_non_null(strstr(control->said, "\"area\":\"gate\",\"level\":\"error\",\"own\":0"));
	assert_non_null(strstr(control->said, "\"area\":\"api\",\"level\":\"debug\",\"own\":1"));

	/* a dataplane that comes back is told them again */
	dataplane_away(control);
	dataplane_forget(control);
	dataplane_back(control);
	control_await(control, level_told(control, SLUICE_LOG_GATE, SLUICE_LOG_ERROR));
	assert_int_equal(control_do(control, "log level all default"), 0);
	assert_int_equal(control_do(control, "log level api default"), 0);
	control_await(control, level_told(control, SLUICE_LOG_API, SLUICE_LOG_INFO));
}

/* The dataplane refuses the table: it is said, and nothing else happens. */
static void a_refused_table_is_said(void **state)
{
	struct control *control = *state;

	dataplane_refuses(control, SLUICE_LOG_TABLE_SET, -EINVAL, "what a table");
	assert_int_equal(control_do(control, "log level gate debug"), 0);
	control_await(control, control_logged(control, "what a table"));
	assert_int_equal(control_do(control, "turn show"), 0);
}

#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CONTROL_TEST(a_port_goes_and_comes),
	        CONTROL_TEST(the_dataplane_goes_and_comes),
	        CONTROL_TEST(a_drain_is_told),
	        CONTROL_TEST(allocations_begin_and_end),
	        CONTROL_TEST(an_attack_is_told),
	        CONTROL_TEST(without_listeners_nobody_is_asked),
	        CONTROL_TEST(levels_are_told_to_both),
	        CONTROL_TEST(a_refused_table_is_said),
	};

	return cmocka_run_group_tests_name("control_events", tests, NULL, NULL);
}
