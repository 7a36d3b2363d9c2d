/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"
#include "media/cache.h"

#include <sluice/stats.h>

#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_version.h>

#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
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

struct option_row;

/* 0, or what was expected. */
typedef const char *(*option_set)(struct config *config, const struct option_row *row,
                                  const char *value);

struct option_row {
	const char *name;
	const char *value; /* its name in --help, or NULL */
	const char *help;
	option_set set;
	size_t offset; /* of a number or text in struct config */
	size_t size;
	uint64_t min, max;
};

static const char *number_set(struct config *config, const struct option_row *row,
                              const char *value)
{
	void *to = (char *)config + row->offset;
	char *end;
	uint64_t number = strtoull(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end != '\0' || number < row->min ||
	    number > row->max)
		return "a number";
	if (row->size == sizeof(uint16_t))
		*(uint16_t *)to = (uint16_t)number;
	else
		*(uint32_t *)to = (uint32_t)number;
	return NULL;
}

static const char *text_set(struct config *config, const struct option_row *row, const char *value)
{
	if (value[0] == '\0')
		return row->value;
	*(const char **)(void *)((char *)config + row->offset) = value;
	return NULL;
}

static const char *flag_set(struct config *config, const struct option_row *row, const char *value)
{
	*(bool *)((char *)config + row->offset) = true;
	return NULL;
}

static const char *poll_set(struct config *config, const struct option_row *row, const char *value)
{
	if (strcmp(value, "adaptive") == 0)
		config->options.poll = SLUICE_POLL_ADAPTIVE;
	else if (strcmp(value, "busy") == 0)
		config->options.poll = SLUICE_POLL_BUSY;
	else
		return row->value;
	return NULL;
}

static const char *srtp_engine_set(struct config *config, const struct option_row *row,
                                   const char *value)
{
	if (strcmp(value, "auto") != 0 && strcmp(value, "ipsec-mb") != 0 &&
	    strcmp(value, "libsrtp2") != 0)
		return "auto, ipsec-mb or libsrtp2";
	config->options.srtp_engine = value;
	return NULL;
}

/* "2-5,8" */
static const char *cpus_set(struct config *config, const struct option_row *row, const char *value)
{
	static const char expected[] = "a list of CPUs as \"2-5,8\", each once";
	cpu_set_t seen;

	CPU_ZERO(&seen);
	config->n_cpus = 0;
	for (const char *at = value;; at++) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (*at < '0' || *at > '9')
			return expected;
		if (*end == '-') {
			at = end + 1;
			last = strtoul(at, &end, 10);
			if (*at < '0' || *at > '9' || last < first)
				return expected;
		}
		for (; first <= last; first++) {
			if (first >= CPU_SETSIZE || config->n_cpus == WORKERS_MAX ||
			    CPU_ISSET(first, &seen))
				return expected;
			CPU_SET(first, &seen);
			config->cpus[config->n_cpus++] = (uint16_t)first;
		}
		at = end;
		if (*at == '\0')
			return config->n_cpus > 0 ? NULL : expected;
		if (*at != ',')
			return expected;
	}
}

static const char *eal_set(struct config *config, const struct option_row *row, const char *value)
{
	if (config->n_eal_args == CONFIG_EAL_ARGS_MAX)
		return "fewer of them";
	config->eal_args[config->n_eal_args++] = value;
	return NULL;
}

#define IN_CONFIG(field)  offsetof(struct config, field), sizeof(((struct config *)0)->field)
#define IN_OPTIONS(field) IN_CONFIG(options.field)

static const struct option_row rows[] = {
        {"socket", "PATH", "where to listen for sluicectl and the control plane", text_set,
         IN_OPTIONS(socket_path)},
        {"workers", "N", "threads that move packets, a core each", number_set, IN_OPTIONS(workers),
         1, WORKERS_MAX},
        {"cpus", "LIST", "the cores of the workers (\"2-5,8\"), one each", cpus_set},
        {"max-allocations", "N", "TURN allocations at most", number_set,
         IN_OPTIONS(max_allocations), 1, 1u << 24},
        {"max-permissions", "N", "permissions at most, of all allocations", number_set,
         IN_OPTIONS(max_permissions), 1, 1u << 26},
        {"max-channels", "N", "channels at most, of all allocations", number_set,
         IN_OPTIONS(max_channels), 1, 1u << 26},
        {"max-endpoints", "N", "SRTP endpoints at most; 0: no SRTP forwarding", number_set,
         IN_OPTIONS(max_endpoints), 0, 1u << 20},
        {"max-streams", "N", "streams at most, of all endpoints", number_set,
         IN_OPTIONS(max_streams), 1, 1u << 20},
        {"max-subscriptions", "N", "subscriptions at most, of all streams", number_set,
         IN_OPTIONS(max_subscriptions), 1, 1u << 22},
        {"memory", "MB", "memory for packets, taken at start", number_set, IN_CONFIG(memory_mb), 64,
         1u << 20},
        {"no-huge", NULL, "use ordinary pages", flag_set, IN_CONFIG(no_huge)},
        {"mbufs", "N", "packet buffers", number_set, IN_OPTIONS(mbufs), 1024, 1u << 26},
        {"mbuf-size", "BYTES", "of a packet buffer; a jumbo frame needs to fit", number_set,
         IN_OPTIONS(mbuf_size), RTE_MBUF_DEFAULT_BUF_SIZE, 16384 + RTE_PKTMBUF_HEADROOM},
        {"xdp-object", "PATH", "the XDP program of the ports", text_set, IN_OPTIONS(xdp_object)},
        {"poll", "adaptive|busy", "whether idle workers sleep", poll_set},
        {"media-cache", "N", "packets of a stream that are kept to be repeated", number_set,
         IN_OPTIONS(media_cache), PACKET_CACHE_MIN, PACKET_CACHE_MAX},
        {"srtp-engine", "NAME", "what enciphers SRTP: auto, ipsec-mb or libsrtp2", srtp_engine_set},
        {"allow-decrypted", NULL, "let captures show decrypted media; each is logged", flag_set,
         IN_OPTIONS(allow_decrypted)},
        {"test-clock", NULL, "for tests: let workers' time be put forward over the socket",
         flag_set, IN_OPTIONS(test_clock)},
        {"eal", "ARG", "an argument for DPDK's EAL; may be repeated", eal_set},
};

static void help_row(const char *name, const char *value, const char *help)
{
	char words[64];

	snprintf(words, sizeof(words), "--%s %s", name, value != NULL ? value : "");
	printf("  %-26s %s\n", words, help);
}

static void help_print(const struct config *config)
{
	printf("usage: sluice-dataplane [OPTION]...\n\n"
	       "Moves media packets: TURN relay on DPDK ports. It is configured over its "
	       "socket.\n\n");
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		help_row(rows[i].name, rows[i].value, rows[i].help);
	help_row("version", NULL, "print it and end");
	help_row("help", NULL, "this");
	printf("\n"
	       "Defaults: socket %s, 1 worker, %u allocations,\nXDP program %s\n",
	       config->options.socket_path, config->options.max_allocations, config->xdp_object);
}

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

static void defaults_set(struct config *config)
{
	*config = (struct config){0};
	options_default(&config->options);
	config->options.socket_path = SLUICE_DATAPLANE_SOCKET;
	config->options.workers = 0;
	config->options.max_allocations = 100000;
	config->options.max_permissions = 0;
	config->options.max_channels = 0;
	config->options.max_ports = 64;
	config->options.max_endpoints = 8192;
	config->options.max_streams = 8192;
	config->options.max_subscriptions = 65536;
	config->options.mbufs = 32767;
	config->options.poll = SLUICE_POLL_ADAPTIVE;
	xdp_object_find(config->xdp_object);
	config->options.xdp_object = config->xdp_object;
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
}

static void long_options(struct option options[RTE_DIM(rows) + 3])
{
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		options[i] = (struct option){
		        rows[i].name, rows[i].value != NULL ? required_argument : no_argument, NULL,
		        0};
	options[RTE_DIM(rows)] = (struct option){"version", no_argument, NULL, 'V'};
	options[RTE_DIM(rows) + 1] = (struct option){"help", no_argument, NULL, 'h'};
	options[RTE_DIM(rows) + 2] = (struct option){0};
}

static enum config_result wrong(const char *word, const char *expected)
{
	fprintf(stderr, "sluice-dataplane: %s: expected %s\n", word, expected);
	return CONFIG_WRONG;
}

static enum config_result value_wrong(const struct option_row *row, const char *value,
                                      const char *expected)
{
	fprintf(stderr, "sluice-dataplane: --%s %s: expected %s", row->name, value, expected);
	if (row->max != 0)
		fprintf(stderr, " from %lu to %lu", row->min, row->max);
	fputc('\n', stderr);
	return CONFIG_WRONG;
}

enum config_result config_parse(struct config *config, int argc, char **argv)
{
	struct option options[RTE_DIM(rows) + 3];
	const char *expected;
	int index, found;

	defaults_set(config);
	long_options(options);
	opterr = 0;
	while ((found = getopt_long(argc, argv, ":h", options, &index)) != -1) {
		switch (found) {
		case 'V':
			printf("sluice-dataplane %s (%s)\n", SLUICE_VERSION_TEXT, rte_version());
			return CONFIG_DONE;
		case 'h':
			help_print(config);
			return CONFIG_DONE;
		case ':':
			return wrong(argv[optind - 1], "a value behind it");
		case '?':
			return wrong(argv[optind - 1], "an option of --help");
		}
		expected = rows[index].set(config, &rows[index], optarg);
		if (expected != NULL)
			return value_wrong(&rows[index], optarg, expected);
	}
	if (optind < argc)
		return wrong(argv[optind], "options only; configuration comes over the socket");
	derived_set(config);
	if (config->n_cpus > 0 && config->n_cpus != config->options.workers)
		return wrong("--cpus", "one CPU for each of --workers");
	return CONFIG_RUN;
}
