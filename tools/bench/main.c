/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-bench: the shipped nodes in this process, on ports that it owns at both ends. */
#include "bench.h"
#include "common/option.h"
#include "options.h"
#include "rig.h"

#include <rte_common.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bench benches[BENCHES] = {
        [BENCH_TURN] = {turn_bench_megabytes, turn_bench},
        [BENCH_GATE] = {gate_bench_megabytes, gate_bench},
        [BENCH_REGIONS] = {regions_bench_megabytes, regions_bench},
        [BENCH_SRTP] = {srtp_bench_megabytes, srtp_bench},
        [BENCH_WEBRTC] = {webrtc_bench_megabytes, webrtc_bench},
};

/* BENCHES: there is none of that name. */
static enum bench_name bench_find(const char *name)
{
	for (enum bench_name i = 0; i < BENCHES; i++)
		if (strcmp(bench_words[i].name, name) == 0)
			return i;
	return BENCHES;
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

static int bench_run(enum bench_name name, const char *glob, const struct bench_options *options)
{
	const struct bench *bench = &benches[name];
	uint32_t megabytes = bench->megabytes(glob);
	bool huge = huge_pages_free(megabytes);
	struct rows rows = {.bench = bench_words[name].name, .quick = options->quick};
	int ret = 0;

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
	if (options->json)
		ret = rows_print_json(&rows);
	else
		rows_print(&rows);
	return ret != 0 || rows.failed != 0;
}

int main(int argc, char **argv)
{
	struct bench_options options = {0};
	int first = options_read(&program_bench, argc, argv, &options);
	enum bench_name name;

	if (first < 0)
		return 1;
	if (options.help)
		options_print_help(&program_bench);
	if (options.version)
		printf("sluice-bench %s\n", SLUICE_VERSION_TEXT);
	if (options.help || options.version)
		return 0;
	name = first < argc ? bench_find(argv[first]) : BENCHES;
	if (name == BENCHES) {
		option_fail(&program_bench, first < argc ? argv[first] : "the first word",
		            "turn, gate, regions, srtp or webrtc");
		return 1;
	}
	if (first + 2 < argc) {
		option_fail(&program_bench, argv[first + 2], "one glob of cases at most");
		return 1;
	}
	return bench_run(name, first + 1 < argc ? argv[first + 1] : "*", &options);
}
