/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The long-term credential mechanism (RFC 8489, 9.2.4). The nonce is judged before anything else:
 * who cannot show ours may be anyone, and is only asked for it.
 */
#include "turn/request.h"

#include "turn/attempts.h"
#include "turn/users.h"
#include "turn/wanted.h"

static uint64_t unix_now(const struct exchange *exchange)
{
	return exchange->policy->unix_start + exchange->now;
}

static enum stun_nonce_verdict nonce_judge(const struct exchange *exchange)
{
	const struct stun_message *message = &exchange->message;

	if (!stun_has(message, STUN_KNOWN_NONCE))
		return STUN_NONCE_FORGED;
	return stun_nonce_check(stun_value(message, STUN_KNOWN_NONCE),
	                        message->attrs[STUN_KNOWN_NONCE].length,
	                        &exchange->policy->nonce_keys, &exchange->flow->src,
	                        exchange->flow->src_port, unix_now(exchange));
}

static bool realm_ours(const struct exchange *exchange)
{
	const struct stun_span *realm = &exchange->message.attrs[STUN_KNOWN_REALM];

	return realm->length == exchange->policy->realm_length &&
	       memcmp(stun_value(&exchange->message, STUN_KNOWN_REALM), exchange->policy->realm,
	              realm->length) == 0;
}

static bool key_try(struct exchange *exchange, const struct stun_key *key)
{
	if (!stun_integrity_ok(&exchange->message, key))
		return false;
	exchange->key = *key;
	return true;
}

/* Time-limited credentials: under each secret, so that they can be changed one after the other. */
static bool secrets_try(struct exchange *exchange, const uint8_t *name, uint16_t length)
{
	const struct turn_policy *policy = exchange->policy;
	struct stun_key key;

	for (uint32_t i = 0; i < policy->n_secrets; i++) {
		stun_key_time_limited(&key, &policy->secrets[i], name, length, policy->realm);
		if (key_try(exchange, &key)) {
			exchange->secret = policy->secret_ids[i];
			return true;
		}
	}
	return false;
}

/* Takes as long as a wrong password: whether a name exists is nobody's business. */
static void nobody_try(const struct exchange *exchange)
{
	static const struct stun_key nobody;

	(void)stun_integrity_ok(&exchange->message, &nobody);
}

/* A fetched key that is due to be fetched again serves on meanwhile. */
static bool user_try(struct exchange *exchange, const struct user *user)
{
	if (user->fetched && exchange->now >= user->refresh)
		wanted_refresh(exchange->turn->wanted, user->hash, user->bytes, user->name_length,
		               exchange->now);
	return key_try(exchange, &user->key);
}

/* Nobody knows the name: it may be fetched, and its request is left unanswered until it is. Always
 * false. */
static bool name_ask(struct exchange *exchange, const uint8_t *name, uint16_t length)
{
	uint64_t hash = siphash_bytes(&exchange->policy->users->hash_key, name, length);

	switch (wanted_ask(exchange->turn->wanted, hash, name, length, exchange->now)) {
	case WANTED_PENDING:
		exchange->free = true;
		__attribute__((fallthrough));
	case WANTED_ASKED:
		exchange->silence = DROP_TURN_USER_WANTED;
		break;
	case WANTED_FULL:
		exchange->free = true;
		exchange->silence = DROP_TURN_WANTED_FULL;
		break;
	case WANTED_ABSENT:
		break;
	}
	return false;
}

static bool credentials_verify(struct exchange *exchange)
{
	const uint8_t *name = stun_value(&exchange->message, STUN_KNOWN_USERNAME);
	uint16_t length = exchange->message.attrs[STUN_KNOWN_USERNAME].length;
	const struct user *user = users_find(exchange->policy->users, name, length);

	if (user != NULL)
		return user_try(exchange, user);
	if (stun_user_expiry(name, length) > unix_now(exchange))
		return secrets_try(exchange, name, length);
	nobody_try(exchange);
	return name_ask(exchange, name, length);
}

/*
 * Of an allocation's own user the key is kept: what exists can be refreshed after its credential
 * has expired or been removed, and nothing new be made (exchange_credential_check). A new
 * credential of the same user replaces it.
 */
static bool user_verify(struct exchange *exchange)
{
	struct allocation *known =
	        exchange->allocation != NULL ? exchange->allocation : exchange->closed;
	const uint8_t *name = stun_value(&exchange->message, STUN_KNOWN_USERNAME);

	exchange->user_hash = user_identity(&exchange->policy->users->hash_key, name,
	                                    exchange->message.attrs[STUN_KNOWN_USERNAME].length);
	if (known != NULL && known->user_hash != exchange->user_hash)
		known = NULL;
	if (known != NULL && key_try(exchange, &known->key)) {
		exchange->secret = known->secret;
		return true;
	}
	if (!attempts_left(exchange->turn->attempts, &exchange->turn->seed, &exchange->flow->src,
	                   exchange->now)) {
		exchange->silence = DROP_TURN_ATTEMPTS;
		return false;
	}
	if (!credentials_verify(exchange)) {
		if (!exchange->free)
			attempts_failed(exchange->turn->attempts, &exchange->turn->seed,
			                &exchange->flow->src, exchange->now);
		return false;
	}
	if (known != NULL) {
		known->key = exchange->key;
		__atomic_store_n(&known->secret, exchange->secret, __ATOMIC_RELAXED);
	}
	return true;
}

static bool secret_holds(const struct turn_policy *policy, uint16_t secret)
{
	for (uint32_t i = 0; i < policy->n_secrets; i++)
		if (policy->secret_ids[i] == secret)
			return true;
	return false;
}

int exchange_credential_check(const struct exchange *exchange)
{
	const struct turn_policy *policy = exchange->policy;
	const uint8_t *name = stun_value(&exchange->message, STUN_KNOWN_USERNAME);
	uint16_t length = exchange->message.attrs[STUN_KNOWN_USERNAME].length;
	const struct user *user;
	bool holds;

	if (exchange->secret != 0) {
		holds = stun_user_expiry(name, length) > unix_now(exchange) &&
		        secret_holds(policy, exchange->secret);
	} else {
		user = users_find(policy->users, name, length);
		/* a key that was fetched may have to be fetched again */
		holds = user != NULL ? memcmp(&user->key, &exchange->key, sizeof(user->key)) == 0
		                     : wanted_on(exchange->turn->wanted);
	}
	return holds ? 0 : STUN_403_FORBIDDEN;
}

int exchange_authenticate(struct exchange *exchange)
{
	const struct stun_message *message = &exchange->message;
	enum stun_nonce_verdict nonce;

	if (!stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY))
		return STUN_401_UNAUTHENTICATED;
	nonce = nonce_judge(exchange);
	if (nonce == STUN_NONCE_FORGED)
		return STUN_401_UNAUTHENTICATED;
	if (!stun_has(message, STUN_KNOWN_USERNAME) || !stun_has(message, STUN_KNOWN_REALM))
		return STUN_400_BAD_REQUEST;
	if (nonce == STUN_NONCE_STALE)
		return STUN_438_STALE_NONCE;
	if (!realm_ours(exchange) || !user_verify(exchange))
		return STUN_401_UNAUTHENTICATED;
	exchange->authenticated = true;
	return 0;
}
