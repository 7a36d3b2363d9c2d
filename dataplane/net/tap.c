/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/tap.h"
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

static int tap_open(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	rte_strscpy(request.ifr_name, name, sizeof(request.ifr_name));
	if (ioctl(fd, TUNSETIFF, &request) == 0)
		return fd;
	close(fd);
	return -1;
}

/* MAC, MTU, up: by a socket, as ifconfig does. */
static int tap_configure(const char *name, const struct rte_ether_addr *mac, uint16_t mtu,
                         uint32_t *ifindex)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = -1;

	if (fd < 0)
		return -1;
	rte_strscpy(request.ifr_name, name, sizeof(request.ifr_name));
	request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(request.ifr_hwaddr.sa_data, mac, sizeof(*mac));
	if (ioctl(fd, SIOCSIFHWADDR, &request) != 0)
		goto out;
	request.ifr_mtu = mtu;
	if (ioctl(fd, SIOCSIFMTU, &request) != 0 || ioctl(fd, SIOCGIFFLAGS, &request) != 0)
		goto out;
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) != 0 || ioctl(fd, SIOCGIFINDEX, &request) != 0)
		goto out;
	*ifindex = request.ifr_ifindex;
	ret = 0;
out:
	close(fd);
	return ret;
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
                       const struct rte_ether_addr *mac, uint16_t mtu, uint32_t *ifindex)
{
	struct tap *tap = rte_zmalloc("tap", sizeof(*tap), 0);
	int saved;

	if (tap == NULL)
		return NULL;
	tap->dp = dp;
	tap->port = port;
	tap->fd = tap_open(name);
	if (tap->fd < 0 || tap_configure(name, mac, mtu, ifindex) != 0)
		goto fail;
	tap->readable = event_new(dp->events, tap->fd, EV_READ | EV_PERSIST, tap_readable, tap);
	if (tap->readable == NULL || event_add(tap->readable, NULL) != 0)
		goto fail;
	return tap;
fail:
	saved = errno;
	tap_destroy(tap);
	errno = saved;
	return NULL;
}

void tap_destroy(struct tap *tap)
{
	if (tap->readable != NULL)
		event_free(tap->readable);
	if (tap->fd >= 0)
		close(tap->fd);
	rte_free(tap);
}

int tap_write(struct tap *tap, struct rte_mbuf *mbuf)
{
	ssize_t written;

	checksum_complete(mbuf);
	written = write(tap->fd, rte_pktmbuf_mtod(mbuf, void *), mbuf->data_len);

	return written == mbuf->data_len ? 0 : -errno;
}
