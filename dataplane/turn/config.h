/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control thread knows of the TURN server: the source that policies are built from. Each
 * change that requests are judged by builds a new policy, swaps it in, and frees the old one when
 * no worker reads it any more.
 */
#ifndef TURN_CONFIG_H
#define TURN_CONFIG_H

#include <siphash.h>

#include "stream/stream.h"
#include "turn/peer_rules.h"
#include "turn/state.h"
#include "turn/users.h"

struct turn_config_secret {
	char secret[SLUICE_TURN_PASSWORD_MAX];
	struct stun_key key;
	uint16_t id;   /* what allocations remember of it; never 0 */
	uint8_t realm; /* index */
	uint32_t generation;
};

/* Which id a secret has, by a hash of it: the next dataplane knows it by that. */
struct turn_config_known {
	uint64_t mark;
	uint16_t id; /* 0: free */
};
#define TURN_SECRETS_KNOWN 32

/* `turn lifetime max` goes no further. */
#define TURN_LIFETIME_MAX_S 86400

/* Fetched keys at most; what comes after them is refused until some have gone. */
#define FETCHED_MAX 65536

/* users NULL: there is none in this place. The first one's name is empty while none is set. */
struct turn_config_realm {
	char name[SLUICE_TURN_REALM_MAX];
	uint32_t generation, quota_generation;
	struct users *users;
	struct sluice_turn_quota quota;
	uint64_t bytes_before[2]; /* of the realms that had its place: accounts_realm_bytes */
};

/* What all relay together. */
struct turn_config_rate {
	uint64_t bytes[2]; /* relayed when it was looked at last: [0] to peers, [1] to clients */
	uint64_t tsc;      /* ... which was then; 0: never */
	uint64_t bps[2];
};

struct turn_config_discovery {
	bool on;
	uint32_t generation;
	struct transport_addr addr, other;
};

struct turn_config {
	struct turn_config_realm realms[TURN_REALMS_MAX]; /* [0] the server's */
	struct sluice_turn_lifetime lifetime;
	struct sluice_turn_mobility mobility;
	struct sluice_turn_algorithms algorithms;
	struct turn_config_discovery discoveries[2]; /* by family */
	struct turn_alternates alternates;
	uint32_t lifetime_generation, mobility_generation, algorithms_generation;
	struct turn_config_rate rate;
	struct turn_config_secret secrets[TURN_SECRETS_MAX];
	uint32_t n_secrets;
	uint16_t secret_id; /* the last one that was given */
	struct turn_config_known known[TURN_SECRETS_KNOWN];
	struct peer_rule *peers;
	uint32_t n_peers;
	uint32_t n_fetched;                     /* of the server's realm's users */
	bool listener_used[TURN_LISTENERS_MAX]; /* of turn->listeners */
	uint32_t listener_generations[TURN_LISTENERS_MAX];
	struct ip_addr listeners_told[TURN_LISTENERS_MAX]; /* what clients are told */
	bool listeners_absent[TURN_LISTENERS_MAX];         /* no port has the address */
	uint8_t listeners_realm[TURN_LISTENERS_MAX];       /* index */
	struct stream_proxy listeners_proxy[TURN_LISTENERS_MAX];
	/* clients of the dataplane before came by it, and `turn listen` has not named it yet */
	bool listeners_wait[TURN_LISTENERS_MAX];
	uint32_t n_listeners;
	struct siphash_key name_key; /* users' hashes */
	struct stun_nonce_keys nonce_keys;
	uint64_t nonce_rotated; /* Unix time; 0: not yet known */
	bool nonce_given;       /* keys come from the control plane */
	uint64_t unix_start;
	uint64_t accounts_taken;
	bool unpublished; /* for want of memory the policy is an older one: the next tick tries */
	uint64_t milliseconds_seen;   /* of TURN_EXPIRY_TOO_LARGE, when it was logged ... */
	uint64_t milliseconds_logged; /* ... which was then, Unix time */
	struct random *random;
};

int turn_config_create(struct turn *turn);
void turn_config_destroy(struct turn *turn);

/* Puts what is configured into force. 0 or -ENOMEM: then the old policy stays. */
int turn_policy_publish(struct turn *turn);
/* Of the ledger that is taken over: keys of nonces that the other dataplane has drawn or was given
 * since this one was made. Its clients' nonces are good then. 0 or -ENOMEM. */
int turn_nonces_take(struct turn *turn);

/* The clock of the workers, worker.now. */
uint32_t turn_clock(const struct turn *turn);

/* user takes old's place in the realm, or a new one where old is NULL. 0 or -ENOMEM. */
int turn_user_put(struct turn *turn, struct turn_config_realm *realm, struct user *old,
                  struct user *user);

/* The realm of this name (SLUICE_TURN_REALM_MAX bytes; empty: the server's), or NULL with a line in
 * `why`. */
struct turn_config_realm *turn_realm_find(struct turn *turn, const char *name, char *why);
/* Its place. */
uint8_t turn_realm_index(const struct turn *turn, const struct turn_config_realm *realm);
/* Under which users' names are hashed: in each realm others. */
struct siphash_key turn_realm_key(const struct siphash_key *name_key, const char *realm);
/* A name as its users in each realm are known. */
void turn_names_read(struct turn_names *names, const struct turn *turn, const char *name,
                     size_t length);

/* Once a second: how much all relay together. */
void turn_rate_measure(struct turn *turn, uint64_t tsc);

/* Of the policy that is built. */
void discoveries_fill(struct turn_policy *policy, const struct turn *turn);
/* Listeners have changed, and perhaps what clients are told of them. 0 or -ENOMEM. */
int discoveries_follow(struct turn *turn);
/* A whole configuration has been replayed. */
void turn_discoveries_sweep(struct turn *turn);

/* Tells classify which addresses and ports are ours. 0 or -errno. */
int turn_services_publish(struct turn *turn);

/* Called on the control thread: what it reads may change meanwhile. */
typedef bool allocation_matcher(const struct allocation *allocation, const void *argument);
/* Ends, on their owners, the allocations that match; returns how many did. */
uint32_t allocations_end_where(struct turn *turn, allocation_matcher *match, const void *argument);

/* As a request that ends allocations has it: of all realms. */
uint32_t turn_user_end(struct turn *turn, const char *name, size_t length);

void relay_ports_free(struct relay *relay);

/* SLUICE_CONFIG_COMMIT, by subject. */
void turn_services_sweep(struct turn *turn);
void turn_users_sweep(struct turn *turn);
void turn_secrets_sweep(struct turn *turn);
void turn_peers_sweep(struct turn *turn);
void turn_realms_sweep(struct turn *turn);
/* Those of a realm that goes. */
void turn_secrets_remove(struct turn *turn, uint8_t realm);
void turn_peers_remove(struct turn *turn, uint8_t realm);

#endif
