/* SPDX-License-Identifier: BSD-3-Clause */
/* What we prove ourselves with: an ECDSA key on P-256, made at start, whose fingerprint stands in
 * each answer (RFC 8122, 5). */
#ifndef DTLS_CERTIFICATE_H
#define DTLS_CERTIFICATE_H

#include <openssl/ssl.h>

#include <sluice/session.h>

#define CERTIFICATE_DAYS 365

/* NULL: no memory. */
SSL_CTX *certificate_context(EVP_PKEY *key, X509 *certificate);
/* 0 or -ENOMEM; the caller frees both. */
int certificate_make(EVP_PKEY **key, X509 **certificate);
/* Of whichever digest `digest` names; false: there is no such. */
int certificate_fingerprint(const X509 *certificate, uint8_t digest,
                            struct sluice_fingerprint *fingerprint);

#endif
