/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The long-term credential mechanism (RFC 8489, 9.2.4). The nonce is judged before anything else: a
 * client that cannot show one of ours may have forged its address, and is only challenged. A signed
 * request with another one gets 438, whatever became of the keys: browsers sign again after a 438,
 * and give their relay up after a 401. The password is not looked at before, so nothing is learned
 * of it.
 */
#include "turn/exchange.h"

#include "turn/attempts.h"
#include "turn/record.h"
#include "turn/store.h"
#include "turn/users.h"
#include "turn/wanted.h"

static bool key_try(struct exchange *exchange, const struct stun_key *key)
{
	if (!stun_integrity_ok(&exchange->message, key))
		return false;
	exchange->key = *key;
	return true;
}

/* The request is signed with SHA-256, or chooses an algorithm: its key is computed anew. */
static bool signs_raw(const struct exchange *exchange)
{
	return exchange->chosen ||
	       stun_has(&exchange->message, STUN_KNOWN_MESSAGE_INTEGRITY_SHA256);
}

static bool raw_try(struct exchange *exchange, const struct stun_raw_key *raw)
{
	struct stun_key key;
	bool ok;

	stun_key_raw(&key, raw->bytes, raw->length);
	if (stun_has(&exchange->message, STUN_KNOWN_MESSAGE_INTEGRITY_SHA256))
		ok = stun_integrity_sha256_ok(&exchange->message, raw);
	else
		ok = stun_integrity_ok(&exchange->message, &key);
	if (!ok || raw->length == 0)
		return false;
	exchange->raw = *raw;
	exchange->key = key;
	return true;
}

static bool kept_try(struct exchange *exchange, const struct allocation *allocation)
{
	if (((allocation->flags & ALLOCATION_RAW_KEY) != 0) != signs_raw(exchange))
		return false;
	return signs_raw(exchange) ? raw_try(exchange, &allocation->raw)
	                           : key_try(exchange, &allocation->key);
}

/* One who lacks the key takes as long as one with a wrong password. */
static bool user_try(struct exchange *exchange, const struct user *user)
{
	if (signs_raw(exchange))
		return raw_try(exchange, &user->keys.of[exchange->algorithm - 1]);
	return key_try(exchange, &user->key) && user->keys.of[STUN_MD5 - 1].length != 0;
}

static bool secret_try(struct exchange *exchange, const struct stun_key *secret)
{
	const struct user_name *name = &exchange->name;
	const char *realm = exchange->realm->name;
	struct stun_raw_key raw;
	struct stun_key key;

	if (signs_raw(exchange)) {
		stun_raw_time_limited(&raw, exchange->algorithm, secret, name->bytes, name->length,
		                      realm);
		return raw_try(exchange, &raw);
	}
	stun_key_time_limited(&key, secret, name->bytes, name->length, realm);
	return key_try(exchange, &key);
}

const struct stun_raw_key *exchange_raw(const struct exchange *exchange)
{
	return exchange->raw.length != 0 ? &exchange->raw : NULL;
}

/* Time-limited credentials: under each secret, so that they can be changed one after the other. */
static bool secrets_try(struct exchange *exchange)
{
	const struct turn_policy *policy = exchange->policy;

	for (uint32_t i = 0; i < policy->n_secrets; i++) {
		if (policy->secret_realms[i] != exchange->realm->index)
			continue;
		if (secret_try(exchange, &policy->secrets[i])) {
			exchange->secret = policy->secret_ids[i];
			return true;
		}
	}
	return false;
}

/* The table has no such user: the control plane may fetch the key, and the request is left
 * unanswered until it has. */
static void name_ask(struct exchange *exchange)
{
	switch (wanted_ask(exchange->turn->wanted, exchange->name.hash, exchange->name.bytes,
	                   exchange->name.length, exchange->now)) {
	case WANTED_PENDING:
		exchange->no_attempt = true;
		__attribute__((fallthrough));
	case WANTED_ASKED:
		exchange->silence = DROP_TURN_USER_PENDING;
		break;
	case WANTED_FULL:
		exchange->no_attempt = true;
		exchange->silence = DROP_TURN_PENDING_FULL;
		break;
	case WANTED_ABSENT:
		break;
	}
}

static bool credentials_verify(struct exchange *exchange)
{
	static const struct user nobody;
	const struct user_name *name = &exchange->name;
	const struct user *user =
	        users_find_hashed(exchange->realm->users, name->hash, name->bytes, name->length);

	exchange->refusal = TURN_401_PASSWORD;
	if (user != NULL) {
		/* a fetched key that is due to be fetched again serves on meanwhile */
		if (user->fetched && exchange->now >= user->refresh)
			wanted_refresh(exchange->turn->wanted, user->hash, user->bytes,
			               user->name_length, exchange->now);
		return user_try(exchange, user);
	}
	exchange->refusal = name->expiry != 0 ? TURN_401_EXPIRED : TURN_401_USER;
	if (name->expiry >= STUN_EXPIRY_MILLISECONDS) {
		turn_count(exchange->turn_worker, TURN_EXPIRY_TOO_LARGE);
	} else if (name->expiry > exchange->unix_now) {
		exchange->refusal = TURN_401_PASSWORD;
		return secrets_try(exchange);
	}
	/* takes as long as a wrong password, so that time does not tell whether a name exists */
	(void)user_try(exchange, &nobody);
	/* tenants' users are those of the configuration, and a hash names nobody to fetch */
	if (exchange->realm->index == 0 && name->length != 0)
		name_ask(exchange);
	return false;
}

/* USERHASH of nobody that is configured leaves the name empty, which no user has. */
static void name_read(struct exchange *exchange)
{
	const struct stun_message *message = &exchange->message;
	const struct users *users = exchange->realm->users;
	const void *name = stun_value(message, STUN_KNOWN_USERNAME);
	uint16_t length = message->attrs[STUN_KNOWN_USERNAME].length;
	const struct user *user;

	if (!stun_has(message, STUN_KNOWN_USERNAME)) {
		user = users_find_userhash(users, stun_value(message, STUN_KNOWN_USERHASH));
		name = user != NULL ? user->bytes : "";
		length = user != NULL ? user->name_length : 0;
	}
	user_name_read(&exchange->name, &users->hash_key, name, length);
}

/*
 * Of an allocation's own user the key is kept: what exists can be refreshed after its credential
 * has expired or been removed, and nothing new be made (exchange_credential_check). A new
 * credential of the same user replaces it.
 */
static bool user_verify(struct exchange *exchange)
{
	const struct stun_message *message = &exchange->message;
	struct attempts *attempts = exchange->turn->attempts;
	const struct hash_seed *seed = &exchange->turn->seed;
	const struct ip_addr *client = &exchange->flow->src;
	struct allocation *known =
	        exchange->allocation != NULL ? exchange->allocation : exchange->named;

	name_read(exchange);
	/* what is closed answers its Refresh again, and lets nobody in to another one */
	if (exchange->closed != NULL && message->method == STUN_REFRESH)
		known = exchange->closed;
	if (known != NULL && known->user_hash != exchange->name.identity)
		known = NULL;
	if (known != NULL && kept_try(exchange, known)) {
		exchange->secret = known->secret;
		return true;
	}
	if (!attempts_left(attempts, seed, client, exchange->now)) {
		exchange->silence = DROP_TURN_ATTEMPTS;
		return false;
	}
	if (!credentials_verify(exchange)) {
		if (!exchange->no_attempt)
			attempts_failed(attempts, seed, client, exchange->now);
		return false;
	}
	if (known != NULL) {
		allocation_key_set(known, &exchange->key, exchange_raw(exchange));
		__atomic_store_n(&known->secret, exchange->secret, __ATOMIC_RELAXED);
		record_credential(exchange->turn, known);
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

static bool user_has_key(const struct exchange *exchange, const struct user *user)
{
	const struct stun_raw_key *raw = exchange_raw(exchange);

	if (raw == NULL)
		return memcmp(&user->key, &exchange->key, sizeof(user->key)) == 0;
	return memcmp(&user->keys.of[raw->length == STUN_SHA256_SIZE ? STUN_SHA256 - 1
	                                                             : STUN_MD5 - 1],
	              raw, sizeof(*raw)) == 0;
}

int exchange_credential_check(const struct exchange *exchange)
{
	const struct turn_policy *policy = exchange->policy;
	const struct user_name *name = &exchange->name;
	const struct user *user;
	bool holds;

	if (exchange->secret != 0) {
		holds = name->expiry > exchange->unix_now && secret_holds(policy, exchange->secret);
	} else {
		user = users_find_hashed(exchange->realm->users, name->hash, name->bytes,
		                         name->length);
		/* a key that was fetched may have to be fetched again */
		holds = user != NULL
		                ? user_has_key(exchange, user)
		                : exchange->realm->index == 0 && wanted_on(exchange->turn->wanted);
	}
	return holds ? 0 : STUN_403_FORBIDDEN;
}

int exchange_authenticate(struct exchange *exchange)
{
	const struct stun_message *message = &exchange->message;
	const struct stun_span *nonce = &message->attrs[STUN_KNOWN_NONCE];
	const struct stun_span *realm = &message->attrs[STUN_KNOWN_REALM];
	const struct turn_policy *policy = exchange->policy;
	enum stun_nonce_verdict verdict;
	int error;

	if ((!stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY) &&
	     !stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY_SHA256)) ||
	    !stun_has(message, STUN_KNOWN_NONCE))
		return STUN_401_UNAUTHENTICATED;
	verdict = stun_nonce_check(stun_value(message, STUN_KNOWN_NONCE), nonce->length,
	                           &policy->nonce_keys, &exchange->flow->src,
	                           exchange->flow->src_port, exchange->unix_now);
	if ((!stun_has(message, STUN_KNOWN_USERNAME) && !stun_has(message, STUN_KNOWN_USERHASH)) ||
	    !stun_has(message, STUN_KNOWN_REALM))
		return verdict == STUN_NONCE_FORGED ? STUN_401_UNAUTHENTICATED
		                                    : STUN_400_BAD_REQUEST;
	if (verdict != STUN_NONCE_VALID)
		return STUN_438_STALE_NONCE;
	error = exchange_algorithm(exchange);
	if (error != 0)
		return error;
	exchange->refusal = TURN_401_REALM;
	if (realm->length != exchange->realm->length ||
	    memcmp(stun_value(message, STUN_KNOWN_REALM), exchange->realm->name, realm->length) !=
	            0 ||
	    !user_verify(exchange))
		return STUN_401_UNAUTHENTICATED;
	exchange->authenticated = true;
	return 0;
}
