/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions and their owners. A node keeps the key of each session that it owns in its own region's
 * Redis, refreshes it, and writes all of them again when Redis comes back. Who steers a session to
 * a node tells it so on the node's own channel, in the teller's Redis.
 */
#ifndef FLEET_OWNER_H
#define FLEET_OWNER_H

#include "fleet/state.h"

/*
 * Looks for an owner that keeps the session: here, and in the regions that the choice prefers.
 * `done` is called once, perhaps at once, and within OWNER_WAIT_MS; node NULL: it has none. The
 * node is one of `snapshot`, which is the caller's to hold.
 */
#define OWNER_WAIT_MS 200
typedef void owner_found_fn(void *arg, const struct snapshot_node *node);
/* Returns what owner_forget takes; NULL where `done` has been called. */
struct owner_search *owner_find(struct owners *owners, const struct snapshot *snapshot,
                                const char *session, size_t length,
                                const struct choice_where *where, owner_found_fn *done, void *arg);
/* Nobody waits for `done` any more. */
void owner_forget(struct owner_search *search);

/* The session was steered there. */
void owner_tell(struct owners *owners, const char *session, size_t length,
                const struct snapshot_node *node);

#endif
