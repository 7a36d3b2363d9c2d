/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done to the frame of a gate's case: tags, fragments, options, lies. Each returns the new
 * length. */
#ifndef RIG_GATE_EDIT_H
#define RIG_GATE_EDIT_H

#include <stdint.h>

uint16_t one_tag(uint8_t *frame, uint16_t length);
uint16_t two_tags(uint8_t *frame, uint16_t length);
uint16_t three_tags(uint8_t *frame, uint16_t length);
uint16_t fragment(uint8_t *frame, uint16_t length);
uint16_t last_fragment(uint8_t *frame, uint16_t length);
uint16_t fragment_tiny(uint8_t *frame, uint16_t length);
uint16_t dont_fragment(uint8_t *frame, uint16_t length);
uint16_t ip4_options(uint8_t *frame, uint16_t length);
uint16_t tcp(uint8_t *frame, uint16_t length);
uint16_t arp(uint8_t *frame, uint16_t length);
uint16_t only_ethernet(uint8_t *frame, uint16_t length);
uint16_t ip4_cut(uint8_t *frame, uint16_t length);
uint16_t udp_cut(uint8_t *frame, uint16_t length);
uint16_t payload_cut(uint8_t *frame, uint16_t length);
uint16_t trailer(uint8_t *frame, uint16_t length);
uint16_t ip4_total_short(uint8_t *frame, uint16_t length);
uint16_t ip4_total_tiny(uint8_t *frame, uint16_t length);
uint16_t udp_tiny(uint8_t *frame, uint16_t length);
uint16_t one_extension(uint8_t *frame, uint16_t length);
uint16_t four_extensions(uint8_t *frame, uint16_t length);
uint16_t five_extensions(uint8_t *frame, uint16_t length);
uint16_t extension_overrun(uint8_t *frame, uint16_t length);
uint16_t ip6_fragment(uint8_t *frame, uint16_t length);
uint16_t ip6_last_fragment(uint8_t *frame, uint16_t length);
uint16_t ip6_tcp_fragment(uint8_t *frame, uint16_t length);
uint16_t icmp4_too_big(uint8_t *frame, uint16_t length);
uint16_t icmp_unreachable(uint8_t *frame, uint16_t length);
uint16_t icmp_echo(uint8_t *frame, uint16_t length);
uint16_t icmp_cut(uint8_t *frame, uint16_t length);
uint16_t icmp_of_tcp(uint8_t *frame, uint16_t length);
uint16_t icmp6_too_big(uint8_t *frame, uint16_t length);
uint16_t icmp6_fragment(uint8_t *frame, uint16_t length);
uint16_t v4_mapped_source(uint8_t *frame, uint16_t length);
uint16_t v4_compatible_source(uint8_t *frame, uint16_t length);
uint16_t multicast_source(uint8_t *frame, uint16_t length);
uint16_t ip6_routing(uint8_t *frame, uint16_t length);

#endif
