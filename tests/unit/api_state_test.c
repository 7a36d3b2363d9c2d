/* SPDX-License-Identifier: BSD-3-Clause */
/* The same of dataplanes with browsers, with a ledger, and of those that do not start. */
#include "api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <unistd.h>

#include <sluice/capture.h>
#include <sluice/port.h>
#include <sluice/session.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#include "api/api.h"
#include "common/request.h"
#include "dataplane.h"
#include "gate/gate.h"
#include "graph/drop.h"
#include "graph/node.h"
#include "srtp/engine.h"
#include "succession.h"
#include "session_fixture.h"
#include "stderr_taken.h"
#include "turn/state.h"

/* There is one in a process. NULL: as the other tests have it. */
static void dataplane_replace(struct fixture *fixture, const struct options *options)
{
	struct options usual;

	options_default(&usual);
	dataplane_destroy(fixture->dp);
	fixture->dp = dataplane_create(options != NULL ? options : &usual, NULL);
	assert_non_null(fixture->dp);
}

static void sessions_come_and_go(void **state)
{
	struct fixture *fixture = *state;
	struct options options = fixture->dp->options;
	struct sluice_webrtc_listen listen = {.local.port = RTE_BE16(3478),
	                                      .local.ip = {[10] = 0xff, 0xff, 198, 18, 1, 1}};
	struct sluice_session add = offer("AAAABBBBCCCCDDDDEEEEFF", SLUICE_SESSION_PUBLISH, "cam");
	struct sluice_session_restart restart = {.remote_ufrag = "anew"};
	struct sluice_session_layer layer = {.rid = "auto"};
	struct sluice_session_estimate estimate = {.id = "nobody"};
	struct sluice_session_name name = {0};
	const struct sluice_session_made *made = (const void *)answer.body;
	const struct sluice_session_whole *whole = (const void *)answer.body;
	const struct sluice_session_event *event = (const void *)answer.body;
	char ufrag[sizeof(made->ufrag)];

	options.max_endpoints = options.max_streams = options.max_subscriptions = 8;
	options.max_sessions = 4;
	dataplane_replace(fixture, &options);
	asks(fixture, SLUICE_WEBRTC_LISTEN_ADD, &listen, sizeof(listen), 0);
	asks(fixture, SLUICE_SESSION_ADD, &add, sizeof(add), 0);
	assert_int_equal(answer.length, sizeof(*made));
	assert_int_equal(made->n_addresses, 1);
	memcpy(ufrag, made->ufrag, sizeof(ufrag));
	assert_int_equal(strlen(ufrag), 16);
	ask(fixture, SLUICE_SESSION_ADD, 0, &add, sizeof(add));
	assert_true(answer.status < 0);

	asks(fixture, SLUICE_SESSION_SHOW, "", 0, 0);
	assert_int_equal(answer.length, sizeof(struct sluice_session_row));
	asks(fixture, SLUICE_SESSION_TAKE, "", 0, 0);
	assert_int_equal(answer.length, sizeof(*whole));
	assert_string_equal(whole->session.stream, "cam");
	assert_memory_equal(whole->made.ufrag, ufrag, sizeof(ufrag));

	strcpy(restart.id, add.id);
	asks(fixture, SLUICE_SESSION_RESTART, &restart, sizeof(restart), 0);
	assert_string_not_equal(made->ufrag, ufrag);
	strcpy(restart.id, "nobody");
	asks(fixture, SLUICE_SESSION_RESTART, &restart, sizeof(restart), -ENOENT);
	strcpy(layer.id, "nobody");
	asks(fixture, SLUICE_SESSION_LAYER, &layer, sizeof(layer), -ENOENT);
	asks(fixture, SLUICE_SESSION_ESTIMATE, &estimate, sizeof(estimate), -ENOENT);
	strcpy(estimate.id, add.id);
	asks(fixture, SLUICE_SESSION_ESTIMATE, &estimate, sizeof(estimate), 0);
	estimate.on = 2;
	asks(fixture, SLUICE_SESSION_ESTIMATE, &estimate, sizeof(estimate), -EINVAL);

	strcpy(name.id, add.id);
	asks(fixture, SLUICE_SESSION_DELETE, &name, sizeof(name), 0);
	asks(fixture, SLUICE_SESSION_EVENTS, "", 0, 0);
	assert_true(answer.length >= sizeof(*event));
	event += answer.length / sizeof(*event) - 1;
	assert_string_equal(event->id, add.id);
	assert_int_equal(event->state, SLUICE_SESSION_ENDED);
	assert_int_equal(event->reason, SLUICE_SESSION_DELETED);
	dataplane_replace(fixture, NULL);
}

/* Without a place for them. */
static void sessions_are_refused(void **state)
{
	struct fixture *fixture = *state;
	static const uint8_t nothing[SLUICE_API_MESSAGE_MAX];
	struct sluice_session_restart restart = {.id = "a", .remote_ufrag = "b"};
	struct sluice_session_layer layer = {.id = "a"};
	struct sluice_session_estimate estimate = {.id = "a"};
	struct sluice_session add = {.id = "a", .stream = "b", .remote_ufrag = "c"};

	asks(fixture, SLUICE_SESSION_RESTART, &restart, sizeof(restart), -EOPNOTSUPP);
	asks(fixture, SLUICE_SESSION_LAYER, &layer, sizeof(layer), -EOPNOTSUPP);
	asks(fixture, SLUICE_SESSION_ESTIMATE, &estimate, sizeof(estimate), -EOPNOTSUPP);
	asks(fixture, SLUICE_SESSION_ADD, &add, sizeof(add), -EOPNOTSUPP);
	asks(fixture, SLUICE_SESSION_EVENTS, nothing, 0, -EOPNOTSUPP);
	asks(fixture, SLUICE_SESSION_TAKE, nothing, 0, 0);
	assert_int_equal(answer.length, 0);
}

static const struct sluice_ledger_row *kind_find(const char *kind)
{
	const struct sluice_ledger_row *rows = (const void *)answer.body;

	for (uint32_t i = 0; i < answer.length / sizeof(*rows); i++)
		if (strcmp(rows[i].kind, kind) == 0)
			return &rows[i];
	fail_msg("no %s", kind);
	return NULL;
}

/* What it holds is shown; handed over, it changes no more, and the loop ends. */
static void a_ledger_is_shown_and_handed_over(void **state)
{
	struct fixture *fixture = *state;
	struct options options = fixture->dp->options;
	const struct sluice_ledger_status *status = (const void *)answer.body;
	const struct sluice_hand_over *row = (const void *)answer.body;
	struct sluice_turn_secret secret = {"east"};
	struct event_base *events = event_base_new();
	char path[64];

	snprintf(path, sizeof(path), "/tmp/sluice-ledger-test.%d", getpid());
	options.ledger = path;
	dataplane_replace(fixture, &options);
	fixture->dp->events = events;
	assert_non_null(fixture->dp->ledger);
	asks(fixture, SLUICE_LEDGER_STATUS, "", 0, 0);
	assert_string_equal(status->path, path);
	assert_int_equal(status->found, SLUICE_LEDGER_FOUND_NONE);
	assert_true(status->bytes > 0);
	asks(fixture, SLUICE_LEDGER_SHOW, "", 0, 0);
	assert_int_equal(kind_find("allocation")->records, 0);
	assert_true(kind_find("allocation")->records_max >= options.max_allocations);
	assert_true(kind_find("permission")->bytes > 0);
	asks(fixture, SLUICE_TURN_SECRET_ADD, &secret, sizeof(secret), 0);
	asks(fixture, SLUICE_HAND_OVER_BEGIN, "", 0, 0);
	assert_int_equal(fixture->dp->hand_over, HAND_OVER_BEGUN);
	assert_null(fixture->dp->ledger);
	asks(fixture, SLUICE_HAND_OVER, "", 0, 0);
	assert_int_equal(row->pid, getpid());
	assert_int_equal(fixture->dp->hand_over, HAND_OVER_DONE);
	assert_null(fixture->dp->ledger);

	/* the next one finds it */
	dataplane_replace(fixture, &options);
	event_base_free(events);
	asks(fixture, SLUICE_LEDGER_STATUS, "", 0, 0);
	assert_int_not_equal(status->found, SLUICE_LEDGER_FOUND_NONE);
	dataplane_replace(fixture, NULL);
	unlink(path);
}

static void none(void *arg, void (*port)(void *context, const char *interface), void *context)
{
}

static int refuses(void *arg, void (*program)(void *context, const char *interface, int link),
                   void *context)
{
	(*(int *)arg)++;
	return -EIO;
}

static void a_start_that_fails_says_why(void **state)
{
	struct fixture *fixture = *state;
	struct options options = fixture->dp->options;
	struct taken taken;
	char line[256];
	FILE *written;
	int called = 0;
	const struct succession succession = {&called, none, refuses, NULL};

	dataplane_destroy(fixture->dp);
	stderr_take(&taken);
	options.srtp_engine = "none such";
	assert_null(dataplane_create(&options, NULL));
	options.srtp_engine = NULL;
	options.ledger = "/nowhere/at/all";
	/* calls end with it, and that is said */
	fixture->dp = dataplane_create(&options, NULL);
	assert_non_null(fixture->dp);
	assert_null(fixture->dp->ledger);
	dataplane_destroy(fixture->dp);
	options.succession = &succession;
	/* the other one goes on: it is not asked to end */
	assert_null(dataplane_create(&options, NULL));
	assert_int_equal(called, 0);
	options.succession = NULL;
	options.ledger = NULL;
	fixture->dp = dataplane_create(&options, NULL);
	written = stderr_give(&taken);
	assert_non_null(fgets(line, sizeof(line), written));
	assert_non_null(strstr(line, "SRTP engine none such does not run on this CPU"));
	assert_non_null(fgets(line, sizeof(line), written));
	assert_non_null(strstr(line, "no ledger: calls will end with this process: "));
	fclose(written);
	assert_non_null(fixture->dp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sessions_come_and_go),
	        cmocka_unit_test(sessions_are_refused),
	        cmocka_unit_test(a_ledger_is_shown_and_handed_over),
	        cmocka_unit_test(a_start_that_fails_says_why),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_free);
}
