/* SPDX-License-Identifier: BSD-3-Clause */
/* Classic BPF from a client: run on workers, so it must end. */
#ifndef CAPTURE_PROGRAM_H
#define CAPTURE_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/capture.h>

/* True: every path ends, in few steps, and touches nothing but the packet and its own memory. */
bool program_valid(const struct sluice_capture_insn *program, uint32_t length);

/* `length` of `wire_length` bytes are there. */
bool program_match(const struct sluice_capture_insn *program, const uint8_t *data,
                   uint32_t wire_length, uint32_t length);

#endif
