/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/hello.h"

#include "dtls/record.h"

#include <string.h>

#define MESSAGE_HEADER 12 /* RFC 6347, 4.2.2 */
#define MESSAGE_VERIFY 3
#define SESSION_ID_MAX 32

#define RECORD_NUMBER_SIZE 8

/* -- reading -- */

static uint32_t load_16(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

static uint32_t load_24(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 16 | load_16(bytes + 1);
}

/* The record's first message, or a first fragment of it, is a ClientHello that fills the record. */
static bool is_hello(const uint8_t *record, uint32_t length)
{
	const uint8_t *message = record + DTLS_RECORD_HEADER;
	uint32_t fragment;

	if (record[0] != DTLS_CONTENT_HANDSHAKE || record[1] != DTLS_VERSION_MAJOR_BYTE ||
	    load_16(record + 3) != 0 || length < MESSAGE_HEADER || message[0] != DTLS_CLIENT_HELLO)
		return false;
	fragment = load_24(message + 9);
	return load_24(message + 6) == 0 && fragment == length - MESSAGE_HEADER &&
	       fragment <= load_24(message + 1);
}

bool hello_read(const uint8_t *data, size_t length, struct hello *hello)
{
	const uint8_t *at, *end;
	uint32_t size;

	if (length < HELLO_SIZE_MIN)
		return false;
	size = load_16(data + DTLS_RECORD_LENGTH_OFFSET);
	if (size > length - DTLS_RECORD_HEADER || !is_hello(data, size))
		return false;
	at = data + DTLS_RECORD_HEADER + MESSAGE_HEADER;
	end = data + DTLS_RECORD_HEADER + size;
	if (end - at < 2 + HELLO_RANDOM_SIZE + 1 || at[0] != DTLS_VERSION_MAJOR_BYTE)
		return false;
	hello->number = data + DTLS_RECORD_NUMBER_OFFSET;
	hello->message = (uint16_t)load_16(data + DTLS_RECORD_HEADER + 4);
	hello->random = at + 2;
	at += 2 + HELLO_RANDOM_SIZE;
	if (at[0] > SESSION_ID_MAX || end - at < 1 + at[0] + 1)
		return false;
	at += 1 + at[0];
	if (end - at < 1 + at[0])
		return false;
	hello->cookie_length = at[0];
	hello->cookie = at + 1;
	return true;
}

/* -- the cookie -- */

static void cookie_write(uint8_t cookie[HELLO_COOKIE_SIZE], const struct siphash_key *key,
                         const struct hello *hello, const struct transport_addr *client,
                         uint32_t listener, uint32_t period)
{
	uint8_t text[HELLO_RANDOM_SIZE + sizeof(client->ip.bytes) + 3 * sizeof(uint32_t)];
	const uint32_t words[3] = {client->port, listener, period};
	uint64_t mac;

	memcpy(text, hello->random, HELLO_RANDOM_SIZE);
	memcpy(text + HELLO_RANDOM_SIZE, client->ip.bytes, sizeof(client->ip.bytes));
	memcpy(text + HELLO_RANDOM_SIZE + sizeof(client->ip.bytes), words, sizeof(words));
	mac = siphash_bytes(key, text, sizeof(text));
	memcpy(cookie, &mac, HELLO_COOKIE_SIZE);
}

/* In a time that does not tell how much of it is right. */
static bool cookie_equal(const uint8_t *cookie, const uint8_t *other)
{
	uint64_t a, b;

	memcpy(&a, cookie, HELLO_COOKIE_SIZE);
	memcpy(&b, other, HELLO_COOKIE_SIZE);
	return a == b;
}

bool hello_cookie_is_ours(const struct siphash_key *key, const struct hello *hello,
                          const struct transport_addr *client, uint32_t listener, uint32_t now)
{
	uint8_t cookie[2][HELLO_COOKIE_SIZE];
	uint32_t period = now / HELLO_COOKIE_S;

	if (hello->cookie_length != HELLO_COOKIE_SIZE || hello->message != 1)
		return false;
	cookie_write(cookie[0], key, hello, client, listener, period);
	cookie_write(cookie[1], key, hello, client, listener, period - 1);
	return cookie_equal(hello->cookie, cookie[0]) || cookie_equal(hello->cookie, cookie[1]);
}

/* -- the answer -- */

/* Its record has the number of the ClientHello's, and the version that all of them have (RFC 6347,
 * 4.2.1). */
void hello_verify_write(uint8_t answer[HELLO_VERIFY_SIZE], const struct siphash_key *key,
                        const struct hello *hello, const struct transport_addr *client,
                        uint32_t listener, uint32_t now)
{
	static const uint8_t version[2] = {DTLS_VERSION_MAJOR_BYTE, 0xff};
	const uint8_t body = 2 + 1 + HELLO_COOKIE_SIZE;
	uint8_t *message = answer + DTLS_RECORD_HEADER;

	memset(answer, 0, HELLO_VERIFY_SIZE);
	answer[0] = DTLS_CONTENT_HANDSHAKE;
	memcpy(answer + 1, version, sizeof(version));
	memcpy(answer + DTLS_RECORD_NUMBER_OFFSET, hello->number, RECORD_NUMBER_SIZE);
	answer[DTLS_RECORD_LENGTH_OFFSET + 1] = MESSAGE_HEADER + body;
	message[0] = MESSAGE_VERIFY;
	message[3] = body;
	message[11] = body;
	memcpy(message + MESSAGE_HEADER, version, sizeof(version));
	message[MESSAGE_HEADER + 2] = HELLO_COOKIE_SIZE;
	cookie_write(message + MESSAGE_HEADER + 3, key, hello, client, listener,
	             now / HELLO_COOKIE_S);
}
