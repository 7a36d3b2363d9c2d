/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the XDP programs of the ports are set to, read from each program's own map of the
 * configuration. The configuration is not trusted to be in force, so a port whose maps are new, or
 * hold something weaker, is judged by the node, at every instant.
 */
#include "gate/program.h"
#include "gate/gate.h"

#include "dataplane.h"
#include "net/gate_map.h"
#include "net/port.h"
#include "net/xdp/port.h"
#include "turn/state.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <stdlib.h>

#include <sys/mman.h>

#include <openssl/crypto.h>

/* Of a port, by its index. */
struct gate_program {
	uint32_t mode; /* enum gate_mode */
};

struct gate_program *gate_programs_create(void)
{
	return calloc(PORTS_MAX, sizeof(struct gate_program));
}

void gate_programs_destroy(struct gate_program *programs)
{
	free(programs);
}

static bool is_xdp(const struct port *port)
{
	return port->used && port->kind == SLUICE_PORT_XDP;
}

/* The program is attached by a link of ours: no other can take its place. */
static uint32_t mode_read(const struct port *port)
{
	const uint32_t zero = 0;
	struct gate_config config = {0};
	uint32_t mode;
	int map;

	if (!is_xdp(port) || port->xdp == NULL || port->xdp->program.object == NULL)
		return GATE_MODE_UNSET;
	map = bpf_object__find_map_fd_by_name(port->xdp->program.object, GATE_PIN_PREFIX "config");
	if (map < 0 || bpf_map_lookup_elem(map, &zero, &config) != 0)
		return GATE_MODE_UNSET;
	mode = config.mode;
	OPENSSL_cleanse(&config, sizeof(config)); /* keys */
	return mode;
}

bool gate_programs_look(struct gate *gate)
{
	const struct ports *ports = gate->dp->ports;
	bool changed = false;

	for (uint32_t i = 0; ports != NULL && i < PORTS_MAX; i++) {
		uint32_t mode = mode_read(&ports->table[i]);

		changed |= mode != gate->programs[i].mode;
		gate->programs[i].mode = mode;
	}
	return changed;
}

/* XDP is as strict as what is configured here, or stricter. */
uint64_t gate_programs_judge(const struct gate *gate, uint32_t mode)
{
	uint64_t judged = 0;

	for (uint32_t i = 0; i < PORTS_MAX; i++)
		if (gate->programs[i].mode != GATE_MODE_UNSET && gate->programs[i].mode >= mode)
			judged |= 1ull << i;
	return judged;
}

bool gate_programs_all(const struct gate *gate)
{
	const struct ports *ports = gate->dp->ports;
	uint64_t judged = gate_policy_now(gate)->judged;
	bool any = false;

	for (uint32_t i = 0; ports != NULL && i < PORTS_MAX; i++) {
		if (!is_xdp(&ports->table[i]))
			continue;
		if (!(judged >> i & 1))
			return false;
		any = true;
	}
	return any;
}

/* -- the clients' map -- */

uint32_t gate_clients_entries(const struct dataplane *dp)
{
	return dp->turn->callers.entries;
}

/* Of the programs' map, which they all share; -1: there is none. */
static int clients_map(const struct ports *ports)
{
	for (uint32_t i = 0; ports != NULL && i < PORTS_MAX; i++) {
		const struct port *port = &ports->table[i];

		if (is_xdp(port) && port->xdp != NULL && port->xdp->program.object != NULL)
			return bpf_object__find_map_fd_by_name(port->xdp->program.object,
			                                       GATE_PIN_PREFIX "clients");
	}
	return -1;
}

void gate_clients_follow(struct gate *gate)
{
	struct callers *callers = &gate->dp->turn->callers;
	int fd = clients_map(gate->dp->ports);
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	struct gate_clients *old;
	void *mapped = MAP_FAILED;

	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
	    info.max_entries == callers->entries) {
		if (info.id == callers->map)
			return;
		mapped = mmap(NULL, callers->entries * sizeof(*callers->own),
		              PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (mapped == MAP_FAILED && callers->mapped == NULL)
		return;
	old = callers_map(callers, mapped != MAP_FAILED ? mapped : NULL,
	                  mapped != MAP_FAILED ? info.id : 0);
	if (old != NULL)
		dataplane_quiesce(gate->dp);
	callers_unmap(callers, old);
}

void gate_ports_changed(struct gate *gate)
{
	gate_clients_follow(gate);
	if (gate_programs_look(gate))
		gate_policy_publish(gate);
}
