/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What we receive of one stream (RFC 3550, 6.4.1, A.1, A.3, A.8): loss, jitter, the publisher's
 * last sender report. Its owner writes it. Packets are authentic and new when they come here: their
 * index is SRTP's, so that no sequence number has to be guessed again.
 */
#ifndef MEDIA_RECEPTION_H
#define MEDIA_RECEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "media/missing.h"

/* A greater jump forward is a source that was restarted (RFC 3550, A.1). */
#define RECEPTION_MAX_DROPOUT 3000

struct rtcp_block;

struct reception {
	/* const */
	uint32_t clock_hz;
	uint64_t tsc_hz;
	/* owner */
	bool started;
	uint64_t first, highest; /* index */
	uint64_t received;       /* since `first`; RTX does not count (RFC 4588, 4) */
	uint64_t lost_before;    /* of earlier beginnings */
	uint64_t expected_prior, received_prior;
	uint64_t last_tsc;  /* of the last packet */
	uint32_t transit;   /* in units of the RTP clock, as jitter */
	uint32_t jitter;    /* times 16 */
	uint32_t sr_middle; /* LSR of the publisher's last report; 0: none */
	uint64_t sr_tsc;
	uint64_t restarts;
	struct missing_packets missing;
};

/* Control thread. NULL: no memory. */
struct reception *reception_create(uint32_t clock_hz, uint64_t tsc_hz);
void reception_destroy(struct reception *reception);

/*
 * A new packet of the stream. repeat: it came as RTX, which repairs a gap and says nothing about
 * the network's loss.
 */
enum reception_news { RECEPTION_NEXT, RECEPTION_GAP, RECEPTION_REPAIRED, RECEPTION_RESTARTED };
enum reception_news reception_packet(struct reception *reception, uint64_t index,
                                     uint32_t timestamp, uint64_t tsc, bool repeat);

/* The next packet is another source's: of another numbering, by another clock. */
void reception_restart(struct reception *reception);

/* The publisher's sender report. ntp: 64 bits. */
void reception_sender_report(struct reception *reception, uint64_t ntp, uint64_t tsc);

/* A report block; the interval since the last one ends here. */
void reception_report(struct reception *reception, uint32_t ssrc, uint64_t tsc,
                      struct rtcp_block *block);

uint64_t reception_lost(const struct reception *reception);
uint32_t reception_jitter_us(const struct reception *reception);

#endif
