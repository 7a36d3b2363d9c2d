/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which index a packet has (RFC 3711, 3.3.1): where its rollover counter is not known each packet
 * is a try, and what fails moves the next one alone.
 */
#ifndef MEDIA_GUESS_H
#define MEDIA_GUESS_H

#include "media/receive.h"

/* A source may have been here before under the same key, or have begun long before us. */
void guess_source(const struct media *media, struct received *received);
/* Of an SSRC that may be bound once its packet has authenticated. */
void guess_unknown(const struct media *media, struct received *received);
/* The next try is another one; those of a burst are one where they were the same. */
void guess_failed(const struct received *received);

#endif
