/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#include <string.h>

#include <netinet/in.h>

enum {
	ETHER = 14,
	VLAN = 4,
	IP4 = 20,
	IP6 = 40,
	UDP = 8,
};

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* RFC 1071, byte by byte in network order. */
static uint32_t sum_bytes(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static uint16_t ether_type_offset(const uint8_t *data)
{
	return get16(data + 12) == RTE_ETHER_TYPE_VLAN ? 12 + VLAN : 12;
}

uint16_t frame_ip_offset(const uint8_t *data)
{
	return ether_type_offset(data) + 2;
}

static bool frame_is_v4(const uint8_t *data)
{
	return get16(data + ether_type_offset(data)) == RTE_ETHER_TYPE_IPV4;
}

uint16_t frame_udp_offset(const uint8_t *data)
{
	return frame_ip_offset(data) + (frame_is_v4(data) ? IP4 : IP6);
}

/* Over the `length` bytes of the datagram as it is, its checksum field included: 0xffff where that
 * is right. */
static uint16_t udp_sum(const uint8_t *data, uint16_t length)
{
	const uint8_t *ip = data + frame_ip_offset(data);
	const uint8_t *udp = data + frame_udp_offset(data);
	uint32_t sum = IPPROTO_UDP + get16(udp + 4);

	sum = frame_is_v4(data) ? sum_bytes(sum, ip + 12, 8) : sum_bytes(sum, ip + 8, 32);
	return sum_bytes(sum, udp, length);
}

void frame_mend(uint8_t *data, uint16_t length)
{
	uint8_t *ip = data + frame_ip_offset(data);
	uint8_t *udp = data + frame_udp_offset(data);
	size_t head = (size_t)(udp - data);
	uint16_t sum;

	if (length < head + UDP)
		return;
	if (frame_is_v4(data)) {
		put16(ip + 10, 0);
		put16(ip + 10, ~sum_bytes(0, ip, IP4));
	}
	put16(udp + 6, 0);
	sum = ~udp_sum(data, (uint16_t)RTE_MIN(get16(udp + 4), length - head));
	put16(udp + 6, sum == 0 ? 0xffff : sum);
}

static void ip4_write(uint8_t *ip, const struct frame *frame)
{
	ip[0] = 0x45;
	ip[1] = frame->traffic_class;
	put16(ip + 2, IP4 + UDP + frame->length);
	put16(ip + 6, frame->dont_fragment ? 0x4000 : 0);
	ip[8] = frame->hop_limit;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, frame->from.ip.bytes + 12, 4);
	memcpy(ip + 16, frame->to.ip.bytes + 12, 4);
}

static void ip6_write(uint8_t *ip, const struct frame *frame)
{
	ip[0] = 0x60 | frame->traffic_class >> 4;
	ip[1] = (uint8_t)(frame->traffic_class << 4);
	put16(ip + 4, UDP + frame->length);
	ip[6] = IPPROTO_UDP;
	ip[7] = frame->hop_limit;
	memcpy(ip + 8, frame->from.ip.bytes, 16);
	memcpy(ip + 24, frame->to.ip.bytes, 16);
}

uint16_t frame_write(uint8_t *room, size_t size, const struct frame *frame)
{
	bool v4 = ip_addr_is_v4(&frame->to.ip);
	size_t head = ETHER + (frame->vlan ? VLAN : 0) + (v4 ? IP4 : IP6) + UDP;
	uint8_t *at = room + 12;
	uint8_t *udp;

	if (size < head + frame->length)
		return 0;
	memset(room, 0, head);
	memcpy(room, &frame->to_mac, 6);
	memcpy(room + 6, &frame->from_mac, 6);
	if (frame->vlan != 0) {
		put16(at, RTE_ETHER_TYPE_VLAN);
		put16(at + 2, frame->vlan);
		at += VLAN;
	}
	put16(at, v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	if (v4)
		ip4_write(at + 2, frame);
	else
		ip6_write(at + 2, frame);
	udp = room + frame_udp_offset(room);
	memcpy(udp, &frame->from.port, 2);
	memcpy(udp + 2, &frame->to.port, 2);
	put16(udp + 4, UDP + frame->length);
	memcpy(udp + UDP, frame->payload, frame->length);
	frame_mend(room, head + frame->length);
	if (frame->no_checksum)
		put16(udp + 6, 0);
	return head + frame->length;
}

static const char *ip4_read(struct frame *frame, const uint8_t *ip, uint16_t length)
{
	if (length < IP4 + UDP || ip[0] != 0x45)
		return "IPv4 header";
	if (get16(ip + 2) != length)
		return "IPv4 total length";
	if (sum_bytes(0, ip, IP4) != 0xffff)
		return "IPv4 header checksum";
	if ((get16(ip + 6) & 0xbfff) != 0)
		return "IPv4 fragment bits";
	if (ip[9] != IPPROTO_UDP)
		return "IPv4 protocol";
	frame->traffic_class = ip[1];
	frame->dont_fragment = (ip[6] & 0x40) != 0;
	frame->hop_limit = ip[8];
	frame->from.ip = (struct ip_addr){.words = {0, 0, IP_ADDR_V4_PREFIX}};
	frame->to.ip = frame->from.ip;
	memcpy(frame->from.ip.bytes + 12, ip + 12, 4);
	memcpy(frame->to.ip.bytes + 12, ip + 16, 4);
	return NULL;
}

static const char *ip6_read(struct frame *frame, const uint8_t *ip, uint16_t length)
{
	if (length < IP6 + UDP || ip[0] >> 4 != 6)
		return "IPv6 header";
	if (get16(ip + 4) != length - IP6)
		return "IPv6 payload length";
	if (ip[6] != IPPROTO_UDP)
		return "IPv6 next header";
	frame->traffic_class = (uint8_t)(ip[0] << 4 | ip[1] >> 4);
	frame->hop_limit = ip[7];
	memcpy(frame->from.ip.bytes, ip + 8, 16);
	memcpy(frame->to.ip.bytes, ip + 24, 16);
	return NULL;
}

static const char *udp_read(struct frame *frame, const uint8_t *data, const uint8_t *udp,
                            uint16_t length)
{
	if (get16(udp + 4) != length)
		return "UDP length";
	frame->no_checksum = get16(udp + 6) == 0;
	if (frame->no_checksum && !frame_is_v4(data))
		return "UDP checksum left out over IPv6";
	if (!frame->no_checksum && udp_sum(data, length) != 0xffff)
		return "UDP checksum";
	memcpy(&frame->from.port, udp, 2);
	memcpy(&frame->to.port, udp + 2, 2);
	frame->payload = udp + UDP;
	frame->length = length - UDP;
	return NULL;
}

const char *frame_read(struct frame *frame, const uint8_t *data, uint16_t length)
{
	const char *wrong;
	const uint8_t *ip, *udp;

	memset(frame, 0, sizeof(*frame));
	if (length < ETHER + VLAN)
		return "Ethernet header";
	memcpy(&frame->to_mac, data, 6);
	memcpy(&frame->from_mac, data + 6, 6);
	if (ether_type_offset(data) != 12)
		frame->vlan = get16(data + 14) & 0xfff;
	ip = data + frame_ip_offset(data);
	length -= ip - data;
	wrong = frame_is_v4(data) ? ip4_read(frame, ip, length) : ip6_read(frame, ip, length);
	if (wrong != NULL)
		return wrong;
	udp = data + frame_udp_offset(data);
	return udp_read(frame, data, udp, length - (udp - ip));
}
