/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_common.h>

#include "stun/nonce.h"
#include "stun/writer.h"

static const uint8_t transaction[STUN_TRANSACTION_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void test_types(void **state)
{
	static const struct {
		enum stun_method method;
		enum stun_class class;
		uint16_t type;
	} rows[] = {
	        {STUN_BINDING, STUN_REQUEST, 0x0001},
	        {STUN_BINDING, STUN_INDICATION, 0x0011},
	        {STUN_BINDING, STUN_SUCCESS, 0x0101},
	        {STUN_BINDING, STUN_ERROR, 0x0111},
	        {STUN_ALLOCATE, STUN_ERROR, 0x0113},
	        {STUN_REFRESH, STUN_SUCCESS, 0x0104},
	        {STUN_SEND, STUN_INDICATION, 0x0016},
	        {STUN_DATA, STUN_INDICATION, 0x0017},
	        {STUN_CREATE_PERMISSION, STUN_REQUEST, 8},
	        {STUN_CHANNEL_BIND, STUN_SUCCESS, 0x0109},
	        {(enum stun_method)0xfff, STUN_ERROR, 0x3fff},
	};
	struct stun_writer writer;
	uint8_t room[STUN_HEADER_SIZE];
	size_t i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		stun_begin(&writer, room, sizeof(room), rows[i].method, rows[i].class, transaction);
		assert_int_equal(stun_end(&writer), STUN_HEADER_SIZE);
		assert_int_equal(room[0] << 8 | room[1], rows[i].type);
		assert_int_equal(stun_method_of(room), rows[i].method);
		assert_int_equal(stun_class_of(room), rows[i].class);
		assert_true(stun_header_valid(room, sizeof(room)));
	}
}

/* The room is dirty, as a request's place is: what is not written must not leak. */
static void test_401_is_52_bytes(void **state)
{
	static const struct stun_nonce_keys keys = {{{1, 2}, {3, 4}}};
	static const uint8_t error[] = {0x00, 0x09, 0x00, 0x04, 0x00, 0x00, 0x04, 0x01};
	struct ip_addr client = ip_addr_v4(RTE_BE32(0xc6120102));
	struct stun_writer writer;
	char nonce[STUN_NONCE_SIZE];
	uint8_t room[1500];

	memset(room, 0xee, sizeof(room));
	stun_nonce_make(nonce, &keys, &client, RTE_BE16(5000), 1700000000);
	stun_begin(&writer, room, sizeof(room), STUN_ALLOCATE, STUN_ERROR, transaction);
	stun_put_error(&writer, STUN_401_UNAUTHENTICATED);
	stun_put_bytes(&writer, STUN_ATTR_REALM, "turn", 4);
	stun_put_bytes(&writer, STUN_ATTR_NONCE, nonce, sizeof(nonce));
	assert_int_equal(stun_end(&writer), 52);
	assert_memory_equal(room + STUN_HEADER_SIZE, error, sizeof(error));
	assert_int_equal(room[52], 0xee);
}

static void test_padding_is_zero(void **state)
{
	struct stun_writer writer;
	uint8_t room[64];
	uint16_t length, i;

	for (length = 0; length <= 9; length++) {
		uint16_t end = STUN_HEADER_SIZE + 4 + length;

		memset(room, 0xee, sizeof(room));
		stun_begin(&writer, room, sizeof(room), STUN_BINDING, STUN_ERROR, transaction);
		stun_put_bytes(&writer, STUN_ATTR_REALM, "aaaaaaaaa", length);
		assert_int_equal(stun_end(&writer), RTE_ALIGN(end, 4));
		for (i = end; i < RTE_ALIGN(end, 4); i++)
			assert_int_equal(room[i], 0);
		assert_int_equal(room[RTE_ALIGN(end, 4)], 0xee);
	}
}

static void test_error_values(void **state)
{
	static const uint16_t unknown[] = {0x0024, 0x0025, 0x7fff};
	static const uint8_t expected[] = {
	        0x00, 0x09, 0x00, 0x04, 0x00, 0x00, 0x04, 0x14, /* 420 */
	        0x80, 0x01, 0x00, 0x04, 0x02, 0x00, 0x04, 0x28, /* IPv6: 440 */
	        0x00, 0x0a, 0x00, 0x06, 0x00, 0x24, 0x00, 0x25,
	        0x7f, 0xff, 0x00, 0x00, /* the list */
	};
	struct stun_writer writer;
	uint8_t room[64];

	memset(room, 0xee, sizeof(room));
	stun_begin(&writer, room, sizeof(room), STUN_ALLOCATE, STUN_ERROR, transaction);
	stun_put_error(&writer, STUN_420_UNKNOWN_ATTRIBUTE);
	stun_put_address_error(&writer, STUN_FAMILY_IPV6, STUN_440_FAMILY_NOT_SUPPORTED);
	stun_put_unknown(&writer, unknown, RTE_DIM(unknown));
	assert_int_equal(stun_end(&writer), STUN_HEADER_SIZE + sizeof(expected));
	assert_memory_equal(room + STUN_HEADER_SIZE, expected, sizeof(expected));
}

/* One message with everything: 172 bytes. */
static uint16_t everything_write(void *room, size_t size, const struct stun_key *key)
{
	static const uint8_t ipv6[16] = {0x20, 0x01, 0x00, 0x02, [15] = 2};
	struct ip_addr ip4 = ip_addr_v4(RTE_BE32(0xc6120202)), ip6 = ip_addr_v6(ipv6);
	struct stun_writer writer;

	stun_begin(&writer, room, size, STUN_CREATE_PERMISSION, STUN_REQUEST, transaction);
	stun_put_xor_addr(&writer, STUN_ATTR_XOR_PEER_ADDRESS, &ip4, RTE_BE16(9));
	stun_put_xor_addr(&writer, STUN_ATTR_XOR_PEER_ADDRESS, &ip6, RTE_BE16(65535));
	stun_put_u32(&writer, STUN_ATTR_LIFETIME, 0x01020304);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, "demo5", 5);
	stun_put_bytes(&writer, STUN_ATTR_REALM, "sluice", 6);
	stun_put_bytes(&writer, STUN_ATTR_NONCE, "abcdefghijkl", 12);
	stun_put_bytes(&writer, STUN_ATTR_DONT_FRAGMENT, NULL, 0);
	stun_put_integrity(&writer, key);
	stun_put_fingerprint(&writer);
	return stun_end(&writer);
}

#define EVERYTHING_SIZE (20 + 12 + 24 + 8 + 12 + 12 + 16 + 4 + 24 + 8)

static void test_round_trip(void **state)
{
	static const uint8_t lifetime[] = {1, 2, 3, 4};
	uint8_t room[EVERYTHING_SIZE];
	struct transport_addr peer;
	struct stun_message message;
	struct stun_key key;
	uint16_t cursor = 0;

	stun_key_raw(&key, "key", 3);
	assert_int_equal(everything_write(room, sizeof(room), &key), sizeof(room));
	assert_int_equal(stun_parse(&message, room, sizeof(room)), 0);
	assert_memory_equal(message.transaction, transaction, sizeof(transaction));
	assert_int_equal(message.n_peers, 2);
	assert_int_equal(message.n_unknown, 0);
	assert_memory_equal(stun_value(&message, STUN_KNOWN_LIFETIME), lifetime, 4);
	assert_int_equal(message.attrs[STUN_KNOWN_USERNAME].length, 5);
	assert_int_equal(message.attrs[STUN_KNOWN_DONT_FRAGMENT].length, 0);
	assert_true(stun_has(&message, STUN_KNOWN_DONT_FRAGMENT));
	assert_false(stun_has(&message, STUN_KNOWN_DATA));
	assert_true(stun_integrity_ok(&message, &key));
	assert_true(stun_fingerprint_ok(&message));

	assert_int_equal(stun_peer_next(&message, &cursor, &peer), 1);
	assert_true(ip_addr_is_v4(&peer.ip) && peer.ip.words[3] == RTE_BE32(0xc6120202));
	assert_int_equal(peer.port, RTE_BE16(9));
	assert_int_equal(stun_peer_next(&message, &cursor, &peer), 1);
	assert_false(ip_addr_is_v4(&peer.ip));
	assert_int_equal(peer.ip.bytes[15], 2);
	assert_int_equal(peer.port, 0xffff);
	assert_int_equal(stun_peer_next(&message, &cursor, &peer), 0);
}

/* Each smaller room: nothing behind it is touched, and the length tells. */
static void test_overrun(void **state)
{
	struct stun_key key;
	size_t size;

	stun_key_raw(&key, "key", 3);
	for (size = 0; size < EVERYTHING_SIZE; size++) {
		uint8_t *room = malloc(size + 1);

		room[size] = 0xee;
		assert_int_equal(everything_write(room, size, &key), 0);
		assert_int_equal(room[size], 0xee);
		free(room);
	}
}

/* What does not fit is remembered: a smaller attribute behind it does not make the message whole
 * again. */
static void test_overrun_stays(void **state)
{
	struct stun_writer writer;
	uint8_t room[32];

	stun_begin(&writer, room, sizeof(room), STUN_BINDING, STUN_SUCCESS, transaction);
	assert_null(stun_put(&writer, STUN_ATTR_DATA, 65535));
	assert_null(stun_put(&writer, STUN_ATTR_DONT_FRAGMENT, 0));
	assert_int_equal(stun_end(&writer), 0);
}

/* 65,535 is the limit of offsets, however large the room is said to be. */
static void test_huge(void **state)
{
	struct stun_message message;
	struct stun_writer writer;
	uint8_t *room = calloc(1, 70000);

	stun_begin(&writer, room, 70000, STUN_SEND, STUN_INDICATION, transaction);
	assert_non_null(stun_put(&writer, STUN_ATTR_DATA, 65508));
	assert_int_equal(stun_end(&writer), 65532);
	assert_int_equal(stun_parse(&message, room, 65532), 0);
	assert_int_equal(message.attrs[STUN_KNOWN_DATA].length, 65508);
	assert_null(stun_put(&writer, STUN_ATTR_DONT_FRAGMENT, 0));
	assert_int_equal(stun_end(&writer), 0);
	free(room);
}

/* The response is made where the request lies: its transaction is taken from under it. */
static void test_in_place(void **state)
{
	struct ip_addr ip = ip_addr_v4(RTE_BE32(0xc6120102));
	struct stun_message message;
	struct stun_writer writer;
	struct stun_key key;
	uint8_t room[256];

	stun_key_raw(&key, "key", 3);
	assert_int_equal(stun_parse(&message, room, everything_write(room, sizeof(room), &key)), 0);
	stun_begin(&writer, room, sizeof(room), STUN_BINDING, STUN_SUCCESS, message.transaction);
	stun_put_xor_addr(&writer, STUN_ATTR_XOR_MAPPED_ADDRESS, &ip, RTE_BE16(1));
	assert_int_equal(stun_end(&writer), 32);
	assert_memory_equal(room + 8, transaction, sizeof(transaction));
	assert_int_equal(stun_parse(&message, room, 32), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_types),           cmocka_unit_test(test_401_is_52_bytes),
	        cmocka_unit_test(test_padding_is_zero), cmocka_unit_test(test_error_values),
	        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_overrun),
	        cmocka_unit_test(test_overrun_stays),   cmocka_unit_test(test_huge),
	        cmocka_unit_test(test_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
