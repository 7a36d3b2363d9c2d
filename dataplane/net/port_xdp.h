/* SPDX-License-Identifier: BSD-3-Clause */
/* AF_XDP ports: whose program is on the interface, and the claim to it. */
#ifndef NET_PORT_XDP_H
#define NET_PORT_XDP_H

#include <stdint.h>

/*
 * Makes the interface ours to use: no other dataplane has it, no foreign program is attached; a
 * program of ours that a killed process left is detached. *claim is a descriptor to close when the
 * port ends. 0 or -errno with *why.
 */
int port_xdp_claim(const char *iface, int *claim, char *why);

/* After the start: says in the log when the kernel could attach in generic mode only. */
void port_xdp_report(const char *name, const char *iface);

/* Takes our program off the interface; any other stays. */
void port_xdp_detach(const char *iface);

#endif
