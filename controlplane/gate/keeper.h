/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps the gate: obeys the lines of its configuration, compiles them, writes them and the keys
 * into the XDP program's maps and gives the same to the dataplane; rotates keys, watches attacks
 * begin and end, and holds what was counted when maps come and go with the dataplane.
 */
#ifndef GATE_KEEPER_H
#define GATE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/gate.h>
#include <sluice/stats.h>

struct event_base;
struct own;
struct running;
struct dataplane_client;
struct gate_keeper;

/* Serves the subject of sluice/gate.h. NULL: no memory. */
struct gate_keeper *gate_keeper_create(struct event_base *base, struct own *own,
                                       struct running *running);
void gate_keeper_destroy(struct gate_keeper *keeper);
void gate_keeper_serve(struct gate_keeper *keeper, struct dataplane_client *client);

/* The dataplane is perhaps a new one, and has no configuration yet. */
void gate_keeper_greeted(struct gate_keeper *keeper);
/* It has the whole configuration, and with it perhaps ports whose maps are new. */
void gate_keeper_ready(struct gate_keeper *keeper);

struct sluice_addr;

/* Whether nonces are made under a key that the fleet shares; keeper NULL: no. */
bool gate_keeper_shares(const struct gate_keeper *keeper);
/* What any host of the fleet would make now for that address and port: NONCE_SIZE bytes. */
bool gate_keeper_nonce(const struct gate_keeper *keeper, const struct sluice_addr *client,
                       uint8_t *nonce);

/* What is configured, into a row that has the rest. */
void gate_keeper_configured(const struct gate_keeper *keeper, struct sluice_gate_row *row);
/* What is shown. False: there are no maps, and the dataplane counts. */
bool gate_keeper_show(struct gate_keeper *keeper, struct sluice_gate_row *row);
/* The most frequent first; returns how many. */
uint32_t gate_keeper_sources(struct gate_keeper *keeper, struct sluice_gate_source_row *rows,
                             uint32_t max);
/* What XDP has counted; returns how many rows. */
uint32_t gate_keeper_counters(struct gate_keeper *keeper, bool nonzero,
                              struct sluice_counter_row *rows, uint32_t max);

#endif
