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

/*
 * sluice_gate_addresses: an address of ours (16 bytes, v4-mapped) -> the ports relayed on it, host
 * order, both included; an address that has listeners alone has none (first_port > last_port).
 */
struct gate_address {
	__u16 first_port;
	__u16 last_port;
};

#endif
