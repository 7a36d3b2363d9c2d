/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/attack_log.h"

#include "common/log.h"

#include <inttypes.h>

void attack_log_follow(struct attack_log *log, bool host, const uint64_t counters[GATE_COUNTERS],
                       const char *more)
{
	const struct attack_log now = {
	        .host = host,
	        .prefixes = counters[GATE_EVENT_PREFIX_ATTACKED],
	        .prefixes_calm = counters[GATE_EVENT_PREFIX_CALM],
	};
	uint64_t began = now.prefixes - log->prefixes;
	uint64_t over = now.prefixes_calm - log->prefixes_calm;

	if (now.host != log->host)
		log_warning(SLUICE_LOG_GATE, "gate: %s",
		            now.host ? "the host is under attack: of unverified requests "
		                       "only the second arrival passes"
		                     : "the attack on the host is over");
	if (began != 0)
		log_warning(SLUICE_LOG_GATE, "gate: %" PRIu64 " prefix%s came under attack%s",
		            began, began == 1 ? "" : "es", more);
	if (over != 0)
		log_warning(SLUICE_LOG_GATE, "gate: the attack on %" PRIu64 " prefix%s is over",
		            over, over == 1 ? "" : "es");
	*log = now;
}
