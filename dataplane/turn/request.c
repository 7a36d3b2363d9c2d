/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a datagram to its answer. In this order: what cannot be answered, Binding, who it is, what
 * was not understood, what is asked for. A client without a valid nonce gets 52 bytes at most, or
 * nothing.
 */
#include "turn/exchange.h"

#include "dataplane.h"
#include "turn/mobility.h"
#include "turn/record.h"
#include "turn/store.h"

struct method {
	uint16_t method;
	bool anonymous; /* answered without credentials */
	uint16_t (*answer)(struct exchange *exchange);
};

static const struct method methods[] = {
        {STUN_BINDING, true, binding_answer},
        {STUN_ALLOCATE, false, allocate_answer},
        {STUN_REFRESH, false, refresh_answer},
        {STUN_CREATE_PERMISSION, false, create_permission_answer},
        {STUN_CHANNEL_BIND, false, channel_bind_answer},
};

/* DROP_NONE with *method set, or why there is no answer. */
static enum drop_reason exchange_read(struct exchange *exchange, uint16_t length,
                                      const struct method **method)
{
	struct stun_message *message = &exchange->message;
	int error = stun_parse(message, exchange->payload, length);

	*method = NULL;
	for (uint32_t i = 0; i < RTE_DIM(methods); i++)
		if (methods[i].method == message->method)
			*method = &methods[i];
	if (*method == NULL)
		return DROP_STUN_METHOD;
	if (!(*method)->anonymous && exchange->realm->length == 0)
		return DROP_TURN_NOT_CONFIGURED;
	/* Its sender is not known: an answer would go to an address that may be forged. */
	if (error < 0)
		return DROP_STUN_MALFORMED;
	return stun_fingerprint_ok(message) ? DROP_NONE : DROP_STUN_FINGERPRINT;
}

/* What will be written comes near while the sender is authenticated. */
static void records_expect(const struct exchange *exchange, uint16_t method)
{
	const struct allocation *allocation = exchange->allocation;

	if (method == STUN_REFRESH && allocation != NULL)
		record_renew_expect(exchange->turn, allocation_index(exchange->turn, allocation));
	if (method == STUN_ALLOCATE && allocation == NULL)
		record_allocation_expect(
		        exchange->turn, object_next(exchange->turn_worker, TURN_OBJECT_ALLOCATION));
}

/* A client that moves (RFC 8016, 3.2.2), or has moved: 0, or the error. */
static int exchange_move(struct exchange *exchange)
{
	if (exchange->message.method == STUN_REFRESH &&
	    stun_has(&exchange->message, STUN_KNOWN_MOBILITY_TICKET))
		return mobility_refresh(exchange);
	if (exchange->message.method != STUN_ALLOCATE && exchange->allocation != NULL &&
	    exchange->allocation->user_hash == exchange->name.identity)
		mobility_used(exchange->turn_worker, exchange->allocation, exchange->flow);
	return 0;
}

/* The answer's length, or 0. */
static uint16_t exchange_answer(struct exchange *exchange, const struct method *method)
{
	struct allocation *allocation = allocation_find(exchange->turn_worker, exchange->flow);
	int error;

	if (allocation != NULL && (allocation->flags & ALLOCATION_CLOSED))
		exchange->closed = allocation;
	else
		exchange->allocation = allocation;
	if (allocation == NULL)
		exchange->named = mobility_named(exchange);
	records_expect(exchange, method->method);
	error = exchange_authenticate(exchange);
	if (exchange->silence != DROP_NONE)
		return 0;
	if (error == STUN_401_UNAUTHENTICATED && alternate_is_first(exchange))
		return alternate_answer(exchange, error);
	if (error == STUN_401_UNAUTHENTICATED)
		turn_count(exchange->turn_worker, exchange->refusal);
	if (error == STUN_401_UNAUTHENTICATED || error == STUN_438_STALE_NONCE)
		return respond_challenge(exchange, error);
	if (error != 0)
		return respond_error(exchange, error);
	if (exchange->message.bad_length)
		return respond_error(exchange, STUN_400_BAD_REQUEST);
	if (method->method == STUN_REFRESH && exchange->closed != NULL)
		return refresh_answer_closed(exchange);
	if (exchange->message.n_unknown != 0)
		return respond_error(exchange, STUN_420_UNKNOWN_ATTRIBUTE);
	error = exchange_move(exchange);
	if (error != 0)
		return respond_error(exchange, error);
	/* RFC 8656, 5: all but Allocate need an allocation, and its user. */
	if (method->method != STUN_ALLOCATE && exchange->allocation == NULL)
		return respond_error(exchange, STUN_437_ALLOCATION_MISMATCH);
	if (method->method != STUN_ALLOCATE &&
	    exchange->allocation->user_hash != exchange->name.identity)
		return respond_error(exchange, STUN_441_WRONG_CREDENTIALS);
	return method->answer(exchange);
}

uint16_t turn_request(struct worker *worker, const struct five_tuple *flow,
                      struct transport_addr *local, uint8_t *payload, uint16_t length,
                      uint16_t room, uint16_t *drop_reason)
{
	const struct method *method;
	struct exchange exchange;
	uint16_t written;

	exchange.turn_worker = worker->turn;
	exchange.turn = worker->turn->turn;
	exchange.policy = turn_policy_now(exchange.turn);
	exchange.realm = turn_policy_realm(exchange.policy, flow->service);
	exchange.flow = flow;
	exchange.local = local;
	exchange.allocation = NULL;
	exchange.closed = NULL;
	exchange.named = NULL;
	exchange.ticket = 0;
	exchange.authenticated = false;
	exchange.raw.length = 0;
	exchange.algorithm = STUN_MD5;
	exchange.chosen = false;
	exchange.secret = 0;
	exchange.no_attempt = false;
	exchange.refusal = TURN_401_NO_CREDENTIALS;
	exchange.silence = DROP_NONE;
	exchange.now = worker->now;
	exchange.unix_now = exchange.policy->unix_start + worker->now;
	exchange.payload = payload;
	exchange.room = room;
	*drop_reason = exchange_read(&exchange, length, &method);
	if (*drop_reason != DROP_NONE)
		return 0;
	written =
	        method->anonymous ? method->answer(&exchange) : exchange_answer(&exchange, method);
	/* silent not because of the user: the answer is longer than its buffer */
	if (written == 0)
		*drop_reason =
		        exchange.silence != DROP_NONE ? exchange.silence : DROP_STUN_MALFORMED;
	return written;
}
