/* SPDX-License-Identifier: BSD-3-Clause */
/* What the gate's cases send: payloads, each written into GATE_PAYLOAD_MAX bytes. */
#ifndef RIG_GATE_PAYLOAD_H
#define RIG_GATE_PAYLOAD_H

#include "frame.h"
#include "gate_pair.h"

#define GATE_PAYLOAD_MAX 1400
/* The current key of nonces has been one for so long. */
#define GATE_KEY_AGE_S 600

/* Returns the length. */
#define PAYLOAD(name)                                                                              \
	uint16_t name(uint8_t *payload, const struct gate_config *config, const struct frame *frame)

PAYLOAD(binding);
PAYLOAD(binding_indication);
PAYLOAD(binding_success);
PAYLOAD(allocate_error);
PAYLOAD(send_indication);
PAYLOAD(data_indication);
PAYLOAD(send_request);
PAYLOAD(method_far);
PAYLOAD(allocate_bare);
PAYLOAD(refresh_bare);
PAYLOAD(permission_bare);
PAYLOAD(channel_bare);
PAYLOAD(allocate);
PAYLOAD(allocate_print);
PAYLOAD(allocate_behind);
PAYLOAD(refresh);
PAYLOAD(allocate_overrun);
PAYLOAD(allocate_verified);
PAYLOAD(allocate_previous);
PAYLOAD(allocate_late);
PAYLOAD(allocate_dead);
PAYLOAD(allocate_stale);
PAYLOAD(allocate_forged);
PAYLOAD(allocate_not_base64);
PAYLOAD(refresh_verified);
PAYLOAD(refresh_forged);
PAYLOAD(allocate_crowded);
PAYLOAD(allocate_algorithms);
PAYLOAD(allocate_hashed);
PAYLOAD(cookie_verified);
PAYLOAD(cookie_anonymous);
PAYLOAD(cookie_stripped);
PAYLOAD(cookie_changed);
PAYLOAD(cookie_foreign);
PAYLOAD(cookie_cut);
PAYLOAD(allocate_nonce);
PAYLOAD(refresh_nonce);
PAYLOAD(refresh_nonce_behind);
PAYLOAD(binding_verified);
PAYLOAD(binding_forged);
PAYLOAD(refresh_crowded);
PAYLOAD(forged_crowded);
PAYLOAD(check);
PAYLOAD(check_behind);
PAYLOAD(check_beyond);
PAYLOAD(check_forged);
PAYLOAD(check_realm);
PAYLOAD(check_unsigned);
PAYLOAD(check_long);
PAYLOAD(check_short);
PAYLOAD(srtp);
PAYLOAD(channel_data);
PAYLOAD(channel_data_old);
PAYLOAD(not_channel_data);
PAYLOAD(nothing);
PAYLOAD(dtls);
PAYLOAD(stun_short);
PAYLOAD(stun_length);
PAYLOAD(stun_odd);
PAYLOAD(stun_cookie);

#endif
