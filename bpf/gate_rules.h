/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* What the gate can decide. Every packet ends in one of these, and each has its counter. */
#ifndef GATE_RULES_H
#define GATE_RULES_H

enum gate_verdict {
	GATE_PASS_KERNEL,  /* not ours: the host's own stack */
	GATE_PASS_SERVICE, /* a listener or a relayed address: to the dataplane */
	GATE_PASS_ODD, /* ours by its address, and odd (fragment, options): the dataplane drops it
	                  by name */
	GATE_VERDICTS,
};

#endif
