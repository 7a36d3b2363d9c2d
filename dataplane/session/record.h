/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the ledger (ledger/ledger.h) holds of sessions: the control thread writes a session's record
 * whenever what its browser knows of it has changed. Handshakes are not in it: one that has not
 * brought keys ends with the process.
 */
#ifndef SESSION_RECORD_H
#define SESSION_RECORD_H

#include "session/state.h"

struct ledger_shape;
struct options;

uint32_t session_record_shapes(const struct options *options, struct ledger_shape *shapes);
void session_record(const struct sessions *sessions, uint32_t index);
void session_record_end(const struct sessions *sessions, uint32_t index);
/* At start, behind media's. */
void sessions_take(struct sessions *sessions);
/* Then: endpoints of sessions that were not taken end, as nobody else would end them. */
void session_strays_end(struct dataplane *dp);

#endif
