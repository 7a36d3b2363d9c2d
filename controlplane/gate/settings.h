/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate as it is configured, and what that compiles to. */
#ifndef GATE_SETTINGS_H
#define GATE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/gate.h>

#include <gate_state.h>

struct command_request;

/* Sorted, each key once. */
struct gate_list {
	struct gate_lpm_key *keys;
	uint32_t count;
};

struct gate_settings {
	uint32_t mode; /* enum sluice_gate_mode */
	uint32_t privileged;
	uint32_t lifetime_s;
	struct sluice_gate_limit limits[SLUICE_GATE_SCOPES];
	struct gate_list lists[SLUICE_GATE_LISTS];
	struct sluice_gate_nonce_secret secret; /* length 0: none */
};

/* 0 or -ENOMEM. */
int gate_list_copy(struct gate_list *to, const struct gate_list *from);
int gate_key_compare(const struct gate_lpm_key *a, const struct gate_lpm_key *b);

/* As it is before anybody sets anything. */
void gate_settings_start(struct gate_settings *settings);
/* 0 or -ENOMEM. */
int gate_settings_copy(struct gate_settings *to, const struct gate_settings *from);
void gate_settings_free(struct gate_settings *settings);

/*
 * Takes an ADD, SET or DELETE of the gate's lines. One that adds what is there changes nothing. 0;
 * -ENOENT, -ENOSPC, -ENOMEM, -EINVAL with a clear line in `why` (SLUICE_API_ERROR_MAX bytes).
 */
int gate_settings_take(struct gate_settings *settings, const struct command_request *request,
                       char *why);
/* What a SET has set is as it was at the start. */
void gate_settings_unset(struct gate_settings *settings, const struct command_request *request);

/* challenge: bytes of a 401; discovery: of RFC 5780. All of a configuration but keys, clock and
 * sizes. */
struct gate_config gate_settings_compile(const struct gate_settings *settings, uint32_t challenge,
                                         bool discovery);

#endif
