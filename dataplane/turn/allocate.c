/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocate (RFC 8656, 7.2), its checks in the order of that section. */
#include "turn/exchange.h"
#include "turn/mobility.h"
#include "turn/reservation.h"
#include "turn/store.h"

#include <netinet/in.h>

#define EVEN_PORT_RESERVE 0x80 /* RFC 8656, 18.6: the R bit */

static int token_read(const struct exchange *exchange, struct allocation_wish *wish)
{
	const struct stun_message *message = &exchange->message;

	if (!stun_has(message, STUN_KNOWN_RESERVATION_TOKEN))
		return 0;
	if (stun_has(message, STUN_KNOWN_EVEN_PORT) ||
	    stun_has(message, STUN_KNOWN_REQUESTED_ADDRESS_FAMILY) ||
	    stun_has(message, STUN_KNOWN_ADDITIONAL_ADDRESS_FAMILY))
		return STUN_400_BAD_REQUEST;
	memcpy(&wish->token, stun_value(message, STUN_KNOWN_RESERVATION_TOKEN),
	       sizeof(wish->token));
	return wish->token != 0 ? 0 : STUN_508_INSUFFICIENT_CAPACITY;
}

static int family_read(const struct exchange *exchange, struct allocation_wish *wish)
{
	const struct stun_message *message = &exchange->message;

	if (stun_has(message, STUN_KNOWN_ADDITIONAL_ADDRESS_FAMILY)) {
		if (stun_has(message, STUN_KNOWN_REQUESTED_ADDRESS_FAMILY))
			return STUN_400_BAD_REQUEST;
		/* IPv4 comes anyway: IPv6 alone can be added. */
		if (exchange_family(exchange, STUN_KNOWN_ADDITIONAL_ADDRESS_FAMILY) != 1)
			return STUN_400_BAD_REQUEST;
		wish->both = true;
	}
	if (stun_has(message, STUN_KNOWN_REQUESTED_ADDRESS_FAMILY))
		wish->family = exchange_family(exchange, STUN_KNOWN_REQUESTED_ADDRESS_FAMILY);
	return wish->family >= 0 ? 0 : STUN_440_FAMILY_NOT_SUPPORTED;
}

/* RFC 8016, 3.1.2. */
static int mobility_read(const struct exchange *exchange, struct allocation_wish *wish)
{
	const struct stun_message *message = &exchange->message;

	if (!stun_has(message, STUN_KNOWN_MOBILITY_TICKET))
		return 0;
	if (!exchange->policy->mobility)
		return STUN_405_MOBILITY_FORBIDDEN;
	wish->mobile = true;
	return message->attrs[STUN_KNOWN_MOBILITY_TICKET].length == 0 ? 0 : STUN_400_BAD_REQUEST;
}

static int allocate_read(const struct exchange *exchange, struct allocation_wish *wish)
{
	const struct stun_message *message = &exchange->message;
	int error;

	*wish = (struct allocation_wish){
	        .client = exchange->flow,
	        .key = &exchange->key,
	        .raw = exchange_raw(exchange),
	        .secret = exchange->secret,
	        .user_hash = exchange->name.identity,
	        .user = exchange->name.bytes,
	        .user_length = exchange->name.length,
	        .transaction = exchange_transaction(exchange),
	        .lifetime =
	                RTE_MAX(exchange_lifetime(exchange), (uint32_t)ALLOCATION_LIFETIME_MIN_S),
	};
	error = mobility_read(exchange, wish);
	if (error != 0)
		return error;
	if (!stun_has(message, STUN_KNOWN_REQUESTED_TRANSPORT))
		return STUN_400_BAD_REQUEST;
	if (*stun_value(message, STUN_KNOWN_REQUESTED_TRANSPORT) != IPPROTO_UDP)
		return STUN_442_TRANSPORT_NOT_SUPPORTED;
	error = token_read(exchange, wish);
	if (error == 0)
		error = family_read(exchange, wish);
	if (error != 0 || !stun_has(message, STUN_KNOWN_EVEN_PORT))
		return error;
	wish->even = true;
	wish->reserve = *stun_value(message, STUN_KNOWN_EVEN_PORT) & EVEN_PORT_RESERVE;
	/* One token cannot stand for two ports. */
	return wish->both && wish->reserve ? STUN_400_BAD_REQUEST : 0;
}

static uint16_t allocate_succeed(struct exchange *exchange, const struct allocation *allocation)
{
	struct stun_writer *writer = &exchange->writer;
	uint64_t token = reservation_token(exchange->turn, allocation);
	enum stun_family missing =
	        allocation->legs[0].relay == 0 ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6;

	respond_begin(exchange, STUN_SUCCESS);
	for (int family = 0; family < 2; family++) {
		const struct relay_leg *leg = &allocation->legs[family];

		if (leg->relay != 0)
			stun_put_xor_addr(writer, STUN_ATTR_XOR_RELAYED_ADDRESS,
			                  &exchange->policy->relays_told[leg->relay - 1],
			                  rte_cpu_to_be_16(leg->port));
	}
	/* why one family of two is missing (RFC 8656, 18.12) */
	if (allocation->flags & ALLOCATION_ONE_FAMILY)
		stun_put_address_error(writer, missing, STUN_440_FAMILY_NOT_SUPPORTED);
	else if (allocation->flags & ALLOCATION_ONE_FULL)
		stun_put_address_error(writer, missing, STUN_508_INSUFFICIENT_CAPACITY);
	stun_put_u32(writer, STUN_ATTR_LIFETIME, allocation->lifetime);
	if (token != 0)
		stun_put_bytes(writer, STUN_ATTR_RESERVATION_TOKEN, &token, sizeof(token));
	if (stun_has(&exchange->message, STUN_KNOWN_MOBILITY_TICKET) &&
	    mobility_ticket(exchange->turn, allocation) != 0)
		respond_ticket(exchange, allocation, mobility_ticket(exchange->turn, allocation));
	stun_put_xor_addr(writer, STUN_ATTR_XOR_MAPPED_ADDRESS, &exchange->flow->src,
	                  exchange->flow->src_port);
	return respond_end(exchange);
}

/* The 5-tuple has an allocation: the same request again gets the same answer. */
static uint16_t allocate_again(struct exchange *exchange)
{
	const struct allocation *allocation = exchange->allocation;

	if (allocation->transaction != exchange_transaction(exchange) ||
	    allocation->user_hash != exchange->name.identity)
		return respond_error(exchange, STUN_437_ALLOCATION_MISMATCH);
	turn_count(exchange->turn_worker, TURN_RETRANSMITTED);
	return allocate_succeed(exchange, allocation);
}

/* Not this user's quota, but everybody's. */
static bool host_full(const struct exchange *exchange)
{
	uint32_t quota = exchange->policy->quota_host;

	return quota != 0 &&
	       __atomic_load_n(&exchange->turn->n_allocations, __ATOMIC_RELAXED) >= quota;
}

uint16_t allocate_answer(struct exchange *exchange)
{
	struct allocation *allocation;
	struct allocation_wish wish;
	int error;

	if (exchange->allocation != NULL)
		return allocate_again(exchange);
	error = allocate_read(exchange, &wish);
	if (error == 0 && (exchange->policy->alternates.draining ||
	                   __atomic_load_n(&exchange->turn->capacity_reached, __ATOMIC_RELAXED)))
		return alternate_answer(exchange, STUN_508_INSUFFICIENT_CAPACITY);
	if (error == 0)
		error = allocation_create(exchange->turn_worker, exchange->policy, &wish,
		                          exchange->closed, &allocation);
	if (error == STUN_508_INSUFFICIENT_CAPACITY ||
	    (error == STUN_486_QUOTA_REACHED && host_full(exchange)))
		return alternate_answer(exchange, error);
	if (error != 0)
		return respond_error(exchange, error);
	turn_count(exchange->turn_worker, TURN_ALLOCATE_SUCCESS);
	return allocate_succeed(exchange, allocation);
}
