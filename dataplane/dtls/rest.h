/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is kept of a handshake when nothing of it can be sent again: our close_notify, encrypted
 * already, and the key that reads the client's (RFC 5288, 3). OpenSSL's state takes 40 KiB, for as
 * long as the session lives.
 */
#ifndef DTLS_REST_H
#define DTLS_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "dtls/datagram.h"

#define DTLS_REST_CLOSE 64
#define DTLS_REST_KEY   32
#define DTLS_REST_SALT  4

struct dtls_rest {
	uint8_t close_length, key_length;
	uint8_t close[DTLS_REST_CLOSE];
	uint8_t key[DTLS_REST_KEY], salt[DTLS_REST_SALT];
};

/* After that `ssl` is of no use. client: we are the DTLS client. False: it has another cipher than
 * AES-GCM, or there is no memory, and nothing has changed. */
bool dtls_rest_make(struct dtls_rest *rest, SSL *ssl, struct datagram_io *io, bool client);
/* Whether a datagram has an alert of the peer's, authentic, that ends the connection. */
bool dtls_rest_closes(const struct dtls_rest *rest, const uint8_t *data, size_t length);

#endif
