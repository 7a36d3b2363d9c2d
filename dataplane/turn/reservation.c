/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/reservation.h"

#include "dataplane.h"
#include "turn/record.h"
#include "turn/store.h"
#include "turn/table.h"

#define PROBES 8
#define DRAWS  4

/* Tokens that are none. */
#define TOKEN_FREE 0
#define TOKEN_BUSY 1 /* a worker is writing the fields */

struct reservation {
	uint64_t token; /* atomic; the fields below may be read while it holds, and are written
	                   under TOKEN_BUSY */
	uint64_t user_hash;
	uint32_t expires;
	uint32_t allocation;
	uint16_t relay; /* index */
	uint16_t port;
};

struct reservations {
	struct reservation slots[RESERVATIONS];
	/* atomic: how many the users of this hash have; where two share a place they share the
	 * bound, and a user cannot aim at that: the hash is keyed */
	uint32_t users[RESERVATIONS];
};

static uint32_t *user_place(const struct turn *turn, uint64_t user_hash)
{
	return &turn->reservations->users[user_hash % RESERVATIONS];
}

uint32_t reservations_count(const struct turn *turn, uint64_t user_hash)
{
	return __atomic_load_n(user_place(turn, user_hash), __ATOMIC_RELAXED);
}

struct reservations *reservations_create(void)
{
	return table_map(sizeof(struct reservations));
}

void reservations_destroy(struct reservations *reservations)
{
	table_unmap(reservations, sizeof(*reservations));
}

static struct reservation *slot_of(const struct turn *turn, uint64_t token, uint32_t probe)
{
	return &turn->reservations->slots[((token >> 32) + probe) % RESERVATIONS];
}

/* What the reserved port's word says: who knows the token alone can name it. */
static uint32_t port_word(uint64_t token)
{
	return RELAY_PORT_RESERVED | (uint32_t)token;
}

static bool token_usable(uint64_t token)
{
	return token > TOKEN_BUSY && port_word(token) != RELAY_PORT_PENDING;
}

static struct reservation *slot_claim(struct turn_worker *turn_worker, uint64_t *token)
{
	for (int draw = 0; draw < DRAWS; draw++) {
		random_bytes(turn_worker->worker->random, token, sizeof(*token));
		for (uint32_t probe = 0; token_usable(*token) && probe < PROBES; probe++) {
			struct reservation *slot = slot_of(turn_worker->turn, *token, probe);
			uint64_t expected = TOKEN_FREE;

			if (__atomic_compare_exchange_n(&slot->token, &expected, TOKEN_BUSY, false,
			                                __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				return slot;
		}
	}
	return NULL;
}

static void slot_free(struct reservation *slot, uint64_t token)
{
	__atomic_compare_exchange_n(&slot->token, &token, TOKEN_FREE, false, __ATOMIC_RELEASE,
	                            __ATOMIC_RELAXED);
}

static void user_leave(struct turn *turn, uint64_t user_hash)
{
	__atomic_sub_fetch(user_place(turn, user_hash), 1, __ATOMIC_RELAXED);
}

static bool user_enter(struct turn *turn, uint64_t user_hash)
{
	if (__atomic_add_fetch(user_place(turn, user_hash), 1, __ATOMIC_RELAXED) <=
	    RESERVATIONS_USER_MAX)
		return true;
	user_leave(turn, user_hash);
	return false;
}

static uint32_t slot_number(const struct turn *turn, const struct reservation *slot)
{
	return (uint32_t)(slot - turn->reservations->slots);
}

/* The worker that writes the fields, or has just taken the port, is alone with the record. */
static void slot_record(struct turn *turn, const struct reservation *slot, uint64_t token)
{
	record_reservation(turn, slot_number(turn, slot),
	                   &(struct record_reservation){
	                           .token = token,
	                           .user_hash = slot->user_hash,
	                           .allocation = slot->allocation,
	                           .expires = slot->expires,
	                           .relay = slot->relay,
	                           .port = slot->port,
	                   });
}

uint16_t reservation_make(struct turn_worker *turn_worker, uint32_t index, uint16_t relay,
                          uint16_t *reservation)
{
	struct turn *turn = turn_worker->turn;
	uint64_t user_hash = turn->allocations[index].user_hash, token;
	struct reservation *slot;
	uint16_t port;

	if (!user_enter(turn, user_hash))
		return 0;
	slot = slot_claim(turn_worker, &token);
	if (slot == NULL) {
		user_leave(turn, user_hash);
		return 0;
	}
	port = relay_port_claim(&turn->relays[relay], turn_worker->worker->random,
	                        RELAY_PORT_PENDING, true, port_word(token));
	if (port == 0) {
		user_leave(turn, user_hash);
		slot_free(slot, TOKEN_BUSY);
		return 0;
	}
	slot->user_hash = user_hash;
	slot->expires = turn_worker->worker->now + RESERVATION_LIFETIME_S;
	slot->allocation = index;
	slot->relay = relay;
	slot->port = port + 1;
	slot_record(turn, slot, token);
	__atomic_store_n(&slot->token, token, __ATOMIC_RELEASE);
	*reservation = slot - turn->reservations->slots + 1;
	return port;
}

bool reservation_take(struct turn *turn, uint32_t number, const struct record_reservation *from)
{
	struct reservation *slot = &turn->reservations->slots[number];

	/* the one who brings the token looks for it near its own place */
	if (!token_usable(from->token) || slot->token != TOKEN_FREE ||
	    (number - (uint32_t)(from->token >> 32)) % RESERVATIONS >= PROBES ||
	    !user_enter(turn, from->user_hash))
		return false;
	if (!relay_port_take(&turn->relays[from->relay], from->port, port_word(from->token))) {
		user_leave(turn, from->user_hash);
		return false;
	}
	*slot = (struct reservation){
	        .user_hash = from->user_hash,
	        .expires = from->expires,
	        .allocation = from->allocation,
	        .relay = from->relay,
	        .port = from->port,
	};
	slot_record(turn, slot, from->token);
	__atomic_store_n(&slot->token, from->token, __ATOMIC_RELEASE);
	return true;
}

/* A consistent copy, or false where the slot does not hold this token. */
static bool slot_read(const struct reservation *slot, uint64_t token, struct reservation *copy)
{
	if (__atomic_load_n(&slot->token, __ATOMIC_ACQUIRE) != token)
		return false;
	copy->user_hash = __atomic_load_n(&slot->user_hash, __ATOMIC_RELAXED);
	copy->expires = __atomic_load_n(&slot->expires, __ATOMIC_RELAXED);
	copy->allocation = __atomic_load_n(&slot->allocation, __ATOMIC_RELAXED);
	copy->relay = __atomic_load_n(&slot->relay, __ATOMIC_RELAXED);
	copy->port = __atomic_load_n(&slot->port, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&slot->token, __ATOMIC_RELAXED) == token;
}

bool reservation_redeem(struct turn_worker *turn_worker, uint64_t token, struct relay_leg *leg)
{
	struct turn *turn = turn_worker->turn;
	struct reservation copy;

	if (!token_usable(token))
		return false;
	for (uint32_t probe = 0; probe < PROBES; probe++) {
		struct reservation *slot = slot_of(turn, token, probe);
		struct relay *relay;

		if (!slot_read(slot, token, &copy))
			continue;
		relay = &turn->relays[copy.relay];
		if (turn_worker->worker->now >= copy.expires ||
		    !__atomic_load_n(&relay->active, __ATOMIC_RELAXED) ||
		    !relay_port_transfer(relay, copy.port, port_word(token), RELAY_PORT_PENDING))
			return false;
		user_leave(turn, copy.user_hash);
		record_reservation_end(turn, slot_number(turn, slot));
		slot_free(slot, token);
		*leg = (struct relay_leg){.relay = copy.relay + 1, .port = copy.port};
		return true;
	}
	return false;
}

uint64_t reservation_token_of(const struct turn *turn, const struct allocation *allocation)
{
	const struct reservation *slot;
	struct reservation copy;
	uint64_t token;

	slot = &turn->reservations->slots[allocation->reservation - 1];
	token = __atomic_load_n(&slot->token, __ATOMIC_ACQUIRE);
	if (!token_usable(token) || !slot_read(slot, token, &copy))
		return 0;
	/* The slot may be another allocation's by now. */
	for (int family = 0; family < 2; family++) {
		const struct relay_leg *leg = &allocation->legs[family];

		if (copy.allocation == allocation_index(turn, allocation) &&
		    leg->relay == copy.relay + 1 && leg->port + 1 == copy.port)
			return token;
	}
	return 0;
}

/* False where another worker was faster. */
static bool slot_release(struct turn *turn, struct reservation *slot, uint64_t token,
                         const struct reservation *copy)
{
	if (!relay_port_transfer(&turn->relays[copy->relay], copy->port, port_word(token),
	                         RELAY_PORT_FREE))
		return false;
	user_leave(turn, copy->user_hash);
	record_reservation_end(turn, slot_number(turn, slot));
	slot_free(slot, token);
	return true;
}

void reservation_cancel(struct turn *turn, uint16_t reservation)
{
	struct reservation *slot;
	struct reservation copy;
	uint64_t token;

	if (reservation == 0)
		return;
	slot = &turn->reservations->slots[reservation - 1];
	token = __atomic_load_n(&slot->token, __ATOMIC_ACQUIRE);
	if (token_usable(token) && slot_read(slot, token, &copy))
		slot_release(turn, slot, token, &copy);
}

void reservations_expire(struct turn_worker *turn_worker)
{
	struct turn *turn = turn_worker->turn;
	uint32_t now = turn_worker->worker->now;
	uint32_t step = RTE_MAX(turn->dp->n_workers, (uint16_t)1);
	struct reservation copy;

	for (uint32_t i = turn_worker->worker->id; i < RESERVATIONS; i += step) {
		struct reservation *slot = &turn->reservations->slots[i];
		uint64_t token = __atomic_load_n(&slot->token, __ATOMIC_ACQUIRE);

		if (!token_usable(token) || !slot_read(slot, token, &copy) || now < copy.expires)
			continue;
		if (slot_release(turn, slot, token, &copy))
			turn_count(turn_worker, TURN_RESERVATION_EXPIRED);
	}
}

void reservations_forget(struct turn *turn, uint16_t relay)
{
	struct reservation copy;

	for (uint32_t i = 0; i < RESERVATIONS; i++) {
		struct reservation *slot = &turn->reservations->slots[i];
		uint64_t token = __atomic_load_n(&slot->token, __ATOMIC_ACQUIRE);

		if (token_usable(token) && slot_read(slot, token, &copy) && copy.relay == relay)
			slot_release(turn, slot, token, &copy);
	}
}
