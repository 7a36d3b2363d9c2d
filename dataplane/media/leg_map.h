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

/* The owner: of a packet of this stream. */
static inline const struct leg_map *leg_map_of(const struct subscription *subscription,
                                               uint32_t stream)
{
	const struct leg_map *map = __atomic_load_n(&subscription->map, __ATOMIC_ACQUIRE), *left;

	if (likely(__atomic_load_n(&subscription->leaving, __ATOMIC_ACQUIRE) != stream))
		return map;
	left = __atomic_load_n(&subscription->map_left, __ATOMIC_ACQUIRE);
	return left != NULL ? left : map;
}

/* Whether one number may stand over two packets: retransmissions have none of their own. Under GCM
 * two headers under one nonce tell how to forge a third (RFC 7714, 9.1). */
static inline bool leg_map_is_bound(const struct subscription *subscription,
                                    const struct endpoint *endpoint)
{
	return subscription->rtx_ssrc == 0 && srtp_profiles[endpoint->profile].aead;
}

/* Whether what has this outgoing index may have left already with another header than it would have
 * now. The owner, once it has read the map. */
static inline bool leg_map_was_other(const struct subscription *subscription,
                                     const struct endpoint *endpoint, uint64_t index)
{
	return leg_map_is_bound(subscription, endpoint) &&
	       index < __atomic_load_n(&subscription->remapped, __ATOMIC_ACQUIRE);
}

/* The same of what is sent again: it may have a number and a time of its own, too. */
static inline bool leg_map_repeats_differ(const struct leg_map *map,
                                          const struct subscription *subscription,
                                          const struct endpoint *endpoint, uint64_t index)
{
	return (map != NULL && map->has_ext &&
	        (map->ext.transport_id | map->ext.send_time_id) != 0 &&
	        leg_map_is_bound(subscription, endpoint)) ||
	       leg_map_was_other(subscription, endpoint, index);
}

#endif
