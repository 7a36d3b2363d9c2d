/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which node takes a session: a pure function of the snapshot, in integers, so that every node
 * gives the same answer. Weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): each
 * candidate's draw for the session is divided by its weight, and the least one wins. A candidate
 * that goes takes only its own sessions with it.
 */
#ifndef REGION_CHOICE_H
#define REGION_CHOICE_H

#include "region/snapshot.h"
#include "region/weight.h"

struct choice_where {
	const char *region; /* where the client is, or NULL */
	struct place place; /* the same */
};

/*
 * The node for a session; NULL: nobody at all takes anything. Healthy regions, and a degraded one
 * that the client named, before other degraded ones; of these the nearest; of equally near ones the
 * session's own. Where all are full somebody gets it all the same, to say so.
 */
const struct snapshot_node *choice_make(const struct snapshot *snapshot, const char *session,
                                        size_t length, const struct choice_where *where);

/* Healthy regions, and one as above, in the order in which the choice prefers them for the session.
 * Returns how many.
 */
uint32_t choice_regions(const struct snapshot *snapshot, const char *session, size_t length,
                        const struct choice_where *where, const struct snapshot_region **list,
                        uint32_t max);

/* An owner keeps its session as long as it and its region live; draining and degraded are alive:
 * moving a session costs it more than probes that are lost on a way that it does not take. */
bool choice_keeps(const struct snapshot *snapshot, const struct snapshot_node *owner);

/* Other nodes that take what this one does not, the best first. Returns how many. */
uint32_t choice_alternates(const struct snapshot *snapshot, const char *own_id,
                           const struct snapshot_node **list, uint32_t max);

#endif
