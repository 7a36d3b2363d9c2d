/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports on devices that DPDK owns alone (`dev`, `vdev`): a NIC, its twin in the kernel, its link.
 */
#ifndef NET_PORT_DEVICE_H
#define NET_PORT_DEVICE_H

#include "net/port.h"

/* port's name, args and kind are given. Started, with its TAP twin where there is a control thread;
 * 0 or -errno with a clear line in *why, and no device touched that is a port already. */
int port_device_open(struct dataplane *dp, struct port *port, uint16_t mtu, char *why);
/* remove_twin: or else it stays in the kernel with its addresses and routes, for the next start. */
void port_device_close(struct port *port, bool remove_twin);

/* What the NIC says of its link now. */
enum sluice_port_state port_device_link(const struct port *port);

#endif
