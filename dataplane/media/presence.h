/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a subscriber is still there. One that has reported, and is then sent packets for
 * PRESENCE_SECONDS while nothing authentic comes of it, is taken for gone: its subscriptions are
 * held. Our reports to it go on, for one that only answers what it hears. The next sign of life, or
 * a change of its subscriptions, ends that. A subscriber that never reported is never held.
 */
#ifndef MEDIA_PRESENCE_H
#define MEDIA_PRESENCE_H

#include "media/state.h"

#define PRESENCE_SECONDS 30

/* Owner: an authentic compound of the endpoint. */
void presence_heard(struct media_worker *media_worker, struct endpoint *endpoint);
/* Owner: with each round of reports, about once a second. */
void presence_look(struct media_worker *media_worker, struct endpoint *endpoint);
/* Control thread: its subscriptions change. */
void presence_rouse(struct endpoint *endpoint);

#endif
