/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any datagram at a DTLS listener: what is read of it lies within it, its answer is shorter than it
 * is, and a ClientHello that comes back with the answer's cookie is taken.
 */
#include "fuzz.h"
#include "stream/hello.h"

#include <string.h>

#define COOKIE_OFFSET (HELLO_VERIFY_SIZE - HELLO_COOKIE_SIZE)

static const struct siphash_key key = {3, 4};
static const struct transport_addr client = {.port = 5};

static void within(const uint8_t *data, size_t size, const uint8_t *at, size_t length)
{
	CHECK(at >= data && length <= size && (size_t)(at - data) <= size - length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t answer[HELLO_VERIFY_SIZE];
	struct hello hello, again;

	if (!hello_read(data, size, &hello))
		return 0;
	within(data, size, hello.random, HELLO_RANDOM_SIZE);
	within(data, size, hello.cookie, hello.cookie_length);
	within(data, size, hello.number, 8);
	CHECK(sizeof(answer) < size);
	hello_verify_write(answer, &key, &hello, &client, 0, 100);
	CHECK(memcmp(answer + 3, hello.number, 8) == 0);
	again = hello;
	again.message = 1;
	again.cookie = answer + COOKIE_OFFSET;
	again.cookie_length = HELLO_COOKIE_SIZE;
	CHECK(hello_cookie_is_ours(&key, &again, &client, 0, 100));
	CHECK(!hello_cookie_is_ours(&key, &again, &client, 1, 100));
	return 0;
}
