/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of a port have of each other (port.h). Control thread. */
#ifndef NET_XDP_PORT_PARTS_H
#define NET_XDP_PORT_PARTS_H

#include "net/xdp/port.h"

struct port;

/* Not open yet; NULL: no memory. */
struct xdp_port *xdp_port_make(const char *interface);

/* -- its sockets: port_sockets.c -- */

/* Of large buffers, where one of the pool does not take the interface's longest frame; or NULL. */
struct rte_mempool *xdp_jumbo(struct dataplane *dp, const struct xdp_port *xdp);
/* slot: of the port in the table. */
struct xdp_socket_options xdp_options_of(const struct dataplane *dp, const struct xdp_port *xdp,
                                         uint16_t slot, uint16_t queue, struct rte_mempool *jumbo);
/* Room for them; none is open. */
int xdp_sockets_alloc(struct xdp_port *xdp, uint16_t count);
/* What the interface is now, and sockets for it. 0 or -errno with *why. */
int xdp_sockets_open(struct dataplane *dp, struct port *port, char *why);
/* They are open: what the port is by them. */
void xdp_sockets_describe(const struct dataplane *dp, struct port *port);
/* Each queue's packets go to its socket from now on. */
int xdp_sockets_redirect(struct port *port);
void xdp_sockets_close(struct dataplane *dp, struct port *port);
/* Once a second, with what the interface says now. */
void xdp_uso_follow(struct port *port, bool uso);

/* -- the gate on it: port_gate.c; 0 or -errno with *why -- */

struct xdp_sizes port_gate_sizes(const struct dataplane *dp);
/* Whether frames may lie in several buffers. */
bool port_gate_frags(const struct xdp_port *xdp);
int port_gate_start(struct dataplane *dp, struct port *port, char *why);
/* Of one that is loaded. */
int port_gate_attach(struct dataplane *dp, struct port *port, char *why);

/* -- in another one's place: take_over.c -- */

/* What was prepared for the interface, which is the caller's then; or NULL. */
struct xdp_port *xdp_prepared_take(struct dataplane *dp, const char *interface);
/* Sockets that were made get their queues. Of an interface that has changed since others are made.
 * 0 or -errno with *why. */
int xdp_prepared_open(struct dataplane *dp, struct port *port, char *why);
void xdp_prepared_free(struct dataplane *dp, struct xdp_port *xdp);

#endif
