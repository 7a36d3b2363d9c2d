/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of its programs a package runs on which CPU. */
#include "launch/cpu_level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* What CPUs report: their manuals' values for these registers. */
#define CORE2     0x0000e3bdu /* SSSE3, no SSE4.2, no POPCNT */
#define NEHALEM   0x009ce3bdu
#define HASWELL   0x7ffafbffu
#define NO_MOVBE  (HASWELL & ~(1u << 22))
#define NO_XSAVE  (HASWELL & ~(1u << 27))
#define HASWELL_7 0x000037abu
#define SKYLAKE_7 0xd39ffffbu
#define KNL_7     0x1c0d23abu /* AVX-512 F, CD, ER, PF: neither DQ, BW nor VL */
#define LAHF      0x01u
#define LZCNT     0x20u
#define SSE       0x03u
#define AVX       0x07u
#define AVX512    0xe7u

static const struct {
	const char *name;
	struct cpu_registers registers;
	enum cpu_level level;
} rows[] = {
        {"nothing known", {0}, CPU_LEVEL_1},
        {"Core 2", {CORE2, 0, LAHF, SSE}, CPU_LEVEL_1},
        {"Nehalem", {NEHALEM, 0, LAHF, 0}, CPU_LEVEL_2},
        {"Haswell", {HASWELL, HASWELL_7, LAHF | LZCNT, AVX}, CPU_LEVEL_3},
        {"Haswell, a hypervisor hides LZCNT", {HASWELL, HASWELL_7, LAHF, AVX}, CPU_LEVEL_2},
        {"Haswell, a hypervisor hides MOVBE",
         {NO_MOVBE, HASWELL_7, LAHF | LZCNT, AVX},
         CPU_LEVEL_2},
        {"Haswell, the kernel saves no AVX registers",
         {HASWELL, HASWELL_7, LAHF | LZCNT, SSE},
         CPU_LEVEL_2},
        {"Haswell, the kernel knows no XSAVE", {NO_XSAVE, HASWELL_7, LAHF | LZCNT, 0}, CPU_LEVEL_2},
        {"Skylake server", {HASWELL, SKYLAKE_7, LAHF | LZCNT, AVX512}, CPU_LEVEL_4},
        {"Skylake server, the kernel saves no AVX-512 registers",
         {HASWELL, SKYLAKE_7, LAHF | LZCNT, AVX},
         CPU_LEVEL_3},
        {"Knights Landing", {HASWELL, KNL_7, LAHF | LZCNT, AVX512}, CPU_LEVEL_3},
        {"AVX-512 without what level 3 needs", {NO_MOVBE, SKYLAKE_7, LAHF, AVX512}, CPU_LEVEL_2},
};

static void levels(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].name);
		assert_int_equal(cpu_level_of(&rows[i].registers), rows[i].level);
	}
}

/* The compiler was told of this CPU's level, or of a lower one, and this test runs. */
static void this_cpu(void **state)
{
	struct cpu_registers registers;
	enum cpu_level built = CPU_LEVEL_1;

#ifdef __SSE4_2__
	built = CPU_LEVEL_2;
#endif
#if defined(__AVX2__) && defined(__BMI2__) && defined(__LZCNT__) && defined(__MOVBE__)
	built = CPU_LEVEL_3;
#endif
#if defined(__AVX512VL__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
	built = CPU_LEVEL_4;
#endif
	cpu_registers_read(&registers);
	assert_true(cpu_level_of(&registers) >= built);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(levels),
	        cmocka_unit_test(this_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
