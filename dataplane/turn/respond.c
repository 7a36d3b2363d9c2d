/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/request.h"

struct error_counter {
	uint16_t code;
	uint16_t counter;
};

static const struct error_counter error_counters[] = {
        {STUN_401_UNAUTHENTICATED, TURN_ERROR_401},
        {STUN_400_BAD_REQUEST, TURN_ERROR_400},
        {STUN_403_FORBIDDEN, TURN_ERROR_403},
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
	if (exchange->authenticated)
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
	char nonce[STUN_NONCE_SIZE];

	error_count(exchange, code);
	stun_nonce_make(nonce, &policy->nonce_keys, &exchange->flow->src, exchange->flow->src_port,
	                policy->unix_start + exchange->now);
	respond_begin(exchange, STUN_ERROR);
	stun_put_error(&exchange->writer, code);
	stun_put_bytes(&exchange->writer, STUN_ATTR_REALM, policy->realm, policy->realm_length);
	stun_put_bytes(&exchange->writer, STUN_ATTR_NONCE, nonce, sizeof(nonce));
	return respond_end(exchange);
}
