/* SPDX-License-Identifier: BSD-3-Clause */
/* The insides of stream/: threads, their connections, what the control thread has set. */
#ifndef STREAM_STATE_H
#define STREAM_STATE_H

#include <pthread.h>
#include <semaphore.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <openssl/ssl.h>
#include <rte_ring.h>
#include <sluice/session.h>

#include "dtls/datagram.h"
#include "gate/hello.h"
#include "session/session.h"
#include "stream/bounds.h"
#include "stream/hello.h"
#include "stream/stream.h"
#include "stun/message.h"
#include "turn/state.h"

#define STREAM_RING_SIZE 2048
/* Read at once of one connection; what was left of it before stands in front. */
#define STREAM_READ_MAX 65536
/* A message at most: what a peer's datagram may be long. Before there is an allocation a packet's
 * buffer holds all that is read. */
#define STREAM_MESSAGE_MAX 65000

/* Of one thread, whose proxies have not said yet whose they are: they say it at once, so that few
 * are there at a time. Each is a descriptor beside those of connections. */
#define STREAM_PROXIED_MAX 128

/* Sockets that listen, one of each thread for an address: TURN's, sessions', or both's. */
#define STREAM_LISTENERS_MAX (TURN_LISTENERS_MAX + SLUICE_SESSION_ADDRESSES_MAX)
static_assert(TURN_LISTENERS_MAX <= SESSION_SERVICE_FIRST, "a service is TURN's or sessions'");

/* A connection's number: its thread, its place there, and how often that has been taken. */
#define STREAM_SLOT_BITS       18
#define STREAM_GENERATION_BITS 10
#define STREAM_SLOTS_MAX       (1u << STREAM_SLOT_BITS)

static inline uint32_t connection_number(uint32_t thread, uint32_t slot, uint32_t generation)
{
	return thread << (STREAM_SLOT_BITS + STREAM_GENERATION_BITS) |
	       slot << STREAM_GENERATION_BITS | generation;
}

static inline uint32_t connection_thread(uint32_t number)
{
	return number >> (STREAM_SLOT_BITS + STREAM_GENERATION_BITS);
}

static inline uint32_t connection_slot(uint32_t number)
{
	return number >> STREAM_GENERATION_BITS & (STREAM_SLOTS_MAX - 1);
}

/* What epoll tells of: the number of a connection, or these. */
#define EVENT_WAKE     UINT64_MAX
#define EVENT_LISTENER (UINT64_C(1) << 32) /* and its place among them */
#define EVENT_PROXIED  (UINT64_C(2) << 32) /* and its descriptor */

/* Counters of one thread, stream_counter_infos[] names them in this order. */
enum stream_counter {
	STREAM_CONNECTION,
	STREAM_ENDED,
	STREAM_REFUSED_FULL,
	STREAM_REFUSED_SOURCE,
	STREAM_REFUSED_HANDSHAKES,
	STREAM_REFUSED_MEMORY,
	STREAM_DENIED,
	STREAM_HANDSHAKE,
	STREAM_HANDSHAKE_FAILED,
	STREAM_CLOSED_FIRST,
	STREAM_CLOSED_IDLE,
	STREAM_CLOSED_GARBAGE,
	STREAM_CLOSED_TOO_LONG,
	STREAM_CLOSED_MEMORY,
	STREAM_CLOSED_HANDSHAKES,
	STREAM_FROM_CLIENT,
	STREAM_TO_CLIENT,
	STREAM_SLOW,
	STREAM_GONE,
	STREAM_CUT,
	STREAM_NO_BUFFER,
	STREAM_BLOCKED,
	STREAM_UNREAD,
	STREAM_VERIFY,
	STREAM_VERIFY_REFUSED,
	STREAM_STRAY,
	STREAM_RETRANSMITTED,
	STREAM_NO_MESSAGE,
	STREAM_LOST,
	STREAM_TOO_LONG,
	STREAM_PROXY_REFUSED,
	STREAM_PROXY_HEADER,
	STREAM_CLOSED_STRANGER,
	STREAM_COUNTERS,
};

enum connection_state {
	CONNECTION_FREE,
	CONNECTION_SHAKES, /* TLS, DTLS */
	CONNECTION_OPEN,
	CONNECTION_ENDING, /* its socket is closed, and its worker is to be told */
};

/* Bytes that wait until the client reads. */
struct backlog {
	uint8_t *bytes;
	uint32_t start, length, room;
};

/* What a client of DTLS has besides: its datagrams come by its listener's socket. */
struct dtls_link {
	struct datagram_io io;
	struct stream_thread *thread;
	struct connection *connection;
	struct dtls_link *next;       /* of the same bucket */
	TAILQ_ENTRY(dtls_link) entry; /* of `shaking` while it shakes */
	uint64_t timer_ms;            /* of retransmission; 0: none */
	uint32_t received, early;     /* bytes and encrypted records, while it shakes */
	bool unsent;                  /* the socket did not take all of the last message */
	uint8_t random[HELLO_RANDOM_SIZE];
};

struct connection {
	struct five_tuple flow; /* of its messages */
	int fd;                 /* of DTLS the listener's */
	uint16_t listener;      /* of the thread's */
	uint16_t worker;        /* that takes what it sends: its allocation's owner */
	uint8_t state;          /* enum connection_state */
	bool secure;            /* TLS, DTLS */
	bool session;           /* of sessions, not TURN's */
	bool undecided;         /* it may be either's */
	bool heard_of;          /* its worker has had a message of it */
	bool known;             /* an Allocate, or a Refresh that moves here, was answered
	                           with success; or a check was valid */
	bool unread;            /* is in `again`: its next turn has not come */
	bool touched;           /* is in `touched`: messages for the client */
	uint32_t watched;       /* events that epoll waits for */
	uint32_t generation;
	uint32_t deadline; /* thread's seconds: when somebody looks after it ... */
	uint32_t heard;    /* ... and when the client's last bytes came */
	SSL *ssl;
	struct dtls_link *link; /* NULL: it comes by TCP */
	uint32_t shaken;        /* handshake messages since its last bytes of data */
	uint8_t *part;          /* of a message; NULL: none */
	uint32_t part_length;
	struct backlog backlog;
	struct rte_mbuf *first, *last; /* to be sent, linked by `next` */
	STAILQ_ENTRY(connection) free_entry;
	TAILQ_ENTRY(connection) entry; /* of `again`, or of `ending` */
	STAILQ_ENTRY(connection) touched_entry;
};

struct stream_thread;
struct tls_set;

STAILQ_HEAD(connection_chain, connection);
TAILQ_HEAD(connection_list, connection);
TAILQ_HEAD(dtls_links, dtls_link);
TAILQ_HEAD(proxied_list, proxied);

struct datagram_batch;

/* `watched` of a socket that epoll does not know. */
#define WATCHED_NOT UINT32_MAX

struct stream_call {
	void (*run)(struct stream_thread *thread, void *arg);
	void *arg;
	sem_t done;
};

/* What one thread alone writes, unless it says otherwise. */
struct stream_thread {
	/* const once it runs */
	struct streams *streams;
	uint32_t id;
	pthread_t thread;
	int epoll, wake;
	struct rte_ring *in[WORKERS_MAX];  /* to each worker: this thread alone puts */
	struct rte_ring *out[WORKERS_MAX]; /* from each worker: this thread alone takes */

	uint32_t asleep;          /* atomic: cleared by who wakes it */
	uint64_t rounds;          /* relaxed: read by the control thread */
	uint32_t stop;            /* atomic; set by the control thread */
	struct stream_call *call; /* atomic: of the control thread, which waits for it */
	bool running;             /* control thread */

	uint64_t now_ms;                /* CLOCK_MONOTONIC_COARSE */
	uint32_t now;                   /* the same in seconds */
	struct connection *connections; /* [streams->max] */
	uint32_t used;                  /* places that have ever been taken */
	struct connection_chain free, touched;
	struct connection_list again, ending;
	bool ready;                /* one of `again` waits for nothing but its turn */
	bool blocked[WORKERS_MAX]; /* some of `again` wait for room in the worker's ring */
	uint32_t turn; /* messages that the connection whose turn it is may still send */
	int listeners[STREAM_LISTENERS_MAX]; /* sockets; -1: none */
	struct transport_addr
	        addrs[STREAM_LISTENERS_MAX]; /* of these; stay until they are others */
	bool secure[STREAM_LISTENERS_MAX];
	bool datagrams[STREAM_LISTENERS_MAX];        /* DTLS */
	uint16_t for_turn[STREAM_LISTENERS_MAX];     /* index of TURN's listener + 1; 0: it is not
	                                                served */
	uint16_t for_sessions[STREAM_LISTENERS_MAX]; /* the same of sessions */
	struct stream_proxy proxies[STREAM_LISTENERS_MAX];
	struct proxied_list proxied; /* whose header is not whole yet */
	uint32_t n_proxied;
	bool accepting; /* false: there are no descriptors left, until the next second */
	/* by the service of their flows; relaxed: read by the control thread */
	uint32_t connected[SESSION_SERVICE_FIRST + SLUICE_SESSION_ADDRESSES_MAX];
	uint64_t queued;                 /* bytes that wait, of all connections */
	struct tls_set *tls;             /* NULL: there are no certificates */
	const struct ranges *denied;     /* NULL: all may come */
	struct gate_rules rules;         /* for who has not shown to be where it says */
	uint64_t guarded[GATE_COUNTERS]; /* relaxed: read by the control thread */
	struct datagram_batch *batch;    /* what is read at once */
	struct dtls_link **links;        /* [links_mask + 1] */
	uint32_t links_mask;             /* const once it runs */
	struct dtls_links shaking;
	uint64_t timer_ms;                  /* of those, the next one; 0: none */
	uint64_t counters[STREAM_COUNTERS]; /* relaxed: read by the control thread */
	uint8_t scratch[STREAM_MESSAGE_MAX + STREAM_READ_MAX];
};

/* Of each thread one, in the same place. */
struct stream_listener {
	bool used;
	struct transport_addr addr;
	uint32_t transport;      /* enum sluice_turn_transport */
	uint16_t turn, sessions; /* as the threads have them */
};

struct streams {
	struct dataplane *dp;
	uint32_t n_threads;
	uint32_t max; /* connections, of all threads */
	struct stream_thread *threads[STREAM_THREADS_MAX];
	struct bounds bounds;
	BIO_METHOD *method;                 /* const: of datagrams */
	struct siphash_key cookie_key;      /* const */
	struct rte_mbuf *ends[WORKERS_MAX]; /* each worker's: by `next`, for its next walk */
	uint32_t turns[WORKERS_MAX];        /* each worker's: which thread it looks at first */
	uint64_t queued_max;           /* const: bytes that may wait, of one thread's connections */
	struct sluice_turn_stream set; /* relaxed: written by the control thread, read by threads */
	/* control thread */
	struct stream_listener listeners[STREAM_LISTENERS_MAX];
	uint32_t set_generation;
	struct tls_set *tls;
	struct tls_set *tls_next; /* certificates that have come, and others will */
	const struct ranges *denied;
};

static inline void stream_count(struct stream_thread *thread, enum stream_counter counter)
{
	__atomic_store_n(&thread->counters[counter], thread->counters[counter] + 1,
	                 __ATOMIC_RELAXED);
}

/* What may be dropped: the others are answers. Without a frame's length before it. */
static inline bool stream_is_media(const uint8_t *message, uint32_t length)
{
	uint8_t kind = message[0] >> 6; /* RFC 7983: ChannelData, and RTP with its RTCP */

	return kind == 1 || kind == 2 ||
	       (length >= STUN_HEADER_SIZE && message[0] < 4 &&
	        stun_class_of(message) == STUN_INDICATION);
}

/* Control thread: runs it in the thread, or here where that does not run. */
void stream_call(struct stream_thread *thread, void (*run)(struct stream_thread *thread, void *arg),
                 void *arg);
/* Control thread. 0 or -errno. */
int stream_threads_start(struct streams *streams);
struct stream_thread *stream_thread_create(struct streams *streams, uint32_t id);
void stream_thread_destroy(struct stream_thread *thread);

/* -- connection.c: one thread's -- */

/* A place for a client that may come, without a socket; NULL: it may not, and it is counted why. */
struct connection *connection_admit(struct stream_thread *thread, uint32_t listener,
                                    const struct transport_addr *client);
/* Without a FIN: who is turned away is not to hold anything of ours. */
void socket_reset(int fd);
/* A client has come. */
void connection_begin(struct stream_thread *thread, uint32_t listener, int fd,
                      const struct transport_addr *client);
void connection_end(struct stream_thread *thread, struct connection *connection,
                    enum stream_counter why);
/* Ends it where `got`, what a read of it returned, says so, or where it only shakes hands. Whether
 * it has ended. */
bool connection_read_ends(struct stream_thread *thread, struct connection *connection, ssize_t got);
/* Its handshake is done: it has until `first_s` to make an allocation. */
void connection_open(struct stream_thread *thread, struct connection *connection);
/* Whether thread->denied has the address. */
bool connection_is_denied(const struct stream_thread *thread, const struct ip_addr *ip);
/* Those that thread->denied has. */
void connections_deny(struct stream_thread *thread);
/* The socket is ready for these. */
void connection_event(struct stream_thread *thread, struct connection *connection, uint32_t events);
/* Tells workers of those that have ended. */
void connections_ending(struct stream_thread *thread);
/* Once a second: those whose time is over. */
void connections_due(struct stream_thread *thread);
/* Its number's connection, or NULL where that has ended. */
struct connection *connection_find(struct stream_thread *thread, uint32_t number);
/* Whose it is, by its first bytes; false: there are too few yet. */
bool connection_decide(struct stream_thread *thread, struct connection *connection,
                       const uint8_t *bytes, uint32_t length);
/* epoll waits for `events`. */
void connection_watch(struct stream_thread *thread, struct connection *connection, uint32_t events);

/* -- input.c -- */

/* Its socket has something: after those that have had to wait for the same worker. */
void input_turn(struct stream_thread *thread, struct connection *connection);
/* A turn of each that has had to wait, in the order in which they came. */
void connections_again(struct stream_thread *thread);
/* A record of DTLS is a message, or is dropped. */
void input_record(struct stream_thread *thread, struct connection *connection, const uint8_t *bytes,
                  uint32_t length);
/* Tells its worker that it has ended; false: there is no room, or no buffer. */
bool input_end(struct stream_thread *thread, struct connection *connection);
void input_forget(struct stream_thread *thread, struct connection *connection);

/* -- output.c -- */

/* What workers have sent: false where there was nothing. */
bool output_take(struct stream_thread *thread);
/* The socket takes bytes again. */
void output_continue(struct stream_thread *thread, struct connection *connection);
void output_forget(struct stream_thread *thread, struct connection *connection);

/* -- link.c: DTLS -- */

/* 0 or -ENOMEM. */
int links_create(struct stream_thread *thread);
void links_destroy(struct stream_thread *thread);
/* The socket of a DTLS listener has datagrams. */
void datagrams_take(struct stream_thread *thread, uint32_t listener);
/* Its connection has ended. */
void link_forget(struct stream_thread *thread, struct connection *connection);
/* Retransmissions that are due. */
void links_timers(struct stream_thread *thread);

/* -- proxied.c -- */

/* `from` has connected; the client begins once it is known who that is. */
void proxied_add(struct stream_thread *thread, uint32_t listener, int fd,
                 const struct transport_addr *from);
void proxied_event(struct stream_thread *thread, int fd);
/* Once a second: those that have not said it in time. */
void proxied_due(struct stream_thread *thread);
/* Those of a listener that ends. */
void proxied_end(struct stream_thread *thread, uint32_t listener);

/* -- socket.c -- */

struct transport_addr client_of(const struct sockaddr_storage *storage);
socklen_t sockaddr_make(const struct transport_addr *addr, struct sockaddr_storage *storage);
/* A socket that listens, or takes datagrams; or -errno. */
int stream_socket(const struct transport_addr *addr, bool datagrams);

/* -- listener.c: the thread's part of it -- */

void listener_accept(struct stream_thread *thread, uint32_t index);
void listeners_resume(struct stream_thread *thread);

#endif
