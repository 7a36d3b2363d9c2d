/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp/profile.h"

const struct srtp_profile_info srtp_profiles[SLUICE_SRTP_PROFILES] = {
        [SLUICE_SRTP_GCM128] = {"AEAD_AES_128_GCM", 16, 12, 16, 16, true},
        [SLUICE_SRTP_GCM256] = {"AEAD_AES_256_GCM", 32, 12, 16, 16, true},
        [SLUICE_SRTP_CM80] = {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10, false},
        /* RFC 3711, 5.2 and 8.2: control packets are few and matter more, their tag stays long */
        [SLUICE_SRTP_CM32] = {"AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10, false},
        [SLUICE_SRTP_CM256] = {"AES_256_CM_HMAC_SHA1_80", 32, 14, 10, 10, false},
};
