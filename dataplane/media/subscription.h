/* SPDX-License-Identifier: BSD-3-Clause */
/* What making a subscription (subscription.c) and changing it (set_*.c) have in common. */
#ifndef MEDIA_SUBSCRIPTION_H
#define MEDIA_SUBSCRIPTION_H

#include "media/config.h"

/* 0 or -errno with a line. own: a subscription that has its SSRCs already; 0: none. */
int subscription_check(struct media *media, const struct sluice_subscription *add, uint32_t stream,
                       uint32_t endpoint, uint32_t own, char *why);
uint32_t media_random(struct media *media);
/* Takes both maps, its own and that of `leaving`, a stream that it still gets, or 0; those before
 * go when no worker reads them any more. NULL: none. */
void subscription_maps_swap(struct media *media, struct subscription *subscription,
                            const struct leg_map *map, uint32_t leaving,
                            const struct leg_map *map_left);
/* What subscription_maps_swap takes, where its configuration needs maps. leaving 0: none. 0 or
 * -ENOMEM. */
int subscription_maps_take(struct media *media, const struct sluice_subscription *config,
                           uint32_t stream, uint32_t leaving, const struct leg_map **map,
                           const struct leg_map **map_left);
/* SSRCs that the endpoint's key has been used with go on where they were. behind: and behind where
 * the subscription is already. */
void subscription_recall(const struct media *media, struct subscription *subscription, bool behind);
/* Should we die before its worker is done with its SSRCs: no further than this has it come by then.
 */
void subscription_remember_ahead(struct media *media, const struct subscription *subscription);
/* The endpoint's tx_key and its SSRCs are its own from now on. */
void subscription_ssrcs_add(struct media *media, const struct subscription *subscription);
/* An SSRC of it was told, and nobody knows what was sent under it. */
bool subscription_is_unknown(const struct media *media, const struct subscription *subscription);

#endif
