/* SPDX-License-Identifier: BSD-3-Clause */
#include "fleet/proof.h"

#include <string.h>

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#define SECOND    1000000000ull
#define ASK_EVERY SECOND        /* while it is due */
#define FRESH_FOR (60 * SECOND) /* then another challenge is asked for */
#define LOST_MANY 2

#define HEADER         20
#define COOKIE         0x2112a442
#define BINDING        0x0001
#define ALLOCATE       0x0003
#define ALLOCATE_ERROR 0x0113
#define ATTR_INTEGRITY 0x0008
#define ATTR_SOFTWARE  0x8022
#define ATTR_NONCE     0x0015
#define ATTR_TRANSPORT 0x0019 /* REQUESTED-TRANSPORT (RFC 8656, 18.7) */
#define TRANSPORT_UDP  17
#define INTEGRITY      20
/* With it the request is as long as the longest answer (RFC 5780's, over IPv6, with a FINGERPRINT):
 * a shorter one is unverified to the gate. */
#define FILL 60

struct proof *proof_of(struct proofs *proofs, const struct sluice_addr *target, uint64_t now)
{
	struct proof *oldest = &proofs->list[0], *proof;

	for (proof = proofs->list; proof < proofs->list + PROOFS_MAX; proof++) {
		if (memcmp(&proof->target, target, sizeof(*target)) == 0) {
			proof->used = now;
			return proof;
		}
		if (proof->used < oldest->used)
			oldest = proof;
	}
	*oldest = (struct proof){.target = *target, .used = now};
	return oldest;
}

bool proof_is_due(const struct proof *proof, uint64_t now)
{
	if (proof->asked != 0 && now - proof->asked < ASK_EVERY)
		return false;
	return !proof->known || proof->lost >= LOST_MANY || now - proof->given > FRESH_FOR;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static void header_put(uint8_t *request, uint16_t type, uint16_t length, const uint8_t *transaction)
{
	uint32_t cookie = htonl(COOKIE);

	put16(request, type);
	put16(request + 2, length);
	memcpy(request + 4, &cookie, sizeof(cookie));
	memcpy(request + 8, transaction, PROOF_TRANSACTION);
}

size_t proof_ask(struct proof *proof, uint64_t now, uint8_t request[PROOF_REQUEST_MAX])
{
	static const uint8_t transport[8] = {ATTR_TRANSPORT >> 8, ATTR_TRANSPORT, 0, 4,
	                                     TRANSPORT_UDP};

	if (getrandom(proof->transaction, sizeof(proof->transaction), 0) !=
	    sizeof(proof->transaction))
		return 0;
	proof->asked = now;
	header_put(request, ALLOCATE, sizeof(transport), proof->transaction);
	memcpy(request + HEADER, transport, sizeof(transport));
	return HEADER + sizeof(transport);
}

/* NULL: there is none of that length. */
static const uint8_t *attribute_find(const uint8_t *bytes, size_t length, uint16_t type,
                                     uint16_t wanted)
{
	size_t at = HEADER;

	while (at + 4 <= length) {
		size_t size = get16(bytes + at + 2);

		if (at + 4 + size > length)
			return NULL;
		if (get16(bytes + at) == type)
			return size == wanted ? bytes + at + 4 : NULL;
		at += 4 + ((size + 3) & ~(size_t)3);
	}
	return NULL;
}

bool proof_answer(struct proofs *proofs, const struct sluice_addr *from, const uint8_t *bytes,
                  size_t length, uint64_t now)
{
	uint32_t cookie = htonl(COOKIE);
	const uint8_t *nonce;
	struct proof *proof;
	uint8_t size;

	if (length < HEADER || get16(bytes) != ALLOCATE_ERROR ||
	    get16(bytes + 2) != length - HEADER || memcmp(bytes + 4, &cookie, sizeof(cookie)) != 0)
		return false;
	for (proof = proofs->list; proof < proofs->list + PROOFS_MAX; proof++)
		if (proof->asked > proof->given &&
		    memcmp(proof->transaction, bytes + 8, PROOF_TRANSACTION) == 0 &&
		    memcmp(&proof->target, from, sizeof(*from)) == 0)
			break;
	if (proof == proofs->list + PROOFS_MAX)
		return false;
	/* One that drains or is full turns away without a nonce: the one before goes on. */
	size = PROOF_NONCE;
	nonce = attribute_find(bytes, length, ATTR_NONCE, size);
	if (nonce == NULL) {
		size = PROOF_NONCE_MAX;
		nonce = attribute_find(bytes, length, ATTR_NONCE, size);
	}
	proof->given = now;
	if (nonce != NULL) {
		memcpy(proof->nonce, nonce, size);
		proof->nonce_length = size;
		proof->known = true;
	}
	return true;
}

size_t proof_binding(const uint8_t transaction[PROOF_TRANSACTION], const uint8_t *nonce,
                     uint8_t nonce_length, uint8_t request[PROOF_REQUEST_MAX])
{
	const uint8_t padded = (nonce_length + 3) & ~3;
	uint8_t *at = request + HEADER, mac[EVP_MAX_MD_SIZE];
	unsigned int length = sizeof(mac);

	header_put(request, BINDING, 0, transaction);
	if (nonce == NULL)
		return HEADER;
	put16(at, ATTR_NONCE);
	put16(at + 2, nonce_length);
	memset(at + 4, 0, padded);
	memcpy(at + 4, nonce, nonce_length);
	at += 4 + padded;
	put16(at, ATTR_SOFTWARE);
	put16(at + 2, FILL);
	memset(at + 4, ' ', FILL);
	at += 4 + FILL;
	put16(request + 2, 4 + padded + 4 + FILL + 4 + INTEGRITY);
	/* A Binding has no credentials: what counts are the nonce, and that it is longer than its
	 * answer. */
	if (HMAC(EVP_sha1(), nonce, nonce_length, request, at - request, mac, &length) == NULL)
		memset(mac, 0, sizeof(mac));
	put16(at, ATTR_INTEGRITY);
	put16(at + 2, INTEGRITY);
	memcpy(at + 4, mac, INTEGRITY);
	return at + 4 + INTEGRITY - request;
}
