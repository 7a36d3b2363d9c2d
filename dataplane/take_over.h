/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A dataplane that takes another one's place while that moves packets: `sluice-dataplane
 * --take-over`, which a reload of the unit runs. It makes everything that a start makes but
 * sockets, ports and the file of calls; then the other one stops and ends, and this one goes on
 * from its ledger. Whatever fails before that leaves the other one as it is.
 */
#ifndef TAKE_OVER_H
#define TAKE_OVER_H

#include "common/seqpacket.h"

struct take_over {
	const char *path; /* of the socket */
	struct seqpacket_listener *listener;
	int done;  /* to who waits for us to be there; -1: nobody does */
	int other; /* its process; 0: not known */
};

/*
 * Before any thread is there: goes on in a process of its own, and this one waits for it: what was
 * asked for is done when the command returns. Returns in the child; -errno: there is none.
 */
int take_over_begin(struct take_over *take_over, const char *path,
                    struct seqpacket_listener *listener);
/* struct take_over: the other one ends, its socket is ours. 0 or -errno. */
int take_over_make(void *take_over);
/* We serve. */
void take_over_done(struct take_over *take_over);

#endif
