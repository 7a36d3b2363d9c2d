/* SPDX-License-Identifier: BSD-3-Clause */
#include "browser_fixture.h"

#include "dtls/certificate.h"
#include "worker.h"

#include <rte_mbuf.h>
#include <rte_ring.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define EXPORT_LABEL "EXTRACTOR-dtls_srtp"

static void keep(void *arg, const uint8_t *data, size_t length)
{
	struct browser *browser = arg;

	assert_true(browser->n_out < BROWSER_QUEUE);
	assert_true(length <= sizeof(browser->out[0].bytes));
	browser->out[browser->n_out].length = (uint16_t)length;
	memcpy(browser->out[browser->n_out++].bytes, data, length);
}

static int anybody(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

void browser_make(struct browser *browser, struct dataplane *dp, uint16_t port,
                  const char *profiles, bool serves)
{
	BIO *bio;

	memset(browser, 0, sizeof(*browser));
	browser->dp = dp;
	browser->port = port;
	browser->io.send = keep;
	browser->io.arg = browser;
	assert_int_equal(certificate_make(&browser->key, &browser->certificate), 0);
	browser->context = SSL_CTX_new(DTLS_method());
	browser->method = datagram_method();
	assert_non_null(browser->context);
	assert_non_null(browser->method);
	SSL_CTX_set_verify(browser->context, SSL_VERIFY_PEER, anybody);
	SSL_CTX_set_options(browser->context, SSL_OP_NO_QUERY_MTU);
	assert_int_equal(SSL_CTX_use_certificate(browser->context, browser->certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(browser->context, browser->key), 1);
	if (profiles != NULL)
		assert_int_equal(SSL_CTX_set_tlsext_use_srtp(browser->context, profiles), 0);
	browser->ssl = SSL_new(browser->context);
	assert_non_null(browser->ssl);
	bio = datagram_bio(browser->method, &browser->io);
	assert_non_null(bio);
	SSL_set_bio(browser->ssl, bio, bio);
	SSL_set_mtu(browser->ssl, DATAGRAM_MTU);
	if (serves)
		SSL_set_accept_state(browser->ssl);
	else
		SSL_set_connect_state(browser->ssl);
}

void browser_free(struct browser *browser)
{
	SSL_free(browser->ssl);
	SSL_CTX_free(browser->context);
	BIO_meth_free(browser->method);
	EVP_PKEY_free(browser->key);
	X509_free(browser->certificate);
}

struct sluice_fingerprint browser_fingerprint(const struct browser *browser, uint8_t digest)
{
	struct sluice_fingerprint fingerprint;

	assert_int_equal(certificate_fingerprint(browser->certificate, digest, &fingerprint), 1);
	return fingerprint;
}

struct sluice_session browser_offer(const struct browser *browser, const char *id, uint8_t role,
                                    const char *stream)
{
	struct sluice_session session = offer(id, role, stream);

	session.fingerprints[0] = browser_fingerprint(browser, SLUICE_DIGEST_SHA256);
	return session;
}

void browser_step(struct browser *browser)
{
	uint8_t data[2048];

	if (browser_is_done(browser))
		SSL_read(browser->ssl, data, sizeof(data));
	else
		SSL_do_handshake(browser->ssl);
	browser->io.in = NULL;
}

bool browser_is_done(const struct browser *browser)
{
	return SSL_is_init_finished(browser->ssl);
}

static void browser_hear(struct browser *browser, const struct rte_mbuf *mbuf)
{
	browser->got++;
	if (browser->lose != 0) {
		browser->lose--;
		return;
	}
	browser->io.in = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	browser->io.in_length = mbuf->data_len;
	browser_step(browser);
}

unsigned int browsers_hear(struct browser *const browsers[], uint32_t count)
{
	struct rte_ring *inbox = browsers[0]->dp->workers[0]->inbox;
	struct rte_mbuf *mbuf;
	unsigned int heard = 0;

	while (rte_ring_dequeue(inbox, (void **)&mbuf) == 0) {
		const struct packet *packet = packet_of(mbuf);

		assert_int_equal(packet->entry, PACKET_ENTRY_IP_OUTPUT);
		assert_true(packet->flags & PACKET_DONT_FRAGMENT);
		for (uint32_t i = 0; i < count; i++)
			if (rte_be_to_cpu_16(packet->dst_port) == browsers[i]->port)
				browser_hear(browsers[i], mbuf);
		rte_pktmbuf_free(mbuf);
		heard++;
	}
	return heard;
}

void browser_keys(const struct browser *browser, uint8_t key_length, uint8_t salt_length,
                  struct session_keys *ours)
{
	uint8_t material[2 * SLUICE_MEDIA_KEY_MAX];
	const uint8_t *salts = material + 2 * key_length;
	uint8_t *client = SSL_is_server(browser->ssl) ? ours->tx : ours->rx;
	uint8_t *server = SSL_is_server(browser->ssl) ? ours->rx : ours->tx;

	memset(ours, 0, sizeof(*ours));
	assert_int_equal(SSL_export_keying_material(browser->ssl, material,
	                                            2 * (key_length + salt_length), EXPORT_LABEL,
	                                            strlen(EXPORT_LABEL), NULL, 0, 0),
	                 1);
	memcpy(client, material, key_length);
	memcpy(client + key_length, salts, salt_length);
	memcpy(server, material + key_length, key_length);
	memcpy(server + key_length, salts + salt_length, salt_length);
}
