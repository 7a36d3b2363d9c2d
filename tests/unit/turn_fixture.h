/* SPDX-License-Identifier: BSD-3-Clause */
/* A TURN server without a graph: workers whose clock the test sets, and a client that builds
 * requests by hand. */
#ifndef TURN_FIXTURE_H
#define TURN_FIXTURE_H

#include "dataplane.h"
#include "net/service.h"
#include "stun/attribute.h"
#include "stun/message.h"
#include "stun/writer.h"
#include "turn/config.h"
#include "turn/store.h"

#include <arpa/inet.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REALM   "test"
#define DROPPED (-1)

struct fixture {
	struct dataplane dp;
	struct worker workers[4];
	char why[SLUICE_API_ERROR_MAX];
	uint64_t unix_now; /* at worker.now == 1000, where the tests start */
};

/* Once in a process. */
void fixture_eal(void);

/* The IPv4 address (network order) that no port has; 0: none. */
extern uint32_t fixture_absent;

/* Where the next fixture's ledger is; NULL: it has none. */
extern const char *fixture_ledger;
/* Between what a server makes and what it takes of the one before; NULL: nothing. */
extern void (*fixture_before_take)(void);

/* Realm "test", user "alice" with password "secret1", user "bob" with "secret2", secret "north";
 * listeners 192.0.2.1:3478 and [2001:db8::1]:3478 (services 0 and 1); relays 192.0.2.2 and
 * 2001:db8::2, ports 50000-50099; peers 198.51.100.0/24 and 2001:db8:5::/48 allowed. */
struct fixture *fixture_create(uint32_t allocations, uint32_t permissions, uint32_t channels,
                               uint32_t workers);
/* The same without any configuration. */
struct fixture *fixture_create_bare(uint32_t allocations, uint32_t permissions, uint32_t channels,
                                    uint32_t workers);
/* The configuration of fixture_create, into a bare one. */
void fixture_configure(struct fixture *fixture);
/* A tenant beside it: realm "acme", a listener 192.0.2.1:3479, user "alice" with password "other".
 */
#define TENANT         "acme"
#define TENANT_SERVICE 2
void fixture_tenant(struct fixture *fixture);
struct sluice_turn_listen tenants_listen(const char *realm);
struct sluice_turn_user tenants_user(const char *name, const char *password);
void fixture_destroy(struct fixture *fixture);

/* All workers' clocks, and their housekeeping until nothing is left to do. */
void fixture_time(struct fixture *fixture, uint32_t now);
uint64_t counted(struct fixture *fixture, enum turn_counter counter);

struct sluice_addr addr(const char *ip, uint16_t port);
struct transport_addr transport(const char *ip, uint16_t port);

struct client {
	struct fixture *fixture;
	struct worker *worker;
	struct five_tuple flow;
	const char *user, *password, *realm;
	size_t user_length;
	uint8_t nonce[STUN_NONCE_SIZE];
	uint16_t nonce_length; /* 0: none yet */
	uint32_t serial;       /* of transaction ids */
	struct stun_key key;
	struct stun_writer writer;
	uint8_t request[65536]; /* and in its place the answer */
	uint8_t sent[65536];    /* the request as it was sent last, to repeat it */
	uint16_t sent_length;
	uint16_t length; /* of the answer */
	uint16_t reason; /* why there was none */
};

struct client *client_create(struct fixture *fixture, const char *ip, uint16_t port,
                             const char *user, const char *password);
/* One that comes by the tenant's listener. */
struct client *tenants_client(struct fixture *fixture, uint16_t port, const char *user,
                              const char *password);
void client_free(struct client *client);

/* A request of this method, with a new transaction id. */
void ask(struct client *client, enum stun_method method);
void ask_peer(struct client *client, const char *ip, uint16_t port);
void ask_bytes(struct client *client, enum stun_attr_type type, const void *bytes, uint16_t length);
void ask_family(struct client *client, enum stun_attr_type type, uint8_t family);
void ask_transport(struct client *client);

/* Sends it as it is: 0 for success, the error code, or DROPPED. */
int send_plain(struct client *client);
/* With USERNAME, REALM, NONCE, MESSAGE-INTEGRITY; asks for a nonce before where there is none. */
int send_signed(struct client *client);
/* The last one, byte for byte. */
int send_again(struct client *client);

/* The n-th attribute of this type in the answer, or NULL. */
const uint8_t *answer(const struct client *client, enum stun_attr_type type, int n,
                      uint16_t *length);
uint32_t answer_u32(const struct client *client, enum stun_attr_type type);
struct transport_addr answer_addr(const struct client *client, enum stun_attr_type type, int n);
bool answer_signed(const struct client *client);

/* Whole requests. */
int allocate(struct client *client);
int refresh(struct client *client, uint32_t lifetime);
int permit(struct client *client, const char *ip);
int bind_channel(struct client *client, uint16_t number, const char *ip, uint16_t port);
/* NULL where the client has none, or what it had is closed. */
struct allocation *allocation_of(struct client *client);

#endif
