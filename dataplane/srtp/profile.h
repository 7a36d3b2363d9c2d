/* SPDX-License-Identifier: BSD-3-Clause */
/* The protection profiles: sizes in bytes. RFC 3711 8.2, RFC 6188, RFC 7714 14. */
#ifndef SRTP_PROFILE_H
#define SRTP_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/media.h>

#define SRTP_TAG_MAX 16

struct srtp_profile_info {
	const char *name; /* as IANA registers it; commands have common/words.h */
	uint8_t key_length, salt_length;
	uint8_t tag_length, rtcp_tag_length;
	bool aead;
};

extern const struct srtp_profile_info srtp_profiles[SLUICE_SRTP_PROFILES];

#endif
