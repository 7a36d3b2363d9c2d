/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/account.h"

#include "dataplane.h"
#include "turn/config.h"
#include "turn/mobility.h"
#include "turn/store.h"
#include "turn/table.h"
#include "turn/text.h"

#include <errno.h>
#include <string.h>

#include <rte_bitops.h>
#include <rte_ring_elem.h>

static uint32_t ring_count(uint32_t max_allocations)
{
	return RTE_MIN(rte_align32pow2(max_allocations + 1), (uint32_t)ACCOUNTS_MAX);
}

int accounts_create(struct accounts *accounts, uint32_t max_allocations)
{
	uint32_t count = ring_count(max_allocations);
	ssize_t size = rte_ring_get_memsize_elem(sizeof(struct sluice_allocation_account), count);

	accounts->ring = table_map((size_t)size);
	if (accounts->ring == NULL)
		return -ENOMEM;
	return rte_ring_init(accounts->ring, "accounts", count, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

void accounts_destroy(struct accounts *accounts)
{
	if (accounts->ring == NULL)
		return;
	table_unmap(accounts->ring,
	            (size_t)rte_ring_get_memsize_elem(sizeof(struct sluice_allocation_account),
	                                              accounts->ring->size));
}

/* 0: to peers, 1: to the client. */
static uint64_t allocation_bytes(const struct allocation *allocation, int direction)
{
	uint64_t packets, bytes[2];

	allocation_counters(allocation, &packets, &bytes[0], &packets, &bytes[1]);
	return bytes[direction];
}

static struct account *account_of(struct turn *turn, const struct allocation *allocation)
{
	return &turn->accounts[allocation_index(turn, allocation)];
}

void account_begin(struct turn_worker *turn_worker, const struct allocation *allocation,
                   const void *user, size_t length)
{
	struct account *account = account_of(turn_worker->turn, allocation);
	char name[SLUICE_TURN_USER_KEPT_MAX - 1];
	size_t shown = strnlen(allocation->user, sizeof(allocation->user));

	text_printable(name, sizeof(name), user, length);
	memset(account->user_rest, 0, sizeof(account->user_rest));
	memcpy(account->user_rest, name + shown,
	       RTE_MIN(sizeof(name) - shown, sizeof(account->user_rest)));
	memcpy(account->legs, allocation->legs, sizeof(account->legs));
	account->place = ACCOUNT_PLACE_HELD;
	/* one that was taken over has relayed for the dataplane before, which counted it */
	for (int i = 0; i < 2; i++)
		account->settled[i] =
		        (uint32_t)(allocation_bytes(allocation, i) >> ACCOUNT_UNIT_SHIFT);
}

/* Whose client it is: the listener's realm. */
static uint8_t realm_of(const struct turn *turn, const struct allocation *allocation)
{
	uint16_t service = allocation_client(turn, allocation)->service;

	return turn_policy_now(turn)->listener_realms[service % TURN_LISTENERS_MAX];
}

static void sums_add(struct turn_worker *turn_worker, uint8_t realm, const uint64_t bytes[2])
{
	uint64_t *sums = turn_worker->private->accounts.realm_bytes[realm];

	for (int i = 0; i < 2; i++)
		__atomic_store_n(&sums[i], sums[i] + bytes[i], __ATOMIC_RELAXED);
}

static void units_settle(struct turn_worker *turn_worker, const struct allocation *allocation,
                         uint8_t realm)
{
	struct account *account = account_of(turn_worker->turn, allocation);
	uint64_t bytes[2];

	for (int i = 0; i < 2; i++) {
		uint32_t units = (uint32_t)(allocation_bytes(allocation, i) >> ACCOUNT_UNIT_SHIFT);

		bytes[i] = (uint64_t)(units - account->settled[i]) << ACCOUNT_UNIT_SHIFT;
		account->settled[i] = units;
	}
	sums_add(turn_worker, realm, bytes);
}

void account_settle(struct turn_worker *turn_worker, const struct allocation *allocation)
{
	units_settle(turn_worker, allocation, realm_of(turn_worker->turn, allocation));
}

/* The listener may be another realm's by now. */
static void rest_settle(struct turn_worker *turn_worker, const struct allocation *allocation)
{
	uint8_t realm = account_of(turn_worker->turn, allocation)->realm;
	uint64_t bytes[2];

	units_settle(turn_worker, allocation, realm);
	for (int i = 0; i < 2; i++)
		bytes[i] = allocation_bytes(allocation, i) & ((1u << ACCOUNT_UNIT_SHIFT) - 1);
	sums_add(turn_worker, realm, bytes);
}

void accounts_realm_bytes(const struct turn *turn, uint8_t realm, uint64_t bytes[2])
{
	bytes[0] = bytes[1] = 0;
	for (uint16_t id = 0; id < turn->dp->n_workers; id++) {
		const uint64_t *sums =
		        turn->dp->workers[id]->turn->private->accounts.realm_bytes[realm];

		for (int i = 0; i < 2; i++)
			bytes[i] += __atomic_load_n(&sums[i], __ATOMIC_RELAXED);
	}
}

void account_end(struct turn_worker *turn_worker, const struct allocation *allocation,
                 enum sluice_allocation_reason reason)
{
	struct account *account = account_of(turn_worker->turn, allocation);
	struct accounts *accounts = &turn_worker->private->accounts;

	account->realm = realm_of(turn_worker->turn, allocation);
	units_settle(turn_worker, allocation, account->realm);
	account->ended = turn_worker->worker->now;
	account->reason = reason;
	account->waits = true;
	account->next = accounts->gathering;
	accounts->gathering = allocation_index(turn_worker->turn, allocation);
}

bool account_leave(struct turn_worker *turn_worker, const struct allocation *allocation,
                   bool with_end)
{
	struct account *account = account_of(turn_worker->turn, allocation);

	account->place = with_end ? ACCOUNT_PLACE_FREE : ACCOUNT_PLACE_LATER;
	return !account->waits;
}

void account_user(char user[SLUICE_TURN_USER_KEPT_MAX], struct turn *turn,
                  const struct allocation *allocation)
{
	const struct account *account = account_of(turn, allocation);
	size_t shown = strnlen(allocation->user, sizeof(allocation->user));
	size_t rest = RTE_MIN(sizeof(account->user_rest), SLUICE_TURN_USER_KEPT_MAX - 1 - shown);

	memset(user, 0, SLUICE_TURN_USER_KEPT_MAX);
	memcpy(user, allocation->user, shown);
	memcpy(user + shown, account->user_rest, rest);
}

/* Times are worker.now: the control thread knows the date. */
static void row_write(struct turn *turn, uint32_t index, struct sluice_allocation_account *row)
{
	const struct allocation *allocation = &turn->allocations[index];
	const struct account *account = &turn->accounts[index];
	const struct five_tuple *client = allocation_client(turn, allocation);
	const struct transport_addr *server =
	        &turn->listeners[client->service % TURN_LISTENERS_MAX];

	*row = (struct sluice_allocation_account){
	        .id = (uint64_t)allocation->generation << 32 | index,
	        .began = allocation->created,
	        .ended = account->ended,
	        .client = addr_make(&client->src, client->src_port),
	        .server = addr_make(&server->ip, server->port),
	        .seconds = account->ended - allocation->created,
	        .transport = turn->transports[client->service % TURN_LISTENERS_MAX],
	        .reason = account->reason,
	        .worker = allocation->owner,
	};
	account_user(row->user, turn, allocation);
	legs_show(row->relayed, turn, account->legs);
	allocation_counters(allocation, &row->to_peer_packets, &row->to_peer_bytes,
	                    &row->to_client_packets, &row->to_client_bytes);
}

static void account_hand_out(struct turn_worker *turn_worker, uint32_t index)
{
	struct account *account = &turn_worker->turn->accounts[index];
	struct sluice_allocation_account row;

	rest_settle(turn_worker, &turn_worker->turn->allocations[index]);
	row_write(turn_worker->turn, index, &row);
	if (rte_ring_sp_enqueue_elem(turn_worker->private->accounts.ring, &row, sizeof(row)) != 0)
		turn_count(turn_worker, TURN_ACCOUNT_LOST);
	account->waits = false;
	if (account->place != ACCOUNT_PLACE_HELD)
		mobility_forget(turn_worker, &turn_worker->turn->allocations[index]);
	if (account->place == ACCOUNT_PLACE_FREE)
		object_free(turn_worker, TURN_OBJECT_ALLOCATION, index);
	else if (account->place == ACCOUNT_PLACE_LATER)
		garbage_add(turn_worker, TURN_OBJECT_ALLOCATION, index);
}

void accounts_collect(struct turn_worker *turn_worker, uint32_t budget)
{
	struct accounts *accounts = &turn_worker->private->accounts;
	struct rte_rcu_qsbr *qsbr = turn_worker->turn->dp->qsbr;

	if (accounts->waiting != 0 && rte_rcu_qsbr_check(qsbr, accounts->token, false) == 1) {
		while (accounts->waiting != 0 && budget-- > 0) {
			uint32_t index = accounts->waiting;

			accounts->waiting = turn_worker->turn->accounts[index].next;
			account_hand_out(turn_worker, index);
		}
	}
	if (accounts->waiting != 0 || accounts->gathering == 0)
		return;
	accounts->waiting = accounts->gathering;
	accounts->gathering = 0;
	accounts->token = rte_rcu_qsbr_start(qsbr);
}

uint32_t turn_accounts_take(struct turn *turn, struct sluice_allocation_account *rows,
                            uint32_t room)
{
	struct turn_config *config = turn->config;
	uint32_t n = 0;

	for (uint16_t id = 0; id < turn->dp->n_workers; id++) {
		struct rte_ring *ring = turn->dp->workers[id]->turn->private->accounts.ring;

		while (n < room && rte_ring_sc_dequeue_elem(ring, &rows[n], sizeof(rows[n])) == 0) {
			rows[n].number = ++config->accounts_taken;
			rows[n].ended += config->unix_start;
			rows[n].began = rows[n].ended - rows[n].seconds;
			n++;
		}
	}
	return n;
}
