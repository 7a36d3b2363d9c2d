/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp/engine.h"

#include <string.h>

static const struct srtp_engine *const engines[] = {
        &srtp_engine_ipsec_mb,
        &srtp_engine_libsrtp2,
};

/* What it takes is only known by trying. */
static bool engine_runs(const struct srtp_engine *engine)
{
	struct srtp_worker *worker = engine->worker_create();

	if (worker == NULL)
		return false;
	engine->worker_destroy(worker);
	return true;
}

const struct srtp_engine *srtp_engine_choose(const char *name)
{
	bool any = name == NULL || strcmp(name, "auto") == 0;
	unsigned int i;

	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if ((any || strcmp(name, engines[i]->name) == 0) && engine_runs(engines[i]))
			return engines[i];
	}
	return NULL;
}
