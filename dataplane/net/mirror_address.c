/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/mirror.h"
#include "net/mirror_state.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

static bool address_ip(const struct nlattr *attr, uint8_t family, struct ip_addr *ip)
{
	uint32_t v4;

	if (family == AF_INET6 && mnl_attr_get_payload_len(attr) == sizeof(*ip)) {
		*ip = ip_addr_v6(mnl_attr_get_payload(attr));
		return true;
	}
	if (family != AF_INET || mnl_attr_get_payload_len(attr) != sizeof(v4))
		return false;
	memcpy(&v4, mnl_attr_get_payload(attr), sizeof(v4));
	*ip = ip_addr_v4(v4);
	return true;
}

/* The host's own end: on point-to-point links IFA_ADDRESS is the other one's. */
static bool address_read(const struct nlmsghdr *header, struct ip_addr *ip)
{
	const struct ifaddrmsg *message = mnl_nlmsg_get_payload(header);
	const struct nlattr *attr;
	bool local = false, found = false;

	mnl_attr_for_each(attr, header, sizeof(*message))
	{
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			local = found = address_ip(attr, message->ifa_family, ip);
		else if (mnl_attr_get_type(attr) == IFA_ADDRESS && !local)
			found = address_ip(attr, message->ifa_family, ip);
	}
	return found;
}

static struct mirror_address *address_find(struct mirror *mirror, const struct ip_addr *ip,
                                           uint32_t ifindex)
{
	for (uint32_t i = 0; i < mirror->n_addresses; i++)
		if (mirror->addresses[i].ifindex == ifindex &&
		    ip_addr_equal(&mirror->addresses[i].ip, ip))
			return &mirror->addresses[i];
	return NULL;
}

static void address_add(struct mirror *mirror, const struct ip_addr *ip, uint32_t ifindex)
{
	struct mirror_address *grown;

	if (address_find(mirror, ip, ifindex) != NULL)
		return;
	grown = realloc(mirror->addresses, (mirror->n_addresses + 1) * sizeof(*grown));
	if (grown == NULL) /* it is shown as absent, no more */
		return;
	mirror->addresses = grown;
	mirror->addresses[mirror->n_addresses++] = (struct mirror_address){*ip, ifindex};
}

int mirror_address_message(const struct nlmsghdr *header, void *arg)
{
	struct mirror *mirror = arg;
	const struct ifaddrmsg *message = mnl_nlmsg_get_payload(header);
	struct mirror_address *gone;
	struct ip_addr ip;

	if (!address_read(header, &ip))
		return MNL_CB_OK;
	if (header->nlmsg_type == RTM_NEWADDR) {
		address_add(mirror, &ip, message->ifa_index);
		return MNL_CB_OK;
	}
	gone = address_find(mirror, &ip, message->ifa_index);
	if (gone != NULL)
		*gone = mirror->addresses[--mirror->n_addresses];
	return MNL_CB_OK;
}

static bool serves(const struct mirror *mirror, uint32_t ifindex)
{
	if (mirror_link_find(mirror, ifindex) != NULL)
		return true;
	for (uint32_t i = 0; i < mirror->n_hosts; i++)
		if (mirror->hosts[i] == ifindex)
			return true;
	return false;
}

bool mirror_has_address(const struct dataplane *dp, const struct ip_addr *ip)
{
	const struct mirror *mirror = dp->mirror;

	if (mirror == NULL)
		return true;
	for (uint32_t i = 0; i < mirror->n_addresses; i++)
		if (ip_addr_equal(&mirror->addresses[i].ip, ip) &&
		    serves(mirror, mirror->addresses[i].ifindex))
			return true;
	return false;
}
