/* SPDX-License-Identifier: BSD-3-Clause */
/* The cases of sluice-bench srtp: what their paths say. */
#ifndef BENCH_SRTP_CASE_H
#define BENCH_SRTP_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "srtp/engine.h"

#include <sluice/media.h>

/* Who gets what: FANOUT of a path. */
struct srtp_audience {
	const char *name;
	uint32_t streams;
	uint32_t legs;   /* of each stream */
	uint32_t room;   /* endpoints that get each other's stream; 0: each leg has its own */
	bool extensions; /* packets have those of a browser ... */
	bool mapped;     /* ... that each subscription has under ids of its own */
	bool told;       /* what leaves is remembered until transport-wide feedback tells of it */
};

struct srtp_case {
	const struct srtp_audience *audience;
	enum sluice_srtp_profile profile;
	const struct srtp_engine *engine;
	uint16_t size; /* of the payload */
	uint16_t workers;
	bool checksum; /* computed by us */
};

extern const struct srtp_audience srtp_audiences[];
extern const size_t srtp_audiences_count;
/* How a leg is mapped. */
extern const struct sluice_subscription srtp_mapped;

/* Calls `run` with each case that the glob chooses, those of one audience, profile and engine after
 * each other; ends with the first that is not 0. */
int srtp_cases_each(const char *glob,
                    int (*run)(const struct srtp_case *test, const char *name, void *context),
                    void *context);

#endif
