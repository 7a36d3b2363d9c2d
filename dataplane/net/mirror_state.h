/* SPDX-License-Identifier: BSD-3-Clause */
/* The mirror's insides, shared by mirror*.c alone. */
#ifndef NET_MIRROR_STATE_H
#define NET_MIRROR_STATE_H

#include <stdbool.h>

#include <event2/event.h>
#include <libmnl/libmnl.h>

#include "dataplane.h"
#include "net/fib.h"

#define MIRROR_LINKS_MAX 1024

/* A kernel interface through which a port of ours is reached: the port's own, or a VLAN on it. */
struct mirror_link {
	uint32_t ifindex;
	uint16_t port;
	uint16_t vlan;
};

#define MIRROR_HOSTS_MAX 64

struct mirror_address {
	struct ip_addr ip;
	uint32_t ifindex;
};

struct mirror {
	struct dataplane *dp;
	struct mnl_socket *news;    /* non-blocking: what changes */
	struct mnl_socket *request; /* blocking: dumps, NTF_USE */
	struct event *readable;
	struct event *rebuild; /* timer: routes have changed, are read when it fires */
	struct event *tick;    /* timer: neighbours in use are kept fresh */
	uint32_t sequence;
	uint64_t rebuild_us; /* what the last one took */
	uint32_t n_links;
	struct mirror_link links[MIRROR_LINKS_MAX];
	/* the host's own addresses; and its interfaces without a wire, whose addresses the host
	 * answers for on all others */
	struct mirror_address *addresses;
	uint32_t n_addresses, n_hosts;
	uint32_t hosts[MIRROR_HOSTS_MAX];
	/* the dump under way */
	struct route *routes;
	uint32_t n_routes, routes_size;
};

/* The link of an interface, or NULL where it is none of ours. */
const struct mirror_link *mirror_link_find(const struct mirror *mirror, uint32_t ifindex);

/* One message each: mirror_address.c, mirror_link.c, mirror_route.c, mirror_neighbour.c. */
int mirror_address_message(const struct nlmsghdr *header, void *mirror);
int mirror_link_message(const struct nlmsghdr *header, void *mirror);
int mirror_route_message(const struct nlmsghdr *header, void *mirror);
int mirror_neighbour_message(const struct nlmsghdr *header, void *mirror);

/* Asks for all objects of a kind and feeds each to `message`. 0 or -errno. */
int mirror_dump(struct mirror *mirror, uint16_t type, uint8_t family, mnl_cb_t message);

#endif
