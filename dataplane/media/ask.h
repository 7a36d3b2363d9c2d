/* SPDX-License-Identifier: BSD-3-Clause */
/* What one thread asks of the worker that may answer it: a ring for each worker. */
#ifndef MEDIA_ASK_H
#define MEDIA_ASK_H

#include "media/state.h"

enum media_ask_fate {
	ASK_PUT,
	ASK_MERGED, /* a request for the stream's key frame lies there already */
	ASK_FULL,
};

/* Any worker: to the stream's owner; at once where that is the caller. Its fate is counted. */
void media_ask(struct media_worker *media_worker, const struct media_ask *ask);
/* Any worker: to another one, or by way of the ring to itself. */
enum media_ask_fate media_ask_to(struct media_worker *media_worker, uint16_t worker,
                                 const struct media_ask *ask);
/* Any thread. */
enum media_ask_fate media_ask_put(struct media *media, uint16_t worker,
                                  const struct media_ask *ask);
/* Housekeeping: a bounded number of those that came. */
void media_asks_run(struct media_worker *media_worker);
/* Before the worker goes. */
void media_asks_drop(struct media_worker *media_worker);

#endif
