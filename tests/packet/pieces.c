/* SPDX-License-Identifier: BSD-3-Clause */
#include "pieces.h"

#include <string.h>

#include <netinet/in.h>

enum { IP4 = 20, IP6 = 40, UDP = 8, FRAGMENT = 8, ICMP = 8 };

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t sum_add(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static void ip4_mend(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, ~sum_add(0, ip, IP4));
}

static bool is_v4(const uint8_t *frame)
{
	return frame[frame_ip_offset(frame)] >> 4 == 4;
}

unsigned int frame_cut(const uint8_t *frame, uint16_t length, uint16_t size, uint16_t id,
                       struct piece pieces[PIECES_MAX])
{
	uint16_t ip = frame_ip_offset(frame), udp = frame_udp_offset(frame);
	uint16_t total = length - udp, offset = 0;
	bool v4 = is_v4(frame);
	unsigned int count = 0;

	for (; offset < total && count < PIECES_MAX; offset += size, count++) {
		struct piece *piece = &pieces[count];
		uint16_t part = RTE_MIN(size, total - offset);
		uint16_t head = udp + (v4 ? 0 : FRAGMENT);
		bool more = offset + part < total;

		memcpy(piece->bytes, frame, udp);
		memcpy(piece->bytes + head, frame + udp + offset, part);
		piece->length = head + part;
		if (v4) {
			put16(piece->bytes + ip + 2, IP4 + part);
			put16(piece->bytes + ip + 4, id);
			put16(piece->bytes + ip + 6, offset / 8 | (more ? 0x2000 : 0));
			ip4_mend(piece->bytes + ip);
			continue;
		}
		put16(piece->bytes + ip + 4, FRAGMENT + part);
		piece->bytes[ip + 6] = 44;
		memset(piece->bytes + udp, 0, FRAGMENT);
		piece->bytes[udp] = IPPROTO_UDP;
		put16(piece->bytes + udp + 2, offset | more);
		put16(piece->bytes + udp + 6, id);
	}
	return count;
}

void piece_shift(struct piece *piece, int bytes)
{
	uint8_t *ip = piece->bytes + frame_ip_offset(piece->bytes);

	if (is_v4(piece->bytes)) {
		put16(ip + 6, get16(ip + 6) + bytes / 8);
		ip4_mend(ip);
	} else {
		put16(ip + IP6 + 2, get16(ip + IP6 + 2) + bytes);
	}
}

/* Where a fragment's data begins, its place in the datagram, and whether others follow. */
struct place {
	const uint8_t *data;
	uint16_t length, offset;
	bool more;
	uint32_t id;
};

static const char *piece_read(const struct piece *piece, uint16_t mtu, struct place *place)
{
	const uint8_t *ip = piece->bytes + frame_ip_offset(piece->bytes);
	uint16_t left = piece->length - (ip - piece->bytes);

	if (left > mtu)
		return "fragment: longer than the MTU";
	if (is_v4(piece->bytes)) {
		if (get16(ip + 2) != left || sum_add(0, ip, IP4) != 0xffff)
			return "fragment's IPv4 header";
		*place = (struct place){ip + IP4, left - IP4, (get16(ip + 6) & 0x1fff) * 8,
		                        ip[6] & 0x20, get16(ip + 4)};
		return ip[6] & 0x40 ? "fragment: DF is set" : NULL;
	}
	if (get16(ip + 4) != left - IP6 || ip[6] != 44 || ip[IP6] != IPPROTO_UDP)
		return "fragment's IPv6 header";
	*place = (struct place){ip + IP6 + FRAGMENT, left - IP6 - FRAGMENT,
	                        get16(ip + IP6 + 2) & 0xfff8, ip[IP6 + 3] & 1,
	                        (uint32_t)get16(ip + IP6 + 4) << 16 | get16(ip + IP6 + 6)};
	return NULL;
}

const char *frame_join(const struct piece *pieces, unsigned int count, uint16_t mtu, uint8_t *frame,
                       uint16_t *length)
{
	uint16_t head = frame_udp_offset(pieces[0].bytes), ip = frame_ip_offset(pieces[0].bytes);
	uint32_t have = 0, total = 0, id = 0;

	memcpy(frame, pieces[0].bytes, head);
	for (unsigned int i = 0; i < count; i++) {
		struct place place;
		const char *wrong = piece_read(&pieces[i], mtu, &place);

		if (wrong != NULL)
			return wrong;
		if (i != 0 && place.id != id)
			return "fragment's identification";
		id = place.id;
		if (place.more && place.length % 8 != 0)
			return "fragment's length";
		memcpy(frame + head + place.offset, place.data, place.length);
		have += place.length;
		if (!place.more)
			total = place.offset + place.length;
	}
	if (have != total)
		return "number of fragments";
	*length = head + total;
	if (is_v4(frame)) {
		put16(frame + ip + 2, IP4 + total);
		put16(frame + ip + 6, 0);
		ip4_mend(frame + ip);
	} else {
		put16(frame + ip + 4, total);
		frame[ip + 6] = IPPROTO_UDP;
	}
	return NULL;
}

/* -- ICMP -- */

static void icmp_mend(uint8_t *ip, uint16_t size)
{
	uint8_t *icmp = ip + (ip[0] >> 4 == 4 ? IP4 : IP6);
	uint32_t sum = 0;

	if (ip[0] >> 4 == 6)
		sum = sum_add(58 + size, ip + 8, 32);
	put16(icmp + 2, 0);
	put16(icmp + 2, ~sum_add(sum, icmp, size));
}

uint16_t frame_icmp(uint8_t *frame, const struct frame *about, uint16_t length, uint16_t too_big)
{
	bool v4 = ip_addr_is_v4(&about->to.ip);
	uint16_t head = v4 ? IP4 : IP6, size = ICMP + head + UDP;
	struct frame quoted = *about;
	uint8_t room[128], *ip, *icmp;
	uint16_t at;

	/* the headers of the error, the other way round */
	quoted.from = about->to;
	quoted.to = about->from;
	quoted.payload = room;
	quoted.length = 0;
	quoted.hop_limit = 64;
	frame_write(frame, FRAME_MAX, &quoted);
	at = frame_ip_offset(frame);
	ip = frame + at;
	icmp = ip + head;
	memset(icmp, 0, ICMP);
	icmp[0] = v4 ? 3 : too_big != 0 ? 2 : 1;
	icmp[1] = v4 ? (too_big != 0 ? 4 : 3) : (too_big != 0 ? 0 : 4);
	put16(icmp + 6, too_big);
	/* what it is about */
	quoted.from = about->from;
	quoted.to = about->to;
	frame_write(room, sizeof(room), &quoted);
	put16(room + frame_ip_offset(room) + (v4 ? 2 : 4), v4 ? length : length - IP6);
	memcpy(icmp + ICMP, room + frame_ip_offset(room), head + UDP);
	ip[v4 ? 9 : 6] = v4 ? 1 : 58;
	put16(ip + (v4 ? 2 : 4), v4 ? IP4 + size : size);
	icmp_mend(ip, size);
	if (v4)
		ip4_mend(ip);
	return at + head + size;
}

static struct ip_addr ip_read(const uint8_t *at, bool v4)
{
	struct ip_addr ip = {.words = {0, 0, IP_ADDR_V4_PREFIX}};

	memcpy(v4 ? ip.bytes + 12 : ip.bytes, at, v4 ? 4 : 16);
	return ip;
}

bool icmp_frame_read(struct icmp_read *icmp, const uint8_t *frame, uint16_t length)
{
	const uint8_t *ip = frame + frame_ip_offset(frame), *at, *quoted, *udp;
	bool v4 = is_v4(frame);
	uint16_t head = v4 ? IP4 : IP6, size;

	if (ip[v4 ? 9 : 6] != (v4 ? 1 : 58) || length < frame_ip_offset(frame) + 2 * head + 16)
		return false;
	at = ip + head;
	size = length - (at - frame);
	quoted = at + ICMP;
	udp = quoted + head;
	if (v4 ? get16(ip + 2) != IP4 + size || sum_add(0, ip, IP4) != 0xffff
	       : get16(ip + 4) != size)
		return false;
	if (sum_add(v4 ? 0 : sum_add(58 + size, ip + 8, 32), at, size) != 0xffff)
		return false;
	*icmp = (struct icmp_read){
	        .type = at[0],
	        .code = at[1],
	        .mtu = get16(at + 6),
	        .from = ip_read(ip + (v4 ? 12 : 8), v4),
	        .to = ip_read(ip + (v4 ? 16 : 24), v4),
	        .quoted_from.ip = ip_read(quoted + (v4 ? 12 : 8), v4),
	        .quoted_to.ip = ip_read(quoted + (v4 ? 16 : 24), v4),
	};
	memcpy(&icmp->quoted_from.port, udp, 2);
	memcpy(&icmp->quoted_to.port, udp + 2, 2);
	return true;
}
