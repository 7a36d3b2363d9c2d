/* SPDX-License-Identifier: BSD-3-Clause */
/* Packet in, packet out: runs the tables and prints TAP. An argument runs the cases whose name
 * holds it. */
#include "case.h"

#include <stdio.h>
#include <string.h>

#define MEGABYTES 256

static const struct case_table *const tables[] = {&request_cases, &relay_cases,    &drop_cases,
                                                  &worker_cases,  &fragment_cases, &mobility_cases};

static bool case_run(const struct packet_case *test, char *why, size_t size)
{
	struct scene scene;
	bool ok = true;
	char what[256];

	if (!scene_create(&scene, &test->config)) {
		snprintf(why, size, "no scene");
		return false;
	}
	for (int i = 0; ok && i < STEPS_MAX && test->steps[i].act != END; i++) {
		ok = step_run(&scene, &test->steps[i], what, sizeof(what));
		if (!ok)
			snprintf(why, size, "step %d: %s", i + 1, what);
	}
	scene_destroy(&scene);
	return ok;
}

int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "";
	unsigned int number = 0, failed = 0;
	char why[300];

	if (rig_eal(argv[0], MEGABYTES, false) != 0) {
		printf("Bail out! no EAL\n");
		return 1;
	}
	for (size_t table = 0; table < RTE_DIM(tables); table++) {
		for (uint32_t i = 0; i < tables[table]->count; i++) {
			const struct packet_case *test = &tables[table]->cases[i];
			bool ok;

			if (strstr(test->name, part) == NULL)
				continue;
			ok = case_run(test, why, sizeof(why));
			printf("%sok %u - %s\n", ok ? "" : "not ", ++number, test->name);
			if (!ok)
				printf("# %s\n", why);
			failed += !ok;
			fflush(stdout);
		}
	}
	printf("1..%u\n", number);
	return failed != 0;
}
