/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/ip_counter.h"

const struct ip_counter_info ip_counter_infos[IP_COUNTERS] = {
        [IP_FRAGMENTED] = {"fragmented", "datagrams that left in fragments", "datagrams"},
        [IP_FRAGMENTS_SENT] = {"fragments_sent", "fragments that were made of them"},
        [IP_FRAGMENTS_TAKEN] = {"fragments_taken", "fragments that were kept for their datagram"},
        [IP_REASSEMBLED] = {"reassembled", "datagrams that became whole again", "datagrams"},
        [IP_TOO_BIG_LEARNED] = {"too_big_learned",
                                "ICMP errors that told of a smaller MTU on the way to a client or "
                                "a peer"},
        [IP_TOO_BIG_SENT] = {"too_big_sent", "ICMP errors that told a peer of a smaller MTU on the "
                                             "way to its client"},
        [IP_UNREACHABLE_SENT] = {"unreachable_sent",
                                 "ICMP errors for datagrams to a relayed port that nobody has"},
        [IP_ICMP_RELAYED] = {"icmp_relayed",
                             "ICMP errors about what a client sent, told to it in a Data "
                             "indication"},
};
