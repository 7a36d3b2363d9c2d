/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/gate.h"
#include "scene.h"

#include "net/fib.h"
#include "net/port.h"
#include "turn/turn.h"

#include <rte_cycles.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>

#define LISTENER4        "198.18.1.1"
#define LISTENER6        "2001:2:0:1::1"
#define RELAY4           "198.18.2.1"
#define RELAY6           "2001:2:0:2::1"
#define OUTSIDE4         "198.19.0.9"
#define OUTSIDE6         "2001:2:0:9::9"
#define RELAY_PORT_FIRST 49152

struct actor_info {
	const char *ip;
	uint16_t port;
	uint16_t rig_port;
	bool resolved;
};

static const struct actor_info actors[ACTORS] = {
        [CLIENT_A4] = {"198.18.1.2", 5000, 0, true},
        [CLIENT_A6] = {"2001:2:0:1::2", 5000, 0, true},
        [CLIENT_B4] = {"198.18.1.3", 5001, 0, true},
        [CLIENT_B6] = {"2001:2:0:1::3", 5001, 0, true},
        [PEER4] = {"198.18.2.2", 7000, 1, true},
        [PEER4_PORT] = {"198.18.2.2", 7001, 1, true},
        [PEER4_OTHER] = {"198.18.2.3", 7000, 1, true},
        [PEER6] = {"2001:2:0:2::2", 7000, 1, true},
        [PEER_PRIVATE] = {"10.0.0.1", 7000, 1, false},
        [PEER_SELF] = {LISTENER4, STUN_PORT, 1, false},
        [PEER_NAT64] = {"64:ff9b::a00:1", 7000, 1, false},
        [PEER_6TO4] = {"2002:a00:1::1", 7000, 1, false},
        [PEER_NO_ROUTE] = {"198.19.0.1", 7000, 1, false},
        [PEER_PENDING] = {"198.18.2.77", 7000, 1, false},
};

static struct ip_addr ip_of(const char *text)
{
	struct ip_addr ip;
	uint32_t v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return ip_addr_v4(v4);
	inet_pton(AF_INET6, text, &ip);
	return ip;
}

struct transport_addr scene_addr(const struct scene *scene, enum actor actor)
{
	if (actor >= RELAYED)
		return scene->clients[(actor - RELAYED) / 2].relayed[(actor - RELAYED) % 2];
	return (struct transport_addr){.ip = ip_of(actors[actor].ip),
	                               .port = htons(actors[actor].port)};
}

struct transport_addr scene_wire(const struct scene *scene, struct transport_addr addr)
{
	struct ip_addr outside4 = ip_of(OUTSIDE4), outside6 = ip_of(OUTSIDE6);

	if (ip_addr_equal(&addr.ip, &outside4))
		addr.ip = ip_of(RELAY4);
	else if (ip_addr_equal(&addr.ip, &outside6))
		addr.ip = ip_of(RELAY6);
	return addr;
}

unsigned int actor_port(enum actor actor)
{
	return actor < ACTORS ? actors[actor].rig_port : 1;
}

struct rte_ether_addr actor_mac(enum actor actor)
{
	/* a MAC is a host's, whichever port speaks */
	uint8_t host = actor == PEER4_PORT ? PEER4 : (uint8_t)actor;

	return (struct rte_ether_addr){{2, 0, 0, 0, 0, host}};
}

struct transport_addr server_addr(enum actor actor)
{
	bool v4 = strchr(actors[actor].ip, ':') == NULL;

	return (struct transport_addr){.ip = ip_of(v4 ? LISTENER4 : LISTENER6),
	                               .port = htons(STUN_PORT)};
}

static struct sluice_addr api_addr(const char *ip, uint16_t port)
{
	struct ip_addr addr = ip_of(ip);
	struct sluice_addr api = {.port = htons(port)};

	memcpy(api.ip, &addr, sizeof(api.ip));
	return api;
}

static int relay_add(struct turn *turn, const char *ip, const char *outside, uint16_t ports,
                     char *why)
{
	struct sluice_turn_relay relay = {
	        .addr = api_addr(ip, 0),
	        .first_port = RELAY_PORT_FIRST,
	        .last_port = RELAY_PORT_FIRST + (ports ? ports : 1024) - 1,
	};

	if (outside != NULL)
		relay.announce = api_addr(outside, 0);
	return turn_relay_add(turn, &relay, 0, why);
}

static int listen_add(struct turn *turn, const char *ip, char *why)
{
	struct sluice_turn_listen listen = {.addr = api_addr(ip, STUN_PORT)};

	return turn_listen_add(turn, &listen, 0, why);
}

static int peer_allow(struct turn *turn, const char *ip, uint8_t length, char *why)
{
	struct sluice_turn_peer peer = {
	        .addr = api_addr(ip, 0), .length = length, .action = SLUICE_TURN_PEER_ALLOW};

	return turn_peer_add(turn, &peer, 0, why);
}

static int credentials_set(struct scene *scene, char *why)
{
	struct turn *turn = scene->rig.dp->turn;
	struct sluice_turn_user user = {.name = "demo", .password = "demo"};
	struct sluice_turn_realm realm = {0};

	snprintf(realm.realm, sizeof(realm.realm), "%s", scene->realm);
	stun_key_long_term(&scene->key, "demo", 4, scene->realm, "demo", 4);
	stun_key_long_term(&scene->wrong_key, "demo", 4, scene->realm, "other", 5);
	return turn_realm_set(turn, &realm, why) || turn_user_add(turn, &user, 0, why);
}

static bool turn_configure(struct scene *scene, const struct scene_config *config)
{
	struct turn *turn = scene->rig.dp->turn;
	struct sluice_turn_quota quota = {
	        .user = config->quota_user, .host = config->quota_host, .max_bps = config->max_bps};
	const struct sluice_turn_mobility mobility = {config->mobility};
	char why[SLUICE_API_ERROR_MAX] = "";

	turn_tick(turn, (uint64_t)time(NULL));
	if (listen_add(turn, LISTENER4, why) || listen_add(turn, LISTENER6, why) ||
	    (!config->bare && credentials_set(scene, why)) ||
	    relay_add(turn, RELAY4, config->nat ? OUTSIDE4 : NULL, config->relay_ports, why) ||
	    relay_add(turn, RELAY6, config->nat ? OUTSIDE6 : NULL, config->relay_ports, why) ||
	    peer_allow(turn, "198.18.0.0", 15, why) || peer_allow(turn, "2001:2::", 48, why) ||
	    turn_quota_set(turn, &quota, why) || turn_mobility_set(turn, &mobility, why)) {
		fprintf(stderr, "configuration: %s\n", why);
		return false;
	}
	return true;
}

static bool routes_set(struct scene *scene)
{
	struct rig *rig = &scene->rig;
	const struct route routes[] = {
	        {.prefix = ip_of("198.18.1.0"), .length = 120, .port = rig->ports[0].index},
	        {.prefix = ip_of("198.18.2.0"), .length = 120, .port = rig->ports[1].index},
	        {.prefix = ip_of("2001:2:0:1::"), .length = 64, .port = rig->ports[0].index},
	        {.prefix = ip_of("2001:2:0:2::"), .length = 64, .port = rig->ports[1].index},
	};

	if (fib_set(rig->dp, routes, RTE_DIM(routes)) != 0)
		return false;
	for (enum actor actor = NOBODY; actor < ACTORS; actor++) {
		struct transport_addr addr;
		struct rte_ether_addr mac = actor_mac(actor);

		if (!actors[actor].resolved)
			continue;
		addr = scene_addr(scene, actor);
		if (rig_neighbour(rig, actors[actor].rig_port, &addr.ip, &mac) != 0)
			return false;
	}
	return true;
}

static void gate_off(struct gate *gate)
{
	struct gate_compiled compiled = gate_compiled_now(gate);
	char why[SLUICE_API_ERROR_MAX];

	compiled.config.mode = GATE_MODE_OFF;
	gate_set(gate, &compiled, NULL, why);
}

bool scene_create(struct scene *scene, const struct scene_config *config)
{
	struct options options;

	memset(scene, 0, sizeof(*scene));
	scene->realm = config->realm ? config->realm : "sluice";
	options_default(&options);
	options.workers = config->workers ? config->workers : 1;
	options.max_allocations = config->max_allocations ? config->max_allocations : 64;
	options.max_permissions = 256;
	options.max_channels = 256;
	options.max_endpoints = config->max_endpoints;
	options.max_streams = config->max_endpoints;
	options.max_subscriptions = config->max_endpoints;
	options.max_sessions = config->max_sessions;
	options.mbufs = 2047;
	if (config->mbuf_size)
		options.mbuf_size = config->mbuf_size;
	if (rig_create_queues(&scene->rig, &options, config->one_queue ? 1 : options.workers) !=
	    0) {
		fprintf(stderr, "no dataplane\n");
		return false;
	}
	/* what the nodes behind it drop by themselves: its own cases are in tests/unit/gate_test.c
	 */
	gate_off(scene->rig.dp->gate);
	for (unsigned int i = 0; config->mtu && i < RIG_PORTS; i++)
		scene->rig.dp->ports->table[scene->rig.ports[i].index].mtu = config->mtu;
	if (!routes_set(scene) || !turn_configure(scene, config)) {
		rig_destroy(&scene->rig);
		return false;
	}
	return true;
}

void scene_destroy(struct scene *scene)
{
	rig_destroy(&scene->rig);
}

void scene_wait(struct scene *scene, uint32_t seconds)
{
	for (uint16_t i = 0; i < scene->rig.dp->n_workers; i++)
		scene->rig.dp->workers[i]->tsc_skew += seconds * rte_get_tsc_hz();
}

void scene_sweep(struct scene *scene)
{
	for (int round = 0; round < 4096; round++) {
		for (uint16_t i = 0; i < scene->rig.dp->n_workers; i++) {
			worker_clock(scene->rig.dp->workers[i]);
			worker_housekeep(scene->rig.dp->workers[i]);
		}
	}
}

uint64_t scene_drops(const struct scene *scene, enum drop_reason reason)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < scene->rig.dp->n_workers; i++)
		sum += scene->rig.dp->workers[i]->drops[reason];
	return sum;
}

uint64_t scene_drops_all(const struct scene *scene)
{
	uint64_t sum = 0;

	for (uint32_t reason = 0; reason < DROP_REASONS; reason++)
		sum += scene_drops(scene, reason);
	return sum;
}
