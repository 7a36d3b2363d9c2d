/* SPDX-License-Identifier: BSD-3-Clause */
/* ClientHellos as clients cut them, and the cookie that shows that one is where it says. */
#include "stream/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RECORD 13
#define NOW    1000

static const struct siphash_key key = {1, 2};

/* The shortest: no session, no cookie, and nothing behind it. */
struct spec {
	const char *name;
	uint16_t at; /* this byte is another one */
	uint8_t byte;
	size_t length; /* of the datagram; 0: all of it */
	bool read;
};

static size_t hello_make(uint8_t *room, const uint8_t *cookie, uint8_t cookie_length,
                         uint8_t message)
{
	size_t body = 2 + HELLO_RANDOM_SIZE + 1 + 1 + cookie_length;

	memset(room, 0, RECORD + 12 + body);
	memcpy(room, "\x16\xfe\xff", 3);
	room[10] = 7; /* the record's number */
	room[12] = (uint8_t)(12 + body);
	room[RECORD] = 1;
	room[RECORD + 3] = room[RECORD + 11] = (uint8_t)body;
	room[RECORD + 5] = message;
	memcpy(room + RECORD + 12, "\xfe\xfd", 2);
	memset(room + RECORD + 14, 0xaa, HELLO_RANDOM_SIZE);
	room[RECORD + 14 + HELLO_RANDOM_SIZE + 1] = cookie_length;
	if (cookie_length != 0)
		memcpy(room + RECORD + 14 + HELLO_RANDOM_SIZE + 2, cookie, cookie_length);
	return RECORD + 12 + body;
}

static void test_reading(void **state)
{
	static const struct spec rows[] = {
	        {"whole", 0, 22, 0, true},
	        {"DTLS 1.2 in the record", 2, 0xfd, 0, true},
	        {"no handshake", 0, 23, 0, false},
	        {"TLS", 1, 3, 0, false},
	        {"encrypted", 4, 1, 0, false},
	        {"cut", 0, 22, HELLO_SIZE_MIN - 1, false},
	        {"record beyond the datagram", 12, 200, 0, false},
	        {"record shorter than its message", 12, 30, 0, false},
	        {"ServerHello", RECORD, 2, 0, false},
	        {"a first fragment", RECORD + 2, 9, 0, true},
	        {"a later fragment", RECORD + 8, 1, 0, false},
	        {"fragment longer than the message", RECORD + 3, 1, 0, false},
	        {"TLS's version", RECORD + 12, 3, 0, false},
	        {"session beyond the record", RECORD + 14 + HELLO_RANDOM_SIZE, 2, 0, false},
	        {"session too long", RECORD + 14 + HELLO_RANDOM_SIZE, 33, 0, false},
	        {"cookie beyond the record", RECORD + 15 + HELLO_RANDOM_SIZE, 1, 0, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t datagram[128];
		struct hello hello;
		size_t length = hello_make(datagram, NULL, 0, 0);

		datagram[rows[i].at] = rows[i].byte;
		if (rows[i].length != 0)
			length = rows[i].length;
		if (hello_read(datagram, length, &hello) != rows[i].read)
			fail_msg("%s", rows[i].name);
	}
}

static const struct transport_addr client = {.ip = {.bytes = {[10] = 0xff, 0xff, 192, 0, 2, 1}},
                                             .port = 99};

/* The answer to a ClientHello without a cookie. */
static void ask(uint8_t answer[HELLO_VERIFY_SIZE], uint32_t now)
{
	uint8_t datagram[128];
	struct hello hello;
	size_t length = hello_make(datagram, NULL, 0, 0);

	assert_true(hello_read(datagram, length, &hello));
	assert_false(hello_cookie_is_ours(&key, &hello, &client, 3, now));
	hello_verify_write(answer, &key, &hello, &client, 3, now);
}

static bool is_ours(const uint8_t *cookie, uint8_t length, uint8_t message, uint8_t random,
                    const struct transport_addr *from, uint32_t listener, uint32_t now)
{
	uint8_t datagram[128];
	struct hello hello;
	size_t size = hello_make(datagram, cookie, length, message);

	datagram[RECORD + 14] = random;
	assert_true(hello_read(datagram, size, &hello));
	return hello_cookie_is_ours(&key, &hello, from, listener, now);
}

static void test_cookie(void **state)
{
	struct transport_addr other = client;
	uint8_t answer[HELLO_VERIFY_SIZE], *cookie = answer + HELLO_VERIFY_SIZE - HELLO_COOKIE_SIZE;

	ask(answer, NOW);
	assert_true(is_ours(cookie, HELLO_COOKIE_SIZE, 1, 0xaa, &client, 3, NOW));
	assert_true(is_ours(cookie, HELLO_COOKIE_SIZE, 1, 0xaa, &client, 3, NOW + HELLO_COOKIE_S));
	assert_false(
	        is_ours(cookie, HELLO_COOKIE_SIZE, 1, 0xaa, &client, 3, NOW + 2 * HELLO_COOKIE_S));
	assert_false(is_ours(cookie, HELLO_COOKIE_SIZE, 1, 0xab, &client, 3, NOW));
	assert_false(is_ours(cookie, HELLO_COOKIE_SIZE, 1, 0xaa, &client, 4, NOW));
	assert_false(is_ours(cookie, HELLO_COOKIE_SIZE - 1, 1, 0xaa, &client, 3, NOW));
	/* OpenSSL goes on behind one HelloVerifyRequest */
	assert_false(is_ours(cookie, HELLO_COOKIE_SIZE, 0, 0xaa, &client, 3, NOW));
	assert_false(is_ours(cookie, HELLO_COOKIE_SIZE, 2, 0xaa, &client, 3, NOW));
	other.port++;
	assert_false(is_ours(cookie, HELLO_COOKIE_SIZE, 1, 0xaa, &other, 3, NOW));
	other = client;
	other.ip.bytes[15]++;
	assert_false(is_ours(cookie, HELLO_COOKIE_SIZE, 1, 0xaa, &other, 3, NOW));
	cookie[0] ^= 1;
	assert_false(is_ours(cookie, HELLO_COOKIE_SIZE, 1, 0xaa, &client, 3, NOW));
}

/* RFC 6347, 4.2.1: the record's number is the ClientHello's; it is shorter than any of those. */
static void test_answer(void **state)
{
	static const uint8_t head[] = {22, 254, 255, 0, 0, 0, 0, 0, 0, 0, 7,  0,   23,  3,
	                               0,  0,   11,  0, 0, 0, 0, 0, 0, 0, 11, 254, 255, 8};
	uint8_t answer[HELLO_VERIFY_SIZE];

	assert_true(HELLO_VERIFY_SIZE < HELLO_SIZE_MIN);
	ask(answer, NOW);
	assert_int_equal(sizeof(head) + HELLO_COOKIE_SIZE, HELLO_VERIFY_SIZE);
	assert_memory_equal(answer, head, sizeof(head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_reading),
	        cmocka_unit_test(test_cookie),
	        cmocka_unit_test(test_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
