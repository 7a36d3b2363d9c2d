/* SPDX-License-Identifier: BSD-3-Clause */
/* What sysfs knows of a PCI device that a port names, before any driver of DPDK touches it. */
#ifndef NET_PCI_H
#define NET_PCI_H

#include <stdbool.h>

struct pci_host {
	const char *sysfs; /* "/sys/bus/pci/devices", or a test's */
	const char *vfio;  /* "/dev/vfio" */
	bool hugepages;    /* this process has some */
};

/*
 * args: of `port add NAME dev ARGS`. 0 where a driver of DPDK may take the device, or -errno with
 * cause and cure in *why (SLUICE_API_ERROR_MAX bytes).
 */
int pci_check(const struct pci_host *host, const char *args, char *why);

/* VFIO gives devices away without an IOMMU too: then it wants CAP_SYS_RAWIO. */
bool pci_noiommu_allowed(void);

#endif
