/* SPDX-License-Identifier: BSD-3-Clause */
/* The way from the running configuration to another one, in an order in which each step can be
 * taken. */
#ifndef CONFIG_PLAN_H
#define CONFIG_PLAN_H

#include "config/running.h"

enum step_kind {
	STEP_ADD,
	STEP_CHANGE, /* another line takes the place of the one with its identity */
	STEP_DELETE,
	STEP_UNSET, /* a SET's line goes: what it set has its default again */
};

struct step {
	TAILQ_ENTRY(step) entry;
	enum step_kind kind;
	uint32_t number; /* of the line in the file; 0: the file has none */
	/* The line that comes and the one that goes; NULL: there is none. */
	struct command_request *fresh, *old;
};
TAILQ_HEAD(steps, step);

struct plan {
	struct steps steps;
	uint32_t added, changed, removed; /* lines */
};

/*
 * What is free of conflicts comes first, so that a refusal finds everything as it was; then what
 * has to go before others can come, those, and what only goes. Calls' endpoints, streams and
 * subscriptions, which never stood in a file, stay. 0 or -ENOMEM.
 */
int plan_make(struct plan *plan, const struct running *running, const struct running *fresh);
void plan_free(struct plan *plan);

/* What differs, as lines of commands with "- " or "+ " before them, the caller's to free. NULL: no
 * memory. */
char *plan_text(const struct plan *plan, bool secrets);

#endif
