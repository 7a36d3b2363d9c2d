/* SPDX-License-Identifier: BSD-3-Clause */
/* What a handshake has brought: whose certificate, and which keys (RFC 5764, 4.2). */
#include "dtls/certificate.h"
#include "dtls/state.h"
#include "session/state.h"
#include "srtp/profile.h"

#include <string.h>

#include <openssl/crypto.h>

#define EXPORT_LABEL "EXTRACTOR-dtls_srtp"

int association_certificate(X509_STORE_CTX *store, void *arg)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct association *association = SSL_get_app_data(ssl);
	const X509 *certificate = X509_STORE_CTX_get0_cert(store);
	struct sluice_fingerprint fingerprint;
	bool ok = false;

	for (uint8_t i = 0; certificate != NULL && i < association->n_fingerprints; i++) {
		const struct sluice_fingerprint *wanted = &association->fingerprints[i];

		if (certificate_fingerprint(certificate, wanted->digest, &fingerprint) &&
		    fingerprint.length == wanted->length &&
		    CRYPTO_memcmp(fingerprint.bytes, wanted->bytes, wanted->length) == 0)
			ok = true;
	}
	association->mismatch = !ok;
	if (!ok)
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return ok;
}

/* RFC 5764, 4.1.2; RFC 7714, 14.2 */
static bool profile_of(const SSL *ssl, uint8_t *profile)
{
	const SRTP_PROTECTION_PROFILE *selected =
	        SSL_get_selected_srtp_profile((SSL *)(uintptr_t)ssl);

	switch (selected != NULL ? selected->id : 0) {
	case SRTP_AEAD_AES_128_GCM:
		*profile = SLUICE_SRTP_GCM128;
		return true;
	case SRTP_AEAD_AES_256_GCM:
		*profile = SLUICE_SRTP_GCM256;
		return true;
	case SRTP_AES128_CM_SHA1_80:
		*profile = SLUICE_SRTP_CM80;
		return true;
	case SRTP_AES128_CM_SHA1_32:
		*profile = SLUICE_SRTP_CM32;
		return true;
	default:
		return false;
	}
}

/* client_write_key, server_write_key, client_write_salt, server_write_salt */
bool association_keys(const struct association *association, struct session_note *note,
                      struct session_keys *keys)
{
	uint8_t material[2 * SLUICE_MEDIA_KEY_MAX];
	const struct srtp_profile_info *info;
	const uint8_t *salts;
	uint8_t *client, *server;

	if (!profile_of(association->ssl, &note->profile))
		return false;
	info = &srtp_profiles[note->profile];
	if (SSL_export_keying_material(association->ssl, material,
	                               2 * (info->key_length + info->salt_length), EXPORT_LABEL,
	                               sizeof(EXPORT_LABEL) - 1, NULL, 0, 0) != 1)
		return false;
	client = association->active ? keys->tx : keys->rx;
	server = association->active ? keys->rx : keys->tx;
	salts = material + 2 * info->key_length;
	memcpy(client, material, info->key_length);
	memcpy(client + info->key_length, salts, info->salt_length);
	memcpy(server, material + info->key_length, info->key_length);
	memcpy(server + info->key_length, salts + info->salt_length, info->salt_length);
	OPENSSL_cleanse(material, sizeof(material));
	return true;
}
