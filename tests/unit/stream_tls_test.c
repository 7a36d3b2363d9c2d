/* SPDX-License-Identifier: BSD-3-Clause */
/* TURN over TLS: certificates by name, changes of keys, handshakes that stay half open. */
#include "stream_fixture.h"

#include "gate/gate.h"
#include "rig.h"
#include "stream/hello.h"
#include "stream/stream.h"
#include "turn/turn.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

static SSL *tls_connect(SSL_CTX *context, int fd, const char *name, int version)
{
	SSL *ssl = SSL_new(context);

	SSL_set_fd(ssl, fd);
	SSL_set_max_proto_version(ssl, version);
	if (name != NULL)
		SSL_set_tlsext_host_name(ssl, name);
	if (SSL_connect(ssl) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

static void tls_shown(SSL_CTX *context, const char *asked, int version, const char *wanted)
{
	int fd = client_connect();
	SSL *ssl = tls_connect(context, fd, asked, version);
	X509 *certificate;
	char name[64];

	assert_non_null(ssl);
	certificate = SSL_get1_peer_certificate(ssl);
	X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
	                          sizeof(name));
	X509_free(certificate);
	assert_string_equal(name, wanted);
	tls_binding(ssl, fd, 5);
	SSL_free(ssl);
	close(fd);
}

static void test_tls(void **state)
{
	static const char *const first[] = {"one.example", "two.example"}, *const next[] = {
	                                                                           "three"};
	static struct sluice_turn_certificate_put wrong = {.count = 1, .text = "none"};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *old;
	int fd;

	listen_on(SLUICE_TURN_TLS);
	fd = client_connect();
	assert_null(tls_connect(context, fd, NULL, TLS1_3_VERSION)); /* no certificate yet */
	close(fd);
	certificates_put(first, 2);
	tls_shown(context, NULL, TLS1_3_VERSION, "one.example");
	tls_shown(context, "two.example", TLS1_3_VERSION, "two.example");
	tls_shown(context, "TWO.example", TLS1_2_VERSION, "two.example");
	tls_shown(context, "another", TLS1_2_VERSION, "one.example");
	fd = client_connect();
	assert_null(tls_connect(context, fd, NULL, TLS1_1_VERSION));
	close(fd);

	/* what is there goes on under what it began with; what is wrong changes nothing */
	fd = client_connect();
	old = tls_connect(context, fd, NULL, TLS1_3_VERSION);
	assert_non_null(old);
	certificates_put(next, 1);
	wrong.certificate_length = 4;
	assert_int_equal(stream_certificate_put(scene.rig.dp, &wrong, scene.why), -EINVAL);
	tls_shown(context, "two.example", TLS1_3_VERSION, "three");
	tls_binding(old, fd, 6);
	SSL_free(old);
	close(fd);
	SSL_CTX_free(context);
}

/* Handshake messages without end are neither data nor an end, and no reason to go on reading. */
static void shakes_on(int (*again)(SSL *ssl), int version)
{
	static const char *const names[] = {"one.example"};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	uint64_t before = counter("closed_handshakes");
	SSL *ssl;
	int fd;

	certificates_put(names, 1);
	fd = client_connect();
	ssl = tls_connect(context, fd, NULL, version);
	assert_non_null(ssl);
	tls_binding(ssl, fd, 7);
	for (int i = 0; counter("closed_handshakes") == before; i++) {
		assert_true(i < PATIENCE_MS);
		again(ssl);
		poll(NULL, 0, 1);
	}
	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(context);
}

static int key_update(SSL *ssl)
{
	return SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 ? SSL_do_handshake(ssl) : 0;
}

static void test_key_updates(void **state)
{
	listen_on(SLUICE_TURN_TLS);
	shakes_on(key_update, TLS1_3_VERSION);
}

/* What comes in one segment with a change of keys is read under the next ones, and at once. */
static void test_key_update_and_data(void **state)
{
	static const char *const names[] = {"one.example"};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	int fd;

	listen_on(SLUICE_TURN_TLS);
	certificates_put(names, 1);
	fd = client_connect();
	ssl = tls_connect(context, fd, NULL, TLS1_3_VERSION);
	assert_non_null(ssl);
	for (uint8_t number = 1; number <= 10; number++) {
		assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &(int){1}, sizeof(int)), 0);
		assert_int_equal(key_update(ssl), 1);
		assert_int_equal(key_update(ssl), 1);
		tls_ask(ssl, number);
		assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &(int){0}, sizeof(int)), 0);
		tls_answered(ssl, fd, number);
	}
	assert_int_equal(counter("closed_handshakes"), 0);
	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(context);
}

/* A handshake that is begun and not gone on with has its own, short time. */
static void test_half_open(void **state)
{
	static const char hello[] = "\x16\x03\x01\x02\x00\x01\x01\xff\x00\x03\x03";
	static const char *const names[] = {"one.example"};
	const struct sluice_turn_stream set = {.first_s = 1};
	int fd;

	listen_on(SLUICE_TURN_TLS);
	certificates_put(names, 1);
	assert_int_equal(stream_set(scene.rig.dp, &set, scene.why), 0);
	fd = client_connect();
	assert_int_equal(send(fd, hello, sizeof(hello) - 1, 0), sizeof(hello) - 1);
	assert_true(client_is_closed(fd));
	await_counter("handshake_failed", 1);
	assert_int_equal(counter("closed_first"), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	        TEST(test_tls),
	        TEST(test_key_updates),
	        TEST(test_key_update_and_data),
	        TEST(test_half_open),
	};

	return cmocka_run_group_tests(tests, stream_eal, NULL);
}
