/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The forwarding unit's insides: endpoints, streams, subscriptions, shared by the files of media/
 * and the nodes srtp_decrypt, media_route, srtp_encrypt and rtcp.
 *
 * An endpoint has one owner for both directions, worker `worker`, chosen when it is made; packets
 * that RSS brings to another worker are handed over. Its owner also owns the streams that it
 * publishes and the subscriptions that send to it. Objects are made and unmade by the control
 * thread: it fills them in, publishes them (release), unlinks them, and frees them after a grace
 * period.
 */
#ifndef MEDIA_STATE_H
#define MEDIA_STATE_H

#include <stddef.h>

#include <rte_mbuf.h>
#include <rte_ring_elem.h>
#include <siphash.h>

#include "estimate/remb.h"
#include "graph/packet.h"
#include "media/codec.h"
#include "media/counter.h"
#include "media/dependency.h"
#include "media/ext_read.h"
#include "media/media.h"
#include "media/sender_clock.h"
#include "session/wake.h"
#include "srtp/engine.h"
#include "srtp/receive_window.h"
#include "srtp/rtcp_window.h"

#define ENDPOINT_SOURCES_MAX 64  /* SSRCs that one endpoint may send */
#define MEDIA_LOCALS_MAX     256 /* local transport addresses */
#define SUBSCRIPTION_SPANS   16  /* power of two */
#define KEY_DIGEST_SIZE      32
#define LOCAL_OUTSIDE        UINT16_MAX /* endpoint.local_index: its port is a session listener's */
#define SOURCE_FORMERS_MAX   8 /* the SSRCs before a source's own that it knows by itself */

struct ledger_table; /* ledger/ledger.h */
struct leg_map;      /* media/leg_map.h */
struct media;
struct packet_cache;     /* media/cache.h */
struct reception;        /* media/reception.h */
struct rtcp_worker;      /* media/rtcp.h */
struct transport_record; /* media/transport_feedback.h */
struct viewer;           /* media/viewer.h */

#define FRAME_HEADERS_MAX 68 /* Ethernet, VLAN, IPv6 and UDP are 66 */

/* What stands before the RTP packet on the wire, written once and copied: see media/frame.h. */
struct frame_template {
	uint64_t neighbour_word; /* as the neighbour's slot had it; where that changes, build
	                            again */
	uint32_t generation;     /* dataplane.output_generation; 0: none */
	uint16_t neighbour;      /* slot */
	uint16_t port;
	uint16_t room;       /* bytes of UDP payload that the MTU leaves */
	uint16_t pseudo_sum; /* all that UDP's checksum adds but lengths, RTP packet and, where the
	                        NIC goes on from here, ports */
	uint16_t ip_sum;     /* IPv4: of the header without total length and checksum */
	uint16_t offload;    /* mbuf's l2_len and l3_len */
	uint8_t length;      /* of the headers: the last ones of `bytes` */
	bool v4, tx_checksum;
	bool plain; /* IPv4 and short: what most are */
	uint8_t bytes[FRAME_HEADERS_MAX];
};

/* A former SSRC of this source: if it reappears, indices below `next` are replays. The owner writes
 * it, and the control thread reads it when the stream ends. */
struct source_former {
	uint32_t ssrc; /* atomic */
	uint64_t next; /* atomic; 0: none, or being written */
};

/* One SSRC that an endpoint sends. */
struct endpoint_source {
	uint32_t ssrc; /* host order; 0: the next unknown one; atomic, the owner writes it */
	uint32_t stream;
	bool rtx;     /* RFC 4588: retransmissions of the stream's packets */
	bool bound;   /* const: what a packet says of its mid, rid or payload type gives it its SSRC
	               */
	bool learned; /* `ssrc` is whichever comes; const where it is not bound */
	/* owner */
	bool ended; /* by a BYE, where it is learned: the next unknown SSRC may follow it */
	uint8_t payload_type;   /* of the last packet taken ... */
	uint64_t taken_tsc;     /* ... and when; 0: none yet */
	uint64_t record_due;    /* index from which on the ledger is told again */
	uint32_t formers_count; /* that there were; the last ones stand in the ring */
	struct source_former formers[SOURCE_FORMERS_MAX];
	struct srtp_receive_window window;
	uint64_t replayed, auth_failed;
};

/* Replaced whole by the control thread; the sources' windows are moved by pointer. */
struct endpoint_sources {
	uint32_t count;
	bool bound; /* some are: an unknown SSRC may be theirs */
	struct endpoint_source *sources[];
};

struct endpoint {
	/* Two cache lines, all that srtp_encrypt reads for a packet: `tx` and the lengths const
	 * while it lives, the rest the owner's. */
	struct srtp_session *tx;
	uint64_t tx_packets, tx_bytes;
	uint8_t tag_length, mki_length, profile;
	uint16_t transport_number; /* the next one that a packet to it gets */
	struct frame_template frame;

	/* const while it lives */
	bool live; /* atomic */
	bool learn;
	uint8_t rtcp_tag_length;
	uint8_t mki[SLUICE_MEDIA_MKI_MAX];
	uint16_t worker;             /* the owner */
	uint32_t life;               /* of all endpoints ever made, from 1 */
	uint16_t local_index;        /* service index; LOCAL_OUTSIDE */
	bool outside;                /* `local` and `remote` are set by the owner of its path */
	uint8_t feedback;            /* enum sluice_feedback: what it may be sent */
	struct ext_ids ids;          /* of what it sends */
	struct transport_addr rtcp;  /* where its RTCP is; port 0: with its RTP */
	struct transport_addr local; /* outside: the owner's, as `remote` */
	struct srtp_session *rx;
	struct endpoint_sources *sources;             /* atomic; control thread swaps, RCU */
	struct endpoint_subscriptions *subscriptions; /* the same: what is sent to it */
	/* atomic, made with its first source; the owner's; NULL: not agreed, or it sends nothing */
	struct transport_record *transport;

	/* owner */
	struct transport_addr remote; /* port 0: not known yet; who changes it sets frame.generation
	                                 to 0 */
	uint32_t connection; /* stream/stream.h: by which it is reached; 0: datagrams, by `frame` */
	/* media/consent.h; while the address is, `frame` is not built */
	bool unproven;
	uint64_t moved_tsc;     /* when the address became this one */
	uint64_t consent;       /* bytes that came from there, less those sent */
	uint32_t rtcp_index;    /* of the last SRTCP packet sent (31 bits) */
	uint32_t rtcp_reserved; /* indices below it may be used: media/record.h */
	uint32_t record_number; /* of records of its state */
	struct srtcp_senders rtcp_senders;
	uint64_t rtcp_due;         /* TSC */
	uint32_t rtcp_next;        /* of subscriptions->list: where this round of reports stands */
	uint32_t rtcp_source_next; /* of sources->sources: the next to report on */
	uint32_t rtcp_ssrc;        /* under which we report and ask; 0: none drawn yet */
	uint64_t rtcp_pass_due;    /* TSC: bounds the compounds that we read of it */
	struct remb remb;          /* where it has agreed to that alone; with what it counts from */
	uint64_t remb_tsc, remb_bytes;
	uint16_t bind_tries; /* of an SSRC that is unknown: which rollover counter is guessed ... */
	uint32_t bind_ssrc;  /* ... for this one, that failed last; others begin with the first */
	uint64_t rx_packets, rx_bytes;
	uint64_t auth_failed, replayed, malformed, unknown_ssrc, moved;
	uint64_t failed_tsc; /* TSC when a packet failed to authenticate last; 0: none has */
	/* as a subscriber: media/presence.h */
	bool reports;     /* it has sent a report */
	bool silent;      /* its subscriptions are held */
	bool woken;       /* atomic; control thread sets it: the subscriptions go on */
	uint64_t unheard; /* TSC cycles: time that it was sent to without an answer */
	uint64_t looked_tsc, looked_rx, looked_tx;

	/* control thread */
	uint8_t origin;   /* enum sluice_origin */
	bool key_unknown; /* under tx_key more may have been sent than media/spent.h knows */
	uint32_t keyless; /* subscriptions that need another key */
	char name[SLUICE_MEDIA_NAME_MAX];
	uint32_t config_generation;
	struct sluice_endpoint config; /* without keys: ... */
	/* ... they are told apart by these (HMAC-SHA-256 under a key of this life), and known to
	 * the sessions alone; const */
	uint8_t rx_digest[KEY_DIGEST_SIZE], tx_digest[KEY_DIGEST_SIZE];
} __rte_cache_aligned;
static_assert(offsetof(struct endpoint, live) == 128, "what a packet out touches: two lines");

/* What is sent to one endpoint: its reports name SSRCs. */
struct endpoint_leg {
	uint32_t ssrc; /* the subscription's, host order */
	uint32_t subscription;
};

/* Ascending by SSRC. */
struct endpoint_subscriptions {
	uint32_t count;
	struct endpoint_leg list[];
};

/* The subscriptions of one stream that one worker serves, ascending, so that a cursor finds its
 * place in another list; replaced whole, RCU. */
struct legs {
	uint64_t generation; /* of all lists ever made, from 1: tells that a cursor stands in
	                        another one */
	uint32_t count;
	uint32_t subscriptions[];
};

/* A stream's part at one worker. */
struct stream_worker {
	struct legs *legs;          /* atomic; control thread swaps; NULL: none */
	struct packet_cache *cache; /* atomic; control thread makes it with the first subscription;
	                               the worker's */
};

struct stream {
	bool live; /* atomic */
	/* atomic; the owner changes it when another SSRC follows: of its numbering, which nothing
	 * else has ever had, nor will */
	uint32_t serial;
	/* const while it lives */
	uint32_t endpoint;
	uint32_t clock_hz;
	uint8_t rtx_pt;  /* 0: any */
	uint8_t rtx_apt; /* payload type of what `rtx_pt` retransmits; SLUICE_MEDIA_PT_SAME: not
	                    configured */
	uint8_t codec;   /* enum sluice_codec: of payload types that are not listed */
	bool keyed;      /* its packets tell where a key frame begins */
	uint8_t n_payloads;
	struct sluice_stream_payload payloads[SLUICE_TRACK_PAYLOADS_MAX];
	char mid[SLUICE_TRACK_MID_MAX], rid[SLUICE_TRACK_RID_MAX]; /* empty: none */
	uint8_t unagreed; /* enum sluice_feedback: of its endpoint's, what its own m-line lacks */
	uint64_t workers; /* atomic bit set: workers with subscriptions */
	struct stream_worker *at; /* [n_workers] */
	struct endpoint_source *source, *rtx_source;

	/* owner */
	struct reception *reception; /* loss, jitter, gaps, what was asked upstream */
	struct sender_clock clock;
	uint8_t payload_type; /* of its last packet: what retransmissions get without `rtx_apt` */
	uint64_t packets, bytes, repaired;
	/* atomic; what it takes on the wire, now and then; 0: not known */
	uint32_t kbps;
	uint64_t rate_tsc, rate_due, rate_bytes;
	struct dependency_structure dependency; /* that came last */
	/* bytes of each temporal layer since the last look; and, atomic, what it takes with those
	 * below it, in percent of all; 0: not known */
	uint32_t temporal_bytes[VP8_TEMPORALS];
	uint8_t temporal_percent[VP8_TEMPORALS];
	uint64_t key_frame_requests, nacks_sent;
	uint64_t key_frame_sent; /* TSC of the last request upstream; 0: none yet */
	bool key_frame_wanted;
	uint8_t key_frame_tries; /* requests that no key frame has answered yet */
	bool feedback_queued;    /* stands in its owner's list of streams that have to
	                            ask upstream */
	uint64_t clock_due;      /* TSC when our own clock tells its time, for want of its
	                            reports */
	bool ended;              /* atomic: BYE */
	uint64_t ended_tsc;      /* when */
	uint32_t byes;           /* atomic; how often it ended */
	uint64_t bye_told;       /* TSC when workers were told last; 0: not yet */
	uint32_t record_number;  /* of records of its state */
	bool key_frame_asked;    /* atomic, any thread: a request for one lies in its
	                            owner's ring */
	bool key_frame_hurried;  /* atomic, any thread: a subscription begins, and waits for it */

	/* control thread */
	uint32_t life;          /* of all objects ever made, from 1 */
	uint8_t origin;         /* enum sluice_origin */
	uint32_t switched_away; /* subscriptions that were made for it and get another one */
	char name[SLUICE_MEDIA_NAME_MAX];
	uint32_t config_generation;
	struct sluice_stream config;
};

/*
 * From which outgoing packet on which difference to the source's numbering holds: so that a NACK
 * for an outgoing sequence number finds its source packet over pauses and switches. A stream's
 * place is given to others after it; its serial is not.
 */
struct subscription_span {
	uint64_t first;  /* outgoing index, ROC << 16 | SEQ */
	uint64_t offset; /* outgoing index - source index, modulo 2^48 */
	uint32_t stream;
	uint32_t serial; /* the stream's; 0: none yet */
	uint32_t timestamp_offset;
	uint16_t picture_offset; /* of VP8 */
	uint8_t tl0_offset;
};

struct subscription {
	/* One cache line, all that srtp_encrypt touches for a packet. */
	uint32_t ssrc;     /* const; host order */
	uint32_t endpoint; /* const */
	uint32_t stream;   /* atomic; control thread: index, changes by a switch */
	uint8_t pt;        /* const; SLUICE_MEDIA_PT_SAME */
	bool mapped;       /* const: packets are written by `map` */
	bool paused;       /* atomic; control thread */
	/* owner: the rewriting's state (media/rewrite.h); rewrite_begin fills it in */
	bool resync : 1;     /* next packet begins a span: first, after a pause or a switch */
	bool paced : 1;      /* what comes waits behind what waits (media/viewer_pace.c) */
	uint32_t serial_now; /* of the stream whose numbering the offsets below belong to; 0: none
	                        yet */
	uint32_t timestamp_offset;
	uint32_t sent_timestamp; /* outgoing, the highest ... */
	uint32_t sent_tick;      /* ... and when it left, TSC >> REWRITE_TICK_SHIFT */
	uint64_t seq_offset;     /* outgoing index - source index, modulo 2^48 */
	uint64_t highest;        /* outgoing index that is given away */
	uint64_t packets, bytes;

	/* atomic; control thread */
	bool live;
	bool held; /* owner: its subscriber is silent; then resync is set, too */
	/* const */
	bool needs_key; /* what was used under its SSRC is not known: nothing is sent */
	uint8_t rtx_pt;
	bool continues; /* the numbers before its first one were another's, which had its SSRC */
	uint32_t rtx_ssrc;
	const struct ledger_table *record_table; /* NULL: there is no ledger */
	uint32_t record_index;
	/* atomic; control thread: the stream that it still gets until a key frame of `stream`
	 * comes; 0: none */
	uint32_t leaving;
	/* atomic; control thread, RCU: of packets, and of those of `leaving`, whose publisher may
	 * have other ids; NULL: as they are */
	const struct leg_map *map, *map_left;
	/* atomic: what was sent under outgoing indices below it may have had another header than
	 * it would have now */
	uint64_t remapped;
	/* owner; of VP8: what is added to the source's picture ids and TL0PICIDX, and
	 * the last ones that were sent */
	uint16_t picture_offset, sent_picture;
	uint8_t tl0_offset, sent_tl0;
	/* temporal layers that are left out, from above, and how many should be; of VP8: the
	 * picture that was left out last, and a bit above it; 0: none was */
	uint8_t cut, cut_wanted;
	uint32_t cut_picture;
	uint32_t wait_tick; /* since when it waits for a key frame, TSC >>
	                       REWRITE_TICK_SHIFT; 0: it does not */

	/* owner, seldom */
	struct subscription_span spans[SUBSCRIPTION_SPANS];
	uint32_t spans_next;
	uint32_t switches_seen; /* of `switches` */
	uint32_t wait_switches; /* `switches`, when `wait_tick` was set */
	uint32_t gap_debt;      /* numbers left out, less what packets have paid back ... */
	uint64_t gap_paid;      /* ... up to this outgoing index */
	uint32_t stream_now;    /* where the stream of `serial_now` is, or was */
	uint32_t advised;       /* the layer that was advised last; 0: none */
	bool hurried;           /* what it leaves does not fit by far: it is not sent any more */
	uint64_t hurried_until; /* what was sent before it is given up; 0: nothing is */
	uint16_t paced_count;   /* packets of it that wait, ... */
	uint32_t paced_stream;  /* ... and the stream that they are of behind the last key frame */
	bool unsteered;         /* atomic: its viewer has so many that its estimate leaves it out */
	uint64_t rtx_index;     /* outgoing index of the RTX stream */
	/* indices below these may be used: media/record.h */
	uint64_t reserved, rtx_reserved;
	uint32_t record_number; /* of records of its state */
	uint64_t retransmitted, retransmit_missed, retransmit_refused, key_frame_requests;
	uint64_t repeat_spent;      /* bytes retransmitted, less the share of those sent ... */
	uint64_t repeat_bytes_seen; /* ... up to here */
	/* as the subscriber reports; reported_tsc: when; 0: not yet */
	uint32_t reported_lost, reported_jitter_us, rtt_us, fraction_lost;
	uint64_t reported_tsc;
	uint64_t sr_tsc; /* when our last SR left, and its middle 32 bits */
	uint32_t sr_middle;
	uint32_t byes_sent; /* stream.byes that its subscriber was told */
	/* its last FIR, where there was one */
	uint32_t fir_sender;
	uint8_t fir_number;
	bool fir_known;

	/* control thread */
	uint32_t life;
	uint8_t origin;       /* enum sluice_origin */
	uint32_t switches;    /* atomic: how often it got another stream */
	uint64_t leaving_tsc; /* since when it leaves a stream */
	/* atomic: the stream that it was given: another layer of it while that is silent; which one
	 * the viewer's path says where it is `automatic`, up to this one where it is not */
	uint32_t wanted;
	bool automatic;       /* atomic */
	uint32_t wanted_life; /* that stream's */
	uint32_t named;       /* the stream that it was made for */
	uint32_t config_generation;
	struct sluice_subscription config;
} __rte_cache_aligned;
static_assert(offsetof(struct subscription, live) == 64, "what a packet out touches: one line");

/* What one worker asks of a stream's owner. */
enum media_ask_kind {
	MEDIA_ASK_KEY_FRAME,
	MEDIA_ASK_PACKET,
	/* the other way, to workers with subscriptions to the stream */
	MEDIA_ASK_BYE,   /* it has ended, they shall know */
	MEDIA_ASK_GIVEN, /* the packet that one asked for, which the owner has */
};

struct media_ask {
	union {
		uint64_t index;        /* MEDIA_ASK_PACKET: the source packet */
		struct rte_mbuf *mbuf; /* MEDIA_ASK_GIVEN: one reference */
	};
	uint32_t stream;
	uint32_t kind : 8;
	uint32_t subscription : 24; /* MEDIA_ASK_PACKET, MEDIA_ASK_GIVEN: who asks */
};
static_assert(sizeof(struct media_ask) == 16, "ring element");

/* Work for srtp_encrypt: a plaintext packet, one reference held. */
struct fan_item {
	struct rte_mbuf *mbuf;
	uint64_t generation; /* the list's, when `next` was right */
	uint32_t next;       /* into the list */
	uint32_t last;       /* subscription that was served before it */
	uint32_t only;       /* subscription: for this one alone; 0: all */
	uint16_t together;   /* so many items, this one included, go to each subscription
	                        together; 0: not begun */
	bool paced;          /* `only` has waited for it; else it is a retransmission */
};

/* What one worker alone writes. */
struct media_worker {
	struct worker *worker;
	struct media *media;
	struct srtp_worker *srtp;
	struct rte_ring *asks;    /* of struct media_ask; any worker puts, this one takes */
	struct rte_ring *advice;  /* of struct viewer_advice; this worker puts, the control thread
	                             takes */
	struct fan_item *backlog; /* ring buffer, power of two */
	uint32_t backlog_head, backlog_tail, backlog_mask;
	struct rtcp_worker *rtcp;
	uint64_t counters[MEDIA_COUNTERS];
};

struct media {
	struct dataplane *dp;
	const struct srtp_engine *engine;
	uint32_t max_endpoints, max_streams, max_subscriptions; /* const after start */
	struct endpoint *endpoints;                             /* [1 .. max_endpoints] */
	struct viewer **viewers;   /* the same places; atomic, control thread; NULL: nothing is
	                              estimated */
	struct viewer_sent **sent; /* a viewer's, so that a packet out touches nothing else of it;
	                              atomic, the same; NULL: it does not tell of each number */
	struct stream *streams;
	struct subscription *subscriptions;
	struct rte_hash *transports; /* struct five_tuple (service: local_index) -> endpoint;
	                                control thread writes */
	uint32_t learners[MEDIA_LOCALS_MAX]; /* by local_index: the endpoint that learns there; 0:
	                                        none */
	uint32_t serials;                    /* atomic; the last one that a stream was given */
	struct siphash_key cname_key;        /* const */
	uint64_t ntp_zero;                   /* const: NTP time when the TSC read 0 */
	struct session_wake advised;         /* the control thread: a worker advises something */
	struct media_config *config;         /* control thread */
};

/* NTP time (RFC 5905): 32.32 seconds. */
static inline uint64_t media_ntp(const struct media *media, uint64_t tsc, uint64_t tsc_hz)
{
	return media->ntp_zero + (tsc / tsc_hz << 32) + ((tsc % tsc_hz << 30) / tsc_hz << 2);
}

/* For a stream that begins or is restarted. Never 0, which stands for none. */
static inline uint32_t media_serial_next(struct media *media)
{
	uint32_t serial;

	do
		serial = __atomic_add_fetch(&media->serials, 1, __ATOMIC_RELAXED);
	while (serial == 0);
	return serial;
}

/* The packet's place in the forwarding unit once it is plaintext: graph/packet.h, packet->media. */

#endif
