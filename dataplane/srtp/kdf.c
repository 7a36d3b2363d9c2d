/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp/kdf.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

/* RFC 3711, 4.3.1 and 4.3.2; SRTCP's follow SRTP's in the same order. */
enum label { LABEL_CIPHER, LABEL_AUTH, LABEL_SALT, LABEL_RTCP };

#define LABEL_OFFSET 7 /* of a salt's 14 bytes: seven of key_id, the label the first of them */

struct prf {
	EVP_CIPHER_CTX *context;
	const EVP_CIPHER *cipher;
	const uint8_t *key;
	uint8_t salt[SRTP_SALT_MAX]; /* GCM's shorter one with zeros behind it */
};

/* The PRF is the counter mode's key stream (RFC 3711, 4.3.3): zeros enciphered. */
static int prf_expand(const struct prf *prf, unsigned int label, uint8_t *out, int length)
{
	static const uint8_t zeros[SRTP_CIPHER_KEY_MAX];
	uint8_t iv[16] = {0};
	int written, ok;

	memcpy(iv, prf->salt, sizeof(prf->salt));
	iv[LABEL_OFFSET] ^= label;
	ok = EVP_EncryptInit_ex(prf->context, prf->cipher, NULL, prf->key, iv) == 1 &&
	     EVP_EncryptUpdate(prf->context, out, &written, zeros, length) == 1;
	explicit_bzero(iv, sizeof(iv));
	return ok ? 0 : -ENOMEM;
}

static int set_derive(const struct prf *prf, unsigned int base,
                      const struct srtp_profile_info *profile, struct srtp_key_set *set)
{
	if (prf_expand(prf, base + LABEL_CIPHER, set->cipher, profile->key_length) < 0 ||
	    prf_expand(prf, base + LABEL_SALT, set->salt, profile->salt_length) < 0)
		return -ENOMEM;
	return profile->aead ? 0 : prf_expand(prf, base + LABEL_AUTH, set->auth, sizeof(set->auth));
}

int srtp_keys_derive(struct srtp_keys *keys, const struct srtp_profile_info *profile,
                     const uint8_t *master)
{
	struct prf prf = {
	        .context = EVP_CIPHER_CTX_new(),
	        .cipher = profile->key_length == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr(),
	        .key = master,
	};
	int result = -ENOMEM;

	memset(keys, 0, sizeof(*keys));
	memcpy(prf.salt, master + profile->key_length, profile->salt_length);
	if (prf.context != NULL && set_derive(&prf, 0, profile, &keys->rtp) == 0 &&
	    set_derive(&prf, LABEL_RTCP, profile, &keys->rtcp) == 0)
		result = 0;
	else
		explicit_bzero(keys, sizeof(*keys));
	EVP_CIPHER_CTX_free(prf.context); /* wipes its own key */
	explicit_bzero(&prf, sizeof(prf));
	return result;
}
