/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <string.h>

#include "stun/attribute.h"
#include "stun/writer.h"

static void put_u8_of_4(struct stun_writer *writer, enum stun_attr_type type, uint8_t value)
{
	if (value != 0)
		stun_put_u32(writer, type, (uint32_t)value << 24);
}

static void put_asked(struct stun_writer *writer, const struct client_request *request)
{
	put_u8_of_4(writer, STUN_ATTR_REQUESTED_TRANSPORT, request->transport);
	put_u8_of_4(writer, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, request->family);
	put_u8_of_4(writer, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, request->additional_family);
	if (request->lifetime)
		stun_put_u32(writer, STUN_ATTR_LIFETIME, request->lifetime_s);
	if (request->even_port)
		stun_put_bytes(writer, STUN_ATTR_EVEN_PORT, request->reserve ? "\x80" : "\0", 1);
	if (request->token != NULL)
		stun_put_bytes(writer, STUN_ATTR_RESERVATION_TOKEN, request->token,
		               CLIENT_TOKEN_SIZE);
	if (request->mobile || request->ticket != NULL)
		stun_put_bytes(writer, STUN_ATTR_MOBILITY_TICKET, request->ticket,
		               request->ticket != NULL ? CLIENT_TICKET_SIZE : 0);
	if (request->channel != 0)
		stun_put_u32(writer, STUN_ATTR_CHANNEL_NUMBER, (uint32_t)request->channel << 16);
	for (uint8_t i = 0; i < request->n_peers; i++)
		stun_put_xor_addr(writer, STUN_ATTR_XOR_PEER_ADDRESS, &request->peers[i].ip,
		                  request->peers[i].port);
	if (request->dont_fragment)
		stun_put_bytes(writer, STUN_ATTR_DONT_FRAGMENT, NULL, 0);
	if (request->unknown != 0)
		stun_put_bytes(writer, request->unknown, NULL, 0);
}

uint16_t client_request_write(uint8_t *room, uint16_t size, const struct client_request *request,
                              const struct client_identity *identity)
{
	struct stun_writer writer;

	stun_begin(&writer, room, size, request->method, STUN_REQUEST, request->transaction);
	put_asked(&writer, request);
	if (identity != NULL && identity->nonce != NULL) {
		stun_put_bytes(&writer, STUN_ATTR_USERNAME, identity->user, strlen(identity->user));
		stun_put_bytes(&writer, STUN_ATTR_REALM, identity->realm, strlen(identity->realm));
		stun_put_bytes(&writer, STUN_ATTR_NONCE, identity->nonce, STUN_NONCE_SIZE);
		stun_put_integrity(&writer, identity->key);
	}
	if (request->fingerprint)
		stun_put_fingerprint(&writer);
	return stun_end(&writer);
}

uint16_t client_send_write(uint8_t *room, uint16_t size, const struct client_request *request,
                           const void *data, uint16_t length)
{
	struct stun_writer writer;

	stun_begin(&writer, room, size, STUN_SEND, STUN_INDICATION, request->transaction);
	put_asked(&writer, request);
	if (data != NULL)
		stun_put_bytes(&writer, STUN_ATTR_DATA, data, length);
	if (request->fingerprint)
		stun_put_fingerprint(&writer);
	return stun_end(&writer);
}

uint16_t client_channel_write(uint8_t *room, uint16_t size, uint16_t channel, const void *data,
                              uint16_t length)
{
	uint16_t header[2] = {rte_cpu_to_be_16(channel), rte_cpu_to_be_16(length)};

	if (size < STUN_CHANNEL_HEADER_SIZE + length)
		return 0;
	memcpy(room, header, sizeof(header));
	memcpy(room + sizeof(header), data, length);
	return STUN_CHANNEL_HEADER_SIZE + length;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* XOR-*-ADDRESS (RFC 8489, 14.2). */
static struct transport_addr xor_addr_read(const uint8_t *value, uint16_t length,
                                           const uint8_t *message)
{
	struct transport_addr addr = {0};
	size_t size = value[1] == STUN_FAMILY_IPV4 ? 4 : 16;

	if (length != 4 + size)
		return addr;
	if (size == 4)
		addr.ip.words[2] = IP_ADDR_V4_PREFIX;
	for (size_t i = 0; i < size; i++)
		addr.ip.bytes[16 - size + i] = value[4 + i] ^ message[4 + i];
	addr.port = rte_cpu_to_be_16(get16(value + 2) ^ (STUN_MAGIC_COOKIE >> 16));
	return addr;
}

static void attribute_read(struct client_response *response, uint16_t type, const uint8_t *value,
                           uint16_t length, const uint8_t *message)
{
	struct transport_addr addr;

	switch (type) {
	case STUN_ATTR_ERROR_CODE:
		response->error = value[2] * 100 + value[3];
		break;
	case STUN_ATTR_NONCE:
		response->has_nonce = length == STUN_NONCE_SIZE;
		memcpy(response->nonce, value, RTE_MIN(length, STUN_NONCE_SIZE));
		break;
	case STUN_ATTR_RESERVATION_TOKEN:
		response->has_token = length == CLIENT_TOKEN_SIZE;
		memcpy(response->token, value, RTE_MIN(length, CLIENT_TOKEN_SIZE));
		break;
	case STUN_ATTR_MOBILITY_TICKET:
		response->has_ticket = length == CLIENT_TICKET_SIZE;
		memcpy(response->ticket, value, RTE_MIN(length, CLIENT_TICKET_SIZE));
		break;
	case STUN_ATTR_LIFETIME:
		response->lifetime_s = (uint32_t)get16(value) << 16 | get16(value + 2);
		break;
	case STUN_ATTR_XOR_MAPPED_ADDRESS:
		response->mapped = xor_addr_read(value, length, message);
		break;
	case STUN_ATTR_XOR_RELAYED_ADDRESS:
		addr = xor_addr_read(value, length, message);
		response->relayed[ip_addr_is_v4(&addr.ip) ? 0 : 1] = addr;
		break;
	case STUN_ATTR_MESSAGE_INTEGRITY:
		response->has_integrity = true;
		break;
	case STUN_ATTR_FINGERPRINT:
		response->has_fingerprint = true;
		break;
	}
}

bool client_response_read(struct client_response *response, const uint8_t *data, uint16_t length)
{
	memset(response, 0, sizeof(*response));
	if (!stun_header_valid(data, length))
		return false;
	response->class = stun_class_of(data);
	response->method = stun_method_of(data);
	for (uint32_t at = STUN_HEADER_SIZE; at + 4 <= length;) {
		uint16_t size = get16(data + at + 2);

		if (at + 4 + size > length)
			return false;
		attribute_read(response, get16(data + at), data + at + 4, size, data);
		at += 4 + RTE_ALIGN_CEIL(size, 4);
	}
	return response->class == STUN_SUCCESS || response->class == STUN_ERROR;
}

bool client_data_read(const uint8_t *message, uint16_t length, struct transport_addr *peer,
                      const uint8_t **data, uint16_t *data_length)
{
	struct stun_message parsed;
	uint16_t cursor = 0;

	if (!stun_header_valid(message, length) || stun_parse(&parsed, message, length) != 0)
		return false;
	if (parsed.method != STUN_DATA || parsed.class != STUN_INDICATION ||
	    !stun_has(&parsed, STUN_KNOWN_DATA))
		return false;
	*data = stun_value(&parsed, STUN_KNOWN_DATA);
	*data_length = parsed.attrs[STUN_KNOWN_DATA].length;
	return stun_peer_next(&parsed, &cursor, peer) == 1;
}

bool client_icmp_read(const uint8_t *message, uint16_t length, struct transport_addr *peer,
                      struct client_icmp *icmp)
{
	struct stun_cursor at = {message, STUN_HEADER_SIZE, length};
	struct stun_message parsed;
	struct stun_attr attr;
	uint16_t cursor = 0;
	bool found = false;

	if (!stun_header_valid(message, length) || stun_parse(&parsed, message, length) != 0 ||
	    parsed.method != STUN_DATA || parsed.class != STUN_INDICATION ||
	    stun_has(&parsed, STUN_KNOWN_DATA))
		return false;
	while (stun_attr_next(&at, &attr) > 0) {
		const uint8_t *value = message + attr.value.offset;

		if (attr.type != STUN_ATTR_ICMP || attr.value.length != 8)
			continue;
		found = value[0] == 0 && value[1] == 0;
		icmp->type = value[2] >> 1;
		icmp->code = (value[2] & 1) << 8 | value[3];
		icmp->data = (uint32_t)value[4] << 24 | value[5] << 16 | value[6] << 8 | value[7];
	}
	return found && stun_peer_next(&parsed, &cursor, peer) == 1;
}
