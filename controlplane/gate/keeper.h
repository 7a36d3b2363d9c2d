/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps the gate: writes configuration and keys into the XDP program's maps and tells the dataplane
 * the keys, rotates them, watches attacks begin and end, and holds what was counted when maps come
 * and go with the dataplane.
 */
#ifndef GATE_KEEPER_H
#define GATE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/gate.h>
#include <sluice/stats.h>

struct event_base;
struct running;
struct dataplane_client;
struct gate_keeper;

/* NULL: no memory. */
struct gate_keeper *gate_keeper_create(struct event_base *base, const struct running *running);
void gate_keeper_destroy(struct gate_keeper *keeper);
void gate_keeper_serve(struct gate_keeper *keeper, struct dataplane_client *client);

/* The dataplane has the whole configuration, and is perhaps a new one. */
void gate_keeper_ready(struct gate_keeper *keeper);

struct sluice_addr;

/* Whether nonces are made under a key that the fleet shares; keeper NULL: no. */
bool gate_keeper_shares(const struct gate_keeper *keeper);
/* What any host of the fleet would make now for that address and port: NONCE_SIZE bytes. */
bool gate_keeper_nonce(const struct gate_keeper *keeper, const struct sluice_addr *client,
                       uint8_t *nonce);

/* What is shown; keeper NULL: nothing is. False: there are no maps, the dataplane knows more. */
bool gate_keeper_show(struct gate_keeper *keeper, struct sluice_gate_row *row);
/* The most frequent first; returns how many. */
uint32_t gate_keeper_sources(struct gate_keeper *keeper, struct sluice_gate_source_row *rows,
                             uint32_t max);
/* What XDP has counted; returns how many rows. */
uint32_t gate_keeper_counters(struct gate_keeper *keeper, bool nonzero,
                              struct sluice_counter_row *rows, uint32_t max);

#endif
