/* SPDX-License-Identifier: BSD-3-Clause */
/* Probes that prove themselves: the bytes that are sent, what the gate's own check says of them,
 * and what is taken for a challenge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fleet/proof.h"

#include <nonce.h>

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#define SECOND 1000000000ull

static struct sluice_addr addr_make(uint8_t last, uint16_t port)
{
	struct sluice_addr addr = {.port = htons(port)};

	addr.ip[10] = addr.ip[11] = 0xff;
	addr.ip[12] = 198;
	addr.ip[13] = 18;
	addr.ip[15] = last;
	return addr;
}

/* The answer that a listener gives: 401 with a realm and a nonce. Returns its bytes. */
static size_t challenge_make(uint8_t *bytes, const uint8_t *request, const char *nonce)
{
	static const uint8_t error[8] = {0, 0x09, 0, 4, 0, 0, 4, 1};
	static const uint8_t realm[8] = {0, 0x14, 0, 4, 'l', 'a', 'b', 's'};
	size_t size = strlen(nonce), padded = (size + 3) & ~(size_t)3;

	memset(bytes, 0, 128);
	memcpy(bytes, request, 20);
	bytes[0] = 0x01;
	bytes[1] = 0x13;
	bytes[3] = 16 + 4 + padded;
	memcpy(bytes + 20, error, 8);
	memcpy(bytes + 28, realm, 8);
	bytes[37] = 0x15;
	bytes[39] = size;
	memcpy(bytes + 40, nonce, size);
	return 40 + padded;
}

static void test_requests(void **state)
{
	static const uint8_t transaction[PROOF_TRANSACTION] = "abcdefghijkl";
	static const uint8_t nonce[PROOF_NONCE] = "ABCDEFGHIJKL";
	static const uint8_t longer[PROOF_NONCE_MAX] = "obMatJos2gAAAABCDEFGHIJKL";
	uint8_t request[PROOF_REQUEST_MAX];

	assert_int_equal(proof_binding(transaction, NULL, 0, request), 20);
	assert_int_equal(request[3], 0);
	/* As long as its answer at least: RFC 5780's over IPv6, and a FINGERPRINT, make that 124.
	 */
	assert_int_equal(proof_binding(transaction, nonce, PROOF_NONCE, request), 124);
	assert_int_equal(request[3], 104);
	assert_int_equal(request[21], 0x15);
	assert_memory_equal(request + 24, nonce, PROOF_NONCE);
	assert_int_equal(request[37], 0x22); /* SOFTWARE, of blanks */
	assert_int_equal(request[101], 0x08);
	assert_int_equal(request[103], 20);
	/* behind a cookie, and padded */
	assert_int_equal(proof_binding(transaction, longer, PROOF_NONCE_MAX, request), 140);
	assert_int_equal(request[3], 120);
	assert_int_equal(request[23], PROOF_NONCE_MAX);
	assert_memory_equal(request + 24, longer, PROOF_NONCE_MAX);
	assert_memory_equal(request + 24 + PROOF_NONCE_MAX, "\0\0\0", 3);
	assert_int_equal(request[117], 0x08);
}

static void test_challenge(void **state)
{
	struct proofs *proofs = calloc(1, sizeof(*proofs));
	struct sluice_addr target = addr_make(1, 3478), other = addr_make(2, 3478);
	struct proof *proof = proof_of(proofs, &target, SECOND);
	uint8_t request[PROOF_REQUEST_MAX], answer[128];
	size_t length;

	assert_true(proof_is_due(proof, SECOND));
	assert_int_equal(proof_ask(proof, SECOND, request), 28);
	assert_false(proof_is_due(proof, SECOND + SECOND / 2));
	assert_true(proof_is_due(proof, 2 * SECOND));
	length = challenge_make(answer, request, "ABCDEFGHIJKL");
	/* From elsewhere, cut at any place, of another transaction: nothing is taken. */
	assert_false(proof_answer(proofs, &other, answer, length, 2 * SECOND));
	for (size_t cut = 0; cut < length; cut++)
		assert_false(proof_answer(proofs, &target, answer, cut, 2 * SECOND));
	answer[8] ^= 1;
	assert_false(proof_answer(proofs, &target, answer, length, 2 * SECOND));
	answer[8] ^= 1;
	assert_false(proof->known);
	assert_true(proof_answer(proofs, &target, answer, length, 2 * SECOND));
	assert_true(proof->known);
	assert_memory_equal(proof->nonce, "ABCDEFGHIJKL", PROOF_NONCE);
	/* Once; then when it is old, or when probes are lost. */
	assert_false(proof_answer(proofs, &target, answer, length, 3 * SECOND));
	assert_false(proof_is_due(proof, 30 * SECOND));
	proof->lost = 2;
	assert_true(proof_is_due(proof, 30 * SECOND));
	proof->lost = 0;
	assert_true(proof_is_due(proof, 63 * SECOND));
	/* Turned away, or with a nonce that is none of ours: the one before goes on. */
	proof_ask(proof, 63 * SECOND, request);
	length = challenge_make(answer, request, "short");
	assert_true(proof_answer(proofs, &target, answer, length, 64 * SECOND));
	assert_memory_equal(proof->nonce, "ABCDEFGHIJKL", PROOF_NONCE);
	assert_true(proof->known);
	/* The target offers what RFC 8489 has to all. */
	proof_ask(proof, 65 * SECOND, request);
	length = challenge_make(answer, request, "obMatJos2gAAAABCDEFGHIJKL");
	assert_true(proof_answer(proofs, &target, answer, length, 66 * SECOND));
	assert_int_equal(proof->nonce_length, PROOF_NONCE_MAX);
	assert_memory_equal(proof->nonce, "obMatJos2gAAAABCDEFGHIJKL", PROOF_NONCE_MAX);
	free(proofs);
}

static void test_places(void **state)
{
	struct proofs *proofs = calloc(1, sizeof(*proofs));
	struct sluice_addr first = addr_make(0, 1), last = addr_make(0, PROOFS_MAX + 1);

	for (uint32_t i = 1; i <= PROOFS_MAX; i++) {
		struct sluice_addr target = addr_make(0, i);

		proof_of(proofs, &target, i * SECOND)->known = true;
	}
	assert_true(proof_of(proofs, &first, 1000 * SECOND)->known);
	assert_false(proof_of(proofs, &last, 1001 * SECOND)->known);
	assert_true(proof_of(proofs, &first, 1002 * SECOND)->known);
	free(proofs);
}

/* By the fleet's key: the gate of any host takes what another made, for that address and port. */
static void test_shared(void **state)
{
	const struct siphash_key keys[2] = {{1, 2}, {3, 4}};
	struct nonce_client client = {{0, 0x0101a8c6ffff0000}, htons(4000)};
	__u8 nonce[NONCE_SIZE];

	nonce_write(nonce, &keys[0], &client, 1000000, 0);
	assert_int_equal(nonce_verify_within(nonce, 0, keys, &client, 1000030, 3600), NONCE_VALID);
	assert_int_equal(nonce_verify_within(nonce, 0, keys, &client, 1004000, 3600), NONCE_STALE);
	client.port = htons(4001);
	assert_int_equal(nonce_verify_within(nonce, 0, keys, &client, 1000030, 3600), NONCE_FORGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_requests),
	        cmocka_unit_test(test_challenge),
	        cmocka_unit_test(test_places),
	        cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
