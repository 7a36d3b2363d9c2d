/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream_fixture.h"

#include "client.h"
#include "gate/gate.h"
#include "rig.h"
#include "stream/hello.h"
#include "stream/stream.h"
#include "turn/turn.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <poll.h>
#include <signal.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "port_find.h"

struct scene scene;

/* -- the server -- */

struct sluice_turn_listen listen_of(uint16_t port, uint32_t transport)
{
	return (struct sluice_turn_listen){
	        .addr = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = htons(port)},
	        .transport = transport,
	};
}

void listen_on(uint32_t transport)
{
	struct sluice_turn_listen listen;

	scene.port = port_find();
	listen = listen_of(scene.port, transport);
	assert_int_equal(turn_listen_add(scene.rig.dp->turn, &listen, 0, scene.why), 0);
}

int setup(void **state)
{
	struct options options;

	options_default(&options);
	options.mbufs = 1023;
	options.stream_connections = 16;
	if (rig_create(&scene.rig, &options) != 0)
		return -1;
	turn_tick(scene.rig.dp->turn, 1800000000);
	return 0;
}

int teardown(void **state)
{
	rig_destroy(&scene.rig);
	return 0;
}

uint64_t counter(const char *name)
{
	for (uint32_t i = 0; i < stream_counters_count; i++)
		if (strcmp(stream_counter_infos[i].name, name) == 0)
			return stream_counter_sum(scene.rig.dp, i);
	fail_msg("no counter %s", name);
	return 0;
}

/* -- a client -- */

int client_connect_by(int type)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
	                           .sin_port = htons(scene.port),
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, type, 0);

	assert_int_equal(connect(fd, (void *)&addr, sizeof(addr)), 0);
	return fd;
}

int client_connect(void)
{
	return client_connect_by(SOCK_STREAM);
}

void client_await(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	for (int ms = 0; poll(&poll_fd, 1, 1) == 0; ms++) {
		assert_true(ms < PATIENCE_MS);
		rig_walk(&scene.rig);
	}
}

void client_read(int fd, uint8_t *bytes, size_t length)
{
	size_t at = 0;

	while (at < length) {
		ssize_t got;

		client_await(fd);
		got = recv(fd, bytes + at, length - at, 0);
		assert_true(got > 0);
		at += (size_t)got;
	}
}

uint16_t client_message(int fd, uint8_t *message)
{
	uint16_t length;

	client_read(fd, message, STUN_HEADER_SIZE);
	length = (uint16_t)(message[2] << 8 | message[3]);
	client_read(fd, message + STUN_HEADER_SIZE, length);
	return STUN_HEADER_SIZE + length;
}

bool client_is_closed(int fd)
{
	uint8_t byte;

	client_await(fd);
	return recv(fd, &byte, 1, 0) <= 0;
}

void await_counter(const char *name, uint64_t value)
{
	for (int ms = 0; counter(name) < value; ms++) {
		assert_true(ms < PATIENCE_MS);
		rig_walk(&scene.rig);
		poll(NULL, 0, 1);
	}
}

void binding_make(uint8_t request[BINDING_SIZE], uint8_t number)
{
	const struct client_request binding = {.method = STUN_BINDING,
	                                       .transaction = (uint8_t[12]){number}};
	const struct client_identity nobody = {0};

	assert_int_equal(client_request_write(request, BINDING_SIZE, &binding, &nobody),
	                 BINDING_SIZE);
}

void binding_check(const uint8_t *message, uint16_t length, uint8_t number)
{
	struct client_response response;

	assert_true(client_response_read(&response, message, length));
	assert_int_equal(response.class, STUN_SUCCESS);
	assert_int_equal(message[8], number);
}

void network_deny(uint32_t mode, uint8_t first)
{
	struct gate *gate = scene.rig.dp->gate;
	struct gate_compiled compiled = gate_compiled_now(gate);
	const struct gate_lpm_key key = {.length = 96 + 8,
	                                 .ip = {[10] = 0xff, 0xff, first, 0, 0, 0}};

	compiled.config.mode = mode;
	compiled.config.flags |= GATE_FLAG_DENY;
	compiled.denied = 1;
	assert_int_equal(gate_set(gate, &compiled, &key, scene.why), 0);
}

void loopback_deny(uint32_t mode)
{
	network_deny(mode, 127);
}

void binding_ask(int fd, uint8_t number)
{
	uint8_t message[256], request[BINDING_SIZE];

	binding_make(request, number);
	assert_int_equal(send(fd, request, sizeof(request), 0), sizeof(request));
	binding_check(message, client_message(fd, message), number);
}

/* -- allocations -- */

void turn_configure(struct turn *turn)
{
	const struct sluice_turn_realm realm = {"test"};
	const struct sluice_turn_user user = {"alice", "secret"};
	const struct sluice_turn_relay relay = {
	        .addr = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 2}},
	        .first_port = 50000,
	        .last_port = 50009,
	};

	assert_int_equal(turn_realm_set(turn, &realm, scene.why), 0);
	assert_int_equal(turn_user_add(turn, &user, 0, scene.why), 0);
	assert_int_equal(turn_relay_add(turn, &relay, 0, scene.why), 0);
}

uint32_t allocations(void)
{
	struct sluice_turn_row row;

	turn_show(scene.rig.dp->turn, &row);
	return row.allocations;
}

/* -- TLS -- */

static size_t pem_write(BIO *bio, char *room, size_t size)
{
	int length = BIO_read(bio, room, (int)size);

	assert_true(length > 0);
	BIO_free(bio);
	return (size_t)length;
}

static void certificate_make(struct sluice_turn_certificate_put *put, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	BIO *text = BIO_new(BIO_s_mem());

	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), 0);
	X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
	X509_set_pubkey(x509, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
	                           (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(x509));
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	PEM_write_bio_X509(text, x509);
	put->certificate_length = (uint32_t)pem_write(text, put->text, sizeof(put->text));
	text = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(text, key, NULL, NULL, 0, NULL, NULL);
	put->key_length = (uint32_t)pem_write(text, put->text + put->certificate_length,
	                                      sizeof(put->text) - put->certificate_length);
	snprintf(put->name, sizeof(put->name), "%s", name);
	X509_free(x509);
	EVP_PKEY_free(key);
}

void certificates_put(const char *const *names, uint32_t count)
{
	static struct sluice_turn_certificate_put put;

	for (uint32_t i = 0; i < count; i++) {
		put = (struct sluice_turn_certificate_put){.index = i, .count = count};
		certificate_make(&put, names[i]);
		assert_int_equal(stream_certificate_put(scene.rig.dp, &put, scene.why), 0);
	}
}

void tls_ask(SSL *ssl, uint8_t number)
{
	uint8_t request[BINDING_SIZE];

	binding_make(request, number);
	assert_int_equal(SSL_write(ssl, request, sizeof(request)), sizeof(request));
}

void tls_answered(SSL *ssl, int fd, uint8_t number)
{
	uint8_t message[256];
	int length;

	client_await(fd);
	length = SSL_read(ssl, message, sizeof(message));
	binding_check(message, (uint16_t)length, number);
}

void tls_binding(SSL *ssl, int fd, uint8_t number)
{
	tls_ask(ssl, number);
	tls_answered(ssl, fd, number);
}

int stream_eal(void **state)
{
	signal(SIGPIPE, SIG_IGN); /* as the dataplane has it */
	return rig_eal("stream", 192, false);
}
