/* SPDX-License-Identifier: BSD-3-Clause */
/* The XDP programs of the ports, and what they hold: whose packets the node need not judge. */
#ifndef GATE_PROGRAM_H
#define GATE_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

struct gate;
struct gate_program;

/* For each port there may be. NULL without memory. */
struct gate_program *gate_programs_create(void);
void gate_programs_destroy(struct gate_program *programs);

/* Control thread: reads all again; true where a mode has changed and a new policy is due. */
bool gate_programs_look(struct gate *gate);
/* Ports, a bit each, whose program holds what it passes to this mode or a stricter one. */
uint64_t gate_programs_judge(const struct gate *gate, uint32_t mode);
/* There are ports with XDP, and all of them are judged there. */
bool gate_programs_all(const struct gate *gate);

#endif
