/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal.h"

#include "common/log.h"
#include "config.h"
#include "dpdk_log.h"
#include "graph/packet.h"

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX (16 + CONFIG_EAL_ARGS_MAX)
/* What the EAL, the rings, the drivers and the graphs take beside the packets. */
#define MEMORY_BASE_MB 96
#define CPU_LIST_MAX   8192

/* A list of "a,b,c" that never overruns. */
__attribute__((format(printf, 3, 4))) static void text_append(char *text, size_t size,
                                                              const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, size - used, format, arguments);
	va_end(arguments);
}

static uint32_t memory_wanted(const struct config *config)
{
	const struct options *options = &config->options;
	uint64_t packet = sizeof(struct rte_mbuf) + sizeof(struct packet) + options->mbuf_size +
	                  2 * RTE_CACHE_LINE_SIZE;

	if (config->memory_mb != 0)
		return config->memory_mb;
	return MEMORY_BASE_MB + (uint32_t)(options->mbufs * packet >> 20);
}

/* Of the default size; a host with other sizes names them with --eal. */
static uint64_t hugepages_free_mb(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long pages = 0, kb = 0;
	char line[128];

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		sscanf(line, "HugePages_Free: %lu", &pages);
		sscanf(line, "Hugepagesize: %lu kB", &kb);
	}
	fclose(file);
	return (uint64_t)pages * kb >> 10;
}

static bool huge_usable(const struct config *config, uint32_t memory_mb)
{
	if (config->no_huge)
		return false;
	if (hugepages_free_mb() >= memory_mb)
		return true;
	log_warning(SLUICE_LOG_PROCESS,
	            "fewer than %u MB of hugepages are free: using ordinary pages", memory_mb);
	return false;
}

/* The workers' CPUs where none were named: the last ones, since interrupts go to the first. */
static uint32_t cpus_choose(const struct config *config, const cpu_set_t *allowed,
                            uint16_t cpus[WORKERS_MAX])
{
	uint32_t workers = config->options.workers;
	uint16_t usable[CPU_SETSIZE];
	uint32_t count = 0;

	if (config->n_cpus > 0) {
		memcpy(cpus, config->cpus, config->n_cpus * sizeof(cpus[0]));
		return config->n_cpus;
	}
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
		if (CPU_ISSET(cpu, allowed))
			usable[count++] = (uint16_t)cpu;
	}
	if (count == 0)
		return 0;
	if (workers > count)
		log_warning(SLUICE_LOG_PROCESS, "%u workers share %u CPUs", workers, count);
	for (uint32_t i = 0; i < workers; i++)
		cpus[i] = usable[i % count];
	return workers;
}

/* "0@(0,1),1@3,2@2": lcore 0 is the control thread, on what the workers leave. */
static int lcores_write(const struct config *config, char *text, size_t size)
{
	uint16_t cpus[WORKERS_MAX];
	cpu_set_t allowed, rest;
	uint32_t workers;
	const char *separator = "";

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return -errno;
	workers = cpus_choose(config, &allowed, cpus);
	rest = allowed;
	for (uint32_t i = 0; i < workers; i++) {
		if (!CPU_ISSET(cpus[i], &allowed)) {
			log_error(SLUICE_LOG_PROCESS,
			          "CPU %u is not there, or not for this process", cpus[i]);
			return -EINVAL;
		}
		CPU_CLR(cpus[i], &rest);
	}
	if (CPU_COUNT(&rest) == 0)
		rest = allowed;
	snprintf(text, size, "0@(");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &rest))
			continue;
		text_append(text, size, "%s%d", separator, cpu);
		separator = ",";
	}
	text_append(text, size, ")");
	for (uint32_t i = 0; i < workers; i++)
		text_append(text, size, ",%u@%u", i + 1, cpus[i]);
	return 0;
}

int eal_start(const struct config *config)
{
	uint32_t memory_mb = memory_wanted(config);
	char memory[16], lcores[CPU_LIST_MAX];
	/* the device that is no NIC's: none is taken from the kernel before `port add` names it */
	const char *args[ARGS_MAX] = {
	        "sluice-dataplane",
	        "--no-telemetry",
	        "--no-shconf",
	        "--log-level=error",
	        "-a",
	        "pci:0000:00:00.0",
	        "-m",
	        memory,
	        "--lcores",
	        lcores,
	};
	int count = 10;
	int ret = lcores_write(config, lcores, sizeof(lcores));

	if (ret == 0)
		ret = dpdk_log_take();
	if (ret != 0)
		return ret;
	snprintf(memory, sizeof(memory), "%u", memory_mb);
	/* the EAL refuses both at once; ordinary pages leave no files behind either */
	args[count++] = huge_usable(config, memory_mb) ? "--in-memory" : "--no-huge";
	for (uint32_t i = 0; i < config->n_eal_args; i++)
		args[count++] = config->eal_args[i];
	if (rte_eal_init(count, (char **)(uintptr_t)args) >= 0)
		return 0;
	log_error(SLUICE_LOG_PROCESS, "DPDK does not start: %s", rte_strerror(rte_errno));
	return -rte_errno;
}

/* It makes a folder for files that this process has none of; DPDK programs beside it keep theirs.
 */
void eal_end(void)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	if (rmdir(folder) == 0)
		rmdir(dirname(folder));
}
