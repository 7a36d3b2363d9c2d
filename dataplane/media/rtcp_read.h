/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RTCP compounds as they arrive, decrypted (RFC 3550, 6; RFC 4585, 6; RFC 5104, 4.3.1; RFC 5506).
 * The sender is authentic, and hostile all the same: no length or count of it is believed.
 */
#ifndef MEDIA_RTCP_READ_H
#define MEDIA_RTCP_READ_H

#include <stdbool.h>
#include <stdint.h>

#define RTCP_HEADER_SIZE 4
#define RTCP_SENDER_SIZE 20 /* of a sender report: NTP, RTP, counts */
#define RTCP_BLOCK_SIZE  24
#define RTCP_BLOCKS_MAX  31
#define RTCP_NACK_SIZE   4 /* PID and BLP */
#define RTCP_NACK_SPAN   17
#define RTCP_FIR_SIZE    8

enum rtcp_type {
	RTCP_SR = 200,
	RTCP_RR = 201,
	RTCP_SDES = 202,
	RTCP_BYE = 203,
	RTCP_APP = 204,
	RTCP_RTPFB = 205, /* RFC 4585 */
	RTCP_PSFB = 206,
	RTCP_XR = 207, /* RFC 3611 */
};

enum rtcp_rtpfb { RTCP_RTPFB_NACK = 1, RTCP_RTPFB_TRANSPORT = 15 };
enum rtcp_psfb { RTCP_PSFB_PLI = 1, RTCP_PSFB_FIR = 4, RTCP_PSFB_APPLICATION = 15 };

/* One packet of a compound: a view, its padding left out. */
struct rtcp_packet {
	const uint8_t *body; /* behind the header's 4 bytes */
	uint16_t length;     /* of the body */
	uint8_t type;        /* enum rtcp_type, or another of 192 to 223 */
	uint8_t count;       /* report count, source count, feedback format */
};

struct rtcp_cursor {
	const uint8_t *at;
	uint16_t left;
};

/*
 * Walks the whole compound (RFC 3550, A.2): version 2 everywhere, lengths that add up to the
 * datagram's, padding in the last packet only and within it. Reduced size is allowed: the first
 * packet may be of any type (RFC 5506, 4.1), so one alone is a compound.
 */
bool rtcp_valid(const uint8_t *compound, uint16_t length);

/* The next packet of a compound that is valid. */
bool rtcp_next(struct rtcp_cursor *cursor, struct rtcp_packet *packet);

struct rtcp_block {
	uint32_t ssrc;
	uint8_t fraction_lost; /* of 256 */
	int32_t lost;          /* 24 bits, signed */
	uint32_t highest;
	uint32_t jitter;
	uint32_t lsr, dlsr; /* 1/65536 s */
};

struct rtcp_sender {
	uint64_t ntp;
	uint32_t rtp;
	uint32_t packets, octets;
};

/* SR and RR. -EBADMSG: the count says more than the packet holds. */
struct rtcp_report {
	uint32_t ssrc;
	uint8_t blocks;
	bool sent; /* an SR: sender is set */
	struct rtcp_sender sender;
	const uint8_t *first; /* block; what follows them is profile-specific and ignored */
};

int rtcp_report_read(const struct rtcp_packet *packet, struct rtcp_report *report);
/* i: below report->blocks. */
void rtcp_block_read(const struct rtcp_report *report, uint8_t i, struct rtcp_block *block);

/* RTPFB and PSFB (RFC 4585, 6.1). entries: as many as the FCI holds whole, of `size` bytes. */
struct rtcp_feedback {
	uint32_t sender, media;
	const uint8_t *fci;
	uint16_t fci_length;
};

int rtcp_feedback_read(const struct rtcp_packet *packet, struct rtcp_feedback *feedback);

/* i: below fci_length / RTCP_NACK_SIZE. *blp: bit b is sequence number *pid + 1 + b. */
void rtcp_nack_read(const struct rtcp_feedback *feedback, uint16_t i, uint16_t *pid, uint16_t *blp);
/* i: below fci_length / RTCP_FIR_SIZE. The SSRC that is asked, and the command's number. */
uint32_t rtcp_fir_read(const struct rtcp_feedback *feedback, uint16_t i, uint8_t *number);

/*
 * Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1): what is said
 * of `count` numbers from `base` on.
 */
struct rtcp_transport {
	uint16_t base, count;
	uint32_t reference; /* 24 bits, of 64 ms */
	/* how far it is read */
	uint16_t done, chunk, left; /* left: numbers of the chunk */
	int32_t ticks;              /* since the reference */
	const uint8_t *chunks, *deltas;
};

struct rtcp_transport_number {
	uint16_t number;
	bool came;
	int32_t ticks; /* of 250 us since the reference, where it came */
};

/* -EBADMSG: it ends before all is said. */
int rtcp_transport_read(const struct rtcp_feedback *feedback, struct rtcp_transport *transport);
/* False: all was said. */
bool rtcp_transport_next(struct rtcp_transport *transport, struct rtcp_transport_number *number);

/* REMB (draft-alvestrand-rmcat-remb-03, 2.2): *kbps, at most UINT32_MAX. -ENOENT: it is another
 * message; -EBADMSG: its SSRCs overrun it. */
int rtcp_remb_read(const struct rtcp_feedback *feedback, uint32_t *kbps);

/* How many SSRCs leave; -EBADMSG: fewer than the count says, or a reason that overruns. */
int rtcp_bye_read(const struct rtcp_packet *packet);
uint32_t rtcp_bye_ssrc(const struct rtcp_packet *packet, uint8_t i);

#endif
