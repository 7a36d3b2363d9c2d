/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/tap.h"
#include "common/log.h"
#include "graph/packet.h"
#include "net/checksum.h"
#include "net/port.h"

#include <event2/event.h>
#include <rte_ether.h>
#include <rte_malloc.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BURST 32

struct tap {
	struct dataplane *dp;
	struct event *readable;
	uint16_t port;
	int fd;
};

/* An interface that a former life has left is taken over as it stands. */
static int tap_open(const char *name, char *why)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		snprintf(why, SLUICE_API_ERROR_MAX, "/dev/net/tun, for the TAP twin: %s",
		         strerror(errno));
		return -1;
	}
	rte_strscpy(request.ifr_name, name, sizeof(request.ifr_name));
	if (ioctl(fd, TUNSETIFF, &request) == 0) {
		ioctl(fd, TUNSETOWNER, (unsigned long)geteuid());
		ioctl(fd, TUNSETPERSIST, 1ul);
		return fd;
	}
	snprintf(why, SLUICE_API_ERROR_MAX, "the TAP twin %s: %s", name,
	         errno == EINVAL  ? "there is another interface of that name"
	         : errno == EBUSY ? "another process has it"
	                          : strerror(errno));
	close(fd);
	return -1;
}

/* By a socket, as ifconfig does. */
static int tap_request(unsigned long what, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret, saved;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, what, request);
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}

static int tap_mac_set(const char *name, const struct rte_ether_addr *mac)
{
	struct ifreq request = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};

	rte_strscpy(request.ifr_name, name, sizeof(request.ifr_name));
	memcpy(request.ifr_hwaddr.sa_data, mac, sizeof(*mac));
	return tap_request(SIOCSIFHWADDR, &request);
}

/* MAC, MTU, up. */
static int tap_configure(const char *name, const struct rte_ether_addr *mac, uint16_t mtu,
                         uint32_t *ifindex)
{
	struct ifreq request = {.ifr_mtu = mtu};

	rte_strscpy(request.ifr_name, name, sizeof(request.ifr_name));
	if (tap_mac_set(name, mac) != 0 || tap_request(SIOCSIFMTU, &request) != 0 ||
	    tap_request(SIOCGIFFLAGS, &request) != 0)
		return -1;
	request.ifr_flags |= IFF_UP;
	if (tap_request(SIOCSIFFLAGS, &request) != 0 || tap_request(SIOCGIFINDEX, &request) != 0)
		return -1;
	*ifindex = request.ifr_ifindex;
	return 0;
}

/* The kernel's frame goes out of the port through the worker that has its first queue. */
static int tap_read(struct tap *tap)
{
	struct worker *worker = tap->dp->workers[port_queue_worker(tap->dp, tap->port, 0)];
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(tap->dp->pool);
	ssize_t length;

	if (mbuf == NULL)
		return -ENOMEM;
	length = read(tap->fd, rte_pktmbuf_mtod(mbuf, void *), rte_pktmbuf_tailroom(mbuf));
	if (length <= 0) {
		rte_pktmbuf_free(mbuf);
		return -EAGAIN;
	}
	mbuf->data_len = length;
	mbuf->pkt_len = length;
	*packet_of(mbuf) = (struct packet){.port = tap->port, .entry = PACKET_ENTRY_PORT_TX};
	if (worker_inbox_put(worker, &mbuf, 1) != 1)
		rte_pktmbuf_free(mbuf);
	return 0;
}

static void tap_readable(evutil_socket_t fd, short what, void *arg)
{
	for (int i = 0; i < READ_BURST && tap_read(arg) == 0; i++)
		continue;
}

struct tap *tap_create(struct dataplane *dp, const char *name, uint16_t port,
                       const struct rte_ether_addr *mac, uint16_t mtu, uint32_t *ifindex, char *why)
{
	struct tap *tap = rte_zmalloc("tap", sizeof(*tap), 0);
	int saved;

	if (tap == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "no memory for the TAP twin");
		errno = ENOMEM;
		return NULL;
	}
	tap->dp = dp;
	tap->port = port;
	tap->fd = tap_open(name, why);
	if (tap->fd < 0)
		goto fail;
	if (tap_configure(name, mac, mtu, ifindex) != 0) {
		snprintf(why, SLUICE_API_ERROR_MAX, "the TAP twin %s: MAC, MTU or up: %s", name,
		         strerror(errno));
		goto fail;
	}
	tap->readable = event_new(dp->events, tap->fd, EV_READ | EV_PERSIST, tap_readable, tap);
	if (tap->readable != NULL && event_add(tap->readable, NULL) == 0)
		return tap;
	snprintf(why, SLUICE_API_ERROR_MAX, "the TAP twin %s: no event", name);
	errno = ENOMEM;
fail:
	saved = errno;
	tap_destroy(tap, true);
	errno = saved;
	return NULL;
}

void tap_destroy(struct tap *tap, bool remove)
{
	if (tap->readable != NULL)
		event_free(tap->readable);
	if (tap->fd >= 0 && remove)
		ioctl(tap->fd, TUNSETPERSIST, 0ul);
	if (tap->fd >= 0)
		close(tap->fd);
	rte_free(tap);
}

void tap_carrier(struct tap *tap, bool up)
{
	int carrier = up;

	ioctl(tap->fd, TUNSETCARRIER, &carrier);
}

void tap_mac_keep(const char *name, const struct rte_ether_addr *mac,
                  const struct rte_ether_addr *now)
{
	if (rte_is_same_ether_addr(mac, now))
		return;
	if (tap_mac_set(name, mac) == 0)
		log_info(SLUICE_LOG_PORT,
		         "port %s: its interface was given another MAC: the NIC's is back", name);
	else
		log_error(SLUICE_LOG_PORT,
		          "port %s: its interface has another MAC than the NIC, which hears "
		          "nothing for it: %s",
		          name, strerror(errno));
}

int tap_write(struct tap *tap, struct rte_mbuf *mbuf)
{
	ssize_t written;

	checksum_complete(mbuf);
	written = write(tap->fd, rte_pktmbuf_mtod(mbuf, void *), mbuf->data_len);

	return written == mbuf->data_len ? 0 : -errno;
}
