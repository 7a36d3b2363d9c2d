/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/mirror_state.h"
#include "net/port.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#define V4_PREFIX_BITS 96 /* of the v4-mapped form */

/* A next hop as the message spells it. */
struct via {
	uint32_t oif;
	struct ip_addr gateway; /* all zero: none */
};

static struct ip_addr ip_of(uint8_t family, const void *bytes)
{
	uint32_t v4;

	if (family == AF_INET6)
		return ip_addr_v6(bytes);
	memcpy(&v4, bytes, sizeof(v4));
	return ip_addr_v4(v4);
}

static bool holds_ip(const struct nlattr *attr, uint8_t family, size_t before)
{
	return mnl_attr_get_payload_len(attr) >= before + (family == AF_INET6 ? 16u : 4u);
}

/* Attributes of a route and of a multipath next hop are the same ones. */
static void via_read(const struct nlattr *attr, uint8_t family, struct via *via)
{
	const struct rtvia *other = mnl_attr_get_payload(attr);

	switch (mnl_attr_get_type(attr)) {
	case RTA_OIF:
		via->oif = mnl_attr_get_u32(attr);
		break;
	case RTA_GATEWAY:
		if (holds_ip(attr, family, 0))
			via->gateway = ip_of(family, mnl_attr_get_payload(attr));
		break;
	case RTA_VIA: /* an IPv4 route by an IPv6 gateway */
		if (holds_ip(attr, other->rtvia_family, sizeof(*other)))
			via->gateway = ip_of(other->rtvia_family, other->rtvia_addr);
		break;
	}
}

/* The first of several next hops: one flow keeps one way. */
static void multipath_read(const struct nlattr *attr, uint8_t family, struct via *via)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	const struct nlattr *inner;
	int length = mnl_attr_get_payload_len(attr);
	int left;

	if (length < (int)sizeof(*hop) || hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > length)
		return;
	via->oif = hop->rtnh_ifindex;
	left = hop->rtnh_len - (int)sizeof(*hop);
	for (inner = (const void *)(hop + 1); mnl_attr_ok(inner, left);
	     inner = mnl_attr_next(inner)) {
		left -= MNL_ALIGN(inner->nla_len);
		via_read(inner, family, via);
	}
}

static struct route *route_slot(struct mirror *mirror)
{
	if (mirror->n_routes == mirror->routes_size) {
		uint32_t size = mirror->routes_size == 0 ? 64 : 2 * mirror->routes_size;
		struct route *routes = realloc(mirror->routes, size * sizeof(*routes));

		if (routes == NULL)
			return NULL;
		mirror->routes = routes;
		mirror->routes_size = size;
	}
	return &mirror->routes[mirror->n_routes];
}

static void route_read(const struct nlmsghdr *header, const struct rtmsg *message,
                       struct route *route, struct via *via, uint32_t *table)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(*message))
	{
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			if (holds_ip(attr, message->rtm_family, 0))
				route->prefix =
				        ip_of(message->rtm_family, mnl_attr_get_payload(attr));
			break;
		case RTA_PRIORITY:
			route->metric = mnl_attr_get_u32(attr);
			break;
		case RTA_TABLE:
			*table = mnl_attr_get_u32(attr);
			break;
		case RTA_MULTIPATH:
			multipath_read(attr, message->rtm_family, via);
			break;
		default:
			via_read(attr, message->rtm_family, via);
		}
	}
}

static bool route_is_refusal(uint8_t type)
{
	return type == RTN_BLACKHOLE || type == RTN_UNREACHABLE || type == RTN_PROHIBIT;
}

int mirror_route_message(const struct nlmsghdr *header, void *arg)
{
	struct mirror *mirror = arg;
	const struct rtmsg *message = mnl_nlmsg_get_payload(header);
	bool v4 = message->rtm_family == AF_INET;
	uint32_t table = message->rtm_table;
	const struct mirror_link *link;
	struct via via = {0};
	struct route *route;

	if ((!v4 && message->rtm_family != AF_INET6) || (message->rtm_flags & RTM_F_CLONED) ||
	    (message->rtm_type != RTN_UNICAST && !route_is_refusal(message->rtm_type)))
		return MNL_CB_OK;
	route = route_slot(mirror);
	if (route == NULL)
		return MNL_CB_ERROR;
	*route = (struct route){.port = PORT_NONE,
	                        .length = message->rtm_dst_len + (v4 ? V4_PREFIX_BITS : 0)};
	route->prefix = v4 ? ip_addr_v4(0) : (struct ip_addr){0};
	route_read(header, message, route, &via, &table);
	if (table != RT_TABLE_MAIN)
		return MNL_CB_OK;
	link = mirror_link_find(mirror, via.oif);
	if (link != NULL && message->rtm_type == RTN_UNICAST) {
		route->port = link->port;
		route->vlan = link->vlan;
		route->gateway = via.gateway;
	}
	mirror->n_routes++;
	return MNL_CB_OK;
}
