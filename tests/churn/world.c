/* SPDX-License-Identifier: BSD-3-Clause */
#include "world.h"

#include "gate/gate.h"
#include "net/fib.h"
#include "turn/turn.h"

#include <rte_cycles.h>

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#define SERVER4 "198.18.1.1"
#define SERVER6 "2001:2:0:1::1"
#define RELAY4  "198.18.2.1"
#define RELAY6  "2001:2:0:2::1"
#define WORKERS 2
#define START   1000 /* the first second */
#define UNIX    1800000000

static struct transport_addr addr_of(const char *text, uint16_t port)
{
	struct transport_addr addr = {.port = htons(port)};
	uint32_t v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		addr.ip = ip_addr_v4(v4);
	else
		inet_pton(AF_INET6, text, &addr.ip);
	return addr;
}

struct transport_addr world_client(uint32_t index)
{
	struct transport_addr addr =
	        addr_of(index % 2 == 0 ? "198.18.1.0" : "2001:2:0:1::", (uint16_t)(40000 + index));

	/* two clients share an address */
	addr.ip.bytes[15] = (uint8_t)(10 + index / 4);
	return addr;
}

struct transport_addr world_server(bool v4)
{
	return addr_of(v4 ? SERVER4 : SERVER6, STUN_PORT);
}

struct transport_addr world_peer(uint32_t index)
{
	static const char *const ips[WORLD_PEERS] = {"198.18.2.2",    "198.18.2.2",
	                                             "198.18.2.3",    "198.18.2.4",
	                                             "2001:2:0:2::2", "2001:2:0:2::3"};

	return addr_of(ips[index], (uint16_t)(7000 + index));
}

struct transport_addr world_relay(bool v4, uint16_t port)
{
	return addr_of(v4 ? RELAY4 : RELAY6, port);
}

static struct rte_ether_addr mac_of(const struct ip_addr *ip)
{
	return (struct rte_ether_addr){{2, 0, ip->bytes[12], ip->bytes[13], 1, ip->bytes[15]}};
}

static struct sluice_addr api_addr(const char *ip, uint16_t port)
{
	struct transport_addr addr = addr_of(ip, port);
	struct sluice_addr api = {.port = addr.port};

	memcpy(api.ip, &addr.ip, sizeof(api.ip));
	return api;
}

static bool neighbour_add(struct world *world, unsigned int port, const struct ip_addr *ip)
{
	struct rte_ether_addr mac = mac_of(ip);

	return rig_neighbour(&world->rig, port, ip, &mac) == 0;
}

static bool way_set(struct world *world)
{
	struct rig *rig = &world->rig;
	const struct route routes[] = {
	        {.prefix = addr_of("198.18.1.0", 0).ip, .length = 120, .port = rig->ports[0].index},
	        {.prefix = addr_of("198.18.2.0", 0).ip, .length = 120, .port = rig->ports[1].index},
	        {.prefix = addr_of("2001:2:0:1::", 0).ip,
	         .length = 64,
	         .port = rig->ports[0].index},
	        {.prefix = addr_of("2001:2:0:2::", 0).ip,
	         .length = 64,
	         .port = rig->ports[1].index},
	};

	if (fib_set(rig->dp, routes, RTE_DIM(routes)) != 0)
		return false;
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++) {
		struct transport_addr client = world_client(i);

		if (!neighbour_add(world, 0, &client.ip))
			return false;
	}
	for (uint32_t i = 0; i < WORLD_PEERS; i++) {
		struct transport_addr peer = world_peer(i);

		if (!neighbour_add(world, 1, &peer.ip))
			return false;
	}
	return true;
}

static bool configure(struct world *world)
{
	struct turn *turn = world->rig.dp->turn;
	struct sluice_turn_realm realm = {WORLD_REALM};
	struct sluice_turn_listen listens[2] = {{.addr = api_addr(SERVER4, STUN_PORT)},
	                                        {.addr = api_addr(SERVER6, STUN_PORT)}};
	struct sluice_turn_relay relays[2] = {
	        {api_addr(RELAY4, 0), WORLD_PORT_FIRST, WORLD_PORT_LAST},
	        {api_addr(RELAY6, 0), WORLD_PORT_FIRST, WORLD_PORT_LAST}};
	struct sluice_turn_peer peers[2] = {
	        {api_addr("198.18.0.0", 0), 15, SLUICE_TURN_PEER_ALLOW, 0},
	        {api_addr("2001:2::", 0), 48, SLUICE_TURN_PEER_ALLOW, 0}};
	bool ok = turn_realm_set(turn, &realm, world->why) == 0;

	for (int i = 0; ok && i < 2; i++)
		ok = turn_listen_add(turn, &listens[i], 0, world->why) == 0 &&
		     turn_relay_add(turn, &relays[i], 0, world->why) == 0 &&
		     turn_peer_add(turn, &peers[i], 0, world->why) == 0;
	return ok;
}

/* Its rules have tests of their own. */
static void gate_off(struct world *world)
{
	struct gate_compiled compiled = gate_compiled_now(world->rig.dp->gate);

	compiled.config.mode = GATE_MODE_OFF;
	gate_set(world->rig.dp->gate, &compiled, NULL, world->why);
}

bool world_create(struct world *world)
{
	struct options options;

	memset(world, 0, sizeof(*world));
	options_default(&options);
	options.workers = WORKERS;
	options.max_allocations = 512; /* those that move have three places */
	options.max_permissions = 4096;
	options.max_channels = 4096;
	options.max_endpoints = options.max_streams = options.max_subscriptions = 0;
	options.max_sessions = 0;
	options.mbufs = 2047;
	if (rig_create(&world->rig, &options) != 0)
		return false;
	gate_off(world);
	world->unix_start = UNIX;
	world_time(world, START);
	if (way_set(world) && configure(world))
		return true;
	fprintf(stderr, "configuration: %s\n", world->why);
	rig_destroy(&world->rig);
	return false;
}

void world_destroy(struct world *world)
{
	rig_destroy(&world->rig);
}

/* To the beginning of the second: a step takes far less than what is left of it. */
static void clock_set(struct world *world)
{
	struct dataplane *dp = world->rig.dp;

	for (uint16_t i = 0; i < dp->n_workers; i++) {
		struct worker *worker = dp->workers[i];

		worker->tsc_skew = dp->tsc_start + (uint64_t)(world->now - 1) * worker->tsc_hz +
		                   worker->tsc_hz / 100 - rte_rdtsc();
		worker_clock(worker);
	}
}

void world_time(struct world *world, uint32_t now)
{
	struct dataplane *dp = world->rig.dp;
	uint32_t moved = now - world->now;

	world->now = now;
	clock_set(world);
	turn_tick(dp->turn, world_unix(world));
	for (uint16_t i = 0; i < dp->n_workers; i++)
		for (uint32_t round = 0;
		     round < 8 + RTE_MIN(moved, 512u) || turn_is_pending(dp->workers[i]); round++)
			worker_housekeep(dp->workers[i]);
}

static bool is_icmp(const uint8_t *frame)
{
	const uint8_t *ip = frame + frame_ip_offset(frame);

	return ip[0] >> 4 == 4 ? ip[9] == IPPROTO_ICMP : ip[6] == IPPROTO_ICMPV6;
}

static int seen_take(struct world *world, unsigned int port, struct seen *seen, const char **what)
{
	struct rte_mbuf *mbuf = rig_collect(&world->rig, port);
	const uint8_t *bytes;
	struct frame frame;
	int taken = 0;

	if (mbuf == NULL)
		return 0;
	bytes = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	if (!is_icmp(bytes)) {
		*what = frame_read(&frame, bytes, rte_pktmbuf_data_len(mbuf));
		taken = *what == NULL && frame.length <= sizeof(seen->bytes) ? 1 : -1;
	}
	if (taken == 1) {
		seen->port = port;
		seen->from = frame.from;
		seen->to = frame.to;
		seen->length = frame.length;
		memcpy(seen->bytes, frame.payload, frame.length);
	}
	rte_pktmbuf_free(mbuf);
	return taken == 0 ? seen_take(world, port, seen, what) : taken;
}

int world_send(struct world *world, unsigned int port, uint16_t worker,
               const struct transport_addr *from, const struct transport_addr *to,
               const void *payload, uint16_t length, struct seen seen[WORLD_SEEN_MAX],
               const char **what)
{
	struct frame frame = {
	        .to_mac = {{2, 0, 0, 0, 1, 0}},
	        .from_mac = mac_of(&from->ip),
	        .from = *from,
	        .to = *to,
	        .hop_limit = 64,
	        .payload = payload,
	        .length = length,
	};
	uint8_t bytes[FRAME_MAX];
	int count = 0, taken;

	*what = "too many packets";
	clock_set(world);
	rig_inject(&world->rig, port, worker, bytes, frame_write(bytes, sizeof(bytes), &frame));
	rig_walk(&world->rig);
	for (unsigned int out = 0; out < RIG_PORTS; out++)
		while (count < WORLD_SEEN_MAX &&
		       (taken = seen_take(world, out, &seen[count], what)) != 0) {
			if (taken < 0)
				return -1;
			count++;
		}
	return count < WORLD_SEEN_MAX ? count : -1;
}
