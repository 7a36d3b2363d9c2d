/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which local addresses and ports are ours: an immutable table that classify reads for every
 * packet. The control thread builds a new one for each change and swaps it in.
 */
#ifndef NET_SERVICE_H
#define NET_SERVICE_H

#include "net/ip_addr.h"

struct dataplane;

enum service_kind {
	SERVICE_NONE,
	SERVICE_TURN,    /* index: the listener, host-wide, 0 to SERVICES_MAX - 1 */
	SERVICE_RELAY,   /* index: the relay range */
	SERVICE_MEDIA,   /* index: the local address of SRTP endpoints */
	SERVICE_SESSION, /* index: the address that sessions of browsers share */
};

#define SERVICES_MAX 1024

struct service {
	struct ip_addr ip;
	uint16_t first_port, last_port; /* host order, both included */
	uint16_t kind;                  /* enum service_kind */
	uint16_t index;
	/* SERVICE_SESSION: index + 1; SERVICE_TURN: the same of a port that sessions share with it,
	 * else 0. In the lists that are set: 0. */
	uint16_t session;
};

struct services;

/*
 * Control thread. Each replaces its part of the table: TURN's, media's, and sessions'. A session's
 * port may be a TURN listener's: one entry then is both. announced: services by
 * the addresses that a NAT in front of us gives them; they never stand in a packet from the wire,
 * but our own clients send to them. 0, -ENOMEM, -ENOSPC.
 */
int services_set(struct dataplane *dp, const struct service *list, uint32_t count,
                 const struct service *announced, uint32_t n_announced);
int services_set_media(struct dataplane *dp, const struct service *list, uint32_t count);
int services_set_sessions(struct dataplane *dp, const struct service *list, uint32_t count);
void services_free(struct services *services);

/* The service at ip and port (network order), or NULL. */
static inline const struct service *service_find(const struct services *services,
                                                 const struct ip_addr *ip, uint16_t port);

/* True where any service has this address. */
static inline bool service_has_ip(const struct services *services, const struct ip_addr *ip);

/* The same of the address that clients know it by where that is another one. */
static inline const struct service *service_find_announced(const struct services *services,
                                                           const struct ip_addr *ip, uint16_t port);
static inline bool service_announces_ip(const struct services *services, const struct ip_addr *ip);

#define SERVICE_SLOTS_MIN 16

/* One slot an address; its services follow each other in `list`, by kind then port. */
struct service_slot {
	struct ip_addr ip;
	uint32_t first;
	uint32_t count; /* 0: empty slot */
};

struct services {
	uint32_t mask;
	uint32_t count;             /* of list */
	struct service_slot *slots; /* open addressing, at most half full */
	struct service *list;
	struct services *announced; /* NULL: none */
};

/* Addresses differ in their last byte, a word's highest: only a product's upper half carries it
 * down to where it counts. */
static inline uint32_t service_hash(const struct ip_addr *ip)
{
	unsigned __int128 product = (unsigned __int128)(ip->quads[0] ^ 0x9e3779b97f4a7c15ull) *
	                            (ip->quads[1] ^ 0xff51afd7ed558ccdull);

	return (uint32_t)(product >> 64) ^ (uint32_t)product;
}

static inline const struct service_slot *service_slot_find(const struct services *services,
                                                           const struct ip_addr *ip)
{
	uint32_t i = service_hash(ip) & services->mask;

	while (services->slots[i].count != 0) {
		if (ip_addr_equal(&services->slots[i].ip, ip))
			return &services->slots[i];
		i = (i + 1) & services->mask;
	}
	return NULL;
}

static inline bool service_has_ip(const struct services *services, const struct ip_addr *ip)
{
	return service_slot_find(services, ip) != NULL;
}

static inline const struct service *service_find(const struct services *services,
                                                 const struct ip_addr *ip, uint16_t port)
{
	const struct service_slot *slot = service_slot_find(services, ip);
	uint16_t host_port = rte_be_to_cpu_16(port);

	if (slot == NULL)
		return NULL;
	for (uint32_t i = slot->first; i < slot->first + slot->count; i++) {
		const struct service *service = &services->list[i];

		if (host_port >= service->first_port && host_port <= service->last_port)
			return service;
	}
	return NULL;
}

static inline const struct service *service_find_announced(const struct services *services,
                                                           const struct ip_addr *ip, uint16_t port)
{
	return services->announced != NULL ? service_find(services->announced, ip, port) : NULL;
}

static inline bool service_announces_ip(const struct services *services, const struct ip_addr *ip)
{
	return services->announced != NULL && service_has_ip(services->announced, ip);
}

/* One of this kind at ip whose ports are not all outside of first to last (host order), or NULL. */
static inline const struct service *service_overlap(const struct services *services,
                                                    const struct ip_addr *ip, uint16_t first,
                                                    uint16_t last, uint16_t kind)
{
	const struct service_slot *slot = service_slot_find(services, ip);

	for (uint32_t i = 0; slot != NULL && i < slot->count; i++) {
		const struct service *service = &services->list[slot->first + i];

		if (service->kind == kind && service->first_port <= last &&
		    service->last_port >= first)
			return service;
	}
	return NULL;
}

#endif
