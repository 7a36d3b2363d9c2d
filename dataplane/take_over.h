/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A dataplane that takes another one's place while that moves packets: `sluice-dataplane
 * --take-over`, which a reload of the unit runs. It makes everything that a start makes, and what
 * each port needs but its place on the interface; then the other one stops and passes its socket
 * and the gate's programs, and closes its ports while this one reads its ledger. Whatever fails
 * before that leaves the other one as it is.
 */
#ifndef TAKE_OVER_H
#define TAKE_OVER_H

#include "common/seqpacket.h"
#include "succession.h"

struct take_over {
	struct succession succession;
	const char *path; /* of the socket */
	struct seqpacket_listener *listener;
	int done;  /* to who waits for us to be there; -1: nobody does */
	int other; /* its process; 0: not known */
	int fd;    /* to it, while it hands over; -1 */
};

/*
 * Before any thread is there: goes on in a process of its own, and this one waits for it: what was
 * asked for is done when the command returns. Returns in the child, with `succession` set; -errno:
 * there is none.
 */
int take_over_begin(struct take_over *take_over, const char *path,
                    struct seqpacket_listener *listener);
/* We serve. */
void take_over_done(struct take_over *take_over);

#endif
