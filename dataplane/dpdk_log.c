/* SPDX-License-Identifier: BSD-3-Clause */
#include "dpdk_log.h"

#include "common/log.h"

#include <rte_log.h>

#include <errno.h>
#include <stdio.h>

/* RTE_LOG_EMERG to RTE_LOG_ERR are errors to us. */
static enum sluice_log_level level_of(uint32_t level)
{
	if (level <= RTE_LOG_ERR)
		return SLUICE_LOG_ERROR;
	if (level <= RTE_LOG_WARNING)
		return SLUICE_LOG_WARNING;
	return level <= RTE_LOG_INFO ? SLUICE_LOG_INFO : SLUICE_LOG_DEBUG;
}

/* rte_log writes a line in one call. */
static ssize_t on_write(void *cookie, const char *text, size_t size)
{
	size_t length = size;

	while (length > 0 && text[length - 1] == '\n')
		length--;
	if (length > 0)
		log_line(SLUICE_LOG_DPDK, level_of((uint32_t)rte_log_cur_msg_loglevel()), "%.*s",
		         (int)length, text);
	return (ssize_t)size;
}

int dpdk_log_take(void)
{
	FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = on_write});

	if (stream == NULL)
		return -errno;
	setvbuf(stream, NULL, _IOLBF, BUFSIZ);
	return rte_openlog_stream(stream);
}

void dpdk_log_level_set(enum sluice_log_level level)
{
	static const int levels[SLUICE_LOG_LEVELS] = {
	        [SLUICE_LOG_DEFAULT] = RTE_LOG_ERR,     [SLUICE_LOG_ERROR] = RTE_LOG_ERR,
	        [SLUICE_LOG_WARNING] = RTE_LOG_WARNING, [SLUICE_LOG_INFO] = RTE_LOG_INFO,
	        [SLUICE_LOG_DEBUG] = RTE_LOG_DEBUG,
	};

	rte_log_set_global_level(levels[level]);
	rte_log_set_level_pattern("*", levels[level]);
}
