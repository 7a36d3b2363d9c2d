/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/log.h"
#include "net/mirror_state.h"
#include "net/port.h"
#include "net/tap.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct link_message {
	uint32_t parent; /* ifindex below, of a VLAN */
	uint16_t vlan;   /* 0: no VLAN */
	uint16_t mtu;
	const struct rte_ether_addr *mac; /* in the message; NULL: none of Ethernet */
	bool dummy;
};

const struct mirror_link *mirror_link_find(const struct mirror *mirror, uint32_t ifindex)
{
	for (uint32_t i = 0; i < mirror->n_links; i++)
		if (mirror->links[i].ifindex == ifindex)
			return &mirror->links[i];
	return NULL;
}

static uint16_t port_by_ifindex(const struct dataplane *dp, uint32_t ifindex)
{
	for (uint16_t i = 0; i < dp->ports->count; i++)
		if (dp->ports->table[i].used && dp->ports->table[i].ifindex == ifindex)
			return i;
	return PORT_NONE;
}

static bool kind_is(const struct nlattr *attr, const char *kind)
{
	return strncmp(mnl_attr_get_payload(attr), kind, mnl_attr_get_payload_len(attr)) == 0;
}

/* IFLA_LINKINFO { IFLA_INFO_KIND "vlan", IFLA_INFO_DATA { IFLA_VLAN_ID } } */
static void vlan_read(const struct nlattr *info, struct link_message *link)
{
	const struct nlattr *attr, *inner;
	bool is_vlan = false;

	mnl_attr_for_each_nested(attr, info)
	{
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND) {
			is_vlan = kind_is(attr, "vlan");
			link->dummy = kind_is(attr, "dummy");
		}
		if (mnl_attr_get_type(attr) != IFLA_INFO_DATA || !is_vlan)
			continue;
		mnl_attr_for_each_nested(inner, attr)
		{
			if (mnl_attr_get_type(inner) == IFLA_VLAN_ID &&
			    mnl_attr_get_payload_len(inner) >= sizeof(uint16_t))
				link->vlan = mnl_attr_get_u16(inner);
		}
	}
}

static void link_read(const struct nlmsghdr *header, struct link_message *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(struct ifinfomsg))
	{
		switch (mnl_attr_get_type(attr)) {
		case IFLA_LINK:
			link->parent = mnl_attr_get_u32(attr);
			break;
		case IFLA_MTU:
			link->mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == sizeof(*link->mac))
				link->mac = mnl_attr_get_payload(attr);
			break;
		case IFLA_LINKINFO:
			vlan_read(attr, link);
			break;
		}
	}
}

static void link_forget(struct mirror *mirror, uint32_t ifindex)
{
	for (uint32_t i = 0; i < mirror->n_links; i++) {
		if (mirror->links[i].ifindex != ifindex)
			continue;
		mirror->links[i] = mirror->links[--mirror->n_links];
		return;
	}
}

static void link_remember(struct mirror *mirror, uint32_t ifindex, uint16_t port, uint16_t vlan)
{
	link_forget(mirror, ifindex);
	if (mirror->n_links == MIRROR_LINKS_MAX) {
		log_warning(SLUICE_LOG_ROUTE,
		            "more than %u VLANs on our ports: the others have no routes",
		            MIRROR_LINKS_MAX);
		return;
	}
	mirror->links[mirror->n_links++] = (struct mirror_link){ifindex, port, vlan};
}

static void host_remember(struct mirror *mirror, uint32_t ifindex)
{
	for (uint32_t i = 0; i < mirror->n_hosts; i++)
		if (mirror->hosts[i] == ifindex)
			return;
	if (mirror->n_hosts < MIRROR_HOSTS_MAX)
		mirror->hosts[mirror->n_hosts++] = ifindex;
}

int mirror_link_message(const struct nlmsghdr *header, void *arg)
{
	struct mirror *mirror = arg;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
	uint32_t ifindex = info->ifi_index;
	struct link_message link = {0};
	uint16_t port = port_by_ifindex(mirror->dp, ifindex);

	link_read(header, &link);
	if (header->nlmsg_type == RTM_DELLINK) {
		link_forget(mirror, ifindex);
		if (port != PORT_NONE && info->ifi_family == AF_UNSPEC)
			port_link_changed(mirror->dp, port, SLUICE_PORT_GONE, 0);
		return MNL_CB_OK;
	}
	if (port != PORT_NONE) {
		const struct port *known = &mirror->dp->ports->table[port];
		bool running = (info->ifi_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);

		link_remember(mirror, ifindex, port, 0);
		if (known->tap != NULL && link.mac != NULL)
			tap_mac_keep(known->name, &known->mac, link.mac);
		if (known->kind == SLUICE_PORT_XDP)
			port_link_changed(mirror->dp, port,
			                  running ? SLUICE_PORT_UP : SLUICE_PORT_DOWN, link.mtu);
	} else if (info->ifi_type == ARPHRD_LOOPBACK || link.dummy) {
		host_remember(mirror, ifindex);
	} else if (link.vlan != 0) {
		port = port_by_ifindex(mirror->dp, link.parent);
		if (port != PORT_NONE)
			link_remember(mirror, ifindex, port, link.vlan);
	}
	return MNL_CB_OK;
}
