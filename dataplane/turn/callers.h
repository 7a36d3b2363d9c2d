/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The addresses and ports of clients that have an allocation, for the gate (bpf/gate_client.h):
 * once in memory of our own, for ports without XDP, and once in the XDP program's map while there
 * is one. All workers write, without a lock.
 */
#ifndef TURN_CALLERS_H
#define TURN_CALLERS_H

#include <stdbool.h>
#include <stdint.h>

#include <gate_client.h>

#include "net/ip_addr.h"

struct callers {
	struct gate_clients *own;
	/* atomic; written by the control thread; NULL: there is no map */
	struct gate_clients *mapped;
	uint32_t entries;
	uint32_t map; /* id of what is mapped; 0: nothing */
};

/* Of the table for so many clients: a power of two, and whole pages. */
uint32_t callers_entries(uint32_t clients);

/* 0, -ENOMEM. */
int callers_create(struct callers *callers, uint32_t clients);
void callers_destroy(struct callers *callers);

/* A client whose entry is full is not known, and pays as a stranger. */
void callers_change(struct callers *callers, const struct ip_addr *ip, uint16_t port, bool add);
static inline void callers_add(struct callers *callers, const struct ip_addr *ip, uint16_t port)
{
	callers_change(callers, ip, port, true);
}
static inline void callers_remove(struct callers *callers, const struct ip_addr *ip, uint16_t port)
{
	callers_change(callers, ip, port, false);
}

/*
 * Control thread: the XDP program's memory, as many entries of it, gets what there is and is kept
 * up to date from now on. Ours to unmap; `map` is its id. Another may be mapped: workers have to be
 * quiescent before callers_unmap() of what is returned.
 */
struct gate_clients *callers_map(struct callers *callers, struct gate_clients *mapped,
                                 uint32_t map);
void callers_unmap(const struct callers *callers, struct gate_clients *mapped);

#endif
