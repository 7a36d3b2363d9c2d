/* SPDX-License-Identifier: BSD-3-Clause */
/* The levels of x86-64 CPUs (x86-64 psABI, 3.1.1), each with all that the one below has. */
#ifndef CPU_LEVEL_H
#define CPU_LEVEL_H

#include <stdint.h>

enum cpu_level {
	CPU_LEVEL_1, /* every x86-64 CPU */
	CPU_LEVEL_2,
	CPU_LEVEL_3,
	CPU_LEVEL_4,
	CPU_LEVELS,
};

/* What CPUID and XGETBV say; all zero where a leaf is not there. */
struct cpu_registers {
	uint32_t basic_ecx;    /* leaf 1 */
	uint32_t features_ebx; /* leaf 7, 0 */
	uint32_t extended_ecx; /* leaf 0x80000001 */
	uint32_t saved;        /* XCR0: what the kernel keeps of each thread */
};

void cpu_registers_read(struct cpu_registers *registers);
enum cpu_level cpu_level_of(const struct cpu_registers *registers);

#endif
