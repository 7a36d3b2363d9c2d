/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the frames of the gate's table of cases as seeds: usage: gate-seeds FOLDER */
#include <stdio.h>

#include "gate_case.h"

int main(int argc, char **argv)
{
	for (uint32_t i = 0; argc == 2 && i < gate_cases_count; i++) {
		const struct gate_case *row = &gate_cases[i];
		struct gate_config config = gate_case_config(row);
		uint8_t seed[2 + GATE_CASE_MAX] = {
		        row->flags | row->host_attacked << 3 | row->prefix_attacked << 4, 0xd5};
		uint16_t length = gate_case_frame(row, &config, seed + 2);
		char path[512];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", argv[1], row->name);
		file = fopen(path, "w");
		if (file == NULL || fwrite(seed, 2 + length, 1, file) != 1 || fclose(file) != 0)
			return 1;
	}
	return argc != 2;
}
