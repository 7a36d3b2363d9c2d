/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls/rest.h"

#include "dtls/record.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/objects.h>
#include <openssl/params.h>

#define KEYS_LABEL      "key expansion" /* RFC 5246, 6.3 */
#define CONTENT_ALERT   21
#define ALERT_FATAL     2
#define ALERT_CLOSE     0 /* close_notify */
#define ALERT_SIZE      2
#define NONCE_EXPLICIT  8 /* RFC 5288, 3 */
#define TAG_SIZE        16
#define AAD_SIZE        13
#define EPOCH_ENCRYPTED 1 /* there is no renegotiation */

/* -- keys -- */

/* P_hash of RFC 5246, 5. */
static bool expand(const EVP_MD *digest, const uint8_t *secret, size_t secret_length,
                   const uint8_t *seed, size_t seed_length, uint8_t *block, size_t length)
{
	OSSL_PARAM params[] = {
	        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
	                                         (char *)(uintptr_t)EVP_MD_get0_name(digest), 0),
	        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)(uintptr_t)secret,
	                                          secret_length),
	        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)seed,
	                                          seed_length),
	        OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
	EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	bool well = context != NULL && EVP_KDF_derive(context, block, length, params) == 1;

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return well;
}

/* client_write_key, server_write_key, client_write_IV, server_write_IV: the peer's are kept. */
static bool key_take(struct dtls_rest *rest, const SSL *ssl, bool client)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	uint8_t seed[sizeof(KEYS_LABEL) - 1 + 2 * SSL3_RANDOM_SIZE];
	uint8_t master[SSL_MAX_MASTER_KEY_LENGTH], block[2 * (DTLS_REST_KEY + DTLS_REST_SALT)];
	uint8_t *random = seed + sizeof(KEYS_LABEL) - 1;
	size_t length, key = rest->key_length;
	bool well;

	memcpy(seed, KEYS_LABEL, sizeof(KEYS_LABEL) - 1);
	SSL_get_server_random(ssl, random, SSL3_RANDOM_SIZE);
	SSL_get_client_random(ssl, random + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE);
	length = SSL_SESSION_get_master_key(SSL_get0_session(ssl), master, sizeof(master));
	well = expand(SSL_CIPHER_get_handshake_digest(cipher), master, length, seed, sizeof(seed),
	              block, 2 * (key + DTLS_REST_SALT));
	memcpy(rest->key, block + client * key, key);
	memcpy(rest->salt, block + 2 * key + client * DTLS_REST_SALT, DTLS_REST_SALT);
	OPENSSL_cleanse(master, sizeof(master));
	OPENSSL_cleanse(block, sizeof(block));
	return well;
}

/* 0: no AES-GCM of DTLS 1.2. */
static uint8_t key_length_of(const SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

	if (cipher == NULL || SSL_version(ssl) != DTLS1_2_VERSION)
		return 0;
	switch (SSL_CIPHER_get_cipher_nid(cipher)) {
	case NID_aes_128_gcm:
		return 16;
	case NID_aes_256_gcm:
		return 32;
	default:
		return 0;
	}
}

/* -- close_notify -- */

static void close_keep(void *arg, const uint8_t *data, size_t length)
{
	struct dtls_rest *rest = arg;

	if (rest->close_length != 0 || length > sizeof(rest->close))
		return;
	memcpy(rest->close, data, length);
	rest->close_length = (uint8_t)length;
}

static bool close_take(struct dtls_rest *rest, SSL *ssl, struct datagram_io *io)
{
	const struct datagram_io kept = *io;

	if (SSL_alloc_buffers(ssl) != 1)
		return false;
	*io = (struct datagram_io){.send = close_keep, .arg = rest};
	SSL_shutdown(ssl);
	*io = kept;
	return rest->close_length != 0;
}

bool dtls_rest_make(struct dtls_rest *rest, SSL *ssl, struct datagram_io *io, bool client)
{
	*rest = (struct dtls_rest){.key_length = key_length_of(ssl)};
	if (rest->key_length != 0 && key_take(rest, ssl, client) && close_take(rest, ssl, io))
		return true;
	OPENSSL_cleanse(rest, sizeof(*rest));
	return false;
}

/* -- the peer's -- */

/* A record of an alert; its header is there, and as many bytes as that says. */
static bool alert_read(const struct dtls_rest *rest, const uint8_t *record,
                       uint8_t alert[ALERT_SIZE])
{
	const uint8_t *explicit = record + DTLS_RECORD_HEADER;
	const EVP_CIPHER *cipher = rest->key_length == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t nonce[DTLS_REST_SALT + NONCE_EXPLICIT], aad[AAD_SIZE];
	const uint8_t *sealed = explicit + NONCE_EXPLICIT;
	int length;
	bool well;

	memcpy(nonce, rest->salt, DTLS_REST_SALT);
	memcpy(nonce + DTLS_REST_SALT, explicit, NONCE_EXPLICIT);
	memcpy(aad, record + DTLS_RECORD_NUMBER_OFFSET, 8); /* epoch and number */
	memcpy(aad + 8, record, 3);                         /* type and version */
	aad[11] = 0;
	aad[12] = ALERT_SIZE;
	well = context != NULL &&
	       EVP_DecryptInit_ex(context, cipher, NULL, rest->key, nonce) == 1 &&
	       EVP_DecryptUpdate(context, NULL, &length, aad, AAD_SIZE) == 1 &&
	       EVP_DecryptUpdate(context, alert, &length, sealed, ALERT_SIZE) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE,
	                           (void *)(uintptr_t)(sealed + ALERT_SIZE)) == 1 &&
	       EVP_DecryptFinal_ex(context, alert + ALERT_SIZE, &length) == 1;
	EVP_CIPHER_CTX_free(context);
	return well;
}

bool dtls_rest_closes(const struct dtls_rest *rest, const uint8_t *data, size_t length)
{
	uint8_t alert[ALERT_SIZE];

	while (length >= DTLS_RECORD_HEADER) {
		size_t size = (size_t)data[DTLS_RECORD_LENGTH_OFFSET] << 8 |
		              data[DTLS_RECORD_LENGTH_OFFSET + 1];

		if (size > length - DTLS_RECORD_HEADER)
			return false;
		if (data[0] == CONTENT_ALERT && data[DTLS_RECORD_NUMBER_OFFSET] == 0 &&
		    data[DTLS_RECORD_NUMBER_OFFSET + 1] == EPOCH_ENCRYPTED &&
		    size == NONCE_EXPLICIT + ALERT_SIZE + TAG_SIZE && alert_read(rest, data, alert))
			return alert[0] == ALERT_FATAL || alert[1] == ALERT_CLOSE;
		data += DTLS_RECORD_HEADER + size;
		length -= DTLS_RECORD_HEADER + size;
	}
	return false;
}
