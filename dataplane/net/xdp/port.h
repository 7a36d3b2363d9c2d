/* SPDX-License-Identifier: BSD-3-Clause */
/* A port on a kernel interface: the gate's program, and a socket for each of its receive queues. */
#ifndef NET_XDP_PORT_H
#define NET_XDP_PORT_H

#include <net/if.h>

#include "net/xdp/interface.h"
#include "net/xdp/program.h"
#include "net/xdp/socket.h"

/* What the watchdog saw of a socket a second ago. */
struct xdp_watch {
	uint64_t received, no_fill;
	uint32_t deaf; /* seconds in which packets were lost for want of buffers and none came */
};

struct xdp_port {
	int claim;              /* holds the interface's name against a second dataplane */
	char name[IF_NAMESIZE]; /* of the interface */
	int ifindex;
	uint16_t numa;
	uint16_t fixed_mtu; /* 0: the interface's */
	struct xdp_program program;
	struct interface interface; /* as it was when the sockets were opened */
	uint16_t n_sockets;
	struct xdp_socket *sockets; /* by queue */
	struct xdp_watch *watches;
	bool uso_ended; /* by a worker, and said */
	/* of sockets that were closed when the interface changed */
	struct xdp_socket_counters past;
	struct xdp_socket_losses past_losses;
};

struct dataplane;

/*
 * Control thread; another dataplane has the interface and moves packets on it. All that its port
 * will need is made, but for its place: the gate is loaded, sockets have their memory and rings. A
 * port that is added on it takes this. What cannot be made is made then.
 */
void xdp_prepare(struct dataplane *dp, const char *interface);
/* The other one has stopped, and passed the link of its program: ours takes its place, and drops
 * what comes until the port is there: the kernel would refuse it. */
void xdp_inherit(struct dataplane *dp, const char *interface, int link);
/* What no port has taken. */
void xdp_prepared_drop(struct dataplane *dp);

/* The other side, once no worker runs: the link of the program on the port behind *cursor that has
 * one, and its interface's name; -1: there is none any more. */
int xdp_program_next(const struct dataplane *dp, uint32_t *cursor, char name[IF_NAMESIZE]);
/* All sockets are closed, at once, and the interfaces are free. */
void xdp_release(struct dataplane *dp);

#endif
