/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/exchange.h"

#include "dataplane.h"
#include "turn/mobility.h"

struct error_counter {
	uint16_t code;
	uint16_t counter;
};

static const struct error_counter error_counters[] = {
        {STUN_401_UNAUTHENTICATED, TURN_ERROR_401},
        {STUN_400_BAD_REQUEST, TURN_ERROR_400},
        {STUN_403_FORBIDDEN, TURN_ERROR_403},
        {STUN_405_MOBILITY_FORBIDDEN, TURN_ERROR_405},
        {STUN_420_UNKNOWN_ATTRIBUTE, TURN_ERROR_420},
        {STUN_437_ALLOCATION_MISMATCH, TURN_ERROR_437},
        {STUN_438_STALE_NONCE, TURN_ERROR_438},
        {STUN_440_FAMILY_NOT_SUPPORTED, TURN_ERROR_440},
        {STUN_441_WRONG_CREDENTIALS, TURN_ERROR_441},
        {STUN_442_TRANSPORT_NOT_SUPPORTED, TURN_ERROR_442},
        {STUN_443_PEER_FAMILY_MISMATCH, TURN_ERROR_443},
        {STUN_486_QUOTA_REACHED, TURN_ERROR_486},
        {STUN_508_INSUFFICIENT_CAPACITY, TURN_ERROR_508},
};

static void error_count(struct exchange *exchange, enum stun_error code)
{
	for (uint32_t i = 0; i < RTE_DIM(error_counters); i++)
		if (error_counters[i].code == code)
			turn_count(exchange->turn_worker, error_counters[i].counter);
}

void respond_begin(struct exchange *exchange, enum stun_class class)
{
	stun_begin(&exchange->writer, exchange->payload, exchange->room, exchange->message.method,
	           class, exchange->message.transaction);
}

uint16_t respond_end(struct exchange *exchange)
{
	if (exchange->authenticated && exchange->chosen)
		stun_put_integrity_sha256(&exchange->writer, &exchange->raw);
	else if (exchange->authenticated)
		stun_put_integrity(&exchange->writer, &exchange->key);
	if (stun_has(&exchange->message, STUN_KNOWN_FINGERPRINT))
		stun_put_fingerprint(&exchange->writer);
	return stun_end(&exchange->writer);
}

uint16_t respond_error(struct exchange *exchange, enum stun_error code)
{
	const struct stun_message *message = &exchange->message;

	error_count(exchange, code);
	respond_begin(exchange, STUN_ERROR);
	stun_put_error(&exchange->writer, code);
	if (code == STUN_420_UNKNOWN_ATTRIBUTE)
		stun_put_unknown(&exchange->writer, message->unknown, message->n_unknown);
	return respond_end(exchange);
}

uint16_t respond_challenge(struct exchange *exchange, enum stun_error code)
{
	const struct turn_policy *policy = exchange->policy;
	bool offers = policy->algorithms_always || exchange_knows_algorithms(exchange);
	char nonce[STUN_NONCE_SIZE_MAX];
	uint16_t length;

	error_count(exchange, code);
	length = stun_nonce_make_cookie(nonce, &policy->nonce_keys, &exchange->flow->src,
	                                exchange->flow->src_port, exchange->unix_now,
	                                offers ? exchange_features(exchange) : 0);
	respond_begin(exchange, STUN_ERROR);
	stun_put_error(&exchange->writer, code);
	stun_put_bytes(&exchange->writer, STUN_ATTR_REALM, exchange->realm->name,
	               exchange->realm->length);
	stun_put_bytes(&exchange->writer, STUN_ATTR_NONCE, nonce, length);
	if (offers)
		respond_algorithms(exchange);
	return respond_end(exchange);
}

void respond_ticket(struct exchange *exchange, const struct allocation *allocation, uint32_t number)
{
	uint8_t *text = stun_put(&exchange->writer, STUN_ATTR_MOBILITY_TICKET, TICKET_SIZE);

	if (text != NULL)
		ticket_write(text, exchange->turn, allocation, number);
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
	return turn_peer_allowed(exchange->turn, exchange->realm->peers, peer) ? 0
	                                                                       : STUN_403_FORBIDDEN;
}
