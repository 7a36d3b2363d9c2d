/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps that most cases begin with. */
#ifndef TESTS_PACKET_STEPS_H
#define TESTS_PACKET_STEPS_H

#include "case.h"

#define ALLOCATE_REQUEST .method = STUN_ALLOCATE, .transport = 17
#define BOTH_FAMILIES    .additional_family = STUN_FAMILY_IPV6

#define ALLOCATE(client, ...)                                                                      \
	{                                                                                          \
		.act = REQUEST, .who = client, .request = {ALLOCATE_REQUEST}, __VA_ARGS__          \
	}
#define ALLOCATE_BOTH(client)                                                                      \
	{                                                                                          \
		.act = REQUEST, .who = client, .request = { ALLOCATE_REQUEST, BOTH_FAMILIES }      \
	}
/* An IPv6 relayed address alone. */
#define ALLOCATE_6(client, ...)                                                                    \
	{                                                                                          \
		.act = REQUEST, .who = client,                                                     \
		.request = {ALLOCATE_REQUEST, .family = STUN_FAMILY_IPV6}, __VA_ARGS__             \
	}
#define REFRESH(client, s, ...)                                                                    \
	{                                                                                          \
		.act = REQUEST, .who = client,                                                     \
		.request = {.method = STUN_REFRESH, .lifetime = true, .lifetime_s = s},            \
		__VA_ARGS__                                                                        \
	}
#define PERMIT(client, peer, ...)                                                                  \
	{                                                                                          \
		.act = REQUEST, .who = client, .to = peer,                                         \
		.request = {.method = STUN_CREATE_PERMISSION}, __VA_ARGS__                         \
	}
#define BIND(client, peer, number, ...)                                                            \
	{                                                                                          \
		.act = REQUEST, .who = client, .to = peer, .channel = number,                      \
		.request = {.method = STUN_CHANNEL_BIND}, __VA_ARGS__                              \
	}

/* Edits (edit.c): of a message before it is framed, or of a frame. */
void message_cut(uint8_t *message, uint16_t *length);       /* its last 4 bytes */
void message_grow(uint8_t *message, uint16_t *length);      /* 7 bytes of noise behind it */
void message_grow_even(uint8_t *message, uint16_t *length); /* 4 bytes */
void message_break_fingerprint(uint8_t *message, uint16_t *length);
void message_attribute_overruns(uint8_t *message,
                                uint16_t *length); /* the first one claims 65,535 bytes */
void message_length_lies(uint8_t *message, uint16_t *length); /* channel or STUN length is 4 more */
void message_to_response(uint8_t *message, uint16_t *length);
void message_to_error(uint8_t *message, uint16_t *length);
void message_to_indication(uint8_t *message, uint16_t *length);
void message_unknown_method(uint8_t *message, uint16_t *length);

void frame_break_ip_checksum(uint8_t *frame, uint16_t *length);
void frame_break_udp_checksum(uint8_t *frame, uint16_t *length);
void frame_clear_udp_checksum(uint8_t *frame, uint16_t *length);
void frame_fragment(uint8_t *frame, uint16_t *length);
void frame_fragment_6(uint8_t *frame, uint16_t *length);
void frame_fragment_elsewhere(uint8_t *frame, uint16_t *length); /* to port 53 */
void frame_fragment_elsewhere_6(uint8_t *frame, uint16_t *length);
void frame_last_fragment(uint8_t *frame, uint16_t *length);
void frame_last_fragment_6(uint8_t *frame, uint16_t *length);
void frame_options_elsewhere(uint8_t *frame, uint16_t *length);
void frame_four_extensions_6(uint8_t *frame, uint16_t *length);
void frame_five_extensions_6(uint8_t *frame, uint16_t *length);
void frame_options(uint8_t *frame, uint16_t *length);
void frame_destination_options_6(uint8_t *frame, uint16_t *length);
void frame_loopback_source(uint8_t *frame, uint16_t *length);
void frame_udp_length_short(uint8_t *frame, uint16_t *length);
void frame_udp_length_long(uint8_t *frame, uint16_t *length);
void frame_ip_length_long(uint8_t *frame, uint16_t *length);
void frame_cut_ethernet(uint8_t *frame, uint16_t *length);
void frame_source_port_0(uint8_t *frame, uint16_t *length);
void frame_pad(uint8_t *frame, uint16_t *length); /* Ethernet padding behind the datagram */

#endif
