/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate's service map (pinned, see bpf/gate.bpf.c) kept equal to the service table. Control
 * thread only. */
#ifndef NET_GATE_MAP_H
#define NET_GATE_MAP_H

#include <stdint.h>

struct dataplane;

#define GATE_PIN_DIR    "/sys/fs/bpf"
#define GATE_PIN_PREFIX "sluice_gate_"
#define GATE_PROGRAM    "sluice_gate"

/* Does nothing while no program of ours is loaded. */
void gate_map_sync(const struct dataplane *dp);

/*
 * Maps that are in use and whose names somebody has removed get them back: by these the control
 * plane finds them, and the next port.
 */
void gate_map_heal(const struct dataplane *dp);

/* Removes every pin with our prefix. */
void gate_map_unpin(void);

#endif
