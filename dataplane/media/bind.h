/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which stream an SSRC belongs to that nobody has named (RFC 8843, 9.2; RFC 8852): by what its
 * packets say. What does not authenticate says nothing.
 */
#ifndef MEDIA_BIND_H
#define MEDIA_BIND_H

#include "media/ext_read.h"
#include "media/state.h"

/*
 * The owner, of a packet that has authenticated. By rid, repaired-rid, mid, then by the payload
 * type where one stream alone has it. NULL: none, or the one that is meant has an SSRC that it
 * still sends, or that its offer has given it.
 */
struct endpoint_source *bind_find(const struct media *media, const struct endpoint *endpoint,
                                  const struct ext_said *said, uint8_t payload_type,
                                  const struct worker *worker);

/* What retransmissions under this payload type retransmit; NULL: it is none of an RTX stream. */
const struct sluice_stream_payload *bind_rtx_payload(const struct stream *stream,
                                                     uint8_t payload_type);
const struct sluice_stream_payload *bind_payload(const struct stream *stream, uint8_t payload_type);

#endif
