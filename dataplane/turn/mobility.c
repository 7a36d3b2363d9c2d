/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/mobility.h"

#include "dataplane.h"
#include "random.h"
#include "turn/exchange.h"
#include "turn/record.h"
#include "turn/store.h"

#include <openssl/evp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* -- tickets -- */

/*
 * What a ticket says, encrypted under what authenticates it: without the host's keys none can be
 * made, and nothing is learned of the table. Which of an allocation's tickets holds is known by
 * their numbers.
 */
struct ticket {
	uint64_t tag;
	uint64_t words[2]; /* index and generation; number */
};
static_assert(sizeof(struct ticket) / 3 * 4 == TICKET_SIZE, "in base64");

#define TICKET_USE 0x74656b636974ull /* "ticket" */

void ticket_keys_make(struct turn *turn, const struct siphash_key *host)
{
	/* not the key that names are hashed under */
	const struct siphash_key tickets = {host->k0 ^ TICKET_USE, host->k1};

	for (uint64_t i = 0; i < RTE_DIM(turn->ticket_keys); i++)
		turn->ticket_keys[i] = (struct siphash_key){siphash_8(&tickets, 2 * i),
		                                            siphash_8(&tickets, 2 * i + 1)};
}

static void ticket_cipher(const struct turn *turn, struct ticket *ticket)
{
	for (uint64_t i = 0; i < RTE_DIM(ticket->words); i++)
		ticket->words[i] ^= siphash_16(&turn->ticket_keys[1], ticket->tag, i);
}

void ticket_write(uint8_t text[TICKET_SIZE], const struct turn *turn,
                  const struct allocation *allocation, uint32_t number)
{
	struct ticket ticket = {
	        .words = {allocation_index(turn, allocation) | (uint64_t)allocation->generation
	                                                               << 32,
	                  number},
	};
	uint8_t encoded[TICKET_SIZE + 1];

	ticket.tag = siphash_16(&turn->ticket_keys[0], ticket.words[0], ticket.words[1]);
	ticket_cipher(turn, &ticket);
	EVP_EncodeBlock(encoded, (const uint8_t *)&ticket, sizeof(ticket));
	memcpy(text, encoded, TICKET_SIZE);
}

struct allocation *ticket_read(struct turn *turn, const uint8_t *text, uint16_t length,
                               uint32_t *number)
{
	struct ticket ticket;
	struct allocation *allocation;
	uint32_t index, first;

	if (length != TICKET_SIZE ||
	    EVP_DecodeBlock((uint8_t *)&ticket, text, TICKET_SIZE) != sizeof(ticket))
		return NULL;
	ticket_cipher(turn, &ticket);
	index = (uint32_t)ticket.words[0];
	*number = (uint32_t)ticket.words[1];
	if (ticket.tag != siphash_16(&turn->ticket_keys[0], ticket.words[0], ticket.words[1]) ||
	    index == 0 || index > turn->pools[TURN_OBJECT_ALLOCATION].count)
		return NULL;
	allocation = &turn->allocations[index];
	first = __atomic_load_n(&turn->moves[index].ticket, __ATOMIC_RELAXED);
	/* the one after the one that holds was told the client if it was made */
	if (__atomic_load_n(&allocation->generation, __ATOMIC_RELAXED) != ticket.words[0] >> 32 ||
	    first == 0 || (*number != first && *number != first + 1))
		return NULL;
	return allocation;
}

/* -- paths: the owner's -- */

int mobility_create(struct turn *turn)
{
	struct move *moves;

	if (turn->moves != NULL)
		return 0;
	moves = calloc((size_t)turn->pools[TURN_OBJECT_ALLOCATION].count + 1, sizeof(*moves));
	if (moves == NULL)
		return -ENOMEM;
	__atomic_store_n(&turn->moves, moves, __ATOMIC_RELEASE);
	return 0;
}

/* NULL: nothing is mobile. */
static struct move *move_of(const struct turn *turn, const struct allocation *allocation)
{
	struct move *moves = __atomic_load_n(&turn->moves, __ATOMIC_ACQUIRE);

	return moves != NULL ? &moves[allocation_index(turn, allocation)] : NULL;
}

void mobility_take(struct turn *turn, const struct allocation *allocation, uint32_t ticket)
{
	if (mobility_create(turn) == 0)
		*move_of(turn, allocation) = (struct move){.ticket = ticket};
}

/*
 * Numbers begin anywhere in the lower half. A process that begins anew, under the same keys, makes
 * the same index and generation again for those that it has not taken over: an old ticket of a user
 * name that many share is not to fit a stranger's allocation.
 */
void mobility_begin(struct turn_worker *turn_worker, const struct allocation *allocation)
{
	const uint32_t first = 1 + random_below(turn_worker->worker->random, INT32_MAX);

	*move_of(turn_worker->turn, allocation) = (struct move){.ticket = first};
}

uint32_t mobility_ticket(const struct turn *turn, const struct allocation *allocation)
{
	const struct move *move = move_of(turn, allocation);

	return move != NULL ? move->ticket : 0;
}

uint32_t mobility_next(const struct turn *turn, const struct allocation *allocation)
{
	const struct move *move = move_of(turn, allocation);

	return move != NULL ? __atomic_load_n(&move->next, __ATOMIC_ACQUIRE) : 0;
}

uint32_t mobility_place(const struct turn *turn, const struct allocation *allocation)
{
	return allocation->flags & ALLOCATION_MOVED ? move_of(turn, allocation)->path
	                                            : allocation_index(turn, allocation);
}

static void path_end(struct turn_worker *turn_worker, uint32_t index)
{
	client_leave(turn_worker, index);
	garbage_add(turn_worker, TURN_OBJECT_ALLOCATION, index);
}

void mobility_end(struct turn_worker *turn_worker, struct allocation *allocation)
{
	struct move *move = move_of(turn_worker->turn, allocation);

	if (move == NULL || move->next == 0)
		return;
	path_end(turn_worker, move->next);
	__atomic_store_n(&move->next, 0, __ATOMIC_RELAXED);
}

void mobility_forget(struct turn_worker *turn_worker, const struct allocation *allocation)
{
	struct move *move = move_of(turn_worker->turn, allocation);

	if (move == NULL || move->ticket == 0)
		return;
	if (allocation->flags & ALLOCATION_MOVED)
		garbage_add(turn_worker, TURN_OBJECT_ALLOCATION, move->path);
	*move = (struct move){0};
}

/* 0, or 508. */
static int path_begin(struct turn_worker *turn_worker, struct allocation *allocation,
                      const struct five_tuple *flow)
{
	struct turn *turn = turn_worker->turn;
	uint32_t index = object_take(turn_worker, TURN_OBJECT_ALLOCATION);
	struct allocation *path = &turn->allocations[index];
	uint32_t generation = path->generation;

	if (index == 0)
		return STUN_508_INSUFFICIENT_CAPACITY;
	memset(path, 0, sizeof(*path));
	path->client = *flow;
	path->owner = allocation->owner;
	path->flags = ALLOCATION_PATH;
	path->generation = generation;
	turn->moves[index] = (struct move){.of = allocation_index(turn, allocation)};
	if (!client_join(turn_worker, index)) {
		garbage_add(turn_worker, TURN_OBJECT_ALLOCATION, index);
		return STUN_508_INSUFFICIENT_CAPACITY;
	}
	mobility_end(turn_worker, allocation);
	__atomic_store_n(&move_of(turn, allocation)->next, index, __ATOMIC_RELAXED);
	return 0;
}

/* The listener that it comes by may be another one of its realm. Added first: another worker that
 * sums up the realm at this time rather counts it twice than not at all. */
static void listener_change(struct turn *turn, uint16_t from, uint16_t to)
{
	__atomic_add_fetch(&turn->listener_allocations[to], 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&turn->listener_allocations[from], 1, __ATOMIC_RELAXED);
}

/* The client is at its next path, and no longer where it was. */
static void path_take(struct turn_worker *turn_worker, struct allocation *allocation)
{
	struct turn *turn = turn_worker->turn;
	struct move *move = move_of(turn, allocation);
	uint32_t before = mobility_place(turn, allocation), next = move->next;

	client_leave(turn_worker, before);
	listener_change(turn, turn->allocations[before].client.service,
	                turn->allocations[next].client.service);
	__atomic_store_n(&move->path, next, __ATOMIC_RELEASE);
	__atomic_fetch_or(&allocation->flags, ALLOCATION_MOVED, __ATOMIC_RELEASE);
	/* who finds no next path any more finds the client at it */
	__atomic_store_n(&move->next, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&move->ticket, move->ticket + 1, __ATOMIC_RELAXED);
	if (before != allocation_index(turn, allocation))
		garbage_add(turn_worker, TURN_OBJECT_ALLOCATION, before);
	if (turn->allocations[next].client.connection != 0)
		record_allocation_end(turn, allocation_index(turn, allocation));
	record_allocation(turn, allocation);
	turn_count(turn_worker, TURN_ALLOCATION_MOVED);
}

static bool is_next(const struct turn *turn, const struct allocation *allocation,
                    const struct five_tuple *flow)
{
	uint32_t next = mobility_next(turn, allocation);

	return next != 0 && client_is(&turn->allocations[next], flow);
}

void mobility_used(struct turn_worker *turn_worker, struct allocation *allocation,
                   const struct five_tuple *flow)
{
	if (is_next(turn_worker->turn, allocation, flow))
		path_take(turn_worker, allocation);
}

struct allocation *mobility_arrive(struct turn_worker *turn_worker, const struct allocation *path)
{
	struct turn *turn = turn_worker->turn;
	uint32_t index = allocation_index(turn, path);
	struct allocation *allocation = &turn->allocations[turn->moves[index].of];

	if (move_of(turn, allocation)->next == index &&
	    allocation_live(allocation, turn_worker->worker->now))
		path_take(turn_worker, allocation);
	return allocation;
}

/* -- requests -- */

static bool has_ticket(const struct stun_message *message)
{
	return stun_has(message, STUN_KNOWN_MOBILITY_TICKET);
}

static struct allocation *message_ticket(struct turn *turn, const struct stun_message *message,
                                         uint32_t *number)
{
	return ticket_read(turn, stun_value(message, STUN_KNOWN_MOBILITY_TICKET),
	                   message->attrs[STUN_KNOWN_MOBILITY_TICKET].length, number);
}

struct allocation *mobility_named(const struct exchange *exchange)
{
	struct allocation *allocation;
	uint32_t number;

	if (exchange->message.method != STUN_REFRESH || !has_ticket(&exchange->message) ||
	    !exchange->policy->mobility)
		return NULL;
	allocation = message_ticket(exchange->turn, &exchange->message, &number);
	return allocation != NULL && allocation->owner == exchange->turn_worker->worker->id &&
	                       allocation_live(allocation, exchange->now)
	               ? allocation
	               : NULL;
}

/* By another 5-tuple. Where the ticket is the one that was told with a path, the client has got it,
 * and the one before is over. A Refresh that is refused after this, for a family that the
 * allocation lacks, leaves its path behind: unused it changes nothing, and the next one replaces
 * it. */
static int path_ask(struct exchange *exchange, struct allocation *allocation, uint32_t number)
{
	struct move *move = move_of(exchange->turn, allocation);
	int error = path_begin(exchange->turn_worker, allocation, exchange->flow);

	if (error != 0)
		return error;
	if (number != move->ticket) {
		__atomic_store_n(&move->ticket, number, __ATOMIC_RELAXED);
		record_allocation(exchange->turn, allocation);
	}
	exchange->allocation = allocation;
	exchange->ticket = number + 1;
	return 0;
}

int mobility_refresh(struct exchange *exchange)
{
	struct allocation *allocation = exchange->allocation, *named;
	uint32_t number;

	if (!exchange->policy->mobility)
		return STUN_405_MOBILITY_FORBIDDEN;
	if (exchange->message.attrs[STUN_KNOWN_MOBILITY_TICKET].length != TICKET_SIZE)
		return STUN_400_BAD_REQUEST;
	named = message_ticket(exchange->turn, &exchange->message, &number);
	if (named == NULL || (allocation != NULL ? allocation : exchange->named) != named)
		return STUN_437_ALLOCATION_MISMATCH;
	if (named->user_hash != exchange->name.identity)
		return STUN_441_WRONG_CREDENTIALS;
	if (allocation == NULL)
		return path_ask(exchange, named, number);
	exchange->ticket = number;
	if (!is_next(exchange->turn, named, exchange->flow))
		return 0;
	/* the same request again gets the same answer, and one with what that told ends the move */
	if (number != mobility_ticket(exchange->turn, named))
		path_take(exchange->turn_worker, named);
	else
		exchange->ticket = number + 1;
	return 0;
}

bool mobility_is_elsewhere(const struct turn_worker *turn_worker, const uint8_t *payload,
                           uint16_t length, uint16_t *owner)
{
	struct turn *turn = turn_worker->turn;
	const struct allocation *allocation;
	struct stun_message message;
	uint32_t number;

	if (!turn_policy_now(turn)->mobility || stun_method_of(payload) != STUN_REFRESH ||
	    stun_parse(&message, payload, length) < 0 || !has_ticket(&message))
		return false;
	allocation = message_ticket(turn, &message, &number);
	if (allocation == NULL)
		return false;
	*owner = __atomic_load_n(&allocation->owner, __ATOMIC_RELAXED);
	return *owner != turn_worker->worker->id;
}
