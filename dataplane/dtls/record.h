/* SPDX-License-Identifier: BSD-3-Clause */
/* DTLS 1.2 records as they lie in a datagram (RFC 6347, 4.1), and what a handshake may cost. */
#ifndef DTLS_RECORD_H
#define DTLS_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define DTLS_RECORD_HEADER        13
#define DTLS_RECORD_NUMBER_OFFSET 3 /* epoch and sequence number */
#define DTLS_RECORD_LENGTH_OFFSET 11
#define DTLS_VERSION_MAJOR_BYTE   0xfe
#define DTLS_CONTENT_HANDSHAKE    22
#define DTLS_CLIENT_HELLO         1

#define DTLS_RECEIVED_MAX 65536 /* bytes of a handshake: no honest one has a tenth of it */
/* Records of the epoch that is yet to come: OpenSSL keeps each in a buffer of 16 KiB. A client
 * sends one with each flight. */
#define DTLS_EARLY_MAX 16

/* How many records of a datagram say that they are encrypted. */
static inline uint32_t dtls_early_count(const uint8_t *data, size_t length)
{
	uint32_t count = 0;

	while (length >= DTLS_RECORD_HEADER) {
		size_t size = DTLS_RECORD_HEADER + ((size_t)data[DTLS_RECORD_LENGTH_OFFSET] << 8 |
		                                    data[DTLS_RECORD_LENGTH_OFFSET + 1]);

		count += (data[3] | data[4]) != 0; /* the epoch */
		if (size > length)
			break;
		data += size;
		length -= size;
	}
	return count;
}

#endif
