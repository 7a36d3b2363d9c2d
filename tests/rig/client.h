/* SPDX-License-Identifier: BSD-3-Clause */
/* A TURN client's messages (RFC 8656): what the packet tests and the bench say to the server, and
 * what it answers. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "stun/integrity.h"
#include "stun/message.h"
#include "stun/nonce.h"

#define CLIENT_PEERS_MAX   16
#define CLIENT_TOKEN_SIZE  8
#define CLIENT_TICKET_SIZE 32 /* of this server */

/* Who asks, with what proof. */
struct client_identity {
	const char *user;
	const char *realm;
	const struct stun_key *key;
	const char *nonce; /* STUN_NONCE_SIZE bytes; NULL: without credentials */
};

/* What is asked. Zero leaves an attribute out, but for those that say how. */
struct client_request {
	enum stun_method method;
	uint8_t transport;         /* REQUESTED-TRANSPORT; 17: UDP */
	uint8_t family;            /* REQUESTED-ADDRESS-FAMILY */
	uint8_t additional_family; /* ADDITIONAL-ADDRESS-FAMILY */
	bool lifetime;             /* LIFETIME of lifetime_s */
	bool even_port;            /* EVEN-PORT with the R bit of reserve */
	bool reserve;
	bool dont_fragment;
	bool fingerprint;
	uint16_t channel; /* CHANNEL-NUMBER */
	uint16_t unknown; /* an attribute of this type, empty */
	uint32_t lifetime_s;
	const uint8_t *token;  /* RESERVATION-TOKEN, 8 bytes */
	bool mobile;           /* MOBILITY-TICKET, empty */
	const uint8_t *ticket; /* ... or this one, CLIENT_TICKET_SIZE bytes */
	uint8_t n_peers;
	struct transport_addr peers[CLIENT_PEERS_MAX];
	const uint8_t *transaction; /* 12 bytes */
};

struct client_response {
	uint8_t class; /* enum stun_class */
	uint16_t method;
	uint16_t error; /* 0: none */
	bool has_nonce, has_token, has_ticket, has_integrity, has_fingerprint;
	char nonce[STUN_NONCE_SIZE];
	uint8_t token[CLIENT_TOKEN_SIZE];
	uint8_t ticket[CLIENT_TICKET_SIZE];
	uint32_t lifetime_s;
	struct transport_addr mapped;
	struct transport_addr relayed[2]; /* [0] IPv4, [1] IPv6; port 0: none */
};

/* All return the message's length, or 0 where it does not fit. */
uint16_t client_request_write(uint8_t *room, uint16_t size, const struct client_request *request,
                              const struct client_identity *identity);
uint16_t client_send_write(uint8_t *room, uint16_t size, const struct client_request *request,
                           const void *data, uint16_t length);
uint16_t client_channel_write(uint8_t *room, uint16_t size, uint16_t channel, const void *data,
                              uint16_t length);

/* False where it is no STUN response. */
bool client_response_read(struct client_response *response, const uint8_t *data, uint16_t length);

/* A Data indication: its peer and its data, which points into `message`. False where it is none. */
bool client_data_read(const uint8_t *message, uint16_t length, struct transport_addr *peer,
                      const uint8_t **data, uint16_t *data_length);

/* The ICMP attribute (RFC 8656, 18.13). */
struct client_icmp {
	uint8_t type;
	uint16_t code;
	uint32_t data;
};

/* A Data indication that tells of an ICMP error; false where it is none, or has DATA too. */
bool client_icmp_read(const uint8_t *message, uint16_t length, struct transport_addr *peer,
                      struct client_icmp *icmp);

#endif
