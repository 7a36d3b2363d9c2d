/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuring and starting an ethdev for a port, whatever drives it. */
#ifndef NET_ETHDEV_H
#define NET_ETHDEV_H

#include "net/port.h"

/*
 * Queues, RSS over UDP flows, offloads, MTU (0: as it is), start. port->ethdev and port->queues (0:
 * one a worker, or what it has) are given; queues, spread, mtu, mac and tx_checksum are set. 0 or
 * -errno with *why; the device is then as it was, and the caller unplugs what it plugged in.
 */
int ethdev_start(struct dataplane *dp, struct port *port, uint16_t mtu, char *why);
void ethdev_stop(struct port *port, bool remove_device);

/* The device of these arguments, where it is plugged in already. */
bool ethdev_find(const char *devargs, uint16_t *ethdev);
/* Plugs a device in by its arguments ("0000:01:00.0", "net_af_xdp0,iface=dp0"). 0 with *ethdev set,
 * or -errno with *why. */
int ethdev_probe(const char *devargs, uint16_t *ethdev, char *why);

#endif
