/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the way to a destination takes where that is less than the port does: told by ICMP (RFC
 * 1191, RFC 8201), forgotten after ten minutes. All workers read and write, without a lock: an
 * entry is one word, and a destination that loses its entry to another is learned again.
 */
#ifndef NET_PATH_MTU_H
#define NET_PATH_MTU_H

#include <stdint.h>

#include <siphash.h>

#include "net/ip_addr.h"
#include "part.h"

#define PATH_MTUS     4096
#define PATH_MTU_NONE UINT16_MAX
/* What is told below these is not believed: RFC 791's host, as Linux has it; RFC 8200, 5. */
#define PATH_MTU_MIN4 552
#define PATH_MTU_MIN6 1280

struct path_mtus {
	struct siphash_key key;
	uint32_t until; /* atomic; worker.now: none is known after it, and nobody looks */
	uint64_t slots[PATH_MTUS]; /* atomic */
};

extern const struct part paths_part;

/* PATH_MTU_NONE: nothing is known. now: worker.now. */
uint16_t path_mtu_find(const struct path_mtus *paths, const struct ip_addr *dst, uint32_t now);

/* True where it is news, and remembered next hops are wrong by it. */
bool path_mtu_learn(struct path_mtus *paths, const struct ip_addr *dst, uint32_t mtu, uint32_t now);

#endif
