/* SPDX-License-Identifier: BSD-3-Clause */
/* What `port add NAME dev PCI` says of devices that no driver of DPDK can take, on a made-up sysfs.
 */
#include "net/pci.h"

#include <sluice/api.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ADDRESS "0000:00:05.0"

struct device {
	const char *class, *driver, *interface, *group, *group_name;
	int vfio_mode; /* of the group's file; 0: none */
};

static char root[] = "/tmp/sluice-pci-XXXXXX";

__attribute__((format(printf, 1, 2))) static char *path(const char *format, ...)
{
	static char text[PATH_MAX];
	va_list args;
	int length = snprintf(text, sizeof(text), "%s/", root);

	va_start(args, format);
	vsnprintf(text + length, sizeof(text) - length, format, args);
	va_end(args);
	return text;
}

static void file_make(const char *at, const char *content, int mode)
{
	int fd = open(at, O_CREAT | O_WRONLY | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
}

static void device_remove(void)
{
	char command[2 * sizeof(root) + 32];

	snprintf(command, sizeof(command), "rm -rf %s/pci %s/vfio", root, root);
	assert_int_equal(system(command), 0);
}

static void device_make(const struct device *device)
{
	char target[64];

	device_remove();
	assert_int_equal(mkdir(path("pci"), 0755), 0);
	assert_int_equal(mkdir(path("vfio"), 0755), 0);
	assert_int_equal(mkdir(path("pci/" ADDRESS), 0755), 0);
	file_make(path("pci/" ADDRESS "/class"), device->class, 0644);
	if (device->driver != NULL) {
		snprintf(target, sizeof(target), "../../bus/pci/drivers/%s", device->driver);
		assert_int_equal(symlink(target, path("pci/" ADDRESS "/driver")), 0);
	}
	if (device->interface != NULL) {
		assert_int_equal(mkdir(path("pci/" ADDRESS "/net"), 0755), 0);
		assert_int_equal(mkdir(path("pci/" ADDRESS "/net/%s", device->interface), 0755), 0);
	}
	if (device->group == NULL)
		return;
	assert_int_equal(mkdir(path("pci/%s", device->group), 0755), 0);
	snprintf(target, sizeof(target), "../%s", device->group);
	assert_int_equal(symlink(target, path("pci/" ADDRESS "/iommu_group")), 0);
	if (device->group_name != NULL)
		file_make(path("pci/%s/name", device->group), device->group_name, 0644);
	if (device->vfio_mode != 0)
		file_make(path("vfio/%s", device->group), "", device->vfio_mode);
}

static int check(const char *args, char *why)
{
	char sysfs[PATH_MAX], vfio[PATH_MAX];

	const struct pci_host host = {sysfs, vfio, false};

	snprintf(sysfs, sizeof(sysfs), "%s", path("pci"));
	snprintf(vfio, sizeof(vfio), "%s", path("vfio"));
	why[0] = '\0';
	return pci_check(&host, args, why);
}

static void devices_that_may_be_taken(void **state)
{
	static const struct device devices[] = {
	        {"0x020000", "vfio-pci", NULL, "7", NULL, 0600},
	        {"0x020000", "uio_pci_generic", NULL, NULL, NULL, 0},
	        {"0x020700", "mlx5_core", "eth0", NULL, NULL, 0}, /* shared with the kernel */
	};
	static const char *const spellings[] = {ADDRESS, "00:05.0", ADDRESS ",option=1"};
	char why[SLUICE_API_ERROR_MAX];

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		device_make(&devices[i]);
		for (size_t k = 0; k < sizeof(spellings) / sizeof(spellings[0]); k++)
			assert_int_equal(check(spellings[k], why), 0);
	}
}

static void refusals_name_cause_and_cure(void **state)
{
	static const struct {
		const char *args;
		struct device device;
		int error;
		const char *why;
	} rows[] = {
	        {"0000:99:00.0",
	         {"0x020000", "vfio-pci", NULL, "7", NULL, 0600},
	         -ENODEV,
	         "no PCI device 0000:99:00.0 on this host (lspci -D lists them)"},
	        {"00:05.0",
	         {"0x010000", "virtio-pci", NULL, NULL, NULL, 0},
	         -ENODEV,
	         "0000:00:05.0 is no network device (PCI class 0x010000)"},
	        {"00:05.0",
	         {"0x020000", "e1000e", "enp0s5", "7", NULL, 0},
	         -EBUSY,
	         "0000:00:05.0 is the kernel's, driver e1000e (enp0s5): bind it to vfio-pci first "
	         "(driverctl set-override 0000:00:05.0 vfio-pci)"},
	        {"00:05.0",
	         {"0x020000", NULL, NULL, "7", NULL, 0},
	         -ENODEV,
	         "0000:00:05.0 has no driver: bind it to vfio-pci (driverctl set-override "
	         "0000:00:05.0 vfio-pci); where that is refused, the host has no IOMMU switched "
	         "on"},
	        {"00:05.0",
	         {"0x020000", "vfio-pci", NULL, NULL, NULL, 0},
	         -ENODEV,
	         "0000:00:05.0 has no IOMMU group: switch the IOMMU on, or VFIO's mode without one "
	         "(docs/operating.md)"},
	        {"lo",
	         {"0x020000", NULL, NULL, NULL, NULL, 0},
	         -EINVAL,
	         "lo is a kernel interface: it is `xdp lo`, or `dev` with its PCI address"},
	};
	char why[SLUICE_API_ERROR_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		device_make(&rows[i].device);
		assert_int_equal(check(rows[i].args, why), rows[i].error);
		assert_string_equal(why, rows[i].why);
	}
}

static void a_group_without_its_file_is_named(void **state)
{
	const struct device device = {"0x020000", "vfio-pci", NULL, "7", NULL, 0};
	char why[SLUICE_API_ERROR_MAX];

	device_make(&device);
	assert_int_equal(check(ADDRESS, why), -ENOENT);
	assert_non_null(strstr(why, "/vfio/7: No such file"));
}

static void without_an_iommu_hugepages_are_needed(void **state)
{
	const struct device device = {"0x020000", "vfio-pci", NULL, "7", "vfio-noiommu", 0600};
	char why[SLUICE_API_ERROR_MAX];

	device_make(&device);
	assert_int_equal(check(ADDRESS, why), -ENOMEM);
	assert_non_null(strstr(why, "needs hugepages"));
}

static int root_make(void **state)
{
	return mkdtemp(root) == NULL;
}

static int root_remove(void **state)
{
	device_remove();
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(devices_that_may_be_taken),
	        cmocka_unit_test(refusals_name_cause_and_cure),
	        cmocka_unit_test(a_group_without_its_file_is_named),
	        cmocka_unit_test(without_an_iommu_hugepages_are_needed),
	};

	return cmocka_run_group_tests(tests, root_make, root_remove);
}
