/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is told of an allocation once it has ended. Another worker that has received a peer's
 * datagram may still count it: so an account is handed out when every worker has been quiescent
 * since the end, and only then is the allocation's place given back.
 */
#ifndef TURN_ACCOUNT_H
#define TURN_ACCOUNT_H

#include <rte_rcu_qsbr.h>

#include "turn/allocation.h"

#include <sluice/turn.h>

struct rte_ring;
struct turn;
struct turn_worker;

/* Accounts of one worker that wait for the control thread. */
#define ACCOUNTS_MAX 4096

enum account_place {
	ACCOUNT_PLACE_HELD,  /* the allocation lingers, or lives */
	ACCOUNT_PLACE_FREE,  /* it went with its end */
	ACCOUNT_PLACE_LATER, /* it went since */
};

/* Bytes of a user's name behind those that its allocation has: where that was cut, three are free
 * at most, as \xNN is not cut in two. */
#define ACCOUNT_USER_REST (SLUICE_TURN_USER_KEPT_MAX - 1 - (ALLOCATION_USER_SHOWN - 3))

/* Bytes are settled in units, so that few bits tell how many: 1 TB between two times. */
#define ACCOUNT_UNIT_SHIFT 8

/* One of each allocation's place: its owner's. */
struct account {
	struct relay_leg legs[2];          /* as they were at first */
	uint32_t settled[2];               /* units that its realm's sums have, modulo 2^32 */
	uint32_t next;                     /* in a worker's list */
	uint32_t ended;                    /* worker.now */
	uint8_t reason;                    /* enum sluice_allocation_reason */
	uint8_t place : 2;                 /* enum account_place */
	uint8_t waits : 1;                 /* in a list */
	uint8_t realm : 5;                 /* index of its realm, at its end */
	char user_rest[ACCOUNT_USER_REST]; /* printable and cut; when full it has no final NUL */
};
static_assert(sizeof(struct account) == 60, "account");
static_assert(SLUICE_TURN_REALMS_MAX < 1 << 5, "a realm's index");

/* One worker's. */
struct accounts {
	struct rte_ring *ring; /* its elements are rows; the control thread takes them */
	uint32_t gathering;    /* lists of allocations, by index */
	uint32_t waiting;      /* for `token` */
	uint64_t token;
	/* UDP payload to peers and to clients, by the realm's index; read by the control thread */
	uint64_t realm_bytes[SLUICE_TURN_REALMS_MAX + 1][2];
};

int accounts_create(struct accounts *accounts, uint32_t max_allocations);
void accounts_destroy(struct accounts *accounts);

/* Worker: the allocation is made; user: as it came. */
void account_begin(struct turn_worker *turn_worker, const struct allocation *allocation,
                   const void *user, size_t length);
/* Worker: it relays no more. */
void account_end(struct turn_worker *turn_worker, const struct allocation *allocation,
                 enum sluice_allocation_reason reason);
/* Worker: what it has relayed since the last time goes into its realm's sums: whole units now and
 * then while the allocation lives, and at its end, when the realm is still its own; the rest with
 * the account. */
void account_settle(struct turn_worker *turn_worker, const struct allocation *allocation);
/* Worker: nothing holds its place any more. False: its account does, until it is handed out. */
bool account_leave(struct turn_worker *turn_worker, const struct allocation *allocation,
                   bool with_end);
/* The user's name, printable and cut, with a final NUL. */
void account_user(char user[SLUICE_TURN_USER_KEPT_MAX], struct turn *turn,
                  const struct allocation *allocation);
/* Control thread: what all workers have settled for a realm: [0] to peers, [1] to clients. */
void accounts_realm_bytes(const struct turn *turn, uint8_t realm, uint64_t bytes[2]);
/* Worker, each housekeeping. */
void accounts_collect(struct turn_worker *turn_worker, uint32_t budget);

#endif
