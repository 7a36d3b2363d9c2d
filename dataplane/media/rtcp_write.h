/* SPDX-License-Identifier: BSD-3-Clause */
/* RTCP that we send. The writer never runs past its room, and remembers what did not fit. */
#ifndef MEDIA_RTCP_WRITE_H
#define MEDIA_RTCP_WRITE_H

#include "media/rtcp_read.h"

struct rtcp_writer {
	uint8_t *start;
	uint16_t room, length;
	uint16_t packet; /* where the last one begins */
	bool overrun;
};

/* A packet of a compound; body_size: bytes behind the header that the caller fills, a multiple of
 * four. NULL: no room. */
uint8_t *rtcp_put(struct rtcp_writer *writer, enum rtcp_type type, uint8_t count,
                  uint16_t body_size);

/* SR, RR: with no block yet. */
void rtcp_put_sr(struct rtcp_writer *writer, uint32_t ssrc, const struct rtcp_sender *sender);
void rtcp_put_rr(struct rtcp_writer *writer, uint32_t ssrc);
/* Into the SR or RR that was put last; at most RTCP_BLOCKS_MAX. */
void rtcp_put_block(struct rtcp_writer *writer, const struct rtcp_block *block);

/* SDES with no chunk yet; then a chunk with a CNAME for each SSRC, at most RTCP_BLOCKS_MAX. */
void rtcp_put_sdes(struct rtcp_writer *writer);
void rtcp_put_cname(struct rtcp_writer *writer, uint32_t ssrc, const char *cname, uint8_t length);
/* Bytes that rtcp_put_cname takes. */
static inline uint16_t rtcp_cname_size(uint8_t length)
{
	return (4u + 2 + length + 1 + 3) & ~3u;
}

void rtcp_put_bye(struct rtcp_writer *writer, uint32_t ssrc);
void rtcp_put_pli(struct rtcp_writer *writer, uint32_t sender, uint32_t media);
/* number: another one for each request, the same where one is sent again (RFC 5104, 4.3.1). */
void rtcp_put_fir(struct rtcp_writer *writer, uint32_t sender, uint32_t media, uint8_t number);
/* Sequence numbers, in any order; neighbours share an entry. */
void rtcp_put_nack(struct rtcp_writer *writer, uint32_t sender, uint32_t media,
                   const uint64_t *indices, uint32_t count);

#define RTCP_TRANSPORT_HEAD (RTCP_HEADER_SIZE + 8) /* in front of the FCI */
/* Transport-wide feedback (media/arrival.h), padded: the last packet of its compound. */
void rtcp_put_transport(struct rtcp_writer *writer, uint32_t sender, uint32_t media,
                        const uint8_t *fci, uint16_t length);
/* libwebrtc's RemoteEstimate (docs/estimates.md): a lower bound in kbit/s, 0: infinite; the upper
 * one is. */
void rtcp_put_remote_estimate(struct rtcp_writer *writer, uint32_t lower_kbps);
/* draft-alvestrand-rmcat-remb-03; at most 255 SSRCs, which follow by rtcp_put_remb_ssrc. */
void rtcp_put_remb(struct rtcp_writer *writer, uint32_t sender, uint64_t bits_per_second);
void rtcp_put_remb_ssrc(struct rtcp_writer *writer, uint32_t ssrc);

/* The compound's length; 0: it did not fit. */
uint16_t rtcp_end(const struct rtcp_writer *writer);

#endif
