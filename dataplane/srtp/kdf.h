/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Session keys out of a master key (RFC 3711, 4.3; RFC 6188 for long keys; RFC 7714, 11 for GCM),
 * at a key derivation rate of zero: once for a session's life.
 */
#ifndef SRTP_KDF_H
#define SRTP_KDF_H

#include "srtp/profile.h"

#define SRTP_CIPHER_KEY_MAX 32
#define SRTP_AUTH_KEY_SIZE  20
#define SRTP_SALT_MAX       14

struct srtp_key_set {
	uint8_t cipher[SRTP_CIPHER_KEY_MAX];
	uint8_t auth[SRTP_AUTH_KEY_SIZE]; /* zeros for AEAD */
	uint8_t salt[SRTP_SALT_MAX];      /* zeros behind the profile's length */
};

struct srtp_keys {
	struct srtp_key_set rtp, rtcp;
};

/* master: key, then salt, as long as the profile says. 0 or -ENOMEM. The caller wipes `keys`. */
int srtp_keys_derive(struct srtp_keys *keys, const struct srtp_profile_info *profile,
                     const uint8_t *master);

#endif
