/* SPDX-License-Identifier: BSD-3-Clause */
/* Two workers: what arrives at the wrong one. */
#include "steps.h"

#define TWO_WORKERS .config = {.workers = 2}

/* Data of four bytes: one datagram by the owner, two by the other worker, which may not touch its
 * counters. */
static bool strays_are_counted(struct scene *scene)
{
	struct turn *turn = scene->rig.dp->turn;
	struct sluice_allocation_row row;
	uint32_t cursor = 0;
	bool found = false;

	for (uint32_t i = 1; i <= scene->rig.dp->options.max_allocations; i++) {
		const struct allocation *allocation = turn_allocation(turn, i);

		if (allocation->expires != 0)
			found = allocation->to_client_packets == 1 &&
			        allocation->stray_packets == 2 && allocation->stray_bytes == 8;
	}
	return found && allocation_show(turn, &cursor, "", &row, 1) == 1 &&
	       row.to_client_packets == 3 && row.to_client_bytes == 12 && row.to_peer_packets == 0;
}

/* One has received it all and handed on what is not its share. */
static bool several_have_worked(struct scene *scene)
{
	uint32_t owners = 0, receivers = 0;

	for (uint16_t i = 0; i < scene->rig.dp->n_workers; i++) {
		const struct worker *worker = scene->rig.dp->workers[i];

		owners += worker->turn->counters[TURN_ALLOCATE_SUCCESS] > 0;
		receivers += worker->rx_packets > 0;
	}
	return owners > 1 && receivers == 2; /* each port's queue has a worker of its own */
}

static const struct packet_case cases[] = {
        {
                .name = "a client's packets on another worker's queue are handed over",
                TWO_WORKERS,
                .steps = {ALLOCATE(CLIENT_A4),
                          BIND(CLIENT_A4, PEER4, 0x4000),
                          {CHANNEL_DATA, CLIENT_A4, PEER4, .channel = 0x4000, .worker = 1,
                           .handed_over = true},
                          {SEND, CLIENT_A4, PEER4, .worker = 1, .handed_over = true},
                          PERMIT(CLIENT_A4, PEER4_OTHER, .worker = 1, .handed_over = true),
                          REFRESH(CLIENT_A4, 700, .worker = 1, .handed_over = true,
                                  .lifetime_s = 700),
                          {CHANNEL_DATA, CLIENT_A4, PEER4, .channel = 0x4000}},
        },
        {
                .name = "a peer's datagrams are relayed by whichever worker receives them",
                TWO_WORKERS,
                .steps = {ALLOCATE(CLIENT_A4, .worker = 1),
                          BIND(CLIENT_A4, PEER4, 0x4000, .worker = 1),
                          {PEER_DATA, PEER4, A4_RELAYED4, .arrives_on = 0x4000},
                          {PEER_DATA, PEER4, A4_RELAYED4, .arrives_on = 0x4000, .worker = 1},
                          {PEER_DATA, PEER4_PORT, A4_RELAYED4},
                          {CALL, .call = strays_are_counted}},
        },
        {
                .name = "a client that no worker knows",
                TWO_WORKERS,
                .steps = {{CHANNEL_DATA, CLIENT_A4, PEER4, .channel = 0x4000,
                           .drop = DROP_TURN_NO_ALLOCATION},
                          {SEND, CLIENT_A4, PEER4, .worker = 1, .drop = DROP_TURN_NO_ALLOCATION},
                          REFRESH(CLIENT_A4, 600, .worker = 1, .error = 437)},
        },
        {
                .name = "one queue for all workers: whoever gets what, everything is relayed",
                .config = {.workers = 4, .one_queue = true},
                .steps = {ALLOCATE_BOTH(CLIENT_A4),
                          ALLOCATE(CLIENT_B4),
                          ALLOCATE_6(CLIENT_A6),
                          BIND(CLIENT_A4, PEER4, 0x4000),
                          BIND(CLIENT_A4, PEER6, 0x4001),
                          PERMIT(CLIENT_B4, PEER4),
                          BIND(CLIENT_A6, PEER6, 0x4000),
                          {CHANNEL_DATA, CLIENT_A4, PEER4, .channel = 0x4000},
                          {CHANNEL_DATA, CLIENT_A4, PEER6, .channel = 0x4001, .vlan = 7},
                          {SEND, CLIENT_B4, PEER4},
                          {CHANNEL_DATA, CLIENT_A6, PEER6, .channel = 0x4000},
                          {PEER_DATA, PEER4, A4_RELAYED4, .arrives_on = 0x4000},
                          {PEER_DATA, PEER4, B4_RELAYED4},
                          {PEER_DATA, PEER6, A6_RELAYED6, .arrives_on = 0x4000},
                          {PEER_DATA, PEER4_PORT, A4_RELAYED4},
                          REFRESH(CLIENT_A4, 700, .lifetime_s = 700),
                          {CALL, .call = several_have_worked}},
        },
        {
                .name = "clients of two workers are each other's peers",
                TWO_WORKERS,
                .steps = {ALLOCATE(CLIENT_A4),
                          ALLOCATE(CLIENT_B4, .worker = 1),
                          BIND(CLIENT_A4, B4_RELAYED4, 0x4000),
                          PERMIT(CLIENT_B4, A4_RELAYED4, .worker = 1),
                          {CHANNEL_DATA, CLIENT_A4, B4_RELAYED4, .channel = 0x4000},
                          {SEND, CLIENT_B4, A4_RELAYED4, .worker = 1, .arrives_on = 0x4000}},
        },
};

const struct case_table worker_cases = {cases, RTE_DIM(cases)};
