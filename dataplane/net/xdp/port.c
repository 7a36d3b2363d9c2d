/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/xdp/port_parts.h"
#include "common/log.h"
#include "dataplane.h"
#include "net/gate_map.h"
#include "net/port_ops.h"

#include <rte_malloc.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#define DEAF_S 2

static int queues_check(const struct port *port, const struct sluice_port_add *add, char *why)
{
	struct interface interface = {0};

	if (add->queues == 0 || interface_read(port->args, &interface) != 0 ||
	    interface.rx_queues == 0 || interface.rx_queues == add->queues)
		return 0;
	snprintf(
	        why, SLUICE_API_ERROR_MAX,
	        "%.16s has %u receive queues and a port serves all of them: leave `queues` out, or "
	        "change them first (ethtool -L)",
	        port->args, interface.rx_queues);
	return -EINVAL;
}

struct xdp_port *xdp_port_make(const char *interface)
{
	struct xdp_port *xdp = rte_zmalloc("xdp port", sizeof(*xdp), RTE_CACHE_LINE_SIZE);

	if (xdp == NULL)
		return NULL;
	snprintf(xdp->name, sizeof(xdp->name), "%.15s", interface);
	xdp->ifindex = (int)if_nametoindex(interface);
	xdp->program.link = -1;
	xdp->claim = -1;
	return xdp;
}

static int xdp_start(struct dataplane *dp, struct port *port, char *why)
{
	struct xdp_port *xdp = port->xdp;
	int ret;

	if (xdp->program.object != NULL) {
		ret = xdp_prepared_open(dp, port, why);
		return ret == 0 && xdp->program.link < 0 ? port_gate_attach(dp, port, why) : ret;
	}
	ret = xdp_sockets_open(dp, port, why);
	return ret == 0 ? port_gate_start(dp, port, why) : ret;
}

static int xdp_open(struct dataplane *dp, struct port *port, const struct sluice_port_add *add,
                    char *why)
{
	struct xdp_port *xdp = xdp_prepared_take(dp, port->args);
	bool ours = xdp != NULL && xdp->program.link >= 0;
	int claim = -1, ret = ours ? xdp_claim_name(port->args, &claim, why)
	                           : xdp_claim(port->args, &claim, why);

	if (ret == 0)
		ret = queues_check(port, add, why);
	if (ret == 0 && xdp == NULL)
		xdp = xdp_port_make(port->args);
	if (ret != 0 || xdp == NULL)
		goto fail;
	xdp->claim = claim;
	xdp->fixed_mtu = add->mtu;
	port->xdp = xdp;
	port->ifindex = (uint32_t)xdp->ifindex;
	ret = xdp_start(dp, port, why);
	if (ret == 0) {
		dp->ports->xdp++;
		return 0;
	}
fail:
	port->xdp = NULL;
	if (xdp != NULL)
		xdp_prepared_free(dp, xdp);
	if (claim >= 0)
		close(claim);
	return ret != 0 ? ret : -ENOMEM;
}

static void xdp_close(struct dataplane *dp, struct port *port, bool forget)
{
	struct xdp_port *xdp = port->xdp;

	xdp_program_unload(&xdp->program);
	xdp_sockets_close(dp, port);
	close(xdp->claim);
	rte_free(xdp);
	port->xdp = NULL;
	if (--dp->ports->xdp == 0)
		gate_map_unpin();
}

static void counters_add(struct xdp_socket_counters *sum, const struct xdp_socket_counters *more)
{
	sum->rx_packets += more->rx_packets;
	sum->rx_bytes += more->rx_bytes;
	sum->rx_no_buffer += more->rx_no_buffer;
	sum->tx_packets += more->tx_packets;
	sum->tx_bytes += more->tx_bytes;
	sum->tx_errors += more->tx_errors;
}

static void losses_add(struct xdp_socket_losses *sum, const struct xdp_socket_losses *more)
{
	sum->missed += more->missed;
	sum->no_fill += more->no_fill;
	sum->refused_rx += more->refused_rx;
	sum->refused_tx += more->refused_tx;
}

static void xdp_sum(const struct xdp_port *xdp, struct xdp_socket_counters *counters,
                    struct xdp_socket_losses *losses)
{
	*counters = xdp->past;
	*losses = xdp->past_losses;
	for (uint16_t i = 0; i < xdp->n_sockets; i++) {
		struct xdp_socket_losses of_one;

		xdp_socket_losses(&xdp->sockets[i], &of_one);
		losses_add(losses, &of_one);
		counters_add(counters, &xdp->sockets[i].counters);
	}
}

/*
 * The interface has other queues, or a socket is beyond help: new sockets. The program stays where
 * it is, and the kernel gets what comes meanwhile: the gate counts it. What stood in the rings is
 * lost and counted here.
 */
static void xdp_reopen(struct dataplane *dp, uint16_t index)
{
	struct port *port = &dp->ports->table[index];
	struct xdp_port *xdp = port->xdp;
	struct xdp_socket_counters counters;
	struct xdp_socket_losses losses;
	char why[SLUICE_API_ERROR_MAX] = "";
	int ret;

	port_pause(dp, index, true);
	for (uint16_t i = 0; i < xdp->n_sockets; i++)
		xdp_socket_discard(&xdp->sockets[i]);
	xdp_sum(xdp, &counters, &losses);
	xdp->past = counters;
	xdp->past_losses = losses;
	xdp_sockets_close(dp, port);
	ret = xdp_sockets_open(dp, port, why);
	if (ret == 0)
		ret = xdp_sockets_redirect(port);
	if (ret != 0) {
		log_warning(SLUICE_LOG_PORT, "port %s: %s: trying again", port->name, why);
		return;
	}
	port_pause(dp, index, false);
	log_info(SLUICE_LOG_PORT, "port %s: opened again: %u queue%s, MTU %u", port->name,
	         port->queues, port->queues == 1 ? "" : "s", port->mtu);
}

/* No buffer to fill, and nothing received, for a while: such a socket has lost its buffers. */
static bool xdp_deaf(const struct port *port)
{
	struct xdp_port *xdp = port->xdp;
	bool deaf = false;

	for (uint16_t i = 0; i < xdp->n_sockets; i++) {
		struct xdp_watch *watch = &xdp->watches[i];
		uint64_t received = xdp->sockets[i].counters.rx_packets;
		struct xdp_socket_losses losses;

		xdp_socket_losses(&xdp->sockets[i], &losses);
		if (received == watch->received && losses.no_fill != watch->no_fill)
			watch->deaf++;
		else if (received != watch->received)
			watch->deaf = 0;
		watch->received = received;
		watch->no_fill = losses.no_fill;
		if (watch->deaf < DEAF_S)
			continue;
		log_warning(SLUICE_LOG_PORT,
		            "port %s queue %u: packets come and the kernel has no buffer for them: "
		            "opening its sockets again",
		            port->name, i);
		deaf = true;
	}
	return deaf;
}

static void xdp_tick(struct dataplane *dp, uint16_t index)
{
	struct port *port = &dp->ports->table[index];
	struct xdp_port *xdp = port->xdp;
	struct interface now = xdp->interface;

	if (port->state == SLUICE_PORT_GONE || interface_read(port->args, &now) != 0)
		return;
	if (xdp->n_sockets == 0 || now.rx_queues != xdp->interface.rx_queues ||
	    now.tx_queues != xdp->interface.tx_queues || now.mtu != xdp->interface.mtu ||
	    xdp_deaf(port))
		xdp_reopen(dp, index);
	else
		xdp_uso_follow(port, now.uso);
}

static void xdp_row(const struct port *port, struct sluice_port_row *row)
{
	const struct xdp_port *xdp = port->xdp;
	struct xdp_socket_counters counters;
	struct xdp_socket_losses losses;

	xdp_sum(xdp, &counters, &losses);
	row->numa = xdp->interface.numa;
	row->rx_packets = counters.rx_packets;
	row->rx_bytes = counters.rx_bytes;
	row->rx_missed = losses.missed + counters.rx_no_buffer;
	row->rx_errors = losses.refused_rx;
	row->tx_packets = counters.tx_packets;
	row->tx_bytes = counters.tx_bytes;
	row->tx_errors = counters.tx_errors + losses.refused_tx;
}

const struct port_ops xdp_port_ops = {
        .open = xdp_open,
        .close = xdp_close,
        .tick = xdp_tick,
        .row = xdp_row,
};
