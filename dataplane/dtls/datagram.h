/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The edge between OpenSSL and datagrams: what one write of OpenSSL's is one datagram. A memory BIO
 * would glue a flight's datagrams together, and nothing could tell them apart again.
 */
#ifndef DTLS_DATAGRAM_H
#define DTLS_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/bio.h>

#define DATAGRAM_MTU 1200 /* bytes of UDP payload: fits any path that media fits */

/* What is read, and where writes go. */
struct datagram_io {
	const uint8_t *in; /* NULL: nothing */
	size_t in_length;
	void (*send)(void *arg, const uint8_t *data, size_t length);
	void *arg;
};

/* NULL: no memory. One for all. */
BIO_METHOD *datagram_method(void);
/* A BIO of `io`, which outlives it. NULL: no memory. */
BIO *datagram_bio(const BIO_METHOD *method, struct datagram_io *io);

#endif
