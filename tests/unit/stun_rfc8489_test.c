/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 8489's keys and MESSAGE-INTEGRITY-SHA256, by the vector of its appendix B.1 and by what our
 * writer makes. */
#include "stun/integrity.h"
#include "stun/message.h"
#include "stun/nonce.h"
#include "stun/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <rte_common.h>

/* As printed. Its header counts 20 bytes more than there are: PASSWORD-ALGORITHMS and
 * PASSWORD-ALGORITHM are missing, and were when it was signed. */
static const uint8_t vector[] = {
        0x00, 0x01, 0x00, 0x9c, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72,
        0xc0, 0x29, 0xda, 0x41, 0x2e, 0x00, 0x1e, 0x00, 0x20, 0x4a, 0x3c, 0xf3, 0x8f, 0xef, 0x69,
        0x92, 0xbd, 0xa9, 0x52, 0xc6, 0x78, 0x04, 0x17, 0xda, 0x0f, 0x24, 0x81, 0x94, 0x15, 0x56,
        0x9e, 0x60, 0xb2, 0x05, 0xc4, 0x6e, 0x41, 0x40, 0x7f, 0x17, 0x04, 0x00, 0x15, 0x00, 0x29,
        0x6f, 0x62, 0x4d, 0x61, 0x74, 0x4a, 0x6f, 0x73, 0x32, 0x41, 0x41, 0x41, 0x43, 0x66, 0x2f,
        0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39, 0x35, 0x34, 0x64, 0x36, 0x4f, 0x4c, 0x33, 0x34, 0x6f,
        0x4c, 0x39, 0x46, 0x53, 0x54, 0x76, 0x79, 0x36, 0x34, 0x73, 0x41, 0x00, 0x00, 0x00, 0x00,
        0x14, 0x00, 0x0b, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x00,
        0x00, 0x1c, 0x00, 0x20, 0xe4, 0x68, 0x6c, 0x8f, 0x0e, 0xde, 0xb5, 0x90, 0x13, 0xe0, 0x70,
        0x90, 0x01, 0x0a, 0x93, 0xef, 0xcc, 0xbc, 0xcc, 0x54, 0x4c, 0x0a, 0x45, 0xd9, 0xf8, 0x30,
        0xaa, 0x6d, 0x6f, 0x73, 0x5a, 0x01,
};
#define VECTOR_USERHASH 24
#define VECTOR_MAC      (sizeof(vector) - STUN_SHA256_SIZE)

/* Six katakana. */
static const uint8_t user[] = {
        0xe3, 0x83, 0x9e, 0xe3, 0x83, 0x88, 0xe3, 0x83, 0xaa,
        0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9,
};

static struct stun_raw_key key_of(enum stun_algorithm algorithm)
{
	struct stun_raw_key key;

	stun_raw_long_term(&key, algorithm, user, sizeof(user), "example.org", "TheMatrIX", 9);
	return key;
}

static void test_vector(void **state)
{
	struct stun_raw_key key = key_of(STUN_SHA256);
	uint8_t made[STUN_SHA256_SIZE];

	stun_userhash(made, user, sizeof(user), "example.org");
	assert_memory_equal(made, vector + VECTOR_USERHASH, sizeof(made));
	assert_int_equal(key.length, 32);
	stun_hmac_sha256(&key, vector, VECTOR_MAC - 4, made);
	assert_memory_equal(made, vector + VECTOR_MAC, sizeof(made));
	key = key_of(STUN_MD5);
	assert_int_equal(key.length, 16);
	stun_hmac_sha256(&key, vector, VECTOR_MAC - 4, made);
	assert_memory_not_equal(made, vector + VECTOR_MAC, sizeof(made));
}

/* The keys of a time-limited user are those of the password that he is told. */
static void test_time_limited(void **state)
{
	struct stun_raw_key limited, plain;
	struct stun_key secret;
	enum stun_algorithm algorithm;

	stun_key_raw(&secret, "north", 5);
	for (algorithm = STUN_MD5; algorithm <= STUN_SHA256; algorithm++) {
		stun_raw_time_limited(&limited, algorithm, &secret, "1893456000:demo", 15,
		                      "sluice");
		stun_raw_long_term(&plain, algorithm, "1893456000:demo", 15, "sluice",
		                   "sukrYkuAoZpAacN9wOWS8TSfn/0=", 28);
		assert_memory_equal(&limited, &plain, sizeof(plain));
	}
}

/* Both integrities, as clients send them that do not know yet which one the server reads. */
static uint16_t request_write(uint8_t room[256], bool both)
{
	static const uint8_t transaction[STUN_TRANSACTION_SIZE] = "transaction";
	struct stun_raw_key key = key_of(STUN_SHA256);
	struct stun_writer writer;
	struct stun_key sha1;

	stun_key_raw(&sha1, key.bytes, key.length);
	stun_begin(&writer, room, 256, STUN_BINDING, STUN_REQUEST, transaction);
	stun_put_bytes(&writer, STUN_ATTR_USERHASH, vector + VECTOR_USERHASH, 32);
	stun_put_bytes(&writer, STUN_ATTR_REALM, "example.org", 11);
	stun_put_bytes(&writer, STUN_ATTR_PASSWORD_ALGORITHM, "\0\2\0\0", 4);
	if (both)
		stun_put_integrity(&writer, &sha1);
	stun_put_integrity_sha256(&writer, &key);
	stun_put_fingerprint(&writer);
	return stun_end(&writer);
}

static void test_written(void **state)
{
	struct stun_raw_key key = key_of(STUN_SHA256), other = key_of(STUN_MD5);
	struct stun_message message;
	struct stun_key sha1;
	uint8_t room[256];

	stun_key_raw(&sha1, key.bytes, key.length);
	for (int both = 0; both < 2; both++) {
		uint16_t length = request_write(room, both);

		assert_true(stun_header_valid(room, length));
		assert_int_equal(stun_parse(&message, room, length), 0);
		assert_int_equal(message.n_unknown, 0);
		assert_true(stun_has(&message, STUN_KNOWN_USERHASH));
		assert_true(stun_has(&message, STUN_KNOWN_PASSWORD_ALGORITHM));
		assert_true(stun_integrity_sha256_ok(&message, &key));
		assert_false(stun_integrity_sha256_ok(&message, &other));
		assert_int_equal(stun_integrity_ok(&message, &sha1), both);
		assert_true(stun_fingerprint_ok(&message));
		/* each bit before the integrity, and of it, counts; but for the length */
		for (uint16_t i = 0; i < length - 8; i++) {
			if (i == 2 || i == 3 || (i >= 4 && i < 8))
				continue;
			room[i] ^= 0x40;
			if (stun_parse(&message, room, length) == 0)
				assert_false(stun_integrity_sha256_ok(&message, &key));
			room[i] ^= 0x40;
		}
	}
}

/* It may be cut to 16 bytes at least, at a multiple of 4 (RFC 8489, 14.6). */
static void test_cut(void **state)
{
	static const uint8_t transaction[STUN_TRANSACTION_SIZE] = "transaction";
	struct stun_raw_key key = key_of(STUN_SHA256);
	struct stun_message message;

	for (uint16_t size = 0; size <= 36; size++) {
		uint8_t room[64] = {0}, mac[36] = {0};
		struct stun_writer writer;
		bool legal = size >= 16 && size <= 32 && size % 4 == 0;
		uint16_t length;

		stun_begin(&writer, room, sizeof(room), STUN_BINDING, STUN_REQUEST, transaction);
		stun_put_bytes(&writer, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, mac, size);
		length = stun_end(&writer);
		/* the length counts the integrity as it is */
		room[3] = size + 4;
		stun_hmac_sha256(&key, room, STUN_HEADER_SIZE, mac);
		memcpy(room + STUN_HEADER_SIZE + 4, mac, size);
		room[3] = length - STUN_HEADER_SIZE;
		assert_int_equal(stun_parse(&message, room, length) == 0 &&
		                         stun_integrity_sha256_ok(&message, &key),
		                 legal);
	}
	assert_false(stun_integrity_sha256_ok(&(struct stun_message){0}, &key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_vector),
	        cmocka_unit_test(test_time_limited),
	        cmocka_unit_test(test_written),
	        cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
