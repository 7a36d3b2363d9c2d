/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram at a media service becomes a job for the cipher, and what is authentic a packet of a
 * stream. Nothing that an unauthenticated packet says changes anything but a counter.
 */
#ifndef MEDIA_RECEIVE_H
#define MEDIA_RECEIVE_H

#include "dataplane.h"
#include "graph/drop.h"
#include "media/state.h"
#include "srtp/rtp.h"

/* One packet between its header and its tag. */
struct received {
	struct rte_mbuf *mbuf;
	struct endpoint *endpoint;
	struct endpoint_source *source; /* NULL: of an SSRC that is unknown, and may be bound */
	uint64_t index;
	uint64_t first; /* of an SSRC that is new: nothing before it is */
	bool guessed;   /* nothing of the SSRC has authenticated, or not for long: `index` is a
	                   try */
	struct rtp_view view;
	struct ext_said said; /* where the endpoint has agreed to any extension */
};

/* By its addresses, or NULL. */
struct endpoint *endpoint_find(const struct media *media, const struct packet *packet);

/* DROP_NONE: `job` is filled in. The owner. */
enum drop_reason receive_begin(const struct media_worker *media_worker, struct received *received,
                               struct rte_mbuf *mbuf, struct endpoint *endpoint,
                               struct srtp_job *job);
/* When the cipher is done: DROP_NONE, and the mbuf is a plaintext RTP packet with packet->media. */
enum drop_reason receive_end(struct media_worker *media_worker, struct received *received,
                             const struct srtp_job *job);
/* DROP_NONE: the mbuf is a plaintext compound, packet->media.endpoint the endpoint's index. */
enum drop_reason receive_rtcp(struct media_worker *media_worker, struct rte_mbuf *mbuf,
                              struct endpoint *endpoint);

/* The owner. The stream's next packet is of another numbering, and of another clock. */
void stream_restart(struct media *media, struct stream *stream);

#endif
