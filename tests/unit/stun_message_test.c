/* SPDX-License-Identifier: BSD-3-Clause */
/* Hostile messages: each is a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_common.h>

#include "stun/integrity.h"
#include "stun/message.h"

#define V4_PEER "\x00\x01\x21\x1b\xe7\x00\xa6\x40" /* 198.18.2.2:9 */

/* claim: the length that it says, where that is not the value's. */
struct attr_row {
	uint16_t type;
	uint16_t size;
	const char *value; /* NULL: zeros */
	uint16_t claim;
	bool lies;
};

#define ATTR(name, size, value)                                                                    \
	{                                                                                          \
		STUN_ATTR_##name, size, value                                                      \
	}
#define LIE(name, size, claim)                                                                     \
	{                                                                                          \
		STUN_ATTR_##name, size, NULL, claim, true                                          \
	}
#define TYPE(type, size)                                                                           \
	{                                                                                          \
		type, size                                                                         \
	}
#define INTEGRITY ATTR(MESSAGE_INTEGRITY, 20, NULL)

static size_t message_build(uint8_t *message, const struct attr_row *attrs, size_t count)
{
	static const uint8_t header[] = {0x00, 0x03, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42};
	size_t length = STUN_HEADER_SIZE, i;

	memset(message, 0, STUN_HEADER_SIZE);
	memcpy(message, header, sizeof(header));
	for (i = 0; i < count && (attrs[i].type != 0 || attrs[i].size != 0); i++) {
		uint16_t claim = attrs[i].lies ? attrs[i].claim : attrs[i].size;
		uint8_t *at = message + length;
		size_t padded = RTE_ALIGN(attrs[i].size, 4);

		at[0] = attrs[i].type >> 8;
		at[1] = attrs[i].type & 0xff;
		at[2] = claim >> 8;
		at[3] = claim & 0xff;
		memset(at + 4, 0, padded);
		if (attrs[i].value != NULL)
			memcpy(at + 4, attrs[i].value, attrs[i].size);
		length += 4 + padded;
	}
	message[2] = (length - STUN_HEADER_SIZE) >> 8;
	message[3] = (length - STUN_HEADER_SIZE) & 0xff;
	return length;
}

/* Parsed from a heap block of exactly its size, so that a sanitizer sees a byte too far. */
struct parsed {
	uint8_t *data;
	struct stun_message message;
	int result;
};

static struct parsed message_parse(const uint8_t *data, size_t length)
{
	struct parsed parsed = {.data = malloc(length > 0 ? length : 1)};

	memcpy(parsed.data, data, length);
	parsed.result = stun_parse(&parsed.message, parsed.data, length);
	return parsed;
}

static bool header_judge(const uint8_t *bytes, size_t length)
{
	uint8_t *data = malloc(length > 0 ? length : 1);
	bool valid;

	memcpy(data, bytes, length);
	valid = stun_header_valid(data, length);
	free(data);
	return valid;
}

static void test_headers(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[24];
		size_t length;
		bool valid;
	} rows[] = {
	        {"binding", {0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42}, 20, true},
	        {"one attribute", {0x00, 0x01, 0x00, 0x04, 0x21, 0x12, 0xa4, 0x42}, 24, true},
	        {"nothing", {0}, 0, false},
	        {"a byte short", {0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42}, 19, false},
	        {"first bits", {0x40, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42}, 20, false},
	        {"cookie", {0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x43}, 20, false},
	        {"says more", {0x00, 0x01, 0x00, 0x04, 0x21, 0x12, 0xa4, 0x42}, 20, false},
	        {"says less", {0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42}, 24, false},
	        {"odd", {0x00, 0x01, 0x00, 0x02, 0x21, 0x12, 0xa4, 0x42}, 22, false},
	        {"65535", {0x00, 0x01, 0xff, 0xff, 0x21, 0x12, 0xa4, 0x42}, 24, false},
	        {"65532", {0x00, 0x01, 0xff, 0xfc, 0x21, 0x12, 0xa4, 0x42}, 24, false},
	};
	size_t i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		if (header_judge(rows[i].bytes, rows[i].length) != rows[i].valid)
			fail_msg("%s", rows[i].name);
	}
}

/* A header that says 65532 bytes, and a block that has them: 16-bit arithmetic would wrap at 65552.
 */
static void test_length_wraps(void **state)
{
	uint8_t *data = calloc(1, 65552);

	memcpy(data, "\x00\x01\xff\xfc\x21\x12\xa4\x42", 8);
	assert_false(stun_header_valid(data, 65552));
	free(data);
}

#define HAS(name) (1u << STUN_KNOWN_##name)

static const struct message_row {
	const char *name;
	struct attr_row attrs[6];
	int result;
	uint32_t present;
	uint16_t n_peers;
	uint16_t unknown[3];
} message_rows[] = {
        {"empty", {{0}}, 0, 0, 0, {0}},
        {"all of an allocate",
         {ATTR(REQUESTED_TRANSPORT, 4, "\x11\0\0\0"), ATTR(USERNAME, 5, "alice"),
          ATTR(REALM, 3, "abc"), ATTR(NONCE, 12, "abcdefghijkl"), INTEGRITY,
          ATTR(FINGERPRINT, 4, NULL)},
         0,
         HAS(REQUESTED_TRANSPORT) | HAS(USERNAME) | HAS(REALM) | HAS(NONCE) |
                 HAS(MESSAGE_INTEGRITY) | HAS(FINGERPRINT),
         0,
         {0}},

        {"claims 65535", {LIE(DATA, 4, 65535)}, -EBADMSG, 0, 0, {0}},
        {"claims 65532", {LIE(DATA, 4, 65532)}, -EBADMSG, 0, 0, {0}},
        {"claims a byte more", {LIE(USERNAME, 4, 5)}, -EBADMSG, 0, 0, {0}},
        {"claims what a header would fill", {LIE(USERNAME, 0, 4)}, -EBADMSG, 0, 0, {0}},
        {"unknown claims 65535", {{0x7abc, 4, NULL, 65535, true}}, -EBADMSG, 0, 0, {0}},
        {"claims 65535 behind the integrity",
         {INTEGRITY, LIE(DATA, 4, 65535)},
         -EBADMSG,
         0,
         0,
         {0}},
        {"claims less, and goes on in the value",
         {{STUN_ATTR_USERNAME, 8, "abc\0\x80\x22\0", 3, true}},
         0,
         HAS(USERNAME),
         0,
         {0}},

        {"channel number of 1 byte", {ATTR(CHANNEL_NUMBER, 1, NULL)}, 0, 0, 0, {0}},
        {"channel number of 2", {ATTR(CHANNEL_NUMBER, 2, NULL)}, 0, HAS(CHANNEL_NUMBER), 0, {0}},
        {"lifetime of 8", {ATTR(LIFETIME, 8, NULL)}, 0, 0, 0, {0}},
        {"lifetime of 0", {ATTR(LIFETIME, 0, NULL)}, 0, 0, 0, {0}},
        {"transport of 1", {ATTR(REQUESTED_TRANSPORT, 1, NULL)}, 0, 0, 0, {0}},
        {"family of 0", {ATTR(REQUESTED_ADDRESS_FAMILY, 0, NULL)}, 0, 0, 0, {0}},
        {"second family of 8", {ATTR(ADDITIONAL_ADDRESS_FAMILY, 8, NULL)}, 0, 0, 0, {0}},
        {"even port of 0", {ATTR(EVEN_PORT, 0, NULL)}, 0, 0, 0, {0}},
        {"even port", {ATTR(EVEN_PORT, 1, "\x80")}, 0, HAS(EVEN_PORT), 0, {0}},
        {"even port of 4", {ATTR(EVEN_PORT, 4, NULL)}, 0, HAS(EVEN_PORT), 0, {0}},
        {"don't fragment of 4", {ATTR(DONT_FRAGMENT, 4, NULL)}, 0, HAS(DONT_FRAGMENT), 0, {0}},
        {"don't fragment of 5", {ATTR(DONT_FRAGMENT, 5, NULL)}, 0, 0, 0, {0}},
        {"token of 4", {ATTR(RESERVATION_TOKEN, 4, NULL)}, 0, 0, 0, {0}},
        {"integrity of 16", {ATTR(MESSAGE_INTEGRITY, 16, NULL)}, -EBADMSG, 0, 0, {0}},
        {"integrity of 32", {ATTR(MESSAGE_INTEGRITY, 32, NULL)}, -EBADMSG, 0, 0, {0}},
        {"integrity of 0", {ATTR(MESSAGE_INTEGRITY, 0, NULL)}, -EBADMSG, 0, 0, {0}},
        {"fingerprint of 8", {ATTR(FINGERPRINT, 8, NULL)}, -EBADMSG, 0, 0, {0}},
        {"user name of 763", {ATTR(USERNAME, 763, NULL)}, 0, HAS(USERNAME), 0, {0}},
        {"user name of 764", {ATTR(USERNAME, 764, NULL)}, 0, 0, 0, {0}},
        {"realm of 764", {ATTR(REALM, 764, NULL)}, 0, 0, 0, {0}},
        {"nonce of 764", {ATTR(NONCE, 764, NULL)}, 0, 0, 0, {0}},
        {"empty data", {ATTR(DATA, 0, NULL)}, 0, HAS(DATA), 0, {0}},

        {"two integrities", {INTEGRITY, INTEGRITY}, 0, HAS(MESSAGE_INTEGRITY), 0, {0}},
        {"a short second integrity",
         {INTEGRITY, ATTR(MESSAGE_INTEGRITY, 4, NULL)},
         0,
         HAS(MESSAGE_INTEGRITY),
         0,
         {0}},
        {"attributes after the integrity",
         {INTEGRITY, ATTR(LIFETIME, 4, NULL), ATTR(XOR_PEER_ADDRESS, 8, V4_PEER), TYPE(0x7abc, 4),
          ATTR(USERNAME, 4, "root")},
         0,
         HAS(MESSAGE_INTEGRITY),
         0,
         {0}},
        {"a wrong length after the integrity",
         {INTEGRITY, ATTR(LIFETIME, 3, NULL)},
         0,
         HAS(MESSAGE_INTEGRITY),
         0,
         {0}},
        {"both integrities",
         {INTEGRITY, ATTR(MESSAGE_INTEGRITY_SHA256, 32, NULL), ATTR(FINGERPRINT, 4, NULL)},
         0,
         HAS(MESSAGE_INTEGRITY) | HAS(MESSAGE_INTEGRITY_SHA256) | HAS(FINGERPRINT),
         0,
         {0}},
        {"the other order",
         {ATTR(MESSAGE_INTEGRITY_SHA256, 32, NULL), INTEGRITY, ATTR(LIFETIME, 4, NULL)},
         0,
         HAS(MESSAGE_INTEGRITY_SHA256),
         0,
         {0}},
        {"something after the fingerprint",
         {ATTR(FINGERPRINT, 4, NULL), ATTR(SOFTWARE, 4, "abcd")},
         -EBADMSG,
         0,
         0,
         {0}},
        {"two fingerprints",
         {ATTR(FINGERPRINT, 4, NULL), ATTR(FINGERPRINT, 4, NULL)},
         -EBADMSG,
         0,
         0,
         {0}},
        {"the integrity after the fingerprint",
         {ATTR(FINGERPRINT, 4, NULL), INTEGRITY},
         -EBADMSG,
         0,
         0,
         {0}},

        {"a wrong length in a duplicate",
         {ATTR(LIFETIME, 4, NULL), ATTR(LIFETIME, 3, NULL)},
         0,
         HAS(LIFETIME),
         0,
         {0}},
        {"two peers",
         {ATTR(XOR_PEER_ADDRESS, 8, V4_PEER), ATTR(XOR_PEER_ADDRESS, 20, NULL)},
         0,
         HAS(XOR_PEER_ADDRESS),
         2,
         {0}},
        {"unknown ones, each once",
         {TYPE(0x7abc, 4), TYPE(0x0024, 4), TYPE(0x7abc, 8), TYPE(0x0003, 4), TYPE(0x8031, 4)},
         0,
         0,
         0,
         {0x7abc, 0x0024, 0x0003}},
        {"known, but not asked for",
         {ATTR(XOR_MAPPED_ADDRESS, 8, NULL), ATTR(ERROR_CODE, 4, NULL), ATTR(SOFTWARE, 1, "x"),
          ATTR(XOR_RELAYED_ADDRESS, 0, NULL), ATTR(MAPPED_ADDRESS, 8, NULL)},
         0,
         0,
         0,
         {0}},
};

static void assert_row(const struct message_row *row, const struct stun_message *message,
                       int result)
{
	size_t i, unknown = 0;

	while (unknown < RTE_DIM(row->unknown) && row->unknown[unknown] != 0)
		unknown++;
	if (result != row->result)
		fail_msg("%s: %d", row->name, result);
	assert_int_equal(message->method, STUN_ALLOCATE);
	assert_int_equal(message->class, STUN_REQUEST);
	if (result != 0)
		return;
	if (message->present != row->present || message->n_peers != row->n_peers ||
	    message->n_unknown != unknown)
		fail_msg("%s: present %x, %u peers, %u unknown", row->name, message->present,
		         message->n_peers, message->n_unknown);
	for (i = 0; i < unknown; i++)
		assert_int_equal(message->unknown[i], row->unknown[i]);
}

static void test_messages(void **state)
{
	uint8_t data[2048];
	size_t i, length;

	for (i = 0; i < RTE_DIM(message_rows); i++) {
		const struct message_row *row = &message_rows[i];
		struct parsed parsed;

		length = message_build(data, row->attrs, RTE_DIM(row->attrs));
		parsed = message_parse(data, length);
		assert_row(row, &parsed.message, parsed.result);
		free(parsed.data);
	}
}

/* Each row, cut at each byte, with a header that says so where it can: never read too far, never
 * taken whole. */
static void test_truncated(void **state)
{
	uint8_t data[2048];
	size_t i, cut, length;

	for (i = 0; i < RTE_DIM(message_rows); i++) {
		length = message_build(data, message_rows[i].attrs, RTE_DIM(message_rows[i].attrs));
		for (cut = 0; cut < length; cut++)
			assert_false(header_judge(data, cut));
		for (cut = STUN_HEADER_SIZE; cut < length; cut += 4) {
			struct parsed parsed;

			data[2] = (cut - STUN_HEADER_SIZE) >> 8;
			data[3] = (cut - STUN_HEADER_SIZE) & 0xff;
			parsed = message_parse(data, cut);
			assert_true(parsed.result == 0 || parsed.result == -EBADMSG);
			free(parsed.data);
		}
	}
}

static void test_unknown_is_bounded(void **state)
{
	struct attr_row attrs[20];
	struct parsed parsed;
	uint8_t data[256];
	size_t i;

	for (i = 0; i < RTE_DIM(attrs); i++)
		attrs[i] = (struct attr_row)TYPE(0x7000 + i, 4);
	parsed = message_parse(data, message_build(data, attrs, RTE_DIM(attrs)));
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.message.n_unknown, STUN_UNKNOWN_MAX);
	assert_int_equal(parsed.message.unknown[STUN_UNKNOWN_MAX - 1], 0x7007);
	free(parsed.data);
}

/* The first of equal attributes counts. */
static void test_first_counts(void **state)
{
	static const struct attr_row attrs[] = {ATTR(USERNAME, 3, "one"), ATTR(USERNAME, 3, "two")};
	struct parsed parsed;
	uint8_t data[64];

	parsed = message_parse(data, message_build(data, attrs, RTE_DIM(attrs)));
	assert_int_equal(parsed.result, 0);
	assert_memory_equal(stun_value(&parsed.message, STUN_KNOWN_USERNAME), "one", 3);
	free(parsed.data);
}

/* The transaction is zero in these messages: an IPv6 address is masked in its first four bytes
 * alone. */
static void test_peers(void **state)
{
	static const struct {
		const char *name;
		uint16_t size;
		const char *value;
		int result;
	} rows[] = {
	        {"IPv4", 8, V4_PEER, 1},
	        {"IPv6", 20, "\0\x02\0\0\x01\x13\xa4\x40\0\0\0\0\0\0\0\0\0\0\0\1",
	         1}, /* 2001:2::1 */
	        {"reserved byte", 8, "\xff\x01\0\0\0\0\0\0", 1},
	        {"family 0", 8, "\0\0\0\0\0\0\0\0", -EBADMSG},
	        {"family 3", 8, "\0\x03\0\0\0\0\0\0", -EBADMSG},
	        {"IPv4 in 20", 20, "\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", -EBADMSG},
	        {"IPv6 in 8", 8, "\0\x02\0\0\0\0\0\0", -EBADMSG},
	        {"IPv6 in 16", 16, "\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0", -EBADMSG},
	        {"v4-mapped", 20, "\0\x02\0\0\x21\x12\xa4\x42\0\0\0\0\0\0\xff\xff\x0a\0\0\1",
	         -EAFNOSUPPORT},
	        {"v4-compatible", 20, "\0\x02\0\0\x21\x12\xa4\x42\0\0\0\0\0\0\0\0\x0a\0\0\1", 1},
	};
	uint8_t data[64];
	size_t i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		struct attr_row attr = {STUN_ATTR_XOR_PEER_ADDRESS, rows[i].size, rows[i].value};
		struct parsed parsed = message_parse(data, message_build(data, &attr, 1));
		struct transport_addr peer;
		uint16_t cursor = 0;
		int result;

		assert_int_equal(parsed.result, 0);
		result = stun_peer_next(&parsed.message, &cursor, &peer);
		if (result != rows[i].result)
			fail_msg("%s: %d", rows[i].name, result);
		if (result == 1)
			assert_int_equal(stun_peer_next(&parsed.message, &cursor, &peer), 0);
		free(parsed.data);
	}
}

/* Only what stands before the integrity is walked over, other attributes between. */
static void test_peer_walk(void **state)
{
	static const struct attr_row attrs[] = {
	        ATTR(XOR_PEER_ADDRESS, 8, V4_PEER),
	        ATTR(SOFTWARE, 3, "abc"),
	        ATTR(XOR_PEER_ADDRESS, 4, NULL),
	        ATTR(XOR_PEER_ADDRESS, 8, V4_PEER),
	        INTEGRITY,
	        ATTR(XOR_PEER_ADDRESS, 8, V4_PEER),
	};
	static const int results[] = {1, -EBADMSG};
	struct transport_addr peer;
	struct parsed parsed;
	uint8_t data[128];
	uint16_t cursor = 0;
	size_t i;

	parsed = message_parse(data, message_build(data, attrs, RTE_DIM(attrs)));
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.message.n_peers, 3);
	for (i = 0; i < RTE_DIM(results); i++)
		assert_int_equal(stun_peer_next(&parsed.message, &cursor, &peer), results[i]);
	assert_true(ip_addr_is_v4(&peer.ip));
	assert_int_equal(peer.ip.words[3], RTE_BE32(0xc6120202));
	assert_int_equal(peer.port, RTE_BE16(9));
	free(parsed.data);
}

static void test_channel_data(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[12];
		size_t length;
		bool valid;
	} rows[] = {
	        {"whole", {0x40, 0x00, 0x00, 0x04, 1, 2, 3, 4}, 8, true},
	        {"last channel", {0x4f, 0xff, 0x00, 0x00}, 4, true},
	        {"padded", {0x40, 0x01, 0x00, 0x01, 1, 0, 0, 0}, 8, true},
	        {"a byte short", {0x40, 0x00, 0x00, 0x05, 1, 2, 3, 4}, 8, false},
	        {"header cut", {0x40, 0x00, 0x00}, 3, false},
	        {"nothing", {0}, 0, false},
	        {"claims 65535", {0x40, 0x00, 0xff, 0xff, 1, 2, 3, 4}, 8, false},
	        {"below", {0x3f, 0xff, 0x00, 0x00}, 4, false},
	        {"above", {0x80, 0x00, 0x00, 0x00}, 4, false},
	};
	uint16_t channel, length;
	size_t i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		if (stun_channel_parse(rows[i].bytes, rows[i].length, &channel, &length) !=
		    rows[i].valid)
			fail_msg("%s", rows[i].name);
		if (rows[i].valid) {
			assert_int_equal(channel, rows[i].bytes[0] << 8 | rows[i].bytes[1]);
			assert_int_equal(length, rows[i].bytes[3]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_headers),
	        cmocka_unit_test(test_length_wraps),
	        cmocka_unit_test(test_messages),
	        cmocka_unit_test(test_truncated),
	        cmocka_unit_test(test_unknown_is_bounded),
	        cmocka_unit_test(test_first_counts),
	        cmocka_unit_test(test_peers),
	        cmocka_unit_test(test_peer_walk),
	        cmocka_unit_test(test_channel_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
