/* SPDX-License-Identifier: BSD-3-Clause */
/* One request while it is answered: what the files that answer methods ask of it and write to it.
 * request.c is above them, and calls them. */
#ifndef TURN_EXCHANGE_H
#define TURN_EXCHANGE_H

#include "graph/drop.h"
#include "stun/message.h"
#include "stun/writer.h"
#include "turn/state.h"
#include "turn/users.h"

/*
 * The response is written over the request: after respond_begin nothing may be read through
 * `message` but its header fields, its flags and the list of unknown types.
 */
struct exchange {
	struct turn_worker *turn_worker;
	struct turn *turn;
	const struct turn_policy *policy;
	const struct turn_policy_realm *realm; /* of the listener */
	const struct five_tuple *flow;
	struct transport_addr *local; /* that the response comes from */
	struct stun_message message;
	struct allocation *allocation; /* of this 5-tuple, or NULL */
	/* the deleted allocation that still answers retransmitted Refreshes of this 5-tuple, or
	 * NULL; never both */
	struct allocation *closed;
	struct allocation *named; /* of another 5-tuple, whose ticket is shown; or NULL */
	uint32_t ticket;          /* number of the one to be told; 0: none */
	struct stun_key key;      /* the user's; once authenticated */
	struct stun_raw_key raw;  /* ... of RFC 8489's clients as well; length 0: of others */
	uint8_t algorithm;        /* enum stun_algorithm: of the password */
	bool chosen;     /* PASSWORD-ALGORITHM says so, and the answer is signed with SHA-256 */
	uint16_t secret; /* that the key comes from, or 0 */
	struct user_name name; /* USERNAME, or whose USERHASH it is; once the nonce is valid */
	bool authenticated;
	bool no_attempt;           /* credentials that do not hold, and are not counted as tried */
	enum turn_counter refusal; /* of a 401: which credentials do not hold, and why */
	enum drop_reason silence;  /* DROP_NONE: there is an answer */
	uint32_t now;
	uint64_t unix_now;
	uint8_t *payload;
	uint16_t room;
	struct stun_writer writer;
};

/* Who sends? 0, or the STUN error to answer. */
int exchange_authenticate(struct exchange *exchange);
/* The key that is kept in place of exchange->key, or NULL. */
const struct stun_raw_key *exchange_raw(const struct exchange *exchange);

/* -- RFC 8489's choice of algorithms: turn/algorithms.c -- */

/* The client knows of it, as what it sends shows. */
bool exchange_knows_algorithms(const struct exchange *exchange);
/* What a challenge of this realm says: enum stun_feature. */
uint8_t exchange_features(const struct exchange *exchange);
/* Sets `algorithm` and `chosen`: 0, or the STUN error. The nonce is valid. */
int exchange_algorithm(struct exchange *exchange);
/* PASSWORD-ALGORITHMS, of the realm. */
void respond_algorithms(struct exchange *exchange);

/* Each writes the response and returns its length. All but Binding are authenticated and all but
 * Allocate have an allocation. */
uint16_t binding_answer(struct exchange *exchange);
uint16_t allocate_answer(struct exchange *exchange);
uint16_t refresh_answer(struct exchange *exchange);
uint16_t create_permission_answer(struct exchange *exchange);
uint16_t channel_bind_answer(struct exchange *exchange);

/* To a Refresh that finds a closed allocation only. */
uint16_t refresh_answer_closed(struct exchange *exchange);

/* -- RFC 5780: turn/discovery.c -- */

/* The one that the request's listener is part of, or NULL. */
const struct turn_discovery *exchange_discovery(const struct exchange *exchange);
/* CHANGE-REQUEST is understood, and says where the response comes from. */
void exchange_change(struct exchange *exchange, const struct turn_discovery *discovery);
/* MAPPED-ADDRESS, RESPONSE-ORIGIN, OTHER-ADDRESS. */
void respond_discovery(struct exchange *exchange, const struct turn_discovery *discovery,
                       const struct transport_addr *asked);

void respond_begin(struct exchange *exchange, enum stun_class class);
/* Integrity and fingerprint, as they are due. */
uint16_t respond_end(struct exchange *exchange);
/* Counts it. */
uint16_t respond_error(struct exchange *exchange, enum stun_error code);
/* 401, 438: with realm and a new nonce, and nothing else but the algorithms where they are due. */
uint16_t respond_challenge(struct exchange *exchange, enum stun_error code);

/* MOBILITY-TICKET (RFC 8016, 3.3), of the allocation's ticket of this number. */
void respond_ticket(struct exchange *exchange, const struct allocation *allocation,
                    uint32_t number);

/* By which a retransmission is known. */
uint64_t exchange_transaction(const struct exchange *exchange);
/* The lifetime to grant: what LIFETIME asks for, within bounds; 0 where it asks for 0. */
uint32_t exchange_lifetime(const struct exchange *exchange);
/* 0 or 1, or -1 for neither. */
int exchange_family(const struct exchange *exchange, enum stun_known known);
/*
 * 0, or 403 where the allocation's own credential is no longer valid: its time is over, or its user
 * or secret was removed. What exists may be refreshed all the same.
 */
int exchange_credential_check(const struct exchange *exchange);
/* 0, or why this peer may not be had by this allocation. A port of 0 asks for the address. */
int exchange_peer_check(const struct exchange *exchange, const struct transport_addr *peer);

#endif
