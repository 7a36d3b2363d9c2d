/* SPDX-License-Identifier: BSD-3-Clause */
/* Two workers: what arrives at the wrong one. */
#include "steps.h"

#define TWO_WORKERS .config = {.workers = 2}

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
                          {PEER_DATA, PEER4_PORT, A4_RELAYED4}},
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
