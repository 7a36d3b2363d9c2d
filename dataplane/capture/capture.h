/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures of packets. Workers copy what matches into rings of their own, a thread of each capture
 * writes it. Without a capture a point costs one load and one predictable branch for each burst.
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include <sluice/capture.h>

#include "dataplane.h"
#include "graph/drop.h"
#include "part.h"

#define CAPTURES_MAX 8

struct capture;
struct capture_ring;

/* What workers look into: const, replaced whole by the control thread, RCU. A sample that is not
 * due costs this and one line of the ring. */
struct capture_set {
	uint32_t points; /* bit set: of all captures */
	uint32_t count;
	struct {
		struct capture *capture;
		struct capture_ring *rings; /* one for each producer */
		uint32_t points;
	} list[CAPTURES_MAX];
};

/* Who copies: a worker by its id; behind them the control thread, which drops packets too. */
static inline uint16_t capture_control_producer(const struct dataplane *dp)
{
	return dp->n_workers;
}

/* NULL: no capture looks at this point. */
static inline const struct capture_set *capture_at(const struct dataplane *dp,
                                                   enum sluice_capture_point point)
{
	const struct capture_set *set = __atomic_load_n(&dp->captures, __ATOMIC_ACQUIRE);

	return likely(set == NULL) || !(set->points & 1u << point) ? NULL : set;
}

/* The producer's thread alone. What is to be sent stays back until capture_sent. */
void capture_packets(const struct dataplane *dp, const struct capture_set *set,
                     enum sluice_capture_point point, uint16_t producer, struct rte_mbuf **mbufs,
                     uint16_t count);
/* What ends for one reason at a node, without the node drop; the packets are only read: others may
 * have them as well. */
void capture_dropped(const struct dataplane *dp, const char *node, uint16_t producer,
                     struct rte_mbuf **mbufs, uint16_t count, enum drop_reason reason);
/* Of the burst that was captured last, the port took the first `sent` packets. */
void capture_sent(const struct capture_set *set, uint16_t producer, uint16_t sent);

/* A worker's burst at a point. */
static inline void capture_point(const struct worker *worker, enum sluice_capture_point point,
                                 struct rte_mbuf **mbufs, uint16_t count)
{
	const struct capture_set *set = capture_at(worker->dp, point);

	if (unlikely(set != NULL))
		capture_packets(worker->dp, set, point, worker->id, mbufs, count);
}

/* -- control thread -- */

/* The process that asked; 0 where it is not known. */
struct capture_client {
	uint32_t pid, uid;
};

extern const struct part captures_part;

/* Takes fd where it succeeds; nothing is captured before capture_begun. 0 or -errno with a line in
 * `why` (SLUICE_API_ERROR_MAX bytes). */
int capture_start(struct dataplane *dp, const struct sluice_capture *wanted, int fd,
                  const struct capture_client *client, struct capture **capture, char *why);
/* Workers copy for it, or it has ended already: false while its memory is being made ready. */
bool capture_begun(struct capture *capture);
/* Takes fd where it succeeds: the next file. */
int capture_file_next(struct capture *capture, int fd, char *why);
/* Nothing new is captured; what the rings hold is still written. */
void capture_stop(struct capture *capture);
/* Its client has gone: it is stopped, and freed once it is done. */
void capture_release(struct capture *capture);
/* A page of rows, as in allocation_show. */
uint32_t capture_show(struct dataplane *dp, uint32_t *cursor, struct sluice_capture_row *rows,
                      uint32_t max);
void capture_row(const struct capture *capture, struct sluice_capture_row *row);
/* Looks after captures that begin and end. A timer calls this; tests do it themselves. */
void captures_tick(struct dataplane *dp);

#endif
