/* SPDX-License-Identifier: BSD-3-Clause */
/* At start, before any worker runs: endpoints, streams and subscriptions of the dataplane before go
 * on, each behind all that it may have sent. */
#ifndef MEDIA_TAKE_H
#define MEDIA_TAKE_H

struct media;

/* Counts into the ledger's `taken`. */
void media_take(struct media *media);

#endif
