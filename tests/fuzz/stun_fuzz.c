/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any datagram that classify may take for STUN or ChannelData: read it, walk over its peers, answer
 * it in its own place, and write what was read anew: the copy must read as the original did.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "stun/nonce.h"
#include "stun/writer.h"

static const struct stun_nonce_keys nonce_keys = {{{1, 2}, {3, 4}}};
static const struct transport_addr client = {
        {{.bytes = {[10] = 0xff, [11] = 0xff, [12] = 198, [13] = 18}}}, 9, 0};

/* In the order of enum stun_known, but for what the writer makes by itself. */
static const uint16_t known_types[STUN_KNOWN_COUNT] = {
        [STUN_KNOWN_USERNAME] = STUN_ATTR_USERNAME,
        [STUN_KNOWN_CHANNEL_NUMBER] = STUN_ATTR_CHANNEL_NUMBER,
        [STUN_KNOWN_LIFETIME] = STUN_ATTR_LIFETIME,
        [STUN_KNOWN_DATA] = STUN_ATTR_DATA,
        [STUN_KNOWN_REALM] = STUN_ATTR_REALM,
        [STUN_KNOWN_NONCE] = STUN_ATTR_NONCE,
        [STUN_KNOWN_REQUESTED_ADDRESS_FAMILY] = STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
        [STUN_KNOWN_EVEN_PORT] = STUN_ATTR_EVEN_PORT,
        [STUN_KNOWN_REQUESTED_TRANSPORT] = STUN_ATTR_REQUESTED_TRANSPORT,
        [STUN_KNOWN_DONT_FRAGMENT] = STUN_ATTR_DONT_FRAGMENT,
        [STUN_KNOWN_RESERVATION_TOKEN] = STUN_ATTR_RESERVATION_TOKEN,
        [STUN_KNOWN_ADDITIONAL_ADDRESS_FAMILY] = STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY,
};

/* Spans lie within the message, the fingerprint last. */
static void message_check(const struct stun_message *message, const uint8_t *data, size_t size)
{
	unsigned int i;

	CHECK(message->start == data && message->length == size &&
	      message->transaction == data + 8);
	CHECK(message->n_unknown <= STUN_UNKNOWN_MAX);
	/* one of no legal length counts, and is not there */
	CHECK(stun_has(message, STUN_KNOWN_XOR_PEER_ADDRESS) == (message->n_peers > 0) ||
	      message->bad_length);
	for (i = 0; i < STUN_KNOWN_COUNT; i++) {
		if (!stun_has(message, i))
			continue;
		CHECK(message->attrs[i].offset >= STUN_HEADER_SIZE + 4);
		CHECK((uint32_t)message->attrs[i].offset + message->attrs[i].length <= size);
	}
	if (stun_has(message, STUN_KNOWN_FINGERPRINT))
		CHECK(message->attrs[STUN_KNOWN_FINGERPRINT].offset + 4u == size);
}

/* Returns how many peers were well-formed, written to the copy as well. */
static unsigned int peers_copy(const struct stun_message *message, struct stun_writer *writer)
{
	struct transport_addr peer;
	unsigned int walked = 0, copied = 0;
	uint16_t cursor = 0;
	int result;

	while ((result = stun_peer_next(message, &cursor, &peer)) != 0) {
		CHECK(result == 1 || result == -EBADMSG || result == -EAFNOSUPPORT);
		CHECK(++walked <= message->n_peers);
		if (result != 1)
			break;
		stun_put_xor_addr(writer, STUN_ATTR_XOR_PEER_ADDRESS, &peer.ip, peer.port);
		copied++;
	}
	return copied;
}

/* The same peers in the same order. */
static void peers_check(const struct stun_message *message, const struct stun_message *copy,
                        unsigned int count)
{
	uint16_t cursor = 0, copy_cursor = 0;
	struct transport_addr peer, copied;

	while (count-- > 0) {
		CHECK(stun_peer_next(message, &cursor, &peer) == 1);
		CHECK(stun_peer_next(copy, &copy_cursor, &copied) == 1);
		CHECK(ip_addr_equal(&peer.ip, &copied.ip) && peer.port == copied.port);
	}
	CHECK(stun_peer_next(copy, &copy_cursor, &copied) == 0);
}

/* Everything that was copied reads as it did, and the two attributes behind it are right. */
static void copy_check(const struct stun_message *message, const uint8_t *data, uint16_t length,
                       unsigned int peers, const struct stun_key *key)
{
	struct stun_message copy;
	unsigned int i;

	CHECK(stun_parse(&copy, data, length) == 0);
	CHECK(copy.method == message->method && copy.class == message->class);
	CHECK(stun_integrity_ok(&copy, key) && stun_fingerprint_ok(&copy));
	CHECK(copy.n_peers == peers && copy.n_unknown == 0);
	peers_check(message, &copy, peers);
	for (i = 0; i < STUN_KNOWN_COUNT; i++) {
		if (known_types[i] == 0)
			continue;
		CHECK(stun_has(&copy, i) == stun_has(message, i));
		CHECK(copy.attrs[i].length == message->attrs[i].length);
		CHECK(memcmp(stun_value(&copy, i), stun_value(message, i), copy.attrs[i].length) ==
		      0);
	}
}

/* The room is exactly enough, or a little less: the writer's length must tell which. */
static void message_copy(const struct stun_message *message, size_t room,
                         const struct stun_key *key)
{
	uint8_t *buffer = malloc(room);
	struct stun_writer writer;
	unsigned int i, peers;
	uint16_t length;

	stun_begin(&writer, buffer, room, message->method, message->class, message->transaction);
	peers = peers_copy(message, &writer);
	for (i = 0; i < STUN_KNOWN_COUNT; i++) {
		if (known_types[i] != 0 && stun_has(message, i))
			stun_put_bytes(&writer, known_types[i], stun_value(message, i),
			               message->attrs[i].length);
	}
	stun_put_integrity(&writer, key);
	stun_put_fingerprint(&writer);
	length = stun_end(&writer);
	CHECK(length <= room);
	if (length > 0)
		copy_check(message, buffer, length, peers, key);
	else /* the original has all of it but for the last two, 24 and 8 bytes */
		CHECK(room < message->length + 32u);
	free(buffer);
}

/* A 401 in the request's place, in a datagram that may be too short for it. */
static void answer_in_place(const uint8_t *data, size_t size)
{
	uint8_t *room = malloc(size);
	struct stun_message message;
	struct stun_writer writer;
	char nonce[STUN_NONCE_SIZE];
	uint16_t length;

	memcpy(room, data, size);
	stun_nonce_make(nonce, &nonce_keys, &client.ip, client.port, data[8]);
	CHECK(stun_parse(&message, room, size) == 0);
	stun_begin(&writer, room, size, message.method, STUN_ERROR, message.transaction);
	stun_put_error(&writer, STUN_401_UNAUTHENTICATED);
	stun_put_unknown(&writer, message.unknown, message.n_unknown);
	stun_put_bytes(&writer, STUN_ATTR_REALM, "turn", 4);
	stun_put_bytes(&writer, STUN_ATTR_NONCE, nonce, sizeof(nonce));
	length = stun_end(&writer);
	CHECK(length <= size && length % 4 == 0);
	if (length > 0) {
		CHECK(memcmp(room + 8, data + 8, STUN_TRANSACTION_SIZE) == 0);
		CHECK(stun_parse(&message, room, length) == 0);
		CHECK(stun_nonce_check(stun_value(&message, STUN_KNOWN_NONCE), sizeof(nonce),
		                       &nonce_keys, &client.ip, client.port,
		                       data[8]) == STUN_NONCE_VALID);
	}
	free(room);
}

static void channel_data_read(const uint8_t *data, size_t size)
{
	uint16_t channel, length;

	if (!stun_channel_parse(data, size, &channel, &length))
		return;
	CHECK(channel >= STUN_CHANNEL_MIN && channel <= STUN_CHANNEL_MAX);
	CHECK((size_t)length + STUN_CHANNEL_HEADER_SIZE <= size);
}

static void credentials_read(const struct stun_message *message, struct stun_key *key)
{
	const struct stun_span *user = &message->attrs[STUN_KNOWN_USERNAME];
	const struct stun_span *nonce = &message->attrs[STUN_KNOWN_NONCE];
	struct stun_raw_key raw;
	struct stun_key secret;

	stun_key_raw(&secret, "north", 5);
	stun_key_long_term(key, "demo", 4, "sluice", "demo", 4);
	if (stun_has(message, STUN_KNOWN_USERNAME) &&
	    stun_user_read(stun_value(message, STUN_KNOWN_USERNAME), user->length).expiry != 0)
		stun_key_time_limited(key, &secret, stun_value(message, STUN_KNOWN_USERNAME),
		                      user->length, "sluice");
	if (stun_has(message, STUN_KNOWN_NONCE))
		stun_nonce_check(stun_value(message, STUN_KNOWN_NONCE), nonce->length, &nonce_keys,
		                 &client.ip, client.port, 1700000000);
	if (stun_integrity_ok(message, key))
		CHECK(stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY));
	stun_raw_long_term(&raw, STUN_SHA256, "demo", 4, "sluice", "demo", 4);
	if (stun_integrity_sha256_ok(message, &raw))
		CHECK(stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY_SHA256));
}

/*
 * Nearly every mutation of a message spoils the header, and all of those end alike: most are given
 * a right one again, so that the time goes to the attributes.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};

	size = LLVMFuzzerMutate(data, size, max_size);
	if (seed % 8 == 0 || size < STUN_HEADER_SIZE || size > UINT16_MAX ||
	    (data[0] & 0xc0) == 0x40)
		return size;
	size &= ~(size_t)3;
	data[0] &= 0x3f;
	data[2] = (size - STUN_HEADER_SIZE) >> 8;
	data[3] = (size - STUN_HEADER_SIZE) & 0xff;
	memcpy(data + 4, cookie, sizeof(cookie));
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stun_message message;
	struct stun_key key;

	channel_data_read(data, size);
	if (!stun_header_valid(data, size))
		return 0;
	if (stun_parse(&message, data, size) < 0) {
		/* What a 400 is made of is there whenever the header is right. */
		CHECK(message.transaction == data + 8);
		return 0;
	}
	message_check(&message, data, size);
	stun_fingerprint_ok(&message);
	credentials_read(&message, &key);
	message_copy(&message, size + 32, &key);
	message_copy(&message, size, &key);
	answer_in_place(data, size);
	return 0;
}
