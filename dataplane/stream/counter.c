/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane.h"
#include "stream/state.h"

const struct stream_counter_info stream_counter_infos[] = {
        [STREAM_CONNECTION] = {"connection", "connections of clients that came", "connections"},
        [STREAM_ENDED] = {"ended", "connections that their client has ended, or its network",
                          "connections"},
        [STREAM_REFUSED_FULL] = {"refused_full", "connections beyond those that there may be",
                                 "connections"},
        [STREAM_REFUSED_SOURCE] =
                {"refused_source",
                 "connections beyond those that one address or its prefix may have", "connections"},
        [STREAM_REFUSED_HANDSHAKES] =
                {"refused_handshakes",
                 "connections of an address or prefix that begins too many handshakes",
                 "connections"},
        [STREAM_REFUSED_MEMORY] = {"refused_memory",
                                   "times that no connection could be taken for want of "
                                   "descriptors or memory",
                                   "times"},
        [STREAM_DENIED] = {"denied",
                           "connections refused or closed since `gate deny` has their address",
                           "connections"},
        [STREAM_HANDSHAKE] = {"handshake", "handshakes of TLS and DTLS that were made",
                              "handshakes"},
        [STREAM_HANDSHAKE_FAILED] = {"handshake_failed",
                                     "handshakes of TLS and DTLS that came to nothing",
                                     "handshakes"},
        [STREAM_CLOSED_FIRST] = {"closed_first",
                                 "connections closed since no allocation was made, and no "
                                 "check was valid, in time",
                                 "connections"},
        [STREAM_CLOSED_IDLE] = {"closed_idle",
                                "connections closed: silent, and without an allocation or a "
                                "session's path any more",
                                "connections"},
        [STREAM_CLOSED_GARBAGE] = {"closed_garbage",
                                   "connections closed for what is neither STUN nor ChannelData",
                                   "connections"},
        [STREAM_CLOSED_TOO_LONG] = {"closed_too_long",
                                    "connections closed for a message longer than is taken",
                                    "connections"},
        [STREAM_CLOSED_MEMORY] = {"closed_memory",
                                  "connections closed for want of memory for what waits",
                                  "connections"},
        [STREAM_CLOSED_HANDSHAKES] = {"closed_handshakes",
                                      "connections closed whose handshake, or what came of its "
                                      "kind after it, was too long",
                                      "connections"},
        [STREAM_FROM_CLIENT] = {"from_client", "messages of clients", "messages"},
        [STREAM_TO_CLIENT] = {"to_client", "messages to clients", "messages"},
        [STREAM_SLOW] = {"slow", "messages dropped since their client reads too slowly",
                         "messages"},
        [STREAM_GONE] = {"gone", "messages dropped whose client had gone", "messages"},
        [STREAM_CUT] = {"cut",
                        "connections that have ended before their client read all that waited",
                        "connections"},
        [STREAM_NO_BUFFER] = {"no_buffer", "times that a client had to wait for a packet buffer",
                              "times"},
        [STREAM_BLOCKED] = {"blocked", "times that a client had to wait for its worker", "times"},
        [STREAM_UNREAD] =
                {"unread",
                 "connections that have ended before all that their client sent was taken",
                 "connections"},
        [STREAM_VERIFY] = {"verify",
                           "HelloVerifyRequests sent: who asks by DTLS is to show that it is there",
                           "packets"},
        [STREAM_VERIFY_REFUSED] = {"verify_refused",
                                   "ClientHellos without a cookie that the gate's rules dropped",
                                   "packets"},
        [STREAM_STRAY] = {"stray",
                          "datagrams at a DTLS listener that are of no connection and begin none",
                          "packets"},
        [STREAM_RETRANSMITTED] = {"retransmitted", "flights of DTLS handshakes sent again",
                                  "flights"},
        [STREAM_NO_MESSAGE] = {"no_message",
                               "records of DTLS dropped that hold neither STUN nor ChannelData",
                               "messages"},
        [STREAM_LOST] =
                {"lost",
                 "messages of DTLS clients dropped for want of room or of a buffer, or too long",
                 "messages"},
        [STREAM_PROXY_REFUSED] = {"proxy_refused",
                                  "connections from elsewhere than the listener's proxies",
                                  "connections"},
        [STREAM_PROXY_HEADER] =
                {"proxy_header",
                 "connections of proxies that did not say, in time or in version 2, whose they are",
                 "connections"},
        [STREAM_CLOSED_STRANGER] = {"closed_stranger",
                                    "connections to sessions closed that did not begin with a "
                                    "valid check",
                                    "connections"},
        [STREAM_TOO_LONG] = {"too_long",
                             "messages to clients dropped that no record of DTLS, or no frame, "
                             "can hold",
                             "messages"},
};
const uint32_t stream_counters_count = STREAM_COUNTERS;
static_assert(RTE_DIM(stream_counter_infos) == STREAM_COUNTERS, "each counter has a name");

uint64_t stream_counter_sum(const struct dataplane *dp, uint32_t index)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < dp->streams->n_threads; i++)
		sum += __atomic_load_n(&dp->streams->threads[i]->counters[index], __ATOMIC_RELAXED);
	return sum;
}
