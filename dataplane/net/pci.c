/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/pci.h"

#include "common/refuse.h"

#include <sluice/api.h>

#include <rte_common.h>
#include <rte_pci.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_LEN 64
/* PCI base class 02h */
#define CLASS_NETWORK 0x02

struct pci {
	const struct pci_host *host;
	char address[PCI_PRI_STR_SIZE];
	char driver[NAME_MAX_LEN]; /* empty: none */
	char group[NAME_MAX_LEN];  /* of the IOMMU; empty: none */
	bool noiommu;
};

/* Drivers of the kernel that hand a device to user space. */
static const char *const user_drivers[] = {"vfio-pci", "uio_pci_generic", "igb_uio"};
/* DPDK works beside these: the kernel keeps the interface. */
static const char *const shared_drivers[] = {"mlx4_core", "mlx5_core", "mana"};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void path_of(const struct pci *pci, const char *what, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s/%s", pci->host->sysfs, pci->address, what);
}

/* The last part of what a link of the device points at; empty where there is none. */
static void link_name(const struct pci *pci, const char *link, char name[NAME_MAX_LEN])
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t length;

	path_of(pci, link, path);
	length = readlink(path, target, sizeof(target) - 1);
	target[RTE_MAX(length, 0)] = '\0';
	last = strrchr(target, '/');
	snprintf(name, NAME_MAX_LEN, "%.63s", last != NULL ? last + 1 : target);
}

/* The first word of a file of the device; empty where it cannot be read. */
static void file_word(const struct pci *pci, const char *file, char word[NAME_MAX_LEN])
{
	char path[PATH_MAX];
	FILE *stream;

	word[0] = '\0';
	path_of(pci, file, path);
	stream = fopen(path, "re");
	if (stream == NULL)
		return;
	if (fscanf(stream, "%63s", word) != 1)
		word[0] = '\0';
	fclose(stream);
}

/* " (eth0)": the kernel's name for it, or nothing. */
static void interface_of(const struct pci *pci, char text[NAME_MAX_LEN])
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *folder;

	text[0] = '\0';
	path_of(pci, "net", path);
	folder = opendir(path);
	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			snprintf(text, NAME_MAX_LEN, " (%.32s)", entry->d_name);
	closedir(folder);
}

static int driver_check(const struct pci *pci, char *why)
{
	char interface[NAME_MAX_LEN];

	if (is_one_of(pci->driver, user_drivers, RTE_DIM(user_drivers)) ||
	    is_one_of(pci->driver, shared_drivers, RTE_DIM(shared_drivers)))
		return 0;
	if (pci->driver[0] == '\0')
		return refuse(why, -ENODEV,
		              "%s has no driver: bind it to vfio-pci (driverctl set-override %s "
		              "vfio-pci); where that is refused, the host has no IOMMU switched on",
		              pci->address, pci->address);
	interface_of(pci, interface);
	return refuse(why, -EBUSY,
	              "%s is the kernel's, driver %s%s: bind it to vfio-pci first (driverctl "
	              "set-override %s vfio-pci)",
	              pci->address, pci->driver, interface, pci->address);
}

/* VFIO gives a group's file to whom the file's mode allows, and one without an IOMMU behind it to
 * CAP_SYS_RAWIO alone. One that is in use is not our question. */
static int group_check(const struct pci *pci, char *why)
{
	char path[PATH_MAX];
	int fd, error;

	snprintf(path, sizeof(path), "%s/%s%s", pci->host->vfio, pci->noiommu ? "noiommu-" : "",
	         pci->group);
	fd = open(path, O_RDWR | O_CLOEXEC);
	error = errno;
	if (fd >= 0)
		close(fd);
	if (fd >= 0 || error == EBUSY)
		return 0;
	if (error == EPERM && pci->noiommu)
		return refuse(
		        why, -EPERM,
		        "%s has no IOMMU behind it, and VFIO then wants CAP_SYS_RAWIO: give it "
		        "to the unit (docs/operating.md)",
		        pci->address);
	return refuse(why, -error, "%s: %s: %s", pci->address, path, strerror(error));
}

static int vfio_check(const struct pci *pci, char *why)
{
	if (pci->group[0] == '\0')
		return refuse(
		        why, -ENODEV,
		        "%s has no IOMMU group: switch the IOMMU on, or VFIO's mode without one "
		        "(docs/operating.md)",
		        pci->address);
	if (pci->noiommu && !pci->host->hugepages)
		return refuse(
		        why, -ENOMEM,
		        "%s has no IOMMU behind it, and then needs hugepages: vm.nr_hugepages, "
		        "before the dataplane starts",
		        pci->address);
	return group_check(pci, why);
}

static int pci_read(struct pci *pci, char *why)
{
	char word[NAME_MAX_LEN];
	char path[PATH_MAX];

	path_of(pci, "", path);
	if (access(path, F_OK) != 0)
		return refuse(why, -ENODEV, "no PCI device %s on this host (lspci -D lists them)",
		              pci->address);
	file_word(pci, "class", word);
	if (strtoul(word, NULL, 16) >> 16 != CLASS_NETWORK)
		return refuse(why, -ENODEV, "%s is no network device (PCI class %s)", pci->address,
		              word);
	link_name(pci, "driver", pci->driver);
	link_name(pci, "iommu_group", pci->group);
	file_word(pci, "iommu_group/name", word);
	pci->noiommu = strcmp(word, "vfio-noiommu") == 0;
	return 0;
}

int pci_check(const struct pci_host *host, const char *args, char *why)
{
	struct pci pci = {.host = host};
	struct rte_pci_addr address;
	char name[NAME_MAX_LEN];
	int ret;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(args, ","), args);
	if (rte_pci_addr_parse(name, &address) != 0) {
		if (if_nametoindex(name) == 0)
			return 0; /* of another bus, perhaps: its driver knows */
		return refuse(
		        why, -EINVAL,
		        "%s is a kernel interface: it is `xdp %s`, or `dev` with its PCI address",
		        name, name);
	}
	rte_pci_device_name(&address, pci.address, sizeof(pci.address));
	ret = pci_read(&pci, why);
	if (ret == 0)
		ret = driver_check(&pci, why);
	if (ret == 0 && strcmp(pci.driver, "vfio-pci") == 0)
		ret = vfio_check(&pci, why);
	return ret;
}

bool pci_noiommu_allowed(void)
{
	int fd = open("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
	              O_RDONLY | O_CLOEXEC);
	char mode = 'N';

	if (fd < 0)
		return false;
	if (read(fd, &mode, 1) != 1)
		mode = 'N';
	close(fd);
	return mode == 'Y';
}
