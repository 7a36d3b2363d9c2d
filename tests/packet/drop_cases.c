/* SPDX-License-Identifier: BSD-3-Clause */
/* Each reason for a drop that needs no kernel; and what existed works on. */
#include "steps.h"

#include "dataplane.h"
#include "net/port.h"

#define READY ALLOCATE_BOTH(CLIENT_A4), BIND(CLIENT_A4, PEER4, 0x4000)
#define STILL                                                                                      \
	{                                                                                          \
		CHANNEL_DATA, CLIENT_A4, PEER4, .channel = 0x4000                                  \
	}
#define FROM_CLIENT CHANNEL_DATA, CLIENT_A4, PEER4, .channel = 0x4000
#define FROM_PEER   PEER_DATA, PEER4, A4_RELAYED4, .arrives_on = 0x4000

static bool peer_port_down(struct scene *scene)
{
	scene->rig.dp->ports->table[scene->rig.ports[1].index].state = SLUICE_PORT_DOWN;
	return true;
}

/* Until it takes no more; one frame, many times. */
static bool peer_ring_fill(struct scene *scene)
{
	struct rte_ring *ring = scene->rig.ports[1].out[0];
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(scene->rig.dp->pool);

	while (rte_ring_enqueue(ring, mbuf) == 0)
		rte_mbuf_refcnt_update(mbuf, 1);
	rte_pktmbuf_free(mbuf);
	return true;
}

static bool peer_ring_empty(struct scene *scene)
{
	struct rte_mbuf *mbuf;

	while ((mbuf = rig_collect(&scene->rig, 1)) != NULL)
		rte_pktmbuf_free(mbuf);
	return true;
}

static const struct packet_case cases[] = {
        {
                .name = "IP headers with faults",
                .steps = {READY,
                          {FROM_CLIENT, .frame_edit = frame_break_ip_checksum,
                           .drop = DROP_IP4_CHECKSUM},
                          {FROM_CLIENT, .frame_edit = frame_fragment, .kept = true},
                          {FROM_CLIENT, .frame_edit = frame_options, .drop = DROP_IP4_OPTIONS},
                          {FROM_CLIENT, .frame_edit = frame_loopback_source,
                           .drop = DROP_IP_SOURCE},
                          {FROM_CLIENT, .frame_edit = frame_ip_length_long, .drop = DROP_IP_HEADER},
                          {FROM_PEER, .frame_edit = frame_break_ip_checksum,
                           .drop = DROP_IP4_CHECKSUM},
                          {FROM_PEER, .data = "12345678", .frame_edit = frame_fragment,
                           .kept = true},
                          {FROM_PEER, .frame_edit = frame_options, .drop = DROP_IP4_OPTIONS},
                          {CHANNEL_DATA, CLIENT_A6, PEER6, .channel = 0x4000,
                           .frame_edit = frame_fragment_6, .drop = DROP_TURN_NO_ALLOCATION},
                          STILL},
        },
        {
                .name = "another service's fragments and options on our addresses",
                .steps = {READY,
                          {FROM_CLIENT, .frame_edit = frame_fragment_elsewhere,
                           .drop = DROP_KERNEL_NONE},
                          {FROM_CLIENT, .frame_edit = frame_last_fragment,
                           .drop = DROP_KERNEL_NONE},
                          {FROM_CLIENT, .frame_edit = frame_options_elsewhere,
                           .drop = DROP_KERNEL_NONE},
                          {FROM_PEER, .frame_edit = frame_last_fragment, .drop = DROP_KERNEL_NONE},
                          {CHANNEL_DATA, CLIENT_A6, PEER6, .channel = 0x4000,
                           .frame_edit = frame_fragment_elsewhere_6, .drop = DROP_KERNEL_NONE},
                          {CHANNEL_DATA, CLIENT_A6, PEER6, .channel = 0x4000,
                           .frame_edit = frame_last_fragment_6, .drop = DROP_KERNEL_NONE},
                          STILL},
        },
        {
                .name = "IPv6 extension headers: four, five",
                .steps = {ALLOCATE_6(CLIENT_A6),
                          BIND(CLIENT_A6, PEER6, 0x4000),
                          {CHANNEL_DATA, CLIENT_A6, PEER6, .channel = 0x4000,
                           .frame_edit = frame_four_extensions_6},
                          {CHANNEL_DATA, CLIENT_A6, PEER6, .channel = 0x4000,
                           .frame_edit = frame_five_extensions_6, .drop = DROP_IP6_EXTENSION}},
        },
        {
                .name = "UDP headers with faults",
                .steps = {READY,
                          {FROM_CLIENT, .frame_edit = frame_udp_length_short,
                           .drop = DROP_UDP_LENGTH},
                          {FROM_CLIENT, .frame_edit = frame_udp_length_long,
                           .drop = DROP_UDP_LENGTH},
                          {CHANNEL_DATA, CLIENT_A6, PEER6, .channel = 0x4000,
                           .frame_edit = frame_clear_udp_checksum, .drop = DROP_UDP_CHECKSUM},
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_BINDING},
                           .proof = PROOF_NONE, .frame_edit = frame_break_udp_checksum,
                           .drop = DROP_UDP_CHECKSUM},
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_BINDING},
                           .proof = PROOF_NONE, .frame_edit = frame_source_port_0,
                           .drop = DROP_STUN_SOURCE_PORT},
                          STILL},
        },
        {
                .name = "a cut frame",
                .steps = {READY,
                          {FROM_CLIENT, .frame_edit = frame_cut_ethernet,
                           .drop = DROP_ETHERNET_SHORT},
                          STILL},
        },
        {
                .name = "not a protocol of this port",
                .steps = {{DATAGRAM, CLIENT_A4, .empty = true, .drop = DROP_UNKNOWN_CLASS},
                          {DATAGRAM, CLIENT_A4, .data = "\x16\xfe\xfd", .drop = DROP_UNKNOWN_CLASS},
                          {DATAGRAM, CLIENT_A4, .data = "\x80\x60", .drop = DROP_UNKNOWN_CLASS},
                          {DATAGRAM, CLIENT_A4, .data = "\x90\x00", .drop = DROP_UNKNOWN_CLASS}},
        },
        {
                .name = "no STUN",
                .steps = {{DATAGRAM, CLIENT_A4, .data = "\0\x01\0\0", .length = 4,
                           .drop = DROP_STUN_MALFORMED},
                          {DATAGRAM, CLIENT_A4, .data = "\0\x01\0\0\x21\x12\xa4\x43            ",
                           .length = 20, .drop = DROP_STUN_MALFORMED},
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_BINDING},
                           .proof = PROOF_NONE, .message_edit = message_to_response,
                           .drop = DROP_STUN_RESPONSE},
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_BINDING},
                           .proof = PROOF_NONE, .message_edit = message_to_error,
                           .drop = DROP_STUN_RESPONSE},
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_BINDING},
                           .proof = PROOF_NONE, .message_edit = message_to_indication,
                           .drop = DROP_STUN_METHOD},
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_DATA},
                           .proof = PROOF_NONE, .message_edit = message_to_indication,
                           .drop = DROP_STUN_METHOD},
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_BINDING},
                           .proof = PROOF_NONE, .message_edit = message_length_lies,
                           .drop = DROP_STUN_MALFORMED},
                          {SEND, CLIENT_A4, PEER4, .message_edit = message_unknown_method,
                           .drop = DROP_STUN_METHOD}},
        },
        {
                .name = "ChannelData with faults",
                .steps = {READY,
                          {FROM_CLIENT, .message_edit = message_length_lies,
                           .drop = DROP_TURN_MALFORMED},
                          {FROM_CLIENT, .message_edit = message_cut, .drop = DROP_TURN_MALFORMED},
                          {DATAGRAM, CLIENT_A4, .data = "\x40\x00\x00", .length = 3,
                           .drop = DROP_TURN_MALFORMED},
                          {DATAGRAM, CLIENT_A4, .data = "\x40\x00\xff\xff", .length = 4,
                           .drop = DROP_TURN_MALFORMED},
                          {CHANNEL_DATA, CLIENT_A4, PEER4, .channel = 0x4001,
                           .drop = DROP_TURN_NO_CHANNEL},
                          {CHANNEL_DATA, CLIENT_A4, PEER4, .channel = 0x4fff,
                           .drop = DROP_TURN_NO_CHANNEL},
                          {CHANNEL_DATA, CLIENT_B4, PEER4, .channel = 0x4000,
                           .drop = DROP_TURN_NO_ALLOCATION},
                          STILL},
        },
        {
                .name = "Send indications with faults",
                .steps = {READY,
                          {SEND, CLIENT_A4, PEER4, .message_edit = message_attribute_overruns,
                           .drop = DROP_STUN_MALFORMED},
                          {SEND, CLIENT_A4, PEER4, .message_edit = message_length_lies,
                           .drop = DROP_STUN_MALFORMED},
                          {SEND, CLIENT_A4, PEER4, .request.fingerprint = true,
                           .message_edit = message_break_fingerprint,
                           .drop = DROP_STUN_FINGERPRINT},
                          {SEND, CLIENT_A4, PEER4, .request.unknown = 0x7ff0,
                           .drop = DROP_TURN_MALFORMED},
                          {SEND, CLIENT_A4, .drop = DROP_TURN_MALFORMED},
                          {SEND, CLIENT_A4, PEER4_OTHER, .drop = DROP_TURN_NO_PERMISSION},
                          {SEND, CLIENT_B4, PEER4, .drop = DROP_TURN_NO_ALLOCATION},
                          STILL},
        },
        {
                .name = "peers that may not",
                .steps = {READY,
                          {PEER_DATA, PEER4_OTHER, A4_RELAYED4, .drop = DROP_TURN_NO_PERMISSION},
                          {PEER_DATA, PEER6, A4_RELAYED6, .drop = DROP_TURN_NO_PERMISSION},
                          {FROM_PEER, .hop_limit = 1, .drop = DROP_HOP_LIMIT},
                          {FROM_CLIENT, .hop_limit = 1, .drop = DROP_HOP_LIMIT},
                          REFRESH(CLIENT_A4, 0),
                          {PEER_DATA, PEER4, A4_RELAYED4, .drop = DROP_TURN_NO_ALLOCATION}},
        },
        {
                .name = "an allocation expires, before and after the sweep",
                .steps = {READY,
                          {LATER, .seconds = 299},
                          STILL,
                          PERMIT(CLIENT_A4, PEER4),
                          {LATER, .seconds = 295},
                          STILL,
                          PERMIT(CLIENT_A4, PEER4),
                          {LATER, .seconds = 8},
                          {FROM_CLIENT, .drop = DROP_TURN_EXPIRED},
                          {SEND, CLIENT_A4, PEER4, .drop = DROP_TURN_EXPIRED},
                          {FROM_PEER, .drop = DROP_TURN_EXPIRED},
                          {SWEEP},
                          {FROM_CLIENT, .drop = DROP_TURN_NO_ALLOCATION},
                          {SEND, CLIENT_A4, PEER4, .drop = DROP_TURN_NO_ALLOCATION},
                          {FROM_PEER, .drop = DROP_TURN_NO_ALLOCATION}},
        },
        {
                .name = "a channel keeps its peer permitted for its own lifetime",
                .steps = {READY,
                          REFRESH(CLIENT_A4, 3000),
                          {LATER, .seconds = 550},
                          STILL,
                          {FROM_PEER},
                          {SEND, CLIENT_A4, PEER4},
                          BIND(CLIENT_A4, PEER4, 0x4000),
                          {LATER, .seconds = 590},
                          STILL,
                          {FROM_PEER},
                          {PEER_DATA, PEER4_PORT, A4_RELAYED4},
                          {LATER, .seconds = 15},
                          {FROM_CLIENT, .drop = DROP_TURN_EXPIRED},
                          {FROM_PEER, .drop = DROP_TURN_EXPIRED},
                          {SEND, CLIENT_A4, PEER4, .drop = DROP_TURN_EXPIRED}},
        },
        {
                .name = "a channel expires, its peer's permission lives on",
                .steps = {READY,
                          REFRESH(CLIENT_A4, 3000),
                          {LATER, .seconds = 290},
                          PERMIT(CLIENT_A4, PEER4),
                          {LATER, .seconds = 290},
                          PERMIT(CLIENT_A4, PEER4),
                          {LATER, .seconds = 25},
                          {FROM_CLIENT, .drop = DROP_TURN_EXPIRED},
                          {PEER_DATA, PEER4, A4_RELAYED4},
                          {SEND, CLIENT_A4, PEER4},
                          {SWEEP},
                          {FROM_CLIENT, .drop = DROP_TURN_NO_CHANNEL},
                          {PEER_DATA, PEER4, A4_RELAYED4},
                          BIND(CLIENT_A4, PEER4, 0x4000),
                          STILL},
        },
        {
                .name = "an allocation over its rate, each direction for itself",
                .config = {.max_bps = 80000}, /* 250 ms are 2,500 bytes */
                .steps = {READY,
                          {FROM_CLIENT, .length = 1400},
                          {FROM_CLIENT, .length = 1400},
                          {FROM_CLIENT, .length = 1400, .drop = DROP_TURN_RATE},
                          {SEND, CLIENT_A4, PEER4, .drop = DROP_TURN_RATE},
                          {FROM_PEER, .length = 1400},
                          {FROM_PEER, .length = 1400},
                          {FROM_PEER, .drop = DROP_TURN_RATE},
                          {LATER, .seconds = 1},
                          STILL,
                          {FROM_PEER}},
        },
        {
                .name = "before a realm is set",
                .config = {.bare = true},
                .steps = {{REQUEST, CLIENT_A4, .request = {.method = STUN_BINDING},
                           .proof = PROOF_NONE},
                          {REQUEST, CLIENT_A4, .request = {ALLOCATE_REQUEST}, .proof = PROOF_NONE,
                           .drop = DROP_TURN_NOT_CONFIGURED}},
        },
        {
                .name = "nowhere to send to",
                .steps = {READY,
                          PERMIT(CLIENT_A4, PEER_NO_ROUTE),
                          {SEND, CLIENT_A4, PEER_NO_ROUTE, .drop = DROP_NO_ROUTE},
                          STILL},
        },
        {
                .name = "no room behind the data for a Data indication's padding",
                .steps = {READY,
                          {PEER_DATA, PEER4_PORT, A4_RELAYED4, .length = 2048 - 42,
                           .drop = DROP_HEADROOM}},
        },
        {
                .name = "a port that is down",
                .steps = {READY,
                          {CALL, .call = peer_port_down},
                          {FROM_CLIENT, .drop = DROP_PORT_DOWN}},
        },
        {
                .name = "a full transmit queue",
                .steps = {READY,
                          {CALL, .call = peer_ring_fill},
                          {FROM_CLIENT, .drop = DROP_TX_FULL, .rest_left = true},
                          {CALL, .call = peer_ring_empty},
                          STILL},
        },
};

const struct case_table drop_cases = {cases, RTE_DIM(cases)};
