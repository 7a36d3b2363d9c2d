/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control thread keeps of endpoints, streams and subscriptions. Each change builds a new
 * copy of what workers read, swaps it in and leaves the old one to the garbage, without waiting: a
 * hundred thousand subscriptions are added in a moment, and no stream notices another's.
 */
#ifndef MEDIA_CONFIG_H
#define MEDIA_CONFIG_H

#include <sys/queue.h>

#include "media/leg_map.h"
#include "media/spent.h"
#include "media/ssrc_set.h"
#include "media/state.h"
#include "worker.h"

struct dataplane;
struct event;
struct random;

/* Names of endpoints or streams: a chained hash over indices. */
struct media_names {
	uint32_t *heads; /* [mask + 1]; 0: none */
	uint32_t *next;  /* [count + 1] */
	uint32_t mask;
};

/*
 * Free places of a table, from 1 on; the one that was given back first is taken first: a packet
 * that still waits for an object that has gone must not find another one in its place.
 */
struct media_places {
	uint32_t *list; /* ring */
	uint32_t head, count, size;
};

/* What no worker sees once the grace period of `token` is over. */
struct media_garbage {
	STAILQ_ENTRY(media_garbage) entry;
	uint64_t token;
	void (*free)(struct media *media, void *object);
	void *object;
};

struct media_local {
	struct transport_addr addr;
	uint32_t endpoints; /* 0: not in use */
};

struct media_config {
	struct media_names endpoint_names, stream_names;
	struct media_places endpoint_places, stream_places, subscription_places;
	struct media_local locals[MEDIA_LOCALS_MAX];
	STAILQ_HEAD(, media_garbage) garbage;
	uint64_t legs_generation;
	uint32_t lives;                    /* of endpoints, streams, subscriptions */
	uint32_t worker_load[WORKERS_MAX]; /* endpoints and subscriptions */
	struct random *random;
	uint8_t digest_key[KEY_DIGEST_SIZE]; /* of keys: endpoint.rx_digest */
	struct spent *spent;                 /* workers read it, too */
	struct ssrc_set ssrcs;
	struct event *advised; /* by media->advised; NULL: tests without events */
	uint32_t leaving;      /* subscriptions that still get the stream before, too */
	uint32_t layers;       /* streams that are one of several of a track */
	struct leg_map *leg_maps[LEG_MAP_HEADS]; /* chained by their hash */
};

/* -- table.c -- */

int media_tables_create(struct media *media);
void media_tables_destroy(struct media *media);
/* 0: none is free. */
uint32_t media_place_take(struct media_places *places);
void media_place_give(struct media_places *places, uint32_t index);
void media_name_add(struct media_names *names, const char *name, uint32_t index);
void media_name_remove(struct media_names *names, const char *name, uint32_t index);
/* Text of SLUICE_MEDIA_NAME_MAX bytes with its end in it. */
bool media_name_valid(const char *name);

/* The index, or 0. */
uint32_t endpoint_named(const struct media *media, const char *name);
uint32_t stream_named(const struct media *media, const char *name);
uint32_t subscription_named(const struct media *media, const char *stream, const char *endpoint);

/* -- garbage.c -- */

/* Unlinked before. Without memory for the note it waits for the workers at once. */
void media_discard(struct media *media, void (*free)(struct media *media, void *object),
                   void *object);
/* What may be freed by now is. */
void media_collect(struct media *media);
/* Waits for the workers. */
void media_collect_all(struct media *media);

/* -- legs.c -- */

/* A new list for the subscription's worker, with or without it; NULL: it is empty. Nothing has
 * changed until legs_swap, and the caller may rte_free the list instead. 0 or -ENOMEM. */
int legs_with(struct media *media, uint32_t stream, uint32_t subscription, struct legs **with);
int legs_without(struct media *media, uint32_t stream, uint32_t subscription,
                 struct legs **without);
/* Takes the list. */
void legs_swap(struct media *media, uint32_t stream, uint32_t subscription, struct legs *legs);
/* 0; -ENOMEM, -ENOSPC: then nothing has changed. */
int endpoint_legs_add(struct media *media, uint32_t endpoint, uint32_t subscription);
int endpoint_legs_remove(struct media *media, uint32_t endpoint, uint32_t subscription);
/* A copy of the list for endpoint_legs_rename, which takes it once SSRCs of the endpoint's
 * subscriptions have changed. NULL: no memory. */
struct endpoint_subscriptions *endpoint_legs_copy(const struct endpoint *endpoint);
void endpoint_legs_rename(struct media *media, struct endpoint *endpoint,
                          struct endpoint_subscriptions *list);
/* A source more, of a stream that is there. 0 or -errno: then nothing has changed. */
int endpoint_source_join(struct media *media, struct endpoint *endpoint,
                         struct endpoint_source *source);
/* The stream's source, and that of its retransmissions where it has one. 0 or -errno: then nothing
 * has changed. */
int endpoint_sources_add(struct media *media, const struct stream *stream);
int endpoint_sources_remove(struct media *media, const struct stream *stream);

/* -- endpoint.c, stream.c, subscription.c: by index -- */

int endpoint_end(struct media *media, uint32_t index);
/* What an endpoint that sends needs besides, where it has agreed to transport-wide feedback; one
 * that only gets needs none. 0 or -ENOMEM. */
int endpoint_transport_make(struct media *media, uint32_t index);
int stream_end(struct media *media, uint32_t index);
int subscription_end(struct media *media, uint32_t index);
/* Of a stream that ends: those that were made for it end, those that were switched to it go back to
 * the one that they were made for. */
int subscriptions_leave(struct media *media, uint32_t stream);

/* The index, or -errno with a line. */
int subscription_find(struct media *media, const char *stream, const char *endpoint, char *why);
/* It gets another stream. 0 or -ENOMEM: then nothing has changed. */
int subscription_source_change(struct media *media, uint32_t index, uint32_t to);
/* It gets nothing any more of the stream that it had before. 0 or -ENOMEM. */
int subscription_leave(struct media *media, uint32_t index);

/* -- layer.c -- */

/* automatic: whichever of its track the path carries; else up to this one. */
void layer_want(const struct media *media, struct subscription *subscription, uint32_t stream,
                bool automatic);
/* What the path to its endpoint carries chooses its layers: the endpoint's owner advises them. */
bool layer_by_estimate(const struct media *media, const struct subscription *subscription);
bool layer_of_track(const struct media *media, uint32_t stream, uint32_t of);
/* Once a second: what has gone on with another stream leaves the one before, and a layer that is
 * silent has another one's place. */
void layers_tick(struct media *media);

/* Under the endpoint's tx_key more may have been sent than is known: what is told an SSRC from now
 * on sends nothing under it. */
void endpoint_key_doubt(struct media *media, struct endpoint *endpoint);

/* What is known of a subscription that the dataplane before had: media/record.h. */
struct subscription_past {
	uint64_t reserved, rtx_reserved;
	uint32_t ssrc;
	uint32_t timestamp_offset;
	uint16_t picture_offset; /* of VP8 */
	uint8_t tl0_offset;
	bool known; /* else nothing above is: under an SSRC that is told nothing may be sent */
	bool needs_key;
};
/* At start. */
int media_subscription_take(struct media *media, const struct sluice_subscription *add,
                            uint32_t flags, const struct subscription_past *past, char *why);

/* Before it is live: whichever packet comes first goes on from there. */
void subscription_clock_take(struct subscription *subscription, const struct media_clock *clock);

static inline uint8_t origin_of(uint32_t flags)
{
	return flags & SLUICE_API_CONFIGURATION ? SLUICE_ORIGIN_CONFIGURATION : SLUICE_ORIGIN_API;
}

/* What a replayed configuration does not name goes with it; state stays. */
static inline bool origin_is_stale(uint8_t origin, uint32_t generation, uint32_t now)
{
	return origin == SLUICE_ORIGIN_CONFIGURATION && generation != now;
}

/* -- local.c -- */

/* The index of a local address that endpoints may use, made where it is new; or -errno. */
int media_local_take(struct media *media, const struct transport_addr *addr, char *why);
void media_local_give(struct media *media, uint32_t index);

#endif
