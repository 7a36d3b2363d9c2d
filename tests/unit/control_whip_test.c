/* SPDX-License-Identifier: BSD-3-Clause */
/* WHIP and WHEP: each status, what the dataplane is asked, who may do what to a session, and what
 * is left of it after the death of either process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"
#include "redis_fixture.h"

#include <sluice/event.h>
#include <sluice/media.h>
#include <sluice/session.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define SDP      "Content-Type: application/sdp\r\n"
#define FRAGMENT "Content-Type: application/trickle-ice-sdpfrag\r\n"

static const char *folder;

static const char *offer(const char *name)
{
	static char text[65536];
	char path[512];
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "%s/%s.sdp", folder, name);
	file = fopen(path, "r");
	assert_non_null(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

static struct sluice_session_made made_example(const char *ufrag)
{
	struct sluice_session_made made = {
	        .pwd = "0123456789abcdefghijklmnopqrstuv",
	        .n_addresses = 1,
	        .fingerprint = {SLUICE_DIGEST_SHA256, 32, {0}, {1}},
	        .ssrcs = {11, 12},
	        .rtx_ssrcs = {0, 13},
	        .cname = "c",
	};

	snprintf(made.ufrag, sizeof(made.ufrag), "%s", ufrag);
	memset(made.addresses[0].ip + 10, 0xff, 2);
	memcpy(made.addresses[0].ip + 12, "\xc6\x12\x01\x01", 4);
	made.addresses[0].port = htons(3478);
	return made;
}

static void expect(struct control *control, const char *method, const char *token,
                   const char *headers, const char *body, int status)
{
	int got = control_http_with(control, method, token, headers, body);

	if (got != status)
		fail_msg("%s: %d %s, wanted %d", method, got, control->said, status);
}

static void expect_header(const struct control *control, const char *line)
{
	if (strstr(control->headers, line) == NULL)
		fail_msg("no '%s' in %s", line, control->headers);
}

/* "/whip/cam/ID" of the last Location. */
static const char *path_made(const struct control *control)
{
	static char path[256];
	const char *at = strstr(control->headers, "Location: http://127.0.0.1/");

	assert_non_null(at);
	at += strlen("Location: http://127.0.0.1");
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(at, "\r"), at);
	return path;
}

static void publish(struct control *control, const char *token)
{
	struct sluice_session_made made = made_example("AAAABBBBCCCCDDDD");

	dataplane_answers(control, SLUICE_SESSION_ADD, 0, &made, sizeof(made));
	expect(control, "POST /whip/cam", token, SDP, offer("chromium-publish"), 201);
}

static void watch(struct control *control, const char *token)
{
	struct sluice_session_made made = made_example("WWWWBBBBCCCCDDDD");

	dataplane_answers(control, SLUICE_SESSION_ADD, 0, &made, sizeof(made));
	expect(control, "POST /whep/cam", token, SDP, offer("chromium-watch"), 201);
}

static const char *method_of(const char *verb, const char *path)
{
	static char text[300];

	snprintf(text, sizeof(text), "%s %s", verb, path);
	return text;
}

static int setup(void **state)
{
	struct control *control;

	*state = control = control_start("turn listen 198.18.1.1:3478\nturn secret add north\n"
	                                 "http token add pub scope publish\n"
	                                 "http token add pubcam scope publish stream cam\n"
	                                 "http token add wat scope watch\n");
	/* all sessions have been read: before that it is 503 */
	control_await(control, control_http(control, "GET /whip/cam/none", "pub", NULL) == 404);
	return 0;
}

/* -- from the offer to the end -- */

static void a_publisher_comes_and_goes(void **state)
{
	struct control *control = *state;
	const struct sluice_session *session;
	char path[256];

	publish(control, "pubcam");
	expect_header(control, "Content-Type: application/sdp\r\n");
	expect_header(control, "ETag: \"AAAABBBBCCCCDDDD\"\r\n");
	expect_header(control, "Link: <turn:198.18.1.1:3478?transport=udp>; rel=\"ice-server\"; ");
	expect_header(control, "credential-type=\"password\"\r\n");
	assert_non_null(strstr(control->said, "a=ice-ufrag:AAAABBBBCCCCDDDD\r\n"));
	snprintf(path, sizeof(path), "%s", path_made(control));
	session = dataplane_asked(control, SLUICE_SESSION_ADD);
	assert_string_equal(session->stream, "cam");
	assert_int_equal(session->role, SLUICE_SESSION_PUBLISH);
	assert_int_equal(session->n_tracks, 2);
	assert_int_equal(session->takeover, 0);
	assert_int_equal(strlen(session->id), 22);
	assert_string_equal(strrchr(path, '/') + 1, session->id);
	assert_int_equal(session->tracks[1].payloads[0].codec, SLUICE_CODEC_VP8);
	expect(control, method_of("GET", path), "pubcam", "", NULL, 200);
	expect_header(control, "ETag: \"AAAABBBBCCCCDDDD\"\r\n");
	expect(control, method_of("DELETE", path), "pub", "", NULL, 403);
	expect(control, method_of("DELETE", path), "pubcam", "", NULL, 200);
	assert_non_null(dataplane_asked(control, SLUICE_SESSION_DELETE));
	expect(control, method_of("DELETE", path), "pubcam", "", NULL, 404);
}

static void a_viewer_follows_a_publisher(void **state)
{
	struct control *control = *state;
	const struct sluice_session *session;

	expect(control, "POST /whep/cam", "wat", SDP, offer("chromium-watch"), 409);
	expect_header(control, "Retry-After: ");
	publish(control, "pub");
	watch(control, "wat");
	session = dataplane_asked(control, SLUICE_SESSION_ADD);
	assert_int_equal(session->role, SLUICE_SESSION_WATCH);
	assert_int_equal(session->tracks[1].payloads[0].from, 96);
	assert_non_null(strstr(control->said, "a=ssrc-group:FID 12 13\r\n"));
	expect(control, "POST /whep/cam?x=1", "wat", SDP, offer("firefox-watch"), 201);
	session = dataplane_asked(control, SLUICE_SESSION_ADD);
	assert_int_equal(session->tracks[1].payloads[0].pt, 120);
	assert_int_equal(session->tracks[1].payloads[0].from, 96);
}

static void takeover_is_asked_for(void **state)
{
	struct control *control = *state;
	const struct sluice_session *session;

	dataplane_refuses(control, SLUICE_SESSION_ADD, -EBUSY, "another session publishes it");
	expect(control, "POST /whip/cam", "pub", SDP, offer("chromium-publish"), 409);
	expect_header(control, "Content-Type: application/problem+json\r\n");
	expect(control, "POST /whip/cam?takeover=1", "pub", SDP, offer("chromium-publish"), 409);
	session = dataplane_asked(control, SLUICE_SESSION_ADD);
	assert_int_equal(session->takeover, 1);
}

/* -- statuses -- */

static void each_refusal_has_its_status(void **state)
{
	static const struct {
		const char *method, *token, *headers, *offer;
		int status;
	} rows[] = {
	        {"POST /whip/cam", NULL, SDP, "chromium-publish", 401},
	        {"POST /whip/cam", "wrong", SDP, "chromium-publish", 401},
	        {"POST /whip/cam", "wat", SDP, "chromium-publish", 403},
	        {"POST /whip/other", "pubcam", SDP, "chromium-publish", 403},
	        {"POST /whep/cam", "pub", SDP, "chromium-watch", 403},
	        {"POST /whip/cam", "reads", SDP, "chromium-publish", 403},
	        {"POST /whip/cam", "pub", "", "chromium-publish", 415},
	        {"POST /whip/cam", "pub", FRAGMENT, "chromium-publish", 415},
	        {"POST /whip/cam", "pub", "Content-Type: application/sdp;charset=utf-8\r\n",
	         "chromium-publish", 503},
	        {"POST /whip/cam", "pub", SDP, NULL, 400},
	        {"POST /whip/cam", "pub", SDP, "chromium-watch", 422},
	        {"POST /whip/", "pub", SDP, "chromium-publish", 404},
	        {"POST /whip/a%20b", "pub", SDP, "chromium-publish", 404},
	        {"POST /whip/..", "pub", SDP, "chromium-publish", 404},
	        {"POST /whip/cam/x", "pub", SDP, "chromium-publish", 405},
	        {"PUT /whip/cam", "pub", SDP, "chromium-publish", 501},
	        {"DELETE /whip/cam", "pub", "", NULL, 404},
	        {"DELETE /whip/cam/none", "pub", "", NULL, 404},
	        {"PATCH /whip/cam/none", "pub", FRAGMENT, NULL, 404},
	        {"PATCH /whip/cam/none", "pub", SDP, NULL, 415},
	        {"GET /whip/cam", "pub", "", NULL, 200},
	        {"GET /whep/cam", "wat", "", NULL, 200},
	        {"HEAD /whep/cam", "wat", "", NULL, 200},
	};
	struct control *control = *state;

	dataplane_refuses(control, SLUICE_SESSION_ADD, -EADDRNOTAVAIL, "no webrtc listen");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(control, rows[i].method, rows[i].token, rows[i].headers,
		       rows[i].offer != NULL ? offer(rows[i].offer) : NULL, rows[i].status);
	expect(control, "HEAD /whep/cam", "wat", "", NULL, 200);
	expect_header(control, "Content-Type: application/sdp\r\n");
}

static void patches(void **state)
{
	static const char same[] = "a=ice-ufrag:%s\r\na=ice-pwd:0123456789012345678901\r\n"
	                           "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
	                           "a=candidate:1 1 udp 1 198.18.1.2 5 typ host\r\n";
	struct sluice_session_made again = made_example("RRRRBBBBCCCCDDDD");
	struct control *control = *state;
	const struct sluice_session_restart *restart;
	char path[256], trickle[512], fresh[512];
	const char *ufrag;

	publish(control, "pub");
	snprintf(path, sizeof(path), "%s", path_made(control));
	ufrag = ((const struct sluice_session *)dataplane_asked(control, SLUICE_SESSION_ADD))
	                ->remote_ufrag;
	snprintf(trickle, sizeof(trickle), same, ufrag);
	snprintf(fresh, sizeof(fresh), same, "another");
	dataplane_answers(control, SLUICE_SESSION_RESTART, 0, &again, sizeof(again));
	expect(control, method_of("PATCH", path), "pub", FRAGMENT, trickle, 428);
	expect(control, method_of("PATCH", path), "pub", FRAGMENT "If-Match: \"old\"\r\n", trickle,
	       412);
	expect(control, method_of("PATCH", path), "pub",
	       FRAGMENT "If-Match: \"AAAABBBBCCCCDDDD\"\r\n", "nothing", 400);
	expect(control, method_of("PATCH", path), "pub",
	       FRAGMENT "If-Match: \"AAAABBBBCCCCDDDD\"\r\n", trickle, 204);
	assert_null(strstr(control->headers, "ETag"));
	assert_int_equal(dataplane_was_asked(control, SLUICE_SESSION_RESTART), 0);
	expect(control, method_of("PATCH", path), "pub", FRAGMENT "If-Match: *\r\n", fresh, 200);
	expect_header(control, "ETag: \"RRRRBBBBCCCCDDDD\"\r\n");
	expect_header(control, "Content-Type: application/trickle-ice-sdpfrag\r\n");
	assert_non_null(strstr(control->said, "a=ice-ufrag:RRRRBBBBCCCCDDDD\r\n"));
	restart = dataplane_asked(control, SLUICE_SESSION_RESTART);
	assert_string_equal(restart->remote_ufrag, "another");
	expect(control, method_of("PATCH", path), "pub",
	       FRAGMENT "If-Match: \"AAAABBBBCCCCDDDD\"\r\n", trickle, 412);
	/* as some clients write it */
	expect(control, method_of("PATCH", path), "pub", FRAGMENT "If-Match: \"*\"\r\n", "nothing",
	       400);
	expect(control, method_of("PATCH", path), "pub",
	       FRAGMENT "If-Match: \"x\", \"RRRRBBBBCCCCDDDD\"\r\n", "nothing", 400);
	expect(control, method_of("PATCH", path), "pub",
	       FRAGMENT "If-Match: W/\"RRRRBBBBCCCCDDDD\"\r\n", "nothing", 412);
	/* One that fails leaves the session as it is. */
	dataplane_refuses(control, SLUICE_SESSION_RESTART, -ENOSPC, "no room");
	snprintf(fresh, sizeof(fresh), same, "athird");
	expect(control, method_of("PATCH", path), "pub", FRAGMENT "If-Match: *\r\n", fresh, 503);
	expect(control, method_of("GET", path), "pub", "", NULL, 200);
	expect_header(control, "ETag: \"RRRRBBBBCCCCDDDD\"\r\n");
}

static void pages_of_other_origins(void **state)
{
	struct control *control = *state;

	expect(control, "OPTIONS /whip/cam", NULL,
	       "Origin: https://x.example\r\nAccess-Control-Request-Method: POST\r\n", NULL, 200);
	expect_header(control, "Access-Control-Allow-Origin: *\r\n");
	expect_header(control,
	              "Access-Control-Allow-Methods: OPTIONS, GET, HEAD, POST, PATCH, DELETE");
	expect_header(control,
	              "Access-Control-Allow-Headers: Authorization, Content-Type, If-Match");
	expect(control, "OPTIONS /whip/cam", NULL, "", NULL, 200);
	expect_header(control, "Accept-Post: application/sdp\r\n");
	expect_header(control, "Accept-Patch: application/trickle-ice-sdpfrag\r\n");
	assert_null(strstr(control->headers, "Access-Control"));
	expect(control, "OPTIONS /nothing", NULL, "", NULL, 404);
	expect(control, "OPTIONS /v1/steer", NULL,
	       "Origin: https://x.example\r\nAccess-Control-Request-Method: GET\r\n", NULL, 200);
	assert_null(strstr(control->headers, "Access-Control"));
	expect(control, "GET /readyz", NULL, "Origin: https://x.example\r\n", NULL, 200);
	assert_null(strstr(control->headers, "Access-Control"));
	expect(control, "POST /whip/cam", NULL, "Origin: https://x.example\r\n", NULL, 401);
	expect_header(control, "Access-Control-Allow-Origin: *\r\n");
	expect_header(control, "Access-Control-Expose-Headers: Location, ETag, Link");
	expect(control, "DELETE /v1/steer", "all", "", NULL, 405);
	expect_header(control, "Allow: OPTIONS, GET, HEAD, POST\r\n");
}

static void limits(void **state)
{
	struct control *control = *state;

	publish(control, "pub");
	assert_int_equal(control_do(control, "webrtc limit viewers 1"), 0);
	watch(control, "wat");
	expect(control, "POST /whep/cam", "wat", SDP, offer("chromium-watch"), 503);
	expect_header(control, "Retry-After: ");
	assert_int_equal(control_do(control, "webrtc limit sessions 2"), 0);
	expect(control, "POST /whip/two", "pub", SDP, offer("chromium-publish"), 503);
	/* it frees one, and another one would not */
	expect(control, "POST /whip/cam?takeover=1", "pub", SDP, offer("chromium-publish"), 201);
	expect(control, "POST /whip/cam?takeover=1", "pub", SDP, offer("chromium-publish"), 503);
	expect(control,
	       "POST /whip/" /* 63 */
	       "123456789012345678901234567890123456789012345678901234567890123",
	       "pub", SDP, offer("chromium-publish"), 503);
	expect(control,
	       "POST /whip/" /* 64 */
	       "1234567890123456789012345678901234567890123456789012345678901234",
	       "pub", SDP, offer("chromium-publish"), 404);
	assert_int_equal(control_do(control, "webrtc show"), 0);
	assert_non_null(strstr(control->said, "\"sessions_max\":2,\"streams\":1,\"offers\":7,"
	                                      "\"answered\":3,\"elsewhere\":0,"
	                                      "\"refused\":0,\"unserved\":4,"));
}

static void a_node_that_drains(void **state)
{
	struct control *control = *state;

	assert_int_equal(control_do(control, "node drain"), 0);
	expect(control, "POST /whip/cam", "pub", SDP, offer("chromium-publish"), 503);
	expect_header(control, "Retry-After: ");
	assert_int_equal(control_do(control, "node undrain"), 0);
	publish(control, "pub");
}

/* -- ends that nobody asked for -- */

/* Events over HTTP: the same rows, for who has a token that reads. */
static void events_over_http(void **state)
{
	struct sluice_session_event event = {.id = "x",
	                                     .state = SLUICE_SESSION_CONNECTED,
	                                     .role = SLUICE_SESSION_WATCH,
	                                     .stream = "cam"};
	struct control *control = *state;
	char got[4096] = "";
	size_t length = 0;
	int fd;

	expect(control, "GET /v1/events", "pub", "", NULL, 403);
	fd = control_http_open(control, "GET /v1/events", "reads", "");
	for (int i = 0; i < 100 && strstr(got, "watch cam connected") == NULL; i++) {
		ssize_t more;

		dataplane_tells(control, &event);
		control_rest(control, 50);
		more = recv(fd, got + length, sizeof(got) - 1 - length, MSG_DONTWAIT);
		length += more > 0 ? (size_t)more : 0;
	}
	close(fd);
	assert_non_null(strstr(got, "Content-Type: text/event-stream\r\n"));
	assert_non_null(strstr(got, "data: {\"time\":"));
	assert_non_null(strstr(got, "\"area\":\"session\",\"subject\":\"x\""));
	expect(control, "GET /healthz", NULL, "", NULL, 200);
}

/* -- WHEP's extensions -- */

/* "/whep-sse/cam/ID" of a Link. */
static const char *link_path(const struct control *control, const char *prefix)
{
	static char path[256];
	char begin[64];
	const char *at;

	snprintf(begin, sizeof(begin), "Link: <http://127.0.0.1%s", prefix);
	at = strstr(control->headers, begin);
	assert_non_null(at);
	at += strlen("Link: <http://127.0.0.1");
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(at, ">"), at);
	return path;
}

/* What a channel says: waits for `text`, and keeps what follows it. */
struct listener {
	int fd;
	char got[16384];
	size_t length;
};

static bool listener_has(struct listener *listener, const char *text)
{
	ssize_t more = recv(listener->fd, listener->got + listener->length,
	                    sizeof(listener->got) - 1 - listener->length, MSG_DONTWAIT);
	char *at;

	listener->length += more > 0 ? (size_t)more : 0;
	listener->got[listener->length] = '\0';
	at = strstr(listener->got, text);
	if (at == NULL)
		return false;
	at += strlen(text);
	listener->length -= (size_t)(at - listener->got);
	memmove(listener->got, at, listener->length + 1);
	return true;
}

static void session_is(struct control *control, const char *id, uint8_t role, uint8_t state)
{
	static uint32_t sequence;
	struct sluice_session_event event = {
	        .role = role, .state = state, .stream = "cam", .sequence = ++sequence};

	snprintf(event.id, sizeof(event.id), "%s", id);
	dataplane_tells(control, &event);
}

static bool listener_has_line(struct listener *listener)
{
	listener_has(listener, "\1");
	return strchr(listener->got, '\n') != NULL;
}

static bool listener_is_closed(const struct listener *listener)
{
	char rest[256];

	return recv(listener->fd, rest, sizeof(rest), MSG_DONTWAIT) == 0;
}

/* A client that comes back names the last event that it has, and gets those behind it. */
static void events_go_on(void **state)
{
	static const char *const unknown[] = {"0123456789abcdef-1", "x", "0123456789abcdef-",
	                                      "0123456789abcdef-99999999999999999999"};
	struct listener first = {0}, second = {0}, third = {0};
	struct control *control = *state;
	char header[128];

	first.fd = control_http_open(control, "GET /v1/events", "reads", "");
	control_await(control, listener_has(&first, ":\n\n"));
	session_is(control, "one", SLUICE_SESSION_WATCH, SLUICE_SESSION_CONNECTED);
	control_await(control, listener_has(&first, "id: "));
	control_await(control, listener_has_line(&first));
	snprintf(header, sizeof(header), "Last-Event-ID: %.*s\r\n", (int)strcspn(first.got, "\n"),
	         first.got);
	close(first.fd);
	session_is(control, "two", SLUICE_SESSION_WATCH, SLUICE_SESSION_CONNECTED);
	session_is(control, "three", SLUICE_SESSION_WATCH, SLUICE_SESSION_CONNECTED);
	second.fd = control_http_open(control, "GET /v1/events", "reads", header);
	control_await(control, listener_has(&second, "\"subject\":\"two\""));
	control_await(control, listener_has(&second, "\"subject\":\"three\""));
	/* again, while the second is there */
	third.fd = control_http_open(control, "GET /v1/events", "reads", header);
	control_await(control, listener_has(&third, "\"subject\":\"two\""));
	control_await(control, listener_is_closed(&second));
	close(second.fd);
	close(third.fd);
	/* what is not known, and what another stream has */
	third.fd = control_http_open(control, "GET /v1/events?allocations=1", "reads", header);
	control_await(control, listener_has(&third, "event: gap\ndata: {}\n\n"));
	close(third.fd);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		struct listener other = {0};

		snprintf(header, sizeof(header), "Last-Event-ID: %s\r\n", unknown[i]);
		other.fd = control_http_open(control, "GET /v1/events", "reads", header);
		control_await(control, listener_has(&other, "event: gap\ndata: {}\n\n"));
		close(other.fd);
	}
}

/* More come and go than may be there at once: those whose clients are away make room. */
static void events_make_room(void **state)
{
	struct control *control = *state;

	for (int i = 0; i < 40; i++) {
		struct listener listener = {0};

		listener.fd = control_http_open(control, "GET /v1/events", "reads", "");
		control_await(control, listener_has(&listener, "HTTP/1.1 200 OK"));
		close(listener.fd);
		control_rest(control, 20);
	}
}

/* Three layers of a publisher, each so many bytes further. */
static void layers_have(struct control *control, const char *id, uint64_t bytes)
{
	static const char *const rids[] = {"q", "h", "f"};
	struct sluice_stream_row rows[3] = {0};

	for (size_t i = 0; i < 3; i++) {
		snprintf(rows[i].name, sizeof(rows[i].name), "cam/1/%s", rids[i]);
		snprintf(rows[i].endpoint, sizeof(rows[i].endpoint), "%s", id);
		rows[i].bytes = i < 2 ? bytes : 0;
	}
	dataplane_answers(control, SLUICE_STREAM_SHOW, 0, rows, sizeof(rows));
}

static void a_viewer_listens(void **state)
{
	struct sluice_session_made made = made_example("AAAABBBBCCCCDDDD");
	struct control *control = *state;
	struct listener listener = {0};
	char publisher[SLUICE_SESSION_ID_MAX], open[300], read[256];

	dataplane_answers(control, SLUICE_SESSION_ADD, 0, &made, sizeof(made));
	expect(control, "POST /whip/cam", "pub", SDP, offer("chromium-simulcast"), 201);
	assert_null(strstr(control->headers, "server-sent-events"));
	snprintf(publisher, sizeof(publisher), "%s", strrchr(path_made(control), '/') + 1);
	watch(control, "wat");
	expect_header(control, "; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; "
	                       "events=\"active,inactive,layers,viewercount\"\r\n");
	snprintf(open, sizeof(open), "POST %s", link_path(control, "/whep-sse/"));

	expect(control, open, "pub", "", NULL, 403);
	expect(control, open, "wat", "", "[\"active\",\"nonsense\"]", 400);
	expect(control, open, "wat", "", "{}", 400);
	expect(control, "POST /whep-sse/cam/none", "wat", "", NULL, 404);
	expect(control, open, "wat", "", NULL, 201);
	snprintf(read, sizeof(read), "%s", path_made(control));
	expect(control, method_of("GET", "/whep-events/none"), NULL, "", NULL, 404);

	/* nobody publishes with keys: that is not said at first */
	listener.fd = control_http_open(control, method_of("GET", read), "none", "");
	control_await(control, listener_has(&listener, "Content-Type: text/event-stream\r\n"));
	control_await(control,
	              listener_has(&listener, "event: viewercount\ndata: {\"viewercount\":1}\n\n"));
	assert_null(strstr(listener.got, "active"));
	layers_have(control, publisher, 1000);
	session_is(control, publisher, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_CONNECTED);
	control_await(control, listener_has(&listener, "event: active\ndata: {}\n\n"));
	control_await(control,
	              listener_has(&listener, "event: layers\ndata: {\"1\":[{\"rid\":\"q\","
	                                      "\"bitrate\":0},{\"rid\":\"h\","));
	/* until the next look has seen more bytes */
	control_await(control, dataplane_was_asked(control, SLUICE_STREAM_SHOW) >= 1);
	assert_string_equal(
	        ((const struct sluice_stream_show *)dataplane_asked(control, SLUICE_STREAM_SHOW))
	                ->endpoint,
	        publisher);
	layers_have(control, publisher, 1000000);
	control_await(control,
	              listener_has(&listener, "event: layers\ndata: {\"1\":[{\"rid\":\"q\","
	                                      "\"bitrate\":") &&
	                      listener.got[0] != '0');
	control_await(control, listener_has(&listener, "{\"rid\":\"f\",\"bitrate\":0}]}\n\n"));

	/* another channel says only what it was opened for */
	watch(control, "wat");
	control_await(control,
	              listener_has(&listener, "event: viewercount\ndata: {\"viewercount\":2}\n\n"));
	session_is(control, publisher, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_ENDED);
	control_await(control, listener_has(&listener, "event: inactive\ndata: {}\n\n"));
	expect(control, method_of("DELETE", read), NULL, "", NULL, 200);
	expect(control, method_of("DELETE", read), NULL, "", NULL, 404);
	expect(control, method_of("GET", read), NULL, "", NULL, 404);
	close(listener.fd);
}

/* A channel ends with its session, and has its bounds. */
static void channels_end(void **state)
{
	struct control *control = *state;
	struct listener listener = {0};
	char open[300], read[300], session[300];

	publish(control, "pub");
	watch(control, "wat");
	snprintf(session, sizeof(session), "DELETE %s", path_made(control));
	snprintf(open, sizeof(open), "POST %s", link_path(control, "/whep-sse/"));
	expect(control, open, "wat", "", "[\"viewercount\"]", 201);
	expect(control, open, "wat", "", "[\"viewercount\"]", 201);
	snprintf(read, sizeof(read), "GET %s", path_made(control));
	expect(control, open, "wat", "", "[\"viewercount\"]", 503);
	listener.fd = control_http_open(control, read, "none", "");
	control_await(control, listener_has(&listener, "{\"viewercount\":1}"));
	assert_null(strstr(listener.got, "layers"));
	expect(control, session, "wat", "", NULL, 200);
	control_await(control, control_http(control, read, NULL, NULL) == 404);
	expect(control, open, "wat", "", NULL, 404);
	close(listener.fd);
}

/* However many sessions it makes, what one token opens leaves room for others. */
static void channels_of_one_token(void **state)
{
	struct control *control = *state;
	char open[300];

	assert_int_equal(control_do(control, "http token add other scope watch"), 0);
	publish(control, "pub");
	for (int i = 0; i < 16; i++) {
		watch(control, "wat");
		snprintf(open, sizeof(open), "POST %s", link_path(control, "/whep-sse/"));
		expect(control, open, "wat", "", NULL, 201);
		expect(control, open, "wat", "", NULL, 201);
	}
	watch(control, "wat");
	snprintf(open, sizeof(open), "POST %s", link_path(control, "/whep-sse/"));
	expect(control, open, "wat", "", NULL, 503);
	watch(control, "other");
	snprintf(open, sizeof(open), "POST %s", link_path(control, "/whep-sse/"));
	expect(control, open, "other", "", NULL, 201);
	assert_int_equal(control_do(control, "webrtc show"), 0);
	assert_non_null(strstr(control->said, "\"channels\":33,\"channels_refused\":1,"
	                                      "\"channel_events\":0}"));
}

/* A channel's name is the word that opens it: it stands in no log. Nor does HEAD open one, whose
 * answer would never end. */
static void a_channel_is_not_told(void **state)
{
	struct control *control = *state;
	struct listener listener = {0};
	char path[256], head[300], delete[300];

	assert_int_equal(control_do(control, "log level http debug"), 0);
	publish(control, "pub");
	watch(control, "wat");
	expect(control, method_of("POST", link_path(control, "/whep-sse/")), "wat", "",
	       "[\"viewercount\"]", 201);
	snprintf(path, sizeof(path), "%s", path_made(control));
	snprintf(head, sizeof(head), "HEAD %s", path);
	snprintf(delete, sizeof(delete), "DELETE %s", path);
	expect(control, head, NULL, "", NULL, 405);
	expect_header(control, "Allow: OPTIONS, GET, DELETE\r\n");
	expect(control, "HEAD /v1/events", "pub", "", NULL, 405);
	expect(control, "HEAD /healthz", NULL, "", NULL, 200);
	listener.fd = control_http_open(control, method_of("GET", path), "none", "");
	control_await(control, listener_has(&listener, "{\"viewercount\":1}"));
	expect(control, delete, NULL, "", NULL, 200);
	control_await(control, control_logged(control, "/whep-events/: 200"));
	control_await(control, control_logged(control, "/whep-events/: 405"));
	assert_false(control_logged(control, strrchr(path, '/') + 1));
	assert_int_equal(control_do(control, "webrtc show"), 0);
	assert_non_null(strstr(control->said, "\"channels\":0,\"channels_refused\":0,"
	                                      "\"channel_events\":1}"));
	close(listener.fd);
}

static void a_viewer_chooses_a_layer(void **state)
{
	static const char json[] = "Content-Type: application/json\r\n";
	static const struct {
		const char *body;
		int status;
		const char *mid, *rid;
	} rows[] = {
	        {"{\"mediaId\":\"1\",\"rid\":\"h\"}", 200, "1", "h"},
	        {"{\"rid\":\"q\"}", 200, "", "q"},
	        {"{\"mediaId\":\"1\"}", 200, "1", "auto"},
	        {"{}", 200, "", "auto"},
	        {"{\"mediaId\":\"2\"}", 422, NULL, NULL},
	        {"{\"mediaId\":\"x\"}", 422, NULL, NULL},
	        {"{\"mediaId\":1}", 422, NULL, NULL},
	        {"{\"maxWidth\":640}", 422, NULL, NULL},
	        {"{\"rid\":\"12345678901234567\"}", 422, NULL, NULL},
	        {"[]", 422, NULL, NULL},
	        {"", 422, NULL, NULL},
	};
	struct control *control = *state;
	const struct sluice_session_layer *layer;
	char choose[300];

	publish(control, "pub");
	watch(control, "wat");
	expect_header(control, "; rel=\"urn:ietf:params:whep:ext:core:layer\"\r\n");
	snprintf(choose, sizeof(choose), "POST %s", link_path(control, "/whep-layer/"));
	expect(control, choose, "wat", "", "{}", 415);
	expect(control, choose, "pub", json, "{}", 403);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		dataplane_forget(control);
		expect(control, choose, "wat", json, rows[i].body, rows[i].status);
		layer = dataplane_asked(control, SLUICE_SESSION_LAYER);
		assert_int_equal(layer != NULL, rows[i].mid != NULL);
		if (layer == NULL)
			continue;
		assert_string_equal(layer->id, strrchr(choose, '/') + 1);
		assert_string_equal(layer->mid, rows[i].mid);
		assert_string_equal(layer->rid, rows[i].rid);
	}
	dataplane_refuses(control, SLUICE_SESSION_LAYER, -ENOENT, "no layer x");
	expect(control, choose, "wat", json, "{\"rid\":\"x\"}", 404);
}

static void a_session_that_ends_is_gone(void **state)
{
	struct sluice_session_event event = {.state = SLUICE_SESSION_CONNECTED, .stream = "cam"};
	struct control *control = *state;
	const struct sluice_event_row *row;
	char path[256];

	publish(control, "pub");
	snprintf(path, sizeof(path), "%s", path_made(control));
	snprintf(event.id, sizeof(event.id), "%s", strrchr(path, '/') + 1);
	control_listen(control, "events");
	/* again until the listener is there to hear it */
	for (int i = 0; i < 100 && control->stream.rows == 0; i++) {
		dataplane_tells(control, &event);
		control_rest(control, 50);
	}
	row = (const void *)control->stream.last;
	assert_string_equal(row->area, "session");
	assert_string_equal(row->subject, event.id);
	assert_string_equal(row->state, "publish cam connected");
	expect(control, method_of("GET", path), "pub", "", NULL, 200);
	event.state = SLUICE_SESSION_ENDED;
	event.reason = SLUICE_SESSION_CONSENT;
	dataplane_tells(control, &event);
	control_await(control, strcmp(row->state, "publish cam ended: consent") == 0);
	expect(control, method_of("GET", path), "pub", "", NULL, 404);
	expect(control, "POST /whep/cam", "wat", SDP, offer("chromium-watch"), 409);
}

static void told(struct control *control, const char *path, uint8_t role, uint8_t state,
                 uint32_t sequence)
{
	struct sluice_session_event event = {
	        .role = role, .state = state, .stream = "cam", .sequence = sequence};

	snprintf(event.id, sizeof(event.id), "%s", strrchr(path, '/') + 1);
	dataplane_tells(control, &event);
	control_await(control, control->events_fd >= 0);
}

/* The one that sends is the publisher until another one has keys, and again if that never has. */
static void a_takeover_that_never_connects(void **state)
{
	struct sluice_session_made made = made_example("TTTTBBBBCCCCDDDD");
	struct control *control = *state;
	const struct sluice_session *session;
	char first[256], second[256];

	publish(control, "pub");
	snprintf(first, sizeof(first), "%s", path_made(control));
	told(control, first, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_CONNECTED, 1);
	dataplane_answers(control, SLUICE_SESSION_ADD, 0, &made, sizeof(made));
	expect(control, "POST /whip/cam?takeover=1", "pub", SDP, offer("firefox-publish"), 201);
	snprintf(second, sizeof(second), "%s", path_made(control));
	watch(control, "wat");
	session = dataplane_asked(control, SLUICE_SESSION_ADD);
	assert_int_equal(session->tracks[1].payloads[0].from, 96); /* Chromium's VP8 */
	told(control, second, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_ENDED, 2);
	watch(control, "wat");
	expect(control, method_of("GET", first), "pub", "", NULL, 200);
}

/* A viewer that agreed to other payload types than the new publisher has begins again. */
static void a_publisher_with_other_numbers(void **state)
{
	struct sluice_session_made made = made_example("TTTTBBBBCCCCDDDD");
	struct control *control = *state;
	const struct sluice_session_name *name;
	char first[256], viewer[256], second[256];

	publish(control, "pub");
	snprintf(first, sizeof(first), "%s", path_made(control));
	watch(control, "wat");
	snprintf(viewer, sizeof(viewer), "%s", path_made(control));
	told(control, first, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_CONNECTED, 1);
	assert_int_equal(dataplane_was_asked(control, SLUICE_SESSION_DELETE), 0);
	told(control, first, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_ENDED, 2);
	expect(control, method_of("GET", viewer), "wat", "", NULL, 200);
	dataplane_answers(control, SLUICE_SESSION_ADD, 0, &made, sizeof(made));
	expect(control, "POST /whip/cam", "pub", SDP, offer("firefox-publish"), 201);
	snprintf(second, sizeof(second), "%s", path_made(control));
	told(control, second, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_CONNECTED, 3);
	control_await(control, dataplane_was_asked(control, SLUICE_SESSION_DELETE) == 1);
	name = dataplane_asked(control, SLUICE_SESSION_DELETE);
	assert_string_equal(name->id, strrchr(viewer, '/') + 1);
	expect(control, method_of("GET", viewer), "wat", "", NULL, 404);
}

/* Of events that were lost nobody hears again: all sessions are read instead. */
static void events_that_are_missing(void **state)
{
	struct control *control = *state;
	char path[256];

	publish(control, "pub");
	snprintf(path, sizeof(path), "%s", path_made(control));
	told(control, path, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_CHECKED, 7);
	dataplane_forget(control);
	told(control, path, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_CONNECTED, 8);
	assert_int_equal(dataplane_was_asked(control, SLUICE_SESSION_TAKE), 0);
	expect(control, method_of("GET", path), "pub", "", NULL, 200);
	told(control, "/x", SLUICE_SESSION_PUBLISH, SLUICE_SESSION_CONNECTED, 20);
	control_await(control, dataplane_was_asked(control, SLUICE_SESSION_TAKE) == 1);
	/* the dataplane has none */
	control_await(control, control_http(control, method_of("GET", path), "pub", NULL) == 404);
}

/* What was read before a session ended, and comes behind that, is late. */
static void an_end_is_the_end(void **state)
{
	struct sluice_session_whole whole = {.state = SLUICE_SESSION_CONNECTED};
	struct control *control = *state;
	char path[256];

	publish(control, "pub");
	snprintf(path, sizeof(path), "%s", path_made(control));
	memcpy(&whole.session, dataplane_asked(control, SLUICE_SESSION_ADD), sizeof(whole.session));
	whole.made = made_example("AAAABBBBCCCCDDDD");
	told(control, path, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_ENDED, 1);
	expect(control, method_of("GET", path), "pub", "", NULL, 404);
	dataplane_answers(control, SLUICE_SESSION_TAKE, 0, &whole, sizeof(whole));
	dataplane_forget(control);
	told(control, path, SLUICE_SESSION_PUBLISH, SLUICE_SESSION_ENDED, 9);
	control_await(control, dataplane_was_asked(control, SLUICE_SESSION_TAKE) == 1);
	control_rest(control, 200);
	expect(control, method_of("GET", path), "pub", "", NULL, 404);
}

/* What the dataplane kept is enough for PATCH, DELETE and new viewers. */
static void a_control_plane_that_comes_back(void **state)
{
	struct sluice_session_whole whole = {.state = SLUICE_SESSION_CONNECTED};
	struct control *control = *state;
	char path[256];

	publish(control, "pub");
	snprintf(path, sizeof(path), "%s", path_made(control));
	memcpy(&whole.session, dataplane_asked(control, SLUICE_SESSION_ADD), sizeof(whole.session));
	whole.made = made_example("AAAABBBBCCCCDDDD");
	dataplane_answers(control, SLUICE_SESSION_TAKE, 0, &whole, sizeof(whole));
	dataplane_forget(control);
	control_restart(control, SIGKILL);
	control_await(control, control_http(control, method_of("GET", path), "pub", NULL) == 200);
	expect_header(control, "ETag: \"AAAABBBBCCCCDDDD\"\r\n");
	watch(control, "wat");
	expect(control, method_of("DELETE", path), "wat", "", NULL, 403);
	expect(control, method_of("DELETE", path), "pubcam", "", NULL, 403);
	expect(control, method_of("DELETE", path), "pub", "", NULL, 200);
	/* A dataplane that has lost all of it */
	publish(control, "pub");
	snprintf(path, sizeof(path), "%s", path_made(control));
	dataplane_answers(control, SLUICE_SESSION_TAKE, 0, NULL, 0);
	dataplane_away(control);
	control_await(control,
	              control_http(control, method_of("DELETE", path), "pub", NULL) == 503);
	dataplane_forget(control);
	dataplane_back(control);
	control_await(control, dataplane_was_asked(control, SLUICE_SESSION_TAKE) > 0);
	control_await(control, control_http(control, method_of("GET", path), "pub", NULL) == 404);
}

/* -- the operator's service -- */

#define SERVICE_BODY 512

struct service {
	pid_t pid;
	uint16_t port;
	volatile char *body; /* of the last question, shared */
};

/* One question at a time; the stream's name says how it is answered. */
static void service_answer(int fd, volatile char *kept)
{
	static const char yes[] = "HTTP/1.1 204 No Content\r\n\r\n",
	                  no[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
	                  odd[] = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
	const char *answer = yes, *body;
	char text[2048] = "";
	size_t length = 0;
	ssize_t more;

	while (strstr(text, "}") == NULL &&
	       (more = recv(fd, text + length, sizeof(text) - 1 - length, 0)) > 0)
		length += (size_t)more;
	body = strstr(text, "\r\n\r\n");
	if (body == NULL)
		return;
	snprintf((char *)(uintptr_t)kept, SERVICE_BODY, "%s", body + 4);
	if (strstr(body, "\"denied\"") != NULL)
		answer = no;
	if (strstr(body, "\"odd\"") != NULL)
		answer = odd;
	if (strstr(body, "\"silent\"") != NULL)
		recv(fd, text, 1, 0); /* until it is given up */
	else
		send(fd, answer, strlen(answer), MSG_NOSIGNAL);
}

static struct service service_start(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	struct service service = {.body = mmap(NULL, SERVICE_BODY, PROT_READ | PROT_WRITE,
	                                       MAP_SHARED | MAP_ANONYMOUS, -1, 0)};

	assert_int_equal(bind(listener, (const void *)&at, length), 0);
	assert_int_equal(listen(listener, 8), 0);
	getsockname(listener, (void *)&at, &length);
	service.port = ntohs(at.sin_port);
	service.pid = fork();
	if (service.pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
	while (service.pid == 0 && (fd = accept(listener, NULL, NULL)) >= 0) {
		service_answer(fd, service.body);
		close(fd);
	}
	close(listener);
	return service;
}

static void service_stop(struct service *service)
{
	kill(service->pid, SIGKILL);
	waitpid(service->pid, NULL, 0);
}

static void a_service_may_refuse(void **state)
{
	static const struct {
		const char *method;
		int status;
	} rows[] = {
	        {"POST /whip/denied", 403},
	        {"POST /whip/odd", 503},
	        {"POST /whip/silent", 503},
	        {"POST /whip/cam", 201},
	};
	struct sluice_session_made made = made_example("AAAABBBBCCCCDDDD");
	struct service service = service_start();
	struct control *control = *state;
	char line[128];

	snprintf(line, sizeof(line), "webrtc hook http://127.0.0.1:%u/may timeout 1", service.port);
	assert_int_equal(control_do(control, line), 0);
	dataplane_answers(control, SLUICE_SESSION_ADD, 0, &made, sizeof(made));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(control, rows[i].method, "pub", SDP, offer("chromium-publish"),
		       rows[i].status);
		assert_int_equal(dataplane_was_asked(control, SLUICE_SESSION_ADD),
		                 rows[i].status == 201);
	}
	/* SHA-256 of "pub" */
	assert_non_null(
	        strstr((const char *)(uintptr_t)service.body,
	               "{\"stream\":\"cam\",\"scope\":\"publish\",\"token\":"
	               "\"0017dea7770f7ecff7ab3c20506546129e96bdeba2f544bb8e5414eb79786122\""));
	/* without a token that opens the stream it is not asked */
	expect(control, "POST /whip/other", "pubcam", SDP, offer("chromium-publish"), 403);
	assert_non_null(strstr((const char *)(uintptr_t)service.body, "\"cam\""));
	/* one that is away is no service that allows */
	service_stop(&service);
	expect(control, "POST /whep/cam", "wat", SDP, offer("chromium-watch"), 503);
	expect_header(control, "Retry-After: ");
	assert_int_equal(control_do(control, "webrtc hook http://[::1]:1/"), 0);
	expect(control, "POST /whep/cam", "wat", SDP, offer("chromium-watch"), 503);
	assert_true(control_logged(control, "the webrtc hook does not answer: "));
	assert_int_equal(control_do(control, "webrtc hook https://host.example/may?x=1"), 0);
	assert_int_not_equal(control_do(control, "webrtc hook http://127.0.0.1:0/"), 0);
}

/* A service that nobody can wait for holds a part of the places, and none of them when the control
 * plane ends. */
static void a_token_waits_for_the_service_so_often(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int listener = socket(AF_INET, SOCK_STREAM, 0), waiting[65];
	socklen_t length = sizeof(at);
	struct control *control = *state;
	char line[128];

	/* it connects all, and answers none */
	assert_int_equal(bind(listener, (const void *)&at, length), 0);
	assert_int_equal(listen(listener, 128), 0);
	getsockname(listener, (void *)&at, &length);
	snprintf(line, sizeof(line), "webrtc hook http://127.0.0.1:%u/may timeout 30",
	         ntohs(at.sin_port));
	assert_int_equal(control_do(control, line), 0);
	for (size_t i = 0; i < 64; i++)
		waiting[i] = control_http_open(control, "POST /whip/cam", "pub",
		                               SDP "Content-Length: 0\r\n");
	control_await(control, control_do(control, "webrtc show") == 0 &&
	                               strstr(control->said, "\"offers\":64,") != NULL);
	expect(control, "POST /whip/cam", "pub", SDP, offer("chromium-publish"), 503);
	expect_header(control, "Retry-After: ");
	assert_non_null(strstr(control->said, "too many offers"));
	/* another token has room of its own */
	waiting[64] =
	        control_http_open(control, "POST /whip/cam", "pubcam", SDP "Content-Length: 0\r\n");
	control_await(control, control_do(control, "webrtc show") == 0 &&
	                               strstr(control->said, "\"offers\":66,") != NULL);
	assert_non_null(strstr(control->said, "\"unserved\":1,"));
	control_restart(control, SIGTERM);
	for (size_t i = 0; i < 65; i++)
		close(waiting[i]);
	close(listener);
}

/* -- two nodes -- */

static struct control *node_start(const char *id, uint16_t redis)
{
	char lines[512];

	snprintf(lines, sizeof(lines),
	         "turn realm sluice\nhttp token add pub scope publish\n"
	         "region add r redis 127.0.0.1:%u\n"
	         "node set %s region r addr4 127.0.0.1:%u http %s.example:8080\n",
	         redis, id, id[0] == 'a' ? 9 : 10, id);
	return control_start(lines);
}

/* A publisher is told where else it may go when nobody answers it here. */
static void other_nodes_are_named(void **state)
{
	struct sluice_session_made made = made_example("AAAABBBBCCCCDDDD");
	uint16_t redis = redis_start();
	struct control *a = node_start("a", redis), *b = node_start("b", redis);

	dataplane_answers(a, SLUICE_SESSION_ADD, 0, &made, sizeof(made));
	control_await(a, control_http_with(a, "POST /whip/cam?takeover=1", "pub", SDP,
	                                   offer("chromium-publish")) == 201 &&
	                         strstr(a->headers, "Link: <http://b.example:8080/whip/cam>; "
	                                            "rel=\"alternate\"\r\n") != NULL);
	assert_null(strstr(a->headers, "<http://a.example"));
	assert_int_equal(control_do(b, "node drain"), 0);
	control_await(a, control_http_with(a, "POST /whip/cam?takeover=1", "pub", SDP,
	                                   offer("chromium-publish")) == 201 &&
	                         strstr(a->headers, "alternate") == NULL);
	control_stop(a);
	control_stop(b);
	redis_kill();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest nodes[] = {
	        cmocka_unit_test(other_nodes_are_named),
	};
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_publisher_comes_and_goes, setup,
	                                        control_teardown),
	        cmocka_unit_test_setup_teardown(a_viewer_follows_a_publisher, setup,
	                                        control_teardown),
	        cmocka_unit_test_setup_teardown(takeover_is_asked_for, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(each_refusal_has_its_status, setup,
	                                        control_teardown),
	        cmocka_unit_test_setup_teardown(patches, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(pages_of_other_origins, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(limits, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(a_node_that_drains, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(events_over_http, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(events_go_on, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(events_make_room, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(a_viewer_listens, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(channels_end, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(channels_of_one_token, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(a_channel_is_not_told, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(a_viewer_chooses_a_layer, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(a_session_that_ends_is_gone, setup,
	                                        control_teardown),
	        cmocka_unit_test_setup_teardown(a_takeover_that_never_connects, setup,
	                                        control_teardown),
	        cmocka_unit_test_setup_teardown(a_publisher_with_other_numbers, setup,
	                                        control_teardown),
	        cmocka_unit_test_setup_teardown(events_that_are_missing, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(an_end_is_the_end, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(a_service_may_refuse, setup, control_teardown),
	        cmocka_unit_test_setup_teardown(a_token_waits_for_the_service_so_often, setup,
	                                        control_teardown),
	        cmocka_unit_test_setup_teardown(a_control_plane_that_comes_back, setup,
	                                        control_teardown),
	};

	int failed;

	folder = argc > 1 ? argv[1] : "tests/unit/offers";
	failed = cmocka_run_group_tests_name("control_whip", tests, NULL, NULL);
	if (redis_is_installed())
		failed += cmocka_run_group_tests_name("control_whip_nodes", nodes, NULL, NULL);
	return failed;
}
