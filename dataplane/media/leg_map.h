/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How packets are written for subscribers: the ids of their header extensions and their payload
 * types. Subscriptions that are written alike share one, so that a worker makes an extension once
 * for all of them. The control thread makes it; it is const from then on.
 */
#ifndef MEDIA_LEG_MAP_H
#define MEDIA_LEG_MAP_H

#include "media/ext_map.h"
#include "media/state.h"
#include "srtp/profile.h"

#define LEG_PT_NONE 0xff /* packets of this payload type are left out */

struct leg_map {
	struct ext_map ext;
	bool has_ext;                 /* else extensions are passed on as they are */
	uint8_t pt[128], rtx_pt[128]; /* by the publisher's */
	uint8_t first;                /* the publisher's first one that is not left out */
	/* control thread */
	uint64_t hash;
	uint32_t users;
	struct leg_map *next;
};

#define LEG_MAP_HEADS 1024 /* power of two */

/* Control thread: of a new subscription, or one that gets a stream of `endpoint`. One that is there
 * already, or a new one; NULL: no memory. */
struct leg_map *leg_map_take(struct media *media, const struct sluice_subscription *config,
                             uint32_t endpoint);
/* No worker reads it any more for this subscription. */
void leg_map_give(struct media *media, const struct leg_map *map);
/* Whether a subscription needs one. */
bool leg_map_needed(const struct sluice_subscription *config);

/*
 * Whether what is sent again under its own number would have another header than before: a number
 * and a time of its own, or those of another map. Under GCM two headers under one nonce tell how to
 * forge a third (RFC 7714, 9.1). Owner; map: NULL, or what was read before this is asked.
 */
static inline bool leg_map_repeats_differ(const struct leg_map *map,
                                          const struct subscription *subscription,
                                          const struct endpoint *endpoint)
{
	if (subscription->rtx_ssrc != 0 || !srtp_profiles[endpoint->profile].aead)
		return false;
	if (map != NULL && map->has_ext && (map->ext.transport_id | map->ext.send_time_id) != 0)
		return true;
	return __atomic_load_n(&subscription->remapped, __ATOMIC_ACQUIRE);
}

#endif
