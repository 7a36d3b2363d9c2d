/* SPDX-License-Identifier: BSD-3-Clause */
/* The DTLS of a browser: OpenSSL's, in memory, against the shipped one. */
#ifndef BROWSER_FIXTURE_H
#define BROWSER_FIXTURE_H

#include "session_fixture.h"

#include "dtls/datagram.h"
#include "dtls/dtls.h"

#include <openssl/ssl.h>

#define BROWSER_QUEUE 64

struct browser_datagram {
	uint16_t length;
	uint8_t bytes[2048];
};

struct browser {
	struct dataplane *dp;
	uint16_t port;
	EVP_PKEY *key;
	X509 *certificate;
	SSL_CTX *context;
	BIO_METHOD *method;
	SSL *ssl;
	struct datagram_io io;
	/* what it has sent, and nobody has taken */
	struct browser_datagram out[BROWSER_QUEUE];
	uint32_t n_out;
	uint32_t lose; /* so many datagrams of ours do not come */
	uint32_t got;  /* of ours */
};

/* profiles: as OpenSSL names them, NULL: no SRTP; serves: it waits for our ClientHello. */
void browser_make(struct browser *browser, struct dataplane *dp, uint16_t port,
                  const char *profiles, bool serves);
void browser_free(struct browser *browser);
struct sluice_fingerprint browser_fingerprint(const struct browser *browser, uint8_t digest);
/* An offer with its fingerprint. */
struct sluice_session browser_offer(const struct browser *browser, const char *id, uint8_t role,
                                    const char *stream);
/* What it has to do without news. */
void browser_step(struct browser *browser);
bool browser_is_done(const struct browser *browser);
/* What workers would send goes to the browser whose port it names; how many there were. */
unsigned int browsers_hear(struct browser *const browsers[], uint32_t count);
/* Keys as RFC 5764 has them: what it sends with, and what it reads with. */
void browser_keys(const struct browser *browser, uint8_t key_length, uint8_t salt_length,
                  struct session_keys *ours);

#endif
