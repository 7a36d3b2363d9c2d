/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which addresses and ports of ours a line of the configuration wants for itself: the dataplane
 * asks when a line is applied, the control plane when a file is only checked.
 */
#ifndef COMMON_CLAIM_H
#define COMMON_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum claim_kind {
	CLAIM_LISTENER,        /* TURN is served there */
	CLAIM_RELAY,           /* relayed addresses */
	CLAIM_ENDPOINT,        /* the local address of SRTP endpoints: these may share one */
	CLAIM_SESSIONS,        /* browsers are served there: a TURN listener may share it */
	CLAIM_STREAM,          /* TURN is served there by TCP: UDP ports are others */
	CLAIM_TLS,             /* the same by TLS */
	CLAIM_SESSIONS_STREAM, /* browsers are served there by TCP: TURN by TCP may share it */
	CLAIM_DTLS,            /* TURN is served there by DTLS: a UDP port of the kernel's */
};

struct claim {
	uint8_t ip[16];                 /* IPv4 in its v4-mapped form */
	uint16_t first_port, last_port; /* host order, both included */
	enum claim_kind kind;
};

/*
 * Whether `fresh` asks for a port that `held` has, and they are of different kinds: one packet has
 * one owner. TURN and sessions tell theirs apart. `why`: a sentence about `fresh`, cut to `room`.
 */
bool claim_conflict(const struct claim *fresh, const struct claim *held, char *why, size_t room);

/* An address that one host has: datagrams can be sent to and from it. */
bool claim_address_is_host(const uint8_t ip[16]);

#endif
