/* SPDX-License-Identifier: BSD-3-Clause */
/* Compounds of our own: written into an mbuf, protected, and on the way to ip_output. */
#ifndef MEDIA_RTCP_SEND_H
#define MEDIA_RTCP_SEND_H

#include "media/rtcp_write.h"
#include "media/state.h"

/* Of plaintext: fits the smallest MTU of IPv6 with its tag and all headers. */
#define RTCP_COMPOUND_MAX 1152

/*
 * The owner of the endpoint. The writer then stands behind a receiver report of ours, with no block
 * yet. NULL: no mbuf or no index left, which is counted, or no address to send to.
 */
struct rte_mbuf *rtcp_begin(struct media_worker *media_worker, struct endpoint *endpoint,
                            struct rtcp_writer *writer);
/* Takes the mbuf; false: it did not fit, or there was no way out; counted. */
bool rtcp_send(struct media_worker *media_worker, struct endpoint *endpoint, struct rte_mbuf *mbuf,
               const struct rtcp_writer *writer);

/* What a chunk of SDES says: the same for all streams of one publisher, so that its audio and video
 * are played in step (RFC 3550, 6.5.1); says nothing else (RFC 7022). */
#define CNAME_LENGTH 16
void rtcp_put_publisher(struct rtcp_writer *writer, const struct media *media, uint32_t ssrc,
                        uint32_t publisher);
/* The chunk of what the endpoint is told by us ourselves. */
void rtcp_put_self(struct rtcp_writer *writer, const struct media *media,
                   const struct endpoint *endpoint);

#endif
