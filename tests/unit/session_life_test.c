/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions from the first datagram to the last one, with the thread of handshakes: browsers publish
 * and watch, take over, come too early and leave. */
#include "browser_fixture.h"

#include "graph/drop.h"
#include "media/config.h"
#include "media/media.h"
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PROFILES "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"
#define WAIT_MS  60000

static struct browser camera, other, viewer;

static int setup(void **state)
{
	struct dataplane *dp;

	if (session_setup(state) < 0)
		return -1;
	dp = *state;
	dp->sessions->dtls = dtls_create(dp->sessions);
	return dp->sessions->dtls != NULL ? 0 : -1;
}

/* -- packets -- */

static struct rte_mbuf *packet_from(const struct browser *browser, const uint8_t *data,
                                    uint16_t length)
{
	struct rte_mbuf *mbuf = mbuf_of(browser->dp, data, length, "198.18.1.2", browser->port);

	packet_of(mbuf)->flow.service = session_service(1);
	return mbuf;
}

/* How many of its datagrams were taken. */
static uint32_t deliver(struct browser *browser)
{
	struct worker *worker = browser->dp->workers[0];
	uint32_t taken = 0;

	for (uint32_t i = 0; i < browser->n_out; i++) {
		struct rte_mbuf *mbuf =
		        packet_from(browser, browser->out[i].bytes, browser->out[i].length);
		uint16_t reason;

		if (session_dtls(worker, mbuf, &reason))
			taken++;
		else
			rte_pktmbuf_free(mbuf);
	}
	browser->n_out = 0;
	return taken;
}

static void turn(struct dataplane *dp, struct browser *browser)
{
	struct browser *const browsers[] = {browser};

	if (deliver(browser) + browsers_hear(browsers, 1) + sessions_poll(dp) == 0)
		poll(NULL, 0, 1);
}

static uint8_t state_of(struct dataplane *dp, const char *id)
{
	uint32_t index = session_named(dp->sessions, id);

	return index != 0 ? dp->sessions->control[index].state : SLUICE_SESSION_ENDED;
}

static void until(struct dataplane *dp, struct browser *browser, const char *id, uint8_t state)
{
	for (int i = 0; i < WAIT_MS && state_of(dp, id) != state; i++)
		turn(dp, browser);
	assert_int_equal(state_of(dp, id), state);
}

/* Why this session has ended; whatever else is told is forgotten. */
static uint8_t end_of(struct dataplane *dp, const char *id)
{
	struct sluice_session_event events[64];
	uint32_t count = session_events(dp->sessions, events, RTE_DIM(events));
	uint8_t reason = SLUICE_SESSION_LIVES;

	for (uint32_t i = 0; i < count; i++)
		if (strcmp(events[i].id, id) == 0 && events[i].state == SLUICE_SESSION_ENDED)
			reason = events[i].reason;
	return reason;
}

/* -- offers -- */

/* Sound, and video that a publisher sends in two layers. */
static struct sluice_session whole_offer(const struct browser *browser, const char *id,
                                         uint8_t role, const char *stream)
{
	struct sluice_session session = browser_offer(browser, id, role, stream);
	struct sluice_track *video = &session.tracks[1];

	session.n_tracks = 2;
	*video = (struct sluice_track){
	        .mid = "1",
	        .kind = SLUICE_TRACK_VIDEO,
	        .n_payloads = 1,
	        .payloads = {{.pt = 96,
	                      .rtx_pt = 97,
	                      .codec = SLUICE_CODEC_VP8,
	                      .from = 96,
	                      .clock_hz = 90000}},
	        .extensions = {[SLUICE_EXTENSION_MID] = 3, [SLUICE_EXTENSION_RID] = 4},
	};
	if (role == SLUICE_SESSION_PUBLISH) {
		video->n_rids = 2;
		strcpy(video->rids[0], "high");
		strcpy(video->rids[1], "low");
	}
	return session;
}

static struct sluice_session_made joins(struct dataplane *dp, struct browser *browser,
                                        const struct sluice_session *session)
{
	struct sluice_session_made made;

	assert_int_equal(add(dp, session, &made), 0);
	assert_memory_equal(&made.fingerprint, dtls_fingerprint(dp->sessions->dtls),
	                    sizeof(made.fingerprint));
	checked(dp, &made, browser->port, true, 0);
	browser_step(browser);
	return made;
}

static struct sluice_session_made connects(struct dataplane *dp, struct browser *browser,
                                           const struct sluice_session *session)
{
	struct sluice_session_made made = joins(dp, browser, session);

	until(dp, browser, session->id, SLUICE_SESSION_CONNECTED);
	return made;
}

static void leaves(struct dataplane *dp, const char *id)
{
	char why[SLUICE_API_ERROR_MAX];

	assert_int_equal(session_delete(dp->sessions, id, why), 0);
	assert_int_equal(end_of(dp, id), SLUICE_SESSION_DELETED);
}

static struct sluice_session_made publishes(struct dataplane *dp, struct browser *browser,
                                            uint16_t port, const char *id, const char *stream)
{
	struct sluice_session session;

	browser_make(browser, dp, port, PROFILES, false);
	session = whole_offer(browser, id, SLUICE_SESSION_PUBLISH, stream);
	session.takeover = 1;
	return connects(dp, browser, &session);
}

static struct sluice_session_made watches(struct dataplane *dp, struct browser *browser,
                                          uint16_t port, const char *id, const char *stream)
{
	struct sluice_session session;

	browser_make(browser, dp, port, PROFILES, false);
	session = whole_offer(browser, id, SLUICE_SESSION_WATCH, stream);
	return connects(dp, browser, &session);
}

/* -- those who publish, and those who watch -- */

static void row_check(struct dataplane *dp, const char *id, uint8_t role)
{
	struct sluice_session_row rows[SESSIONS];
	uint32_t cursor = 0, count = session_show(dp->sessions, &cursor, rows, SESSIONS), i = 0;

	while (i < count && strcmp(rows[i].id, id) != 0)
		i++;
	assert_true(i < count);
	assert_int_equal(rows[i].role, role);
	assert_int_equal(rows[i].state, SLUICE_SESSION_CONNECTED);
	assert_int_equal(rows[i].profile, SLUICE_SRTP_GCM128);
	assert_string_equal(rows[i].stream, "room");
	assert_int_equal(rows[i].tracks, 2);
	assert_int_equal(rows[i].paths, 1);
	assert_int_equal(rows[i].checks, 1);
	assert_int_not_equal(rows[i].remote.port, 0);
	assert_int_equal(rows[i].local.port, RTE_BE16(3478));
}

static void whole_check(struct dataplane *dp, const char *id,
                        const struct sluice_session_made *made)
{
	static struct sluice_session_whole rows[SESSIONS];
	uint32_t cursor = 0, count = session_take(dp->sessions, &cursor, rows, SESSIONS), i = 0;

	while (i < count && strcmp(rows[i].session.id, id) != 0)
		i++;
	assert_true(i < count);
	assert_int_equal(rows[i].state, SLUICE_SESSION_CONNECTED);
	assert_memory_equal(&rows[i].made, made, sizeof(*made));
}

static void publisher_is_watched(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session_made first, second;
	struct sluice_session_layer layer = {.id = "viewer", .mid = "1", .rid = "low"};
	char why[SLUICE_API_ERROR_MAX];

	first = publishes(dp, &camera, 5000, "camera", "room");
	assert_int_not_equal(stream_named(dp->media, "room/0"), 0);
	assert_int_not_equal(stream_named(dp->media, "room/1/high"), 0);
	assert_int_not_equal(stream_named(dp->media, "room/1/low"), 0);
	second = watches(dp, &viewer, 5001, "viewer", "room");
	assert_int_not_equal(second.ssrcs[1], 0);
	assert_int_not_equal(second.rtx_ssrcs[1], 0);
	assert_int_not_equal(subscription_named(dp->media, "room/0", "viewer"), 0);
	assert_int_not_equal(subscription_named(dp->media, "room/1/high", "viewer"), 0);
	row_check(dp, "camera", SLUICE_SESSION_PUBLISH);
	row_check(dp, "viewer", SLUICE_SESSION_WATCH);
	whole_check(dp, "camera", &first);
	whole_check(dp, "viewer", &second);

	assert_int_equal(session_layer(dp->sessions, &layer, why), 0);
	strcpy(layer.rid, "auto");
	assert_int_equal(session_layer(dp->sessions, &layer, why), 0);
	layer.mid[0] = '\0'; /* each video track */
	assert_int_equal(session_layer(dp->sessions, &layer, why), 0);
	strcpy(layer.rid, "none");
	assert_int_equal(session_layer(dp->sessions, &layer, why), -ENOENT);
	strcpy(layer.mid, "9");
	assert_int_equal(session_layer(dp->sessions, &layer, why), -ENOENT);
	assert_string_equal(why, "session viewer has no track 9");
	strcpy(layer.id, "camera");
	assert_int_equal(session_layer(dp->sessions, &layer, why), -EINVAL);
	strcpy(layer.id, "nobody");
	assert_int_equal(session_layer(dp->sessions, &layer, why), -ENOENT);

	leaves(dp, "camera");
	assert_int_equal(stream_named(dp->media, "room/0"), 0);
	assert_int_equal(state_of(dp, "viewer"), SLUICE_SESSION_CONNECTED);
	strcpy(layer.id, "viewer");
	strcpy(layer.mid, "1");
	assert_int_equal(session_layer(dp->sessions, &layer, why), -ENOENT);
	assert_string_equal(why, "nobody publishes this track");
	leaves(dp, "viewer");
	browser_free(&camera);
	browser_free(&viewer);
}

/* Who watches goes on with the one that comes, and the one before is told to go. */
static void publisher_is_taken_over(void **state)
{
	struct dataplane *dp = *state;

	publishes(dp, &camera, 5100, "before", "room");
	watches(dp, &viewer, 5101, "viewer", "room");
	publishes(dp, &other, 5102, "after", "room");
	assert_int_equal(end_of(dp, "before"), SLUICE_SESSION_TAKEN_OVER);
	assert_int_equal(state_of(dp, "viewer"), SLUICE_SESSION_CONNECTED);
	assert_int_not_equal(stream_named(dp->media, "room/1/high"), 0);
	assert_int_not_equal(subscription_named(dp->media, "room/1/high", "viewer"), 0);
	assert_int_not_equal(subscription_named(dp->media, "room/0", "viewer"), 0);
	leaves(dp, "viewer");
	leaves(dp, "after");
	browser_free(&camera);
	browser_free(&other);
	browser_free(&viewer);
}

/* A viewer that has keys before its publisher has is subscribed once that has. */
static void viewer_is_first(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session session;

	browser_make(&camera, dp, 5200, PROFILES, false);
	session = whole_offer(&camera, "camera", SLUICE_SESSION_PUBLISH, "room");
	joins(dp, &camera, &session);
	watches(dp, &viewer, 5201, "viewer", "room");
	assert_int_equal(subscription_named(dp->media, "room/0", "viewer"), 0);
	until(dp, &camera, "camera", SLUICE_SESSION_CONNECTED);
	assert_int_not_equal(subscription_named(dp->media, "room/0", "viewer"), 0);
	assert_int_not_equal(subscription_named(dp->media, "room/1/high", "viewer"), 0);
	leaves(dp, "camera");
	leaves(dp, "viewer");
	browser_free(&camera);
	browser_free(&viewer);
}

/* Its answer said that we begin: as soon as there is a path. A stream with a long name lends its
 * session's id. */
static void we_begin(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session session;

	browser_make(&camera, dp, 5300, PROFILES, true);
	session = browser_offer(&camera, "camera", SLUICE_SESSION_PUBLISH,
	                        "a-stream-with-a-name-that-leaves-no-room-for-its-tracks");
	session.active = 1;
	connects(dp, &camera, &session);
	assert_int_not_equal(stream_named(dp->media, "camera/0"), 0);
	leaves(dp, "camera");
	browser_free(&camera);
}

/* It has no certificate ready before it has chosen, and would not hear a ClientHello that comes
 * before. */
static void we_wait_for_the_nomination(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session session;
	struct sluice_session_made made;

	browser_make(&camera, dp, 5310, PROFILES, true);
	session = browser_offer(&camera, "camera", SLUICE_SESSION_PUBLISH, "camera");
	session.active = 1;
	assert_int_equal(add(dp, &session, &made), 0);
	checked(dp, &made, camera.port, false, 0);
	browser_step(&camera);
	for (int i = 0; i < 50; i++)
		turn(dp, &camera);
	assert_int_equal(camera.got, 0);
	checked(dp, &made, camera.port, true, 0);
	until(dp, &camera, "camera", SLUICE_SESSION_CONNECTED);
	leaves(dp, "camera");
	browser_free(&camera);
}

/* -- what ends it -- */

static void another_certificate(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session session;

	browser_make(&camera, dp, 5400, PROFILES, false);
	session = browser_offer(&camera, "liar", SLUICE_SESSION_PUBLISH, "lies");
	session.fingerprints[0].bytes[0] ^= 1;
	joins(dp, &camera, &session);
	until(dp, &camera, "liar", SLUICE_SESSION_ENDED);
	assert_int_equal(end_of(dp, "liar"), SLUICE_SESSION_FINGERPRINT);
	assert_int_equal(dtls_counter_sum(dp, DTLS_FAILED_FINGERPRINT), 1);
	assert_int_equal(media_endpoint_index(dp->media, "liar"), 0);
	browser_free(&camera);
}

static void browser_closes(void **state)
{
	struct dataplane *dp = *state;

	publishes(dp, &camera, 5500, "closes", "room");
	SSL_shutdown(camera.ssl);
	until(dp, &camera, "closes", SLUICE_SESSION_ENDED);
	assert_int_equal(end_of(dp, "closes"), SLUICE_SESSION_CLOSED);
	assert_int_equal(stream_named(dp->media, "room/0"), 0);
	browser_free(&camera);
}

/* More layers than there are streams. */
static void no_room_for_its_media(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session session;

	browser_make(&camera, dp, 5600, PROFILES, false);
	session = whole_offer(&camera, "large", SLUICE_SESSION_PUBLISH, "large");
	session.n_tracks = SLUICE_SESSION_TRACKS_MAX;
	for (uint8_t i = 0; i < session.n_tracks; i++) {
		session.tracks[i] = session.tracks[1];
		session.tracks[i].mid[0] = (char)('0' + i);
		session.tracks[i].n_rids = SLUICE_TRACK_LAYERS_MAX;
		for (uint8_t j = 0; j < SLUICE_TRACK_LAYERS_MAX; j++)
			session.tracks[i].rids[j][0] = (char)('a' + j);
	}
	joins(dp, &camera, &session);
	until(dp, &camera, "large", SLUICE_SESSION_ENDED);
	assert_int_equal(end_of(dp, "large"), SLUICE_SESSION_LIMIT);
	assert_int_equal(stream_named(dp->media, "large/0/a"), 0);
	browser_free(&camera);
}

/* -- what comes too early -- */

static void hello_before_the_check(void **state)
{
	struct dataplane *dp = *state;
	struct worker *worker = dp->workers[0];
	struct sluice_session session;
	struct sluice_session_made made;
	uint64_t dropped = worker->drops[DROP_SESSION_NO_PATH];
	uint64_t held = ice_counter_sum(dp, ICE_HELD);

	browser_make(&camera, dp, 5700, PROFILES, false);
	session = browser_offer(&camera, "eager", SLUICE_SESSION_PUBLISH, "eager");
	assert_int_equal(add(dp, &session, &made), 0);
	browser_step(&camera);
	assert_int_equal(camera.n_out, 1);
	for (int i = 0; i < 3; i++) { /* two are kept for a second */
		camera.n_out = 1;
		assert_int_equal(deliver(&camera), i < 2);
	}
	assert_int_equal(ice_counter_sum(dp, ICE_HELD), held + 2);
	assert_true(sessions_part.is_pending(worker));
	worker->tsc += 2 * worker->tsc_hz;
	sessions_part.timers_run(worker);
	assert_false(sessions_part.is_pending(worker));
	assert_int_equal(worker->drops[DROP_SESSION_NO_PATH], dropped + 2);

	camera.n_out = 1;
	assert_int_equal(deliver(&camera), 1);
	checked(dp, &made, camera.port, true, 0); /* lets it in */
	assert_false(sessions_part.is_pending(worker));
	until(dp, &camera, "eager", SLUICE_SESSION_CONNECTED);
	leaves(dp, "eager");
	browser_free(&camera);
}

static bool early(struct browser *browser, uint16_t *reason)
{
	const uint8_t rtp[40] = {0x80, 96};
	struct rte_mbuf *mbuf = packet_from(browser, rtp, sizeof(rtp));
	bool taken = session_early(browser->dp->workers[0], mbuf, reason);

	if (!taken)
		rte_pktmbuf_free(mbuf);
	return taken;
}

static uint32_t inbox_count(struct worker *worker)
{
	struct rte_mbuf *mbuf;
	uint32_t count = 0;

	while (rte_ring_dequeue(worker->inbox, (void **)&mbuf) == 0) {
		assert_int_equal(packet_of(mbuf)->entry, PACKET_ENTRY_CLASSIFY);
		rte_pktmbuf_free(mbuf);
		count++;
	}
	return count;
}

static void media_before_the_keys(void **state)
{
	struct dataplane *dp = *state;
	struct worker *worker = dp->workers[0];
	struct sluice_session session;
	uint64_t dropped = worker->drops[DROP_SESSION_EARLY];
	struct browser *const browsers[] = {&camera};
	uint16_t reason;
	uint32_t kept = 0;

	browser_make(&camera, dp, 5800, PROFILES, false);
	assert_false(early(&camera, &reason));
	assert_int_equal(reason, DROP_SESSION_NO_PATH);
	session = browser_offer(&camera, "hasty", SLUICE_SESSION_PUBLISH, "hasty");
	joins(dp, &camera, &session);
	while (early(&camera, &reason))
		kept++;
	assert_int_equal(kept, SESSION_EARLY_MAX);
	assert_int_equal(reason, DROP_SESSION_EARLY);
	worker->tsc += 2 * worker->tsc_hz; /* too long */
	session_held_run(worker);
	assert_int_equal(worker->drops[DROP_SESSION_EARLY], dropped + SESSION_EARLY_MAX);

	assert_true(early(&camera, &reason));
	session_held_run(worker); /* not yet */
	assert_true(sessions_part.is_pending(worker));
	until(dp, &camera, "hasty", SLUICE_SESSION_CONNECTED);
	browsers_hear(browsers, 1);
	session_held_run(worker);
	assert_false(sessions_part.is_pending(worker));
	assert_int_equal(inbox_count(worker), 1);
	leaves(dp, "hasty");
	browser_free(&camera);
}

/* What is held when the worker ends goes with it. */
static void held_at_the_end(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session session;
	const struct dtls *dtls = dp->sessions->dtls;
	uint32_t available;
	uint16_t reason;

	browser_make(&camera, dp, 5900, PROFILES, false);
	session = browser_offer(&camera, "last", SLUICE_SESSION_PUBLISH, "last");
	browser_step(&camera);
	assert_int_equal(deliver(&camera), 1);
	camera.port++;
	joins(dp, &camera, &session);
	assert_true(early(&camera, &reason));
	while (!dtls_order_is_done(dtls, dtls_order_last(dtls))) /* it takes buffers as well */
		poll(NULL, 0, 1);
	available = rte_mempool_avail_count(dp->pool);
	session_held_drop(dp->workers[0]->sessions);
	assert_false(sessions_part.is_pending(dp->workers[0]));
	assert_int_equal(rte_mempool_avail_count(dp->pool), available + 2);
	leaves(dp, "last");
	browser_free(&camera);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(publisher_is_watched),
	        cmocka_unit_test(publisher_is_taken_over),
	        cmocka_unit_test(viewer_is_first),
	        cmocka_unit_test(we_begin),
	        cmocka_unit_test(another_certificate),
	        cmocka_unit_test(browser_closes),
	        cmocka_unit_test(no_room_for_its_media),
	        cmocka_unit_test(hello_before_the_check),
	        cmocka_unit_test(media_before_the_keys),
	        cmocka_unit_test(held_at_the_end),
	        cmocka_unit_test(we_wait_for_the_nomination),
	};

	return cmocka_run_group_tests(tests, setup, net_teardown);
}
