/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUCCESSION_H
#define SUCCESSION_H

/* Another dataplane runs still, and this one takes its place (take_over.h): what is asked of it, in
 * this order, once all is made. */
struct succession {
	void *arg;
	/* Kernel interfaces that it has, so that what takes long is done before. */
	void (*ports)(void *arg, void (*port)(void *context, const char *interface), void *context);
	/* It moves nothing any more, and its ledger is complete; with the link of the gate on each
	 * interface, which is the callee's. 0, or -errno: it serves on, unless it had begun: then
	 * it ends, and the unit starts one. */
	int (*begin)(void *arg, void (*program)(void *context, const char *interface, int link),
	             void *context);
	/* It has closed its ports. */
	void (*end)(void *arg);
};

#endif
