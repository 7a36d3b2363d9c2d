/* SPDX-License-Identifier: BSD-3-Clause */
/* A client that moves from one address to another (RFC 8016): A's allocation becomes B's. */
#include "steps.h"

#define MOBILE      .mobility = true
#define TWO_WORKERS .config = {.workers = 2, MOBILE}

#define ALLOCATE_MOBILE(client, ...)                                                               \
	{                                                                                          \
		.act = REQUEST, .who = client, .request = {ALLOCATE_REQUEST, .mobile = true},      \
		__VA_ARGS__                                                                        \
	}
#define MOVE(from, to, ...) REFRESH(to, 600, .ticket_of = from, __VA_ARGS__)
#define FROM_PEER(relayed, ...)                                                                    \
	{                                                                                          \
		.act = PEER_DATA, .who = PEER4, .to = relayed, .arrives_on = 0x4000, __VA_ARGS__   \
	}
#define TO_PEER(client, ...)                                                                       \
	{                                                                                          \
		.act = CHANNEL_DATA, .who = client, .to = PEER4, .channel = 0x4000, __VA_ARGS__    \
	}

/* Everything that a relayed packet counts is the allocation's, wherever its client was. */
static bool sums_are_one(struct scene *scene)
{
	struct sluice_allocation_row row;
	uint32_t cursor = 0;

	return allocation_show(scene->rig.dp->turn, &cursor, "", &row, 1) == 1 &&
	       row.to_peer_packets == 3 && row.to_client_packets == 3 && row.channels == 1 &&
	       scene->rig.dp->turn->n_allocations == 1;
}

static const struct packet_case cases[] = {
        {
                .name = "a client moves: the address before serves until the new one is used",
                .config = {MOBILE},
                .steps = {ALLOCATE_MOBILE(CLIENT_A4, .told_ticket = true),
                          BIND(CLIENT_A4, PEER4, 0x4000),
                          TO_PEER(CLIENT_A4),
                          FROM_PEER(A4_RELAYED4),
                          MOVE(CLIENT_A4, CLIENT_B4, .told_ticket = true),
                          TO_PEER(CLIENT_A4),
                          FROM_PEER(A4_RELAYED4),
                          TO_PEER(CLIENT_B4),
                          FROM_PEER(B4_RELAYED4),
                          {CALL, .call = sums_are_one},
                          TO_PEER(CLIENT_A4, .drop = DROP_TURN_NO_ALLOCATION),
                          REFRESH(CLIENT_A4, 600, .error = 437),
                          BIND(CLIENT_B4, PEER4, 0x4000),
                          PERMIT(CLIENT_B4, PEER4_OTHER),
                          {SEND, CLIENT_B4, PEER4_OTHER},
                          {PEER_DATA, PEER4_OTHER, B4_RELAYED4},
                          REFRESH(CLIENT_B4, 0),
                          FROM_PEER(B4_RELAYED4, .drop = DROP_TURN_NO_ALLOCATION)},
        },
        {
                .name = "... by an indication, and on to IPv6",
                .config = {MOBILE},
                .steps = {ALLOCATE_MOBILE(CLIENT_A4, .told_ticket = true),
                          PERMIT(CLIENT_A4, PEER4),
                          MOVE(CLIENT_A4, CLIENT_B4, .told_ticket = true),
                          {SEND, CLIENT_B4, PEER4},
                          {PEER_DATA, PEER4, B4_RELAYED4},
                          MOVE(CLIENT_B4, CLIENT_A6, .told_ticket = true),
                          {PEER_DATA, PEER4, B4_RELAYED4},
                          {SEND, CLIENT_A6, PEER4},
                          {PEER_DATA, PEER4, A6_RELAYED4},
                          {ICMP, PEER4, A6_RELAYED4, .mtu = 1300},
                          {SEND, CLIENT_B4, PEER4, .drop = DROP_TURN_NO_ALLOCATION},
                          MOVE(CLIENT_A4, CLIENT_B4, .error = 437)},
        },
        {
                .name = "... and back to where it began: a signed request says that it is there",
                .config = {MOBILE},
                .steps = {ALLOCATE_MOBILE(CLIENT_A4, .told_ticket = true),
                          PERMIT(CLIENT_A4, PEER4),
                          MOVE(CLIENT_A4, CLIENT_B4, .told_ticket = true),
                          PERMIT(CLIENT_B4, PEER4),
                          {PEER_DATA, PEER4, B4_RELAYED4},
                          MOVE(CLIENT_B4, CLIENT_A4, .told_ticket = true),
                          {PEER_DATA, PEER4, B4_RELAYED4},
                          PERMIT(CLIENT_A4, PEER4),
                          {PEER_DATA, PEER4, A4_RELAYED4},
                          {SEND, CLIENT_B4, PEER4, .drop = DROP_TURN_NO_ALLOCATION},
                          MOVE(CLIENT_A4, CLIENT_B4, .told_ticket = true),
                          REFRESH(CLIENT_B4, 600),
                          {PEER_DATA, PEER4, B4_RELAYED4},
                          MOVE(CLIENT_B4, CLIENT_A4, .told_ticket = true),
                          BIND(CLIENT_A4, PEER4, 0x4000),
                          FROM_PEER(A4_RELAYED4),
                          REFRESH(CLIENT_A4, 0)},
        },
        {
                .name = "a client that moves to another worker's queue is handed over",
                TWO_WORKERS,
                .steps = {ALLOCATE_MOBILE(CLIENT_A4, .told_ticket = true),
                          BIND(CLIENT_A4, PEER4, 0x4000),
                          MOVE(CLIENT_A4, CLIENT_B4, .worker = 1, .handed_over = true,
                               .told_ticket = true),
                          FROM_PEER(A4_RELAYED4, .worker = 1),
                          TO_PEER(CLIENT_B4, .worker = 1, .handed_over = true),
                          FROM_PEER(B4_RELAYED4, .worker = 1),
                          FROM_PEER(B4_RELAYED4),
                          PERMIT(CLIENT_B4, PEER4_OTHER, .worker = 1, .handed_over = true),
                          {SEND, CLIENT_B4, PEER4_OTHER, .worker = 1, .handed_over = true},
                          TO_PEER(CLIENT_A4, .drop = DROP_TURN_NO_ALLOCATION),
                          REFRESH(CLIENT_B4, 0, .worker = 1, .handed_over = true)},
        },
        {
                .name = "where mobility is off it is said so",
                .steps = {ALLOCATE_MOBILE(CLIENT_A4, .error = 405), ALLOCATE(CLIENT_A4),
                          MOVE(CLIENT_A4, CLIENT_B4, .error = 405)},
        },
};

const struct case_table mobility_cases = {cases, RTE_DIM(cases)};
