/* SPDX-License-Identifier: BSD-3-Clause */
/* SLUICE_SESSION_* and SLUICE_WEBRTC_LISTEN_*, as they are asked and answered. */
#include "session_fixture.h"

#include "api/api.h"
#include "worker.h"

#include <openssl/crypto.h>

#include <sluice/turn.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What came back to one request. */
static struct {
	int status;
	uint32_t length; /* of the bodies */
	bool ended;
	_Alignas(8) uint8_t body[8 * SLUICE_API_MESSAGE_MAX]; /* read as rows */
} answer;

static void answer_take(void *arg, const struct seqpacket_record *reply)
{
	(void)arg;
	assert_true(answer.length + reply->header.length <= sizeof(answer.body));
	memcpy(answer.body + answer.length, reply->body, reply->header.length);
	answer.length += reply->header.length;
	answer.status = reply->header.status;
	answer.ended = !(reply->header.flags & SLUICE_API_MORE);
}

static int ask(struct dataplane *dp, uint16_t type, uint32_t flags, const void *body,
               uint32_t length)
{
	static struct seqpacket_record request;

	request.header = (struct sluice_api_header){SLUICE_API_VERSION, type, 1, 0, flags, length};
	memset(&answer, 0, sizeof(answer));
	memcpy(request.body, body, length);
	api_handle(dp, &request, sizeof(request.header) + length, answer_take, NULL);
	assert_true(answer.ended);
	return answer.status;
}

#define ASK(dp, type, body) ask(dp, type, 0, body, sizeof(*(body)))

/* -- listeners -- */

static struct sluice_webrtc_listen listen_at(const char *address, uint16_t port)
{
	struct sluice_webrtc_listen listen = {.local.port = rte_cpu_to_be_16(port)};

	memcpy(listen.local.ip, ip(address).bytes, sizeof(listen.local.ip));
	return listen;
}

static uint32_t listeners(struct dataplane *dp)
{
	assert_int_equal(ask(dp, SLUICE_WEBRTC_LISTEN_SHOW, 0, "", 0), 0);
	return answer.length / sizeof(struct sluice_webrtc_listen_row);
}

static void listeners_come_and_go(void **state)
{
	struct dataplane *dp = *state;
	const struct sluice_webrtc_listen_row *rows = (const void *)answer.body;
	struct sluice_webrtc_listen listen = listen_at("198.18.1.1", 3479);
	struct sluice_session_made made;

	assert_int_equal(listeners(dp), 1);
	assert_int_equal(rows[0].local.port, RTE_BE16(3478));
	assert_int_equal(rows[0].state, SLUICE_TURN_ADDRESS_PRESENT);
	assert_int_equal(ASK(dp, SLUICE_WEBRTC_LISTEN_DELETE, &listen), -ENOENT);
	assert_int_equal(ASK(dp, SLUICE_WEBRTC_LISTEN_ADD, &listen), 0);
	assert_int_equal(ASK(dp, SLUICE_WEBRTC_LISTEN_ADD, &listen), -EEXIST);
	listen.announce = listen_at("203.0.113.9", 40000).local;
	assert_int_equal(
	        ask(dp, SLUICE_WEBRTC_LISTEN_ADD, SLUICE_API_EXIST_OK, &listen, sizeof(listen)), 0);
	assert_int_equal(listeners(dp), 2);
	made = made_of(dp, "told");
	assert_int_equal(made.n_addresses, 2);
	assert_memory_equal(&made.addresses[1], &listen.announce, sizeof(listen.announce));
	end(dp, "told");
	assert_int_equal(ASK(dp, SLUICE_WEBRTC_LISTEN_DELETE, &listen), 0);
	assert_int_equal(listeners(dp), 1);
}

static void addresses_are_hosts(void **state)
{
	static const char *const wrong[] = {"0.0.0.0", "224.0.0.1", "255.255.255.255",
	                                    "::", "ff02::1"};
	struct dataplane *dp = *state;

	for (size_t i = 0; i < RTE_DIM(wrong); i++) {
		struct sluice_webrtc_listen listen = listen_at(wrong[i], 3478);

		assert_int_equal(ASK(dp, SLUICE_WEBRTC_LISTEN_ADD, &listen), -EINVAL);
	}
	for (size_t i = 1; i < 3; i++) {
		struct sluice_webrtc_listen listen = listen_at("198.18.1.9", 3478);

		listen.announce = listen_at(wrong[i], 1).local;
		assert_int_equal(ASK(dp, SLUICE_WEBRTC_LISTEN_ADD, &listen), -EINVAL);
	}
	assert_int_equal(listeners(dp), 1);
}

/* All there may be and one more; what a replayed configuration does not name goes, and with it the
 * sessions whose path leads there. */
static void swept(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_webrtc_listen first = listen_at("198.18.1.1", 0); /* 3478 */
	struct sluice_webrtc_listen listen;
	struct sluice_session_made made;
	uint16_t port = 4000;

	for (; port < 4000 + SESSION_LISTENERS_MAX - 1; port++) {
		listen = listen_at("198.18.1.1", port);
		assert_int_equal(ASK(dp, SLUICE_WEBRTC_LISTEN_ADD, &listen), 0);
	}
	listen = listen_at("198.18.1.1", port);
	assert_int_equal(ASK(dp, SLUICE_WEBRTC_LISTEN_ADD, &listen), -ENOSPC);
	sessions_tick(dp->sessions);
	assert_int_equal(listeners(dp), SESSION_LISTENERS_MAX);
	assert_int_equal(ask(dp, SLUICE_CONFIG_BEGIN, 0, "", 0), 0);
	assert_int_equal(
	        ask(dp, SLUICE_WEBRTC_LISTEN_ADD, SLUICE_API_EXIST_OK, &first, sizeof(first)), 0);
	assert_int_equal(ask(dp, SLUICE_CONFIG_COMMIT, 0, "", 0), 0);
	assert_int_equal(listeners(dp), 1);

	made = made_of(dp, "there");
	checked(dp, &made, 5000, true, 0);
	assert_int_equal(ASK(dp, SLUICE_WEBRTC_LISTEN_DELETE, &first), 0);
	assert_false(session_has(dp->sessions, "there"));
	assert_int_equal(listeners(dp), 0);
	{
		const struct sluice_session session = offer("x", SLUICE_SESSION_PUBLISH, "x");

		assert_int_equal(ASK(dp, SLUICE_SESSION_ADD, &session), -EADDRNOTAVAIL);
	}
	assert_int_equal(ASK(dp, SLUICE_WEBRTC_LISTEN_ADD, &first), 0);
}

/* -- sessions -- */

static void sessions_asked(void **state)
{
	struct dataplane *dp = *state;
	const struct sluice_session_made *made = (const void *)answer.body;
	const struct sluice_session_row *rows = (const void *)answer.body;
	const struct sluice_session_whole *wholes = (const void *)answer.body;
	struct sluice_session session = offer("asked", SLUICE_SESSION_PUBLISH, "asked");
	struct sluice_session_restart restart = {.id = "asked", .remote_ufrag = "more"};
	struct sluice_session_name name = {.id = "asked"};
	struct sluice_session_layer layer = {.id = "asked"};
	struct sluice_session_made first;

	assert_int_equal(ASK(dp, SLUICE_SESSION_ADD, &session), 0);
	assert_int_equal(answer.length, sizeof(*made));
	first = *made;
	assert_int_equal(strlen(first.ufrag), UFRAG_SIZE);
	assert_int_equal(strlen(first.pwd), 32);
	assert_int_equal(strlen(first.cname), 16);
	assert_int_equal(ASK(dp, SLUICE_SESSION_ADD, &session), -EEXIST);
	assert_int_equal(ASK(dp, SLUICE_SESSION_RESTART, &restart), 0);
	assert_string_not_equal(made->ufrag, first.ufrag);
	assert_string_equal(made->cname, first.cname);
	restart.blob_length = SLUICE_SESSION_BLOB_MAX + 1;
	assert_int_equal(ASK(dp, SLUICE_SESSION_RESTART, &restart), -EINVAL);
	assert_int_equal(ASK(dp, SLUICE_SESSION_LAYER, &layer), -EINVAL);

	assert_int_equal(ask(dp, SLUICE_SESSION_SHOW, 0, "", 0), 0);
	assert_int_equal(answer.length, sizeof(*rows));
	assert_string_equal(rows[0].id, "asked");
	assert_int_equal(rows[0].state, SLUICE_SESSION_NEW);
	assert_int_equal(rows[0].profile, UINT8_MAX);
	assert_int_equal(rows[0].last_check_ms, UINT32_MAX);
	assert_int_equal(rows[0].remote.port, 0);
	assert_int_equal(ask(dp, SLUICE_SESSION_TAKE, 0, "", 0), 0);
	assert_int_equal(answer.length, sizeof(*wholes));
	assert_string_equal(wholes[0].session.remote_ufrag, "more");

	assert_int_equal(ASK(dp, SLUICE_SESSION_DELETE, &name), 0);
	assert_int_equal(ASK(dp, SLUICE_SESSION_DELETE, &name), -ENOENT);
	assert_int_equal(ASK(dp, SLUICE_SESSION_LAYER, &layer), -ENOENT);
	restart.blob_length = 0;
	assert_int_equal(ASK(dp, SLUICE_SESSION_RESTART, &restart), -ENOENT);
	assert_int_equal(ask(dp, SLUICE_SESSION_SHOW, 0, "", 0), 0);
	assert_int_equal(answer.length, 0);
}

static void events_told(void **state)
{
	struct dataplane *dp = *state;
	const struct sluice_session_event *events = (const void *)answer.body;
	uint32_t count, sequence;

	while (ask(dp, SLUICE_SESSION_EVENTS, 0, "", 0) == 0 && answer.length != 0)
		;
	/* more than are kept: the oldest are lost, and by the numbers one sees how many */
	for (uint32_t i = 0; i < SESSION_EVENTS_MAX + 10; i++) {
		char why[SLUICE_API_ERROR_MAX];

		made_of(dp, "event");
		assert_int_equal(session_delete(dp->sessions, "event", why), 0);
		session_places_collect(dp->sessions);
	}
	assert_int_equal(ask(dp, SLUICE_SESSION_EVENTS, 0, "", 0), 0);
	count = answer.length / sizeof(*events);
	assert_true(count != 0);
	sequence = events[0].sequence;
	assert_int_equal(sequence + SESSION_EVENTS_MAX - 1, dp->sessions->events_sequence);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(events[i].sequence, sequence + i);
		assert_string_equal(events[i].id, "event");
		assert_int_equal(events[i].state, SLUICE_SESSION_ENDED);
		assert_int_equal(events[i].reason, SLUICE_SESSION_DELETED);
	}
}

/* What an offer may not say. */
static void offers_refused(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session session = offer("bad", SLUICE_SESSION_PUBLISH, "bad");
	struct sluice_session wrong[10];

	for (size_t i = 0; i < RTE_DIM(wrong); i++)
		wrong[i] = session;
	wrong[0].id[0] = '\0';
	wrong[1].stream[0] = '\0';
	wrong[2].role = SLUICE_SESSION_WATCH + 1;
	wrong[3].n_fingerprints = 0;
	wrong[4].blob_length = SLUICE_SESSION_BLOB_MAX + 1;
	wrong[5].tracks[0].kind = SLUICE_TRACK_VIDEO + 1;
	wrong[6].tracks[0].n_payloads = SLUICE_TRACK_PAYLOADS_MAX + 1;
	memset(wrong[7].tracks[0].mid, 'x', sizeof(wrong[7].tracks[0].mid));
	wrong[8].tracks[0].n_rids = 1;
	memset(wrong[8].tracks[0].rids[0], 'x', sizeof(wrong[8].tracks[0].rids[0]));
	memset(wrong[9].id, 'i', sizeof(wrong[9].id) - 1);
	memset(wrong[9].stream, 's', sizeof(wrong[9].stream) - 1);
	for (size_t i = 0; i < RTE_DIM(wrong); i++)
		if (ASK(dp, SLUICE_SESSION_ADD, &wrong[i]) != -EINVAL)
			fail_msg("offer %zu: status %d", i, answer.status);
	assert_int_equal(dp->sessions->count, 0);
}

/* -- counters -- */

static void counters_have_names(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session_made made = made_of(dp, "counted");
	uint64_t before = ice_counter_sum(dp, ICE_CHECKS);
	uint32_t count, max;

	checked(dp, &made, 5000, true, 0);
	checked(dp, &made, 5001, true, 0);
	assert_int_equal(ice_counter_sum(dp, ICE_CHECKS), before + 2);
	for (uint32_t i = 0; i < ice_counters_count; i++) {
		assert_true(strlen(ice_counter_infos[i].name) != 0);
		ice_counter_sum(dp, i);
	}
	for (uint32_t i = 0; i < dtls_counters_count; i++) {
		assert_true(strlen(dtls_counter_infos[i].help) != 0);
		assert_int_equal(dtls_counter_sum(dp, i), 0);
	}
	session_count(dp->sessions, &count, &max);
	assert_int_equal(count, 1);
	assert_int_equal(max, SESSIONS);
	end(dp, "counted");
}

/* News that nobody reads is lost, counted, and keeps no keys. */
static void notes_are_bounded(void **state)
{
	struct dataplane *dp = *state;
	struct session_note note = {.session = 1, .kind = NOTE_HELLO};
	uint32_t sent = 0;

	while (session_note_send(dp->sessions, &note))
		sent++;
	assert_true(sent >= 1000);
	assert_int_equal(ice_counter_sum(dp, ICE_NOTES_LOST), 1);
	note.keys = OPENSSL_zalloc(sizeof(*note.keys)); /* a leak is seen by the sanitizer */
	assert_false(session_note_send(dp->sessions, &note));
	while (sessions_poll(dp) != 0)
		;
	assert_int_equal(dp->sessions->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(listeners_come_and_go),
	        cmocka_unit_test(addresses_are_hosts),
	        cmocka_unit_test(swept),
	        cmocka_unit_test(sessions_asked),
	        cmocka_unit_test(events_told),
	        cmocka_unit_test(offers_refused),
	        cmocka_unit_test(counters_have_names),
	        cmocka_unit_test(notes_are_bounded),
	};

	return cmocka_run_group_tests(tests, session_setup, net_teardown);
}
