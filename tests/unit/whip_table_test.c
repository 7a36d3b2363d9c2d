/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions by their tokens: which of them have no keys, whatever becomes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "whip/table.h"

#include <stdio.h>
#include <string.h>

static const uint8_t ours[HTTP_TOKEN_DIGEST] = {1}, theirs[HTTP_TOKEN_DIGEST] = {2};

static struct whip_session *put(struct whip_table *table, const char *id, const uint8_t *token,
                                uint8_t state, uint32_t round)
{
	static const struct sdp_tracks tracks;
	static const struct sluice_session_made made = {.ufrag = "AAAABBBB"};
	struct sluice_session session = {.role = SLUICE_SESSION_WATCH, .stream = "cam"};

	snprintf(session.id, sizeof(session.id), "%s", id);
	blob_write(&session, token, &tracks);
	return table_put(table, &session, &made, state, round);
}

static void what_has_no_keys_is_counted(void **state)
{
	struct whip_table table = {0};
	struct whip_session *session;

	assert_int_equal(table_start(&table), 0);
	session = put(&table, "a", ours, SLUICE_SESSION_NEW, 1);
	put(&table, "b", ours, SLUICE_SESSION_CHECKED, 1);
	put(&table, "c", theirs, SLUICE_SESSION_NEW, 1);
	put(&table, "d", ours, SLUICE_SESSION_CONNECTED, 1);
	assert_int_equal(table_keyless(&table, ours), 2);
	assert_int_equal(table_keyless(&table, theirs), 1);
	table_state(&table, session, SLUICE_SESSION_SHAKING);
	assert_int_equal(table_keyless(&table, ours), 2);
	table_state(&table, session, SLUICE_SESSION_CONNECTED);
	assert_int_equal(table_keyless(&table, ours), 1);
	/* an event that is older than a row that was read */
	table_state(&table, session, SLUICE_SESSION_CHECKED);
	assert_int_equal(session->state, SLUICE_SESSION_CONNECTED);
	assert_int_equal(table_keyless(&table, ours), 1);
	/* read once more, one of them before its last event */
	session = put(&table, "a", ours, SLUICE_SESSION_CHECKED, 2);
	assert_int_equal(session->state, SLUICE_SESSION_CONNECTED);
	put(&table, "b", ours, SLUICE_SESSION_CHECKED, 2);
	assert_int_equal(table.sessions, 4);
	assert_int_equal(table_keyless(&table, ours), 1);
	table_end_session(&table, "b");
	assert_int_equal(table_keyless(&table, ours), 0);
	assert_null(put(&table, "b", ours, SLUICE_SESSION_CHECKED, 2));
	assert_int_equal(table_keyless(&table, ours), 0);
	/* "c" and "d" were not seen again */
	table_sweep(&table, 2);
	assert_int_equal(table.sessions, 1);
	assert_int_equal(table_keyless(&table, theirs), 0);
	table_end(&table);
	assert_int_equal(table.streams, 0);
}

/* A row that was read before the restart, and comes after it, says what no longer holds. */
static void a_restart_is_not_undone(void **state)
{
	struct whip_table table = {0};
	struct whip_session *session;

	assert_int_equal(table_start(&table), 0);
	session = put(&table, "a", ours, SLUICE_SESSION_CONNECTED, 1);
	assert_int_equal(table_restarted(session, "theirs2", "RRRRBBBB", 1), 0);
	session = put(&table, "a", ours, SLUICE_SESSION_CONNECTED, 1);
	assert_string_equal(session->ufrag, "RRRRBBBB");
	assert_string_equal(session->remote_ufrag, "theirs2");
	/* the round after that knows all of it */
	session = put(&table, "a", ours, SLUICE_SESSION_CONNECTED, 2);
	assert_string_equal(session->ufrag, "AAAABBBB");
	table_end(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_has_no_keys_is_counted),
	        cmocka_unit_test(a_restart_is_not_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
