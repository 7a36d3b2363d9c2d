/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Keys and values of the gate's pinned maps: shared by the XDP program and whoever fills or reads
 * them. */
#ifndef GATE_MAPS_H
#define GATE_MAPS_H

#include <linux/types.h>

#define GATE_SERVICES_MAX 1024

struct gate_ip {
	__u8 bytes[16]; /* v4-mapped */
};

/* sluice_gate_services: a listener, by its address (v4-mapped) and port, both in network order ->
 * kind */
struct gate_service_key {
	__u8 ip[16];
	__be16 port;
	__u16 pad;
};

#define GATE_LISTENERS_MAX 5
#define GATE_RANGES_MAX    8

/* Ports relayed, host order, both included; first 0: none. */
struct gate_relayed {
	__u16 first;
	__u16 last;
};

/*
 * sluice_gate_addresses: an address of ours (v4-mapped) -> its TURN listeners' ports, network
 * order, and the ranges relayed on it. more: it has other services, which are in
 * sluice_gate_services.
 */
struct gate_address {
	struct gate_relayed ranges[GATE_RANGES_MAX]; /* the first with 0 ends them */
	__be16 listeners[GATE_LISTENERS_MAX];        /* 0: none */
	__u16 more;
};

#endif
