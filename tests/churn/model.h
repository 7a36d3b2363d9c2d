/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What RFC 8656 and RFC 8016 say of a server, and this server of itself (README,
 * docs/configuration.md): for each request the answer, for each datagram where it comes out.
 * Written from those, and not from the server's code: whichever of the two is wrong, they differ.
 *
 * Not so independent, and held by tests of their own: keys, MESSAGE-INTEGRITY and the bytes of
 * messages (stun_*, by which clients write and read as well; unit tests stun_*), addresses
 * (ip_addr_*), and when the server has drawn another key of its nonces, which is read off the
 * server and bounded by MODEL_NONCE_KEY_S.
 */
#ifndef TESTS_CHURN_MODEL_H
#define TESTS_CHURN_MODEL_H

#include "world.h"

#include "stun/integrity.h"

#define MODEL_USERS    3 /* the last one is time-limited, the others have passwords */
#define MODEL_LIST_MAX 64
#define MODEL_PEERS    3 /* of one request */
/* By itself the server draws no other key of nonces before. */
#define MODEL_NONCE_KEY_S (4 * 3600)

/* Who signs: as it was when the client was born. */
struct identity {
	uint32_t user;
	char name[64];
	uint64_t expiry; /* of a time-limited one, Unix time */
	uint32_t secret; /* its generation: what the password, or the secret, was then */
	bool wrong;      /* the password is none */
	struct stun_key key;
};

struct nonce_made {
	bool there;
	char text[STUN_NONCE_SIZE];
	uint64_t at;         /* Unix time */
	uint32_t generation; /* of the server's keys */
};

/* As it was told: of which allocation, and which one of its tickets. */
struct ticket_told {
	bool there;
	bool odd; /* with another character in it */
	uint32_t life, number, user;
	uint8_t text[CLIENT_TICKET_SIZE];
};

struct request {
	enum stun_method method;
	bool is_signed;
	struct identity who;
	struct nonce_made nonce;
	uint32_t number; /* the transaction */
	bool v6, both, even;
	bool mobile; /* an Allocate that asks for a ticket */
	struct ticket_told ticket;
	bool has_lifetime;
	uint32_t lifetime;
	uint16_t channel;
	uint32_t n_peers;
	struct transport_addr peers[MODEL_PEERS];
	bool forbidden[MODEL_PEERS];
};

struct model_permission {
	struct ip_addr ip;
	uint32_t expires;
};

struct model_channel {
	uint16_t number;
	struct transport_addr peer;
	uint32_t expires;
};

/* Of the 5-tuple where its client is. */
struct model_allocation {
	bool live;
	uint32_t life;   /* another one for each */
	uint32_t ticket; /* number of the one that holds; 0: it has none */
	uint32_t expires;
	uint32_t closed_until; /* it was given up, and its Refresh is answered again until then */
	uint32_t user;
	struct stun_key key;
	uint32_t number; /* of the request that made it, or gave it up */
	enum stun_method method;
	uint32_t granted;
	struct transport_addr relayed[2]; /* port 0: none */
	uint32_t n_permissions, n_channels;
	struct model_permission permissions[MODEL_LIST_MAX];
	struct model_channel channels[MODEL_LIST_MAX];
};

struct model {
	uint32_t now;
	uint64_t unix_now;
	uint32_t key_generation;
	uint64_t key_since;            /* Unix time */
	uint32_t secrets[MODEL_USERS]; /* generation of each user's password, or of the secret */
	bool draining, alternate;      /* ... and there is another server for IPv4 */
	uint32_t quota_user, quota_host;
	bool mobility;
	uint32_t lives, moved;
	struct model_allocation allocations[WORLD_CLIENTS];
	/* of a 5-tuple that another one's client may move to: the other one, or -1 */
	int leads[WORLD_CLIENTS];
};

struct answer {
	int code; /* 0: success */
	bool is_signed;
	bool is_new; /* an Allocate that makes one: its addresses are the server's choice */
	uint32_t lifetime;
	struct ticket_told ticket; /* without its text and user */
};

void model_begin(struct model *model);

/* What is over at model->now goes. */
void model_expire(struct model *model);
/* The answer to a client's request, and what it changes. */
struct answer model_request(struct model *model, uint32_t client, const struct request *request);
/* A new allocation has these. False where that cannot be. */
bool model_relayed(struct model *model, uint32_t client, const struct request *request,
                   const struct transport_addr relayed[2]);

/* Where a client's datagram comes out: from *relayed at the peer. False: nowhere. */
bool model_channel_data(struct model *model, uint32_t client, uint16_t number,
                        struct transport_addr *relayed, struct transport_addr *peer);
bool model_send(struct model *model, uint32_t client, const struct transport_addr *peer,
                struct transport_addr *relayed);
/* Where a datagram at a relayed address comes out: the client, and *channel, or 0 for a Data
 * indication. -1: nowhere. */
int model_to_client(const struct model *model, const struct transport_addr *relayed,
                    const struct transport_addr *peer, uint16_t *channel);

uint32_t model_live(const struct model *model);

#endif
