/* SPDX-License-Identifier: BSD-3-Clause */
/* What we prove ourselves with: an ECDSA key on P-256, made at start, whose fingerprint stands in
 * each answer (RFC 8122, 5). */
#ifndef DTLS_CERTIFICATE_H
#define DTLS_CERTIFICATE_H

#include <openssl/ssl.h>

#include <sluice/ledger.h>
#include <sluice/session.h>

#define CERTIFICATE_DAYS 365 /* it is made again when it has half of them left */

/* judge: of a client's certificate, its own: by a fingerprint, before anything is agreed. NULL: no
 * memory. */
SSL_CTX *certificate_context(EVP_PKEY *key, X509 *certificate,
                             int (*judge)(X509_STORE_CTX *store, void *arg));
/* 0 or -ENOMEM; the caller frees both. */
int certificate_make(EVP_PKEY **key, X509 **certificate);
/* As the ledger keeps it; 0, or -EINVAL: it is none, too old, or does not fit. */
int certificate_read(const struct sluice_ledger_certificate *record, EVP_PKEY **key,
                     X509 **certificate);
int certificate_write(struct sluice_ledger_certificate *record, EVP_PKEY *key, X509 *certificate);
/* Of whichever digest `digest` names; 0: there is no such. */
int certificate_fingerprint(const X509 *certificate, uint8_t digest,
                            struct sluice_fingerprint *fingerprint);

#endif
