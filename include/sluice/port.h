/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports: the interfaces that the dataplane receives on and sends from. */
#ifndef SLUICE_PORT_H
#define SLUICE_PORT_H

#include <sluice/api.h>

#define SLUICE_PORT_NAME_MAX 16
#define SLUICE_PORT_ARGS_MAX 240

enum sluice_port_kind {
	SLUICE_PORT_XDP,  /* args: a kernel interface, shared with the kernel through AF_XDP and the
	                     gate */
	SLUICE_PORT_DEV,  /* args: a PCI address; the NIC is DPDK's alone, a TAP twin of the port's
	                     name is the kernel's view */
	SLUICE_PORT_VDEV, /* args: a DPDK virtual device ("net_tap0,iface=x"), with a TAP twin as
	                     well */
};

/*
 * SLUICE_PORT_ADD -> {}. -EEXIST: the name is taken, or the device is a port already. -ENODEV: no
 * such interface or device. -EBUSY: a foreign XDP program is attached (the error text names it), or
 * the kernel has the device. -ENOSPC: no room for another port.
 */
struct sluice_port_add {
	char name[SLUICE_PORT_NAME_MAX];
	char args[SLUICE_PORT_ARGS_MAX];
	uint32_t kind;   /* enum sluice_port_kind */
	uint16_t queues; /* rx and tx queues each; 0: one for each worker, or what the port has
	                    where that is less */
	uint16_t mtu;    /* 0: the interface's own */
};
static_assert(sizeof(struct sluice_port_add) == 264, "port add");

/* SLUICE_PORT_DELETE -> {}. -ENOENT. */
struct sluice_port_delete {
	char name[SLUICE_PORT_NAME_MAX];
};
static_assert(sizeof(struct sluice_port_delete) == 16, "port delete");

enum sluice_port_state {
	SLUICE_PORT_UP,
	SLUICE_PORT_DOWN, /* no link */
	SLUICE_PORT_GONE, /* the kernel took the interface away; delete and add the port to use a
	                     new one */
};

/* SLUICE_PORT_SHOW {} -> rows of this. */
struct sluice_port_row {
	char name[SLUICE_PORT_NAME_MAX];
	char args[SLUICE_PORT_ARGS_MAX];
	uint32_t kind;
	uint32_t state; /* enum sluice_port_state */
	uint8_t mac[6];
	uint16_t mtu;
	uint16_t queues;
	uint16_t numa;    /* 0xffff: unknown */
	uint32_t ifindex; /* the kernel's interface that routes name: the XDP interface or the TAP
	                     twin */
	uint64_t rx_packets, rx_bytes, rx_missed, rx_errors;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_full;
};
static_assert(sizeof(struct sluice_port_row) == 344, "port row");

#endif
