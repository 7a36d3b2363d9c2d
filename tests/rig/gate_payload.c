/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate_payload.h"

#include "stun/attribute.h"
#include "stun/nonce.h"
#include "stun/writer.h"

#include <string.h>
#include <time.h>

static const uint8_t transaction[STUN_TRANSACTION_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void begin(struct stun_writer *writer, uint8_t *payload, uint16_t method,
                  enum stun_class class)
{
	stun_begin(writer, payload, GATE_PAYLOAD_MAX, method, class, transaction);
}

static void put_transport(struct stun_writer *writer)
{
	static const uint8_t udp[4] = {17};

	stun_put_bytes(writer, STUN_ATTR_REQUESTED_TRANSPORT, udp, sizeof(udp));
}

static void put_integrity(struct stun_writer *writer)
{
	struct stun_key key;

	stun_key_raw(&key, "key", 3);
	stun_put_integrity(writer, &key);
}

static uint16_t bare(uint8_t *payload, uint16_t method, enum stun_class class)
{
	struct stun_writer writer;

	begin(&writer, payload, method, class);
	return stun_end(&writer);
}

PAYLOAD(binding)
{
	return bare(payload, STUN_BINDING, STUN_REQUEST);
}

PAYLOAD(binding_indication)
{
	return bare(payload, STUN_BINDING, STUN_INDICATION);
}

PAYLOAD(binding_success)
{
	return bare(payload, STUN_BINDING, STUN_SUCCESS);
}

PAYLOAD(allocate_error)
{
	return bare(payload, STUN_ALLOCATE, STUN_ERROR);
}

PAYLOAD(send_indication)
{
	return bare(payload, STUN_SEND, STUN_INDICATION);
}

PAYLOAD(data_indication)
{
	return bare(payload, STUN_DATA, STUN_INDICATION);
}

PAYLOAD(send_request)
{
	return bare(payload, STUN_SEND, STUN_REQUEST);
}

PAYLOAD(method_far)
{
	return bare(payload, 0x081, STUN_REQUEST);
}

PAYLOAD(allocate_bare)
{
	return bare(payload, STUN_ALLOCATE, STUN_REQUEST);
}

PAYLOAD(refresh_bare)
{
	return bare(payload, STUN_REFRESH, STUN_REQUEST);
}

PAYLOAD(permission_bare)
{
	return bare(payload, STUN_CREATE_PERMISSION, STUN_REQUEST);
}

PAYLOAD(channel_bare)
{
	return bare(payload, STUN_CHANNEL_BIND, STUN_REQUEST);
}

PAYLOAD(allocate)
{
	struct stun_writer writer;

	begin(&writer, payload, STUN_ALLOCATE, STUN_REQUEST);
	put_transport(&writer);
	return stun_end(&writer);
}

PAYLOAD(allocate_print)
{
	struct stun_writer writer;

	begin(&writer, payload, STUN_ALLOCATE, STUN_REQUEST);
	put_transport(&writer);
	stun_put_fingerprint(&writer);
	return stun_end(&writer);
}

/* REQUESTED-TRANSPORT behind the integrity, where it does not count. */
PAYLOAD(allocate_behind)
{
	struct stun_writer writer;

	begin(&writer, payload, STUN_ALLOCATE, STUN_REQUEST);
	put_integrity(&writer);
	put_transport(&writer);
	return stun_end(&writer);
}

PAYLOAD(refresh)
{
	struct stun_writer writer;

	begin(&writer, payload, STUN_REFRESH, STUN_REQUEST);
	put_integrity(&writer);
	return stun_end(&writer);
}

/* An attribute that claims more than there is: what stands before it was read. */
PAYLOAD(allocate_overrun)
{
	uint16_t length = allocate(payload, config, frame);

	payload[length - 5] = 200;
	return length;
}

enum nonce_kind {
	MADE_CURRENT,
	MADE_PREVIOUS,
	MADE_LATE,     /* under the previous key, by a host that heard late of the change */
	MADE_DEAD_KEY, /* two rotations ago */
	MADE_OLD,
	MADE_OF_ANOTHER_PORT,
	MADE_NOT_BASE64,
};

/* Which key, and when, for a key that makes nonces since GATE_KEY_AGE_S. */
static const struct {
	uint32_t keys_back;
	uint32_t age_s;
} nonce_kinds[] = {
        [MADE_CURRENT] = {0, 5},
        [MADE_PREVIOUS] = {1, GATE_KEY_AGE_S + 300},
        [MADE_LATE] = {1, GATE_KEY_AGE_S - 30},
        [MADE_DEAD_KEY] = {2, GATE_KEY_AGE_S + 300},
        [MADE_OLD] = {1, NONCE_LIFETIME_S + 120},
        [MADE_OF_ANOTHER_PORT] = {0, 5},
        [MADE_NOT_BASE64] = {0, 5},
};

/* method with a nonce that is ours, or nearly; attributes in front of it as browsers have them. */
static uint16_t with_nonce(uint8_t *payload, const struct gate_config *config,
                           const struct frame *frame, uint16_t method, enum nonce_kind kind,
                           unsigned int attributes)
{
	uint32_t key =
	        (config->nonce_current - nonce_kinds[kind].keys_back) & (GATE_NONCE_KEYS - 1);
	const struct stun_nonce_keys keys = {
	        .keys = {{config->nonce[key].k0, config->nonce[key].k1}}};
	uint64_t made = (uint64_t)time(NULL) - nonce_kinds[kind].age_s;
	uint16_t port = frame->from.port ^ (kind == MADE_OF_ANOTHER_PORT ? 1 : 0);
	struct stun_writer writer;
	char nonce[STUN_NONCE_SIZE];

	stun_nonce_make(nonce, &keys, &frame->from.ip, port, made);
	if (kind == MADE_NOT_BASE64)
		nonce[4] = '!';
	begin(&writer, payload, method, STUN_REQUEST);
	while (attributes-- > 0)
		stun_put_bytes(&writer, STUN_ATTR_SOFTWARE, "a client", 8);
	if (method == STUN_ALLOCATE)
		put_transport(&writer);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, "1893456000:somebody", 19);
	stun_put_bytes(&writer, STUN_ATTR_REALM, "sluice", 6);
	stun_put_bytes(&writer, STUN_ATTR_NONCE, nonce, sizeof(nonce));
	put_integrity(&writer);
	return stun_end(&writer);
}

PAYLOAD(allocate_verified)
{
	return with_nonce(payload, config, frame, STUN_ALLOCATE, MADE_CURRENT, 0);
}

PAYLOAD(allocate_previous)
{
	return with_nonce(payload, config, frame, STUN_ALLOCATE, MADE_PREVIOUS, 0);
}

PAYLOAD(allocate_late)
{
	return with_nonce(payload, config, frame, STUN_ALLOCATE, MADE_LATE, 0);
}

PAYLOAD(allocate_dead)
{
	return with_nonce(payload, config, frame, STUN_ALLOCATE, MADE_DEAD_KEY, 0);
}

PAYLOAD(allocate_stale)
{
	return with_nonce(payload, config, frame, STUN_ALLOCATE, MADE_OLD, 0);
}

PAYLOAD(allocate_forged)
{
	return with_nonce(payload, config, frame, STUN_ALLOCATE, MADE_OF_ANOTHER_PORT, 0);
}

PAYLOAD(allocate_not_base64)
{
	return with_nonce(payload, config, frame, STUN_ALLOCATE, MADE_NOT_BASE64, 0);
}

PAYLOAD(refresh_verified)
{
	return with_nonce(payload, config, frame, STUN_REFRESH, MADE_CURRENT, 0);
}

PAYLOAD(refresh_forged)
{
	return with_nonce(payload, config, frame, STUN_REFRESH, MADE_OF_ANOTHER_PORT, 0);
}

PAYLOAD(allocate_crowded)
{
	return with_nonce(payload, config, frame, STUN_ALLOCATE, MADE_CURRENT, GATE_ATTRS_MAX - 5);
}

static void put_algorithms(struct stun_writer *writer)
{
	stun_put_bytes(writer, STUN_ATTR_PASSWORD_ALGORITHMS, "\0\2\0\0\0\1\0\0", 8);
}

/* A first request of a client that knows of algorithms (RFC 8489). */
PAYLOAD(allocate_algorithms)
{
	struct stun_writer writer;

	begin(&writer, payload, STUN_ALLOCATE, STUN_REQUEST);
	put_transport(&writer);
	put_algorithms(&writer);
	return stun_end(&writer);
}

PAYLOAD(allocate_hashed)
{
	static const uint8_t hash[32];
	struct stun_writer writer;

	begin(&writer, payload, STUN_ALLOCATE, STUN_REQUEST);
	put_transport(&writer);
	stun_put_bytes(&writer, STUN_ATTR_USERHASH, hash, sizeof(hash));
	return stun_end(&writer);
}

/* A nonce made with `made` features, behind `skip` bytes less of its cookie, whose byte `at` is
 * changed. */
static uint16_t with_cookie(uint8_t *payload, const struct gate_config *config,
                            const struct frame *frame, uint8_t made, uint8_t skip, int at)
{
	static const uint8_t mac[STUN_SHA256_SIZE];
	uint32_t key = config->nonce_current & (GATE_NONCE_KEYS - 1);
	const struct stun_nonce_keys keys = {
	        .keys = {{config->nonce[key].k0, config->nonce[key].k1}}};
	char nonce[STUN_NONCE_SIZE_MAX];
	struct stun_writer writer;

	stun_nonce_make_cookie(nonce, &keys, &frame->from.ip, frame->from.port,
	                       (uint64_t)time(NULL) - 5, made);
	if (at >= 0)
		nonce[at] ^= 'g' ^ 'w';
	begin(&writer, payload, STUN_ALLOCATE, STUN_REQUEST);
	put_transport(&writer);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, "1893456000:somebody", 19);
	stun_put_bytes(&writer, STUN_ATTR_REALM, "sluice", 6);
	stun_put_bytes(&writer, STUN_ATTR_NONCE, nonce + skip, sizeof(nonce) - skip);
	stun_put_bytes(&writer, STUN_ATTR_PASSWORD_ALGORITHM, "\0\2\0\0", 4);
	put_algorithms(&writer);
	stun_put_bytes(&writer, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, mac, sizeof(mac));
	return stun_end(&writer);
}

PAYLOAD(cookie_verified)
{
	return with_cookie(payload, config, frame, STUN_FEATURE_ALGORITHMS, 0, -1);
}

PAYLOAD(cookie_anonymous)
{
	return with_cookie(payload, config, frame, STUN_FEATURE_ALGORITHMS | STUN_FEATURE_ANONYMITY,
	                   0, -1);
}

/* Somebody on the way would have the client believe that the server offers nothing ... */
PAYLOAD(cookie_stripped)
{
	return with_cookie(payload, config, frame, STUN_FEATURE_ALGORITHMS, 13, -1);
}

/* ... or something else. */
PAYLOAD(cookie_changed)
{
	return with_cookie(payload, config, frame, STUN_FEATURE_ALGORITHMS, 0, 9);
}

PAYLOAD(cookie_foreign)
{
	return with_cookie(payload, config, frame, STUN_FEATURE_ALGORITHMS, 0, 0);
}

PAYLOAD(cookie_cut)
{
	return with_cookie(payload, config, frame, STUN_FEATURE_ALGORITHMS, 1, -1);
}

/* A nonce alone: whoever has seen one of his victim's asks for an answer that is longer. */
static uint16_t nonce_alone(uint8_t *payload, const struct gate_config *config,
                            const struct frame *frame, uint16_t method)
{
	uint16_t length = with_nonce(payload, config, frame, method, MADE_CURRENT, 0);

	length -= STUN_ATTR_HEADER_SIZE + STUN_INTEGRITY_SIZE;
	payload[2] = (length - STUN_HEADER_SIZE) >> 8;
	payload[3] = (length - STUN_HEADER_SIZE) & 0xff;
	return length;
}

PAYLOAD(allocate_nonce)
{
	return nonce_alone(payload, config, frame, STUN_ALLOCATE);
}

PAYLOAD(refresh_nonce)
{
	return nonce_alone(payload, config, frame, STUN_REFRESH);
}

/* The nonce behind the integrity, where it does not count. */
PAYLOAD(refresh_nonce_behind)
{
	uint16_t length = with_nonce(payload, config, frame, STUN_REFRESH, MADE_CURRENT, 0);
	const uint16_t nonce = STUN_ATTR_HEADER_SIZE + STUN_NONCE_SIZE;
	const uint16_t mac = STUN_ATTR_HEADER_SIZE + STUN_INTEGRITY_SIZE;
	uint8_t saved[STUN_ATTR_HEADER_SIZE + STUN_NONCE_SIZE];

	memcpy(saved, payload + length - mac - nonce, nonce);
	memmove(payload + length - mac - nonce, payload + length - mac, mac);
	memcpy(payload + length - nonce, saved, nonce);
	return length;
}

PAYLOAD(binding_verified)
{
	return with_nonce(payload, config, frame, STUN_BINDING, MADE_CURRENT, 0);
}

PAYLOAD(binding_forged)
{
	return with_nonce(payload, config, frame, STUN_BINDING, MADE_OF_ANOTHER_PORT, 0);
}

/* More than is read: it counts as unverified, and is not taken for one without integrity. */
PAYLOAD(refresh_crowded)
{
	return with_nonce(payload, config, frame, STUN_REFRESH, MADE_CURRENT, GATE_ATTRS_MAX - 3);
}

/* As many attributes as are read, and the nonce is forged. */
PAYLOAD(forged_crowded)
{
	return with_nonce(payload, config, frame, STUN_ALLOCATE, MADE_OF_ANOTHER_PORT,
	                  GATE_ATTRS_MAX - 5);
}

/* A connectivity check: USERNAME, behind `before` other attributes. */
static uint16_t check_write(uint8_t *payload, const char *name, uint16_t before)
{
	struct stun_writer writer;

	begin(&writer, payload, STUN_BINDING, STUN_REQUEST);
	for (uint16_t i = 0; i < before; i++)
		stun_put_u32(&writer, STUN_ATTR_PRIORITY, i);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, name, (uint16_t)strlen(name));
	put_integrity(&writer);
	stun_put_fingerprint(&writer);
	return stun_end(&writer);
}

static uint16_t check_of(uint8_t *payload, uint16_t before, uint8_t spoil)
{
	char name[UFRAG_SIZE + 8];

	ufrag_write(name, &gate_pair_ufrags.key, 5 << 8 | 1);
	strcpy(name + UFRAG_SIZE, ":them");
	name[10] ^= spoil;
	return check_write(payload, name, before);
}

PAYLOAD(check)
{
	return check_of(payload, 0, 0);
}

PAYLOAD(check_behind)
{
	return check_of(payload, 4, 0);
}

PAYLOAD(check_beyond)
{
	return check_of(payload, GATE_ATTRS_MAX, 0);
}

PAYLOAD(check_forged)
{
	return check_of(payload, 0, 1);
}

/* a TURN client's, whatever its name looks like */
PAYLOAD(check_realm)
{
	char name[UFRAG_SIZE + 8];
	struct stun_writer writer;

	ufrag_write(name, &gate_pair_ufrags.key, 5 << 8 | 1);
	strcpy(name + UFRAG_SIZE, ":them");
	begin(&writer, payload, STUN_BINDING, STUN_REQUEST);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, name, (uint16_t)strlen(name));
	stun_put_bytes(&writer, STUN_ATTR_REALM, "", 0);
	put_integrity(&writer);
	return stun_end(&writer);
}

/* it proves nothing */
PAYLOAD(check_unsigned)
{
	char name[UFRAG_SIZE + 8];
	struct stun_writer writer;

	ufrag_write(name, &gate_pair_ufrags.key, 5 << 8 | 1);
	strcpy(name + UFRAG_SIZE, ":them");
	begin(&writer, payload, STUN_BINDING, STUN_REQUEST);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, name, (uint16_t)strlen(name));
	return stun_end(&writer);
}

/* the server reads no name that is so long */
PAYLOAD(check_long)
{
	char name[GATE_USERNAME_MAX + 2];

	memset(name, 'x', sizeof(name));
	ufrag_write(name, &gate_pair_ufrags.key, 5 << 8 | 1);
	name[UFRAG_SIZE] = UFRAG_SEPARATOR;
	name[GATE_USERNAME_MAX + 1] = '\0';
	return check_write(payload, name, 0);
}

PAYLOAD(check_short)
{
	return check_write(payload, "abcd:efgh", 0);
}

PAYLOAD(srtp)
{
	memset(payload, 0, 60);
	payload[0] = 0x80;
	return 60;
}

PAYLOAD(channel_data)
{
	static const uint8_t data[12] = {0x40, 0x00, 0x00, 0x08, 1, 2, 3, 4, 5, 6, 7, 8};

	memcpy(payload, data, sizeof(data));
	return sizeof(data);
}

/* a channel of RFC 5766 */
PAYLOAD(channel_data_old)
{
	uint16_t length = channel_data(payload, config, frame);

	payload[0] = 0x7f;
	return length;
}

PAYLOAD(not_channel_data)
{
	uint16_t length = channel_data(payload, config, frame);

	payload[0] = 0x80;
	return length;
}

PAYLOAD(nothing)
{
	return 0;
}

PAYLOAD(dtls)
{
	memset(payload, 0, 60);
	payload[0] = 22;
	return 60;
}

PAYLOAD(stun_short)
{
	return allocate_bare(payload, config, frame) - 1;
}

PAYLOAD(stun_length)
{
	uint16_t length = allocate(payload, config, frame);

	payload[3] += 4;
	return length;
}

PAYLOAD(stun_odd)
{
	uint16_t length = allocate(payload, config, frame);

	payload[3] += 1;
	payload[length] = 0;
	return length + 1;
}

PAYLOAD(stun_cookie)
{
	uint16_t length = allocate(payload, config, frame);

	payload[4] ^= 1;
	return length;
}
