/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/media.h"

#include "dataplane.h"
#include "media/rtcp.h"
#include "media/state.h"

const struct media_counter_info media_counter_infos[] = {
        [MEDIA_FORWARDED] = {"forwarded", "packets written for subscribers"},
        [MEDIA_RETRANSMITTED] = {"retransmitted",
                                 "packets retransmitted to subscribers that asked"},
        [MEDIA_RTCP_RECEIVED] = {"rtcp_received", "RTCP compounds of endpoints", "compounds"},
        [MEDIA_RTCP_SENT] = {"rtcp_sent", "RTCP compounds of our own", "compounds"},
        [MEDIA_RTCP_UNSENT] = {"rtcp_unsent", "RTCP compounds of our own that found no way out",
                               "compounds"},
        [MEDIA_RTCP_USED_UP] =
                {"rtcp_used_up",
                 "RTCP compounds not sent: all indices of the key are used, give a new one",
                 "compounds"},
        [MEDIA_RTCP_MALFORMED] = {"rtcp_malformed", "RTCP whose lengths or counts are wrong",
                                  "compounds"},
        [MEDIA_RTCP_RATE] = {"rtcp_rate", "RTCP compounds beyond what an endpoint may send",
                             "compounds"},
        [MEDIA_RTCP_UNKNOWN] = {"rtcp_unknown", "reports and requests about an unknown SSRC",
                                "blocks"},
        [MEDIA_NACK_REFUSED] = {"nack_refused",
                                "packets not retransmitted: too many, too soon, or never sent"},
        [MEDIA_NACK_MISSED] = {"nack_missed", "packets asked for that the cache lacked"},
        [MEDIA_NACK_SENT] = {"nack_sent", "packets asked of publishers"},
        [MEDIA_KEY_FRAME_ASKED] = {"key_frame_asked", "key frames that subscribers asked for",
                                   "requests"},
        [MEDIA_KEY_FRAME_SENT] = {"key_frame_sent", "key frames asked of publishers", "requests"},
        [MEDIA_SILENT] = {"subscriber_silent",
                          "subscribers that reported and then did not for 30 s: held",
                          "subscribers"},
        [MEDIA_FEEDBACK_DROPPED] = {"feedback_dropped",
                                    "requests to publishers given up: too many streams have some",
                                    "requests"},
        [MEDIA_ASK_MERGED] = {"ask_merged",
                              "key frames asked for while another worker's owed one already",
                              "requests"},
        [MEDIA_ASK_FULL] = {"ask_full", "requests that another worker's ring had no room for",
                            "requests"},
        [MEDIA_EXT_TRUNCATED] = {"ext_truncated",
                                 "packets whose header extension ends within an element"},
        [MEDIA_NO_MBUF] = {"no_mbuf", "packets not written: no packet buffer was free"},
        [MEDIA_TOO_BIG] = {"too_big", "packets not written: longer than a packet buffer"},
        [MEDIA_NO_REMOTE] = {"no_remote",
                             "packets not written: the endpoint's address is not known yet"},
        [MEDIA_UNPROVEN] = {"unproven",
                            "packets not written: the endpoint's address has not proven "
                            "that it receives"},
        [MEDIA_BOUND] = {"bound",
                         "SSRCs that packets have bound to streams by rid, mid or payload type",
                         "SSRCs"},
        [MEDIA_TRANSPORT_SENT] = {"transport_feedback_sent",
                                  "messages to publishers of when their packets came", "messages"},
        [MEDIA_ESTIMATE_SENT] = {"estimate_sent",
                                 "RemoteEstimates to publishers: what their path has proven",
                                 "messages"},
        [MEDIA_ESTIMATE_CLEARED] = {"estimate_cleared",
                                    "RemoteEstimates taken back: something contradicted them",
                                    "publishers"},
        [MEDIA_REMB_SENT] = {"remb_sent", "REMBs to publishers without transport-wide feedback",
                             "messages"},
        [MEDIA_VIEWER_TOLD] = {"viewer_feedback", "messages of viewers of when their packets came",
                               "messages"},
        [MEDIA_VIEWER_UNMATCHED] = {"viewer_unmatched",
                                    "packets that viewers tell of, and were not sent"},
        [MEDIA_LAYER_UP] = {"layer_up", "higher layers that viewers' paths were found to carry",
                            "layers"},
        [MEDIA_LAYER_DOWN] = {"layer_down", "lower layers that viewers' paths made necessary",
                              "layers"},
        [MEDIA_TEMPORAL_CUT] = {"temporal_cut",
                                "packets of temporal layers that viewers' paths do not carry"},
        [MEDIA_PROBES] = {"probes", "times that a viewer's path was asked for more", "probes"},
        [MEDIA_PROBE_PACKETS] = {"probe_packets", "packets of padding for that"},
        [MEDIA_PACED] = {"paced", "packets of key frames, and behind them, that have waited for a "
                                  "viewer's path"},
        [MEDIA_COUNTERS] = {"cache_refused", "packets not kept: the caches hold all they may"},
};
const uint32_t media_counters_count = RTE_DIM(media_counter_infos);

static_assert(RTE_DIM(media_counter_infos) == MEDIA_COUNTERS + 1, "each counter has a name");

static uint64_t counter_of(const struct media_worker *media_worker, uint32_t index)
{
	const uint64_t *counter = index < MEDIA_COUNTERS ? &media_worker->counters[index]
	                                                 : &media_worker->rtcp->cache_quota.refused;

	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

uint64_t media_counter_sum(const struct dataplane *dp, uint32_t index)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < dp->n_workers; i++)
		sum += counter_of(dp->workers[i]->media, index);
	return sum;
}
