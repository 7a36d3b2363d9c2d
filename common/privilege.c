/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Needs CAP_SETPCAP; without it there is nothing in the set that could be regained but through a
 * file's capabilities, and no_new_privs closes that way. */
static void bounding_drop(uint64_t keep)
{
	for (int capability = 0; capability < 64; capability++) {
		if (!(keep & PRIVILEGE(capability)))
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	}
}

int privilege_keep(uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) != 0)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	bounding_drop(keep);
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) != 0 ? -errno : 0;
}

int privilege_memory_hide(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ? -errno : 0;
}
