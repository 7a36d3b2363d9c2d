/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * STUN Binding requests (RFC 8489) to other nodes' TURN addresses, from this host's own sockets. A
 * host under attack passes only the second arrival of a request: what is not answered is sent once
 * more before it counts as lost.
 */
#include "region/fleet_state.h"

#include "cli/addr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/random.h>
#include <sys/socket.h>

#define PROBES_MAX     (SLUICE_REGIONS_MAX * VIEW_WITNESSES)
#define PROBES_WANTED  24 /* at once, unless there are more regions than that */
#define STUN_HEADER    20
#define STUN_COOKIE    0x2112a442
#define STUN_REQUEST   0x0001
#define STUN_SUCCESS   0x0101
#define STUN_ID        12
#define DATAGRAM_MAX   1500
#define DATAGRAMS_EACH 64 /* of one readiness: strangers may send as well */

static const struct timeval again_time = {.tv_usec = 200000};

struct probe {
	char region[SLUICE_REGION_NAME_MAX];
	char id[SLUICE_NODE_ID_MAX];
	struct sluice_addr addr;
	uint8_t transaction[STUN_ID];
	uint64_t sent;
	bool answered;
};

struct probes {
	struct fleet *fleet;
	int fds[2]; /* IPv4, IPv6; -1: the host has none */
	struct event *readable[2], *again;
	struct probe list[PROBES_MAX];
	uint32_t count;
};

/* -- datagrams -- */

static socklen_t address_make(struct sockaddr_storage *storage, const struct sluice_addr *addr)
{
	struct sockaddr_in *v4 = (void *)storage;
	struct sockaddr_in6 *v6 = (void *)storage;

	memset(storage, 0, sizeof(*storage));
	if (addr_is_v4(addr)) {
		v4->sin_family = AF_INET;
		v4->sin_port = addr->port;
		memcpy(&v4->sin_addr, addr->ip + 12, sizeof(v4->sin_addr));
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = addr->port;
	memcpy(&v6->sin6_addr, addr->ip, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}

static void probe_send(struct probes *probes, struct probe *probe)
{
	int fd = probes->fds[addr_is_v4(&probe->addr) ? 0 : 1];
	uint8_t request[STUN_HEADER] = {STUN_REQUEST >> 8, STUN_REQUEST};
	uint32_t cookie = htonl(STUN_COOKIE);
	struct sockaddr_storage to;
	socklen_t size = address_make(&to, &probe->addr);

	memcpy(request + 4, &cookie, sizeof(cookie));
	memcpy(request + 8, probe->transaction, sizeof(probe->transaction));
	probe->sent = fleet_now();
	/* One that cannot be sent is lost, and is told as such. */
	(void)!sendto(fd, request, sizeof(request), 0, (struct sockaddr *)&to, size);
}

static bool is_answer(const uint8_t *bytes, ssize_t length)
{
	uint32_t cookie;

	if (length < STUN_HEADER)
		return false;
	memcpy(&cookie, bytes + 4, sizeof(cookie));
	return bytes[0] == STUN_SUCCESS >> 8 && bytes[1] == (STUN_SUCCESS & 0xff) &&
	       (bytes[2] << 8 | bytes[3]) == length - STUN_HEADER && cookie == htonl(STUN_COOKIE);
}

static bool is_from(const struct sockaddr_storage *from, const struct sluice_addr *addr)
{
	const struct sockaddr_in *v4 = (const void *)from;
	const struct sockaddr_in6 *v6 = (const void *)from;

	if (from->ss_family == AF_INET)
		return addr_is_v4(addr) && v4->sin_port == addr->port &&
		       memcmp(&v4->sin_addr, addr->ip + 12, sizeof(v4->sin_addr)) == 0;
	return v6->sin6_port == addr->port &&
	       memcmp(&v6->sin6_addr, addr->ip, sizeof(addr->ip)) == 0;
}

static void answer_take(struct probes *probes, const uint8_t *bytes,
                        const struct sockaddr_storage *from)
{
	uint64_t now = fleet_now();

	for (uint32_t i = 0; i < probes->count; i++) {
		struct probe *probe = &probes->list[i];

		if (probe->answered || memcmp(probe->transaction, bytes + 8, STUN_ID) != 0 ||
		    !is_from(from, &probe->addr))
			continue;
		probe->answered = true;
		view_probe(probes->fleet->view, now, probe->region, probe->id, true,
		           (now - probe->sent) / 1000);
		return;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct sockaddr_storage from;
	uint8_t bytes[DATAGRAM_MAX];

	for (int i = 0; i < DATAGRAMS_EACH; i++) {
		socklen_t size = sizeof(from);
		ssize_t length = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT,
		                          (struct sockaddr *)&from, &size);

		/* ECONNREFUSED and the like are taken for what they are: no answer. */
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (is_answer(bytes, length))
			answer_take(arg, bytes, &from);
	}
}

/* -- rounds -- */

void probes_expire(struct probes *probes)
{
	for (uint32_t i = 0; i < probes->count; i++) {
		const struct probe *probe = &probes->list[i];

		if (!probe->answered)
			view_probe(probes->fleet->view, fleet_now(), probe->region, probe->id,
			           false, 0);
	}
	probes->count = 0;
}

static void probe_add(struct probes *probes, const struct node_record *record)
{
	struct probe *probe = &probes->list[probes->count];

	memset(probe, 0, sizeof(*probe));
	memcpy(probe->region, record->region, sizeof(probe->region));
	memcpy(probe->id, record->id, sizeof(probe->id));
	probe->addr = record->addr4.port != 0 ? record->addr4 : record->addr6;
	if (probes->fds[addr_is_v4(&probe->addr) ? 0 : 1] < 0)
		return;
	if (getrandom(probe->transaction, STUN_ID, 0) != STUN_ID)
		return;
	probes->count++;
	probe_send(probes, probe);
}

/* All of them, or, in a large fleet, fewer of each region. */
static uint32_t witnesses_wanted(const struct fleet *fleet)
{
	uint32_t wanted = PROBES_WANTED / (fleet->n_regions + 1);

	return wanted > VIEW_WITNESSES ? VIEW_WITNESSES : wanted > 0 ? wanted : 1;
}

void probes_send(struct probes *probes)
{
	const struct node_record *list[VIEW_WITNESSES];
	const struct fleet *fleet = probes->fleet;

	for (uint32_t i = 0; i < fleet->n_regions; i++) {
		uint32_t count = view_witnesses(fleet->view, fleet->regions[i]->config.name, list,
		                                witnesses_wanted(fleet));

		for (uint32_t n = 0; n < count && probes->count < PROBES_MAX; n++)
			probe_add(probes, list[n]);
	}
	if (probes->count > 0)
		event_add(probes->again, &again_time);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct probes *probes = arg;

	for (uint32_t i = 0; i < probes->count; i++)
		if (!probes->list[i].answered)
			probe_send(probes, &probes->list[i]);
}

/* -- life -- */

struct probes *probes_create(struct fleet *fleet)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct probes *probes = calloc(1, sizeof(*probes));

	if (probes == NULL)
		return NULL;
	probes->fleet = fleet;
	probes->again = evtimer_new(fleet->options.base, on_again, probes);
	for (int i = 0; i < 2; i++) {
		probes->fds[i] = socket(families[i], SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (probes->fds[i] < 0)
			continue;
		probes->readable[i] = event_new(fleet->options.base, probes->fds[i],
		                                EV_READ | EV_PERSIST, on_readable, probes);
		if (probes->readable[i] != NULL)
			event_add(probes->readable[i], NULL);
	}
	if (probes->again != NULL)
		return probes;
	probes_destroy(probes);
	return NULL;
}

void probes_destroy(struct probes *probes)
{
	if (probes == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		if (probes->readable[i] != NULL)
			event_free(probes->readable[i]);
		if (probes->fds[i] >= 0)
			close(probes->fds[i]);
	}
	if (probes->again != NULL)
		event_free(probes->again);
	free(probes);
}
