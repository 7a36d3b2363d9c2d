/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests to other servers: each way in which one ends, exactly once and from the event loop, the
 * names of hosts, and who a server with a certificate is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/poster.h"

#include <sluice/api.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#define PATIENCE_S  20
#define DEADLINE_S  10 /* of what does not reach it */
#define CERTIFICATE "localhost"

static struct scene {
	struct event_base *base;
	struct http_client *client;
	struct evhttp *http;
	SSL_CTX *tls;
	uint16_t port; /* of the server */
	char folder[32];
	/* the name server: a socket, which answers if `names` is set */
	int names_fd;
	struct event *names_event;
	uint16_t names_port;
	bool names;
	uint32_t names_asked;
	/* what was posted, and how it ended */
	uint32_t posts, ends;
	char authorization[64];
	int status;
	char why[160];
} scene;

/* -- a server of HTTP -- */

static void on_request(struct evhttp_request *request, void *arg)
{
	const char *uri = evhttp_request_get_uri(request);
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const char *authorization = evhttp_find_header(headers, "Authorization");
	struct evbuffer *body;
	char *text;

	scene.posts++;
	snprintf(scene.authorization, sizeof(scene.authorization), "%s",
	         authorization != NULL ? authorization : "");
	if (strcmp(uri, "/silent") == 0)
		return; /* evhttp_free ends it */
	if (strcmp(uri, "/long") != 0) {
		evhttp_send_reply(request, strcmp(uri, "/no") == 0 ? 403 : 204, NULL, NULL);
		return;
	}
	body = evbuffer_new();
	text = calloc(1, 70000);
	evbuffer_add(body, text, 70000);
	evhttp_send_reply(request, 200, NULL, body);
	evbuffer_free(body);
	free(text);
}

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	if (scene.tls == NULL)
		return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	return bufferevent_openssl_socket_new(base, -1, SSL_new(scene.tls),
	                                      BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in at;
	socklen_t length = sizeof(at);

	assert_int_equal(getsockname(fd, (void *)&at, &length), 0);
	return ntohs(at.sin_port);
}

static void server_start(void)
{
	struct evhttp_bound_socket *bound;

	scene.http = evhttp_new(scene.base);
	evhttp_set_bevcb(scene.http, on_connection, NULL);
	evhttp_set_gencb(scene.http, on_request, NULL);
	bound = evhttp_bind_socket_with_handle(scene.http, "0.0.0.0", 0);
	assert_non_null(bound);
	scene.port = port_of(evhttp_bound_socket_get_fd(bound));
}

/* -- a name server -- */

/* Every name is 127.0.0.1, and has no IPv6. */
static void on_query(evutil_socket_t fd, short what, void *arg)
{
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1};
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	uint8_t query[512], *end = query + 12;
	ssize_t size =
	        recvfrom(fd, query, sizeof(query) - sizeof(record), 0, (void *)&from, &length);

	scene.names_asked++;
	if (size < 17 || !scene.names)
		return;
	while (end[0] != 0)
		end += 1 + end[0];
	end += 5; /* the root, type and class */
	memset(query + 2, 0, 10);
	query[2] = 0x81;
	query[3] = 0x80;
	query[5] = 1;
	query[7] = end[-3] == 1;
	if (query[7] == 1) {
		memcpy(end, record, sizeof(record));
		end += sizeof(record);
	}
	sendto(fd, query, (size_t)(end - query), 0, (void *)&from, length);
}

static void names_start(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	scene.names_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(scene.names_fd, (void *)&at, sizeof(at)), 0);
	scene.names_port = port_of(scene.names_fd);
	scene.names_event =
	        event_new(scene.base, scene.names_fd, EV_READ | EV_PERSIST, on_query, NULL);
	event_add(scene.names_event, NULL);
}

/* -- the scene -- */

static int setup(void **state)
{
	char path[64];
	FILE *file;

	scene = (struct scene){.base = event_base_new(), .folder = "/tmp/sluice-posterXXXXXX"};
	assert_non_null(mkdtemp(scene.folder));
	names_start();
	snprintf(path, sizeof(path), "%s/resolv.conf", scene.folder);
	file = fopen(path, "w");
	fprintf(file, "nameserver 127.0.0.1:%u\n", scene.names_port);
	fclose(file);
	scene.client = http_client_create(scene.base, path);
	assert_non_null(scene.client);
	server_start();
	return 0;
}

/* As the control plane ends; whoever was told to sees leaks. */
static int teardown(void **state)
{
	char path[64];

	event_base_loop(scene.base, EVLOOP_NONBLOCK);
	http_client_destroy(scene.client);
	evhttp_free(scene.http);
	event_free(scene.names_event);
	close(scene.names_fd);
	event_base_loop(scene.base, EVLOOP_NONBLOCK);
	event_base_free(scene.base);
	SSL_CTX_free(scene.tls);
	snprintf(path, sizeof(path), "%s/resolv.conf", scene.folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/authority.pem", scene.folder);
	unlink(path);
	return rmdir(scene.folder);
}

static void on_done(void *arg, int status, const char *why)
{
	scene.ends++;
	scene.status = status;
	snprintf(scene.why, sizeof(scene.why), "%s", why);
	event_base_loopbreak(scene.base);
}

static struct poster *poster_to(const char *format, uint16_t port, uint32_t deadline_s)
{
	char text[128], why[SLUICE_API_ERROR_MAX];
	struct poster *poster;
	struct url url;

	snprintf(text, sizeof(text), format, port);
	assert_int_equal(url_read(&url, text, why), 0);
	poster = poster_create(scene.client, &url, "word", deadline_s);
	assert_non_null(poster);
	return poster;
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	fail_msg("it does not end");
}

static void send_and_wait(struct poster *poster)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct event *late = evtimer_new(scene.base, on_patience, NULL);
	uint32_t ends = scene.ends;

	assert_int_equal(poster_send(poster, "[]", 2, on_done, NULL), 0);
	assert_int_equal(scene.ends, ends); /* not from within */
	assert_int_equal(poster_send(poster, "[]", 2, on_done, NULL), -EBUSY);
	event_add(late, &patience);
	event_base_dispatch(scene.base);
	event_free(late);
	event_base_loop(scene.base, EVLOOP_NONBLOCK);
	assert_int_equal(scene.ends, ends + 1);
}

/* -- the ends -- */

static void a_status_is_told(void **state)
{
	static const struct {
		const char *url;
		int status;
	} rows[] = {
	        {"http://127.0.0.1:%u/yes", 204},
	        {"http://127.0.0.1:%u/no", 403},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct poster *poster = poster_to(rows[i].url, scene.port, DEADLINE_S);

		for (uint32_t times = 0; times < 2; times++) {
			send_and_wait(poster);
			assert_int_equal(scene.status, rows[i].status);
			assert_string_equal(scene.authorization, "Bearer word");
		}
		poster_destroy(poster);
	}
	assert_int_equal(scene.posts, 4);
}

/* connect(2) refuses a broadcast address at once, or no route leads there. */
static void a_connection_that_fails_at_once_may_be_tried_again(void **state)
{
	struct poster *poster = poster_to("http://255.255.255.255:%u/", 9, DEADLINE_S);

	for (uint32_t times = 0; times < 3; times++) {
		send_and_wait(poster);
		assert_int_equal(scene.status, 0);
		assert_string_not_equal(scene.why, "");
	}
	poster_destroy(poster);
}

static void a_refused_connection_ends(void **state)
{
	struct poster *poster;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	/* bound, and not listened on */
	assert_int_equal(bind(fd, (void *)&at, sizeof(at)), 0);
	poster = poster_to("http://127.0.0.1:%u/", port_of(fd), DEADLINE_S);
	send_and_wait(poster);
	assert_int_equal(scene.status, 0);
	assert_non_null(strstr(scene.why, "no connection could be made"));
	poster_destroy(poster);
	close(fd);
}

static void a_silent_server_ends_at_the_deadline(void **state)
{
	struct poster *poster = poster_to("http://127.0.0.1:%u/silent", scene.port, 1);

	send_and_wait(poster);
	assert_int_equal(scene.status, 0);
	assert_string_equal(scene.why, "no answer in time");
	poster_destroy(poster);
}

static void a_long_answer_is_cut_off(void **state)
{
	struct poster *poster = poster_to("http://127.0.0.1:%u/long", scene.port, DEADLINE_S);

	send_and_wait(poster);
	assert_int_equal(scene.status, 0);
	assert_string_equal(scene.why, "its answer is too long");
	poster_destroy(poster);
}

static void on_gone(void *arg, int status, const char *why)
{
	poster_destroy(arg);
	on_done(NULL, status, why);
}

static void a_poster_may_go_in_its_end(void **state)
{
	struct poster *poster = poster_to("http://127.0.0.1:%u/", scene.port, DEADLINE_S);

	assert_int_equal(poster_send(poster, "[]", 2, on_gone, poster), 0);
	event_base_dispatch(scene.base);
	assert_int_equal(scene.ends, 1);
}

static void what_is_given_up_has_no_end(void **state)
{
	struct poster *poster = poster_to("http://127.0.0.1:%u/silent", scene.port, DEADLINE_S);

	assert_int_equal(poster_send(poster, "[]", 2, on_done, NULL), 0);
	while (scene.posts == 0)
		event_base_loop(scene.base, EVLOOP_ONCE);
	poster_destroy(poster);
	event_base_loop(scene.base, EVLOOP_NONBLOCK);
	assert_int_equal(scene.ends, 0);
}

/* -- names -- */

static void a_name_is_asked_for(void **state)
{
	struct poster *poster = poster_to("http://webhook.example:%u/", scene.port, DEADLINE_S);

	scene.names = true;
	send_and_wait(poster);
	assert_int_equal(scene.status, 204);
	assert_true(scene.names_asked >= 2);
	poster_destroy(poster);
}

/* Nothing waits for a name server that is away; later it is asked again. */
static void a_name_that_is_not_answered_ends_at_the_deadline(void **state)
{
	struct poster *poster = poster_to("http://webhook.example:%u/", scene.port, 1);

	send_and_wait(poster);
	assert_int_equal(scene.status, 0);
	assert_non_null(strstr(scene.why, "its name"));
	poster_destroy(poster);
	scene.names = true;
	poster = poster_to("http://webhook.example:%u/", scene.port, DEADLINE_S);
	send_and_wait(poster);
	assert_int_equal(scene.status, 204);
	poster_destroy(poster);
}

static void a_lookup_may_be_given_up(void **state)
{
	struct poster *poster = poster_to("http://webhook.example:%u/", scene.port, DEADLINE_S);

	assert_int_equal(poster_send(poster, "[]", 2, on_done, NULL), 0);
	while (scene.names_asked == 0)
		event_base_loop(scene.base, EVLOOP_ONCE);
	poster_destroy(poster);
	assert_int_equal(scene.ends, 0);
}

/* -- certificates -- */

/* Signed by itself, for 127.0.0.1, valid from and until so many seconds from now. */
static X509 *certificate_make(EVP_PKEY *key, long from, long until)
{
	X509 *x509 = X509_new();
	X509_NAME *name = X509_get_subject_name(x509);
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
	                                            "IP:127.0.0.1,DNS:hook.example");

	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), from);
	X509_gmtime_adj(X509_getm_notAfter(x509), until);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)CERTIFICATE, -1, -1,
	                           0);
	X509_set_issuer_name(x509, name);
	X509_set_pubkey(x509, key);
	X509_add_ext(x509, names, -1);
	X509_EXTENSION_free(names);
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	return x509;
}

/* known: this host's authorities, which are read when the first connection is made, have it. */
static void certificate_serve(long from, long until, bool known)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = certificate_make(key, from, until);
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/authority.pem", scene.folder);
	file = fopen(path, "w");
	if (known)
		PEM_write_X509(file, x509);
	fclose(file);
	setenv("SSL_CERT_FILE", path, 1);
	scene.tls = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(scene.tls, x509);
	SSL_CTX_use_PrivateKey(scene.tls, key);
	X509_free(x509);
	EVP_PKEY_free(key);
}

#define DAY 86400

static void a_certificate_is_checked(void **state)
{
	static const struct {
		const char *url;
		long from, until;
		bool known;
		const char *why; /* NULL: it is accepted */
	} rows[] = {
	        {"https://127.0.0.1:%u/", -DAY, DAY, true, NULL},
	        {"https://127.0.0.1:%u/", -DAY, DAY, false, "no authority that this host knows"},
	        {"https://127.0.0.1:%u/", -2 * DAY, -DAY, true, "it has expired"},
	        {"https://127.0.0.1:%u/", DAY, 2 * DAY, true, "it is not valid yet"},
	        {"https://webhook.example:%u/", -DAY, DAY, true, "another name than the URL's"},
	        {"https://127.0.0.2:%u/", -DAY, DAY, true, "another name than the URL's"},
	        {"https://hook.example:%u/", -DAY, DAY, true, NULL},
	        {"https://hook.example.:%u/", -DAY, DAY, true, NULL}, /* absolute */
	};

	teardown(state);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct poster *poster;

		setup(state);
		scene.names = true;
		certificate_serve(rows[i].from, rows[i].until, rows[i].known);
		poster = poster_to(rows[i].url, scene.port, DEADLINE_S);
		send_and_wait(poster);
		if (rows[i].why != NULL && strstr(scene.why, rows[i].why) == NULL)
			fail_msg("row %zu: %s", i, scene.why);
		assert_int_equal(scene.status, rows[i].why == NULL ? 204 : 0);
		assert_int_equal(scene.posts, rows[i].why == NULL);
		if (rows[i].why == NULL) /* the second one, too */
			send_and_wait(poster);
		assert_int_equal(scene.status, rows[i].why == NULL ? 204 : 0);
		poster_destroy(poster);
		teardown(state);
	}
	setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_status_is_told),
	        TEST(a_connection_that_fails_at_once_may_be_tried_again),
	        TEST(a_refused_connection_ends),
	        TEST(a_silent_server_ends_at_the_deadline),
	        TEST(a_long_answer_is_cut_off),
	        TEST(a_poster_may_go_in_its_end),
	        TEST(what_is_given_up_has_no_end),
	        TEST(a_name_is_asked_for),
	        TEST(a_name_that_is_not_answered_ends_at_the_deadline),
	        TEST(a_lookup_may_be_given_up),
	        TEST(a_certificate_is_checked),
	};

	signal(SIGPIPE, SIG_IGN); /* as libevent's user has to, and the control plane does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
