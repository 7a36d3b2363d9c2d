/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the gate's keeper share: keeper.c (configuration and life), writer.c (the XDP
 * program's maps), twin.c (the dataplane) and show.c. */
#ifndef GATE_KEEPER_STATE_H
#define GATE_KEEPER_STATE_H

#include "common/attack_log.h"
#include "common/clock.h"
#include "config/own.h"
#include "dataplane/ask.h"
#include "gate/keeper.h"
#include "gate/keys.h"
#include "gate/maps.h"
#include "gate/settings.h"

struct gate_keeper {
	struct running *running;
	struct dataplane_client *client; /* NULL: none */
	struct event *timer;
	struct gate_settings settings;
	struct gate_settings before; /* what is in force, while `changed` */
	bool changed;                /* obeyed, and to be committed */
	own_done_fn *done;           /* of the commit under way; NULL: none */
	void *done_arg;
	uint32_t challenge; /* bytes of a 401, by the realm; 0: to be looked up */
	bool discovery;     /* `turn discovery`: answers to Binding are longer */
	struct gate_hash_keys hash;
	struct gate_keys keys;
	struct attack_log attacks;
	/* writer.c */
	struct gate_maps maps;
	struct gate_config written; /* mode UNSET: nothing yet */
	struct gate_list held[SLUICE_GATE_LISTS];
	bool held_known[SLUICE_GATE_LISTS];
	uint64_t base[GATE_COUNTERS];    /* counted by maps that are gone */
	uint64_t earlier[GATE_COUNTERS]; /* the same without the last of them ... */
	uint32_t gone;                   /* ... whose id this is: only their names may have gone */
	/* twin.c */
	struct gate_compiled told;  /* mode UNSET: nothing yet */
	uint32_t lists, told_lists; /* grow with each change of a list */
};

/* -- keeper.c -- */
/* All but what waits to be committed: new maps, new keys, another realm. */
void keeper_refresh(struct gate_keeper *keeper);

/* -- writer.c -- */
/* Maps come and go with the dataplane. */
void maps_look(struct gate_keeper *keeper);
/* Everything, as far as it differs. 0 or -errno; 0 as well where there are no maps. */
int maps_write(struct gate_keeper *keeper);
/* What has been counted, by maps that are gone as well. */
void maps_counters(const struct gate_keeper *keeper, uint64_t counters[GATE_COUNTERS]);
void maps_end(struct gate_keeper *keeper);

/* -- twin.c -- */
/* The whole of it. 0: `answered` will be called; -errno, of dataplane_ask as well. */
int twin_ask(struct gate_keeper *keeper, dataplane_answered_fn *answered);
/* The same where the dataplane does not have it yet; a refusal is logged. */
void twin_tell(struct gate_keeper *keeper);
/* It is perhaps a new one. */
void twin_forget(struct gate_keeper *keeper);

#endif
