/* SPDX-License-Identifier: BSD-3-Clause */
/* Browsers as light as they can be: a connectivity check, and OpenSSL's side of the handshake. */
#ifndef BENCH_WEBRTC_CLIENT_H
#define BENCH_WEBRTC_CLIENT_H

#include "dtls/datagram.h"

#include <stdbool.h>

#include <sluice/session.h>

#include <openssl/ssl.h>

/* What all of them share: one certificate. */
struct webrtc_clients {
	SSL_CTX *context;
	BIO_METHOD *method;
	struct sluice_fingerprint fingerprint;
};

/* 0 or -1. */
int webrtc_clients_create(struct webrtc_clients *clients);
void webrtc_clients_destroy(struct webrtc_clients *clients);

/* The client's end; datagrams go where io->send says. NULL: no memory. */
SSL *webrtc_client_ssl(const struct webrtc_clients *clients, struct datagram_io *io);
/* A datagram for it, or NULL: to begin. False: the handshake has failed. */
bool webrtc_client_hear(SSL *ssl, struct datagram_io *io, const uint8_t *data, size_t length);
/* A check that nominates. Returns its bytes. */
uint16_t webrtc_client_check(const struct sluice_session_made *made, uint32_t number, uint8_t *room,
                             uint16_t size);

/* CPU time that OpenSSL alone takes at the server's side of one such handshake, ns; 0: it failed.
 */
double webrtc_openssl_alone(const struct webrtc_clients *clients, uint32_t handshakes);

#endif
