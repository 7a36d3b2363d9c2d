/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/store.h"

#include "dataplane.h"
#include "net/service.h"
#include "turn/attempts.h"
#include "turn/config.h"
#include "turn/record.h"
#include "turn/reservation.h"
#include "turn/table.h"
#include "turn/take.h"
#include "turn/wanted.h"

#include <rte_bitops.h>
#include <rte_errno.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What one housekeeping does at most: some microseconds, whatever has expired at once. */
#define TIMERS_PER_HOUSEKEEPING   64
#define FREES_PER_HOUSEKEEPING    256
#define ACCOUNTS_PER_HOUSEKEEPING 64

struct table_shape {
	uint32_t count;
	size_t size; /* of one object */
};

static uint32_t at_least_one(uint32_t count)
{
	return RTE_MAX(count, 1u);
}

static struct table_shape table_shape(const struct turn *turn, enum turn_object object)
{
	const struct options *options = &turn->dp->options;

	switch (object) {
	case TURN_OBJECT_ALLOCATION:
		return (struct table_shape){at_least_one(options->max_allocations),
		                            sizeof(struct allocation)};
	case TURN_OBJECT_PERMISSION:
		return (struct table_shape){at_least_one(options->max_permissions),
		                            sizeof(struct permission)};
	default:
		return (struct table_shape){at_least_one(options->max_channels),
		                            sizeof(struct channel)};
	}
}

/* Index 0 is no object, and its place stays empty. */
static size_t table_bytes(const struct turn *turn, enum turn_object object)
{
	struct table_shape shape = table_shape(turn, object);

	return ((size_t)shape.count + 1) * shape.size;
}

static size_t accounts_bytes(const struct turn *turn)
{
	return ((size_t)table_shape(turn, TURN_OBJECT_ALLOCATION).count + 1) *
	       sizeof(struct account);
}

static int tables_create(struct turn *turn)
{
	uint32_t workers =
	        at_least_one(RTE_MAX(turn->dp->options.workers, (uint32_t)turn->dp->n_workers));

	turn->allocations = table_map(table_bytes(turn, TURN_OBJECT_ALLOCATION));
	turn->permissions = table_map(table_bytes(turn, TURN_OBJECT_PERMISSION));
	turn->channels = table_map(table_bytes(turn, TURN_OBJECT_CHANNEL));
	turn->accounts = table_map(accounts_bytes(turn));
	turn->reservations = reservations_create();
	turn->wanted = wanted_create();
	turn->attempts = attempts_create();
	if (turn->allocations == NULL || turn->permissions == NULL || turn->channels == NULL ||
	    turn->accounts == NULL || turn->reservations == NULL || turn->wanted == NULL ||
	    turn->attempts == NULL)
		return -ENOMEM;
	if (homes_create(&turn->homes, table_shape(turn, TURN_OBJECT_ALLOCATION).count) < 0 ||
	    callers_create(&turn->callers, table_shape(turn, TURN_OBJECT_ALLOCATION).count) < 0)
		return -ENOMEM;
	for (int object = 0; object < TURN_OBJECTS; object++)
		if (index_pool_init(&turn->pools[object], table_shape(turn, object).count,
		                    workers) < 0)
			return -ENOMEM;
	return 0;
}

/* For the control thread (net/punt.h): who sends from this address. */
static bool packet_user(const struct dataplane *dp, const struct packet *packet, uint64_t *user)
{
	const struct service *service =
	        service_find(dp->services, &packet->flow.src, packet->flow.src_port);
	uint32_t index;

	if (service == NULL || service->kind != SERVICE_RELAY)
		return false;
	index = relay_port_owner(&dp->turn->relays[service->index],
	                         rte_be_to_cpu_16(packet->flow.src_port));
	*user = dp->turn->allocations[index].user_hash;
	return true;
}

struct turn *turn_create(struct dataplane *dp)
{
	struct turn *turn = aligned_alloc(RTE_CACHE_LINE_SIZE,
	                                  RTE_ALIGN_CEIL(sizeof(*turn), RTE_CACHE_LINE_SIZE));

	if (turn == NULL)
		return NULL;
	memset(turn, 0, sizeof(*turn));
	turn->dp = dp;
	dp->packet_user = packet_user;
	if (tables_create(turn) == 0 && turn_config_create(turn) == 0)
		return turn;
	rte_errno = ENOMEM;
	turn_destroy(turn);
	return NULL;
}

void turn_destroy(struct turn *turn)
{
	if (turn == NULL)
		return;
	turn_config_destroy(turn);
	for (int object = 0; object < TURN_OBJECTS; object++)
		if (turn->pools[object].ring != NULL)
			index_pool_destroy(&turn->pools[object]);
	wanted_destroy(turn->wanted);
	attempts_destroy(turn->attempts);
	homes_destroy(&turn->homes);
	callers_destroy(&turn->callers);
	reservations_destroy(turn->reservations);
	free(turn->moves);
	table_unmap(turn->accounts, accounts_bytes(turn));
	table_unmap(turn->channels, table_bytes(turn, TURN_OBJECT_CHANNEL));
	table_unmap(turn->permissions, table_bytes(turn, TURN_OBJECT_PERMISSION));
	table_unmap(turn->allocations, table_bytes(turn, TURN_OBJECT_ALLOCATION));
	free(turn);
}

/* -- one worker's -- */

/* Workers share the load about evenly; what a skewed spread brings beyond twice that is refused
 * with 508. */
static uint32_t worker_share(const struct turn *turn, uint32_t count)
{
	uint32_t workers = at_least_one(turn->dp->options.workers);

	return workers == 1 ? count : RTE_MIN(count, count / workers * 2 + 64);
}

static uint32_t chain_heads(const struct turn *turn, enum turn_object object)
{
	return rte_align32pow2(worker_share(turn, table_shape(turn, object).count));
}

static int chains_create(struct turn *turn, struct turn_chains *chains)
{
	uint32_t users = chain_heads(turn, TURN_OBJECT_ALLOCATION);
	uint32_t permissions = chain_heads(turn, TURN_OBJECT_PERMISSION);
	uint32_t channels = chain_heads(turn, TURN_OBJECT_CHANNEL);

	chains->user_mask = users - 1;
	chains->permission_mask = permissions - 1;
	chains->channel_mask = channels - 1;
	chains->users = table_map(users * sizeof(uint32_t));
	chains->permissions = table_map(permissions * sizeof(uint32_t));
	chains->channel_numbers = table_map(channels * sizeof(uint32_t));
	chains->channel_peers = table_map(channels * sizeof(uint32_t));
	return chains->users != NULL && chains->permissions != NULL &&
	                       chains->channel_numbers != NULL && chains->channel_peers != NULL
	               ? 0
	               : -ENOMEM;
}

static void chains_destroy(struct turn_chains *chains)
{
	table_unmap(chains->users, (chains->user_mask + 1) * sizeof(uint32_t));
	table_unmap(chains->permissions, (chains->permission_mask + 1) * sizeof(uint32_t));
	table_unmap(chains->channel_numbers, (chains->channel_mask + 1) * sizeof(uint32_t));
	table_unmap(chains->channel_peers, (chains->channel_mask + 1) * sizeof(uint32_t));
	*chains = (struct turn_chains){0};
}

struct turn_worker *turn_worker_create(struct worker *worker)
{
	struct turn *turn = worker->dp->turn;
	struct turn_worker *turn_worker = table_map(sizeof(*turn_worker));

	if (turn_worker == NULL)
		return NULL;
	turn_worker->worker = worker;
	turn_worker->turn = turn;
	turn_worker->private = table_map(sizeof(*turn_worker->private));
	if (turn_worker->private == NULL ||
	    accounts_create(&turn_worker->private->accounts,
	                    table_shape(turn, TURN_OBJECT_ALLOCATION).count) < 0 ||
	    clients_create(&turn_worker->clients,
	                   worker_share(turn, table_shape(turn, TURN_OBJECT_ALLOCATION).count),
	                   &turn->seed) < 0 ||
	    chains_create(turn, &turn->chains[worker->id]) < 0) {
		turn_worker_destroy(turn_worker);
		rte_errno = ENOMEM;
		return NULL;
	}
	turn_worker->private->wheel.at = worker->now;
	return turn_worker;
}

void turn_worker_destroy(struct turn_worker *turn_worker)
{
	if (turn_worker == NULL)
		return;
	chains_destroy(&turn_worker->turn->chains[turn_worker->worker->id]);
	clients_destroy(&turn_worker->clients);
	if (turn_worker->private != NULL)
		accounts_destroy(&turn_worker->private->accounts);
	table_unmap(turn_worker->private, sizeof(*turn_worker->private));
	table_unmap(turn_worker, sizeof(*turn_worker));
}

void turn_housekeep(struct worker *worker)
{
	struct turn_worker *turn_worker = worker->turn;
	struct turn_private *private = turn_worker->private;

	timers_run(turn_worker, TIMERS_PER_HOUSEKEEPING, allocation_sweep);
	garbage_collect(turn_worker, FREES_PER_HOUSEKEEPING);
	accounts_collect(turn_worker, ACCOUNTS_PER_HOUSEKEEPING);
	record_accounting(turn_worker);
	if (private->reservations_swept != worker->now) {
		private->reservations_swept = worker->now;
		reservations_expire(turn_worker);
	}
}

static int take(struct dataplane *dp)
{
	return turn_take(dp->turn);
}

static int create(struct dataplane *dp)
{
	dp->turn = turn_create(dp);
	return dp->turn != NULL ? 0 : -ENOMEM;
}

static void destroy(struct dataplane *dp)
{
	turn_destroy(dp->turn);
}

static int part_worker_create(struct worker *worker)
{
	worker->turn = turn_worker_create(worker);
	return worker->turn != NULL ? 0 : -ENOMEM;
}

static void part_worker_destroy(struct worker *worker)
{
	turn_worker_destroy(worker->turn);
}

static void tick(struct dataplane *dp)
{
	turn_tick(dp->turn, (uint64_t)time(NULL));
}

static void config_sweep(struct dataplane *dp)
{
	turn_config_sweep(dp->turn);
}

const struct part turn_part = {
        .name = "TURN tables",
        .create = create,
        .destroy = destroy,
        .worker_create = part_worker_create,
        .worker_destroy = part_worker_destroy,
        .ledger_shapes = record_shapes,
        .take = take,
        .tick = tick,
        .config_sweep = config_sweep,
        .housekeep = turn_housekeep,
        .is_pending = turn_is_pending,
};
