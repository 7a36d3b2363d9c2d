/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole handshakes with a browser's OpenSSL, without the thread: keys, refusals, losses, the end.
 */
#include "browser_fixture.h"
#include "dtls_fixture.h"

#include "dtls/certificate.h"
#include "dtls/state.h"
#include "srtp/profile.h"
#include "worker.h"

#include <openssl/x509.h>
#include <rte_ring_elem.h>

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PORT     5000
#define PROFILES "SRTP_AEAD_AES_128_GCM"

/* Those of RFC 5764 and 7714; the others come from commands alone. */
#define BY_DTLS (SLUICE_SRTP_CM32 + 1)
static const char *const profile_names[BY_DTLS] = {
        [SLUICE_SRTP_GCM128] = "SRTP_AEAD_AES_128_GCM",
        [SLUICE_SRTP_GCM256] = "SRTP_AEAD_AES_256_GCM",
        [SLUICE_SRTP_CM80] = "SRTP_AES128_CM_SHA1_80",
        [SLUICE_SRTP_CM32] = "SRTP_AES128_CM_SHA1_32",
};

/* A browser and its session, whose handshake is the test's to drive. */
struct pair {
	struct dtls dtls;
	struct browser browser;
	struct association *association;
	struct sluice_session_made made;
	uint32_t session;
};

static struct pair pair;

static void pair_open(const struct sluice_fingerprint *fingerprints, uint8_t count, bool active)
{
	struct dtls_order order = {
	        .kind = DTLS_OPEN,
	        .active = active,
	        .n_fingerprints = count,
	        .session = pair.session,
	        .life = pair.dtls.sessions->list[pair.session].life,
	};

	memcpy(order.fingerprints, fingerprints, count * sizeof(*fingerprints));
	association_open(&pair.dtls, &order);
	pair.association = pair.dtls.list[pair.session];
	assert_non_null(pair.association);
}

/* active: we begin. Its path is selected already. */
static void pair_make(struct dataplane *dp, const char *profiles, bool active)
{
	struct sluice_fingerprint fingerprint;

	dtls_fill(&pair.dtls, dp);
	browser_make(&pair.browser, dp, PORT, profiles, active);
	pair.made = made_of(dp, "pair");
	checked(dp, &pair.made, PORT, true, 0);
	pair.session = session_named(dp->sessions, "pair");
	fingerprint = browser_fingerprint(&pair.browser, SLUICE_DIGEST_SHA256);
	pair_open(&fingerprint, 1, active);
}

static void pair_free(void)
{
	struct dataplane *dp = pair.browser.dp;
	struct browser *const browsers[] = {&pair.browser};

	if (pair.dtls.list[pair.session] != NULL)
		association_close(pair.dtls.list[pair.session]);
	browsers_hear(browsers, 1);
	assert_true(TAILQ_EMPTY(&pair.dtls.shaking) && TAILQ_EMPTY(&pair.dtls.queued));
	assert_int_equal(pair.dtls.n_shaking, 0);
	browser_free(&pair.browser);
	dtls_clear(&pair.dtls);
	end(dp, "pair");
}

static void receive(const uint8_t *data, size_t length)
{
	const struct packet packet = {
	        .flow.src = ip("198.18.1.2"),
	        .flow.src_port = RTE_BE16(PORT),
	        .dst = ip("198.18.1.1"),
	        .dst_port = RTE_BE16(3478),
	};

	association_receive(pair.association, data, length, &packet);
}

/* What the browser has sent comes. */
static uint32_t deliver(void)
{
	uint32_t count = pair.browser.n_out;

	pair.browser.n_out = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct browser_datagram datagram = pair.browser.out[i];

		receive(datagram.bytes, datagram.length);
	}
	return count;
}

/* Until neither has anything more to say. */
static void exchange(void)
{
	struct browser *const browsers[] = {&pair.browser};

	for (int i = 0; i < 64; i++)
		if (deliver() + browsers_hear(browsers, 1) == 0)
			return;
	fail_msg("they talk without end");
}

static void shake(void)
{
	association_begin(pair.association);
	browser_step(&pair.browser);
	exchange();
}

/* The next note of a kind, the reader's with its keys. */
static struct session_note note_next(enum session_note_kind kind)
{
	struct session_note note;

	if (rte_ring_sc_dequeue_elem(pair.dtls.sessions->notes, &note, sizeof(note)) != 0)
		fail_msg("no note of kind %d", kind);
	assert_int_equal(note.kind, kind);
	assert_int_equal(note.session, pair.session);
	assert_int_equal(note.life, pair.dtls.sessions->list[pair.session].life);
	return note;
}

static void keys_forget(struct session_note *note)
{
	OPENSSL_clear_free(note->keys, sizeof(*note->keys));
	note->keys = NULL;
}

static void shaken(void)
{
	struct session_note note;

	shake();
	assert_int_equal(pair.association->state, ASSOCIATION_DONE);
	note_next(NOTE_HELLO);
	note = note_next(NOTE_KEYS);
	keys_forget(&note);
}

/* -- what they agree to -- */

static void agree(struct dataplane *dp, uint8_t profile, bool active)
{
	const struct srtp_profile_info *info = &srtp_profiles[profile];
	struct session_keys keys;
	struct session_note note;

	pair_make(dp, profile_names[profile], active);
	shake();
	assert_true(browser_is_done(&pair.browser));
	assert_int_equal(pair.association->state, ASSOCIATION_DONE);
	note_next(NOTE_HELLO);
	note = note_next(NOTE_KEYS);
	assert_int_equal(note.profile, profile);
	assert_true(note.handshake_ms < DTLS_HANDSHAKE_S * 1000);
	browser_keys(&pair.browser, info->key_length, info->salt_length, &keys);
	assert_memory_equal(note.keys, &keys, sizeof(keys));
	assert_memory_not_equal(keys.rx, keys.tx, info->key_length);
	keys_forget(&note);
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_STARTED), 1);
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_DONE), 1);
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_UNEXPECTED), 0);
	assert_in_range(associations_timers(&pair.dtls), 1, DTLS_REST_S * 1000 + 1);
	pair_free();
}

static void each_profile_in_both_roles(void **state)
{
	for (uint8_t profile = 0; profile < BY_DTLS; profile++) {
		agree(*state, profile, false);
		agree(*state, profile, true);
	}
}

static void cheapest_profile_first(void **state)
{
	struct session_note note;

	pair_make(*state,
	          "SRTP_AES128_CM_SHA1_32:SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:"
	          "SRTP_AEAD_AES_128_GCM",
	          false);
	shake();
	note_next(NOTE_HELLO);
	note = note_next(NOTE_KEYS);
	assert_int_equal(note.profile, SLUICE_SRTP_GCM128);
	keys_forget(&note);
	pair_free();
}

static void each_digest(void **state)
{
	for (uint8_t digest = SLUICE_DIGEST_SHA256; digest <= SLUICE_DIGEST_SHA512; digest++) {
		struct sluice_fingerprint fingerprints[2] = {{.digest = 77, .length = 32}};

		pair_make(*state, PROFILES, false);
		fingerprints[1] = browser_fingerprint(&pair.browser, digest);
		assert_int_equal(fingerprints[1].length, 32 + 16 * digest);
		pair_open(fingerprints, 2, false); /* in the place of the one before */
		shaken();
		pair_free();
	}
}

/* -- what fails -- */

static void fails(uint8_t reason, enum dtls_counter counter)
{
	struct session_note note;

	assert_int_equal(pair.association->state, ASSOCIATION_OVER);
	note_next(NOTE_HELLO);
	note = note_next(NOTE_FAILED);
	assert_int_equal(note.reason, reason);
	assert_null(note.keys);
	assert_int_equal(dtls_counter_read(&pair.dtls, counter), 1);
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_DONE), 0);
	pair_free();
}

static void another_certificate(void **state)
{
	for (int active = 0; active < 2; active++) {
		struct sluice_fingerprint wrong;

		pair_make(*state, PROFILES, active != 0);
		wrong = browser_fingerprint(&pair.browser, SLUICE_DIGEST_SHA256);
		wrong.bytes[31] ^= 1;
		pair_open(&wrong, 1, active != 0);
		shake();
		fails(SLUICE_SESSION_FINGERPRINT, DTLS_FAILED_FINGERPRINT);
	}
}

static void no_srtp(void **state)
{
	pair_make(*state, NULL, false);
	shake();
	fails(SLUICE_SESSION_HANDSHAKE, DTLS_FAILED_HANDSHAKE);
}

static void no_cipher(void **state)
{
	pair_make(*state, PROFILES, false);
	assert_int_equal(SSL_set_cipher_list(pair.browser.ssl, "AES128-SHA256"), 1);
	shake();
	assert_false(browser_is_done(&pair.browser));
	fails(SLUICE_SESSION_HANDSHAKE, DTLS_FAILED_HANDSHAKE);
}

static void takes_too_long(void **state)
{
	pair_make(*state, PROFILES, true);
	association_begin(pair.association);
	assert_in_range(associations_timers(&pair.dtls), 0, DTLS_HANDSHAKE_S * 1000);
	pair.association->begun_ns -= (DTLS_HANDSHAKE_S + 1) * 1000000000ull;
	associations_timers(&pair.dtls);
	fails(SLUICE_SESSION_TIMEOUT, DTLS_FAILED_TIMEOUT);
}

/* An honest handshake has not a tenth of it. */
static void bytes_are_bounded(void **state)
{
	uint8_t filler[1100] = {22, 0xfe, 0xfd};

	filler[11] = (sizeof(filler) - 13) >> 8;
	filler[12] = (sizeof(filler) - 13) & 0xff;
	pair_make(*state, PROFILES, false);
	browser_step(&pair.browser);
	deliver();
	assert_int_equal(pair.association->state, ASSOCIATION_SHAKES);
	for (int i = 0; i < 60 && pair.association->state == ASSOCIATION_SHAKES; i++)
		receive(filler, sizeof(filler));
	assert_int_equal(pair.association->state, ASSOCIATION_OVER);
	fails(SLUICE_SESSION_HANDSHAKE, DTLS_FAILED_HANDSHAKE);
}

/* Neither what is no ClientHello, nor one to whom we are to send ours. */
static void only_a_hello_begins(void **state)
{
	const uint8_t alert[15] = {21, 0xfe, 0xfd, [12] = 2, [13] = 1};

	for (int active = 0; active < 2; active++) {
		pair_make(*state, PROFILES, active != 0);
		receive(alert, sizeof(alert));
		receive(alert, 3);
		assert_int_equal(pair.association->state, ASSOCIATION_WAITS);
		assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_UNEXPECTED), 2);
		assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_STARTED), 0);
		pair_free();
	}
}

/* -- losses -- */

/* Our first flight is lost: it goes again by our timer. */
static void lost_flight_goes_again(void **state)
{
	struct dataplane *dp = *state;
	struct browser *const browsers[] = {&pair.browser};

	pair_make(*state, PROFILES, false);
	browser_step(&pair.browser);
	deliver();
	pair.browser.lose = UINT32_MAX;
	assert_true(browsers_hear(browsers, 1) != 0);
	pair.browser.lose = 0;
	while (rte_ring_empty(dp->workers[0]->inbox)) {
		int ms = associations_timers(&pair.dtls);

		assert_in_range(ms, 0, DTLS_HANDSHAKE_S * 1000);
		if (rte_ring_empty(dp->workers[0]->inbox))
			poll(NULL, 0, ms);
	}
	assert_true(dtls_counter_read(&pair.dtls, DTLS_RETRANSMITTED) != 0);
	exchange();
	assert_true(browser_is_done(&pair.browser));
	assert_int_equal(pair.association->state, ASSOCIATION_DONE);
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_DONE), 1);
	sessions_poll(*state);
	pair_free();
}

/* Our last flight is lost: the browser's comes again, and is answered by what it waits for. */
static void last_flight_is_answered_again(void **state)
{
	struct browser *const browsers[] = {&pair.browser};

	pair_make(*state, PROFILES, false);
	for (int i = 0; pair.association->state != ASSOCIATION_DONE; i++) {
		assert_true(i < 64);
		browser_step(&pair.browser);
		deliver();
		if (pair.association->state != ASSOCIATION_DONE)
			browsers_hear(browsers, 1);
	}
	pair.browser.lose = UINT32_MAX;
	browsers_hear(browsers, 1);
	pair.browser.lose = 0;
	assert_false(browser_is_done(&pair.browser));
	while (!browser_is_done(&pair.browser)) { /* OpenSSL gives up by itself */
		struct timeval left = {0};

		assert_int_equal(DTLSv1_get_timeout(pair.browser.ssl, &left), 1);
		poll(NULL, 0, (int)(left.tv_sec * 1000 + left.tv_usec / 1000) + 1);
		assert_true(DTLSv1_handle_timeout(pair.browser.ssl) >= 0);
		exchange();
	}
	assert_true(browser_is_done(&pair.browser));
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_DONE), 1);
	sessions_poll(*state);
	pair_free();
}

#define HELLO_HEADERS 25 /* of its record, and of the handshake message (RFC 6347, 4.1, 4.2.2) */
#define HELLO_NUMBER  32 /* above those of the records to come, and in one window with them */
#define HELLO_REST    UINT16_MAX

static void number_write(uint8_t *at, uint32_t bytes, uint64_t number)
{
	for (uint32_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(number >> 8 * (bytes - 1 - i));
}

/* A part of the message as a record of its own. */
static void piece_receive(const struct browser_datagram *hello, uint32_t from, uint32_t length,
                          uint32_t number)
{
	struct browser_datagram piece = {.length = (uint16_t)(HELLO_HEADERS + length)};

	memcpy(piece.bytes, hello->bytes, HELLO_HEADERS);
	memcpy(piece.bytes + HELLO_HEADERS, hello->bytes + HELLO_HEADERS + from, length);
	number_write(piece.bytes + 5, 6, HELLO_NUMBER + number);
	number_write(piece.bytes + 11, 2, 12 + length);
	number_write(piece.bytes + 19, 3, from);
	number_write(piece.bytes + 22, 3, length);
	receive(piece.bytes, piece.length);
}

/* Browsers' are longer than a datagram since their keys are: pieces come in any order, twice, and
 * once more cut at other places. */
static void a_hello_in_pieces(void **state)
{
	static const struct {
		uint16_t from, length;
	} rows[][6] = {
	        {{0, 100}, {100, HELLO_REST}},
	        {{100, HELLO_REST}, {0, 100}},
	        {{50, 50}, {100, HELLO_REST}, {0, 50}},
	        {{100, HELLO_REST}, {100, HELLO_REST}, {0, 100}, {0, 100}},
	        {{120, HELLO_REST}, {0, 60}, {30, 120}},
	        {{0, 80}, {60, 60}, {40, 70}, {110, HELLO_REST}},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct browser_datagram hello;
		uint32_t body;

		pair_make(*state, PROFILES, false);
		browser_step(&pair.browser);
		assert_int_equal(pair.browser.n_out, 1);
		hello = pair.browser.out[0];
		pair.browser.n_out = 0;
		body = hello.length - HELLO_HEADERS;
		assert_in_range(body, 150, DATAGRAM_MTU);
		for (uint32_t n = 0; n < RTE_DIM(rows[i]) && rows[i][n].length != 0; n++)
			piece_receive(&hello, rows[i][n].from,
			              RTE_MIN(rows[i][n].length, body - rows[i][n].from), n);
		exchange();
		if (!browser_is_done(&pair.browser) || pair.association->state != ASSOCIATION_DONE)
			fail_msg("row %zu", i);
		assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_STARTED), 1);
		sessions_poll(*state);
		pair_free();
	}
}

/* -- what is sent -- */

/* To the path that is selected when it is sent, wherever what it answers came from. */
static void answers_go_where_the_browser_is(void **state)
{
	pair_make(*state, PROFILES, false);
	browser_step(&pair.browser);
	checked(*state, &pair.made, PORT + 1, true, 0);
	pair.browser.port = PORT + 1;
	exchange();
	assert_true(browser_is_done(&pair.browser));
	assert_int_equal(pair.association->state, ASSOCIATION_DONE);
	sessions_poll(*state);
	pair_free();
}

/* An address that has not shown that it receives: one flight, and three times what came. */
static void unproven_is_sent_little(void **state)
{
	static const uint8_t datagram[1000];

	pair_make(*state, PROFILES, false);
	for (int i = 0; i < 5; i++)
		association_send(pair.association, datagram, sizeof(datagram));
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_SENT), 3);
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_UNSENT), 2);
	pair.association->received = 1000;
	for (int i = 0; i < 5; i++)
		association_send(pair.association, datagram, sizeof(datagram));
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_SENT), 6);
	pair.association->life++; /* another session has its place */
	association_send(pair.association, datagram, sizeof(datagram));
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_SENT), 6);
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_UNSENT), 5);
	pair_free();
}

/* -- the end -- */

static void browser_closes(void **state)
{
	struct session_note note;

	pair_make(*state, PROFILES, false);
	shaken();
	SSL_shutdown(pair.browser.ssl);
	exchange();
	note = note_next(NOTE_CLOSED);
	assert_int_equal(note.reason, SLUICE_SESSION_CLOSED);
	assert_int_equal(pair.association->state, ASSOCIATION_OVER);
	assert_int_equal(dtls_counter_read(&pair.dtls, DTLS_CLOSED), 1);
	pair_free();
}

static void we_close(void **state)
{
	struct browser *const browsers[] = {&pair.browser};

	pair_make(*state, PROFILES, true);
	shaken();
	assert_false(SSL_get_shutdown(pair.browser.ssl) & SSL_RECEIVED_SHUTDOWN);
	association_close(pair.association);
	assert_null(pair.dtls.list[pair.session]);
	browsers_hear(browsers, 1);
	assert_true(SSL_get_shutdown(pair.browser.ssl) & SSL_RECEIVED_SHUTDOWN);
	pair_free();
}

/* When nothing of it can be sent again its state is given up: what is left reads the browser's
 * close_notify, and no other's, and sends ours. */
static void rests(void)
{
	pair.association->done_ns -= DTLS_REST_S * 1000000000ull;
	assert_int_equal(associations_timers(&pair.dtls), -1);
	assert_null(pair.association->ssl);
	assert_non_null(pair.association->rest);
}

static void a_resting_one_is_closed(void **state)
{
	static const char *const ciphers[] = {"ECDHE-ECDSA-AES128-GCM-SHA256",
	                                      "ECDHE-ECDSA-AES256-GCM-SHA384"};

	for (size_t i = 0; i < 2 * RTE_DIM(ciphers); i++) {
		struct browser_datagram *alert = &pair.browser.out[0];

		pair_make(*state, PROFILES, i % 2);
		assert_int_equal(SSL_set_cipher_list(pair.browser.ssl, ciphers[i / 2]), 1);
		shaken();
		rests();
		assert_int_equal(SSL_write(pair.browser.ssl, "hello", 5), 5);
		deliver();
		SSL_shutdown(pair.browser.ssl);
		assert_int_equal(pair.browser.n_out, 1);
		for (uint16_t at = 0; at < alert->length; at++) {
			alert->bytes[at] ^= 1;
			receive(alert->bytes, alert->length);
			receive(alert->bytes, at);
			alert->bytes[at] ^= 1;
		}
		assert_int_equal(pair.association->state, ASSOCIATION_DONE);
		assert_true(rte_ring_empty(pair.dtls.sessions->notes));
		deliver();
		assert_int_equal(note_next(NOTE_CLOSED).reason, SLUICE_SESSION_CLOSED);
		assert_int_equal(pair.association->state, ASSOCIATION_OVER);
		assert_null(pair.association->rest);
		pair_free();
	}
}

static void a_resting_one_closes(void **state)
{
	struct browser *const browsers[] = {&pair.browser};

	for (int active = 0; active < 2; active++) {
		pair_make(*state, PROFILES, active);
		shaken();
		rests();
		assert_false(SSL_get_shutdown(pair.browser.ssl) & SSL_RECEIVED_SHUTDOWN);
		association_close(pair.association);
		assert_null(pair.dtls.list[pair.session]);
		browsers_hear(browsers, 1);
		assert_true(SSL_get_shutdown(pair.browser.ssl) & SSL_RECEIVED_SHUTDOWN);
		pair_free();
	}
}

/* Of another cipher OpenSSL alone knows. */
static void another_cipher_does_not_rest(void **state)
{
	pair_make(*state, PROFILES, false);
	assert_int_equal(SSL_set_cipher_list(pair.browser.ssl, "ECDHE-ECDSA-CHACHA20-POLY1305"), 1);
	shaken();
	pair.association->done_ns -= DTLS_REST_S * 1000000000ull;
	assert_in_range(associations_timers(&pair.dtls), 1, DTLS_REST_S * 1000 + 1);
	assert_null(pair.association->rest);
	SSL_shutdown(pair.browser.ssl);
	exchange();
	assert_int_equal(note_next(NOTE_CLOSED).reason, SLUICE_SESSION_CLOSED);
	pair_free();
}

/* Application data is read and forgotten. */
static void data_are_not_for_us(void **state)
{
	pair_make(*state, PROFILES, false);
	shaken();
	assert_int_equal(SSL_write(pair.browser.ssl, "hello", 5), 5);
	exchange();
	assert_int_equal(pair.association->state, ASSOCIATION_DONE);
	assert_true(rte_ring_empty(pair.dtls.sessions->notes));
	pair_free();
}

/* -- what we prove ourselves with -- */

static void certificate_is_kept(void **state)
{
	static struct sluice_ledger_certificate record;
	struct sluice_fingerprint fingerprint, again;
	X509 *certificate, *read;
	EVP_PKEY *key, *read_key;

	(void)state;
	assert_int_equal(certificate_make(&key, &certificate), 0);
	assert_int_equal(certificate_write(&record, key, certificate), 0);
	assert_int_equal(certificate_read(&record, &read_key, &read), 0);
	certificate_fingerprint(certificate, SLUICE_DIGEST_SHA256, &fingerprint);
	certificate_fingerprint(read, SLUICE_DIGEST_SHA256, &again);
	assert_memory_equal(&fingerprint, &again, sizeof(fingerprint));
	assert_int_equal(certificate_fingerprint(read, 77, &again), 0);
	EVP_PKEY_free(read_key);
	X509_free(read);

	record.key_length = sizeof(record.key) + 1;
	assert_int_equal(certificate_read(&record, &read_key, &read), -EINVAL);
	certificate_write(&record, key, certificate);
	record.certificate[0] ^= 0xff;
	assert_int_equal(certificate_read(&record, &read_key, &read), -EINVAL);
	/* it would end while browsers still come */
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * (CERTIFICATE_DAYS / 2 - 1));
	X509_sign(certificate, key, EVP_sha256());
	assert_int_equal(certificate_write(&record, key, certificate), 0);
	assert_int_equal(certificate_read(&record, &read_key, &read), -EINVAL);
	EVP_PKEY_free(key);
	X509_free(certificate);
}

/* One in 256 of random serials would begin as DER forbids it: no browser could read it. */
static void each_certificate_is_read(void **state)
{
	(void)state;
	for (int i = 0; i < 1024; i++) {
		static struct sluice_ledger_certificate record;
		X509 *certificate, *read;
		EVP_PKEY *key, *read_key;

		assert_int_equal(certificate_make(&key, &certificate), 0);
		assert_int_equal(certificate_write(&record, key, certificate), 0);
		assert_int_equal(certificate_read(&record, &read_key, &read), 0);
		EVP_PKEY_free(read_key);
		X509_free(read);
		EVP_PKEY_free(key);
		X509_free(certificate);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_profile_in_both_roles),
	        cmocka_unit_test(cheapest_profile_first),
	        cmocka_unit_test(each_digest),
	        cmocka_unit_test(another_certificate),
	        cmocka_unit_test(no_srtp),
	        cmocka_unit_test(no_cipher),
	        cmocka_unit_test(takes_too_long),
	        cmocka_unit_test(bytes_are_bounded),
	        cmocka_unit_test(only_a_hello_begins),
	        cmocka_unit_test(lost_flight_goes_again),
	        cmocka_unit_test(last_flight_is_answered_again),
	        cmocka_unit_test(a_hello_in_pieces),
	        cmocka_unit_test(answers_go_where_the_browser_is),
	        cmocka_unit_test(unproven_is_sent_little),
	        cmocka_unit_test(browser_closes),
	        cmocka_unit_test(we_close),
	        cmocka_unit_test(a_resting_one_is_closed),
	        cmocka_unit_test(a_resting_one_closes),
	        cmocka_unit_test(another_cipher_does_not_rest),
	        cmocka_unit_test(data_are_not_for_us),
	        cmocka_unit_test(certificate_is_kept),
	        cmocka_unit_test(each_certificate_is_read),
	};

	return cmocka_run_group_tests(tests, session_setup, net_teardown);
}
