/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys and channels of a region in its Redis: "sluice:{REGION}:WHAT[:ID]". docs/wire-formats.md
 * has them for who writes an ACL. */
#ifndef FLEET_KEYS_H
#define FLEET_KEYS_H

#define FLEET_KEY_MAX 320

#define KEY_NODE    "node"    /* :ID, hash: a node's record; its own writes it */
#define KEY_NODES   "nodes"   /* sorted set: ids by the time of their last beat */
#define KEY_SESSION "session" /* :NAME, string: the node that has the session */
#define KEY_EVENTS  "events"  /* channel: "drain ID", "undrain ID", "start ID", "stop ID" */
#define KEY_CLAIMS  "claims"  /* :ID, channel: sessions that others steered to that node */

/* id: NULL: none. */
void fleet_key(char key[FLEET_KEY_MAX], const char *region, const char *what, const char *id);

#endif
