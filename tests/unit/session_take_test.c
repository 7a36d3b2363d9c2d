/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions over the dataplane's death: what the ledger holds of them goes on, and nothing else. */
#include "browser_fixture.h"

#include "ledger/ledger.h"
#include "media/config.h"
#include "media/media.h"
#include "session/record.h"
#include "worker.h"

#include <event2/event.h>
#include <openssl/crypto.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/session-take-XXXXXX";
static char path[64];
static struct dataplane *dp;

static int setup(void **state)
{
	(void)state;
	if (session_eal() < 0 || mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/ledger", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int start(void **state)
{
	(void)state;
	unlink(path);
	dp = session_dataplane(path, NULL);
	return dp != NULL ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	dataplane_destroy(dp);
	return 0;
}

static void die(void)
{
	dataplane_destroy(dp);
	dp = session_dataplane(path, NULL);
	assert_non_null(dp);
}

/* As a handshake brings them. */
static void keys_come(const char *id, uint8_t profile)
{
	uint32_t index = session_named(dp->sessions, id);
	struct session_note note =
	        session_note_of(dp->sessions, &dp->sessions->list[index], NOTE_KEYS);

	note.profile = profile;
	note.handshake_ms = 7;
	note.keys = OPENSSL_zalloc(sizeof(*note.keys));
	assert_non_null(note.keys);
	memset(note.keys->rx, 1 + (int)index, sizeof(note.keys->rx));
	memset(note.keys->tx, 101 + (int)index, sizeof(note.keys->tx));
	assert_true(session_note_send(dp->sessions, &note));
	sessions_poll(dp);
	assert_int_equal(dp->sessions->control[index].state, SLUICE_SESSION_CONNECTED);
}

static struct sluice_session_made connected(const char *id, uint8_t role, const char *stream,
                                            uint16_t port)
{
	struct sluice_session session = offer(id, role, stream);
	struct sluice_session_made made;

	session.blob_length = 3;
	memcpy(session.blob, "sdp", 3);
	session.tracks[0].n_ssrcs = role == SLUICE_SESSION_PUBLISH;
	session.tracks[0].ssrcs[0] = 0x1234;
	assert_int_equal(add(dp, &session, &made), 0);
	checked(dp, &made, port, true, 0);
	keys_come(id, SLUICE_SRTP_CM80);
	return made;
}

static struct session_control control_of(const char *id)
{
	uint32_t index = session_named(dp->sessions, id);

	assert_int_not_equal(index, 0);
	return dp->sessions->control[index];
}

/* Places, credentials, tracks, path and media are as they were; its checks are answered. */
static void goes_on(const char *id, const struct session_control *before, uint16_t port)
{
	const struct session_control now = control_of(id);
	const struct session *session = session_at(dp, id);

	assert_memory_equal(&now.config.tracks, &before->config.tracks, sizeof(now.config.tracks));
	assert_memory_equal(&now.config.fingerprints, &before->config.fingerprints,
	                    sizeof(now.config.fingerprints));
	assert_memory_equal(now.config.blob, before->config.blob, sizeof(now.config.blob));
	assert_string_equal(now.config.stream, before->config.stream);
	assert_string_equal(now.config.remote_ufrag, before->config.remote_ufrag);
	assert_int_equal(now.config.role, before->config.role);
	assert_string_equal(now.made.ufrag, before->made.ufrag);
	assert_string_equal(now.made.pwd, before->made.pwd);
	assert_string_equal(now.made.cname, before->made.cname);
	assert_memory_equal(now.made.ssrcs, before->made.ssrcs, sizeof(now.made.ssrcs));
	assert_int_equal(now.state, before->state);
	assert_int_equal(now.way.remote.port, before->way.remote.port);
	assert_true(ip_addr_equal(&now.way.remote.ip, &before->way.remote.ip));
	assert_int_equal(now.handshake_ms, before->handshake_ms);
	assert_int_equal(session->endpoint != 0, before->state == SLUICE_SESSION_CONNECTED);
	assert_int_equal(now.estimate_off, before->estimate_off);
	checked(dp, &before->made, port, false, 0);
	checked(dp, &before->made, port + 1, true, 0);
	assert_int_equal(control_of(id).way.remote.port, rte_cpu_to_be_16(port + 1));
}

static void sessions_go_on(void **state)
{
	const struct sluice_session_estimate off = {.id = "viewer"};
	struct session_control camera, viewer, fresh, seen;
	struct sluice_session_made made;
	char why[SLUICE_API_ERROR_MAX] = "";

	(void)state;
	connected("camera", SLUICE_SESSION_PUBLISH, "room", 5000);
	connected("viewer", SLUICE_SESSION_WATCH, "room", 5010);
	assert_int_equal(session_estimate(dp->sessions, &off, why), 0);
	made = made_of(dp, "fresh");
	made = made_of(dp, "seen");
	checked(dp, &made, 5030, true, 0);
	camera = control_of("camera");
	viewer = control_of("viewer");
	fresh = control_of("fresh");
	seen = control_of("seen");
	die();
	assert_int_equal(dp->ledger->taken.broken, 0);
	assert_int_equal(dp->ledger->taken.foreign, 0);
	assert_int_equal(dp->sessions->count, 4);
	goes_on("camera", &camera, 5000);
	goes_on("viewer", &viewer, 5010);
	goes_on("fresh", &fresh, 5020);
	goes_on("seen", &seen, 5030);
	assert_int_not_equal(stream_named(dp->media, "room/0"), 0);
	assert_int_not_equal(subscription_named(dp->media, "room/0", "viewer"), 0);
	/* its place is nobody else's */
	for (int i = 4; i < SESSIONS; i++) {
		char id[8];

		snprintf(id, sizeof(id), "more%d", i);
		made_of(dp, id);
	}
	assert_int_equal(dp->sessions->places_count, 0);
	assert_string_equal(control_of("camera").made.ufrag, camera.made.ufrag);
}

/* Both passwords of an ICE restart, until a check has the second. */
static void restart_goes_on(void **state)
{
	struct sluice_session_restart ask = {
	        .id = "again", .remote_ufrag = "next", .blob_length = 2, .blob = "v2"};
	struct sluice_session_made old, fresh;
	char why[SLUICE_API_ERROR_MAX];

	(void)state;
	old = connected("again", SLUICE_SESSION_PUBLISH, "again", 5100);
	assert_int_equal(session_restart(dp->sessions, &ask, &fresh, why), 0);
	die();
	assert_string_equal(control_of("again").config.remote_ufrag, "next");
	assert_memory_equal(control_of("again").config.blob, "v2", 2);
	checked(dp, &old, 5100, false, 0);
	checked(dp, &fresh, 5100, false, 0);
	assert_int_equal(session_at(dp, "again")->checks, 2);
}

/* A handshake ends with its process: so does the session. What was deleted stays so. */
static void handshakes_do_not(void **state)
{
	(void)state;
	made_of(dp, "shakes");
	made_of(dp, "deleted");
	session_state_set(dp->sessions, session_named(dp->sessions, "shakes"),
	                  SLUICE_SESSION_SHAKING);
	end(dp, "deleted");
	die();
	assert_false(session_has(dp->sessions, "shakes"));
	assert_false(session_has(dp->sessions, "deleted"));
	assert_int_equal(dp->ledger->taken.foreign, 1);
	assert_int_equal(dp->sessions->count, 0);
	made_of(dp, "shakes");
}

/* -- records that are not sound -- */

static void long_id(struct sluice_ledger_session *record)
{
	memset(record->id, 'x', sizeof(record->id));
}
static void no_id(struct sluice_ledger_session *record)
{
	memset(record->id, 0, sizeof(record->id));
}
static void long_stream(struct sluice_ledger_session *record)
{
	memset(record->stream, 'x', sizeof(record->stream));
}
static void long_ufrag(struct sluice_ledger_session *record)
{
	memset(record->remote_ufrag, 'x', sizeof(record->remote_ufrag));
}
static void long_pwd(struct sluice_ledger_session *record)
{
	memset(record->pwd[1], 'x', sizeof(record->pwd[1]));
}
static void no_role(struct sluice_ledger_session *record)
{
	record->role = SLUICE_SESSION_WATCH + 1;
}
static void no_state(struct sluice_ledger_session *record)
{
	record->state = SLUICE_SESSION_ENDED;
}
static void no_profile(struct sluice_ledger_session *record)
{
	record->profile = SLUICE_SRTP_PROFILES;
}
static void many_tracks(struct sluice_ledger_session *record)
{
	record->n_tracks = SLUICE_SESSION_TRACKS_MAX + 1;
}
static void large_blob(struct sluice_ledger_session *record)
{
	record->blob_length = SLUICE_SESSION_BLOB_MAX + 1;
}
static void long_mid(struct sluice_ledger_session *record)
{
	memset(record->tracks[0].mid, 'x', sizeof(record->tracks[0].mid));
}
static void long_rid(struct sluice_ledger_session *record)
{
	memset(record->tracks[0].rids[3], 'x', sizeof(record->tracks[0].rids[3]));
}

static void (*const spoils[])(struct sluice_ledger_session *record) = {
        long_id,  no_id,      long_stream, long_ufrag, long_pwd, no_role,
        no_state, no_profile, many_tracks, large_blob, long_mid, long_rid,
};

/* As many as there are places, each wrong in another way; and once more. */
static void unsound_ones_are_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(spoils);) {
		uint32_t count = 0;

		for (; count < SESSIONS && i < RTE_DIM(spoils); i++, count++) {
			const struct ledger_table *table =
			        ledger_at(dp->ledger, SLUICE_LEDGER_SESSION, 1);
			struct sluice_ledger_session record;
			char id[8];
			uint32_t index;

			snprintf(id, sizeof(id), "s%u", count);
			made_of(dp, id);
			index = session_named(dp->sessions, id);
			memcpy(&record, table->records + index * table->record_size,
			       sizeof(record));
			spoils[i](&record);
			ledger_write(table, index, &record, sizeof(record));
		}
		die();
		assert_int_equal(dp->ledger->taken.broken, count);
		assert_int_equal(dp->sessions->count, 0);
	}
}

static struct sluice_fingerprint fingerprint_of(struct event_base *events)
{
	struct sluice_fingerprint fingerprint;

	dp = session_dataplane(path, events);
	assert_non_null(dp);
	assert_non_null(dp->sessions->dtls);
	fingerprint = *dtls_fingerprint(dp->sessions->dtls);
	return fingerprint;
}

/* Answers that are out name its fingerprint; notes wake the control thread. */
static void certificate_stays(void **state)
{
	struct event_base *events = event_base_new();
	struct sluice_fingerprint before, after;
	struct session_note note;

	(void)state;
	assert_non_null(events);
	dataplane_destroy(dp);
	before = fingerprint_of(events);
	made_of(dp, "woken");
	dataplane_destroy(dp);
	after = fingerprint_of(events);
	assert_memory_equal(&before, &after, sizeof(before));
	note = session_note_of(dp->sessions, session_at(dp, "woken"), NOTE_HELLO);
	assert_true(session_note_send(dp->sessions, &note));
	while (control_of("woken").state != SLUICE_SESSION_SHAKING)
		assert_int_equal(event_base_loop(events, EVLOOP_ONCE), 0);
	dataplane_destroy(dp);
	unlink(path);
	dp = session_dataplane(path, NULL);
	assert_non_null(dp);
	event_base_free(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(sessions_go_on, start, stop),
	        cmocka_unit_test_setup_teardown(restart_goes_on, start, stop),
	        cmocka_unit_test_setup_teardown(handshakes_do_not, start, stop),
	        cmocka_unit_test_setup_teardown(unsound_ones_are_left, start, stop),
	        cmocka_unit_test_setup_teardown(certificate_stays, start, stop),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
