/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate_edit.h"

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

enum { ETHER = 14, IP4 = 20, IP6 = 40 };

static void be16_add(uint8_t *at, int value)
{
	uint16_t sum = (uint16_t)((at[0] << 8 | at[1]) + value);

	at[0] = sum >> 8;
	at[1] = sum & 0xff;
}

static uint16_t insert(uint8_t *frame, uint16_t length, uint16_t at, uint16_t size)
{
	memmove(frame + at + size, frame + at, length - at);
	memset(frame + at, 0, size);
	return length + size;
}

uint16_t one_tag(uint8_t *frame, uint16_t length)
{
	length = insert(frame, length, 12, 4);
	frame[12] = 0x81;
	frame[15] = 7;
	return length;
}

uint16_t two_tags(uint8_t *frame, uint16_t length)
{
	length = insert(frame, one_tag(frame, length), 12, 4);
	frame[12] = 0x88;
	frame[13] = 0xa8;
	return length;
}

uint16_t three_tags(uint8_t *frame, uint16_t length)
{
	length = insert(frame, two_tags(frame, length), 12, 4);
	frame[12] = 0x88;
	frame[13] = 0xa8;
	return length;
}

uint16_t fragment(uint8_t *frame, uint16_t length)
{
	frame[ETHER + 6] = 0x20; /* more fragments */
	return length;
}

uint16_t last_fragment(uint8_t *frame, uint16_t length)
{
	frame[ETHER + 7] = 185;
	return length;
}

/* Its UDP header comes with the next one. */
uint16_t fragment_tiny(uint8_t *frame, uint16_t length)
{
	fragment(frame, length);
	return ETHER + IP4 + 4;
}

uint16_t dont_fragment(uint8_t *frame, uint16_t length)
{
	frame[ETHER + 6] = 0x40;
	return length;
}

uint16_t ip4_options(uint8_t *frame, uint16_t length)
{
	length = insert(frame, length, ETHER + IP4, 4);
	frame[ETHER]++;
	be16_add(frame + ETHER + 2, 4);
	return length;
}

uint16_t tcp(uint8_t *frame, uint16_t length)
{
	frame[ETHER + 9] = 6;
	return length;
}

uint16_t arp(uint8_t *frame, uint16_t length)
{
	frame[13] = 0x06;
	return length;
}

uint16_t only_ethernet(uint8_t *frame, uint16_t length)
{
	return ETHER;
}

uint16_t ip4_cut(uint8_t *frame, uint16_t length)
{
	return ETHER + IP4 - 1;
}

uint16_t udp_cut(uint8_t *frame, uint16_t length)
{
	return ETHER + IP4 + 7;
}

uint16_t payload_cut(uint8_t *frame, uint16_t length)
{
	return length - 1;
}

uint16_t trailer(uint8_t *frame, uint16_t length)
{
	memset(frame + length, 0xff, 10);
	return length + 10;
}

uint16_t ip4_total_short(uint8_t *frame, uint16_t length)
{
	be16_add(frame + ETHER + 2, -1);
	return length;
}

uint16_t ip4_total_tiny(uint8_t *frame, uint16_t length)
{
	frame[ETHER + 2] = 0;
	frame[ETHER + 3] = 19;
	return length;
}

uint16_t udp_tiny(uint8_t *frame, uint16_t length)
{
	frame[ETHER + IP4 + 4] = 0;
	frame[ETHER + IP4 + 5] = 7;
	return length;
}

static uint16_t extensions(uint8_t *frame, uint16_t length, int count, uint8_t type)
{
	while (count-- > 0) {
		length = insert(frame, length, ETHER + IP6, 8);
		frame[ETHER + IP6] = frame[ETHER + 6];
		frame[ETHER + 6] = type;
		be16_add(frame + ETHER + 4, 8);
	}
	return length;
}

uint16_t one_extension(uint8_t *frame, uint16_t length)
{
	return extensions(frame, length, 1, 60);
}

uint16_t four_extensions(uint8_t *frame, uint16_t length)
{
	return extensions(frame, length, 4, 60);
}

uint16_t five_extensions(uint8_t *frame, uint16_t length)
{
	return extensions(frame, length, 5, 60);
}

uint16_t extension_overrun(uint8_t *frame, uint16_t length)
{
	length = one_extension(frame, length);
	frame[ETHER + IP6 + 1] = 255;
	return length;
}

uint16_t ip6_fragment(uint8_t *frame, uint16_t length)
{
	return extensions(frame, length, 1, 44);
}

uint16_t ip6_last_fragment(uint8_t *frame, uint16_t length)
{
	length = ip6_fragment(frame, length);
	frame[ETHER + IP6 + 2] = 5;
	frame[ETHER + IP6 + 3] = 0xc8;
	return length;
}

uint16_t ip6_tcp_fragment(uint8_t *frame, uint16_t length)
{
	frame[ETHER + 6] = 6;
	return extensions(frame, length, 1, 44);
}

/* An ICMP error in the place of an empty datagram: about one the other way. */
static uint16_t icmp4(uint8_t *frame, uint8_t type, uint8_t code)
{
	uint8_t *icmp = frame + ETHER + IP4, *quoted = icmp + 8;
	uint8_t udp[8];

	memcpy(udp, icmp + 2, 2);
	memcpy(udp + 2, icmp, 2);
	memset(udp + 4, 0, 4);
	memcpy(quoted, frame + ETHER, IP4);
	memcpy(quoted + 12, frame + ETHER + 16, 4);
	memcpy(quoted + 16, frame + ETHER + 12, 4);
	memcpy(quoted + IP4, udp, 8);
	memset(icmp, 0, 8);
	icmp[0] = type;
	icmp[1] = code;
	frame[ETHER + 9] = 1;
	be16_add(frame + ETHER + 2, 8 + IP4);
	return ETHER + IP4 + 8 + IP4 + 8;
}

uint16_t icmp4_too_big(uint8_t *frame, uint16_t length)
{
	return icmp4(frame, 3, 4);
}

uint16_t icmp_unreachable(uint8_t *frame, uint16_t length)
{
	return icmp4(frame, 3, 3);
}

uint16_t icmp_echo(uint8_t *frame, uint16_t length)
{
	return icmp4(frame, 8, 0);
}

uint16_t icmp_cut(uint8_t *frame, uint16_t length)
{
	return icmp4(frame, 3, 4) - 1;
}

uint16_t icmp_of_tcp(uint8_t *frame, uint16_t length)
{
	length = icmp4(frame, 3, 4);
	frame[ETHER + IP4 + 8 + 9] = 6;
	return length;
}

uint16_t icmp6_too_big(uint8_t *frame, uint16_t length)
{
	uint8_t *icmp = frame + ETHER + IP6, *quoted = icmp + 8;
	uint8_t udp[8];

	memcpy(udp, icmp + 2, 2);
	memcpy(udp + 2, icmp, 2);
	memset(udp + 4, 0, 4);
	memcpy(quoted, frame + ETHER, IP6);
	memcpy(quoted + 8, frame + ETHER + 24, 16);
	memcpy(quoted + 24, frame + ETHER + 8, 16);
	memcpy(quoted + IP6, udp, 8);
	memset(icmp, 0, 8);
	icmp[0] = 2;
	frame[ETHER + 6] = 58;
	be16_add(frame + ETHER + 4, 8 + IP6);
	return ETHER + IP6 + 8 + IP6 + 8;
}

/* About a first fragment that we sent. */
uint16_t icmp6_fragment(uint8_t *frame, uint16_t length)
{
	length = insert(frame, icmp6_too_big(frame, length), ETHER + IP6 + 8 + IP6, 8);
	frame[ETHER + IP6 + 8 + 6] = 44;
	frame[ETHER + IP6 + 8 + IP6] = 17;
	be16_add(frame + ETHER + 4, 8);
	return length;
}

static uint16_t ip6_source(uint8_t *frame, uint16_t length, const char *from)
{
	if (inet_pton(AF_INET6, from, frame + ETHER + 8) != 1)
		abort();
	return length;
}

uint16_t v4_mapped_source(uint8_t *frame, uint16_t length)
{
	return ip6_source(frame, length, "::ffff:198.18.1.2");
}

uint16_t v4_compatible_source(uint8_t *frame, uint16_t length)
{
	return ip6_source(frame, length, "::198.18.1.2");
}

uint16_t multicast_source(uint8_t *frame, uint16_t length)
{
	return ip6_source(frame, length, "ff02::1");
}

uint16_t ip6_routing(uint8_t *frame, uint16_t length)
{
	return extensions(frame, length, 1, 43);
}
