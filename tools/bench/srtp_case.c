/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp_case.h"

#include "common/words.h"
#include "srtp_population.h"

#include <rte_common.h>

#include <fnmatch.h>
#include <stdio.h>

#define SLOW_SUBSCRIPTIONS_MAX 10000

const struct srtp_audience srtp_audiences[] = {
        {"1", 1, 1, 0, false, false, false},
        {"10", 1, 10, 0, false, false, false},
        {"100", 1, 100, 0, false, false, false},
        {"100ext", 1, 100, 0, true, false, false},
        {"100map", 1, 100, 0, true, true, false},
        {"100told", 1, 100, 0, true, true, true},
        {"1000", 1, 1000, 0, false, false, false},
        {"rooms", 1000, 9, 10, false, false, false},     /* 100 rooms of 10 */
        {"1000x100", 1000, 100, 0, false, false, false}, /* 100,000 subscriptions */
};
const size_t srtp_audiences_count = RTE_DIM(srtp_audiences);

const struct sluice_subscription srtp_mapped = {
        .extensions = {[SLUICE_EXTENSION_MID] = 9,
                       [SLUICE_EXTENSION_TRANSPORT_NUMBER] = 7,
                       [SLUICE_EXTENSION_ABS_SEND_TIME] = 8,
                       [SLUICE_EXTENSION_AUDIO_LEVEL] = 1},
        .mid = "1",
        .n_pts = 1,
        .pt_from = {SRTP_POPULATION_PT},
        .pt_to = {100},
};

static const uint16_t sizes[] = {160, 1000};

static const struct srtp_engine *const engines[] = {&srtp_engine_ipsec_mb, &srtp_engine_libsrtp2};

static int case_run(const struct srtp_case *test, const char *glob,
                    int (*run)(const struct srtp_case *test, const char *name, void *context),
                    void *context)
{
	char name[64];

	/* a round gives each key its turn: minutes of an engine that takes microseconds */
	if (test->engine == &srtp_engine_libsrtp2 &&
	    test->audience->streams * test->audience->legs > SLOW_SUBSCRIPTIONS_MAX)
		return 0;
	snprintf(name, sizeof(name), "srtp/%s/%s/%u/%s/%u%s", profile_words[test->profile],
	         test->engine->name, test->size, test->audience->name, test->workers,
	         test->checksum ? "/cksum" : "");
	return fnmatch(glob, name, 0) == 0 ? run(test, name, context) : 0;
}

/* Those that one population for each number of workers can run. */
static int variants_each(struct srtp_case test, const char *glob,
                         int (*run)(const struct srtp_case *test, const char *name, void *context),
                         void *context)
{
	for (test.workers = 1; test.workers <= 2; test.workers++)
		for (size_t size = 0; size < RTE_DIM(sizes); size++)
			for (int checksum = 0; checksum < 2; checksum++) {
				int ret;

				test.size = sizes[size];
				test.checksum = checksum;
				ret = case_run(&test, glob, run, context);
				if (ret != 0)
					return ret;
			}
	return 0;
}

int srtp_cases_each(const char *glob,
                    int (*run)(const struct srtp_case *test, const char *name, void *context),
                    void *context)
{
	for (size_t audience = 0; audience < srtp_audiences_count; audience++)
		for (size_t engine = 0; engine < RTE_DIM(engines); engine++)
			for (int profile = 0; profile < SLUICE_SRTP_PROFILES; profile++) {
				struct srtp_case test = {.audience = &srtp_audiences[audience],
				                         .engine = engines[engine],
				                         .profile = profile};
				int ret = variants_each(test, glob, run, context);

				if (ret != 0)
					return ret;
			}
	return 0;
}
