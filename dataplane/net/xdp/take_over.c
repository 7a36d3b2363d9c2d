/* SPDX-License-Identifier: BSD-3-Clause */
/* A port in another dataplane's place, and of one whose place another takes. */
#include "net/xdp/port_parts.h"
#include "common/log.h"
#include "dataplane.h"
#include "net/port.h"

#include <rte_malloc.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RELEASE_THREADS 64

static struct xdp_port **prepared_find(struct dataplane *dp, const char *interface)
{
	for (uint32_t i = 0; i < PORTS_MAX; i++)
		if (dp->ports->prepared[i] != NULL &&
		    (interface == NULL || strcmp(dp->ports->prepared[i]->name, interface) == 0))
			return &dp->ports->prepared[i];
	return NULL;
}

struct xdp_port *xdp_prepared_take(struct dataplane *dp, const char *interface)
{
	struct xdp_port **place = prepared_find(dp, interface), *xdp;

	if (place == NULL)
		return NULL;
	xdp = *place;
	*place = NULL;
	return xdp;
}

void xdp_prepared_free(struct dataplane *dp, struct xdp_port *xdp)
{
	struct port port = {.xdp = xdp};

	xdp_program_unload(&xdp->program);
	xdp_sockets_close(dp, &port);
	rte_free(xdp);
}

void xdp_prepared_drop(struct dataplane *dp)
{
	struct xdp_port *xdp;

	while ((xdp = xdp_prepared_take(dp, NULL)) != NULL)
		xdp_prepared_free(dp, xdp);
}

/* Its maps are those of the other one, which knows the same services. */
static int prepared_fill(struct dataplane *dp, struct xdp_port *xdp, const char **step)
{
	const struct xdp_sizes sizes = port_gate_sizes(dp);
	char why[SLUICE_API_ERROR_MAX];
	struct rte_mempool *jumbo;
	int ret = interface_read(xdp->name, &xdp->interface);
	uint16_t queues = xdp->interface.rx_queues;

	*step = "interface";
	if (ret == 0 && (queues == 0 || queues > XDP_SOCKETS_MAX))
		ret = -ENOTSUP;
	if (ret != 0 || xdp_sockets_alloc(xdp, queues) != 0)
		return ret != 0 ? ret : -ENOMEM;
	jumbo = xdp_jumbo(dp, xdp);
	while (xdp->n_sockets < queues && ret == 0) {
		const struct xdp_socket_options options =
		        xdp_options_of(dp, xdp, 0, xdp->n_sockets, jumbo);

		ret = xdp_socket_make(&xdp->sockets[xdp->n_sockets], &options, step);
		xdp->n_sockets += ret == 0;
	}
	if (ret != 0)
		return ret;
	*step = "program";
	ret = xdp_program_load(&xdp->program, dp->options.xdp_object, &sizes, port_gate_frags(xdp),
	                       why);
	for (uint16_t i = 0; i < queues && ret == 0; i++)
		ret = xdp_program_redirect(&xdp->program, i, xdp->sockets[i].fd);
	return ret;
}

static struct xdp_port **prepared_place(struct dataplane *dp)
{
	for (uint32_t i = 0; i < PORTS_MAX; i++)
		if (dp->ports->prepared[i] == NULL)
			return &dp->ports->prepared[i];
	return NULL;
}

void xdp_prepare(struct dataplane *dp, const char *interface)
{
	struct xdp_port **place = prepared_place(dp), *xdp = xdp_port_make(interface);
	const char *step = "memory";
	int ret = xdp != NULL && place != NULL ? prepared_fill(dp, xdp, &step) : -ENOMEM;

	if (ret == 0) {
		*place = xdp;
		return;
	}
	log_info(SLUICE_LOG_PORT, "%s: nothing is prepared (%s: %s): its port takes longer",
	         interface, step, strerror(-ret));
	if (xdp != NULL)
		xdp_prepared_free(dp, xdp);
}

void xdp_inherit(struct dataplane *dp, const char *interface, int link)
{
	struct xdp_port **place = prepared_find(dp, interface);

	if (place == NULL)
		close(link);
	else if (xdp_program_replace(&(*place)->program, link) == 0)
		dp->ports->inherited = true;
}

int xdp_prepared_open(struct dataplane *dp, struct port *port, char *why)
{
	struct xdp_port *xdp = port->xdp;
	struct interface now = xdp->interface;
	const char *step;
	int ret = interface_read(port->args, &now);

	if (ret != 0 || now.rx_queues != xdp->interface.rx_queues ||
	    now.tx_queues != xdp->interface.tx_queues || now.mtu != xdp->interface.mtu)
		ret = -ESTALE;
	for (uint16_t i = 0; i < xdp->n_sockets && ret == 0; i++) {
		const struct xdp_socket_options options = xdp_options_of(
		        dp, xdp, port_index(dp->ports, port), i, xdp->sockets[0].jumbo);

		ret = xdp_socket_bind(&xdp->sockets[i], &options, &step);
	}
	if (ret == 0) {
		xdp->interface = now;
		xdp_sockets_describe(dp, port);
		return 0;
	}
	xdp_sockets_close(dp, port);
	ret = xdp_sockets_open(dp, port, why);
	return ret == 0 ? xdp_sockets_redirect(port) : ret;
}

int xdp_program_next(const struct dataplane *dp, uint32_t *cursor, char name[IF_NAMESIZE])
{
	const struct ports *ports = dp->ports;

	while (ports != NULL && *cursor < ports->count) {
		const struct port *port = &ports->table[(*cursor)++];

		if (!port->used || port->xdp == NULL || port->xdp->program.link < 0)
			continue;
		snprintf(name, IF_NAMESIZE, "%s", port->xdp->name);
		return port->xdp->program.link;
	}
	return -1;
}

static void *socket_release(void *socket)
{
	xdp_socket_close(socket);
	return NULL;
}

/* The kernel waits for all of its CPUs before a socket is closed, some 10 ms each: side by side. */
void xdp_release(struct dataplane *dp)
{
	pthread_t threads[RELEASE_THREADS];
	uint32_t n_threads = 0;

	for (uint16_t i = 0; dp->ports != NULL && i < dp->ports->count; i++) {
		struct xdp_port *xdp = dp->ports->table[i].used ? dp->ports->table[i].xdp : NULL;

		for (uint16_t q = 0; xdp != NULL && q < xdp->n_sockets; q++)
			if (n_threads == RELEASE_THREADS ||
			    pthread_create(&threads[n_threads], NULL, socket_release,
			                   &xdp->sockets[q]) != 0)
				xdp_socket_close(&xdp->sockets[q]);
			else
				n_threads++;
		if (xdp != NULL)
			close(xdp->claim);
	}
	while (n_threads > 0)
		pthread_join(threads[--n_threads], NULL);
}
