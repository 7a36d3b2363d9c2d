/* SPDX-License-Identifier: BSD-3-Clause */
/* The SRTP forwarding unit, as the rest of the dataplane sees it. */
#ifndef MEDIA_MEDIA_H
#define MEDIA_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/media.h>

#include "part.h"

struct dataplane;
struct media;
struct media_worker;
struct five_tuple;
struct transport_addr;
struct worker;

extern const struct part media_part;

/* NULL with a logged reason. */
struct media *media_create(struct dataplane *dp);
/* Ends every object; workers exist, and walk no more. */
void media_end(struct media *media);
/* Behind the workers. */
void media_destroy(struct media *media);
struct media_worker *media_worker_create(struct worker *worker);
void media_worker_destroy(struct media_worker *media_worker);

/* Worker: asks from others, RTCP that is due, cached packets that are too old. */
void media_housekeep(struct worker *worker);
/* Worker, between two housekeepings: reports that are due. Bounded work. */
void media_timers_run(struct worker *worker);

/* Worker: housekeeping has something to do soon. */
bool media_is_pending(const struct worker *worker);

/* Control thread. 0 or -errno with a line in `why` (SLUICE_API_ERROR_MAX bytes). */
int media_endpoint_add(struct media *media, const struct sluice_endpoint *endpoint, uint32_t flags,
                       char *why);
int media_endpoint_delete(struct media *media, const char *name, char *why);
/*
 * Of a session: `outside` is set, it belongs to `worker`, and its local port is the session
 * listener's. Its index, or -errno. What reaches it are the flows that are added: their service is
 * MEDIA_LOCALS_MAX or higher; who adds them removes them before the endpoint is deleted.
 */
int media_session_endpoint_add(struct media *media, const struct sluice_endpoint *endpoint,
                               uint16_t worker, char *why);
/* 0: none. */
uint32_t media_endpoint_index(const struct media *media, const char *name);
/* One that is there belongs to this endpoint from now on. 0 or -ENOSPC. */
int media_flow_add(struct media *media, const struct five_tuple *flow, uint32_t endpoint);
void media_flow_remove(struct media *media, const struct five_tuple *flow);
/* The endpoint's owner: its selected path. connection: by which it leads; 0: by datagrams. */
void media_endpoint_move(struct media *media, uint32_t endpoint, const struct transport_addr *local,
                         const struct transport_addr *remote, uint32_t connection);
/* Whether something is made of what its path carries. */
void media_endpoint_estimate(struct media *media, uint32_t endpoint, bool on);
int media_stream_add(struct media *media, const struct sluice_stream *stream, uint32_t flags,
                     char *why);
int media_stream_delete(struct media *media, const char *name, char *why);
/* enum sluice_feedback: of what its endpoint may be sent, what is asked for this stream; of one
 * that has just been made. Until then it is all. */
void media_stream_feedback_set(struct media *media, const char *name, uint8_t feedback);
int media_subscription_add(struct media *media, const struct sluice_subscription *subscription,
                           uint32_t flags, char *why);
/* What there is of it, to be answered. */
void media_subscription_tell(const struct media *media, const char *stream, const char *endpoint,
                             struct sluice_subscription_added *row);
int media_subscription_delete(struct media *media, const struct sluice_subscription_name *name,
                              char *why);
int media_subscription_pause(struct media *media, const struct sluice_subscription_name *name,
                             bool paused, char *why);
int media_subscription_switch(struct media *media, const struct sluice_subscription_switch *change,
                              char *why);
/* It gets the layer of its track that has this rid from the next key frame on;
 * empty: the one that it was made for. */
int media_subscription_layer(struct media *media, const struct sluice_subscription_name *name,
                             const char *rid, char *why);

/* What a subscription's timestamps go on from, and since when; and VP8's picture ids. */
struct media_clock {
	bool known; /* something was sent */
	uint32_t timestamp, tick;
	uint16_t picture;
	uint8_t tl0;
};

struct media_clock media_subscription_clock(const struct media *media, const char *stream,
                                            const char *endpoint);
/* media_subscription_add, where the first packet goes on from this clock, if it is known; or NULL.
 */
int media_subscription_resume(struct media *media, const struct sluice_subscription *subscription,
                              uint32_t flags, const struct media_clock *clock, char *why);
/* What is given is changed in place. */
int media_endpoint_set(struct media *media, const struct sluice_endpoint_set *set, char *why);
int media_stream_set(struct media *media, const struct sluice_stream_set *set, char *why);
int media_subscription_set(struct media *media, const struct sluice_subscription_set *set,
                           char *why);

/* Control thread, once a second. */
void media_tick(struct media *media);

/* Control thread: the next rows from *cursor on (0: the first); returns how many. show NULL: all.
 */
void media_show(const struct media *media, struct sluice_media_row *row);
uint32_t media_endpoint_show(struct media *media, const struct sluice_endpoint_show *show,
                             uint32_t *cursor, struct sluice_endpoint_row *rows, uint32_t room);
uint32_t media_stream_show(struct media *media, const struct sluice_stream_show *show,
                           uint32_t *cursor, struct sluice_stream_row *rows, uint32_t room);
uint32_t media_subscription_show(struct media *media, const struct sluice_subscription_show *show,
                                 uint32_t *cursor, struct sluice_subscription_row *rows,
                                 uint32_t room);

/* SLUICE_CONFIG_COMMIT: what was not added again goes. */
void media_config_commit(struct media *media);

/* Counters of the forwarding unit, "media.NAME", summed over the workers. */
struct media_counter_info {
	const char *name;
	const char *help;
	const char *unit; /* NULL: packets */
};

extern const struct media_counter_info media_counter_infos[];
extern const uint32_t media_counters_count;
uint64_t media_counter_sum(const struct dataplane *dp, uint32_t index);

#endif
