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

/*
 * sluice_gate_addresses: an address of ours (v4-mapped) -> its TURN listeners' ports, network
 * order, and the ports relayed on it, host order, both included: none where first_port > last_port.
 * more: it has other services, which are in sluice_gate_services.
 */
struct gate_address {
	__u16 first_port;
	__u16 last_port;
	__be16 listeners[GATE_LISTENERS_MAX]; /* 0: none */
	__u16 more;
};

#endif
