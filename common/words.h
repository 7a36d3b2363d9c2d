/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of include/sluice's enums, once: what commands take, rows show, metrics and events
 * tell. Each list is indexed by its enum and ends with NULL. */
#ifndef COMMON_WORDS_H
#define COMMON_WORDS_H

#include <stdint.h>

extern const char *const switch_words[];            /* 0: off, 1: on */
extern const char *const port_kind_words[];         /* enum sluice_port_kind */
extern const char *const port_state_words[];        /* enum sluice_port_state */
extern const char *const poll_words[];              /* enum sluice_poll_mode */
extern const char *const ledger_found_words[];      /* enum sluice_ledger_found */
extern const char *const address_state_words[];     /* enum sluice_turn_address_state */
extern const char *const transport_words[];         /* enum sluice_turn_transport */
extern const char *const reason_words[];            /* enum sluice_allocation_reason */
extern const char *const codec_words[];             /* enum sluice_codec */
extern const char *const feedback_words[];          /* enum sluice_feedback: NACK, PLI, both */
extern const char *const layer_reason_words[];      /* enum sluice_layer_reason */
extern const char *const estimate_words[];          /* enum sluice_estimate_reason */
extern const char *const profile_words[];           /* enum sluice_srtp_profile */
extern const char *const origin_words[];            /* enum sluice_origin */
extern const char *const endpoint_state_words[];    /* enum sluice_endpoint_state */
extern const char *const stream_state_words[];      /* enum sluice_stream_state */
extern const char *const gate_mode_words[];         /* enum sluice_gate_mode */
extern const char *const gate_scope_words[];        /* enum sluice_gate_scope */
extern const char *const gate_ports_words[];        /* struct sluice_gate_ports, privileged */
extern const char *const verdict_words[];           /* enum sluice_verdict */
extern const char *const node_state_words[];        /* enum sluice_node_state */
extern const char *const capture_state_words[];     /* enum sluice_capture_state */
extern const char *const capture_point_words[];     /* enum sluice_capture_point */
extern const char *const direction_words[];         /* enum sluice_capture_direction */
extern const char *const scope_words[];             /* enum sluice_http_scope */
extern const char *const session_transport_words[]; /* enum sluice_turn_transport: UDP, TCP */
extern const char *const session_role_words[];      /* enum sluice_session_role */
extern const char *const session_state_words[];     /* enum sluice_session_state */
extern const char *const session_reason_words[];    /* enum sluice_session_reason */

/* NULL: the list has no word for it. */
const char *word_of(const char *const *words, uint64_t value);

#endif
