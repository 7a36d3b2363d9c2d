/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys and HMAC-SHA1 beyond what RFC 5769 has vectors for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/crypto.h>
#include <rte_common.h>

#include "stun/integrity.h"
#include "stun/writer.h"

static unsigned int allocations;

static void *count_malloc(size_t size, const char *file, int line)
{
	allocations++;
	return malloc(size);
}

static void *count_realloc(void *old, size_t size, const char *file, int line)
{
	allocations++;
	return realloc(old, size);
}

static void count_free(void *old, const char *file, int line)
{
	free(old);
}

/* RFC 2202, 3: cases 1, 2, 6 and 7; the last two keys are longer than SHA-1's block. */
static void test_hmac_rfc2202(void **state)
{
	static const struct {
		uint8_t key_byte;
		const char *key;
		size_t key_length;
		const char *data;
		uint8_t mac[20];
	} rows[] = {
	        {0x0b, NULL, 20, "Hi There", {0xb6, 0x17, 0x31, 0x86, 0x55, 0x05, 0x72,
	                                      0x64, 0xe2, 0x8b, 0xc0, 0xb6, 0xfb, 0x37,
	                                      0x8c, 0x8e, 0xf1, 0x46, 0xbe, 0x00}},
	        {0, "Jefe", 4, "what do ya want for nothing?", {0xef, 0xfc, 0xdf, 0x6a, 0xe5,
	                                                        0xeb, 0x2f, 0xa2, 0xd2, 0x74,
	                                                        0x16, 0xd5, 0xf1, 0x84, 0xdf,
	                                                        0x9c, 0x25, 0x9a, 0x7c, 0x79}},
	        {0xaa,
	         NULL,
	         80,
	         "Test Using Larger Than Block-Size Key - Hash Key First",
	         {0xaa, 0x4a, 0xe5, 0xe1, 0x52, 0x72, 0xd0, 0x0e, 0x95, 0x70,
	          0x56, 0x37, 0xce, 0x8a, 0x3b, 0x55, 0xed, 0x40, 0x21, 0x12}},
	        {0xaa,
	         NULL,
	         80,
	         "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
	         {0xe8, 0xe9, 0x9d, 0x0f, 0x45, 0x23, 0x7d, 0x78, 0x6d, 0x6b,
	          0xba, 0xa7, 0x96, 0x5c, 0x78, 0x08, 0xbb, 0xff, 0x1a, 0x91}},
	};
	uint8_t raw[80], mac[STUN_INTEGRITY_SIZE];
	struct stun_key key;
	size_t i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		memset(raw, rows[i].key_byte, sizeof(raw));
		stun_key_raw(&key, rows[i].key != NULL ? (const void *)rows[i].key : raw,
		             rows[i].key_length);
		stun_hmac(&key, rows[i].data, strlen(rows[i].data), mac);
		assert_memory_equal(mac, rows[i].mac, sizeof(mac));
	}
}

/* Made with python's hmac, base64 and hashlib by coturn's formula; mac: HMAC-SHA1(key, "probe"). */
static void test_time_limited(void **state)
{
	static const struct {
		const char *secret, *user, *realm;
		uint8_t mac[20];
	} rows[] = {
	        {"north", "1893456000:demo", "sluice", {0x3b, 0xeb, 0xc8, 0xc4, 0xa5, 0xe2, 0xa4,
	                                                0x69, 0xc8, 0x94, 0xb3, 0x2e, 0xa3, 0x77,
	                                                0xf7, 0x8d, 0x76, 0x99, 0x4c, 0x5c}},
	        {"north", "1893456000", "sluice", {0xca, 0x72, 0xe7, 0xc6, 0x97, 0x5a, 0xe2,
	                                           0x3e, 0x40, 0xf9, 0x03, 0xa7, 0x86, 0x53,
	                                           0xa7, 0xe2, 0x68, 0xea, 0x72, 0x9b}},
	        {"ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss",
	         "1893456000:a:b",
	         "example.org",
	         {0x76, 0xf2, 0x2d, 0x91, 0x72, 0xe9, 0xc8, 0x07, 0x77, 0x82,
	          0x38, 0xc2, 0x33, 0xae, 0x21, 0x4b, 0xe6, 0x44, 0x78, 0x47}},
	};
	uint8_t mac[STUN_INTEGRITY_SIZE];
	struct stun_key secret, key;
	size_t i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		stun_key_raw(&secret, rows[i].secret, strlen(rows[i].secret));
		stun_key_time_limited(&key, &secret, rows[i].user, strlen(rows[i].user),
		                      rows[i].realm);
		stun_hmac(&key, "probe", 5, mac);
		assert_memory_equal(mac, rows[i].mac, sizeof(mac));
	}
}

static void test_user_expiry(void **state)
{
	static const struct {
		const char *user;
		uint64_t expiry;
	} rows[] = {
	        {"1893456000:demo", 1893456000},
	        {"1893456000", 1893456000},
	        {"1893456000:", 1893456000},
	        {"1893456000:1:2", 1893456000},
	        {"0001893456000:x", 1893456000},
	        {"", 0},
	        {":demo", 0},
	        {"demo", 0},
	        {"demo:1893456000", 1893456000},
	        {":1893456000", 1893456000},
	        {"demo:1893456000:x", 0},
	        {"demo:", 0},
	        {":", 0},
	        {"-1:demo", 0},
	        {"+1:demo", 0},
	        {" 1:demo", 0},
	        {"1 :demo", 0},
	        {"1e9:demo", 0},
	        {"0x10:demo", 0},
	        {"9999999999999999999999:demo", 0},
	        {"18446744073709551616:demo", 0}, /* 2^64: would be 0 seconds */
	};
	size_t i;

	for (i = 0; i < RTE_DIM(rows); i++)
		assert_int_equal(stun_user_read(rows[i].user, strlen(rows[i].user)).expiry,
		                 rows[i].expiry);
	/* A NUL is no end: the name's length is the attribute's. */
	assert_int_equal(stun_user_read("12\0003", 4).expiry, 0);
}

static uint16_t request_write(uint8_t *room, size_t size, const struct stun_key *key)
{
	static const uint8_t transaction[STUN_TRANSACTION_SIZE] = "transaction";
	struct stun_writer writer;

	stun_begin(&writer, room, size, STUN_ALLOCATE, STUN_REQUEST, transaction);
	stun_put_u32(&writer, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, "demo", 4);
	stun_put_integrity(&writer, key);
	stun_put_fingerprint(&writer);
	return stun_end(&writer);
}

/* Every bit that the integrity covers, and its own. */
static void test_integrity_bits(void **state)
{
	struct stun_message message;
	struct stun_key key, other;
	uint8_t room[128];
	uint16_t length, covered, bit;

	stun_key_long_term(&key, "demo", 4, "sluice", "demo", 4);
	stun_key_long_term(&other, "demo", 4, "sluice", "demp", 4);
	length = request_write(room, sizeof(room), &key);
	assert_int_equal(stun_parse(&message, room, length), 0);
	assert_true(stun_integrity_ok(&message, &key));
	assert_false(stun_integrity_ok(&message, &other));
	covered = message.attrs[STUN_KNOWN_MESSAGE_INTEGRITY].offset + STUN_INTEGRITY_SIZE;
	for (bit = 0; bit < 8 * covered; bit++) {
		room[bit / 8] ^= 1 << bit % 8;
		if (stun_header_valid(room, length) && stun_parse(&message, room, length) == 0)
			assert_false(stun_integrity_ok(&message, &key));
		room[bit / 8] ^= 1 << bit % 8;
	}
	assert_true(stun_parse(&message, room, length) == 0 && stun_integrity_ok(&message, &key));
}

static void test_integrity_absent(void **state)
{
	static const uint8_t transaction[STUN_TRANSACTION_SIZE];
	struct stun_message message;
	struct stun_writer writer;
	struct stun_key key;
	uint8_t room[64];

	stun_key_raw(&key, "", 0);
	stun_begin(&writer, room, sizeof(room), STUN_BINDING, STUN_REQUEST, transaction);
	assert_int_equal(stun_parse(&message, room, stun_end(&writer)), 0);
	assert_false(stun_integrity_ok(&message, &key));
}

/* A worker runs all of it. */
static void test_no_allocation(void **state)
{
	struct stun_message message;
	struct stun_key key, secret;
	uint8_t room[128];
	unsigned int before = allocations;

	stun_key_raw(&secret, "north", 5);
	stun_key_time_limited(&key, &secret, "1893456000:demo", 15, "sluice");
	assert_int_equal(stun_parse(&message, room, request_write(room, sizeof(room), &key)), 0);
	assert_true(stun_integrity_ok(&message, &key));
	assert_int_equal(allocations, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_hmac_rfc2202),     cmocka_unit_test(test_time_limited),
	        cmocka_unit_test(test_user_expiry),      cmocka_unit_test(test_integrity_bits),
	        cmocka_unit_test(test_integrity_absent), cmocka_unit_test(test_no_allocation),
	};

	/* Before OpenSSL's first allocation, or it refuses. */
	if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
