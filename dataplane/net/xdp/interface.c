/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/xdp/interface.h"

#include <rte_string_fns.h>

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FEATURES_MAX 128 /* names that a kernel may have for them */

/* What the kernel has in use, where the driver says nothing of channels: bonds, bridges. */
static uint16_t queues_count(const char *name)
{
	char path[64];
	uint16_t count = 0;

	do {
		snprintf(path, sizeof(path), "/sys/class/net/%s/queues/rx-%u", name, count);
	} while (access(path, F_OK) == 0 && ++count < UINT16_MAX);
	return count;
}

/* Channels that serve both ways are combined ones (ethtool -l). */
static void channels_read(int fd, struct ifreq *request, struct interface *interface)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	request->ifr_data = (char *)&channels;
	if (ioctl(fd, SIOCETHTOOL, request) != 0) {
		interface->rx_queues = queues_count(request->ifr_name);
		return;
	}
	interface->rx_queues = channels.combined_count + channels.rx_count;
	interface->tx_queues = channels.combined_count + channels.tx_count;
}

/* What a request's structure ends with: as many of its last member as the kernel is to fill in. */
union features_request {
	struct ethtool_sset_info info;
	struct ethtool_gstrings strings;
	struct ethtool_gfeatures features;
	uint8_t bytes[sizeof(struct ethtool_gstrings) + FEATURES_MAX * ETH_GSTRING_LEN];
};

/* The number of the feature of this name (ethtool -k), from 1 on, or 0. */
static uint16_t feature_find(int fd, struct ifreq request, const char *name)
{
	union features_request asked = {
	        .info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};
	uint32_t count;

	request.ifr_data = (char *)&asked;
	if (ioctl(fd, SIOCETHTOOL, &request) != 0 || asked.info.sset_mask == 0 ||
	    asked.info.data[0] > FEATURES_MAX)
		return 0;
	count = asked.info.data[0];
	asked.strings = (struct ethtool_gstrings){
	        .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = count};
	if (ioctl(fd, SIOCETHTOOL, &request) != 0)
		return 0;
	for (uint16_t i = 0; i < count; i++)
		if (strncmp((char *)asked.strings.data + i * ETH_GSTRING_LEN, name,
		            ETH_GSTRING_LEN) == 0)
			return i + 1;
	return 0;
}

static bool feature_is_active(int fd, struct ifreq request, uint16_t number)
{
	union features_request asked = {
	        .features = {.cmd = ETHTOOL_GFEATURES, .size = FEATURES_MAX / 32}};
	uint16_t index = number - 1;

	request.ifr_data = (char *)&asked;
	return number != 0 && ioctl(fd, SIOCETHTOOL, &request) == 0 &&
	       asked.features.features[index / 32].active & 1u << index % 32;
}

/*
 * Of several transmit queues AF_XDP takes the socket's own and the packet socket the one that the
 * kernel picks: datagrams of one flow would overtake each other. A driver that does not say how
 * many there are may have several.
 */
static bool uso_read(int fd, struct ifreq request, struct interface *interface)
{
	if (interface->tx_queues != 1)
		return false;
	if (interface->uso_feature == 0)
		interface->uso_feature = feature_find(fd, request, "tx-udp-segmentation");
	return feature_is_active(fd, request, interface->uso_feature);
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
	*interface = (struct interface){.numa = UINT16_MAX, .uso_feature = interface->uso_feature};
	rte_strscpy(request.ifr_name, name, sizeof(request.ifr_name));
	if (ioctl(fd, SIOCGIFMTU, &request) != 0)
		goto fail;
	interface->mtu = (uint32_t)request.ifr_mtu;
	if (ioctl(fd, SIOCGIFHWADDR, &request) != 0)
		goto fail;
	memcpy(&interface->mac, request.ifr_hwaddr.sa_data, sizeof(interface->mac));
	if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
		goto fail;
	interface->bond = request.ifr_flags & IFF_MASTER;
	channels_read(fd, &request, interface);
	interface->uso = uso_read(fd, request, interface);
	interface->numa = numa_read(name);
	close(fd);
	return ret;
fail:
	ret = -errno;
	close(fd);
	return ret;
}
