/* SPDX-License-Identifier: BSD-3-Clause */
#include "template.h"

#define HOP_LIMIT 64

bool template_create(struct template *template, const uint8_t *payload, uint16_t length)
{
	const struct frame frame = {
	        .to_mac = {{2, 0, 0, 0, 0, 1}},
	        .from_mac = {{2, 0, 0, 0, 0, 2}},
	        .from = {.ip = ip_addr_v4(0)},
	        .to = {.ip = ip_addr_v4(0)},
	        .hop_limit = HOP_LIMIT,
	        .payload = payload,
	        .length = length,
	};
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(template->bytes + TEMPLATE_IP);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(template->bytes + TEMPLATE_UDP);

	template->length = frame_write(template->bytes, sizeof(template->bytes), &frame);
	if (template->length == 0)
		return false;
	template->ip_sum = (uint16_t)~ip->hdr_checksum;
	template->udp_sum = (uint16_t)~udp->dgram_cksum;
	return true;
}
