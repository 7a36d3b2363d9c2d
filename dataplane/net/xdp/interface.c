/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/xdp/interface.h"

#include <rte_string_fns.h>

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Channels that serve both ways are combined ones (ethtool -l). */
static void channels_read(int fd, struct ifreq *request, struct interface *interface)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	request->ifr_data = (char *)&channels;
	if (ioctl(fd, SIOCETHTOOL, request) != 0)
		return;
	interface->rx_queues = channels.combined_count + channels.rx_count;
	interface->tx_queues = channels.combined_count + channels.tx_count;
}

static uint16_t numa_read(const char *name)
{
	char path[64];
	FILE *file;
	int node = -1;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/numa_node", name);
	file = fopen(path, "re");
	if (file == NULL)
		return UINT16_MAX;
	if (fscanf(file, "%d", &node) != 1)
		node = -1;
	fclose(file);
	return node < 0 ? UINT16_MAX : (uint16_t)node;
}

int interface_read(const char *name, struct interface *interface)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = 0;

	if (fd < 0)
		return -errno;
	*interface = (struct interface){.numa = UINT16_MAX};
	rte_strscpy(request.ifr_name, name, sizeof(request.ifr_name));
	if (ioctl(fd, SIOCGIFMTU, &request) != 0)
		goto fail;
	interface->mtu = (uint32_t)request.ifr_mtu;
	if (ioctl(fd, SIOCGIFHWADDR, &request) != 0)
		goto fail;
	memcpy(&interface->mac, request.ifr_hwaddr.sa_data, sizeof(interface->mac));
	channels_read(fd, &request, interface);
	interface->numa = numa_read(name);
	close(fd);
	return ret;
fail:
	ret = -errno;
	close(fd);
	return ret;
}
