/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate on a port. */
#include "net/xdp/port_parts.h"
#include "common/log.h"
#include "dataplane.h"
#include "gate/gate.h"
#include "net/gate_map.h"
#include "net/port.h"

#include <errno.h>

#define MTU_ONE_PAGE 3498 /* a larger frame needs several of most drivers' buffers */

struct xdp_sizes port_gate_sizes(const struct dataplane *dp)
{
	return (struct xdp_sizes){
	        .seen = gate_seen_words(dp->options.gate_mb),
	        .clients = gate_clients_entries(dp),
	};
}

/* Pins that an older version left, or one with another memory, may not fit; no other port of ours
 * uses them. */
static int program_load(struct dataplane *dp, struct port *port, bool frags, char *why)
{
	struct xdp_program *program = &port->xdp->program;
	const struct xdp_sizes sizes = port_gate_sizes(dp);
	int ret;

	gate_map_heal(dp); /* or it would have maps of its own */
	ret = xdp_program_load(program, dp->options.xdp_object, &sizes, frags, why);
	if (ret != -EINVAL || dp->ports->xdp != 0)
		return ret;
	gate_map_unpin();
	return xdp_program_load(program, dp->options.xdp_object, &sizes, frags, why);
}

bool port_gate_frags(const struct xdp_port *xdp)
{
	return xdp->sockets[0].segments && xdp->interface.mtu > MTU_ONE_PAGE;
}

/*
 * A driver that takes large frames in one piece has them natively without the second try. A bond's
 * has them on the NICs below, whose packets no socket of the bond may take: they are its own in
 * generic mode.
 */
int port_gate_attach(struct dataplane *dp, struct port *port, char *why)
{
	struct xdp_port *xdp = port->xdp;
	int ret = 0;

	if (xdp->program.frags &&
	    (xdp->interface.bond || xdp_program_attach_native(&xdp->program, xdp->ifindex) != 0)) {
		xdp_program_unload(&xdp->program);
		ret = program_load(dp, port, false, why);
		if (ret == 0)
			ret = xdp_sockets_redirect(port);
	}
	if (ret == 0 && xdp->program.link < 0)
		ret = xdp_program_attach(&xdp->program, xdp->ifindex, xdp->interface.bond, why);
	if (ret == 0 && xdp->program.generic)
		log_warning(
		        SLUICE_LOG_PORT, "port %s: %s has no native XDP %s: generic mode, slower",
		        port->name, port->args,
		        xdp->interface.bond ? "for a bond's sockets" : "with this driver and MTU");
	return ret;
}

int port_gate_start(struct dataplane *dp, struct port *port, char *why)
{
	int ret = program_load(dp, port, port_gate_frags(port->xdp), why);

	if (ret == 0)
		ret = xdp_sockets_redirect(port);
	return ret == 0 ? port_gate_attach(dp, port, why) : ret;
}
