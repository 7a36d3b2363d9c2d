/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/mirror.h"
#include "net/mirror_state.h"
#include "net/neighbour.h"
#include "net/punt.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

/* States in which the kernel itself would send to that MAC. */
#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

static bool neighbour_ip(const struct ndmsg *message, const struct nlattr *attr, struct ip_addr *ip)
{
	uint16_t length = mnl_attr_get_payload_len(attr);
	uint32_t v4;

	if (message->ndm_family == AF_INET6 && length == 16) {
		*ip = ip_addr_v6(mnl_attr_get_payload(attr));
		return true;
	}
	if (message->ndm_family != AF_INET || length != sizeof(v4))
		return false;
	memcpy(&v4, mnl_attr_get_payload(attr), sizeof(v4));
	*ip = ip_addr_v4(v4);
	return true;
}

static void neighbour_learn(struct dataplane *dp, uint32_t link, const struct ip_addr *ip,
                            uint16_t state, const struct rte_ether_addr *mac)
{
	uint32_t slot = neighbour_find(dp->neighbours, link, ip);

	if (slot == 0) /* who is on the segment does not matter before we send there */
		return;
	dp->neighbours->slots[slot].stale = (state & NUD_STALE) != 0;
	if ((state & NUD_USABLE) && mac != NULL)
		punt_neighbour_set(dp, slot, NEIGHBOUR_REACHED, mac);
	else
		punt_neighbour_set(dp, slot, state & NUD_FAILED ? NEIGHBOUR_FAILED : NEIGHBOUR_NONE,
		                   NULL);
}

int mirror_neighbour_message(const struct nlmsghdr *header, void *arg)
{
	struct mirror *mirror = arg;
	const struct ndmsg *message = mnl_nlmsg_get_payload(header);
	const struct mirror_link *link = mirror_link_find(mirror, message->ndm_ifindex);
	const struct rte_ether_addr *mac = NULL;
	const struct nlattr *attr;
	struct ip_addr ip;
	bool has_ip = false;

	if (link == NULL)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, header, sizeof(*message))
	{
		if (mnl_attr_get_type(attr) == NDA_DST)
			has_ip = neighbour_ip(message, attr, &ip);
		else if (mnl_attr_get_type(attr) == NDA_LLADDR &&
		         mnl_attr_get_payload_len(attr) == sizeof(*mac))
			mac = mnl_attr_get_payload(attr);
	}
	if (!has_ip)
		return MNL_CB_OK;
	if (header->nlmsg_type == RTM_DELNEIGH)
		neighbour_delete(mirror->dp->neighbours, neighbour_link(link->port, link->vlan),
		                 &ip);
	else
		neighbour_learn(mirror->dp, neighbour_link(link->port, link->vlan), &ip,
		                message->ndm_state, mac);
	return MNL_CB_OK;
}

/* The kernel's interface of a link. */
static uint32_t ifindex_of(const struct mirror *mirror, uint32_t link)
{
	for (uint32_t i = 0; i < mirror->n_links; i++)
		if (neighbour_link(mirror->links[i].port, mirror->links[i].vlan) == link)
			return mirror->links[i].ifindex;
	return 0;
}

/* A message about a neighbour, its header and its address. */
static struct ndmsg *neighbour_message(struct nlmsghdr *header, struct dataplane *dp,
                                       const struct neighbour *neighbour, uint16_t type)
{
	struct ndmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	bool v4 = ip_addr_is_v4(&neighbour->ip);

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST;
	header->nlmsg_seq = ++dp->mirror->sequence;
	message->ndm_family = v4 ? AF_INET : AF_INET6;
	message->ndm_ifindex = ifindex_of(dp->mirror, neighbour->link);
	if (v4)
		mnl_attr_put(header, NDA_DST, 4, &neighbour->ip.words[3]);
	else
		mnl_attr_put(header, NDA_DST, 16, neighbour->ip.bytes);
	return message;
}

static void message_send(const struct dataplane *dp, const struct nlmsghdr *header,
                         const struct ndmsg *message)
{
	if (message->ndm_ifindex != 0)
		mnl_socket_sendto(dp->mirror->news, header, header->nlmsg_len);
}

void mirror_ask(struct dataplane *dp, uint32_t slot)
{
	const struct neighbour *neighbour = &dp->neighbours->slots[slot];
	char buffer[256];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct ndmsg *message;

	if (dp->mirror == NULL)
		return;
	message = neighbour_message(header, dp, neighbour, RTM_NEWNEIGH);
	header->nlmsg_flags |= NLM_F_CREATE;
	message->ndm_flags = NTF_USE;
	message_send(dp, header, message);
}

void mirror_ask_first(struct dataplane *dp, uint32_t slot)
{
	const struct neighbour *neighbour = &dp->neighbours->slots[slot];
	char buffer[256];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	mirror_ask(dp, slot);
	if (dp->mirror == NULL)
		return;
	/* of one that is reached already nothing is news: the answer comes among them */
	message_send(dp, header, neighbour_message(header, dp, neighbour, RTM_GETNEIGH));
}
