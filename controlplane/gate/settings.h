/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate's part of the running configuration, as the maps hold it. */
#ifndef GATE_SETTINGS_H
#define GATE_SETTINGS_H

#include <stdint.h>

#include <sluice/gate.h>

#include <gate_state.h>

struct running;

struct gate_settings {
	struct gate_config config; /* without keys and clock */
	struct sluice_gate_limit limits[SLUICE_GATE_SCOPES];
	struct gate_lpm_key *lists[SLUICE_GATE_LISTS];
	uint32_t counts[SLUICE_GATE_LISTS];
	struct sluice_gate_nonce_secret secret; /* length 0: none */
};

/* 0 or -ENOMEM. */
int gate_settings_read(struct gate_settings *settings, const struct running *running);
void gate_settings_free(struct gate_settings *settings);

#endif
