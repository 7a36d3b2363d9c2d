/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The insides of sessions, shared by the files of session/.
 *
 * A session is found by its ufrag (bpf/ufrag.h), which has its index: nothing that comes from an
 * address is believed before a check has authenticated. The worker to which the first valid check
 * came owns its paths; another one verifies and hands over. The control thread makes and ends
 * sessions, and binds addresses to them; workers and the thread of handshakes (dtls/) tell it what
 * happened by notes.
 */
#ifndef SESSION_STATE_H
#define SESSION_STATE_H

#include <string.h>
#include <sys/queue.h>

#include <rte_hash.h>
#include <rte_ring_elem.h>
#include <ufrag.h>

#include "dataplane.h"
#include "graph/packet.h"
#include "media/media.h"
#include "session/session.h"
#include "session/wake.h"
#include "stun/integrity.h"

#define SESSION_PATHS_MAX     8
#define SESSION_LISTENERS_MAX SLUICE_SESSION_ADDRESSES_MAX
#define SESSION_DTLS_QUEUED   8  /* datagrams of one session on the way to its handshake */
#define SESSION_EARLY_MAX     64 /* SRTP packets of one session that wait for its keys */
#define SESSION_EVENTS_MAX    1024
/* A name that leaves room for "/MID/RID" behind it in a stream's. */
#define SESSION_NAME_SHOWN_MAX (SLUICE_MEDIA_NAME_MAX - SLUICE_TRACK_MID_MAX - SLUICE_TRACK_RID_MAX)

struct dtls;
struct random;

/* A pair of addresses by which a check has come. */
struct session_path {
	struct transport_addr remote, local;
	uint16_t service;    /* five_tuple.service */
	uint32_t connection; /* stream/stream.h; 0: datagrams */
	uint64_t checked;    /* TSC: its last valid check; 0: no path */
	uint64_t told;       /* TSC: when the control thread was told of it */
};

/* Where media and DTLS go. */
struct session_way {
	struct transport_addr remote, local; /* port 0: none is selected yet */
	uint32_t connection;                 /* as session_path's */
};

/* Written by the owner between two odd steps of `sequence`. */
struct session_selected {
	uint32_t sequence;
	struct session_way way;
};

struct session {
	/* atomic; control thread */
	bool live;
	uint8_t generation; /* of the ufrag that was given last ... */
	uint8_t previous;   /* ... and before an ICE restart, until a check has the last one; the
	                       owner clears it */
	uint32_t life;      /* of all sessions ever made, from 1 */
	uint32_t endpoint;  /* index; 0: no keys yet */
	struct stun_key keys[2]; /* of our passwords, by generation & 1; const while in use */

	/* atomic; the first worker with a valid check: its id + 1 */
	uint16_t owner;
	uint16_t queued; /* atomic: datagrams on the way to its handshake */
	uint16_t early;  /* atomic: SRTP packets that wait */
	uint64_t wrong;  /* TSC: atomic; by when its wrong checks are paid off; any worker */

	/* owner */
	struct session_path paths[SESSION_PATHS_MAX];
	uint8_t selected_path; /* index + 1; 0: none */
	bool nominated;        /* by a number: only a higher one moves it */
	uint32_t nomination;
	struct session_selected selected;
	uint64_t checked;          /* atomic; TSC: the last valid check */
	uint64_t selected_checked; /* atomic; the same of the selected path; 0: none is */
	uint64_t changes;          /* TSC: by when its new paths and moves are paid off */
	bool selected_told;        /* the control thread knows which one is */
	uint64_t checks, moved;
} __rte_cache_aligned;

enum session_note_kind {
	NOTE_PATH,     /* a check came by a flow that is not bound to the session */
	NOTE_SELECTED, /* another path is the selected one */
	NOTE_HELLO,    /* the handshake has begun */
	NOTE_KEYS,
	NOTE_CLOSED, /* close_notify */
	NOTE_FAILED, /* handshake: `reason` */
};

/* Master keys, salts behind them. */
struct session_keys {
	uint8_t rx[SLUICE_MEDIA_KEY_MAX], tx[SLUICE_MEDIA_KEY_MAX];
};

/* From a worker or the thread of handshakes to the control thread. */
struct session_note {
	uint32_t session, life;
	uint8_t kind;    /* enum session_note_kind */
	uint8_t reason;  /* enum sluice_session_reason */
	uint8_t profile; /* enum sluice_srtp_profile */
	uint8_t pad;
	uint32_t handshake_ms;
	struct five_tuple flow;
	struct transport_addr local;
	/* NOTE_KEYS: OPENSSL_malloc()ed, and the reader's: no ring keeps keys */
	struct session_keys *keys;
};
static_assert(sizeof(struct session_note) % 4 == 0, "ring element");

/* Of one path: what binds it. */
struct session_flow {
	struct five_tuple flow;
	struct transport_addr local;
};

/* What the control thread knows of a session. */
struct session_control {
	struct sluice_session config;
	struct sluice_session_made made;
	char pwd[2][33];                /* by generation & 1 */
	uint8_t state;                  /* enum sluice_session_state */
	uint8_t profile;                /* enum sluice_srtp_profile, where CONNECTED */
	uint32_t made_s;                /* worker.now */
	uint64_t made_tsc, checked_tsc; /* when it was made, and came to that state */
	uint64_t heard, heard_tsc; /* PUBLISH: authentic packets at a look, and when they grew */
	uint32_t handshake_ms;
	uint32_t n_flows;
	struct session_flow flows[SESSION_PATHS_MAX];         /* bound, the oldest first */
	struct session_way way;                               /* as selected */
	struct media_clock clocks[SLUICE_SESSION_TRACKS_MAX]; /* WATCH: while nobody publishes */
	uint32_t next_id, next_stream;                        /* in their chains */
	bool estimate_off;
	bool used; /* the place is taken: it lives, or ends */
	/* of its end: the workers' grace period, and the order that closes its handshake */
	uint64_t token, closed;
};

struct session_listener {
	bool used;
	bool tcp; /* by the stream threads' sockets (stream/stream.h) */
	struct transport_addr addr;
	struct ip_addr told; /* what candidates say */
	struct sluice_webrtc_listen config;
	uint32_t config_generation;
	bool absent;
};

/* A chained hash over indices, by a text of the session. */
struct session_names {
	uint32_t *heads; /* [mask + 1]; 0: none */
	uint32_t mask;
};

struct sessions {
	struct dataplane *dp;
	uint32_t max;
	struct session *list;      /* [max + 1] */
	struct rte_hash *paths;    /* five_tuple -> index; control thread writes */
	struct gate_ufrags ufrags; /* const after start */
	struct dtls *dtls;         /* const after start; NULL: tests without the thread */
	struct rte_ring *notes;    /* of struct session_note; control thread reads */
	struct session_wake wake;  /* of the control thread */
	struct event *woken;

	/* control thread */
	struct session_control *control; /* [max + 1] */
	uint32_t *places;                /* ring of free indices */
	uint32_t places_head, places_count;
	uint32_t highest; /* index that was ever used */
	uint32_t count;   /* that live */
	uint32_t ending;  /* places that wait for the other threads */
	uint32_t lives;
	struct session_names ids, streams;
	struct session_listener listeners[SESSION_LISTENERS_MAX];
	struct random *random;
	uint32_t events_sequence;
	struct sluice_session_event events[SESSION_EVENTS_MAX]; /* ring */
	uint32_t events_head, events_count;
	uint64_t notes_lost; /* atomic; any thread */
};

enum ice_counter {
	ICE_CHECKS,            /* valid, answered */
	ICE_NOMINATED,         /* a path was selected */
	ICE_MOVED,             /* another one was */
	ICE_CONFLICTS,         /* 487 */
	ICE_UNKNOWN_ATTRIBUTE, /* 420 */
	ICE_HANDED_OVER,       /* to the owner */
	ICE_RATE,     /* checks that would have made a path or moved it, beyond what may be */
	ICE_HELD,     /* DTLS or SRTP that came too early, and was kept */
	ICE_COUNTERS, /* of a worker; behind them ... */
	ICE_NOTES_LOST = ICE_COUNTERS,
	ICE_COUNTERS_ALL,
};

#define SESSION_FRESH 64  /* power of two */
#define SESSION_HELLO 32  /* power of two */
#define SESSION_EARLY 512 /* packets */

/* A check has just come by this flow: until the control thread has bound it. */
struct session_fresh {
	struct five_tuple flow;
	uint32_t session, life;
	uint64_t tsc;
};

/* A ClientHello that has overtaken the first check: two datagrams (its key share is large). */
struct session_hello {
	struct five_tuple flow;
	struct rte_mbuf *mbufs[2];
	uint32_t count;
	uint64_t tsc;
};

struct session_held {
	struct rte_mbuf *mbuf;
	uint32_t session;
	uint64_t tsc;
};

/* A worker's own. */
struct session_worker {
	struct session_fresh fresh[SESSION_FRESH];
	struct session_hello hellos[SESSION_HELLO];
	uint32_t n_hellos;
	struct session_held early[SESSION_EARLY]; /* in the order of arrival */
	uint32_t n_early;
	uint64_t counters[ICE_COUNTERS];
};

/* -- table.c: control thread -- */

int session_tables_create(struct sessions *sessions);
void session_tables_destroy(struct sessions *sessions);
/* 0: none is free. */
uint32_t session_place_take(struct sessions *sessions);
/* Places whose ends every worker and the thread of handshakes have seen are free again. */
void session_places_collect(struct sessions *sessions);
/* Those that are taken by now are no longer free. */
void session_places_rebuild(struct sessions *sessions);
void session_names_add(struct sessions *sessions, uint32_t index);
void session_names_remove(struct sessions *sessions, uint32_t index);
/* The index, or 0. */
uint32_t session_named(const struct sessions *sessions, const char *id);
/* The next session of this stream: start with 0, ends with 0. */
uint32_t session_of_stream(const struct sessions *sessions, const char *stream, uint32_t after);
/* The session that publishes it, connected or not, or 0. */
uint32_t session_publisher(const struct sessions *sessions, const char *stream);

/* -- control.c -- */

void session_state_set(struct sessions *sessions, uint32_t index, uint8_t state);
void session_end(struct sessions *sessions, uint32_t index, enum sluice_session_reason reason);
void sessions_end_all(struct sessions *sessions);
void session_event(struct sessions *sessions, uint32_t index, enum sluice_session_reason reason);
/* Its handshake may begin. */
void session_dtls_open(struct sessions *sessions, uint32_t index);
/* Whether so much time has passed since this TSC. */
bool session_is_over(const struct sessions *sessions, uint64_t since, uint64_t seconds);
void sessions_tick(struct sessions *sessions);

/* -- flow.c: control thread -- */

void session_flow_bind(struct sessions *sessions, uint32_t index, const struct five_tuple *flow,
                       const struct transport_addr *local);
void session_flows_forget(struct sessions *sessions, uint32_t index);

/* -- listen.c -- */

int session_listener_at(const struct sessions *sessions, const struct transport_addr *addr,
                        bool tcp);
/* One of the dataplane before, until a configuration says that it is there no more. The index, or
 * -ENOSPC. */
int session_listener_wait(struct sessions *sessions, const struct transport_addr *addr);
void webrtc_listen_sweep(struct sessions *sessions);
void webrtc_listen_tick(struct sessions *sessions);
/* Those by UDP, and behind them those by TCP. False: there are none. */
bool session_addresses(const struct sessions *sessions, struct sluice_session_made *made);

/* -- endpoint.c: control thread -- */

/* Keys are there: its endpoint with streams or subscriptions. 0 or -errno. */
int session_connect(struct sessions *sessions, uint32_t index, const struct session_note *note);
void session_disconnect(struct sessions *sessions, uint32_t index);
/* A publisher's streams, which are there: each is asked for what its own m-line has agreed to. */
void session_tracks_agree(struct sessions *sessions, const struct sluice_session *session);

/* -- path.c: the owner -- */

struct session_check;

void session_path_seen(struct worker *worker, struct session *session, const struct packet *packet,
                       const struct session_check *check);
/* Any thread: what is selected now. False: nothing is yet. */
bool session_selected_read(const struct session *session, struct session_way *way);
/* Owner: its endpoint sends where the session is. */
void session_endpoint_point(struct worker *worker, struct session *session);

/* What a check's attributes say. */
struct session_check {
	bool use_candidate;
	bool controlled;
	bool nominated; /* by a number */
	uint32_t nomination;
};

/* -- hold.c: worker -- */

/* The index, or 0: by a bound flow, or by one that a check has just come by. */
uint32_t session_by_flow(const struct worker *worker, const struct five_tuple *flow);
/* A valid check came by this flow. */
void session_flow_fresh(struct worker *worker, const struct five_tuple *flow, uint32_t session);
void session_held_run(struct worker *worker);
void session_held_drop(struct session_worker *session_worker);
static inline bool session_held_any(const struct session_worker *session_worker)
{
	return session_worker->n_early != 0 || session_worker->n_hellos != 0;
}

/* Any thread. False: the ring is full; keys are freed. */
bool session_note_send(struct sessions *sessions, const struct session_note *note);

static inline struct sluice_addr session_addr_of(const struct transport_addr *transport)
{
	struct sluice_addr addr = {.port = transport->port};

	memcpy(addr.ip, transport->ip.bytes, sizeof(addr.ip));
	return addr;
}

static inline struct session_note session_note_of(const struct sessions *sessions,
                                                  const struct session *session,
                                                  enum session_note_kind kind)
{
	return (struct session_note){
	        .session = (uint32_t)(session - sessions->list),
	        .life = __atomic_load_n(&session->life, __ATOMIC_RELAXED),
	        .kind = (uint8_t)kind,
	};
}

#endif
