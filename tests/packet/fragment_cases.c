/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes: what is larger than its way leaves in fragments, what comes in fragments is made whole,
 * and ICMP tells of ways that are narrower than ours. */
#include "steps.h"

#include "dataplane.h"
#include "net/port.h"

#include <stdio.h>

#define READY         ALLOCATE(CLIENT_A4), BIND(CLIENT_A4, PEER4, 0x4000)
#define READY_6       ALLOCATE_6(CLIENT_A6), BIND(CLIENT_A6, PEER6, 0x4000)
#define FROM_CLIENT   CHANNEL_DATA, CLIENT_A4, PEER4, .channel = 0x4000
#define FROM_CLIENT_6 CHANNEL_DATA, CLIENT_A6, PEER6, .channel = 0x4000
#define FROM_PEER     PEER_DATA, PEER4, A4_RELAYED4, .arrives_on = 0x4000
#define FROM_PEER_6   PEER_DATA, PEER6, A6_RELAYED6, .arrives_on = 0x4000
/* without a channel */
#define FROM_PORT PEER_DATA, PEER4_PORT, A4_RELAYED4
#define JUMBO     .mbuf_size = 10240
/* the first fragment of two, and never the second */
#define FIRST_ALONE                                                                                \
	{                                                                                          \
		FROM_CLIENT, .length = 1472, .cut = 1400, .how = CUT_WITHOUT_LAST, .kept = true    \
	}

static bool ports_set(struct scene *scene, unsigned int port, uint16_t mtu)
{
	scene->rig.dp->ports->table[scene->rig.ports[port].index].mtu = mtu;
	return true;
}

static bool peers_have_1280(struct scene *scene)
{
	return ports_set(scene, 1, 1280);
}

static bool clients_have_1500(struct scene *scene)
{
	return ports_set(scene, 0, 1500);
}

static bool timeouts_are(struct scene *scene, uint64_t count)
{
	return scene_drops(scene, DROP_FRAGMENT_TIMEOUT) == count;
}

static bool one_timeout(struct scene *scene)
{
	return timeouts_are(scene, 1);
}

static bool buffers_are_back(struct scene *scene)
{
	return rte_mempool_in_use_count(scene->rig.dp->datagrams) == 0;
}

static bool first_fragment_full(struct scene *scene)
{
	return scene_drops(scene, DROP_FRAGMENT_FULL) == 1;
}

static const struct packet_case cases[] = {
        {
                .name = "a peer's datagrams that fill 1500 bytes, IPv4",
                .steps = {READY,
                          {FROM_PEER, .length = 1468},
                          {FROM_PEER, .length = 1469, .pieces = 2},
                          {FROM_PEER, .length = 1472, .pieces = 2},
                          {FROM_PEER, .length = 1472, .dont_fragment = true, .pieces = 2},
                          {FROM_PORT, .length = 1436},
                          {FROM_PORT, .length = 1437, .pieces = 2},
                          {FROM_PORT, .length = 1472, .pieces = 2, .traffic_class = 0xb8},
                          {FROM_PORT, .length = 1472, .no_checksum = true, .sum_none = true,
                           .pieces = 2},
                          {FROM_PORT, .length = 1471, .checksum_open = true, .pieces = 2}},
        },
        {
                .name = "a peer's datagrams that fill 1500 bytes, IPv6",
                .steps = {READY_6,
                          {FROM_PEER_6, .length = 1448},
                          {FROM_PEER_6, .length = 1452, .pieces = 2},
                          ALLOCATE_6(CLIENT_A4),
                          PERMIT(CLIENT_A4, PEER6),
                          {PEER_DATA, PEER6, A4_RELAYED6, .length = 1424},
                          {PEER_DATA, PEER6, A4_RELAYED6, .length = 1452, .pieces = 2}},
        },
        {
                .name = "a client's datagrams in fragments, ChannelData and indications",
                .steps = {READY,
                          {FROM_CLIENT, .length = 1472, .cut = 1480},
                          {FROM_CLIENT, .length = 1472, .cut = 104, .how = CUT_MIXED},
                          {FROM_CLIENT, .length = 1472, .cut = 504, .how = CUT_TWICE},
                          {FROM_CLIENT, .length = 1400, .cut = 480, .vlan = 7, .hop_limit = 9,
                           .traffic_class = 0x28},
                          {SEND, CLIENT_A4, PEER4, .length = 1472, .cut = 1480},
                          {SEND, CLIENT_A4, PEER4, .length = 3000, .cut = 1480, .pieces = 3},
                          {FROM_CLIENT, .length = 8000, .cut = 1480, .pieces = 6},
                          {FROM_CLIENT, .length = 1000, .cut = 504, .no_checksum = true,
                           .sum_none = true},
                          {CALL, .call = buffers_are_back}},
        },
        {
                .name = "a client's datagrams in fragments, IPv6",
                .steps = {READY_6,
                          {FROM_CLIENT_6, .length = 1452, .cut = 1448},
                          {FROM_CLIENT_6, .length = 1452, .cut = 64, .how = CUT_MIXED},
                          {SEND, CLIENT_A6, PEER6, .length = 3000, .cut = 1448, .pieces = 3},
                          {FROM_PEER_6, .length = 3000, .cut = 1448, .pieces = 3},
                          {CALL, .call = buffers_are_back}},
        },
        {
                .name = "a peer's datagrams in fragments",
                .steps = {READY,
                          {FROM_PEER, .length = 1472, .cut = 1400, .pieces = 2},
                          {FROM_PEER, .length = 3000, .cut = 1480, .how = CUT_MIXED, .pieces = 3},
                          {FROM_PORT, .length = 3000, .cut = 1480, .pieces = 3},
                          {FROM_PORT, .length = 9000, .cut = 1480, .pieces = 7},
                          {FROM_PEER, .length = 1000, .cut = 400}},
        },
        {
                .name = "two clients of one host send each other more than a frame",
                .steps = {READY,
                          ALLOCATE(CLIENT_B4),
                          PERMIT(CLIENT_A4, B4_RELAYED4),
                          PERMIT(CLIENT_B4, A4_RELAYED4),
                          {SEND, CLIENT_A4, B4_RELAYED4, .length = 1440, .pieces = 2},
                          {SEND, CLIENT_A4, B4_RELAYED4, .length = 3000, .cut = 1480, .pieces = 3}},
        },
        {
                .name = "fragments meet on one worker, whichever receives them",
                .config = {.workers = 2, .one_queue = true},
                .steps = {READY,
                          READY_6,
                          {FROM_CLIENT, .length = 1472, .cut = 1480},
                          {FROM_PEER, .length = 3000, .cut = 1480, .pieces = 3},
                          {FROM_CLIENT_6, .length = 1452, .cut = 1000},
                          {FROM_PEER_6, .length = 3000, .cut = 1448, .pieces = 3}},
        },
        {
                .name = "the way to the peer is narrower",
                .steps = {READY,
                          {CALL, .call = peers_have_1280},
                          {FROM_CLIENT, .length = 1252},
                          {FROM_CLIENT, .length = 1253, .pieces = 2, .mtu = 1280},
                          {FROM_CLIENT, .length = 1400, .dont_fragment = true, .pieces = 2,
                           .mtu = 1280},
                          {SEND, CLIENT_A4, PEER4, .length = 1300, .pieces = 2, .mtu = 1280},
                          {SEND, CLIENT_A4, PEER4, .length = 1300, .request.dont_fragment = true,
                           .drop = DROP_TOO_BIG}},
        },
        {
                .name = "jumbo frames to a way of 1500",
                .config = {JUMBO, .mtu = 9000},
                .steps = {READY,
                          {CALL, .call = clients_have_1500},
                          {FROM_PEER, .length = 8900, .pieces = 7},
                          {FROM_CLIENT, .length = 8900}},
        },
        {
                .name = "fragments that contradict each other",
                .steps = {READY,
                          {FROM_CLIENT, .length = 1472, .cut = 1400, .how = CUT_OVERLAP,
                           .drop = DROP_FRAGMENT_OVERLAP},
                          {FROM_CLIENT, .length = 1472, .cut = 1400, .how = CUT_WITHOUT_FIRST,
                           .drop = DROP_KERNEL_NONE},
                          {CALL, .call = buffers_are_back},
                          {FROM_CLIENT, .length = 1472, .cut = 1400, .how = CUT_WITHOUT_LAST,
                           .kept = true},
                          {FROM_CLIENT, .length = 1472, .cut = 1400},
                          {LATER, .seconds = 4},
                          {SWEEP},
                          {CALL, .call = one_timeout},
                          {CALL, .call = buffers_are_back},
                          {FROM_CLIENT, .length = 1472, .cut = 1400}},
        },
        {
                .name = "one source's first fragments displace its own alone",
                .steps = {READY,
                          FIRST_ALONE,
                          FIRST_ALONE,
                          FIRST_ALONE,
                          FIRST_ALONE,
                          FIRST_ALONE,
                          FIRST_ALONE,
                          FIRST_ALONE,
                          FIRST_ALONE,
                          {FROM_PEER, .length = 1472, .cut = 1400, .how = CUT_WITHOUT_LAST,
                           .kept = true},
                          {FROM_CLIENT, .length = 1472, .cut = 1400, .drop = DROP_FRAGMENT_FULL,
                           .rest_left = true},
                          {CALL, .call = first_fragment_full}},
        },
        {
                .name = "strangers' fragments, and requests in fragments, are not kept",
                .steps = {READY,
                          {PEER_DATA, PEER4_OTHER, A4_RELAYED4, .length = 1000, .cut = 800,
                           .how = CUT_WITHOUT_LAST, .drop = DROP_TURN_NO_PERMISSION},
                          {CHANNEL_DATA, CLIENT_B4, PEER4, .channel = 0x4000, .length = 1000,
                           .cut = 800, .how = CUT_WITHOUT_LAST, .drop = DROP_TURN_NO_ALLOCATION},
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_BINDING},
                           .proof = PROOF_NONE, .cut = 16, .how = CUT_WITHOUT_LAST,
                           .drop = DROP_IP_FRAGMENT}},
        },
        {
                .name = "a client behind 1400 bytes",
                .steps = {READY,
                          PERMIT(CLIENT_A4, PEER4),
                          {FROM_PEER, .length = 1468, .dont_fragment = true},
                          {ICMP, CLIENT_A4, .mtu = 1400, .length = 1500, .drop = DROP_ICMP_TAKEN},
                          {FROM_PEER, .length = 1368, .dont_fragment = true},
                          {FROM_PEER, .length = 1369, .pieces = 2, .mtu = 1400},
                          {FROM_PEER, .length = 1468, .dont_fragment = true, .pieces = 2,
                           .mtu = 1400, .tells = 1396},
                          {FROM_PORT, .length = 1400, .dont_fragment = true, .pieces = 2,
                           .mtu = 1400, .tells = 1361},
                          {ICMP, CLIENT_A4, .mtu = 1280, .length = 1400, .drop = DROP_ICMP_TAKEN},
                          {FROM_PEER, .length = 1300, .pieces = 2, .mtu = 1280},
                          {LATER, .seconds = 640},
                          ALLOCATE(CLIENT_A4),
                          BIND(CLIENT_A4, PEER4, 0x4000),
                          {FROM_PEER, .length = 1468, .dont_fragment = true}},
        },
        {
                .name = "a client behind 1280 bytes, IPv6",
                .steps = {READY_6,
                          {ICMP, CLIENT_A6, .mtu = 1280, .length = 1500, .drop = DROP_ICMP_TAKEN},
                          {FROM_PEER_6, .length = 1228},
                          {FROM_PEER_6, .length = 1229, .pieces = 2, .mtu = 1280}},
        },
        {
                .name = "ICMP errors about what a client sent are told to it",
                .steps = {READY,
                          {ICMP, PEER4, A4_RELAYED4},
                          {ICMP, PEER4, A4_RELAYED4, .mtu = 1300},
                          {FROM_CLIENT, .length = 1273, .pieces = 2, .mtu = 1300},
                          ALLOCATE_6(CLIENT_A6),
                          PERMIT(CLIENT_A6, PEER6),
                          {ICMP, PEER6, A6_RELAYED6},
                          {ICMP, PEER6, A6_RELAYED6, .mtu = 1400}},
        },
        {
                .name = "ICMP errors that nobody need believe",
                .steps = {READY,
                          {ICMP, PEER4_OTHER, A4_RELAYED4, .mtu = 1300, .drop = DROP_ICMP_UNKNOWN},
                          {ICMP, CLIENT_B4, .mtu = 1300, .drop = DROP_ICMP_UNKNOWN},
                          /* about one that was smaller */
                          {ICMP, CLIENT_A4, .mtu = 1400, .length = 1300, .drop = DROP_ICMP_TAKEN},
                          {FROM_PEER, .length = 1468},
                          /* nobody's way takes less than 552 bytes */
                          {ICMP, CLIENT_A4, .mtu = 68, .length = 1300, .drop = DROP_ICMP_TAKEN},
                          {FROM_PEER, .length = 520},
                          {FROM_PEER, .length = 521, .pieces = 2, .mtu = 552}},
        },
        {
                .name = "a relayed port that nobody has",
                .steps = {READY,
                          REFRESH(CLIENT_A4, 0),
                          {PEER_DATA, PEER4, A4_RELAYED4, .length = 60, .unreachable = true,
                           .drop = DROP_TURN_NO_ALLOCATION},
                          {PEER_DATA, PEER4, A4_RELAYED4, .length = 60, .vlan = 9,
                           .unreachable = true, .drop = DROP_TURN_NO_ALLOCATION},
                          /* the answer would have as many bytes */
                          {PEER_DATA, PEER4, A4_RELAYED4, .length = 46,
                           .drop = DROP_TURN_NO_ALLOCATION},
                          {PEER_DATA, PEER4, A4_RELAYED4, .empty = true,
                           .drop = DROP_TURN_NO_ALLOCATION},
                          ALLOCATE_6(CLIENT_A6),
                          REFRESH(CLIENT_A6, 0),
                          {PEER_DATA, PEER6, A6_RELAYED6, .length = 80, .unreachable = true,
                           .drop = DROP_TURN_NO_ALLOCATION}},
        },
};

const struct case_table fragment_cases = {cases, RTE_DIM(cases)};
