/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/mirror.h"
#include "common/log.h"
#include "net/mirror_state.h"
#include "net/neighbour.h"

#include <rte_malloc.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#define BUFFER_SIZE     32768
#define REBUILD_US      20000 /* routes come in bursts */
#define REBUILD_LOAD    10    /* with many routes: at most a tenth of the thread's time */
#define KEEP_FRESH_S    2
#define NEWS_QUEUE_SIZE (4 << 20)

static const struct {
	uint16_t news, gone;
	mnl_cb_t message;
} kinds[] = {
        {RTM_NEWLINK, RTM_DELLINK, mirror_link_message},
        {RTM_NEWADDR, RTM_DELADDR, mirror_address_message},
        {RTM_NEWNEIGH, RTM_DELNEIGH, mirror_neighbour_message},
};

int mirror_dump(struct mirror *mirror, uint16_t type, uint8_t family, mnl_cb_t message)
{
	char buffer[BUFFER_SIZE];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct rtgenmsg *request;
	uint32_t sequence = ++mirror->sequence;
	ssize_t length;
	int ret = 1;

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = sequence;
	request = mnl_nlmsg_put_extra_header(header, sizeof(struct rtmsg));
	request->rtgen_family = family;
	if (mnl_socket_sendto(mirror->request, header, header->nlmsg_len) < 0)
		return -errno;
	while (ret > 0) {
		length = mnl_socket_recvfrom(mirror->request, buffer, sizeof(buffer));
		if (length < 0)
			return -errno;
		ret = mnl_cb_run(buffer, length, sequence, mnl_socket_get_portid(mirror->request),
		                 message, mirror);
	}
	return ret < 0 ? -errno : 0;
}

static void routes_read(struct mirror *mirror)
{
	mirror->n_routes = 0;
	if (mirror_dump(mirror, RTM_GETROUTE, AF_INET, mirror_route_message) != 0 ||
	    mirror_dump(mirror, RTM_GETROUTE, AF_INET6, mirror_route_message) != 0) {
		log_error(SLUICE_LOG_ROUTE, "the kernel's routes cannot be read: %s",
		          strerror(errno));
		return;
	}
	if (fib_set(mirror->dp, mirror->routes, mirror->n_routes) != 0)
		log_error(SLUICE_LOG_ROUTE, "no memory for %u routes", mirror->n_routes);
}

static void everything_read(struct mirror *mirror)
{
	mirror->n_links = mirror->n_hosts = mirror->n_addresses = 0;
	mirror_dump(mirror, RTM_GETLINK, AF_UNSPEC, mirror_link_message);
	mirror_dump(mirror, RTM_GETLINK, AF_UNSPEC,
	            mirror_link_message); /* VLANs that come before their port */
	mirror_dump(mirror, RTM_GETADDR, AF_INET, mirror_address_message);
	mirror_dump(mirror, RTM_GETADDR, AF_INET6, mirror_address_message);
	routes_read(mirror);
	mirror_dump(mirror, RTM_GETNEIGH, AF_INET, mirror_neighbour_message);
	mirror_dump(mirror, RTM_GETNEIGH, AF_INET6, mirror_neighbour_message);
}

static void rebuild_due(evutil_socket_t fd, short what, void *arg)
{
	struct mirror *mirror = arg;
	uint64_t begin = rte_rdtsc();

	routes_read(mirror);
	mirror->rebuild_us = (rte_rdtsc() - begin) * 1000000 / rte_get_tsc_hz();
}

static void rebuild_schedule(struct mirror *mirror)
{
	uint64_t delay_us = RTE_MAX((uint64_t)REBUILD_US, mirror->rebuild_us * REBUILD_LOAD);
	struct timeval delay = {.tv_sec = delay_us / 1000000, .tv_usec = delay_us % 1000000};

	if (!event_pending(mirror->rebuild, EV_TIMEOUT, NULL))
		event_add(mirror->rebuild, &delay);
}

static int news_message(const struct nlmsghdr *header, void *arg)
{
	struct mirror *mirror = arg;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (header->nlmsg_type == kinds[i].news || header->nlmsg_type == kinds[i].gone)
			kinds[i].message(header, mirror);
	/* an interface that appears, goes or comes up takes its routes along, not always with a
	 * message */
	if (header->nlmsg_type != RTM_NEWNEIGH && header->nlmsg_type != RTM_DELNEIGH)
		rebuild_schedule(mirror);
	return MNL_CB_OK;
}

static void news_readable(evutil_socket_t fd, short what, void *arg)
{
	char buffer[BUFFER_SIZE];
	struct mirror *mirror = arg;

	for (;;) {
		ssize_t length = mnl_socket_recvfrom(mirror->news, buffer, sizeof(buffer));

		if (length < 0 && errno == ENOBUFS) {
			everything_read(mirror); /* some of the news are lost */
			continue;
		}
		if (length <= 0)
			return;
		mnl_cb_run(buffer, length, 0, 0, news_message, mirror);
	}
}

/* What we use and the kernel doubts is confirmed: it sees nothing of our traffic, and a gateway may
 * change its MAC in silence. */
static void stale_ask(void *arg, uint32_t slot)
{
	struct mirror *mirror = arg;

	if (mirror->dp->neighbours->slots[slot].stale)
		mirror_ask(mirror->dp, slot);
}

static void keep_fresh(evutil_socket_t fd, short what, void *arg)
{
	struct mirror *mirror = arg;

	neighbours_tick(mirror->dp->neighbours, stale_ask, mirror);
}

static struct mnl_socket *socket_open(int flags)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);

	if (socket != NULL && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0) {
		mnl_socket_close(socket);
		return NULL;
	}
	return socket;
}

static int news_subscribe(struct mirror *mirror)
{
	static const int groups[] = {RTNLGRP_LINK,        RTNLGRP_NEIGH,      RTNLGRP_IPV4_IFADDR,
	                             RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
	int size = NEWS_QUEUE_SIZE;

	setsockopt(mnl_socket_get_fd(mirror->news), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(mirror->news, NETLINK_ADD_MEMBERSHIP, &group,
		                          sizeof(group)) != 0)
			return -errno;
	}
	return 0;
}

static void event_drop(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

static void mirror_destroy(struct mirror *mirror)
{
	event_drop(mirror->readable);
	event_drop(mirror->rebuild);
	event_drop(mirror->tick);
	if (mirror->news != NULL)
		mnl_socket_close(mirror->news);
	if (mirror->request != NULL)
		mnl_socket_close(mirror->request);
	free(mirror->routes);
	free(mirror->addresses);
	free(mirror);
}

/* Without events, as in tests, there is none. dp->mirror is set once the first dump is over: until
 * then nobody may ask on its socket. */
static int create(struct dataplane *dp)
{
	struct timeval period = {.tv_sec = KEEP_FRESH_S};
	struct mirror *mirror;

	if (dp->events == NULL)
		return 0;
	mirror = calloc(1, sizeof(*mirror));
	if (mirror == NULL)
		return -ENOMEM;
	mirror->dp = dp;
	mirror->news = socket_open(SOCK_NONBLOCK);
	mirror->request = socket_open(0);
	if (mirror->news == NULL || mirror->request == NULL || news_subscribe(mirror) != 0)
		goto fail;
	mirror->readable = event_new(dp->events, mnl_socket_get_fd(mirror->news),
	                             EV_READ | EV_PERSIST, news_readable, mirror);
	mirror->rebuild = evtimer_new(dp->events, rebuild_due, mirror);
	mirror->tick = event_new(dp->events, -1, EV_PERSIST, keep_fresh, mirror);
	if (mirror->readable == NULL || mirror->rebuild == NULL || mirror->tick == NULL ||
	    event_add(mirror->readable, NULL) != 0 || event_add(mirror->tick, &period) != 0)
		goto fail;
	everything_read(mirror);
	dp->mirror = mirror;
	return 0;
fail:
	mirror_destroy(mirror);
	return -EIO;
}

static void end(struct dataplane *dp)
{
	if (dp->mirror != NULL)
		mirror_destroy(dp->mirror);
	dp->mirror = NULL;
}

const struct part mirror_part = {
        .name = "mirror of the kernel's routes",
        .create = create,
        .end = end,
};

void mirror_port_changed(struct dataplane *dp)
{
	everything_read(dp->mirror);
}
