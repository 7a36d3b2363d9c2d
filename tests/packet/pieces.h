/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame's datagram in fragments, and one frame of fragments again: the tests' own reading of RFC
 * 791 and RFC 8200, 4.5. */
#ifndef TESTS_PACKET_PIECES_H
#define TESTS_PACKET_PIECES_H

#include "frame.h"

#define PIECES_MAX 64

struct piece {
	uint16_t length;
	uint8_t bytes[2048];
};

/* size: bytes of the datagram in each but the last, a multiple of 8. How many there are. */
unsigned int frame_cut(const uint8_t *frame, uint16_t length, uint16_t size, uint16_t id,
                       struct piece pieces[PIECES_MAX]);

/* In any order. NULL, or what is wrong with them. None is longer than the MTU. */
const char *frame_join(const struct piece *pieces, unsigned int count, uint16_t mtu, uint8_t *frame,
                       uint16_t *length);

/* The offset of a fragment moves by so many bytes: it overlaps the one before. */
void piece_shift(struct piece *piece, int bytes);

/* A router's ICMP error about a datagram `from` us `to` whom it did not reach, of so many bytes; in
 * a frame of from_mac. too_big: with this MTU; 0: nobody has the port. The frame's length. */
uint16_t frame_icmp(uint8_t *frame, const struct frame *about, uint16_t length, uint16_t too_big);

/* What an ICMP error that came out says; false where it is none, or a checksum is wrong. */
struct icmp_read {
	uint8_t type, code;
	uint16_t mtu;
	struct ip_addr from, to;                      /* of the error */
	struct transport_addr quoted_from, quoted_to; /* of the datagram */
};
bool icmp_frame_read(struct icmp_read *icmp, const uint8_t *frame, uint16_t length);

#endif
