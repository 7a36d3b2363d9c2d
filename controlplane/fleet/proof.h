/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a probe shows that it comes from where it says: by a nonce that the target made for this
 * address and port (RFC 8489, 9.2), in a signed request. The target's gate passes such requests
 * under a bucket of their own, whatever others send in our name. The nonce comes from an earlier
 * challenge of the target, or from the fleet's key (`gate nonce secret`).
 */
#ifndef FLEET_PROOF_H
#define FLEET_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/api.h>

#define PROOF_NONCE       12
#define PROOF_NONCE_MAX   25 /* behind RFC 8489's cookie */
#define PROOF_TRANSACTION 12
#define PROOF_REQUEST_MAX 140
#define PROOFS_MAX        256

struct proof {
	struct sluice_addr target; /* port 0: a free place */
	uint64_t used;             /* fleet_now() */
	uint64_t asked, given; /* the last challenge that was asked for, and its answer; 0: none */
	uint32_t lost;         /* probes since the last answer */
	bool known;            /* nonce is the target's */
	uint8_t nonce_length;
	uint8_t nonce[PROOF_NONCE_MAX];
	uint8_t transaction[PROOF_TRANSACTION]; /* of what was asked */
};

struct proofs {
	struct proof list[PROOFS_MAX];
};

/* The target's, or a new one in the place of that which was not used for longest. */
struct proof *proof_of(struct proofs *proofs, const struct sluice_addr *target, uint64_t now);

/* Whether a challenge should be asked for: there is no nonce, it grows old, or probes are lost. */
bool proof_is_due(const struct proof *proof, uint64_t now);
/* An Allocate without credentials. Returns its bytes; 0: no randomness is to be had. */
size_t proof_ask(struct proof *proof, uint64_t now, uint8_t request[PROOF_REQUEST_MAX]);
/* A datagram from that target. false: it is no answer to what was asked. */
bool proof_answer(struct proofs *proofs, const struct sluice_addr *from, const uint8_t *bytes,
                  size_t length, uint64_t now);

/* A signed Binding request, longer than its answer; nonce NULL: a plain one. Returns its bytes. */
size_t proof_binding(const uint8_t transaction[PROOF_TRANSACTION], const uint8_t *nonce,
                     uint8_t nonce_length, uint8_t request[PROOF_REQUEST_MAX]);

#endif
