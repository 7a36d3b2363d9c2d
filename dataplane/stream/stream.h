/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TURN over TCP, TLS and DTLS, and browsers' sessions over TCP: kernel sockets in threads of their
 * own. A thread cuts what it reads into messages; each goes in an mbuf, by a ring, to the worker
 * that the connection belongs to, and enters its graph at the node stream_input. Answers and what
 * peers send come back from any worker by the node stream_output and another ring. Workers know a
 * client's connection by its number in the flow's key (struct five_tuple) and by nothing else.
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/turn.h>

#include "net/ip_addr.h"
#include "part.h"
#include "worker.h"

struct dataplane;
struct gate_rules;
struct ranges;
struct rte_mbuf;
struct streams;

/* Threads at most; options.stream_threads. */
#define STREAM_THREADS_MAX 16

extern const struct part stream_part;

/* -- configuration: control thread -- */

/* Who may connect to a listener, and says first whose connection it is (PROXY protocol, version 2).
 */
struct stream_proxy {
	struct ip_addr ip; /* bits behind the length are 0 */
	uint8_t length;    /* in the family's own bits */
	bool there;        /* false: clients come themselves */
};

/*
 * Listens there; `index` is the listener's among TURN's, and the `service` of its clients' flows.
 * 0, or -errno with a line in *why (SLUICE_API_ERROR_MAX bytes).
 */
int stream_listen(struct dataplane *dp, uint32_t index, const struct transport_addr *addr,
                  uint32_t transport, const struct stream_proxy *proxy, char *why);
/*
 * The same for checks, DTLS and SRTP of browsers' sessions by TCP (RFC 6544, passive; framed as RFC
 * 4571 has it); `index` is the listener's among theirs. A listener of TURN's by TCP may have the
 * address as well: what comes first tells whose a connection is.
 */
int stream_listen_sessions(struct dataplane *dp, uint32_t index, const struct transport_addr *addr,
                           char *why);
void stream_listen_sessions_end(struct dataplane *dp, uint32_t index);
/* For those that come from now on. */
void stream_proxy_set(struct dataplane *dp, uint32_t index, const struct stream_proxy *proxy);
/* No longer, and its connections are closed. Workers have taken what their clients said, if they
 * take it within half a second. */
void stream_listen_end(struct dataplane *dp, uint32_t index);
/* Clients whose flows are of this service: a TURN listener's index, or session_service(). */
uint32_t stream_connections(const struct dataplane *dp, uint32_t service);
/* The same of all listeners, and how many there may be. */
uint32_t stream_connections_all(const struct dataplane *dp, uint32_t *max);
/* Whether an interface of the host has the address. */
bool stream_address_is_here(const struct ip_addr *ip);

/* 0, or -errno with a line in *why. */
int stream_set(struct dataplane *dp, const struct sluice_turn_stream *set, char *why);
int stream_certificate_put(struct dataplane *dp, const struct sluice_turn_certificate_put *put,
                           char *why);
uint32_t stream_certificate_show(const struct dataplane *dp, uint32_t *cursor,
                                 struct sluice_turn_certificate_row *rows, uint32_t max);

/* Clients at these addresses are refused from now on, and those that are connected are closed.
 * NULL: all may come. They stay the caller's, until it has given others. */
void stream_deny(struct dataplane *dp, const struct ranges *denied);
/* The gate's rules for ClientHellos that have no cookie yet: a copy, but for its sets, which stay
 * the caller's as well. */
void stream_rules_set(struct dataplane *dp, const struct gate_rules *rules);
/* What those threads have counted by these rules; index: of gate_counter_infos[]. */
uint64_t stream_gate_counter_sum(const struct dataplane *dp, uint32_t index);

/* How often the thread has looked round, each second at least; false: there is none of this number,
 * or it does not run. */
bool stream_rounds(const struct dataplane *dp, uint32_t thread, uint64_t *rounds);

/* -- workers -- */

/* Messages of clients for this worker: at most `max`. */
uint32_t stream_take(struct worker *worker, struct rte_mbuf **mbufs, uint32_t max);
/* Their metadata says by which connection each goes. Returns how many were taken; the others stay
 * the caller's. */
uint32_t stream_send(struct worker *worker, struct rte_mbuf **mbufs, uint32_t count);

/* -- counters, "stream.NAME" -- */

struct stream_counter_info {
	const char *name;
	const char *help;
	const char *unit;
};
extern const struct stream_counter_info stream_counter_infos[];
extern const uint32_t stream_counters_count;
uint64_t stream_counter_sum(const struct dataplane *dp, uint32_t index);

#endif
