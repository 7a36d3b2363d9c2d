/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a datagram to its answer. In this order: what cannot be answered, Binding, who it is, what
 * was not understood, what is asked for. Whoever has not shown a valid nonce gets 52 bytes at most,
 * or nothing.
 */
#include "turn/request.h"

#include "dataplane.h"
#include "turn/store.h"

struct method {
	uint16_t method;
	uint16_t (*answer)(struct exchange *exchange);
};

static const struct method methods[] = {
        {STUN_ALLOCATE, allocate_answer},
        {STUN_REFRESH, refresh_answer},
        {STUN_CREATE_PERMISSION, create_permission_answer},
        {STUN_CHANNEL_BIND, channel_bind_answer},
};

static const struct method *method_find(uint16_t number)
{
	for (uint32_t i = 0; i < RTE_DIM(methods); i++)
		if (methods[i].method == number)
			return &methods[i];
	return NULL;
}

/* What is dropped without an answer. */
static enum drop_reason exchange_read(struct exchange *exchange, uint16_t length)
{
	struct stun_message *message = &exchange->message;
	int error = stun_parse(message, exchange->payload, length);

	if (message->method != STUN_BINDING && method_find(message->method) == NULL)
		return DROP_STUN_METHOD;
	if (message->method != STUN_BINDING && exchange->policy->realm_length == 0)
		return DROP_TURN_NOT_CONFIGURED;
	/* Nobody knows who sent it: an answer would go to whoever's address it bears. */
	if (error < 0)
		return DROP_STUN_MALFORMED;
	return stun_fingerprint_ok(message) ? DROP_NONE : DROP_STUN_FINGERPRINT;
}

static void exchange_find(struct exchange *exchange)
{
	struct allocation *allocation = allocation_find(exchange->turn_worker, exchange->flow);

	if (allocation != NULL && (allocation->flags & ALLOCATION_CLOSED))
		exchange->closed = allocation;
	else
		exchange->allocation = allocation;
}

/* RFC 8656, 5: whoever has no allocation, or another user's. */
static int exchange_judge(const struct exchange *exchange)
{
	if (exchange->message.n_unknown != 0)
		return STUN_420_UNKNOWN_ATTRIBUTE;
	if (exchange->message.method == STUN_ALLOCATE)
		return 0;
	if (exchange->allocation == NULL)
		return STUN_437_ALLOCATION_MISMATCH;
	if (exchange->allocation->user_hash != exchange->user_hash)
		return STUN_441_WRONG_CREDENTIALS;
	return 0;
}

static uint16_t exchange_answer(struct exchange *exchange)
{
	uint16_t method = exchange->message.method;
	int error;

	if (method == STUN_BINDING)
		return binding_answer(exchange);
	exchange_find(exchange);
	error = exchange_authenticate(exchange);
	if (exchange->silence != DROP_NONE)
		return 0;
	if (error == STUN_401_UNAUTHENTICATED || error == STUN_438_STALE_NONCE)
		return respond_challenge(exchange, error);
	if (error == 0 && method == STUN_REFRESH && exchange->closed != NULL)
		return refresh_answer_closed(exchange);
	if (error == 0)
		error = exchange_judge(exchange);
	if (error != 0)
		return respond_error(exchange, error);
	return method_find(method)->answer(exchange);
}

uint16_t turn_request(struct worker *worker, const struct five_tuple *flow,
                      const struct transport_addr *local, uint8_t *payload, uint16_t length,
                      uint16_t room, uint16_t *drop_reason)
{
	struct exchange exchange;
	enum drop_reason reason;
	uint16_t written;

	exchange.turn_worker = worker->turn;
	exchange.turn = worker->turn->turn;
	exchange.policy = turn_policy_now(exchange.turn);
	exchange.flow = flow;
	exchange.allocation = NULL;
	exchange.closed = NULL;
	exchange.authenticated = false;
	exchange.secret = 0;
	exchange.free = false;
	exchange.silence = DROP_NONE;
	exchange.now = worker->now;
	exchange.payload = payload;
	exchange.room = room;
	reason = exchange_read(&exchange, length);
	if (reason == DROP_NONE) {
		written = exchange_answer(&exchange);
		if (written != 0)
			return written;
		/* no answer, and not because of the user: it is longer than its buffer */
		reason = exchange.silence != DROP_NONE ? exchange.silence : DROP_STUN_MALFORMED;
	}
	*drop_reason = reason;
	return 0;
}

/* -- what several methods ask -- */

uint64_t exchange_transaction(const struct exchange *exchange)
{
	uint64_t words[2] = {0};

	memcpy(words, exchange->message.transaction, STUN_TRANSACTION_SIZE);
	/* A client that uses an id again for another method asks for something else. */
	words[1] |= (uint64_t)exchange->message.method << 32;
	return hash_mix(words[0] ^ exchange->turn->seed.words[0],
	                words[1] ^ exchange->turn->seed.words[1]);
}

uint32_t exchange_lifetime(const struct exchange *exchange)
{
	uint32_t asked = ALLOCATION_LIFETIME_MIN_S;

	if (stun_has(&exchange->message, STUN_KNOWN_LIFETIME)) {
		memcpy(&asked, stun_value(&exchange->message, STUN_KNOWN_LIFETIME), sizeof(asked));
		asked = rte_be_to_cpu_32(asked);
	}
	if (asked == 0)
		return 0;
	asked = RTE_MAX(asked, (uint32_t)ALLOCATION_LIFETIME_MIN_S);
	return RTE_MIN(asked, exchange->policy->lifetime_max);
}

int exchange_family(const struct exchange *exchange, enum stun_known known)
{
	switch (*stun_value(&exchange->message, known)) {
	case STUN_FAMILY_IPV4:
		return 0;
	case STUN_FAMILY_IPV6:
		return 1;
	default:
		return -1;
	}
}

int exchange_peer_check(const struct exchange *exchange, const struct transport_addr *peer)
{
	if (exchange->allocation->legs[family_index(&peer->ip)].relay == 0)
		return STUN_443_PEER_FAMILY_MISMATCH;
	return turn_peer_allowed(exchange->turn, exchange->policy, peer) ? 0 : STUN_403_FORBIDDEN;
}
