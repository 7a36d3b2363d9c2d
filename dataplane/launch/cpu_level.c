/* SPDX-License-Identifier: BSD-3-Clause */
#include "launch/cpu_level.h"

#include <cpuid.h>
#include <stddef.h>

#define LEAF_BASIC    1
#define LEAF_FEATURES 7
#define LEAF_EXTENDED 0x80000001

/* Leaf 1, ECX: XGETBV may be executed, and the kernel saves what XCR0 says. */
#define BASIC_OSXSAVE (1u << 27)

/* Of a level all bits have to be set. */
static const struct cpu_registers needed[CPU_LEVELS] = {
        /* CMPXCHG16B, LAHF, POPCNT, SSE3, SSE4.1, SSE4.2, SSSE3 */
        [CPU_LEVEL_2] =
                {
                        .basic_ecx = 1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 23,
                        .extended_ecx = 1u << 0,
                },
        /* AVX, AVX2, BMI1, BMI2, F16C, FMA, LZCNT, MOVBE; 256-bit registers are saved */
        [CPU_LEVEL_3] =
                {
                        .basic_ecx = BASIC_OSXSAVE | 1u << 12 | 1u << 22 | 1u << 28 | 1u << 29,
                        .features_ebx = 1u << 3 | 1u << 5 | 1u << 8,
                        .extended_ecx = 1u << 5,
                        .saved = 0x06,
                },
        /* AVX-512 F, DQ, CD, BW, VL; 512-bit and mask registers are saved */
        [CPU_LEVEL_4] =
                {
                        .features_ebx = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31,
                        .saved = 0xe6,
                },
};

void cpu_registers_read(struct cpu_registers *registers)
{
	uint32_t eax, ebx, ecx, edx;

	*registers = (struct cpu_registers){0};
	if (__get_cpuid(LEAF_BASIC, &eax, &ebx, &ecx, &edx))
		registers->basic_ecx = ecx;
	if (__get_cpuid_count(LEAF_FEATURES, 0, &eax, &ebx, &ecx, &edx))
		registers->features_ebx = ebx;
	if (__get_cpuid(LEAF_EXTENDED, &eax, &ebx, &ecx, &edx))
		registers->extended_ecx = ecx;
	if (registers->basic_ecx & BASIC_OSXSAVE)
		__asm__("xgetbv" : "=a"(registers->saved), "=d"(edx) : "c"(0));
}

enum cpu_level cpu_level_of(const struct cpu_registers *registers)
{
	enum cpu_level level = CPU_LEVEL_1;

	for (enum cpu_level next = CPU_LEVEL_2; next < CPU_LEVELS; next++) {
		const struct cpu_registers *need = &needed[next];

		if ((registers->basic_ecx & need->basic_ecx) != need->basic_ecx ||
		    (registers->features_ebx & need->features_ebx) != need->features_ebx ||
		    (registers->extended_ecx & need->extended_ecx) != need->extended_ecx ||
		    (registers->saved & need->saved) != need->saved)
			break;
		level = next;
	}
	return level;
}
