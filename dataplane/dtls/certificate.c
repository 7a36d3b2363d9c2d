/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls/certificate.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#define CERTIFICATES_MAX 16384 /* bytes of a client's message */
#define FRAGMENT_MAX     2048  /* bytes of a record of ours: no datagram has as many */
/* Where both sides have several the first one is chosen: GCM costs a third of the CPU. */
#define PROFILES                                                                                   \
	"SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80:"                      \
	"SRTP_AES128_CM_SHA1_32"
/* RSA: of a client's certificate, where we are the DTLS client. */
#define CIPHERS                                                                                    \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"                             \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:"             \
	"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA"

int certificate_fingerprint(const X509 *certificate, uint8_t digest,
                            struct sluice_fingerprint *fingerprint)
{
	unsigned int length = sizeof(fingerprint->bytes);
	const EVP_MD *md = digest == SLUICE_DIGEST_SHA256   ? EVP_sha256()
	                   : digest == SLUICE_DIGEST_SHA384 ? EVP_sha384()
	                   : digest == SLUICE_DIGEST_SHA512 ? EVP_sha512()
	                                                    : NULL;

	memset(fingerprint, 0, sizeof(*fingerprint));
	if (md == NULL || X509_digest(certificate, md, fingerprint->bytes, &length) != 1)
		return 0;
	fingerprint->digest = digest;
	fingerprint->length = (uint8_t)length;
	return 1;
}

static int certificate_fill(X509 *certificate, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	uint8_t serial[8];

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return 0;
	serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and no zero in front: DER has none */
	return X509_set_version(certificate, 2) &&
	       ASN1_STRING_set(X509_get_serialNumber(certificate), serial, sizeof(serial)) &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), -86400) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * CERTIFICATE_DAYS) !=
	               NULL &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"sluice", -1,
	                                  -1, 0) &&
	       X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
	       X509_sign(certificate, key, EVP_sha256());
}

int certificate_make(EVP_PKEY **key, X509 **certificate)
{
	*key = EVP_EC_gen("P-256");
	*certificate = X509_new();
	if (*key != NULL && *certificate != NULL && certificate_fill(*certificate, *key))
		return 0;
	EVP_PKEY_free(*key);
	X509_free(*certificate);
	return -ENOMEM;
}

int certificate_read(const struct sluice_ledger_certificate *record, EVP_PKEY **key,
                     X509 **certificate)
{
	const uint8_t *key_at = record->key, *certificate_at = record->certificate;
	time_t renew = time(NULL) + 86400L * CERTIFICATE_DAYS / 2;

	if (record->key_length > sizeof(record->key) ||
	    record->certificate_length > sizeof(record->certificate))
		return -EINVAL;
	*key = d2i_AutoPrivateKey(NULL, &key_at, record->key_length);
	*certificate = d2i_X509(NULL, &certificate_at, record->certificate_length);
	if (*key != NULL && *certificate != NULL &&
	    X509_check_private_key(*certificate, *key) == 1 &&
	    X509_cmp_time(X509_get0_notAfter(*certificate), &renew) > 0)
		return 0;
	EVP_PKEY_free(*key);
	X509_free(*certificate);
	return -EINVAL;
}

int certificate_write(struct sluice_ledger_certificate *record, EVP_PKEY *key, X509 *certificate)
{
	uint8_t *key_at = record->key, *certificate_at = record->certificate;
	int key_length = i2d_PrivateKey(key, NULL), length = i2d_X509(certificate, NULL);

	if (key_length <= 0 || (size_t)key_length > sizeof(record->key) || length <= 0 ||
	    (size_t)length > sizeof(record->certificate))
		return -EINVAL;
	i2d_PrivateKey(key, &key_at);
	i2d_X509(certificate, &certificate_at);
	record->key_length = (uint16_t)key_length;
	record->certificate_length = (uint16_t)length;
	return 0;
}

SSL_CTX *certificate_context(EVP_PKEY *key, X509 *certificate,
                             int (*judge)(X509_STORE_CTX *store, void *arg))
{
	SSL_CTX *context = SSL_CTX_new(DTLS_method());

	if (context == NULL)
		return NULL;
	SSL_CTX_set_security_level(context, 1); /* RSA certificates of 1024 bits are about */
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(context, judge, NULL);
	SSL_CTX_set_max_cert_list(context, CERTIFICATES_MAX);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET |
	                                     SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) != 1 ||
	    SSL_CTX_use_certificate(context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey(context, key) != 1 ||
	    SSL_CTX_set_cipher_list(context, CIPHERS) != 1 ||
	    SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") != 1 ||
	    SSL_CTX_set_max_send_fragment(context, FRAGMENT_MAX) != 1 ||
	    SSL_CTX_set_tlsext_use_srtp(context, PROFILES) != 0) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}
