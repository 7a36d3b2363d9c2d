/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control thread builds the gate's policies from. */
#ifndef GATE_SOURCE_H
#define GATE_SOURCE_H

#include "gate/gate.h"

/* What belongs to a setting that SLUICE_CONFIG_COMMIT takes back when it was not replayed. */
enum gate_setting {
	GATE_SETTING_SOURCE, /* enum sluice_gate_scope */
	GATE_SETTING_PREFIX,
	GATE_SETTING_HOST,
	GATE_SETTING_VERIFIED,
	GATE_SETTING_PORTS,
	GATE_SETTING_MODE,
	GATE_SETTINGS,
};

struct gate_source_prefix {
	struct gate_prefix prefix;
	uint8_t list; /* enum sluice_gate_list */
	uint32_t generation;
};

struct gate_source {
	struct gate_config config; /* without the flags of the lists */
	struct sluice_gate_limit limits[SLUICE_GATE_SCOPES];
	uint32_t generations[GATE_SETTINGS];
	struct gate_source_prefix *prefixes; /* GATE_LPM_MAX of room */
	uint32_t n_prefixes;
};

struct gate_source *gate_source_create(void);
void gate_source_destroy(struct gate_source *source);

/* Puts what is configured into force. 0 or -ENOMEM: then the old policy stays. */
int gate_policy_publish(struct gate *gate);

#endif
