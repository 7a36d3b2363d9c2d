/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel says of an interface. */
#ifndef NET_XDP_INTERFACE_H
#define NET_XDP_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

struct interface {
	uint32_t mtu;
	uint16_t rx_queues, tx_queues; /* 0: the driver does not say */
	uint16_t numa;                 /* UINT16_MAX: unknown */
	uint16_t uso_feature; /* its number among the kernel's, from 1 on; 0: not looked for yet */
	bool uso;             /* takes several datagrams as one frame (uso.h) */
	bool bond; /* of several interfaces, which the kernel's drivers serve as theirs */
	struct rte_ether_addr mac;
};

/* *interface: all 0, or what was read before. 0 or -errno. */
int interface_read(const char *name, struct interface *interface);

#endif
