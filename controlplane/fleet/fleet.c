/* SPDX-License-Identifier: BSD-3-Clause */
#include "fleet/state.h"

#include "config/own.h"
#include "dataplane/ask.h"
#include "common/log.h"
#include "common/words.h"
#include "http/client.h"
#include "redis/names.h"

#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SAVE_NS   10000000000ull /* a snapshot that only aged is written no more often */
#define READ_EACH 1              /* ticks between two rounds of reading */

static const struct timeval tick_interval = {.tv_usec = VIEW_TICK_NS / 1000};

/* -- the dataplane gets its part -- */

static void alternate_make(struct sluice_turn_alternate *alternate,
                           const struct node_record *record)
{
	alternate->addr4 = record->addr4;
	alternate->addr6 = record->addr6;
}

static void fleet_tell(struct fleet *fleet)
{
	const struct snapshot_node *list[SLUICE_TURN_ALTERNATES_MAX];
	struct sluice_turn_alternates alternates = {.draining = fleet->drain.on};

	if (fleet->client == NULL)
		return;
	if (fleet->snapshot != NULL) {
		alternates.generation = fleet->snapshot->generation;
		alternates.count = choice_alternates(fleet->snapshot, fleet->own.id, list,
		                                     SLUICE_TURN_ALTERNATES_MAX);
	}
	for (uint32_t i = 0; i < alternates.count; i++)
		alternate_make(&alternates.list[i], &list[i]->record);
	/* Where the dataplane is away, fleet_ready will come. */
	dataplane_ask(fleet->client,
	              &(struct dataplane_ask){.type = SLUICE_TURN_ALTERNATES_SET,
	                                      .body = &alternates,
	                                      .length = sizeof(alternates)},
	              NULL);
}

void fleet_ready(struct fleet *fleet)
{
	fleet_tell(fleet);
	load_ready(fleet->load);
}

/* -- snapshots -- */

static void snapshot_write(struct fleet *fleet, uint64_t now)
{
	int error = snapshot_save(fleet->snapshot, fleet->snapshot_path);

	fleet->saved = now;
	if (error < 0 && error != fleet->save_error)
		log_error(SLUICE_LOG_REGION,
		          "%s: %s; the view of the regions would not survive a restart",
		          fleet->snapshot_path, strerror(-error));
	fleet->save_error = error;
}

static void snapshot_renew(struct fleet *fleet)
{
	uint64_t now = fleet_now();
	struct snapshot *fresh = view_snapshot(fleet->view, now);
	bool changed;

	if (fresh == NULL)
		return;
	changed = fleet->snapshot == NULL || !snapshot_is_equivalent(fleet->snapshot, fresh);
	fleet->generation += changed;
	fresh->generation = fleet->generation;
	snapshot_release(fleet->snapshot);
	fleet->snapshot = fresh;
	if (changed)
		fleet_tell(fleet);
	if (fresh->n_regions > 0 && (changed || now - fleet->saved > SAVE_NS))
		snapshot_write(fleet, now);
}

static void on_changed(void *arg, const struct view_change *change)
{
	const char *node = change->id != NULL ? change->id : "";

	if (change->after > change->before && change->before != SLUICE_VERDICT_UNKNOWN)
		log_warning(SLUICE_LOG_REGION, "region %s%s%s: %s, was %s (%s)", change->region,
		            change->id != NULL ? " node " : "", node,
		            word_of(verdict_words, change->after),
		            word_of(verdict_words, change->before), change->reason);
	else
		log_info(SLUICE_LOG_REGION, "region %s%s%s: %s, was %s (%s)", change->region,
		         change->id != NULL ? " node " : "", node,
		         word_of(verdict_words, change->after),
		         word_of(verdict_words, change->before), change->reason);
}

static void own_see(struct fleet *fleet)
{
	struct node_record record;

	if (!fleet_is_set(fleet))
		return;
	beat_record(fleet, &record);
	view_beat(fleet->view, fleet_now(), record.region, &record);
}

static void fleet_renew(struct fleet *fleet)
{
	fleet->renewed = fleet_now();
	own_see(fleet);
	snapshot_renew(fleet);
}

static void fleet_judge(struct fleet *fleet)
{
	bool held;

	own_see(fleet);
	view_tick(fleet->view, fleet_now(), on_changed, fleet);
	held = view_held_since(fleet->view) != 0;
	if (held != fleet->held)
		log_warning(SLUICE_LOG_REGION, "regions: %s",
		            held ? "nobody is seen; the last view of them is held"
		                 : "somebody is seen again; the view follows");
	fleet->held = held;
	snapshot_renew(fleet);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct fleet *fleet = arg;

	drain_follow(fleet);
	probes_expire(fleet->probes);
	fleet_judge(fleet);
	probes_send(fleet->probes);
	if (++fleet->ticks % READ_EACH == 0)
		for (uint32_t i = 0; i < fleet->n_regions; i++)
			read_start(fleet->regions[i]);
}

/* -- draining -- */

static void drain_spread(struct fleet *fleet, const char *what)
{
	fleet_renew(fleet);
	fleet_tell(fleet);
	beat_event(fleet, what);
}

int fleet_drain(struct fleet *fleet, uint32_t seconds, char *why)
{
	int error = drain_begin(fleet, seconds, why);

	if (error == 0)
		drain_spread(fleet, "drain");
	return error;
}

int fleet_undrain(struct fleet *fleet, char *why)
{
	int error = drain_end(fleet, why);

	if (error == 0)
		drain_spread(fleet, "undrain");
	return error;
}

/* -- life -- */

static void paths_make(struct fleet *fleet)
{
	const char *slash = strrchr(fleet->options.socket, '/');
	int folder = slash != NULL ? slash - fleet->options.socket : 1;

	snprintf(fleet->snapshot_path, sizeof(fleet->snapshot_path), "%s/snapshot",
	         fleet->options.state_dir);
	snprintf(fleet->drain_path, sizeof(fleet->drain_path), "%.*s/drain", folder,
	         slash != NULL ? fleet->options.socket : ".");
}

static void on_name_failed(void *arg)
{
	http_client_refresh(arg);
}

struct fleet *fleet_create(const struct fleet_options *options)
{
	struct fleet *fleet = calloc(1, sizeof(*fleet));

	if (fleet == NULL)
		return NULL;
	fleet->options = *options;
	fleet->renew = fleet_renew;
	fleet->started = time(NULL);
	fleet->born = fleet_now();
	fleet->young = true;
	paths_make(fleet);
	fleet->view = view_create("", "");
	fleet->load = load_create(options->base);
	if (options->http_client != NULL)
		fleet->names = names_create(options->base, http_client_names(options->http_client),
		                            on_name_failed, options->http_client);
	fleet->probes = probes_create(fleet);
	fleet->owners = owners_create(fleet);
	fleet->tick = event_new(options->base, -1, EV_PERSIST, on_tick, fleet);
	if (fleet->view == NULL || fleet->load == NULL ||
	    (options->http_client != NULL && fleet->names == NULL) || fleet->probes == NULL ||
	    fleet->owners == NULL || fleet->tick == NULL || steer_start(fleet) < 0) {
		fleet_destroy(fleet);
		return NULL;
	}
	own_serve_part(options->own, SLUICE_REGION_ADD,
	               &(struct own_part){fleet_obey, fleet_unset, NULL, fleet});
	return fleet;
}

/* Where the last control plane stood: its view, and the generations that it had. */
static void snapshot_restore(struct fleet *fleet)
{
	struct snapshot *snapshot;
	int error;

	snapshot = snapshot_load(fleet->snapshot_path, &error);
	if (snapshot != NULL) {
		fleet->generation = snapshot->generation;
		view_restore(fleet->view, fleet_now(), snapshot);
		log_info(SLUICE_LOG_REGION, "%s: %u nodes of %u regions, generation %lu",
		         fleet->snapshot_path, snapshot->n_nodes, snapshot->n_regions,
		         (unsigned long)snapshot->generation);
		snapshot_release(snapshot);
	} else if (error == -EBADMSG) {
		log_warning(SLUICE_LOG_REGION, "%s: damaged or of another version; ignored",
		            fleet->snapshot_path);
	} else if (error != -ENOENT) {
		log_warning(SLUICE_LOG_REGION, "%s: %s", fleet->snapshot_path, strerror(-error));
	}
}

void fleet_start(struct fleet *fleet)
{
	/* Where it cannot be made, writing the snapshot says so. */
	(void)!mkdir(fleet->options.state_dir, 0750);
	drain_load(fleet);
	snapshot_restore(fleet);
	beat_start(fleet);
	event_add(fleet->tick, &tick_interval);
	fleet_judge(fleet);
}

void fleet_serve(struct fleet *fleet, struct dataplane_client *client)
{
	fleet->client = client;
	load_serve(fleet->load, client);
}

void fleet_destroy(struct fleet *fleet)
{
	if (fleet == NULL)
		return;
	for (uint32_t i = 0; i < fleet->n_regions; i++) {
		redis_destroy(fleet->regions[i]->commands);
		redis_destroy(fleet->regions[i]->events);
		free(fleet->regions[i]);
	}
	names_destroy(fleet->names);
	drain_destroy(fleet);
	owners_destroy(fleet->owners);
	probes_destroy(fleet->probes);
	load_destroy(fleet->load);
	snapshot_release(fleet->snapshot);
	view_destroy(fleet->view);
	if (fleet->tick != NULL)
		event_free(fleet->tick);
	if (fleet->beat != NULL)
		event_free(fleet->beat);
	explicit_bzero(&fleet->secret, sizeof(fleet->secret));
	free(fleet);
}
