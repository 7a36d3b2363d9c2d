/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the XDP programs of the ports are set to, read from the kernel: which program is attached,
 * and what its own map of the configuration holds. Nobody's word is taken for it, so a port whose
 * maps are new, gone or somebody else's is judged by the node, at every instant.
 */
#include "gate/program.h"
#include "gate/source.h"

#include "dataplane.h"
#include "net/port.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_NAME "sluice_gate_con" /* as much of sluice_gate_config as the kernel keeps */
#define MAPS_MAX    32

/* Of a port, by its index. */
struct gate_program {
	uint32_t id;   /* of what is attached; 0: nothing */
	int config;    /* its map; -1: it has none, and is not ours */
	uint32_t mode; /* enum gate_mode, in that map */
};

struct gate_program *gate_programs_create(void)
{
	struct gate_program *programs = calloc(PORTS_MAX, sizeof(*programs));

	for (uint32_t i = 0; programs != NULL && i < PORTS_MAX; i++)
		programs[i].config = -1;
	return programs;
}

static void program_forget(struct gate_program *program)
{
	if (program->config >= 0)
		close(program->config);
	*program = (struct gate_program){.config = -1};
}

void gate_programs_destroy(struct gate_program *programs)
{
	for (uint32_t i = 0; programs != NULL && i < PORTS_MAX; i++)
		program_forget(&programs[i]);
	free(programs);
}

static bool is_config(int map)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(map, &info, &size) == 0 &&
	       info.value_size == sizeof(struct gate_config) && strcmp(info.name, CONFIG_NAME) == 0;
}

/* The configuration's map of a program, or -1. */
static int config_open(uint32_t id)
{
	uint32_t maps[MAPS_MAX];
	struct bpf_prog_info info = {.map_ids = (uintptr_t)maps, .nr_map_ids = MAPS_MAX};
	uint32_t size = sizeof(info);
	int program = bpf_prog_get_fd_by_id(id), map;

	if (program < 0)
		return -1;
	if (bpf_obj_get_info_by_fd(program, &info, &size) != 0)
		info.nr_map_ids = 0;
	close(program);
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++) {
		map = bpf_map_get_fd_by_id(maps[i]);
		if (map >= 0 && is_config(map))
			return map;
		if (map >= 0)
			close(map);
	}
	return -1;
}

static uint32_t attached_id(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return bpf_xdp_query((int)ifindex, 0, &query) == 0 ? query.prog_id : 0;
}

static uint32_t mode_read(int map)
{
	const uint32_t zero = 0;
	struct gate_config config;

	return map >= 0 && bpf_map_lookup_elem(map, &zero, &config) == 0 ? config.mode
	                                                                 : GATE_MODE_UNSET;
}

static bool is_xdp(const struct port *port)
{
	return port->used && port->kind == SLUICE_PORT_XDP;
}

static bool program_look(struct gate_program *program, const struct port *port)
{
	uint32_t id = is_xdp(port) ? attached_id(port->ifindex) : 0;
	uint32_t before = program->mode;

	if (id != program->id) {
		program_forget(program);
		program->id = id;
		if (id != 0)
			program->config = config_open(id);
	}
	program->mode = mode_read(program->config);
	return program->mode != before;
}

bool gate_programs_look(struct gate *gate)
{
	const struct ports *ports = gate->dp->ports;
	bool changed = false;

	for (uint32_t i = 0; ports != NULL && i < PORTS_MAX; i++)
		changed |= program_look(&gate->programs[i], &ports->table[i]);
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

void gate_ports_changed(struct gate *gate)
{
	if (gate_programs_look(gate))
		gate_policy_publish(gate);
}
