/* SPDX-License-Identifier: BSD-3-Clause */
/* A port on a kernel interface: the gate's program, and a socket for each of its receive queues. */
#ifndef NET_XDP_PORT_H
#define NET_XDP_PORT_H

#include "net/xdp/interface.h"
#include "net/xdp/program.h"
#include "net/xdp/socket.h"

/* What the watchdog saw of a socket a second ago. */
struct xdp_watch {
	uint64_t received, no_fill;
	uint32_t deaf; /* seconds in which packets were lost for want of buffers and none came */
};

struct xdp_port {
	int claim; /* holds the interface's name against a second dataplane */
	int ifindex;
	uint16_t numa;
	uint16_t fixed_mtu; /* 0: the interface's */
	struct xdp_program program;
	struct interface interface; /* as it was when the sockets were opened */
	uint16_t n_sockets;
	struct xdp_socket *sockets; /* by queue */
	struct xdp_watch *watches;
	/* of sockets that were closed when the interface changed */
	struct xdp_socket_counters past;
	struct xdp_socket_losses past_losses;
};

#endif
