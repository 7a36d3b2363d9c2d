/* SPDX-License-Identifier: BSD-3-Clause */
/* The HTTP server over loopback: routes, who may ask, what is bounded, and clients that leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "own_now.h"
#include "http/http.h"

#include <sluice/http.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define PATIENCE_S 5

struct scene {
	struct event_base *base;
	struct running *running;
	struct own *own;
	struct http *http;
	uint16_t port;
	struct http_request *held; /* by the route /held */
	bool lost;
};

/* -- routes -- */

static void on_echo(struct http_request *request, void *arg)
{
	const char *text = http_query(request, "text");
	size_t length;
	const char *body = http_body(request, &length);

	assert_int_equal(strlen(body), length);
	http_answer_text(request, 200, text != NULL ? text : length > 0 ? body : "nothing");
}

static void on_below(struct http_request *request, void *arg)
{
	http_answer_text(request, 200, http_path_rest(request));
}

static void on_lost(void *arg)
{
	struct scene *scene = arg;

	scene->held = NULL;
	scene->lost = true;
}

static void on_held(struct http_request *request, void *arg)
{
	struct scene *scene = arg;

	scene->held = request;
	http_on_lost(request, on_lost, scene);
}

static void on_room(void *arg)
{
	struct scene *scene = arg;
	static const char piece[65536];

	http_stream_send(scene->held, piece, sizeof(piece));
}

static void on_endless(struct http_request *request, void *arg)
{
	on_held(request, arg);
	http_stream_begin(request, "text/plain", on_room, arg);
	on_room(arg);
}

/* -- the scene -- */

static int configure(struct scene *scene, const char *line)
{
	struct command_request request;
	struct command_error error;
	char why[SLUICE_API_ERROR_MAX];

	assert_int_equal(command_parse(line, &request, &error), 0);
	return own_now(scene->own, &request, 0, why);
}

static int scene_make(void **state)
{
	static struct scene scene;
	const struct http_route routes[] = {
	        {EVHTTP_REQ_GET, "/echo", HTTP_READ, on_echo, &scene},
	        {EVHTTP_REQ_POST, "/echo", HTTP_READ, on_echo, &scene},
	        {EVHTTP_REQ_DELETE, "/admin", HTTP_ADMIN, on_echo, &scene},
	        {EVHTTP_REQ_GET, "/below/", HTTP_OPEN, on_below, &scene},
	        {EVHTTP_REQ_GET, "/held", HTTP_OPEN, on_held, &scene},
	        {EVHTTP_REQ_GET, "/endless", HTTP_OPEN, on_endless, &scene},
	};
	char line[64];
	int status = -EADDRINUSE;

	memset(&scene, 0, sizeof(scene));
	scene.base = event_base_new();
	scene.running = running_create();
	scene.own = own_create(scene.base, scene.running, "test");
	scene.http = http_create(scene.base, scene.own);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		assert_int_equal(http_route_add(scene.http, &routes[i]), 0);
	for (scene.port = 20000 + getpid() % 10000; status == -EADDRINUSE; scene.port += 7) {
		snprintf(line, sizeof(line), "http listen 127.0.0.1:%u", scene.port);
		status = configure(&scene, line);
	}
	scene.port -= 7;
	*state = &scene;
	return status;
}

static int scene_free(void **state)
{
	struct scene *scene = *state;

	http_destroy(scene->http);
	own_destroy(scene->own);
	running_destroy(scene->running);
	event_base_free(scene->base);
	return 0;
}

/* -- a client: bytes out, bytes in until the server closes or `until` has come -- */

struct client {
	struct scene *scene;
	int fd;
	struct event *readable, *overdue;
	char text[65536];
	size_t length;
	const char *until; /* NULL: the end */
	bool closed, late;
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	ssize_t got =
	        read(fd, client->text + client->length, sizeof(client->text) - 1 - client->length);

	if (got < 0 && errno == EAGAIN)
		return;
	client->closed = got <= 0;
	client->length += got > 0 ? got : 0;
	client->text[client->length] = '\0';
	if (client->closed ||
	    (client->until != NULL && strstr(client->text, client->until) != NULL))
		event_base_loopbreak(client->scene->base);
}

static void on_overdue(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;

	client->late = true;
	event_base_loopbreak(client->scene->base);
}

static void client_open(struct client *client, struct scene *scene)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(scene->port)};

	*client = (struct client){.scene = scene};
	inet_pton(AF_INET, "127.0.0.1", &addr.sin_addr);
	client->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	evutil_make_socket_nonblocking(client->fd);
	client->readable =
	        event_new(scene->base, client->fd, EV_READ | EV_PERSIST, on_readable, client);
	client->overdue = evtimer_new(scene->base, on_overdue, client);
}

static void client_close(struct client *client)
{
	event_free(client->readable);
	event_free(client->overdue);
	close(client->fd);
}

static void client_talk(struct client *client, const char *said, const char *until)
{
	static const struct timeval patience = {.tv_sec = PATIENCE_S};

	/* What is not taken is not missed: the server may close before it has read all. */
	(void)!send(client->fd, said, strlen(said), MSG_NOSIGNAL);
	client->until = until;
	event_add(client->readable, NULL);
	event_add(client->overdue, &patience);
	event_base_dispatch(client->scene->base);
	event_del(client->readable);
	event_del(client->overdue);
}

static void loop_for(struct scene *scene, long usec)
{
	struct timeval time = {.tv_usec = usec};

	event_base_loopexit(scene->base, &time);
	event_base_dispatch(scene->base);
}

/* -- tests -- */

#define HOST "Host: 127.0.0.1\r\n"
#define LAST HOST "Connection: close\r\n\r\n"
#define READ "Authorization: Bearer word\r\n"

static void test_requests(void **state)
{
	static const struct {
		const char *said, *answer;
	} rows[] = {
	        {"GET /healthz HTTP/1.1\r\n" LAST, "\r\n\r\nok\n"},
	        {"GET /healthz HTTP/1.0\r\n\r\n", "\r\n\r\nok\n"},
	        {"GET /healthz?x=y HTTP/1.1\r\n" LAST, "\r\n\r\nok\n"},
	        {"GET /echo?text=a%20b%2f HTTP/1.1\r\n" READ LAST, "\r\n\r\na b/"},
	        {"GET /echo?other=1 HTTP/1.1\r\n" READ LAST, "\r\n\r\nnothing"},
	        {"POST /echo HTTP/1.1\r\nContent-Length: 4\r\n" READ LAST "abcd", "\r\n\r\nabcd"},
	        {"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" READ LAST
	         "3\r\nabc\r\n0\r\n\r\n",
	         "\r\n\r\nabc"},
	        {"GET /below/a/b HTTP/1.1\r\n" LAST, "\r\n\r\na/b"},
	        {"GET http://127.0.0.1/below/x HTTP/1.1\r\n" LAST, "\r\n\r\nx"},
	        {"GET /below HTTP/1.1\r\n" LAST, " 404 "},
	        {"GET /nothing HTTP/1.1\r\n" LAST, "{\"error\":"},
	        {"DELETE /echo HTTP/1.1\r\n" LAST, " 405 "},
	        {"TRACE /echo HTTP/1.1\r\n" LAST, " 501 "},
	        {"POST /echo HTTP/1.1\r\nContent-Length: -1\r\n" LAST, " 4"},
	        {"POST /echo HTTP/1.1\r\nContent-Length: 65537\r\n" LAST, " 413 "},
	        {"nonsense\r\n\r\n", ""},
	        /* Loopback is no licence: it may be a proxy, another user, or a browser. */
	        {"GET /echo HTTP/1.1\r\n" LAST, " 401 "},
	        {"GET /echo HTTP/1.1\r\nAuthorization: Bearer wort\r\n" LAST, " 401 "},
	        {"GET /echo HTTP/1.1\r\nAuthorization: Bearer \r\n" LAST, " 401 "},
	        {"GET /echo HTTP/1.1\r\nAuthorization: Basic d29yZDo=\r\n" LAST, " 401 "},
	        {"GET /echo HTTP/1.1\r\nX-Forwarded-For: 127.0.0.1\r\n" LAST, " 401 "},
	        {"GET /echo HTTP/1.1\r\nAuthorization: Bearer streams\r\n" LAST, " 403 "},
	        {"GET /echo HTTP/1.1\r\nAuthorization: Bearer all\r\n" LAST, " 200 "},
	        {"DELETE /admin HTTP/1.1\r\n" LAST, " 401 "},
	        {"DELETE /admin HTTP/1.1\r\n" READ LAST, " 403 "},
	        {"DELETE /admin HTTP/1.1\r\nAuthorization: bearer all\r\n" LAST, " 200 "},
	};
	struct scene *scene = *state;
	static struct client client;

	assert_int_equal(configure(scene, "http token add word scope read"), 0);
	assert_int_equal(configure(scene, "http token add streams scope publish stream s"), 0);
	assert_int_equal(configure(scene, "http token add all scope admin"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		client_open(&client, scene);
		client_talk(&client, rows[i].said, NULL);
		assert_true(client.closed);
		if (strstr(client.text, rows[i].answer) == NULL)
			fail_msg("%s answered %s", rows[i].said, client.text);
		client_close(&client);
	}
	assert_int_equal(configure(scene, "http token delete word"), 0);
}

static void test_head(void **state)
{
	static struct client client;

	client_open(&client, *state);
	client_talk(&client, "HEAD /healthz HTTP/1.1\r\n" LAST, NULL);
	assert_non_null(strstr(client.text, " 200 "));
	assert_null(strstr(client.text, "ok\n"));
	client_close(&client);
}

static void test_keeps(void **state)
{
	static struct client client;

	client_open(&client, *state);
	for (int i = 0; i < 3; i++) {
		client.length = 0;
		client_talk(&client, "GET /below/again HTTP/1.1\r\n" HOST "\r\n", "\r\n\r\nagain");
		assert_false(client.late || client.closed);
	}
	client_close(&client);
}

static void test_headers_bounded(void **state)
{
	static struct client client;
	static char said[20000];

	strcpy(said, "GET /healthz HTTP/1.1\r\nX: ");
	memset(said + strlen(said), 'x', 10000);
	strcat(said, "\r\n\r\n");
	client_open(&client, *state);
	client_talk(&client, said, "</HTML>");
	assert_null(strstr(client.text, " 200 "));
	client_close(&client);
}

/* What a route holds goes with the server, and what streams goes with its client. */
static void test_lost(void **state)
{
	struct scene *scene = *state;
	static struct client client;

	client_open(&client, scene);
	client_talk(&client, "GET /endless HTTP/1.1\r\n" HOST "\r\n", "Transfer-Encoding");
	assert_non_null(scene->held);
	assert_false(scene->lost);
	client_close(&client);
	for (int i = 0; i < 100 && !scene->lost; i++)
		loop_for(scene, 20000);
	assert_true(scene->lost);

	scene->lost = false;
	client_open(&client, scene);
	(void)!send(client.fd, "GET /held HTTP/1.1\r\n" LAST, strlen("GET /held HTTP/1.1\r\n" LAST),
	            0);
	for (int i = 0; i < 100 && scene->held == NULL; i++)
		loop_for(scene, 20000);
	assert_non_null(scene->held);
	http_answer_text(scene->held, 200, "late");
	scene->held = NULL;
	client_talk(&client, "", NULL);
	assert_non_null(strstr(client.text, "late"));
	client_close(&client);

	client_open(&client, scene);
	(void)!send(client.fd, "GET /held HTTP/1.1\r\n\r\n", 22, 0);
	for (int i = 0; i < 100 && scene->held == NULL; i++)
		loop_for(scene, 20000);
	http_destroy(scene->http);
	scene->http = NULL;
	assert_true(scene->lost);
	client_close(&client);
}

static void test_many(void **state)
{
	struct scene *scene = *state;
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(scene->port)};
	struct sluice_http_row row;
	static struct client client;
	int fds[160];
	char byte;

	inet_pton(AF_INET, "127.0.0.1", &addr.sin_addr);
	for (int i = 0; i < 160; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(fds[i], (struct sockaddr *)&addr, sizeof(addr)), 0);
		if (i % 64 == 63) /* the backlog is 128 */
			loop_for(scene, 50000);
	}
	loop_for(scene, 50000);
	http_show(scene->http, &row);
	assert_int_equal(row.connections, row.connections_max / 2);
	assert_int_equal(row.crowded, 160 - row.connections);
	/* The idlest went, and goes for one that has something to say. */
	assert_int_equal(recv(fds[0], &byte, 1, MSG_DONTWAIT), 0);
	assert_int_equal(recv(fds[159], &byte, 1, MSG_DONTWAIT), -1);
	client_open(&client, scene);
	client_talk(&client, "GET /healthz HTTP/1.1\r\n" LAST, NULL);
	assert_non_null(strstr(client.text, " 200 "));
	client_close(&client);
	for (int i = 0; i < 160; i++)
		close(fds[i]);
	loop_for(scene, 100000);
	http_show(scene->http, &row);
	assert_int_equal(row.connections, 0);
	client_open(&client, scene);
	client_talk(&client, "GET /healthz HTTP/1.1\r\n" LAST, NULL);
	assert_non_null(strstr(client.text, " 200 "));
	client_close(&client);
}

static void test_listeners(void **state)
{
	struct scene *scene = *state;
	char line[64];

	snprintf(line, sizeof(line), "http listen 127.0.0.1:%u", scene->port);
	assert_int_equal(configure(scene, line), -EEXIST);
	assert_int_equal(configure(scene, "http listen delete 127.0.0.1:9"), -ENOENT);
	assert_int_equal(configure(scene, "http listen 192.0.2.1:9"), -EADDRNOTAVAIL);
	for (int i = 0; i < 1024; i++) {
		snprintf(line, sizeof(line), "http token add word%d scope watch stream s", i);
		assert_int_equal(configure(scene, line), 0);
	}
	assert_int_equal(configure(scene, "http token add more scope admin"), -ENOSPC);
	assert_int_equal(configure(scene, "http token delete word3"), 0);
	assert_int_equal(configure(scene, "http token delete word3"), -ENOENT);
	assert_int_equal(configure(scene, "http token add more scope read stream s"), -EINVAL);
	assert_int_equal(configure(scene, "http token add more scope admin"), 0);
}

/* A token that is added again has the new scope and no other. */
static void test_scope_changes(void **state)
{
	struct scene *scene = *state;
	static const char said[] = "DELETE /admin HTTP/1.1\r\n" READ LAST;
	struct command_request request;
	struct command_error error;
	static struct client client;
	char why[SLUICE_API_ERROR_MAX];

	assert_int_equal(configure(scene, "http token add word scope admin"), 0);
	assert_int_equal(command_parse("http token add word scope read", &request, &error), 0);
	assert_int_equal(own_now(scene->own, &request, SLUICE_API_EXIST_OK, why), 0);
	assert_int_equal(running_count(scene->running), 2);
	client_open(&client, scene);
	client_talk(&client, said, NULL);
	assert_non_null(strstr(client.text, " 403 "));
	client_close(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_requests, scene_make, scene_free),
	        cmocka_unit_test_setup_teardown(test_head, scene_make, scene_free),
	        cmocka_unit_test_setup_teardown(test_keeps, scene_make, scene_free),
	        cmocka_unit_test_setup_teardown(test_headers_bounded, scene_make, scene_free),
	        cmocka_unit_test_setup_teardown(test_lost, scene_make, scene_free),
	        cmocka_unit_test_setup_teardown(test_many, scene_make, scene_free),
	        cmocka_unit_test_setup_teardown(test_listeners, scene_make, scene_free),
	        cmocka_unit_test_setup_teardown(test_scope_changes, scene_make, scene_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
