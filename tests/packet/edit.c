/* SPDX-License-Identifier: BSD-3-Clause */
#include "steps.h"

#include <string.h>

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

void message_cut(uint8_t *message, uint16_t *length)
{
	*length -= 4;
}

void message_grow(uint8_t *message, uint16_t *length)
{
	memcpy(message + *length, "\x01\xfe\x37\xff\x10\x99\x42", 7);
	*length += 7;
}

void message_grow_even(uint8_t *message, uint16_t *length)
{
	memcpy(message + *length, "\x01\xfe\x37\xff", 4);
	*length += 4;
}

void message_break_fingerprint(uint8_t *message, uint16_t *length)
{
	message[*length - 1] ^= 1;
}

void message_attribute_overruns(uint8_t *message, uint16_t *length)
{
	put16(message + STUN_HEADER_SIZE + 2, UINT16_MAX);
}

void message_length_lies(uint8_t *message, uint16_t *length)
{
	put16(message + 2, get16(message + 2) + 4);
}

void message_to_response(uint8_t *message, uint16_t *length)
{
	message[0] |= 1;
}

void message_to_error(uint8_t *message, uint16_t *length)
{
	message[0] |= 1;
	message[1] |= 0x10;
}

void message_to_indication(uint8_t *message, uint16_t *length)
{
	message[1] |= 0x10;
}

void message_unknown_method(uint8_t *message, uint16_t *length)
{
	message[1] = (message[1] & 0x10) | 0x0f;
}

static uint8_t *ip_of(uint8_t *frame)
{
	return frame + frame_ip_offset(frame);
}

static uint8_t *udp_of(uint8_t *frame)
{
	return frame + frame_udp_offset(frame);
}

/* The IPv4 header's checksum alone. */
static void ip4_mend(uint8_t *ip, uint16_t size)
{
	uint32_t sum = 0;

	put16(ip + 10, 0);
	for (uint16_t i = 0; i < size; i += 2)
		sum += get16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)));
}

void frame_break_ip_checksum(uint8_t *frame, uint16_t *length)
{
	ip_of(frame)[10] ^= 0x40;
}

void frame_break_udp_checksum(uint8_t *frame, uint16_t *length)
{
	udp_of(frame)[6] ^= 0x40;
}

void frame_clear_udp_checksum(uint8_t *frame, uint16_t *length)
{
	put16(udp_of(frame) + 6, 0);
}

void frame_open_udp_checksum(uint8_t *frame)
{
	uint8_t *udp = udp_of(frame), *ip = ip_of(frame);
	const uint8_t *addresses = ip + ((ip[0] >> 4) == 4 ? 12 : 8);
	uint32_t sum = IPPROTO_UDP + get16(udp + 4);

	for (; addresses < udp; addresses += 2)
		sum += get16(addresses);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(udp + 6, sum + (sum >> 16));
}

/* More fragments follow. */
void frame_fragment(uint8_t *frame, uint16_t *length)
{
	put16(ip_of(frame) + 6, 0x2000);
	ip4_mend(ip_of(frame), 20);
}

void frame_last_fragment(uint8_t *frame, uint16_t *length)
{
	put16(ip_of(frame) + 6, 185);
	ip4_mend(ip_of(frame), 20);
}

/* To a port that no service of ours has. */
static void port_elsewhere(uint8_t *frame)
{
	put16(udp_of(frame) + 2, 53);
}

void frame_fragment_elsewhere(uint8_t *frame, uint16_t *length)
{
	port_elsewhere(frame);
	frame_fragment(frame, length);
}

void frame_options_elsewhere(uint8_t *frame, uint16_t *length)
{
	port_elsewhere(frame);
	frame_options(frame, length);
}

/* An extension header of 8 bytes behind the IPv6 header. */
static void extension_insert(uint8_t *frame, uint16_t *length, uint8_t type,
                             const uint8_t extension[8])
{
	uint8_t *ip = ip_of(frame);
	uint16_t behind = *length - frame_udp_offset(frame);

	memmove(ip + 48, ip + 40, behind);
	memcpy(ip + 40, extension, 8);
	ip[40] = ip[6];
	ip[6] = type;
	put16(ip + 4, get16(ip + 4) + 8);
	*length += 8;
}

void frame_fragment_6(uint8_t *frame, uint16_t *length)
{
	const uint8_t first_of_more[8] = {0, 0, 0, 1, 0, 0, 0, 7};

	extension_insert(frame, length, 44, first_of_more);
}

void frame_fragment_elsewhere_6(uint8_t *frame, uint16_t *length)
{
	port_elsewhere(frame);
	frame_fragment_6(frame, length);
}

void frame_last_fragment_6(uint8_t *frame, uint16_t *length)
{
	const uint8_t last[8] = {0, 0, 0x05, 0xc8, 0, 0, 0, 7};

	extension_insert(frame, length, 44, last);
}

static void destination_options(uint8_t *frame, uint16_t *length, int count)
{
	while (count-- > 0)
		frame_destination_options_6(frame, length);
}

void frame_four_extensions_6(uint8_t *frame, uint16_t *length)
{
	destination_options(frame, length, 4);
}

void frame_five_extensions_6(uint8_t *frame, uint16_t *length)
{
	destination_options(frame, length, 5);
}

void frame_destination_options_6(uint8_t *frame, uint16_t *length)
{
	const uint8_t padding[8] = {0, 0, 1, 4, 0, 0, 0, 0};

	extension_insert(frame, length, 60, padding);
}

/* Four no-operations. */
void frame_options(uint8_t *frame, uint16_t *length)
{
	uint8_t *ip = ip_of(frame);

	memmove(ip + 24, ip + 20, *length - frame_udp_offset(frame));
	memset(ip + 20, 1, 4);
	ip[0] = 0x46;
	put16(ip + 2, get16(ip + 2) + 4);
	ip4_mend(ip, 24);
	*length += 4;
}

void frame_loopback_source(uint8_t *frame, uint16_t *length)
{
	ip_of(frame)[12] = 127;
	frame_mend(frame, *length);
}

void frame_udp_length_short(uint8_t *frame, uint16_t *length)
{
	put16(udp_of(frame) + 4, 7);
}

void frame_udp_length_long(uint8_t *frame, uint16_t *length)
{
	put16(udp_of(frame) + 4, get16(udp_of(frame) + 4) + 1);
}

void frame_ip_length_long(uint8_t *frame, uint16_t *length)
{
	put16(ip_of(frame) + 2, get16(ip_of(frame) + 2) + 1);
	ip4_mend(ip_of(frame), 20);
}

void frame_cut_ethernet(uint8_t *frame, uint16_t *length)
{
	*length = 13;
}

void frame_source_port_0(uint8_t *frame, uint16_t *length)
{
	put16(udp_of(frame), 0);
	frame_mend(frame, *length);
}

void frame_pad(uint8_t *frame, uint16_t *length)
{
	memset(frame + *length, 0xee, 18);
	*length += 18;
}
