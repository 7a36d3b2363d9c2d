/* SPDX-License-Identifier: BSD-3-Clause */
/* Refresh (RFC 8656, 8.2). */
#include "turn/exchange.h"
#include "turn/record.h"
#include "turn/store.h"

static uint16_t refresh_succeed(struct exchange *exchange, uint32_t lifetime)
{
	turn_count(exchange->turn_worker, TURN_REFRESH_SUCCESS);
	respond_begin(exchange, STUN_SUCCESS);
	stun_put_u32(&exchange->writer, STUN_ATTR_LIFETIME, lifetime);
	if (exchange->ticket != 0 && lifetime != 0)
		respond_ticket(exchange, exchange->allocation, exchange->ticket);
	return respond_end(exchange);
}

uint16_t refresh_answer_closed(struct exchange *exchange)
{
	if (exchange->closed->transaction != exchange_transaction(exchange) ||
	    exchange->closed->user_hash != exchange->name.identity)
		return respond_error(exchange, STUN_437_ALLOCATION_MISMATCH);
	turn_count(exchange->turn_worker, TURN_RETRANSMITTED);
	return refresh_succeed(exchange, 0);
}

/* Of two families one can be given up alone. */
static void refresh_delete(struct exchange *exchange, int family)
{
	struct allocation *allocation = exchange->allocation;

	allocation->transaction = exchange_transaction(exchange);
	if (family >= 0 && allocation->relayed == 2) {
		allocation_drop_leg(exchange->turn_worker, allocation, family);
		return;
	}
	allocation_close(exchange->turn_worker, allocation);
	turn_count(exchange->turn_worker, TURN_ALLOCATION_DELETED);
}

static void refresh_extend(struct exchange *exchange, uint32_t lifetime)
{
	struct allocation *allocation = exchange->allocation;
	uint32_t expires = exchange->now + lifetime;

	__atomic_store_n(&allocation->expires, expires, __ATOMIC_RELAXED);
	if (expires < allocation->timer_due)
		timer_set(exchange->turn, &exchange->turn_worker->private->wheel, allocation,
		          expires);
	record_allocation_renew(exchange->turn, allocation);
}

uint16_t refresh_answer(struct exchange *exchange)
{
	const struct allocation *allocation = exchange->allocation;
	uint32_t lifetime = exchange_lifetime(exchange);
	int family = -1;

	if (lifetime == 0 && allocation->transaction == exchange_transaction(exchange)) {
		turn_count(exchange->turn_worker, TURN_RETRANSMITTED);
		return refresh_succeed(exchange, 0);
	}
	if (stun_has(&exchange->message, STUN_KNOWN_REQUESTED_ADDRESS_FAMILY)) {
		family = exchange_family(exchange, STUN_KNOWN_REQUESTED_ADDRESS_FAMILY);
		if (family < 0 || allocation->legs[family].relay == 0)
			return respond_error(exchange, STUN_443_PEER_FAMILY_MISMATCH);
	}
	if (lifetime == 0)
		refresh_delete(exchange, family);
	else
		refresh_extend(exchange, lifetime);
	return refresh_succeed(exchange, lifetime);
}
