/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of browsers in a dataplane without ports, and the checks that their browsers send. */
#ifndef SESSION_FIXTURE_H
#define SESSION_FIXTURE_H

#include "net_fixture.h"

#include "session/state.h"
#include "stun/message.h"

#define SESSIONS 8

extern const uint8_t check_transaction[STUN_TRANSACTION_SIZE];

/* EAL, as net_setup() starts it; once for a process. 0 or -1. */
int session_eal(void);
/* events: NULL: without the thread of handshakes. A dataplane with places for SESSIONS, one
 * listener at 198.18.1.1:3478. NULL: no memory. */
struct dataplane *session_dataplane(const char *ledger, struct event_base *events);
/* cmocka group setup: *state is the struct dataplane. */
int session_setup(void **state);

/* -- sessions -- */

struct sluice_session offer(const char *id, uint8_t role, const char *stream);
int add(struct dataplane *dp, const struct sluice_session *session,
        struct sluice_session_made *made);
/* One that publishes a stream of its own name. */
struct sluice_session_made made_of(struct dataplane *dp, const char *id);
void end(struct dataplane *dp, const char *id);
const struct session *session_at(struct dataplane *dp, const char *id);

/* -- checks -- */

struct check {
	const char *name;
	bool bad_password, use_candidate, controlled, unknown, no_fingerprint, bad_fingerprint;
	uint32_t number; /* libwebrtc's; 0: none */
	enum session_verdict verdict;
	uint16_t reason; /* where it is dropped */
	uint16_t error;  /* of the answer; 0: it succeeds */
};

#define CHECK_ROOM 512

/* Its length. */
uint16_t check_write(uint8_t room[CHECK_ROOM], const struct check *check,
                     const struct sluice_session_made *made);
/* As classify leaves it: headers, and the datagram behind them. */
struct rte_mbuf *mbuf_of(struct dataplane *dp, const uint8_t *datagram, uint16_t length,
                         const char *from, uint16_t port);
enum session_verdict check_send(struct dataplane *dp, const struct check *check,
                                const struct sluice_session_made *made, uint16_t port,
                                uint16_t *reason, struct rte_mbuf **answer);
/* One that is right, from a port of the client. */
void checked(struct dataplane *dp, const struct sluice_session_made *made, uint16_t port,
             bool use_candidate, uint32_t number);

#endif
