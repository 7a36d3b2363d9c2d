/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/state.h"

#include "dtls/dtls.h"
#include "worker.h"

#include <rte_common.h>

const struct session_counter_info ice_counter_infos[] = {
        [ICE_CHECKS] = {"checks", "valid connectivity checks, answered", "checks"},
        [ICE_NOMINATED] = {"nominated", "sessions whose first path was selected", "sessions"},
        [ICE_MOVED] = {"moved", "times that another path was selected", "moves"},
        [ICE_CONFLICTS] = {"conflicts", "checks that claim our role: answered with 487", "checks"},
        [ICE_UNKNOWN_ATTRIBUTE] = {"unknown_attribute",
                                   "checks with an attribute that has to be understood, and is "
                                   "not: answered with 420",
                                   "checks"},
        [ICE_HANDED_OVER] = {"handed_over",
                             "checks that came to another worker than the "
                             "session's",
                             "checks"},
        [ICE_RATE] = {"rate",
                      "checks that would have made a path or moved it, too many of their session: "
                      "answered, and no more",
                      "checks"},
        [ICE_HELD] = {"held", "DTLS before the first check, and SRTP before the keys, that waited "
                              "for them"},
        [ICE_NOTES_LOST] = {"notes_lost",
                            "news of paths and handshakes that the control thread was "
                            "too busy for",
                            "news"},
};
const uint32_t ice_counters_count = RTE_DIM(ice_counter_infos);
static_assert(RTE_DIM(ice_counter_infos) == ICE_COUNTERS_ALL, "each counter has a name");

const struct session_counter_info dtls_counter_infos[] = {
        [DTLS_STARTED] = {"started", "handshakes begun", "handshakes"},
        [DTLS_DONE] = {"done", "handshakes that brought keys", "handshakes"},
        [DTLS_FAILED_HANDSHAKE] = {"failed",
                                   "handshakes that failed by an alert or for want of a "
                                   "common profile",
                                   "handshakes"},
        [DTLS_FAILED_FINGERPRINT] = {"fingerprint",
                                     "handshakes with another certificate than the offer named",
                                     "handshakes"},
        [DTLS_FAILED_TIMEOUT] = {"timeout", "handshakes that took too long", "handshakes"},
        [DTLS_HALF_OPEN_FULL] = {"half_open_full",
                                 "handshakes not begun at once: too many are under way",
                                 "handshakes"},
        [DTLS_RETRANSMITTED] = {"retransmitted", "flights sent again", "flights"},
        [DTLS_RECEIVED] = {"received", "datagrams taken from the workers"},
        [DTLS_SENT] = {"sent", "datagrams given to the workers"},
        [DTLS_UNSENT] = {"unsent", "datagrams of our own that found no buffer, path or ring"},
        [DTLS_UNEXPECTED] = {"unexpected", "datagrams that no handshake waits for"},
        [DTLS_CLOSED] = {"closed", "sessions that their client has closed", "sessions"},
};
const uint32_t dtls_counters_count = RTE_DIM(dtls_counter_infos);
static_assert(RTE_DIM(dtls_counter_infos) == DTLS_COUNTERS, "each counter has a name");

uint64_t ice_counter_sum(const struct dataplane *dp, uint32_t index)
{
	uint64_t sum = 0;

	if (index == ICE_NOTES_LOST)
		return __atomic_load_n(&dp->sessions->notes_lost, __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < dp->n_workers; i++)
		sum += __atomic_load_n(&dp->workers[i]->sessions->counters[index],
		                       __ATOMIC_RELAXED);
	return sum;
}
