/* SPDX-License-Identifier: BSD-3-Clause */
/* Where an endpoint is: as it was given, as its packets show, or as the path that ICE selected. */
#ifndef MEDIA_ADDRESS_H
#define MEDIA_ADDRESS_H

#include "media/state.h"

/* The owner, of a packet that has authenticated. */
void address_learn(struct media *media, struct endpoint *endpoint, const struct packet *packet,
                   const struct worker *worker, bool rtp);
/* The owner: what the endpoint is sent begins in the middle. */
void address_ask_key_frames(struct media_worker *media_worker, const struct endpoint *endpoint);

#endif
