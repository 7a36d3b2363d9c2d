/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions of browsers (include/sluice/session.h), as the rest of the dataplane sees them: a lite
 * ICE agent (RFC 8445), and what turns the keys of a DTLS handshake into an endpoint with streams
 * or subscriptions.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/session.h>

#include "part.h"

struct dataplane;
struct five_tuple;
struct packet;
struct rte_mbuf;
struct sessions;
struct stun_message;
struct worker;

extern const struct part sessions_part;

/* five_tuple.service of DTLS and SRTP, behind those of the endpoints' own local addresses.
 * session: of the packet or the service, not 0. */
#define SESSION_SERVICE_FIRST 256

static inline uint16_t session_service(uint16_t session)
{
	return SESSION_SERVICE_FIRST + session - 1;
}

/* -- control thread; 0 or -errno with a line in `why` (SLUICE_API_ERROR_MAX bytes) -- */

int webrtc_listen_add(struct sessions *sessions, const struct sluice_webrtc_listen *listen,
                      uint32_t flags, char *why);
int webrtc_listen_delete(struct sessions *sessions, const struct sluice_webrtc_listen *listen,
                         char *why);
uint32_t webrtc_listen_show(const struct sessions *sessions, uint32_t *cursor,
                            struct sluice_webrtc_listen_row *rows, uint32_t room);

int session_add(struct sessions *sessions, const struct sluice_session *add,
                struct sluice_session_made *made, char *why);
int session_restart(struct sessions *sessions, const struct sluice_session_restart *restart,
                    struct sluice_session_made *made, char *why);
/* Those that live, and those that there is room for. */
void session_count(const struct sessions *sessions, uint32_t *count, uint32_t *max);
bool session_has(const struct sessions *sessions, const char *id);
int session_delete(struct sessions *sessions, const char *id, char *why);
int session_estimate(struct sessions *sessions, const struct sluice_session_estimate *estimate,
                     char *why);
int session_layer(struct sessions *sessions, const struct sluice_session_layer *layer, char *why);

/* The next rows from *cursor on (0: the first); returns how many. */
uint32_t session_show(struct sessions *sessions, uint32_t *cursor, struct sluice_session_row *rows,
                      uint32_t room);
uint32_t session_take(struct sessions *sessions, uint32_t *cursor,
                      struct sluice_session_whole *rows, uint32_t room);
/* What has happened and was not told yet; 0: nothing. */
uint32_t session_events(struct sessions *sessions, struct sluice_session_event *rows,
                        uint32_t room);

/* What workers and handshakes have told. The part's timer calls it; tests do it themselves. Returns
 * how much there was. */
unsigned int sessions_poll(struct dataplane *dp);

/* -- worker -- */

enum session_verdict {
	SESSION_DROP, /* *reason says why */
	SESSION_ANSWER,
	SESSION_HAND_OVER, /* packet->worker is its owner */
};

/* Whether a Binding's USERNAME can be a check's at all; else it is TURN's, where that is served. */
bool session_is_check(const struct stun_message *message);
/* A connectivity check: the answer is written in its place (*length), or it is dropped. The mbuf is
 * as classify left it, and is after SESSION_ANSWER its payload alone. */
enum session_verdict session_check(struct worker *worker, struct rte_mbuf *mbuf,
                                   const struct stun_message *message, uint16_t *reason);

/* Any thread, of a message that has come whole: whether it is a check that session_check answers.
 */
bool session_admits(const struct dataplane *dp, const uint8_t *message, uint16_t length);
/* Any thread: whether a session that lives has passed a check by this flow. */
bool session_has_flow(const struct dataplane *dp, const struct five_tuple *flow);

/* DTLS, and SRTP that no endpoint has yet: true: taken. */
bool session_dtls(struct worker *worker, struct rte_mbuf *mbuf, uint16_t *reason);
bool session_early(struct worker *worker, struct rte_mbuf *mbuf, uint16_t *reason);

/* -- counters: "ice.NAME" and "dtls.NAME" -- */

struct session_counter_info {
	const char *name;
	const char *help;
	const char *unit; /* NULL: packets */
};

extern const struct session_counter_info ice_counter_infos[], dtls_counter_infos[];
extern const uint32_t ice_counters_count, dtls_counters_count;
uint64_t ice_counter_sum(const struct dataplane *dp, uint32_t index);
uint64_t dtls_counter_sum(const struct dataplane *dp, uint32_t index);

#endif
