/* SPDX-License-Identifier: BSD-3-Clause */
/* Time-limited TURN credentials: user name "EXPIRY:SESSION", password base64(HMAC-SHA1(secret, user
 * name)). */
#ifndef REGION_CREDENTIAL_H
#define REGION_CREDENTIAL_H

#include <stddef.h>
#include <stdint.h>

#define CREDENTIAL_USER_MAX     192
#define CREDENTIAL_PASSWORD_MAX 32

/* A secret, hashed once: the states behind HMAC's inner and outer padded key (RFC 2104). */
struct credential_key {
	uint64_t inner[12], outer[12]; /* SHA_CTX */
};

struct credential {
	char user[CREDENTIAL_USER_MAX];
	char password[CREDENTIAL_PASSWORD_MAX];
};

void credential_key_make(struct credential_key *key, const char *secret);
/* expires: seconds since 1970. 0, or -EINVAL: the session's name is too long. */
int credential_make(const struct credential_key *key, uint64_t expires, const char *session,
                    size_t length, struct credential *credential);

#endif
