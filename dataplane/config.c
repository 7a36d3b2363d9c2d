/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "common/option.h"

#include <sluice/ledger.h>

#include <rte_version.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef SLUICE_LIBDIR
#define SLUICE_LIBDIR "/usr/lib/sluice"
#endif
#define XDP_OBJECT "gate.bpf.o"

/* How many permissions and channels an allocation is given room for, on average. */
#define OBJECTS_PER_ALLOCATION 4
#define PORTS_MAX              64

/* The build tree's own program beside the executable, so that what was built together runs
 * together. */
static void xdp_object_find(char path[PATH_MAX])
{
	char executable[PATH_MAX / 2], beside[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", executable, sizeof(executable) - 1);

	if (length > 0) {
		executable[length] = '\0';
		*strrchr(executable, '/') = '\0';
		snprintf(beside, sizeof(beside), "%s/../bpf/%s", executable, XDP_OBJECT);
		if (realpath(beside, path) != NULL)
			return;
	}
	snprintf(path, PATH_MAX, "%s/%s", SLUICE_LIBDIR, XDP_OBJECT);
}

/* In the folder of the socket. */
static void ledger_find(struct config *config)
{
	const char *socket = config->options.socket_path, *slash = strrchr(socket, '/');

	snprintf(config->ledger, sizeof(config->ledger), "%.*s" SLUICE_LEDGER_NAME,
	         slash != NULL ? (int)(slash + 1 - socket) : 0, socket);
}

/* What follows from other options where it was not given. */
static void derived_set(struct config *config)
{
	struct options *options = &config->options;
	uint32_t objects = options->max_allocations * OBJECTS_PER_ALLOCATION;

	if (options->workers == 0)
		options->workers = config->n_cpus > 0 ? config->n_cpus : 1;
	if (options->max_permissions == 0)
		options->max_permissions = objects;
	if (options->max_channels == 0)
		options->max_channels = objects;
	ledger_find(config);
	if (options->ledger == NULL)
		options->ledger = config->ledger;
	else if (strcmp(options->ledger, "off") == 0)
		options->ledger = NULL;
	if (options->xdp_object == NULL) {
		xdp_object_find(config->xdp_object);
		options->xdp_object = config->xdp_object;
	}
}

static enum config_result wrong(const char *word, const char *expected)
{
	option_fail(&program_dataplane, word, expected);
	return CONFIG_WRONG;
}

enum config_result config_parse(struct config *config, int argc, char **argv)
{
	int first;

	*config = (struct config){.options = {.max_ports = PORTS_MAX}};
	first = options_read(&program_dataplane, argc, argv, config);
	if (first < 0)
		return CONFIG_WRONG;
	if (config->help)
		options_print_help(&program_dataplane);
	if (config->version)
		printf("sluice-dataplane %s (%s)\n", SLUICE_VERSION_TEXT, rte_version());
	if (config->help || config->version)
		return CONFIG_DONE;
	if (first < argc)
		return wrong(argv[first], "options only; configuration comes over the socket");
	derived_set(config);
	if (config->take_over && config->options.ledger == NULL)
		return wrong("--take-over", "a ledger");
	if (config->n_cpus > 0 && config->n_cpus != config->options.workers)
		return wrong("--cpus", "one CPU for each of --workers");
	return CONFIG_RUN;
}
