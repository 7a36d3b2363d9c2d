/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which algorithm a client's password is hashed with (RFC 8489, 9.2). A first request does not say
 * whether its client knows of the choice, so that a challenge offers it where the request shows it
 * all the same, or where the operator pays for it in each (`turn algorithms always`).
 *
 * Who is on the way may take the offer away, to be left with MD5: a nonce that came with it says so
 * under its own key, and none but the list that was sent is taken.
 */
#include "turn/exchange.h"

#include "turn/wanted.h"

#include <string.h>

/* An algorithm without parameters: its number, and a length of 0 (RFC 8489, 14.11 and 14.12). */
#define ALGORITHM_SIZE 4
#define LIST_SIZE      (STUN_ALGORITHMS * ALGORITHM_SIZE)

/* [0] in the server's order of preference, [1] where users of the realm have no SHA-256 key. */
static const uint8_t lists[2][LIST_SIZE] = {
        {0, STUN_SHA256, 0, 0, 0, STUN_MD5, 0, 0},
        {0, STUN_MD5, 0, 0, 0, STUN_SHA256, 0, 0},
};

/* Keys that are fetched are mostly those of coturn's, MD5. */
static bool fetches(const struct exchange *exchange)
{
	return exchange->realm->index == 0 && wanted_on(exchange->turn->wanted);
}

static const uint8_t *list_of(const struct exchange *exchange)
{
	const struct users *users = exchange->realm->users;

	return lists[fetches(exchange) ||
	             __atomic_load_n(&users->without_sha256, __ATOMIC_RELAXED) != 0];
}

bool exchange_knows_algorithms(const struct exchange *exchange)
{
	const struct stun_message *message = &exchange->message;

	/* behind a MESSAGE-INTEGRITY the gate does not see it, and counts with the shorter answer
	 */
	return stun_has(message, STUN_KNOWN_PASSWORD_ALGORITHM) ||
	       stun_has(message, STUN_KNOWN_PASSWORD_ALGORITHMS) ||
	       stun_has(message, STUN_KNOWN_USERHASH) ||
	       (stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY_SHA256) &&
	        !stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY));
}

/* Users who are not configured cannot be found by a hash of their names. */
uint8_t exchange_features(const struct exchange *exchange)
{
	const struct turn_policy *policy = exchange->policy;
	bool found = !fetches(exchange);

	for (uint32_t i = 0; i < policy->n_secrets; i++)
		if (policy->secret_realms[i] == exchange->realm->index)
			found = false;
	return STUN_FEATURE_ALGORITHMS | (found ? STUN_FEATURE_ANONYMITY : 0);
}

void respond_algorithms(struct exchange *exchange)
{
	stun_put_bytes(&exchange->writer, STUN_ATTR_PASSWORD_ALGORITHMS, list_of(exchange),
	               LIST_SIZE);
}

static bool value_is(const struct stun_message *message, enum stun_known known,
                     const uint8_t *value, uint16_t length)
{
	return stun_has(message, known) && message->attrs[known].length == length &&
	       memcmp(stun_value(message, known), value, length) == 0;
}

/* The list has changed meanwhile, or is another realm's: a new nonce comes with the right one. */
static int list_check(const struct exchange *exchange)
{
	const struct stun_message *message = &exchange->message;

	if (value_is(message, STUN_KNOWN_PASSWORD_ALGORITHMS, list_of(exchange), LIST_SIZE))
		return 0;
	for (uint32_t i = 0; i < RTE_DIM(lists); i++)
		if (value_is(message, STUN_KNOWN_PASSWORD_ALGORITHMS, lists[i], LIST_SIZE))
			return STUN_438_STALE_NONCE;
	return STUN_400_BAD_REQUEST;
}

int exchange_algorithm(struct exchange *exchange)
{
	const struct stun_message *message = &exchange->message;
	int error;

	if (!stun_has(message, STUN_KNOWN_PASSWORD_ALGORITHM) &&
	    !stun_has(message, STUN_KNOWN_PASSWORD_ALGORITHMS))
		return 0;
	/* nothing was offered with this nonce: the next one comes with an offer */
	if (stun_nonce_features(stun_value(message, STUN_KNOWN_NONCE),
	                        message->attrs[STUN_KNOWN_NONCE].length) == 0)
		return STUN_438_STALE_NONCE;
	error = list_check(exchange);
	if (error != 0)
		return error;
	for (uint32_t at = 0; at < LIST_SIZE; at += ALGORITHM_SIZE) {
		if (!value_is(message, STUN_KNOWN_PASSWORD_ALGORITHM, lists[0] + at,
		              ALGORITHM_SIZE))
			continue;
		exchange->algorithm = lists[0][at + 1];
		exchange->chosen = true;
		return 0;
	}
	return STUN_400_BAD_REQUEST;
}
