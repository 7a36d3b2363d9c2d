/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-bench: the shipped nodes in this process, on ports that it owns at both ends. */
#include "bench.h"
#include "rig.h"

#include <rte_common.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

static const struct bench benches[] = {
        {"turn", "TURN relaying, requests and memory", turn_bench_megabytes, turn_bench},
        {"gate", "verdicts of the gate, in XDP and in C", gate_bench_megabytes, gate_bench},
        {"regions", "steering among 100 regions and 10,000 nodes", regions_bench_megabytes,
         regions_bench},
        {"srtp", "SRTP fan-out, beside the cipher alone and libsrtp2", srtp_bench_megabytes,
         srtp_bench},
};

static void usage(FILE *out)
{
	fprintf(out, "usage: sluice-bench BENCH [-j] [CASE-GLOB]\n"
	             "  -j  one JSON object instead of a table\n");
	for (size_t i = 0; i < RTE_DIM(benches); i++)
		fprintf(out, "  %-8s%s\n", benches[i].name, benches[i].help);
}

static const struct bench *bench_find(const char *name)
{
	for (size_t i = 0; i < RTE_DIM(benches); i++)
		if (strcmp(benches[i].name, name) == 0)
			return &benches[i];
	return NULL;
}

static uint64_t file_number(const char *path)
{
	FILE *file = fopen(path, "r");
	uint64_t number = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

/* Huge pages where the host has enough of them free. */
static bool huge_pages_free(uint32_t megabytes)
{
	return file_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") * 2 >=
	               megabytes ||
	       file_number("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages") * 1024 >=
	               megabytes;
}

static int bench_run(const struct bench *bench, const char *glob, bool json)
{
	uint32_t megabytes = bench->megabytes(glob);
	bool huge = huge_pages_free(megabytes);
	struct rows rows = {.bench = bench->name};

	if (megabytes > 0 && rig_eal("sluice-bench", megabytes, huge) != 0) {
		fprintf(stderr, "sluice-bench: no memory for EAL\n");
		return 1;
	}
	rows.pages = megabytes == 0 ? "small pages" : huge ? "huge pages" : rig_pages();
	if (bench->run(glob, &rows) != 0)
		return 1;
	if (rows.count == 0) {
		fprintf(stderr, "sluice-bench: no case matches '%s'\n", glob);
		return 1;
	}
	if (json)
		return rows_print_json(&rows) != 0;
	rows_print(&rows);
	return 0;
}

int main(int argc, char **argv)
{
	const struct bench *bench;
	const char *glob;
	bool json = false;
	int option;

	while ((option = getopt(argc, argv, "jh")) != -1) {
		if (option != 'j') {
			usage(option == 'h' ? stdout : stderr);
			return option != 'h';
		}
		json = true;
	}
	bench = optind < argc ? bench_find(argv[optind]) : NULL;
	if (bench == NULL || argc > optind + 2) {
		usage(stderr);
		return 1;
	}
	glob = optind + 1 < argc ? argv[optind + 1] : "*";
	return bench_run(bench, glob, json);
}
