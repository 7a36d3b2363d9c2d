/* SPDX-License-Identifier: BSD-3-Clause */
/* What making a stream (stream.c) and changing it (set_stream.c) have in common. */
#ifndef MEDIA_STREAM_H
#define MEDIA_STREAM_H

#include "media/config.h"

/* 0 or -errno with a line. own: a stream whose SSRCs they are already; 0: none. */
int stream_check(const struct media *media, const struct sluice_stream *add, uint32_t endpoint,
                 uint32_t own, char *why);
uint32_t stream_clock(const struct sluice_stream *config);
uint8_t stream_apt(const struct sluice_stream *config);
/* Packets cannot find it yet. NULL: no memory. */
struct endpoint_source *stream_source(const struct media *media, uint32_t stream, uint32_t ssrc,
                                      bool rtx, bool bound);
/* How far its sources have come, should they come back. */
void stream_remember(struct media *media, const struct stream *stream);

#endif
