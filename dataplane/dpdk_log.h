/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's own lines, in our log. */
#ifndef DPDK_LOG_H
#define DPDK_LOG_H

#include <sluice/log.h>

/* Before rte_eal_init. 0 or -errno. */
int dpdk_log_take(void);
void dpdk_log_level_set(enum sluice_log_level level);

#endif
