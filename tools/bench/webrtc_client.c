/* SPDX-License-Identifier: BSD-3-Clause */
#include "webrtc_client.h"

#include "dtls/certificate.h"
#include "stun/writer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PROFILE  "SRTP_AEAD_AES_128_GCM"
#define PRIORITY 0x6e7f1eff
#define QUEUE    16
#define DATAGRAM 2048

static int anybody(int ok, X509_STORE_CTX *store)
{
	return 1;
}

int webrtc_clients_create(struct webrtc_clients *clients)
{
	X509 *certificate;
	EVP_PKEY *key;
	bool made;

	*clients = (struct webrtc_clients){.context = SSL_CTX_new(DTLS_method()),
	                                   .method = datagram_method()};
	if (clients->context == NULL || clients->method == NULL ||
	    certificate_make(&key, &certificate) != 0) {
		webrtc_clients_destroy(clients);
		return -1;
	}
	SSL_CTX_set_verify(clients->context, SSL_VERIFY_PEER, anybody);
	SSL_CTX_set_options(clients->context, SSL_OP_NO_QUERY_MTU);
	made = SSL_CTX_use_certificate(clients->context, certificate) == 1 &&
	       SSL_CTX_use_PrivateKey(clients->context, key) == 1 &&
	       SSL_CTX_set_tlsext_use_srtp(clients->context, PROFILE) == 0 &&
	       certificate_fingerprint(certificate, SLUICE_DIGEST_SHA256, &clients->fingerprint);
	EVP_PKEY_free(key);
	X509_free(certificate);
	if (made)
		return 0;
	webrtc_clients_destroy(clients);
	return -1;
}

void webrtc_clients_destroy(struct webrtc_clients *clients)
{
	SSL_CTX_free(clients->context);
	BIO_meth_free(clients->method);
	*clients = (struct webrtc_clients){0};
}

static SSL *ssl_create(SSL_CTX *context, BIO_METHOD *method, struct datagram_io *io)
{
	SSL *ssl = SSL_new(context);
	BIO *bio = ssl != NULL ? datagram_bio(method, io) : NULL;

	if (bio == NULL) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_bio(ssl, bio, bio);
	SSL_set_mtu(ssl, DATAGRAM_MTU);
	return ssl;
}

SSL *webrtc_client_ssl(const struct webrtc_clients *clients, struct datagram_io *io)
{
	SSL *ssl = ssl_create(clients->context, clients->method, io);

	if (ssl != NULL)
		SSL_set_connect_state(ssl);
	return ssl;
}

bool webrtc_client_hear(SSL *ssl, struct datagram_io *io, const uint8_t *data, size_t length)
{
	int ret, error;

	io->in = data;
	io->in_length = length;
	ret = SSL_do_handshake(ssl);
	io->in = NULL;
	error = ret == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, ret);
	return error == SSL_ERROR_NONE || error == SSL_ERROR_WANT_READ;
}

uint16_t webrtc_client_check(const struct sluice_session_made *made, uint32_t number, uint8_t *room,
                             uint16_t size)
{
	uint8_t transaction[STUN_TRANSACTION_SIZE] = "bench";
	char name[64];
	struct stun_writer writer;
	struct stun_key key;

	memcpy(transaction + 8, &number, sizeof(number));
	snprintf(name, sizeof(name), "%s:them", made->ufrag);
	stun_key_raw(&key, made->pwd, strlen(made->pwd));
	stun_begin(&writer, room, size, STUN_BINDING, STUN_REQUEST, transaction);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, name, (uint16_t)strlen(name));
	stun_put_u32(&writer, STUN_ATTR_PRIORITY, PRIORITY);
	stun_put_bytes(&writer, STUN_ATTR_ICE_CONTROLLING, transaction, 8);
	stun_put_bytes(&writer, STUN_ATTR_USE_CANDIDATE, NULL, 0);
	stun_put_integrity(&writer, &key);
	stun_put_fingerprint(&writer);
	return stun_end(&writer);
}

/* -- OpenSSL alone -- */

struct mailbox {
	uint32_t count;
	uint16_t lengths[QUEUE];
	uint8_t bytes[QUEUE][DATAGRAM];
};

static void mailbox_put(void *arg, const uint8_t *data, size_t length)
{
	struct mailbox *mailbox = arg;

	if (mailbox->count == QUEUE || length > DATAGRAM)
		return;
	memcpy(mailbox->bytes[mailbox->count], data, length);
	mailbox->lengths[mailbox->count++] = (uint16_t)length;
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool mailbox_deliver(struct mailbox *mailbox, SSL *ssl, struct datagram_io *io)
{
	uint32_t count = mailbox->count;
	bool well = true;

	mailbox->count = 0;
	for (uint32_t i = 0; i < count && well; i++) {
		uint8_t datagram[DATAGRAM];

		memcpy(datagram, mailbox->bytes[i], mailbox->lengths[i]);
		well = webrtc_client_hear(ssl, io, datagram, mailbox->lengths[i]);
	}
	return well;
}

/* One handshake; 0: it failed. */
static uint64_t handshake_alone(const struct webrtc_clients *clients, SSL_CTX *context)
{
	static struct mailbox to_server, to_client;
	struct datagram_io client_io = {.send = mailbox_put, .arg = &to_server};
	struct datagram_io server_io = {.send = mailbox_put, .arg = &to_client};
	SSL *client = webrtc_client_ssl(clients, &client_io), *server;
	uint64_t begin = cpu_ns(), spent;
	bool well;

	to_server.count = to_client.count = 0;
	server = ssl_create(context, clients->method, &server_io);
	well = client != NULL && server != NULL;
	if (well)
		SSL_set_accept_state(server);
	spent = cpu_ns() - begin;
	well = well && webrtc_client_hear(client, &client_io, NULL, 0);
	for (int i = 0; well && i < QUEUE && !SSL_is_init_finished(server); i++) {
		begin = cpu_ns();
		well = mailbox_deliver(&to_server, server, &server_io);
		spent += cpu_ns() - begin;
		well = well && mailbox_deliver(&to_client, client, &client_io);
	}
	well = well && SSL_is_init_finished(server);
	SSL_free(client);
	SSL_free(server);
	return well ? spent : 0;
}

static int trust(X509_STORE_CTX *store, void *arg)
{
	return 1;
}

double webrtc_openssl_alone(const struct webrtc_clients *clients, uint32_t handshakes)
{
	SSL_CTX *context = NULL;
	X509 *certificate;
	EVP_PKEY *key;
	uint64_t sum = 0;

	if (certificate_make(&key, &certificate) == 0) {
		context = certificate_context(key, certificate, trust);
		EVP_PKEY_free(key);
		X509_free(certificate);
	}
	for (uint32_t i = 0; context != NULL && i < handshakes; i++) {
		uint64_t spent = handshake_alone(clients, context);

		sum = spent != 0 ? sum + spent : 0;
		if (spent == 0)
			break;
	}
	SSL_CTX_free(context);
	return (double)sum / handshakes;
}
