/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Keys and values of the gate's pinned maps: shared by the XDP program and the programs that fill
 * and read them. */
#ifndef GATE_MAPS_H
#define GATE_MAPS_H

#include <linux/types.h>

#define GATE_SERVICES_MAX 1024

struct gate_ip {
	__u8 bytes[16]; /* v4-mapped */
};

/* What a service map says of an address and port. */
enum gate_service {
	GATE_SERVICE_NONE,
	GATE_SERVICE_TURN,
	GATE_SERVICE_RELAY,
	GATE_SERVICE_OTHER,   /* ours, with no rules here */
	GATE_SERVICE_SESSION, /* browsers' sessions */
	GATE_SERVICE_BOTH,    /* TURN and sessions */
};

/* sluice_gate_services: a listener, by its address (v4-mapped) and port, both in network order ->
 * enum gate_service */
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
 * order, and the ranges relayed on it. more: bits. GATE_MORE_SERVICES: it has other services, which
 * are in sluice_gate_services; GATE_MORE_SHARED: sessions share this listener's port.
 */
#define GATE_MORE_SERVICES         1u
#define GATE_MORE_SHARED(listener) (2u << (listener))

struct gate_address {
	struct gate_relayed ranges[GATE_RANGES_MAX]; /* the first with 0 ends them */
	__be16 listeners[GATE_LISTENERS_MAX];        /* 0: none */
	__u16 more;
};

/*
 * sluice_gate_near: the same, where its address alone tells: a product instead of the hash of
 * sluice_gate_addresses, which every packet would pay for. Nobody but us chooses our addresses, so
 * the product needs no key.
 */
#define GATE_NEAR_BITS   8
#define GATE_NEAR        (1u << GATE_NEAR_BITS)
#define GATE_NEAR_FACTOR 0x9e3779b97f4a7c15ull

struct gate_near {
	__u64 ip[2]; /* in memory order */
	struct gate_address address;
	__u16 here;   /* 0: no address of ours has this place */
	__u16 shared; /* 1: others have it too, and are in sluice_gate_addresses alone */
};

static inline __u32 gate_near_place(const __u64 ip[2])
{
	return (ip[0] ^ ip[1]) * GATE_NEAR_FACTOR >> (64 - GATE_NEAR_BITS);
}

#ifndef __bpf__
/* near: GATE_NEAR of them, zeros at first. */
static inline void gate_near_put(struct gate_near *near, const __u64 ip[2],
                                 const struct gate_address *address)
{
	struct gate_near *place = &near[gate_near_place(ip)];

	if (place->here) {
		place->shared = 1;
		return;
	}
	*place = (struct gate_near){{ip[0], ip[1]}, *address, 1, 0};
}
#endif

#endif
