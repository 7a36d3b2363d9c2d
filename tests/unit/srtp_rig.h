/* SPDX-License-Identifier: BSD-3-Clause */
/* Both engines, sessions of each profile under random keys, and whatever else is drawn by lot. */
#ifndef SRTP_RIG_H
#define SRTP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "srtp/engine.h"

#define SESSIONS   6
#define GUARD_BYTE 0xa5
#define MKI_MAX    8

enum { IPSEC_MB, LIBSRTP2, ENGINES };

extern const struct srtp_engine *const engines[ENGINES];

struct rig {
	struct srtp_worker *workers[ENGINES];
	struct srtp_session *tx[ENGINES][SESSIONS], *rx[ENGINES][SESSIONS];
	const struct srtp_profile_info *profiles[SESSIONS];
	uint64_t seed;
};

uint64_t draw(struct rig *rig, uint64_t below);
void draw_bytes(struct rig *rig, uint8_t *bytes, size_t length);

/* Skips the test on a CPU that has no AES. */
void rig_open(struct rig *rig, uint64_t seed);
void rig_close(struct rig *rig);

#endif
