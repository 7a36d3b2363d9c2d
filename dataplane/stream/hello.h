/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cookie exchange of DTLS (RFC 6347, 4.2.1), without state: a ClientHello whose cookie is not
 * ours is answered with a HelloVerifyRequest, which is shorter, and is forgotten. Only a client
 * that is where it says can come back with the cookie.
 */
#ifndef STREAM_HELLO_H
#define STREAM_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <siphash.h>

#include "net/ip_addr.h"

#define HELLO_RANDOM_SIZE 32
#define HELLO_COOKIE_SIZE 8
#define HELLO_VERIFY_SIZE (13 + 12 + 2 + 1 + HELLO_COOKIE_SIZE)
/* No ClientHello is shorter: up to the length of its cookie. */
#define HELLO_SIZE_MIN (13 + 12 + 2 + HELLO_RANDOM_SIZE + 1 + 1)
/* A cookie is good for one to two of these. */
#define HELLO_COOKIE_S 32

/* Points into the datagram. */
struct hello {
	const uint8_t *random;
	const uint8_t *cookie;
	uint8_t cookie_length;
	uint16_t message;      /* its sequence number: 1 behind a HelloVerifyRequest */
	const uint8_t *number; /* epoch and sequence number of its record, 8 bytes */
};

/* False: the datagram does not begin with a ClientHello, or with a fragment of one that has the
 * cookie in it. */
bool hello_read(const uint8_t *data, size_t length, struct hello *hello);

/* now: seconds, of any clock that does not go back. listener: which one it was sent to. */
bool hello_cookie_is_ours(const struct siphash_key *key, const struct hello *hello,
                          const struct transport_addr *client, uint32_t listener, uint32_t now);

/* The answer to it, HELLO_VERIFY_SIZE bytes. */
void hello_verify_write(uint8_t answer[HELLO_VERIFY_SIZE], const struct siphash_key *key,
                        const struct hello *hello, const struct transport_addr *client,
                        uint32_t listener, uint32_t now);

#endif
