/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TURN server (RFC 8656): its configuration, which the control thread writes, and each worker's
 * tables. Requests are answered in turn/request.c, the relay itself is the nodes turn_to_peer,
 * turn_to_client and turn_send.
 */
#ifndef TURN_TURN_H
#define TURN_TURN_H

#include <sluice/turn.h>

#include "net/ip_addr.h"
#include "part.h"
#include "worker.h"

struct dataplane;
struct turn;

extern const struct part turn_part;

struct turn *turn_create(struct dataplane *dp);
void turn_destroy(struct turn *turn);

struct turn_worker *turn_worker_create(struct worker *worker);
void turn_worker_destroy(struct turn_worker *turn_worker);

/* Worker, each housekeeping: expires what is due, frees what no worker can see any more. Bounded
 * work. */
void turn_housekeep(struct worker *worker);
/* Worker: more is due than one housekeeping does. */
bool turn_is_pending(const struct worker *worker);

/*
 * Configuration; control thread only. The bodies are those of the API and are checked here, at the
 * edge: 0 or -errno, and on error a clear line in *why (SLUICE_API_ERROR_MAX bytes). Adding an
 * address that no port has is done, with a line in *why as a warning. flags: enum sluice_api_flag.
 */
int turn_listen_add(struct turn *turn, const struct sluice_turn_listen *listen, uint32_t flags,
                    char *why);
/* Whether a listener by DTLS has the address and port, and then a line in *why. */
bool turn_has_dtls_at(const struct turn *turn, const struct transport_addr *addr, char *why);
int turn_listen_delete(struct turn *turn, const struct sluice_turn_listen *listen, char *why);
int turn_realm_set(struct turn *turn, const struct sluice_turn_realm *realm, char *why);
int turn_realm_add(struct turn *turn, const struct sluice_turn_realm *realm, uint32_t flags,
                   char *why);
int turn_realm_delete(struct turn *turn, const struct sluice_turn_realm *realm, char *why);
int turn_relay_add(struct turn *turn, const struct sluice_turn_relay *relay, uint32_t flags,
                   char *why);
int turn_relay_delete(struct turn *turn, const struct sluice_turn_relay *relay, char *why);
int turn_user_add(struct turn *turn, const struct sluice_turn_user *user, uint32_t flags,
                  char *why);
int turn_user_delete(struct turn *turn, const struct sluice_turn_user *user, char *why);
int turn_secret_add(struct turn *turn, const struct sluice_turn_secret *secret, uint32_t flags,
                    char *why);
int turn_secret_delete(struct turn *turn, const struct sluice_turn_secret *secret, char *why);
int turn_peer_add(struct turn *turn, const struct sluice_turn_peer *peer, uint32_t flags,
                  char *why);
int turn_peer_delete(struct turn *turn, const struct sluice_turn_peer *peer, char *why);
int turn_lifetime_set(struct turn *turn, const struct sluice_turn_lifetime *lifetime, char *why);
int turn_mobility_set(struct turn *turn, const struct sluice_turn_mobility *mobility, char *why);
int turn_discovery_add(struct turn *turn, const struct sluice_turn_discovery *discovery,
                       uint32_t flags, char *why);
int turn_discovery_delete(struct turn *turn, const struct sluice_turn_discovery *discovery,
                          char *why);
int turn_algorithms_set(struct turn *turn, const struct sluice_turn_algorithms *algorithms,
                        char *why);
int turn_quota_set(struct turn *turn, const struct sluice_turn_quota *quota, char *why);

int turn_alternates_set(struct turn *turn, const struct sluice_turn_alternates *alternates,
                        char *why);

/* Fetched keys (turn/config_keys.c). */
int turn_key_add(struct turn *turn, const struct sluice_turn_key *key, char *why);
int turn_key_delete(struct turn *turn, const struct sluice_turn_key *key, char *why);
void turn_lookup_set(struct turn *turn, const struct sluice_turn_lookup *lookup);
/* Fills at most `room` rows with names that are wanted; returns how many. */
uint32_t turn_wanted_take(struct turn *turn, struct sluice_turn_wanted *rows, uint32_t room);

/* SLUICE_CONFIG_COMMIT: removes what was not added again since dp->config_generation was raised. */
void turn_config_sweep(struct turn *turn);

struct stun_nonce_keys;
/* Control thread: keys come from outside. turn_tick makes none for three rotations. 0, -ENOMEM. */
int turn_nonce_keys_set(struct turn *turn, const struct stun_nonce_keys *keys);

/* Control thread, once a second: rotates the nonce keys. unix_now: CLOCK_REALTIME, seconds. */
void turn_tick(struct turn *turn, uint64_t unix_now);

void turn_show(struct turn *turn, struct sluice_turn_row *row);

/* Realms, listeners and relays, a page at a time, as allocation_show. */
uint32_t turn_realm_show(struct turn *turn, uint32_t *cursor, struct sluice_turn_realm_row *rows,
                         uint32_t max);
uint32_t turn_listen_show(struct turn *turn, uint32_t *cursor, struct sluice_turn_listen_row *rows,
                          uint32_t max);
uint32_t turn_relay_show(struct turn *turn, uint32_t *cursor, struct sluice_turn_relay_row *rows,
                         uint32_t max);

/*
 * Allocations, a page at a time: fills at most `max` rows from *cursor on (start with 0), moves
 * *cursor, returns how many; 0: the end. user: only this one's; empty: all.
 */
uint32_t allocation_show(struct turn *turn, uint32_t *cursor, const char *user,
                         struct sluice_allocation_row *rows, uint32_t max);
/* 0, -ENOENT. */
int allocation_delete(struct turn *turn, uint64_t id);
/* Ends all of one user's; returns how many. */
uint32_t allocation_delete_user(struct turn *turn, const char *name);
/* Fills at most `room` rows with allocations that have ended; returns how many. */
uint32_t turn_accounts_take(struct turn *turn, struct sluice_allocation_account *rows,
                            uint32_t room);
/* Ends some of all allocations, from *cursor on, 0 at first: as many as one pass of the control
 * thread has time for. Returns how many; *cursor 0: there are no others. */
uint32_t allocations_end_some(struct turn *turn, uint32_t *cursor);

/* Counters of this module, in the order of turn_counter_infos: "turn.NAME". */
struct turn_counter_info {
	const char *name;
	const char *help;
	const char *unit; /* NULL: packets */
};
extern const struct turn_counter_info turn_counter_infos[];
extern const uint32_t turn_counters_count;
uint64_t turn_counter_sum(struct turn *turn, uint32_t index);

#endif
