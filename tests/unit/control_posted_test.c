/* SPDX-License-Identifier: BSD-3-Clause */
/* Accounts of allocations at a webhook: a server in a process of its own takes them, or does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"

#include "http/url.h"

#include <sluice/accounting.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <jansson.h>
#include <openssl/ssl.h>

#define ROWS_PER_ANSWER 15
#define ANSWERS         20
#define ACCOUNTS_MAX    1000 /* their ids are below it */

/* What both processes see. */
static struct hook_scene {
	volatile int status; /* that is answered */
	volatile uint32_t posts, rows, strange;
	volatile uint32_t seen[ACCOUNTS_MAX]; /* how often each account came, by its id */
	volatile bool authorized;
} * scene;

static uint16_t server_port;
static int server_socket;
static pid_t server_pid;

/* -- the server -- */

static void rows_count(const char *text, size_t length)
{
	json_t *array = json_loadb(text, length, 0, NULL), *row;
	json_int_t id;
	size_t i;

	if (!json_is_array(array))
		scene->strange++;
	json_array_foreach(array, i, row)
	{
		scene->rows++;
		id = json_integer_value(json_object_get(row, "id"));
		if (id < 0 || id >= ACCOUNTS_MAX ||
		    json_integer_value(json_object_get(row, "to_peer_bytes")) != 1000 + id)
			scene->strange++;
		else
			scene->seen[id]++;
		if (strcmp(json_string_value(json_object_get(row, "user")), "ann") != 0 ||
		    strcmp(json_string_value(json_object_get(row, "realm")), "sluice") != 0)
			scene->strange++;
	}
	json_decref(array);
}

static void on_post(struct evhttp_request *request, void *arg)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	struct evbuffer *body = evhttp_request_get_input_buffer(request);
	const char *token = evhttp_find_header(headers, "Authorization");
	int status = scene->status;

	scene->posts++;
	scene->authorized = token != NULL && strcmp(token, "Bearer word") == 0;
	if (strcmp(evhttp_request_get_uri(request), "/accounts?of=a-1") != 0)
		scene->strange++;
	if (status == 200)
		rows_count((const char *)evbuffer_pullup(body, -1), evbuffer_get_length(body));
	evhttp_send_reply(request, status, NULL, NULL);
}

static struct bufferevent *on_tls(struct event_base *base, void *arg)
{
	return bufferevent_openssl_socket_new(base, -1, SSL_new(arg), BUFFEREVENT_SSL_ACCEPTING,
	                                      BEV_OPT_CLOSE_ON_FREE);
}

/* certificate: PEM, with its key; NULL: plain HTTP. */
static void server_start(const char *certificate)
{
	fflush(NULL);
	server_pid = fork();
	assert_true(server_pid >= 0);
	if (server_pid == 0) {
		struct event_base *base;
		struct evhttp *http;

		/* What it holds of the test's would stay open when the dataplane goes. */
		dup2(server_socket, 3);
		close_range(4, ~0u, 0);
		base = event_base_new();
		http = evhttp_new(base);
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		evhttp_set_gencb(http, on_post, NULL);
		if (certificate != NULL) {
			SSL_CTX *context = SSL_CTX_new(TLS_server_method());

			if (SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) !=
			            1 ||
			    SSL_CTX_use_PrivateKey_file(context, certificate, SSL_FILETYPE_PEM) !=
			            1)
				_exit(1);
			evhttp_set_bevcb(http, on_tls, context);
		}
		if (evhttp_accept_socket(http, 3) != 0)
			_exit(1);
		event_base_dispatch(base);
		_exit(0);
	}
}

static void server_end(void)
{
	kill(server_pid, SIGKILL);
	waitpid(server_pid, NULL, 0);
}

/* Its socket is the test's: who connects while no server runs waits. */
static void socket_open(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);

	server_socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(server_socket, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server_socket, 16), 0);
	assert_int_equal(getsockname(server_socket, (struct sockaddr *)&at, &length), 0);
	server_port = ntohs(at.sin_port);
}

static int posted_setup(void **state)
{
	char lines[256];

	scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	             0);
	assert_ptr_not_equal(scene, MAP_FAILED);
	scene->status = 200;
	socket_open();
	server_start(NULL);
	snprintf(lines, sizeof(lines),
	         "turn realm sluice\n"
	         "accounting webhook http://127.0.0.1:%u/accounts?of=a-1 token word\n",
	         server_port);
	*state = control_start(lines);
	return 0;
}

static int posted_teardown(void **state)
{
	control_stop(*state);
	server_end();
	close(server_socket);
	return munmap(scene, sizeof(*scene));
}

/* -- the accounts -- */

/* As many as one answer holds, whose ids begin at `first`, and that answer so many times. */
static void accounts_come(struct control *control, uint32_t first, uint32_t times)
{
	struct sluice_allocation_account rows[ROWS_PER_ANSWER] = {0};
	struct control_answer *answer;

	dataplane_away(control); /* the question that is open ends, and comes again */
	for (uint32_t i = 0; i < ROWS_PER_ANSWER; i++) {
		rows[i] = (struct sluice_allocation_account){
		        .id = first + i,
		        .ended = 1050,
		        .user = "ann",
		        .to_peer_bytes = 1000 + first + i,
		};
	}
	answer = dataplane_answers(control, SLUICE_ALLOCATION_ACCOUNT_TAKE, 0, rows, sizeof(rows));
	answer->flags = SLUICE_API_MORE;
	answer->times = times;
	dataplane_back(control);
}

/* A number of the row about the webhook. */
static uint64_t webhook_has(struct control *control, const char *key)
{
	json_t *rows, *row;
	uint64_t number = 0;
	size_t i;

	assert_int_equal(control_do(control, "accounting show"), 0);
	rows = json_loads(control->said, 0, NULL);
	json_array_foreach(rows, i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "to")), "webhook") == 0)
			number = (uint64_t)json_integer_value(json_object_get(row, key));
	}
	json_decref(rows);
	return number;
}

static void each_is_posted_once(void **state)
{
	struct control *control = *state;
	uint32_t rows = 0;

	/* More than one array holds; each round's answer comes another number of times. */
	for (uint32_t round = 1; round <= 3; round++) {
		accounts_come(control, 100 * round, ANSWERS + round);
		rows += ROWS_PER_ANSWER * (ANSWERS + round);
		control_await(control, webhook_has(control, "told") == rows);
	}
	assert_int_equal(scene->rows, rows);
	for (uint32_t id = 0; id < ACCOUNTS_MAX; id++) {
		bool sent = id >= 100 && id < 400 && id % 100 < ROWS_PER_ANSWER;

		assert_int_equal(scene->seen[id], sent ? ANSWERS + id / 100 : 0);
	}
	assert_true(scene->authorized);
	assert_int_equal(scene->strange, 0);
	assert_int_equal(webhook_has(control, "waiting"), 0);
	assert_int_equal(webhook_has(control, "lost"), 0);
}

static void they_wait_until_they_are_taken(void **state)
{
	struct control *control = *state;

	scene->status = 503;
	accounts_come(control, 0, 2);
	control_await(control, scene->posts >= 2);
	assert_int_equal(webhook_has(control, "waiting"), 2 * ROWS_PER_ANSWER);
	assert_true(control_logged(control, "the webhook answers 503 to accounts"));
	scene->status = 200;
	control_await(control, webhook_has(control, "told") == 2 * ROWS_PER_ANSWER);
	assert_int_equal(scene->rows, 2 * ROWS_PER_ANSWER);
	assert_true(control_logged(control, "the webhook takes accounts again"));
}

/* It goes with all its connections, and its successor takes what has waited. */
static void a_server_that_dies_is_waited_for(void **state)
{
	struct control *control = *state;

	accounts_come(control, 0, 1);
	control_await(control, webhook_has(control, "told") == ROWS_PER_ANSWER);
	server_end();
	accounts_come(control, 100, 2);
	control_await(control, webhook_has(control, "waiting") == 2 * ROWS_PER_ANSWER);
	server_start(NULL);
	control_await(control, webhook_has(control, "told") == 3 * ROWS_PER_ANSWER);
	assert_int_equal(scene->rows, 3 * ROWS_PER_ANSWER);
}

static void off_forgets_what_waits(void **state)
{
	struct control *control = *state;

	scene->status = 500;
	accounts_come(control, 0, 1);
	control_await(control, scene->posts >= 1);
	assert_int_equal(control_do(control, "accounting webhook off"), 0);
	assert_int_equal(webhook_has(control, "waiting"), 0);
	assert_int_equal(webhook_has(control, "lost"), ROWS_PER_ANSWER);
	assert_true(control_logged(control, "15 accounts that the webhook has not taken are lost"));
	assert_int_equal(control_do(control, "config show"), 0);
	assert_null(strstr(control->said, "token word"));
}

/* A certificate that no authority of the host's has signed is refused, and so is one of another
 * name. */
static void a_server_is_who_the_url_says(void **state)
{
	struct control *control = *state;
	char path[96], command[768], line[160];

	snprintf(path, sizeof(path), "%s/server.pem", control->folder);
	snprintf(command, sizeof(command),
	         "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
	         "-subj /CN=test -addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s.crt "
	         "2>/dev/null && cat %s.crt >>%s",
	         path, path, path, path);
	assert_int_equal(system(command), 0);
	server_end();
	server_start(path);
	snprintf(line, sizeof(line),
	         "accounting webhook https://127.0.0.1:%u/accounts?of=a-1 token word", server_port);
	assert_int_equal(control_do(control, line), 0);
	accounts_come(control, 0, 1);
	control_await(control,
	              control_logged(control, "no authority that this host knows has signed it"));
	assert_int_equal(scene->posts, 0);

	/* the same host, on which that certificate is an authority's */
	assert_int_equal(control_do(control, "config save"), 0);
	setenv("SSL_CERT_FILE", path, 1);
	control_restart(control, SIGTERM);
	unsetenv("SSL_CERT_FILE");
	accounts_come(control, 0, 1);
	control_await(control, webhook_has(control, "told") == ROWS_PER_ANSWER);
	assert_true(scene->authorized);
	snprintf(line, sizeof(line), "accounting webhook https://localhost:%u/accounts?of=a-1",
	         server_port);
	assert_int_equal(control_do(control, line), 0);
	accounts_come(control, 0, 1);
	control_await(control, control_logged(control, "it is of another name than the URL's"));
	assert_int_equal(webhook_has(control, "waiting"), ROWS_PER_ANSWER);
	assert_int_equal(scene->rows, ROWS_PER_ANSWER);
	unlink(path);
	snprintf(line, sizeof(line), "%.120s.crt", path);
	unlink(line);
}

static void what_is_no_url_is_refused(void **state)
{
	static const char *const wrong[] = {
	        "nonsense",           "ftp://host/",        "http:///path",   "http://user@host/",
	        "https://host/#part", "http://host:70000/", "http://host:0/", "//host/",
	};
	static const char *const right[] = {
	        "http://host",
	        "https://host:8443/a/b?c=d",
	        "http://[2001:db8::1]:80/x",
	        "HTTPS://192.0.2.1/",
	};
	char why[SLUICE_API_ERROR_MAX];
	struct url url;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (url_read(&url, wrong[i], why) != -22)
			fail_msg("%s", wrong[i]);
		assert_non_null(strstr(why, "expected http://HOST"));
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		if (url_read(&url, right[i], why) != 0)
			fail_msg("%s: %s", right[i], why);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, posted_setup, posted_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(each_is_posted_once),
	        TEST(they_wait_until_they_are_taken),
	        TEST(a_server_that_dies_is_waited_for),
	        TEST(off_forgets_what_waits),
	        TEST(a_server_is_who_the_url_says),
	        cmocka_unit_test(what_is_no_url_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
