/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp_rig.h"

const struct srtp_engine *const engines[ENGINES] = {
        [IPSEC_MB] = &srtp_engine_ipsec_mb,
        [LIBSRTP2] = &srtp_engine_libsrtp2,
};

uint64_t draw(struct rig *rig, uint64_t below)
{
	rig->seed ^= rig->seed << 13;
	rig->seed ^= rig->seed >> 7;
	rig->seed ^= rig->seed << 17;
	return rig->seed % below;
}

void draw_bytes(struct rig *rig, uint8_t *bytes, size_t length)
{
	while (length-- > 0)
		*bytes++ = draw(rig, 256);
}

void rig_open(struct rig *rig, uint64_t seed)
{
	uint8_t key[SLUICE_MEDIA_KEY_MAX];
	unsigned int i, e;

	rig->seed = seed;
	for (e = 0; e < ENGINES; e++)
		rig->workers[e] = engines[e]->worker_create();
	if (rig->workers[IPSEC_MB] == NULL)
		skip();
	for (i = 0; i < SESSIONS; i++) {
		enum sluice_srtp_profile profile = i % SLUICE_SRTP_PROFILES;

		rig->profiles[i] = &srtp_profiles[profile];
		draw_bytes(rig, key, sizeof(key));
		for (e = 0; e < ENGINES; e++) {
			rig->tx[e][i] = engines[e]->session_create(profile, key);
			rig->rx[e][i] = engines[e]->session_create(profile, key);
			assert_non_null(rig->tx[e][i]);
			assert_non_null(rig->rx[e][i]);
		}
	}
}

void rig_close(struct rig *rig)
{
	unsigned int i, e;

	for (e = 0; e < ENGINES; e++) {
		for (i = 0; i < SESSIONS; i++) {
			engines[e]->session_destroy(rig->tx[e][i]);
			engines[e]->session_destroy(rig->rx[e][i]);
		}
		engines[e]->worker_destroy(rig->workers[e]);
	}
}
