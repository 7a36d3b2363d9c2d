/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet test: a configuration, and step by step what is sent and what must come of it. */
#ifndef TESTS_PACKET_CASE_H
#define TESTS_PACKET_CASE_H

#include "graph/drop.h"
#include "scene.h"
#include "turn/state.h"

enum act {
	END,
	REQUEST,      /* a client's request: .request, with peer .to */
	CHANNEL_DATA, /* a client's ChannelData on .channel; expected at peer .to */
	SEND,         /* a client's Send indication to .to */
	PEER_DATA,    /* a datagram of peer .who to relayed address .to; expected at its client */
	DATAGRAM,     /* .data as it is, from client .who to the listener */
	ICMP,         /* a router tells that what we sent to .who (a client; or a peer, from the
	                 relayed address .to) did not get there; .mtu; 0: nobody has the port */
	LATER,        /* .seconds pass */
	SWEEP,        /* housekeeping */
	CALL,         /* .call */
};

/* What becomes of the fragments of .cut bytes each before they are sent. */
enum cut {
	CUT_IN_ORDER,
	CUT_MIXED, /* the first one first, the others backwards */
	CUT_TWICE, /* the second one comes twice */
	CUT_WITHOUT_FIRST,
	CUT_WITHOUT_LAST,
	CUT_OVERLAP, /* the second one begins 8 bytes too early */
};

enum proof {
	PROOF_GOOD, /* user "demo" with its password, after a nonce was asked for */
	PROOF_NONE,
	PROOF_WRONG_PASSWORD,
	PROOF_WRONG_USER,
	PROOF_FOREIGN_NONCE, /* that of client B (IPv4) */
	PROOF_FORGED_NONCE,
};

/* The bytes of a message or of a frame before they are sent; *length may shrink, or grow a little.
 */
typedef void (*edit)(uint8_t *bytes, uint16_t *length);

/* As .checksum_open says (edit.c). */
void frame_open_udp_checksum(uint8_t *frame);

struct step {
	enum act act;
	enum actor who, to, also; /* also: a second peer */

	/* sent */
	struct client_request request;
	enum proof proof;
	bool retransmit;      /* the transaction id of this client's last request */
	enum actor token_of;  /* with the RESERVATION-TOKEN that this client was given: the port
	                         beside its own */
	enum actor ticket_of; /* with the MOBILITY-TICKET that this client was given: its
	                         allocation and relayed addresses are this one's then */
	uint16_t channel;     /* of CHANNEL_DATA and of ChannelBind */
	const char *data;     /* "data", or a pattern of .length, unless given */
	uint16_t length;      /* of data; 0: as a string */
	bool empty;           /* no data at all */
	bool inside;          /* .to is called by the address that it has behind the NAT */
	uint16_t worker;      /* that receives it */
	uint16_t vlan;
	uint8_t hop_limit; /* 64 unless given */
	uint8_t traffic_class;
	bool dont_fragment;
	bool no_checksum;
	bool checksum_open; /* the field has the pseudo header alone, as a hypervisor hands it
	                       over, and the driver says so */
	edit message_edit;  /* before the UDP checksum is computed */
	edit frame_edit;    /* after; frame_mend makes it right again where that is meant */
	uint16_t cut;       /* the datagram comes in fragments: bytes of the datagram in each */
	enum cut how;
	uint16_t mtu;
	uint32_t seconds;
	bool (*call)(struct scene *scene); /* false: the case has failed */

	/* expected */
	enum drop_reason drop; /* dropped for this and nothing comes out */
	bool kept;             /* nothing comes out, and nothing is dropped */
	uint16_t pieces;       /* it comes out in so many fragments */
	uint16_t tells;        /* beside it the sender is told of this MTU */
	bool unreachable;      /* the sender is told that nobody has the port */
	bool rest_left;        /* what else is in the rings is not looked at */
	uint16_t error;        /* this STUN error instead of success */
	uint16_t arrives_on;   /* at a client: the channel */
	uint16_t size;         /* of the UDP payload that comes out */
	bool sum_none;         /* it comes out without a UDP checksum */
	uint32_t lifetime_s;   /* of the answer */
	bool same_relayed; /* the answer names the relayed address that the client has already */
	bool even;         /* the relayed port is even */
	bool handed_over;  /* by way of another worker */
	bool told_ticket;  /* MOBILITY-TICKET is in the answer */
};

#define STEPS_MAX 20

struct packet_case {
	const char *name;
	struct scene_config config;
	struct step steps[STEPS_MAX];
};

struct case_table {
	const struct packet_case *cases;
	uint32_t count;
};

extern const struct case_table request_cases, relay_cases, drop_cases, worker_cases, fragment_cases,
        mobility_cases;

/* True, or false with the step and what was wrong in `why`. */
bool step_run(struct scene *scene, const struct step *step, char *why, size_t size);

#endif
