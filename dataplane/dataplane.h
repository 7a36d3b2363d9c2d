/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane process: the one struct that everything hangs from. Its parts are opaque to each
 * other. */
#ifndef DATAPLANE_H
#define DATAPLANE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>
#include <rte_rcu_qsbr.h>

#include "worker.h"

struct capture_control;
struct seqpacket_listener;
struct succession;
struct capture_set;
struct trace;
struct event_base;
struct ports;
struct fib;
struct ledger;
struct gate;
struct neighbours;
struct packet;
struct path_mtus;
struct services;
struct mirror;
struct punt;
struct srtp_engine;
struct streams;
struct turn;
struct media;
struct sessions;
struct gate_ufrags;

#define MEDIA_CACHE_PACKETS 512 /* options.media_cache, unless said */

/* const after start: the command line. Tables are sized here and never grow. */
struct options {
	const char *socket_path;
	const char *xdp_object; /* path of gate.bpf.o */
	const char *ledger;     /* path of the ledger; NULL: there is none */
	uint32_t workers;
	uint32_t max_allocations;
	uint32_t max_permissions;
	uint32_t max_channels;
	uint32_t max_channels_per_allocation;
	uint32_t max_ports;
	uint32_t max_endpoints; /* 0: no SRTP forwarding */
	uint32_t max_streams;
	uint32_t max_subscriptions;
	uint32_t max_sessions;       /* 0: no browsers */
	uint32_t session_consent_s;  /* without a valid check they end */
	uint32_t stream_threads;     /* 0: TURN over UDP alone */
	uint32_t stream_connections; /* of them, at most */
	uint32_t stream_mb;   /* MiB that wait for their clients to read, or for a message's end */
	uint32_t mbufs;       /* in the pool, for all ports */
	uint16_t mbuf_size;   /* data room, headroom included */
	uint32_t poll;        /* enum sluice_poll_mode at start */
	uint32_t media_cache; /* packets of a stream that a worker keeps to retransmit */
	const char *srtp_engine; /* srtp/engine.h; NULL: the best that this CPU has */
	uint32_t gate_mb;        /* MiB of what the gate remembers of arrivals; 0: the default */
	uint32_t capture_mb;     /* MiB that the buffers of all captures may take together */
	const struct succession *succession; /* succession.h; NULL: no other dataplane runs */
	bool test_clock;                     /* SLUICE_WORKER_CLOCK_SET is obeyed */
	uint32_t api_version;    /* for tests: what it speaks at most; 0: SLUICE_API_VERSION */
	bool no_remote_estimate; /* publishers are told no lower bounds */
	bool no_viewer_estimate; /* nothing is made of what viewers' paths carry */
	bool allow_decrypted;    /* captures may see plaintext media */
};

/* To another process. */
enum hand_over {
	HAND_OVER_NONE,
	HAND_OVER_BEGUN, /* nothing is moved, the ledger is complete */
	HAND_OVER_DONE,  /* ports are closed: this process ends */
};

struct dataplane {
	struct options options;
	uint64_t tsc_start;
	uint64_t started;              /* Unix time, seconds */
	struct event_base *events;     /* the control thread's loop; NULL in tests that have none */
	struct rte_rcu_qsbr *qsbr;     /* reader ids are the workers' ids */
	struct rte_mempool *pool;      /* packets; private area: struct packet */
	struct rte_mempool *jumbo;     /* control thread: for frames that no buffer of `pool` takes;
	                                  NULL until a port needs them */
	struct rte_mempool *datagrams; /* net/reassembly.h: for datagrams that came in fragments */
	struct worker *workers[WORKERS_MAX];
	uint16_t n_workers;

	struct ports *ports;           /* net/port.h */
	struct neighbours *neighbours; /* net/neighbour.h */
	struct fib *fib;               /* net/fib.h: swapped whole by the control thread, RCU */
	struct path_mtus *paths;       /* net/path_mtu.h */
	struct services *services;     /* net/service.h: swapped whole by the control thread, RCU */
	struct punt *punt;             /* net/punt.h: what workers hand to the control thread */
	struct mirror
	        *mirror; /* net/mirror.h: the kernel's routes and neighbours; NULL without events */
	struct ledger *ledger;   /* ledger/ledger.h; NULL: state ends with this process */
	struct turn *turn;       /* turn/turn.h */
	struct streams *streams; /* stream/stream.h: clients by TCP, TLS and DTLS */
	/* control thread; NULL without TURN: false where the packet's source is no relayed address,
	 * otherwise who has it (turn/users.h) */
	bool (*packet_user)(const struct dataplane *dp, const struct packet *packet,
	                    uint64_t *user);
	struct gate *gate;                /* gate/gate.h */
	struct media *media;              /* media/media.h; NULL: no SRTP forwarding */
	struct sessions *sessions;        /* session/session.h; NULL: no browsers */
	const struct gate_ufrags *ufrags; /* of sessions; NULL: there are none */
	const struct srtp_engine *srtp;   /* srtp/engine.h: chosen at start */
	/* atomic; capture/capture.h: the captures that look at packets; swapped whole by the
	 * control thread, RCU; NULL: none */
	struct capture_set *captures;
	struct capture_control *capture_control; /* control thread */
	struct trace *trace; /* capture/trace.h; control thread writes, workers' nodes read while it
	                        is installed in their graphs */
	/* atomic; raised by the control thread, and by a worker that learns a path's MTU, when a
	 * remembered next hop may be wrong */
	uint32_t output_generation;
	enum hand_over hand_over;                  /* control thread */
	const struct seqpacket_listener *listener; /* of the API; NULL in tests that have none */
	uint32_t config_generation; /* control thread: on objects, see SLUICE_CONFIG_BEGIN */
};

/* Options as a test wants them: tiny tables, no ports. */
void options_default(struct options *options);

/*
 * Builds everything of `options` inside an initialised EAL, workers' graphs included, and starts no
 * thread. events may be NULL. Returns NULL with a logged reason.
 */
struct dataplane *dataplane_create(const struct options *options, struct event_base *events);
void dataplane_destroy(struct dataplane *dp);
/* No worker runs any more: from now on nothing changes in the ledger, whatever ends. */
void dataplane_leave(struct dataplane *dp);

/* Control thread: the workers end, and nothing changes in the ledger any more. */
void dataplane_stop(struct dataplane *dp);
/* The same, for another process that goes on; then its ports are closed and the events' loop ends.
 */
void dataplane_hand_over_begin(struct dataplane *dp);
void dataplane_hand_over(struct dataplane *dp);

/* Control thread: what every part does once a second, and when a configuration has been replayed
 * whole (SLUICE_CONFIG_COMMIT). */
void dataplane_tick(struct dataplane *dp);
void dataplane_config_sweep(struct dataplane *dp);

/* Control thread: waits until no worker holds a pointer that was read before this call. */
void dataplane_quiesce(struct dataplane *dp);

/* Any thread: routes, services, neighbours' slots or what is known of a path's MTU have changed. */
static inline void dataplane_output_changed(struct dataplane *dp)
{
	__atomic_add_fetch(&dp->output_generation, 1, __ATOMIC_RELEASE);
}

#endif
