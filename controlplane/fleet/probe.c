/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * STUN Binding requests (RFC 8489) to other nodes' TURN addresses, from this host's own sockets.
 * They prove themselves (fleet/proof.h) as soon as they can. Before that a host under attack
 * passes only the second arrival of a request: what is not answered is sent once more before it
 * counts as lost.
 */
#include "fleet/state.h"

#include "command/addr.h"
#include "fleet/proof.h"
#include "gate/keeper.h"

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
	uint16_t ports[2]; /* of fds, network order */
	struct probe list[PROBES_MAX];
	uint32_t count;
	struct proofs proofs;
};

/* -- datagrams -- */

static void address_read(const struct sockaddr_storage *storage, struct sluice_addr *addr)
{
	const struct sockaddr_in *v4 = (const void *)storage;
	const struct sockaddr_in6 *v6 = (const void *)storage;

	*addr = (struct sluice_addr){0};
	if (storage->ss_family == AF_INET) {
		addr->ip[10] = addr->ip[11] = 0xff;
		memcpy(addr->ip + 12, &v4->sin_addr, sizeof(v4->sin_addr));
		addr->port = v4->sin_port;
	} else {
		memcpy(addr->ip, &v6->sin6_addr, sizeof(addr->ip));
		addr->port = v6->sin6_port;
	}
}

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

static int family_of(const struct sluice_addr *addr)
{
	return addr_is_v4(addr) ? 0 : 1;
}

/* One that cannot be sent is lost, and is told as such. */
static void datagram_send(const struct probes *probes, const struct sluice_addr *to,
                          const uint8_t *bytes, size_t length)
{
	struct sockaddr_storage storage;
	socklen_t size = address_make(&storage, to);

	(void)!sendto(probes->fds[family_of(to)], bytes, length, 0, (struct sockaddr *)&storage,
	              size);
}

/* Which of our addresses the target sees, unless one translates on the way. */
static bool source_find(const struct sluice_addr *target, struct sluice_addr *source)
{
	struct sockaddr_storage storage;
	socklen_t size = address_make(&storage, target);
	int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found = fd >= 0 && connect(fd, (struct sockaddr *)&storage, size) == 0 &&
	             getsockname(fd, (struct sockaddr *)&storage, &size) == 0;

	if (fd >= 0)
		close(fd);
	if (found)
		address_read(&storage, source);
	return found;
}

/* What the target would make for us, by the key that the fleet shares. */
static bool nonce_make(const struct probes *probes, const struct sluice_addr *target,
                       uint8_t nonce[PROOF_NONCE])
{
	struct sluice_addr source;

	if (!gate_keeper_shares(probes->fleet->options.gate) || !source_find(target, &source))
		return false;
	source.port = probes->ports[family_of(target)];
	return gate_keeper_nonce(probes->fleet->options.gate, &source, nonce);
}

static void challenge_ask(struct probes *probes, struct proof *proof)
{
	uint8_t request[PROOF_REQUEST_MAX];
	size_t length = proof_ask(proof, fleet_now(), request);

	if (length > 0)
		datagram_send(probes, &proof->target, request, length);
}

/* The target's own nonce is right behind a translation too; after losses the other one is tried. */
static void probe_send(struct probes *probes, struct probe *probe)
{
	struct proof *proof = proof_of(&probes->proofs, &probe->addr, fleet_now());
	uint8_t request[PROOF_REQUEST_MAX], made[PROOF_NONCE];
	const uint8_t *nonce = proof->known ? proof->nonce : NULL;
	uint8_t nonce_length = proof->nonce_length;

	if (proof_is_due(proof, fleet_now()))
		challenge_ask(probes, proof);
	if ((nonce == NULL || proof->lost % 2 == 1) && nonce_make(probes, &probe->addr, made)) {
		nonce = made;
		nonce_length = sizeof(made);
	}
	probe->sent = fleet_now();
	datagram_send(probes, &probe->addr, request,
	              proof_binding(probe->transaction, nonce, nonce_length, request));
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

static void answer_take(struct probes *probes, const uint8_t *bytes, const struct sluice_addr *from)
{
	uint64_t now = fleet_now();

	for (uint32_t i = 0; i < probes->count; i++) {
		struct probe *probe = &probes->list[i];

		if (probe->answered || memcmp(probe->transaction, bytes + 8, STUN_ID) != 0 ||
		    memcmp(from, &probe->addr, sizeof(*from)) != 0)
			continue;
		probe->answered = true;
		proof_of(&probes->proofs, from, now)->lost = 0;
		view_probe(probes->fleet->view, now, probe->region, probe->id, true,
		           (now - probe->sent) / 1000);
		return;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct probes *probes = arg;
	struct sockaddr_storage storage;
	struct sluice_addr from;
	uint8_t bytes[DATAGRAM_MAX];

	for (int i = 0; i < DATAGRAMS_EACH; i++) {
		socklen_t size = sizeof(storage);
		ssize_t length = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT,
		                          (struct sockaddr *)&storage, &size);

		/* ECONNREFUSED and the like are taken for what they are: no answer. */
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (length < 0)
			continue;
		address_read(&storage, &from);
		if (is_answer(bytes, length))
			answer_take(probes, bytes, &from);
		else
			proof_answer(&probes->proofs, &from, bytes, length, fleet_now());
	}
}

/* -- rounds -- */

void probes_expire(struct probes *probes)
{
	for (uint32_t i = 0; i < probes->count; i++) {
		const struct probe *probe = &probes->list[i];

		if (probe->answered)
			continue;
		proof_of(&probes->proofs, &probe->addr, fleet_now())->lost++;
		view_probe(probes->fleet->view, fleet_now(), probe->region, probe->id, false, 0);
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

/* A nonce is made for a port: ours is there from the start, and stays. Network order. */
static uint16_t port_bind(int fd, int family)
{
	struct sockaddr_storage storage = {.ss_family = family};
	socklen_t size = sizeof(storage);
	struct sluice_addr own;

	if (bind(fd, (struct sockaddr *)&storage,
	         family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) !=
	            0 ||
	    getsockname(fd, (struct sockaddr *)&storage, &size) != 0)
		return 0;
	address_read(&storage, &own);
	return own.port;
}

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
		probes->ports[i] = port_bind(probes->fds[i], families[i]);
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
