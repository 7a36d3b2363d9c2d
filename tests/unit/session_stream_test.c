/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of browsers by TCP (RFC 6544): their connections, those of strangers, and the port that
 * they share with TURN's clients. */
#include "stream_fixture.h"

#include "session_fixture.h"

#include "common/clock.h"
#include "media/state.h"
#include "srtp/engine.h"
#include "srtp/rtp.h"
#include "stream/framing.h"
#include "stream/stream.h"
#include "turn/turn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <openssl/crypto.h>

#include "port_find.h"

#define PACKET_ROOM 1500
#define SSRC        0x1234
#define OPUS        111
#define SOUND       100 /* bytes */
/* Its thread has looked after a connection by then, and more than once. */
#define LOOKED_AT_MS 3000

/* -- the server -- */

static int open_scene(void **state)
{
	struct options options;

	options_default(&options);
	options.mbufs = 2047;
	options.workers = 2;
	options.stream_connections = 16;
	options.max_endpoints = options.max_streams = options.max_subscriptions = 16;
	options.max_sessions = SESSIONS;
	if (rig_create(&scene.rig, &options) != 0)
		return -1;
	turn_tick(scene.rig.dp->turn, 1800000000);
	return 0;
}

static struct sluice_webrtc_listen sessions_of(uint16_t port)
{
	return (struct sluice_webrtc_listen){
	        .local = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = htons(port)},
	        .transport = SLUICE_TURN_TCP,
	};
}

static int sessions_listen(uint16_t port)
{
	const struct sluice_webrtc_listen listen = sessions_of(port);

	return webrtc_listen_add(scene.rig.dp->sessions, &listen, 0, scene.why);
}

static int sessions_leave(uint16_t port)
{
	const struct sluice_webrtc_listen listen = sessions_of(port);

	return webrtc_listen_delete(scene.rig.dp->sessions, &listen, scene.why);
}

static void sessions_serve(void)
{
	/* sockets that the first of TURN's has */
	listen_on(SLUICE_TURN_TCP);
	assert_int_equal(sessions_listen(scene.port), 0);
}

static struct sluice_session_row row_of(const char *id)
{
	struct sluice_session_row rows[SESSIONS];
	uint32_t cursor = 0, count;

	count = session_show(scene.rig.dp->sessions, &cursor, rows, SESSIONS);
	for (uint32_t i = 0; i < count; i++)
		if (strcmp(rows[i].id, id) == 0)
			return rows[i];
	fail_msg("no session %s", id);
	return rows[0];
}

static struct sluice_webrtc_listen_row listener_row(void)
{
	struct sluice_webrtc_listen_row row;
	uint32_t cursor = 0;

	assert_int_equal(webrtc_listen_show(scene.rig.dp->sessions, &cursor, &row, 1), 1);
	return row;
}

/* -- clients -- */

static void frame_send(int fd, const uint8_t *packet, uint16_t length)
{
	uint8_t frame[FRAMING_LENGTH_SIZE + PACKET_ROOM] = {(uint8_t)(length >> 8),
	                                                    (uint8_t)length};

	if (length != 0)
		memcpy(frame + FRAMING_LENGTH_SIZE, packet, length);
	assert_int_equal(send(fd, frame, FRAMING_LENGTH_SIZE + length, 0),
	                 FRAMING_LENGTH_SIZE + length);
}

static uint16_t frame_read(int fd, uint8_t packet[PACKET_ROOM])
{
	uint8_t head[FRAMING_LENGTH_SIZE];
	uint16_t length;

	client_read(fd, head, sizeof(head));
	length = (uint16_t)(head[0] << 8 | head[1]);
	assert_true(length <= PACKET_ROOM);
	client_read(fd, packet, length);
	return length;
}

static void check_ask(int fd, const struct check *check, const struct sluice_session_made *made)
{
	uint8_t request[CHECK_ROOM];

	frame_send(fd, request, check_write(request, check, made));
}

/* Its answer tells the client's address, and the control thread has heard of it. */
static void check_answered(int fd, const struct sluice_session_made *made)
{
	uint8_t answer[PACKET_ROOM];
	struct client_response response;
	struct sockaddr_in own;
	struct stun_message message;
	struct stun_key key;
	socklen_t size = sizeof(own);
	uint16_t length = frame_read(fd, answer);

	assert_int_equal(getsockname(fd, (void *)&own, &size), 0);
	assert_true(client_response_read(&response, answer, length));
	assert_int_equal(response.class, STUN_SUCCESS);
	assert_int_equal(response.mapped.port, own.sin_port);
	assert_int_equal(stun_parse(&message, answer, length), 0);
	stun_key_raw(&key, made->pwd, strlen(made->pwd));
	assert_true(stun_integrity_ok(&message, &key));
	sessions_poll(scene.rig.dp);
}

static int joins(const struct sluice_session_made *made)
{
	const struct check check = {.use_candidate = true};
	int fd = client_connect();

	check_ask(fd, &check, made);
	check_answered(fd, made);
	return fd;
}

/* -- media -- */

struct party {
	int fd;
	struct srtp_session *tx, *rx;
};

/* As a handshake brings them: what the party sends with, and what it reads with. */
static void keys_give(struct party *party, const char *id, uint8_t first)
{
	struct sessions *sessions = scene.rig.dp->sessions;
	const struct srtp_engine *engine = scene.rig.dp->media->engine;
	struct session_note note =
	        session_note_of(sessions, session_at(scene.rig.dp, id), NOTE_KEYS);

	note.profile = SLUICE_SRTP_GCM128;
	note.keys = OPENSSL_zalloc(sizeof(*note.keys));
	memset(note.keys->rx, first, 28);
	memset(note.keys->tx, first + 1, 28);
	party->tx = engine->session_create(SLUICE_SRTP_GCM128, note.keys->rx);
	party->rx = engine->session_create(SLUICE_SRTP_GCM128, note.keys->tx);
	assert_true(session_note_send(sessions, &note));
	sessions_poll(scene.rig.dp);
	assert_int_equal(row_of(id).state, SLUICE_SESSION_CONNECTED);
	rig_walk(&scene.rig);
}

static void party_end(struct party *party)
{
	const struct srtp_engine *engine = scene.rig.dp->media->engine;

	engine->session_destroy(party->tx);
	engine->session_destroy(party->rx);
	close(party->fd);
}

static void sound_send(struct party *party, uint16_t number)
{
	struct media *media = scene.rig.dp->media;
	uint8_t packet[PACKET_ROOM] = {0x80, OPUS, (uint8_t)(number >> 8), (uint8_t)number};
	struct srtp_job job = {
	        .session = party->tx,
	        .src = packet + RTP_HEADER_SIZE,
	        .dst = packet + RTP_HEADER_SIZE,
	        .index = number,
	        .ssrc = rte_cpu_to_be_32(SSRC),
	        .header_length = RTP_HEADER_SIZE,
	        .length = SOUND,
	};

	memcpy(packet + 8, &job.ssrc, sizeof(job.ssrc));
	memset(packet + RTP_HEADER_SIZE, (uint8_t)number, SOUND);
	assert_int_equal(
	        media->engine->protect(scene.rig.dp->workers[0]->media->srtp, &job, 1, NULL, 0), 1);
	frame_send(party->fd, packet, RTP_HEADER_SIZE + SOUND + 16);
}

/* The next one that is no RTCP: what its payload is filled with. */
static uint8_t sound_read(struct party *party)
{
	struct media *media = scene.rig.dp->media;
	uint8_t packet[PACKET_ROOM];
	struct srtp_job job = {.session = party->rx, .header_length = RTP_HEADER_SIZE};
	uint16_t length;

	do
		length = frame_read(party->fd, packet);
	while (rtp_is_rtcp(packet[1]));
	assert_int_equal(length, RTP_HEADER_SIZE + SOUND + 16);
	job.src = job.dst = packet + RTP_HEADER_SIZE;
	job.length = SOUND;
	job.tag = packet + RTP_HEADER_SIZE + SOUND;
	job.index = (uint64_t)packet[2] << 8 | packet[3];
	memcpy(&job.ssrc, packet + 8, sizeof(job.ssrc));
	media->engine->unprotect(scene.rig.dp->workers[0]->media->srtp, &job, 1);
	assert_true(job.ok);
	return packet[RTP_HEADER_SIZE];
}

/* -- tests -- */

static void checked_by_tcp(void **state)
{
	struct sluice_session_made made;
	struct sluice_session_row row;
	int fd;

	sessions_serve();
	made = made_of(scene.rig.dp, "camera");
	assert_int_equal(made.n_addresses, 0);
	assert_int_equal(made.n_tcp, 1);
	assert_int_equal(made.addresses[0].port, htons(scene.port));
	fd = joins(&made);
	row = row_of("camera");
	assert_int_equal(row.state, SLUICE_SESSION_CHECKED);
	assert_int_equal(row.transport, SLUICE_TURN_TCP);
	assert_int_equal(row.paths, 1);
	assert_int_equal(listener_row().transport, SLUICE_TURN_TCP);
	assert_int_equal(listener_row().connections, 1);
	/* nothing lies in the ledger by which another process could reach it; a frame without a
	 * byte says nothing */
	frame_send(fd, NULL, 0);
	check_ask(fd, &(struct check){0}, &made);
	check_answered(fd, &made);
	assert_int_equal(row_of("camera").checks, 2);
	/* who closes has a session until its consent is over */
	close(fd);
	await_counter("ended", 1);
	assert_int_equal(row_of("camera").state, SLUICE_SESSION_CHECKED);
	assert_int_equal(listener_row().connections, 0);
}

/* What begins with anything else than a check that is right ends at once. */
static void strangers_end(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *counter;
	} rows[] = {
	        {"\0\0", 2, "closed_stranger"},
	        {"\0\3abc", 5, "closed_stranger"},
	        {"\0\x14\0\3\0\0\x21\x12\xa4\x42"
	         "123456789012",
	         22, "closed_stranger"},
	        {"\0\x14\0\1\0\0\x21\x12\xa4\x42"
	         "123456789012",
	         22, "closed_stranger"},
	        {"GET / HTTP/1.1\r\n\r\n", 18, "closed_too_long"},
	};
	static const struct check checks[] = {
	        {.bad_password = true},
	        {.no_fingerprint = true},
	        {.bad_fingerprint = true},
	};
	struct sluice_session_made made, gone;

	scene.port = port_find();
	assert_int_equal(sessions_listen(scene.port), 0);
	made = made_of(scene.rig.dp, "camera");
	gone = made_of(scene.rig.dp, "gone");
	end(scene.rig.dp, "gone");
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint64_t before = counter(rows[i].counter);
		int fd = client_connect();

		assert_int_equal(send(fd, rows[i].bytes, rows[i].length, 0), rows[i].length);
		assert_true(client_is_closed(fd));
		assert_int_equal(counter(rows[i].counter), before + 1);
		close(fd);
	}
	for (size_t i = 0; i <= RTE_DIM(checks); i++) {
		uint64_t before = counter("closed_stranger");
		int fd = client_connect();

		if (i < RTE_DIM(checks))
			check_ask(fd, &checks[i], &made);
		else
			check_ask(fd, &(struct check){0}, &gone);
		assert_true(client_is_closed(fd));
		assert_int_equal(counter("closed_stranger"), before + 1);
		close(fd);
	}
	assert_int_equal(row_of("camera").state, SLUICE_SESSION_NEW);
	assert_int_equal(listener_row().connections, 0);
}

/* One port for both: the first bytes tell whose a client is; each may go without the other. */
static void port_is_shared(void **state)
{
	const struct sluice_turn_listen turn = listen_of(0, SLUICE_TURN_TCP);
	struct sluice_turn_listen again, tls;
	struct sluice_session_made made;
	int browser, client;

	sessions_serve();
	made = made_of(scene.rig.dp, "camera");
	browser = joins(&made);
	client = client_connect();
	binding_ask(client, 1);
	assert_int_equal(stream_connections(scene.rig.dp, 0), 1);
	assert_int_equal(stream_connections(scene.rig.dp, session_service(1)), 1);
	assert_int_equal(sessions_listen(scene.port), -EEXIST);

	again = turn;
	again.addr.port = htons(scene.port);
	assert_int_equal(turn_listen_delete(scene.rig.dp->turn, &again, scene.why), 0);
	assert_true(client_is_closed(client));
	close(client);
	check_ask(browser, &(struct check){0}, &made);
	check_answered(browser, &made);
	tls = listen_of(scene.port, SLUICE_TURN_TLS);
	assert_int_equal(turn_listen_add(scene.rig.dp->turn, &tls, 0, scene.why), -EADDRINUSE);
	assert_int_equal(turn_listen_add(scene.rig.dp->turn, &again, 0, scene.why), 0);
	client = client_connect();
	binding_ask(client, 2);

	/* the sessions of a port that is served no more end */
	assert_int_equal(sessions_leave(scene.port), 0);
	assert_true(client_is_closed(browser));
	close(browser);
	assert_false(session_has(scene.rig.dp->sessions, "camera"));
	binding_ask(client, 3);
	close(client);
	browser = client_connect();
	check_ask(browser, &(struct check){0}, &made);
	assert_true(client_is_closed(browser));
	close(browser);
	assert_int_equal(sessions_leave(scene.port), -ENOENT);
}

/* A second connection of the same session, at another worker: media follow the one that is chosen.
 */
static void media_by_tcp(void **state)
{
	struct sluice_session watch;
	struct sluice_session_made made, second;
	struct party camera, viewer;
	int other;

	sessions_serve();
	made = made_of(scene.rig.dp, "camera");
	camera.fd = joins(&made);
	keys_give(&camera, "camera", 1);
	watch = offer("viewer", SLUICE_SESSION_WATCH, "camera");
	assert_int_equal(add(scene.rig.dp, &watch, &second), 0);
	viewer.fd = joins(&second);
	keys_give(&viewer, "viewer", 3);
	for (uint16_t i = 1; i <= 20; i++) {
		sound_send(&camera, i);
		assert_int_equal(sound_read(&viewer), i);
	}

	other = joins(&second);
	rig_walk(&scene.rig);
	assert_int_equal(row_of("viewer").moved, 1);
	assert_int_equal(row_of("viewer").paths, 2);
	close(viewer.fd);
	viewer.fd = other;
	for (uint16_t i = 21; i <= 40; i++) {
		sound_send(&camera, i);
		assert_int_equal(sound_read(&viewer), i);
	}
	/* and so does the publisher's, whose packets another worker hands over */
	other = joins(&made);
	close(camera.fd);
	camera.fd = other;
	for (uint16_t i = 41; i <= 60; i++) {
		sound_send(&camera, i);
		assert_int_equal(sound_read(&viewer), i);
	}
	assert_int_equal(counter("slow"), 0);
	party_end(&camera);
	party_end(&viewer);
}

/* Nobody waits for a viewer that does not read: its media are dropped and counted. */
static void slow_viewer(void **state)
{
	const struct sluice_turn_stream set = {.queue = 4096};
	const int little = 4096;
	struct sluice_session watch;
	struct sluice_session_made made, second;
	struct party camera, viewer;

	sessions_serve();
	assert_int_equal(stream_set(scene.rig.dp, &set, scene.why), 0);
	made = made_of(scene.rig.dp, "camera");
	camera.fd = joins(&made);
	keys_give(&camera, "camera", 1);
	watch = offer("viewer", SLUICE_SESSION_WATCH, "camera");
	assert_int_equal(add(scene.rig.dp, &watch, &second), 0);
	viewer.fd = joins(&second);
	setsockopt(viewer.fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	keys_give(&viewer, "viewer", 3);
	for (uint16_t i = 1; counter("slow") < 100; i++) {
		assert_true(i != 0);
		sound_send(&camera, i);
		rig_walk(&scene.rig);
		if (i % 64 == 0)
			poll(NULL, 0, 1);
	}
	/* it is there still, and reads on whole packets */
	check_ask(viewer.fd, &(struct check){0}, &second);
	for (int i = 1; i <= 20; i++)
		assert_int_equal(sound_read(&viewer), i);
	assert_int_equal(listener_row().connections, 2);
	party_end(&camera);
	party_end(&viewer);
}

/* A connection whose session has ended is closed with its next look. */
static void session_ends(void **state)
{
	const struct sluice_turn_stream set = {.first_s = 1, .idle_s = 1};
	struct sluice_session_made made;
	uint64_t looked;
	int fd;

	sessions_serve();
	assert_int_equal(stream_set(scene.rig.dp, &set, scene.why), 0);
	made = made_of(scene.rig.dp, "camera");
	fd = joins(&made);
	looked = clock_ms(CLOCK_MONOTONIC) + LOOKED_AT_MS;
	while (clock_ms(CLOCK_MONOTONIC) < looked)
		poll(NULL, 0, 10);
	assert_int_equal(listener_row().connections, 1);
	end(scene.rig.dp, "camera");
	assert_true(client_is_closed(fd));
	close(fd);
	await_counter("closed_idle", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(checked_by_tcp, open_scene, teardown),
	        cmocka_unit_test_setup_teardown(strangers_end, open_scene, teardown),
	        cmocka_unit_test_setup_teardown(port_is_shared, open_scene, teardown),
	        cmocka_unit_test_setup_teardown(media_by_tcp, open_scene, teardown),
	        cmocka_unit_test_setup_teardown(slow_viewer, open_scene, teardown),
	        cmocka_unit_test_setup_teardown(session_ends, open_scene, teardown),
	};

	return cmocka_run_group_tests(tests, stream_eal, NULL);
}
