/* SPDX-License-Identifier: BSD-3-Clause */
/* What the RFCs print: key streams, key derivation, whole packets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "srtp/ipsec_mb.h"
#include "srtp_hex.h"

#define KEY_128 "000102030405060708090a0b0c0d0e0f"
#define KEY_256 KEY_128 "101112131415161718191a1b1c1d1e1f"
#define SALT    "517569642070726f2071756f"

struct fixture {
	struct srtp_worker *worker;
	struct srtp_session *session;
	uint8_t packet[512];
};

static void fixture_open(struct fixture *f, enum sluice_srtp_profile profile,
                         const struct srtp_keys *keys)
{
	f->worker = srtp_engine_ipsec_mb.worker_create();
	if (f->worker == NULL)
		skip(); /* a CPU that has no AES */
	f->session = ipsec_mb_session_create(profile, keys);
	assert_non_null(f->session);
}

static void fixture_close(struct fixture *f)
{
	srtp_engine_ipsec_mb.session_destroy(f->session);
	srtp_engine_ipsec_mb.worker_destroy(f->worker);
}

/* Zeros enciphered are the key stream: SSRC and index 0, so that the IV is the salt alone. */
static void key_stream_is(enum sluice_srtp_profile profile, const char *key, const char *expected)
{
	struct srtp_keys keys = {0};
	struct fixture f;
	uint8_t stream[3 * 16];
	uint8_t room[12 + sizeof(stream) + SRTP_TAIL_MAX] = {0};
	struct srtp_job job = {.header_length = 12, .length = sizeof(stream)};

	hex_read(key, keys.rtp.cipher);
	hex_read("f0f1f2f3f4f5f6f7f8f9fafbfcfd", keys.rtp.salt);
	fixture_open(&f, profile, &keys);
	job.session = f.session;
	job.src = job.dst = room + 12;
	srtp_engine_ipsec_mb.protect(f.worker, &job, 1, NULL, 0);
	assert_true(job.ok);
	hex_read(expected, stream);
	assert_memory_equal(room + 12, stream, sizeof(stream));
	fixture_close(&f);
}

static void rfc3711_b2(void **state)
{
	key_stream_is(SLUICE_SRTP_CM80, "2b7e151628aed2a6abf7158809cf4f3c",
	              "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
	              "41e95b3bb0a2e8dd477901e4fca894c0");
}

static void rfc6188_7_1(void **state)
{
	key_stream_is(SLUICE_SRTP_CM256,
	              "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98",
	              "92bdd28a93c3f52511c677d08b5515a49da71b2378a854f67050756ded165bac"
	              "63c4868b7096d88421b563b8c94c9a31");
}

/* Which is also what AES_256_CM_PRF gives GCM's long keys, with a salt that no profile has. */
static void derivation(void **state)
{
	static const struct {
		struct srtp_profile_info profile;
		const char *master, *cipher, *salt, *auth;
	} rows[] = {
	        /* RFC 3711, B.3 */
	        {{.key_length = 16, .salt_length = 14},
	         "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6",
	         "c61e7a93744f39ee10734afe3ff7a087",
	         "30cbbc08863d8c85d49db34a9ae1",
	         "cebe321f6ff7716b6fd4ab49af256a156d38baa4"},
	        /* RFC 6188, 7.2 */
	        {{.key_length = 32, .salt_length = 14},
	         "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6"
	         "3b04803de51ee7c96423ab5b78d2",
	         "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
	         "fa31791685ca444a9e07c6c64e93",
	         "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"},
	};
	struct srtp_keys keys;
	uint8_t master[SLUICE_MEDIA_KEY_MAX], expected[32];
	unsigned int i;
	uint16_t length;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		hex_read(rows[i].master, master);
		assert_int_equal(srtp_keys_derive(&keys, &rows[i].profile, master), 0);
		length = hex_read(rows[i].cipher, expected);
		assert_memory_equal(keys.rtp.cipher, expected, length);
		length = hex_read(rows[i].salt, expected);
		assert_memory_equal(keys.rtp.salt, expected, length);
		length = hex_read(rows[i].auth, expected);
		assert_memory_equal(keys.rtp.auth, expected, length);
	}
}

/* RFC 7714, 16: below key derivation. */
static void rfc7714_rtp(void **state)
{
	static const struct {
		enum sluice_srtp_profile profile;
		const char *key, *text;
	} rows[] = {
	        {SLUICE_SRTP_GCM128, KEY_128,
	         "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a"
	         "51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce"},
	        {SLUICE_SRTP_GCM256, KEY_256,
	         "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a02"
	         "76ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13"},
	};
	static const char plain[] = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e6973206469"
	                            "7669736120696e207061727465732074726573";
	uint8_t expected[128], text[128];
	struct srtp_keys keys = {0};
	struct srtp_job job = {.header_length = 12, .length = 38, .index = 0xf17b};
	unsigned int i;
	uint16_t length;
	struct fixture f;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		hex_read(rows[i].key, keys.rtp.cipher);
		hex_read(SALT, keys.rtp.salt);
		fixture_open(&f, rows[i].profile, &keys);
		hex_read(plain, f.packet);
		hex_read(plain, text);
		job.session = f.session;
		job.src = job.dst = f.packet + 12;
		job.tag = f.packet + 50;
		memcpy(&job.ssrc, f.packet + 8, 4);
		srtp_engine_ipsec_mb.protect(f.worker, &job, 1, NULL, 0);
		length = hex_read(rows[i].text, expected);
		assert_memory_equal(f.packet, expected, length);
		srtp_engine_ipsec_mb.unprotect(f.worker, &job, 1);
		assert_true(job.ok);
		assert_memory_equal(f.packet, text, 50);
		fixture_close(&f);
	}
}

/* RFC 7714, 17: encrypted both ways, and tagged only, which is read though never written. */
static void rfc7714_rtcp(void **state)
{
	static const struct {
		enum sluice_srtp_profile profile;
		bool written;
		const char *key, *text;
	} rows[] = {
	        {SLUICE_SRTP_GCM128, true, KEY_128,
	         "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda"
	         "4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4"},
	        {SLUICE_SRTP_GCM256, true, KEY_256,
	         "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be"
	         "8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4"},
	        {SLUICE_SRTP_GCM128, false, KEY_128,
	         "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeef"
	         "deadbeefdeadbeefdeadbeef841dd9683dd78ec92ae58790125f62b3000005d4"},
	        {SLUICE_SRTP_GCM256, false, KEY_256,
	         "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeef"
	         "deadbeefdeadbeefdeadbeef91db4afbfeee5a978fab4393ed2615fe000005d4"},
	};
	static const char plain[] = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e"
	                            "61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
	uint8_t expected[128], text[128];
	struct srtp_keys keys = {0};
	unsigned int i;
	uint16_t length, bare;
	uint32_t index;
	struct fixture f;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		hex_read(rows[i].key, keys.rtcp.cipher);
		hex_read(SALT, keys.rtcp.salt);
		fixture_open(&f, rows[i].profile, &keys);
		bare = hex_read(plain, text);
		length = hex_read(rows[i].text, expected);
		if (rows[i].written) {
			memcpy(f.packet, text, bare);
			assert_int_equal(srtp_engine_ipsec_mb.protect_rtcp(f.worker, f.session,
			                                                   f.packet, bare, 0x5d4),
			                 length);
			assert_memory_equal(f.packet, expected, length);
		}
		memcpy(f.packet, expected, length);
		assert_int_equal(srtp_engine_ipsec_mb.unprotect_rtcp(f.worker, f.session, f.packet,
		                                                     length, 0, &index),
		                 bare);
		assert_int_equal(index, 0x5d4);
		assert_memory_equal(f.packet, text, bare);
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rfc3711_b2),   cmocka_unit_test(rfc6188_7_1),
	        cmocka_unit_test(derivation),   cmocka_unit_test(rfc7714_rtp),
	        cmocka_unit_test(rfc7714_rtcp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
