/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/peer_rules.h"

#include "dataplane.h"
#include "net/ranges.h"
#include "net/service.h"
#include "turn/state.h"

#include <stdlib.h>
#include <string.h>

/* By family: a prefix of IPv6 holds no IPv4 address. */
struct peer_rules {
	struct ranges *ranges[2]; /* [0] IPv4: rules[0 .. n_ipv4), [1] IPv6: the others */
	uint32_t n_ipv4;
	struct peer_rule rules[];
};

enum verdict {
	VERDICT_NONE,
	VERDICT_ALLOW,
	VERDICT_DENY,
	VERDICT_ALLOW_HOST, /* by a rule for this one address */
};

static uint8_t bits_of(const struct ip_addr *ip, uint8_t length)
{
	return ip_addr_is_v4(ip) ? (uint8_t)(96 + length) : length;
}

struct ip_addr peer_rule_mask(const struct ip_addr *ip, uint8_t length)
{
	uint32_t bits = bits_of(ip, length);
	struct ip_addr masked = *ip;

	for (uint32_t i = 0; i < sizeof(masked.bytes); i++) {
		uint32_t kept = bits > 8 * i ? bits - 8 * i : 0;

		if (kept < 8)
			masked.bytes[i] &= (uint8_t)(0xff00 >> kept);
	}
	return masked;
}

/* IPv4 first; and what denies first, for of equal prefixes the first one counts. */
static int rule_compare(const void *left, const void *right)
{
	const struct peer_rule *a = left, *b = right;
	int families = family_index(&a->ip) - family_index(&b->ip);

	return families != 0 ? families
	                     : (b->action == SLUICE_TURN_PEER_DENY) -
	                               (a->action == SLUICE_TURN_PEER_DENY);
}

static struct ranges *ranges_of(const struct peer_rule *rules, uint32_t count)
{
	struct prefix *prefixes = calloc(count + (size_t)1, sizeof(*prefixes));
	struct ranges *ranges;

	if (prefixes == NULL)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		prefixes[i] = (struct prefix){rules[i].ip, bits_of(&rules[i].ip, rules[i].length)};
	ranges = ranges_create(prefixes, count);
	free(prefixes);
	return ranges;
}

struct peer_rules *peer_rules_create(const struct peer_rule *list, uint32_t all, uint8_t realm)
{
	struct peer_rules *rules = calloc(1, sizeof(*rules) + all * sizeof(rules->rules[0]));
	uint32_t count = 0;

	if (rules == NULL)
		return NULL;
	for (uint32_t i = 0; i < all; i++)
		if (list[i].realm == 0 || list[i].realm == realm)
			rules->rules[count++] = list[i];
	qsort(rules->rules, count, sizeof(rules->rules[0]), rule_compare);
	while (rules->n_ipv4 < count && ip_addr_is_v4(&rules->rules[rules->n_ipv4].ip))
		rules->n_ipv4++;
	rules->ranges[0] = ranges_of(rules->rules, rules->n_ipv4);
	rules->ranges[1] = ranges_of(rules->rules + rules->n_ipv4, count - rules->n_ipv4);
	if (rules->ranges[0] != NULL && rules->ranges[1] != NULL)
		return rules;
	peer_rules_free(rules);
	return NULL;
}

void peer_rules_free(struct peer_rules *rules)
{
	if (rules == NULL)
		return;
	free(rules->ranges[0]);
	free(rules->ranges[1]);
	free(rules);
}

static enum verdict rules_judge(const struct peer_rules *rules, const struct ip_addr *ip)
{
	int family = family_index(ip);
	uint32_t found = ranges_find(rules->ranges[family], ip);
	const struct peer_rule *rule;

	if (found == RANGE_NONE)
		return VERDICT_NONE;
	rule = &rules->rules[family == 0 ? found : rules->n_ipv4 + found];
	if (rule->action == SLUICE_TURN_PEER_DENY)
		return VERDICT_DENY;
	return rule->length == (family == 0 ? 32 : 128) ? VERDICT_ALLOW_HOST : VERDICT_ALLOW;
}

/* -- special-purpose ranges (IANA's registries, RFC 6890 and its updates): the longest match
 * decides -- */

struct special_range {
	uint8_t bytes[16];
	uint8_t length;
	bool allowed;
};

static const struct special_range special_ipv4[] = {
        {{0}, 8},             /* this network */
        {{10}, 8},            /* private */
        {{100, 64}, 10},      /* shared: carrier-grade NAT */
        {{127}, 8},           /* loopback */
        {{169, 254}, 16},     /* link-local, and the clouds' metadata services */
        {{172, 16}, 12},      /* private */
        {{192, 0, 0}, 24},    /* IETF protocols */
        {{192, 0, 2}, 24},    /* documentation */
        {{192, 88, 99}, 24},  /* 6to4 relays, deprecated */
        {{192, 168}, 16},     /* private */
        {{198, 18}, 15},      /* benchmarking */
        {{198, 51, 100}, 24}, /* documentation */
        {{203, 0, 113}, 24},  /* documentation */
        {{224}, 4},           /* multicast */
        {{240}, 4},           /* reserved, broadcast */
};

static const struct special_range special_ipv6[] = {
        {{0}, 8}, /* unspecified, loopback, v4-compatible, v4-mapped, reserved */
        {{0x00, 0x64, 0xff, 0x9b}, 96, true}, /* NAT64: judged by what is embedded */
        {{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48}, /* NAT64, local use */
        {{0x01, 0x00}, 8},                    /* discard, dummy, reserved */
        {{0x20, 0x01, 0x00, 0x02}, 48},       /* benchmarking */
        {{0x20, 0x01, 0x00, 0x10}, 28},       /* ORCHID, deprecated */
        {{0x20, 0x01, 0x00, 0x20}, 28},       /* ORCHIDv2 */
        {{0x20, 0x01, 0x00, 0x30}, 28},       /* drone remote identification */
        {{0x20, 0x01, 0x0d, 0xb8}, 32},       /* documentation */
        {{0x3f, 0xff}, 20},                   /* documentation */
        {{0x5f, 0x00}, 16},                   /* segment routing */
        {{0xfc}, 7},                          /* unique local */
        {{0xfe, 0x80}, 10},                   /* link-local */
        {{0xfe, 0xc0}, 10},                   /* site-local, deprecated */
        {{0xff}, 8},                          /* multicast */
};

static bool range_has(const struct special_range *range, const uint8_t *bytes)
{
	uint32_t whole = range->length / 8;
	uint8_t mask = (uint8_t)(0xff00 >> range->length % 8);

	return memcmp(range->bytes, bytes, whole) == 0 &&
	       (mask == 0 || ((range->bytes[whole] ^ bytes[whole]) & mask) == 0);
}

static bool special_denied(const struct ip_addr *ip)
{
	bool v4 = ip_addr_is_v4(ip);
	const struct special_range *ranges = v4 ? special_ipv4 : special_ipv6;
	uint32_t count = v4 ? RTE_DIM(special_ipv4) : RTE_DIM(special_ipv6);
	const struct special_range *best = NULL;

	for (uint32_t i = 0; i < count; i++)
		if (range_has(&ranges[i], v4 ? ip->bytes + 12 : ip->bytes) &&
		    (best == NULL || ranges[i].length > best->length))
			best = &ranges[i];
	return best != NULL && !best->allowed;
}

/* -- IPv4 addresses inside IPv6 ones: another name for the same host, wherever a translator is on
 * the way -- */

/* Where an address of this prefix holds an IPv4 address: byte offsets, and a mask that turns it
 * into the address. */
struct embedding {
	uint8_t bytes[16];
	uint8_t length;
	uint8_t at[4];
	uint8_t invert;
	uint8_t zero_from; /* the layout needs zeros from this byte on; 16: it does not */
};

#define LAST_FOUR                                                                                  \
	{                                                                                          \
		12, 13, 14, 15                                                                     \
	}

static const struct embedding embeddings[] = {
        {{0}, 96, LAST_FOUR, 0, 16},                        /* v4-compatible (RFC 4291, 2.5.5.1) */
        {{[10] = 0xff, [11] = 0xff}, 96, LAST_FOUR, 0, 16}, /* v4-mapped (2.5.5.2) */
        {{[8] = 0xff, [9] = 0xff}, 96, LAST_FOUR, 0, 16},   /* v4-translated (RFC 2765, 2.1) */
        {{0x00, 0x64, 0xff, 0x9b}, 96, LAST_FOUR, 0, 16},   /* NAT64 (RFC 6052, 2.1) */
        {{0x00, 0x64, 0xff, 0x9b, 0, 1},
         96,
         LAST_FOUR,
         0,
         16}, /* NAT64, local use (RFC 8215), as /96 */
        {{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48, {6, 7, 9, 10}, 0, 11},   /* as /48 (RFC 6052, 2.2) */
        {{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48, {7, 9, 10, 11}, 0, 12},  /* as /56 */
        {{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48, {9, 10, 11, 12}, 0, 13}, /* as /64 */
        {{0x20, 0x02}, 16, {2, 3, 4, 5}, 0, 16},                      /* 6to4 (RFC 3056, 2) */
        {{0x20, 0x01}, 32, {4, 5, 6, 7}, 0, 16}, /* Teredo's server (RFC 4380, 4) */
        {{0x20, 0x01}, 32, LAST_FOUR, 0xff, 16}, /* its client */
};

/* :: and ::1 look like v4-compatible addresses and are none. */
static bool unspecified_or_loopback(const struct ip_addr *ip)
{
	return ip->quads[0] == 0 && rte_be_to_cpu_64(ip->quads[1]) <= 1;
}

/* ISATAP (RFC 5214, 6.1): interface identifiers of any prefix. */
static bool isatap(const struct ip_addr *ip)
{
	return (ip->bytes[8] & 0xfc) == 0 && ip->bytes[9] == 0 && ip->bytes[10] == 0x5e &&
	       ip->bytes[11] == 0xfe;
}

static struct ip_addr embedded_at(const struct ip_addr *ip, const uint8_t at[4], uint8_t invert)
{
	uint32_t be;
	uint8_t bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = ip->bytes[at[i]] ^ invert;
	memcpy(&be, bytes, sizeof(be));
	return ip_addr_v4(be);
}

static bool embedding_fits(const struct embedding *embedding, const struct ip_addr *ip)
{
	struct special_range prefix = {.length = embedding->length};

	memcpy(prefix.bytes, embedding->bytes, sizeof(prefix.bytes));
	if (!range_has(&prefix, ip->bytes))
		return false;
	for (int i = embedding->zero_from; i < 16; i++)
		if (ip->bytes[i] != 0)
			return false;
	return true;
}

/* -- our own addresses -- */

static void own_services(const struct services *services, const struct transport_addr *peer,
                         bool *listens, bool *relays)
{
	const struct service_slot *slot =
	        services != NULL ? service_slot_find(services, &peer->ip) : NULL;
	uint16_t port = rte_be_to_cpu_16(peer->port);

	for (uint32_t i = 0; slot != NULL && i < slot->count; i++) {
		const struct service *service = &services->list[slot->first + i];

		if (service->kind == SERVICE_TURN)
			*listens = true;
		else if (port == 0 || (port >= service->first_port && port <= service->last_port))
			*relays = true;
	}
}

/*
 * A listener's address takes a rule for it alone. A relayed address is a peer like any other, since
 * two clients of one host are each other's peers; where the address is a listener's too, its range
 * alone. The same by the names that are announced.
 */
static bool own_denied(const struct services *services, const struct transport_addr *peer,
                       enum verdict verdict)
{
	bool listens = false, relays = false;

	if (services == NULL || verdict == VERDICT_ALLOW_HOST)
		return false;
	own_services(services, peer, &listens, &relays);
	own_services(services->announced, peer, &listens, &relays);
	return listens && !relays;
}

static bool judge(const struct turn *turn, const struct peer_rules *rules,
                  const struct transport_addr *peer)
{
	const struct services *services = __atomic_load_n(&turn->dp->services, __ATOMIC_ACQUIRE);
	enum verdict verdict = rules_judge(rules, &peer->ip);

	if (verdict == VERDICT_DENY || own_denied(services, peer, verdict))
		return false;
	return verdict != VERDICT_NONE || !special_denied(&peer->ip);
}

bool turn_peer_allowed(const struct turn *turn, const struct peer_rules *rules,
                       const struct transport_addr *peer)
{
	static const uint8_t last_four[4] = LAST_FOUR;
	struct transport_addr inner = {.port = peer->port};

	if (!judge(turn, rules, peer))
		return false;
	if (ip_addr_is_v4(&peer->ip) || unspecified_or_loopback(&peer->ip))
		return true;
	for (uint32_t i = 0; i < RTE_DIM(embeddings); i++) {
		if (!embedding_fits(&embeddings[i], &peer->ip))
			continue;
		inner.ip = embedded_at(&peer->ip, embeddings[i].at, embeddings[i].invert);
		if (!judge(turn, rules, &inner))
			return false;
	}
	inner.ip = embedded_at(&peer->ip, last_four, 0);
	return !isatap(&peer->ip) || judge(turn, rules, &inner);
}
