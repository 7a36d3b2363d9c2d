/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * This node among the others: beats into its own region's Redis, reads every region's, probes other
 * nodes, keeps the snapshot, drains, and steers. Serves the subject of sluice/region.h.
 */
#ifndef FLEET_FLEET_H
#define FLEET_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

#include <sluice/region.h>

struct credential_key;
struct dataplane_client;
struct fleet;
struct gate_keeper;
struct http;
struct http_client;
struct own;
struct running;
struct snapshot;

struct fleet_options {
	struct event_base *base;
	struct own *own;
	struct running *running;
	struct http *http;
	struct http_client *http_client; /* its name servers; NULL: no name can be resolved */
	const struct gate_keeper *gate;  /* NULL: none */
	const char *state_dir;           /* the snapshot's, which outlives the host's restart */
	const char *socket; /* the control plane's: what outlives its restart alone stands beside */
};

/* NULL: no memory. */
struct fleet *fleet_create(const struct fleet_options *options);
/* The configuration has been read: takes the last snapshot from disk and begins. */
void fleet_start(struct fleet *fleet);
/* Ends the event loop: once a last beat and "stop" are in this region's Redis, or at once where it
 * is away or this is said twice. */
void fleet_stop(struct fleet *fleet);
void fleet_destroy(struct fleet *fleet);
void fleet_serve(struct fleet *fleet, struct dataplane_client *client);
/* The dataplane has the whole configuration, and is perhaps a new one. */
void fleet_ready(struct fleet *fleet);

struct redis;
/* Of this node's own region; NULL: there is none. */
struct redis *fleet_own_redis(const struct fleet *fleet);
/* `changed` is called when that one comes, goes, or is another. */
void fleet_on_redis(struct fleet *fleet, void (*changed)(void *arg), void *arg);

/* seconds: 0: without a bound. 0, or -errno with a line in `why` (SLUICE_API_ERROR_MAX bytes). */
int fleet_drain(struct fleet *fleet, uint32_t seconds, char *why);
int fleet_undrain(struct fleet *fleet, char *why);

enum fleet_place {
	FLEET_HERE,
	FLEET_ELSEWHERE, /* another node, that answers HTTP at HOST:PORT */
	FLEET_NOWHERE,   /* this one drains, and no other is known */
};
typedef void fleet_placed_fn(void *arg, enum fleet_place place, const char *http);
struct fleet_search;
/*
 * Who takes a room: its owner, or this node; of a fresh room another one where this one drains.
 * `done` is called once, perhaps at once. Returns what fleet_place_forget takes; NULL where `done`
 * has been called.
 */
struct fleet_search *fleet_place(struct fleet *fleet, const char *room, bool fresh,
                                 fleet_placed_fn *done, void *arg);
void fleet_place_forget(struct fleet_search *search);
/* The room is here. */
void fleet_claim(struct fleet *fleet, const char *room);
/* HOST:PORT of `node set`; empty: there is none. */
const char *fleet_http(const struct fleet *fleet);
/* HOST:PORT of other nodes that take new work, the best first: where a client may ask when it gets
 * no answer here. Good until the caller returns to the event loop. Returns how many. */
#define FLEET_OTHERS_MAX 4
uint32_t fleet_others(const struct fleet *fleet, const char *list[FLEET_OTHERS_MAX]);

/* This node's TURN listeners as clients are told of them. *key: of its newest shared secret; NULL:
 * there is none. Returns how many. */
uint32_t fleet_turn(struct fleet *fleet, struct sluice_addr list[2],
                    const struct credential_key **key);

/* Returns how many. */
uint32_t fleet_regions(struct fleet *fleet, struct sluice_region_row *rows, uint32_t max);
/* Of the present snapshot. */
void fleet_snapshot_row(const struct fleet *fleet, struct sluice_snapshot_row *row);
/* The present snapshot, held for the caller; NULL: there is none. */
struct snapshot *fleet_snapshot(struct fleet *fleet);
/* One node of it. */
void fleet_node_row(const struct fleet *fleet, const struct snapshot *snapshot, uint32_t index,
                    struct sluice_node_row *row);

#endif
