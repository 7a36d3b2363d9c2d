/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/nonce.h"

#include "stun/nonce.h"

/* The reference implementation's vectors: key 00 to 0f, input 00, 01, ... of 0 to 63 bytes. */
static const uint64_t siphash_vectors[64] = {
        0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
        0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
        0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
        0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
        0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd,
        0xbed65cf21aa2ee98, 0xd0f2cbb02e3b67c7, 0x93536795e3a33e88, 0xa80c038ccd5ccec8,
        0xb8ad50c6f649af94, 0xbce192de8a85b8ea, 0x17d835b85bbb15f3, 0x2f2e6163076bcfad,
        0xde4daaaca71dc9a5, 0xa6a2506687956571, 0xad87a3535c49ef28, 0x32d892fad841c342,
        0x7127512f72f27cce, 0xa7f32346f95978e3, 0x12e0b01abb051238, 0x15e034d40fa197ae,
        0x314dffbe0815a3b4, 0x027990f029623981, 0xcadcd4e59ef40c4d, 0x9abfd8766a33735c,
        0x0e3ea96b5304a7d0, 0xad0c42d6fc585992, 0x187306c89bc215a9, 0xd4a60abcf3792b95,
        0xf935451de4f21df2, 0xa9538f0419755787, 0xdb9acddff56ca510, 0xd06c98cd5c0975eb,
        0xe612a3cb9ecba951, 0xc766e62cfcadaf96, 0xee64435a9752fe72, 0xa192d576b245165a,
        0x0a8787bf8ecb74b2, 0x81b3e73d20b49b6f, 0x7fa8220ba3b2ecea, 0x245731c13ca42499,
        0xb78dbfaf3a8d83bd, 0xea1ad565322a1a0b, 0x60e61c23a3795013, 0x6606d7e446282b93,
        0x6ca4ecb15c5f91e1, 0x9f626da15c9625f3, 0xe51b38608ef25f57, 0x958a324ceb064572,
};

static const struct siphash_key siphash_test_key = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};

static void test_siphash_vectors(void **state)
{
	uint8_t input[64];
	size_t i;

	for (i = 0; i < sizeof(input); i++) {
		input[i] = (uint8_t)i;
		assert_int_equal(siphash_bytes(&siphash_test_key, input, i), siphash_vectors[i]);
	}
}

static void test_siphash_fixed_sizes(void **state)
{
	uint64_t w[3] = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull, 0x1716151413121110ull};

	assert_int_equal(siphash_8(&siphash_test_key, w[0]), siphash_vectors[8]);
	assert_int_equal(siphash_16(&siphash_test_key, w[0], w[1]), siphash_vectors[16]);
	assert_int_equal(siphash_20(&siphash_test_key, w[0], w[1], 0x13121110u),
	                 siphash_vectors[20]);
	assert_int_equal(siphash_24(&siphash_test_key, w[0], w[1], w[2]), siphash_vectors[24]);
}

#define NOW 1700000000ull

static const struct stun_nonce_keys keys = {{{1, 2}, {3, 4}}};

struct nonce_fixture {
	struct ip_addr client;
	uint16_t port;
	char nonce[STUN_NONCE_SIZE];
};

static struct nonce_fixture nonce_make_at(uint64_t now)
{
	struct nonce_fixture f = {.client = ip_addr_v4(RTE_BE32(0xc6120102)),
	                          .port = RTE_BE16(49152)};

	stun_nonce_make(f.nonce, &keys, &f.client, f.port, now);
	return f;
}

static int verdict_at(const struct nonce_fixture *f, uint64_t now)
{
	return stun_nonce_check(f->nonce, sizeof(f->nonce), &keys, &f->client, f->port, now);
}

static void nonce_layout_is(const struct nonce_fixture *f, const uint8_t *input, size_t length)
{
	static const char alphabet[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	struct siphash_key key = {1, 2};
	uint64_t mac = siphash_bytes(&key, input, length) >> 8 | 1; /* as the key's first word */
	uint8_t bytes[9] = {0xf1, 0x00};
	int i;

	for (i = 0; i < 7; i++)
		bytes[2 + i] = mac >> (48 - 8 * i);
	for (i = 0; i < 12; i++) {
		uint32_t group =
		        bytes[i / 4 * 3] << 16 | bytes[i / 4 * 3 + 1] << 8 | bytes[i / 4 * 3 + 2];

		assert_int_equal(f->nonce[i], alphabet[group >> (18 - i % 4 * 6) & 63]);
	}
}

/* The bytes are what bpf/nonce.h draws. */
static void test_nonce_layout(void **state)
{
	/* port 49152, time 1700000000 mod 65536 = 0xf100 */
	static const uint8_t inputs[][20] = {
	        {198, 18, 1, 2, 0xc0, 0x00, 0x00, 0xf1},
	        {0x20, 0x01, 0, 2, [15] = 7, 0xc0, 0x00, 0x00, 0xf1},
	};
	struct nonce_fixture f = nonce_make_at(NOW);
	struct ip_addr six = {.bytes = {0x20, 0x01, 0, 2, [15] = 7}};

	nonce_layout_is(&f, inputs[0], 8);
	f.client = six;
	stun_nonce_make(f.nonce, &keys, &f.client, f.port, NOW);
	nonce_layout_is(&f, inputs[1], 20);
}

static void test_nonce_ages(void **state)
{
	static const struct {
		int64_t age;
		int verdict;
	} rows[] = {
	        {0, STUN_NONCE_VALID},
	        {1, STUN_NONCE_VALID},
	        {STUN_NONCE_LIFETIME_S, STUN_NONCE_VALID},
	        {STUN_NONCE_LIFETIME_S + 1, STUN_NONCE_STALE},
	        {STUN_NONCE_ROTATION_S, STUN_NONCE_STALE},
	        {65535 - NONCE_SKEW_S, STUN_NONCE_STALE},
	        {-NONCE_SKEW_S, STUN_NONCE_VALID}, /* another host's clock is ahead */
	        {-NONCE_SKEW_S - 1, STUN_NONCE_STALE},
	};
	struct nonce_fixture f;
	uint64_t made;
	size_t i;

	/* The time's 16 bits wrap between 0xffff and 0x10000. */
	for (made = 1700003700; made < 1700003700 + 2 * 65536; made += 257) {
		f = nonce_make_at(made);
		for (i = 0; i < RTE_DIM(rows); i++)
			assert_int_equal(verdict_at(&f, made + rows[i].age), rows[i].verdict);
	}
}

static void test_nonce_other_client(void **state)
{
	struct nonce_fixture f = nonce_make_at(NOW), other = f;

	other.port = RTE_BE16(49153);
	assert_int_equal(verdict_at(&other, NOW), STUN_NONCE_FORGED);
	other = f;
	other.client = ip_addr_v4(RTE_BE32(0xc6120103));
	assert_int_equal(verdict_at(&other, NOW), STUN_NONCE_FORGED);
	other = f;
	other.client.quads[0] = 1;
	assert_int_equal(verdict_at(&other, NOW), STUN_NONCE_FORGED);
}

/* Each character has 63 wrong values of the alphabet and 192 others; none passes, whatever bit it
 * is. */
static void test_nonce_forged(void **state)
{
	struct nonce_fixture f = nonce_make_at(NOW);
	int i, c;

	for (i = 0; i < STUN_NONCE_SIZE; i++) {
		char right = f.nonce[i];

		for (c = 0; c < 256; c++) {
			f.nonce[i] = (char)c;
			assert_int_equal(verdict_at(&f, NOW),
			                 (char)c == right ? STUN_NONCE_VALID : STUN_NONCE_FORGED);
		}
		f.nonce[i] = right;
	}
}

static void test_nonce_length(void **state)
{
	struct nonce_fixture f = nonce_make_at(NOW);
	char longer[STUN_NONCE_SIZE + 1] = {0};
	uint16_t length;

	memcpy(longer, f.nonce, sizeof(f.nonce));
	for (length = 0; length <= sizeof(longer); length++)
		assert_int_equal(stun_nonce_check(longer, length, &keys, &f.client, f.port, NOW),
		                 length == STUN_NONCE_SIZE ? STUN_NONCE_VALID : STUN_NONCE_FORGED);
}

static void test_nonce_keys(void **state)
{
	/* told apart by their lowest bit, or not, as after a change of the secret */
	static const struct stun_nonce_keys rotated = {{{4, 6}, {1, 2}}};
	static const struct stun_nonce_keys changed = {{{5, 6}, {1, 2}}};
	static const struct stun_nonce_keys rotated_twice = {{{7, 8}, {4, 6}}};
	struct nonce_fixture f = nonce_make_at(NOW);

	assert_int_equal(stun_nonce_check(f.nonce, 12, &rotated, &f.client, f.port, NOW),
	                 STUN_NONCE_VALID);
	assert_int_equal(stun_nonce_check(f.nonce, 12, &rotated, &f.client, f.port, NOW + 3601),
	                 STUN_NONCE_STALE);
	assert_int_equal(stun_nonce_check(f.nonce, 12, &changed, &f.client, f.port, NOW),
	                 STUN_NONCE_VALID);
	assert_int_equal(stun_nonce_check(f.nonce, 12, &rotated_twice, &f.client, f.port, NOW),
	                 STUN_NONCE_FORGED);
}

/* A cookie that is taken off, put on or exchanged for another one makes the nonce forged: nobody on
 * the way can take an offer away (RFC 8489, 9.2). */
static void test_nonce_cookie(void **state)
{
	static const char *const cookies[] = {
	        [0] = "",
	        [STUN_FEATURE_ALGORITHMS] = "obMatJos2gAAA",
	        [STUN_FEATURE_ALGORITHMS | STUN_FEATURE_ANONYMITY] = "obMatJos2wAAA",
	};
	struct nonce_fixture f = nonce_make_at(NOW);

	for (uint8_t made = 0; made < RTE_DIM(cookies); made++) {
		char nonce[STUN_NONCE_SIZE_MAX] = {0};
		uint16_t length;

		if (cookies[made] == NULL)
			continue;
		length = stun_nonce_make_cookie(nonce, &keys, &f.client, f.port, NOW, made);
		assert_int_equal(length, strlen(cookies[made]) + STUN_NONCE_SIZE);
		assert_memory_equal(nonce, cookies[made], strlen(cookies[made]));
		assert_int_equal(stun_nonce_features(nonce, length), made);
		for (uint8_t shown = 0; shown < RTE_DIM(cookies); shown++) {
			char text[STUN_NONCE_SIZE_MAX] = {0};

			if (cookies[shown] == NULL)
				continue;
			memcpy(text, cookies[shown], strlen(cookies[shown]));
			memcpy(text + strlen(cookies[shown]), nonce + length - STUN_NONCE_SIZE,
			       STUN_NONCE_SIZE);
			assert_int_equal(stun_nonce_check(text,
			                                  strlen(cookies[shown]) + STUN_NONCE_SIZE,
			                                  &keys, &f.client, f.port, NOW),
			                 shown == made ? STUN_NONCE_VALID : STUN_NONCE_FORGED);
		}
		for (uint16_t i = 0; i < length; i++) {
			nonce[i] ^= 1;
			assert_int_equal(
			        stun_nonce_check(nonce, length, &keys, &f.client, f.port, NOW),
			        STUN_NONCE_FORGED);
			nonce[i] ^= 1;
		}
		assert_int_equal(
		        stun_nonce_check(nonce, length, &keys, &f.client, f.port, NOW + 3601),
		        STUN_NONCE_STALE);
	}
	assert_int_equal(stun_nonce_features("obMatJos2AAACf//499k954d6O", 25), 0);
}

/* Every character of base64url is read as what it was written as. */
static void test_nonce_sextets(void **state)
{
	static const char alphabet[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	int c;

	for (c = 0; c < 256; c++) {
		const char *at = c == 0 ? NULL : strchr(alphabet, c);

		assert_int_equal(nonce_values[c], at == NULL ? 0 : NONCE_SEXTET + (at - alphabet));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_siphash_vectors),
	        cmocka_unit_test(test_siphash_fixed_sizes),
	        cmocka_unit_test(test_nonce_layout),
	        cmocka_unit_test(test_nonce_ages),
	        cmocka_unit_test(test_nonce_other_client),
	        cmocka_unit_test(test_nonce_forged),
	        cmocka_unit_test(test_nonce_length),
	        cmocka_unit_test(test_nonce_keys),
	        cmocka_unit_test(test_nonce_sextets),
	        cmocka_unit_test(test_nonce_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
