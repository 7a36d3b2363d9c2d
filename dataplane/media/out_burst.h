/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst of packets for subscriptions: headers from the endpoint's template, an RTP header in the
 * subscription's numbering, and the payload enciphered from where it lies into the new packet. The
 * cipher alone reads it.
 *
 * A burst goes through in slices. While one is in the cipher, the next is written already, so that
 * the engine can ask for its keys, and of those behind it what they touch is on its way.
 */
#ifndef MEDIA_OUT_BURST_H
#define MEDIA_OUT_BURST_H

#include "dataplane.h"
#include "media/fan.h"
#include "media/out_header.h"
#include "srtp/engine.h"

/* What goes through the cipher in one call. */
struct out_slice {
	unsigned int first, count; /* of the burst's packets */
	struct srtp_job jobs[SRTP_BURST];
	struct endpoint *endpoints[SRTP_BURST];
};

struct out_burst {
	struct media_worker *media;
	struct worker *worker;
	uint32_t generation; /* the dataplane's output_generation */
	uint16_t room;       /* of an mbuf */
	unsigned int count;
	unsigned int n_refused; /* by the cipher: those whose bit is set below */
	uint64_t refused[FAN_BURST / 64];
	bool unframed;   /* some have no template */
	bool unfinished; /* some need more than the cipher: an MKI, a checksum */
	struct out_slice slices[2];
	struct out_slice *slice; /* the one that is being written */
	/* The first `count` are written, those behind them are raw. */
	unsigned int mbufs_count;
	struct rte_mbuf *mbufs[FAN_BURST];
	uint32_t sent_us;   /* owner's clock */
	uint32_t send_time; /* 24 bits: of the burst (abs-send-time) */
	const struct fan_source *sources;
	struct out_tail tails[FAN_SOURCES][OUT_TAILS]; /* of each source, for the maps that came
	                                                  last */
	struct out_tail_room tail_room;
};

/* Empty, and without mbufs. */
void out_burst_begin(struct out_burst *out, struct worker *worker);

/*
 * Writes and enciphers: out->mbufs[0 .. count) are packets then, what the cipher refused among
 * them, and the caller's. Where mbufs run out the last subscriptions go without: burst->count
 * shrinks.
 */
void out_burst_write(struct out_burst *out, struct fan_burst *burst);

/* Gives back the mbufs that nothing was written to. */
void out_burst_end(struct out_burst *out);

/* Packet i did not get through the cipher: it must not leave. */
static inline bool out_packet_refused(const struct out_burst *out, unsigned int i)
{
	return out->refused[i / 64] >> (i % 64) & 1;
}

/* Without a template the packet is a payload still: ip_output writes its headers, or it goes by a
 * connection. */
static inline bool out_packet_framed(const struct rte_mbuf *mbuf)
{
	return packet_of((struct rte_mbuf *)(uintptr_t)mbuf)->form == PACKET_FRAME_OUT;
}

#endif
