/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the fleet share: fleet.c (life, snapshots), obey.c, beat.c, read.c, probe.c,
 * drain.c, show.c, owner.c and steer.c. */
#ifndef FLEET_STATE_H
#define FLEET_STATE_H

#include "command/command.h"
#include "common/clock.h"
#include "fleet/fleet.h"
#include "fleet/keys.h"
#include "fleet/load.h"
#include "redis/redis.h"
#include "region/choice.h"
#include "region/credential.h"
#include "region/view.h"

#define FLEET_READ_PAGE 128
#define FLEET_PATH_MAX  512

struct names;
struct owners;
struct probes;

/* A round of reading a region's nodes: one reply at a time, or a page of them. */
struct reading {
	bool busy;
	bool more;        /* pages */
	uint32_t waiting; /* nodes whose record was asked for */
	uint32_t pages;
	double from, last; /* scores: of the round, and the last that was seen */
	double server_us;  /* its clock at the round's start */
	uint64_t whole;    /* when the last whole round began */
};

struct fleet_region {
	struct fleet *fleet;
	struct sluice_region_add config; /* without a Redis: ours, and nobody has said where */
	struct redis *commands, *events;
	struct reading reading;
	uint64_t read_after; /* no sooner: it holds too much */
	uint64_t said;       /* when it was last said that something in it is wrong; 0: never */
};

struct drain {
	bool on;
	uint64_t until_ms; /* CLOCK_BOOTTIME; 0: no bound */
	bool ended;        /* the bound has passed, and present work with it */
};

struct fleet {
	struct fleet_options options;
	struct dataplane_client *client;
	struct view *view;
	struct snapshot *snapshot;
	struct sluice_node_set own; /* id empty: not set */
	struct fleet_region *regions[SLUICE_REGIONS_MAX];
	uint32_t n_regions;
	struct load *load;
	struct names *names; /* of hosts; NULL: none can be resolved */
	struct probes *probes;
	struct owners *owners;
	struct drain drain;
	struct question *ending; /* all allocations of the drain; NULL: not now */
	struct event *tick, *beat;
	uint64_t seq, started, generation;
	uint64_t born;
	bool young;                          /* its dataplane may yet come */
	char event[SLUICE_NODE_ID_MAX + 16]; /* goes with the next beat; empty: none */
	bool beating;                        /* a beat is on its way */
	bool stopping;                       /* the loop ends once others have been told */
	bool held;
	uint32_t ticks;
	uint64_t renewed; /* when a snapshot was last made between two ticks */
	uint64_t saved;   /* when the snapshot was last written */
	int save_error;
	char snapshot_path[FLEET_PATH_MAX], drain_path[FLEET_PATH_MAX];
	/* From the running configuration, each as long as it is `known`. */
	bool secret_known, has_secret;
	struct credential_key secret; /* of `turn secret add` */
	bool listeners_known;
	struct sluice_addr listeners[2]; /* of `turn listen add`; IPv4, IPv6; port 0: none */
	/* A node's record has come: a snapshot of what is known now; verdicts stay. */
	void (*renew)(struct fleet *fleet);
	void (*redis_changed)(void *arg); /* NULL: nobody wants to know */
	void *redis_arg;
};

static inline uint64_t fleet_now(void) /* ns */
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* -- regions.c -- */
struct fleet_region *fleet_region_find(const struct fleet *fleet, const char *name);
bool fleet_is_set(const struct fleet *fleet);
/* Our own Redis has come or gone. */
void fleet_redis_tell(struct fleet *fleet);

/* -- obey.c -- */
int fleet_obey(void *arg, const struct command_request *request, char *why);
/* `node set` is the one SET. */
void fleet_unset(void *arg, const struct command_request *request);
/* -- beat.c -- */
void beat_start(struct fleet *fleet);
/* This node's record as it is now. */
void beat_record(struct fleet *fleet, struct node_record *record);
void beat_now(struct fleet *fleet);
/* The same, and "drain ID" to all regions that listen, once the record is there to be read. */
void beat_event(struct fleet *fleet, const char *what);
/* This host is about to be no node: others steer nothing to it any more. */
void beat_farewell(struct fleet *fleet);
/* -- read.c -- */
void read_start(struct fleet_region *region);
void read_node(struct fleet_region *region, const char *id, size_t length);
/* -- drain.c -- */
void drain_load(struct fleet *fleet);
void drain_follow(struct fleet *fleet);
/* 0, or -errno with a line in `why`. */
int drain_begin(struct fleet *fleet, uint32_t seconds, char *why);
int drain_end(struct fleet *fleet, char *why);
void drain_destroy(struct fleet *fleet);
/* -- probe.c -- */
struct probes *probes_create(struct fleet *fleet);
void probes_destroy(struct probes *probes);
/* What was sent and not answered is lost. */
void probes_expire(struct probes *probes);
void probes_send(struct probes *probes);
/* -- steer.c -- */
int steer_start(struct fleet *fleet);
/* -- owner.c -- */
struct owners *owners_create(struct fleet *fleet);
void owners_destroy(struct owners *owners);
/* This node has the session, as another one says that steered it here. */
void owners_claim(struct owners *owners, const char *session, size_t length);
/* Our Redis is back, perhaps empty. */
void owners_rebuild(struct owners *owners);

#endif
