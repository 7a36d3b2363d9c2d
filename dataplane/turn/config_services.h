/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the server listens and where it relays: what listeners and relays have in common. Control
 * thread. */
#ifndef TURN_CONFIG_SERVICES_H
#define TURN_CONFIG_SERVICES_H

#include "common/claim.h"
#include "turn/config.h"

static inline bool listener_used(const struct turn *turn, uint32_t index)
{
	return turn->config->listener_used[index];
}

static inline bool transport_has_udp_port(uint32_t transport)
{
	return transport == SLUICE_TURN_UDP || transport == SLUICE_TURN_DTLS;
}

static inline struct sluice_addr addr_of(const struct ip_addr *ip, uint16_t port_be)
{
	struct sluice_addr addr = {.port = port_be};

	memcpy(addr.ip, ip->bytes, sizeof(addr.ip));
	return addr;
}

/* An address that datagrams can be sent to and from. 0 or -EINVAL. */
int addr_check(const struct sluice_addr *addr, char *why);

/*
 * What clients are told instead of `addr`: *told becomes `announce`, or addr's IP where that is all
 * zero. 0 or -EINVAL.
 */
int announce_read(const struct sluice_addr *addr, const struct sluice_addr *announce,
                  struct ip_addr *told, char *why);

/* Endpoints' local ports are not TURN's: one packet has one owner. kind: what asks. 0 or
 * -EADDRINUSE. */
int endpoints_check(const struct turn *turn, enum claim_kind kind, const struct sluice_addr *addr,
                    uint16_t first, uint16_t last, char *why);

/* Whether a port has the address, or for streams any interface: a change is logged, and *absent
 * follows. `what`: "turn relay". */
void absence_note(const struct turn *turn, const char *what, const struct sluice_addr *addr,
                  bool stream, bool *absent);
/* The warning of a command that has just added such an address, into *why; nothing where a port has
 * it. */
void absence_warn(const struct sluice_addr *addr, bool absent, char *why);

/*
 * At start: a listener, or a relay, that the configuration has not named yet and whose allocations
 * are there already. Its index; -ENOSPC, -ENOMEM.
 */
int listener_wait(struct turn *turn, const struct transport_addr *addr);
int relay_wait(struct turn *turn, const struct ip_addr *ip);

/* SLUICE_CONFIG_COMMIT: those that were not added again. */
void listeners_sweep(struct turn *turn);
void relays_sweep(struct turn *turn);
/* The same of those that wait, with the allocations that they have: how many. */
uint32_t listeners_forget(struct turn *turn);
uint32_t relays_forget(struct turn *turn);

/* Once a second: addresses that came and went; ranges that allocations alone kept, and have left.
 */
void listeners_tick(struct turn *turn);
void relays_tick(struct turn *turn);

#endif
