/* SPDX-License-Identifier: BSD-3-Clause */
/* What a worker does with fragments and ICMP, counted: "ip.NAME". */
#ifndef NET_IP_COUNTER_H
#define NET_IP_COUNTER_H

#include <stdint.h>

enum ip_counter {
	IP_FRAGMENTED,
	IP_FRAGMENTS_SENT,
	IP_FRAGMENTS_TAKEN,
	IP_REASSEMBLED,
	IP_TOO_BIG_LEARNED,
	IP_TOO_BIG_SENT,
	IP_UNREACHABLE_SENT,
	IP_ICMP_RELAYED,
	IP_COUNTERS,
};

struct ip_counter_info {
	const char *name;
	const char *help;
	const char *unit; /* NULL: packets */
};
extern const struct ip_counter_info ip_counter_infos[IP_COUNTERS];

#endif
