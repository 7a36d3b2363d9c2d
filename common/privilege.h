/* SPDX-License-Identifier: BSD-3-Clause */
/* Giving up what a daemon does not need once it runs. */
#ifndef COMMON_PRIVILEGE_H
#define COMMON_PRIVILEGE_H

#include <stdint.h>

#define PRIVILEGE(capability)                                                                      \
	(UINT64_C(1) << (capability)) /* CAP_NET_ADMIN ... of <linux/capability.h> */

/*
 * This thread keeps those capabilities of `keep` that it has, and no program that it runs can
 * regain one: to be called before other threads start, since each thread has its own. 0 or -errno.
 */
int privilege_keep(uint64_t keep);

/*
 * No core file of this process is written, whatever the limit of its size and the kernel's
 * core_pattern say, and no other process of its user traces it: its memory holds keys and
 * passwords. To be called after privilege_keep(). 0 or -errno.
 */
int privilege_memory_hide(void);

#endif
