/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate_case.h"

#include <gate_default.h>

#include "gate_edit.h"
#include "gate_payload.h"
#include "stun/message.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>

static struct ip_addr ip_of(const char *text)
{
	struct ip_addr ip;
	uint32_t v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return ip_addr_v4(v4);
	if (inet_pton(AF_INET6, text, ip.bytes) != 1)
		abort();
	return ip;
}

#define V6             "2001:2:0:1::1"
#define SHARED         "198.18.3.172" /* and 198.18.4.32: the place of 198.18.1.1 */
#define R4             "198.18.2.1"
#define R6             "2001:2:0:2::1"
#define ZERO           65535
#define BURST          (GATE_SOURCE_BURST + 1)
#define VERIFIED_BURST 100

const struct gate_case gate_cases[] = {
        /* rule 1 */
        {"arp", binding, arp, .verdict = GATE_PASS_KERNEL},
        {"only_ethernet", binding, only_ethernet, .verdict = GATE_PASS_KERNEL},
        {"ip4_cut", binding, ip4_cut, .verdict = GATE_PASS_KERNEL},
        {"tcp", binding, tcp, .verdict = GATE_PASS_KERNEL},
        {"other_port", binding, .to_port = 3479, .verdict = GATE_PASS_KERNEL},
        {"other_address", binding, .to = "198.18.1.9", .verdict = GATE_PASS_KERNEL},
        {"shared_place", binding, .to = SHARED, .verdict = GATE_PASS_UNVERIFIED},
        {"shared_place_port", binding, .to = SHARED, .to_port = 3479, .verdict = GATE_PASS_KERNEL},
        {"shared_place_fragment", binding, fragment, .to = SHARED, .verdict = GATE_DROP_UNPARSED},
        {"shared_place_not_ours", binding, .to = "198.18.4.32", .verdict = GATE_PASS_KERNEL},
        {"other_address_fragment", binding, fragment, .to = "198.18.1.9",
         .verdict = GATE_PASS_KERNEL},
        {"relay", dtls, .to = R4, .to_port = 50000, .verdict = GATE_PASS_RELAY},
        {"relay_first", dtls, .to = R4, .to_port = 49152, .verdict = GATE_PASS_RELAY},
        {"relay_last", dtls, .to = R4, .to_port = 65535, .verdict = GATE_PASS_RELAY},
        {"relay_below", dtls, .to = R4, .to_port = 49151, .verdict = GATE_PASS_KERNEL},
        {"relay_listener_port", binding, .to = R4, .verdict = GATE_PASS_KERNEL},
        {"relay_v6", dtls, .to = R6, .to_port = 50000, .verdict = GATE_PASS_RELAY},
        {"three_tags", binding, three_tags, .verdict = GATE_PASS_KERNEL},
        /* nobody has configured it, or it is off */
        {"unset", allocate, .unset = true, .verdict = GATE_PASS_UNGUARDED},
        {"unset_malformed", stun_cookie, .unset = true, .verdict = GATE_PASS_UNGUARDED},
        {"unset_fragment", allocate, fragment, .unset = true, .verdict = GATE_PASS_UNGUARDED},
        {"off", stun_cookie, .mode = GATE_MODE_OFF, .verdict = GATE_PASS_UNGUARDED},
        {"observe", stun_cookie, .mode = GATE_MODE_OBSERVE, .verdict = GATE_DROP_STUN_COOKIE,
         .event = GATE_EVENT_OBSERVED, .passes = true},
        /* what cannot be parsed, to an address of ours */
        {"fragment", allocate, fragment, .verdict = GATE_DROP_UNPARSED},
        {"last_fragment", allocate, last_fragment, .from = "198.18.1.77",
         .verdict = GATE_PASS_KERNEL},
        {"fragment_elsewhere", allocate, fragment, .to_port = 53, .verdict = GATE_PASS_KERNEL},
        {"fragment_tiny", allocate, fragment_tiny, .verdict = GATE_PASS_KERNEL},
        {"dont_fragment", allocate, dont_fragment, .verdict = GATE_PASS_UNVERIFIED},
        {"ip4_options", allocate, ip4_options, .verdict = GATE_DROP_UNPARSED},
        {"ip4_options_elsewhere", allocate, ip4_options, .to_port = 53,
         .verdict = GATE_PASS_KERNEL},
        {"ip4_total_tiny", allocate, ip4_total_tiny, .verdict = GATE_DROP_UNPARSED},
        {"udp_cut", allocate, udp_cut, .verdict = GATE_DROP_UNPARSED},
        {"ip6_fragment", allocate, ip6_fragment, .to = V6, .verdict = GATE_DROP_UNPARSED},
        {"ip6_last_fragment", allocate, ip6_last_fragment, .to = V6, .verdict = GATE_PASS_KERNEL},
        {"ip6_fragment_elsewhere", allocate, ip6_fragment, .to = V6, .to_port = 53,
         .verdict = GATE_PASS_KERNEL},
        {"ip6_tcp_fragment", allocate, ip6_tcp_fragment, .to = V6, .verdict = GATE_PASS_KERNEL},
        {"ip6_routing", allocate, ip6_routing, .to = V6, .verdict = GATE_PASS_KERNEL},
        /* what no answer is sent to comes in fragments as well */
        {"fragment_channel_data", channel_data, fragment, .verdict = GATE_PASS_FRAGMENT},
        {"fragment_send", send_indication, fragment, .verdict = GATE_PASS_FRAGMENT},
        {"fragment_binding_indication", binding_indication, fragment,
         .verdict = GATE_DROP_UNPARSED},
        {"fragment_empty", nothing, fragment, .verdict = GATE_DROP_UNPARSED},
        {"fragment_relay", dtls, fragment, .to = R4, .to_port = 50000,
         .verdict = GATE_PASS_FRAGMENT},
        {"fragment_denied", channel_data, fragment, .from = "192.0.2.77", .flags = GATE_FLAG_DENY,
         .verdict = GATE_DROP_DENIED},
        {"ip6_fragment_channel_data", channel_data, ip6_fragment, .to = V6,
         .verdict = GATE_PASS_FRAGMENT},
        /* ICMP errors about what we sent, and about what we did not */
        {"icmp_too_big", nothing, icmp4_too_big, .verdict = GATE_PASS_ICMP},
        {"icmp_too_big_v6", nothing, icmp6_too_big, .to = V6, .verdict = GATE_PASS_ICMP},
        {"icmp_fragment_v6", nothing, icmp6_fragment, .to = V6, .verdict = GATE_PASS_ICMP},
        {"icmp_relay", nothing, icmp_unreachable, .to = R4, .to_port = 50000,
         .verdict = GATE_PASS_ICMP},
        {"icmp_elsewhere", nothing, icmp_unreachable, .to_port = 53, .verdict = GATE_PASS_KERNEL},
        {"icmp_of_tcp", nothing, icmp_of_tcp, .verdict = GATE_PASS_KERNEL},
        {"icmp_cut", nothing, icmp_cut, .verdict = GATE_PASS_KERNEL},
        {"icmp_echo", nothing, icmp_echo, .verdict = GATE_PASS_KERNEL},
        {"icmp_unset", nothing, icmp4_too_big, .unset = true, .verdict = GATE_PASS_UNGUARDED},
        {"one_extension", allocate, one_extension, .to = V6, .verdict = GATE_PASS_UNVERIFIED},
        {"three_extensions", allocate, four_extensions, .to = V6, .verdict = GATE_PASS_UNVERIFIED},
        {"five_extensions", allocate, five_extensions, .to = V6, .verdict = GATE_DROP_UNPARSED},
        {"extension_overrun", allocate, extension_overrun, .to = V6, .verdict = GATE_DROP_UNPARSED},
        {"payload_cut", allocate, payload_cut, .verdict = GATE_DROP_UDP_LENGTH},
        {"ip4_total_short", allocate, ip4_total_short, .verdict = GATE_DROP_UDP_LENGTH},
        {"udp_tiny", allocate, udp_tiny, .verdict = GATE_DROP_UDP_LENGTH},
        {"trailer", allocate, trailer, .verdict = GATE_PASS_UNVERIFIED},
        {"one_tag", allocate, one_tag, .verdict = GATE_PASS_UNVERIFIED},
        {"two_tags", allocate, two_tags, .verdict = GATE_PASS_UNVERIFIED},
        /* from where nobody is: no bucket is charged, least of all another family's */
        {"loopback_source", allocate, .from = "127.0.0.1", .verdict = GATE_DROP_SOURCE},
        {"this_network_source", binding, .from = "0.1.2.3", .verdict = GATE_DROP_SOURCE},
        {"multicast_source", allocate, .from = "224.0.0.251", .verdict = GATE_DROP_SOURCE},
        {"broadcast_source", channel_data, .from = "255.255.255.255", .verdict = GATE_DROP_SOURCE},
        {"loopback_source_relay", dtls, .from = "127.0.0.1", .to = R4, .to_port = 50000,
         .verdict = GATE_DROP_SOURCE},
        {"loopback_source_elsewhere", allocate, .from = "127.0.0.1", .to_port = 3479,
         .verdict = GATE_PASS_KERNEL},
        {"v4_mapped_source", allocate, v4_mapped_source, .to = V6, .verdict = GATE_DROP_SOURCE},
        {"v4_compatible_source", allocate, v4_compatible_source, .to = V6,
         .verdict = GATE_DROP_SOURCE},
        {"multicast_source_v6", allocate, multicast_source, .to = V6, .verdict = GATE_DROP_SOURCE},
        {"loopback_source_unset", allocate, .from = "127.0.0.1", .unset = true,
         .verdict = GATE_PASS_UNGUARDED},
        /* rule 2 */
        {"channel_data", channel_data, .verdict = GATE_PASS_CHANNEL_DATA},
        {"channel_data_old", channel_data_old, .verdict = GATE_PASS_CHANNEL_DATA},
        {"not_channel_data", not_channel_data, .verdict = GATE_DROP_CLASS},
        {"channel_data_v6", channel_data, .to = V6, .verdict = GATE_PASS_CHANNEL_DATA},
        {"empty", nothing, .verdict = GATE_DROP_CLASS},
        {"dtls", dtls, .verdict = GATE_DROP_CLASS},
        {"stun_short", stun_short, .verdict = GATE_DROP_STUN_LENGTH},
        {"stun_length", stun_length, .verdict = GATE_DROP_STUN_LENGTH},
        {"stun_odd", stun_odd, .verdict = GATE_DROP_STUN_LENGTH},
        {"stun_cookie", stun_cookie, .verdict = GATE_DROP_STUN_COOKIE},
        {"binding_success", binding_success, .verdict = GATE_DROP_STUN_RESPONSE},
        {"allocate_error", allocate_error, .verdict = GATE_DROP_STUN_RESPONSE},
        {"send_request", send_request, .verdict = GATE_DROP_STUN_METHOD},
        {"method_far", method_far, .verdict = GATE_DROP_STUN_METHOD},
        {"data_indication", data_indication, .verdict = GATE_DROP_STUN_METHOD},
        {"send_indication", send_indication, .verdict = GATE_PASS_INDICATION},
        {"binding_indication", binding_indication, .verdict = GATE_PASS_INDICATION},
        {"port_zero", allocate, .from_port = ZERO, .verdict = GATE_DROP_PORT_ZERO},
        {"port_privileged", allocate, .from_port = 53, .flags = GATE_FLAG_PRIVILEGED,
         .verdict = GATE_DROP_PORT_PRIVILEGED},
        {"port_1024", allocate, .from_port = 1024, .flags = GATE_FLAG_PRIVILEGED,
         .verdict = GATE_PASS_UNVERIFIED},
        {"port_privileged_passes", allocate, .from_port = 53, .verdict = GATE_PASS_UNVERIFIED},
        {"denied", allocate, .from = "192.0.2.77", .flags = GATE_FLAG_DENY,
         .verdict = GATE_DROP_DENIED},
        {"denied_v6", allocate, .from = "2001:db8:1::7", .to = V6, .flags = GATE_FLAG_DENY,
         .verdict = GATE_DROP_DENIED},
        {"denied_channel_data", channel_data, .from = "192.0.2.77", .flags = GATE_FLAG_DENY,
         .verdict = GATE_DROP_DENIED},
        {"denied_relay", dtls, .from = "192.0.2.77", .to = R4, .to_port = 50000,
         .flags = GATE_FLAG_DENY, .verdict = GATE_DROP_DENIED},
        {"not_denied", allocate, .flags = GATE_FLAG_DENY, .verdict = GATE_PASS_UNVERIFIED},
        /* rule 3 */
        {"allocate_bare", allocate_bare, .verdict = GATE_DROP_NO_TRANSPORT},
        {"allocate_behind", allocate_behind, .verdict = GATE_DROP_NO_TRANSPORT},
        {"allocate_overrun", allocate_overrun, .verdict = GATE_DROP_NO_TRANSPORT},
        {"refresh_bare", refresh_bare, .verdict = GATE_DROP_NO_INTEGRITY},
        {"permission_bare", permission_bare, .verdict = GATE_DROP_NO_INTEGRITY},
        {"channel_bare", channel_bare, .verdict = GATE_DROP_NO_INTEGRITY},
        {"refresh_nonce", refresh_nonce, .verdict = GATE_DROP_NO_INTEGRITY},
        {"refresh", refresh, .verdict = GATE_PASS_UNVERIFIED},
        /* rule 4 */
        {"verified", allocate_verified, .verdict = GATE_PASS_VERIFIED},
        {"verified_v6", allocate_verified, .to = V6, .verdict = GATE_PASS_VERIFIED},
        {"verified_previous", allocate_previous, .verdict = GATE_PASS_VERIFIED},
        {"verified_late", allocate_late, .verdict = GATE_PASS_VERIFIED},
        {"verified_attack", allocate_verified, .host_attacked = true, .prefix_attacked = true,
         .verdict = GATE_PASS_VERIFIED},
        {"verified_refresh", refresh_verified, .verdict = GATE_PASS_VERIFIED},
        {"verified_many", refresh_verified, .arrivals = 3 * BURST, .verdict = GATE_PASS_VERIFIED},
        {"verified_limit", refresh_verified, .arrivals = VERIFIED_BURST + 1,
         .verdict = GATE_DROP_LIMIT_VERIFIED},
        {"verified_limit_v6", allocate_verified, .to = V6, .arrivals = VERIFIED_BURST + 1,
         .verdict = GATE_DROP_LIMIT_VERIFIED},
        {"verified_limit_trusted", refresh_verified, .from = "203.0.113.5",
         .flags = GATE_FLAG_TRUST, .arrivals = VERIFIED_BURST + 1, .verdict = GATE_PASS_TRUSTED},
        {"stale_limit", allocate_stale, .arrivals = VERIFIED_BURST + 1,
         .verdict = GATE_DROP_LIMIT_VERIFIED},
        {"nonce_alone", allocate_nonce, .verdict = GATE_PASS_UNVERIFIED},
        {"nonce_alone_many", allocate_nonce, .arrivals = BURST, .verdict = GATE_DROP_LIMIT_SOURCE},
        {"nonce_behind", refresh_nonce_behind, .verdict = GATE_PASS_UNVERIFIED},
        {"binding_verified", binding_verified, .host_attacked = true, .prefix_attacked = true,
         .arrivals = 3 * BURST, .verdict = GATE_PASS_VERIFIED},
        {"binding_forged", binding_forged, .arrivals = BURST, .verdict = GATE_DROP_LIMIT_SOURCE},
        {"verified_cookie", cookie_verified, .verdict = GATE_PASS_VERIFIED},
        {"verified_cookie_v6", cookie_verified, .to = V6, .verdict = GATE_PASS_VERIFIED},
        {"verified_cookie_attack", cookie_verified, .host_attacked = true, .prefix_attacked = true,
         .arrivals = 3, .verdict = GATE_PASS_VERIFIED},
        {"verified_anonymous", cookie_anonymous, .verdict = GATE_PASS_VERIFIED},
        {"cookie_stripped", cookie_stripped, .verdict = GATE_PASS_UNVERIFIED},
        {"cookie_changed", cookie_changed, .verdict = GATE_PASS_UNVERIFIED},
        {"cookie_foreign", cookie_foreign, .verdict = GATE_PASS_UNVERIFIED},
        {"cookie_cut", cookie_cut, .verdict = GATE_PASS_UNVERIFIED},
        {"verified_crowded", allocate_crowded, .verdict = GATE_PASS_VERIFIED},
        {"crowded", refresh_crowded, .verdict = GATE_PASS_UNVERIFIED},
        {"stale", allocate_stale, .verdict = GATE_PASS_STALE},
        {"dead_key", allocate_dead, .verdict = GATE_PASS_UNVERIFIED},
        {"forged", allocate_forged, .verdict = GATE_PASS_UNVERIFIED},
        {"forged_v6", allocate_forged, .to = V6, .verdict = GATE_PASS_UNVERIFIED},
        {"forged_crowded", forged_crowded, .verdict = GATE_PASS_UNVERIFIED},
        {"forged_refresh", refresh_forged, .verdict = GATE_PASS_UNVERIFIED},
        {"not_base64", allocate_not_base64, .verdict = GATE_PASS_UNVERIFIED},
        /* rule 5 */
        {"binding", binding, .verdict = GATE_PASS_UNVERIFIED},
        {"allocate", allocate, .verdict = GATE_PASS_UNVERIFIED},
        {"allocate_v6", allocate, .to = V6, .verdict = GATE_PASS_UNVERIFIED},
        {"burst", allocate, .arrivals = BURST - 1, .verdict = GATE_PASS_UNVERIFIED},
        {"limit_source", allocate, .arrivals = BURST, .verdict = GATE_DROP_LIMIT_SOURCE},
        {"limit_source_v6", allocate, .to = V6, .arrivals = BURST,
         .verdict = GATE_DROP_LIMIT_SOURCE},
        {"limit_binding", binding, .arrivals = BURST, .verdict = GATE_DROP_LIMIT_SOURCE},
        {"limit_observed", allocate, .arrivals = BURST, .mode = GATE_MODE_OBSERVE,
         .verdict = GATE_DROP_LIMIT_SOURCE, .event = GATE_EVENT_OBSERVED, .passes = true},
        {"trusted", allocate, .from = "203.0.113.5", .flags = GATE_FLAG_TRUST, .arrivals = BURST,
         .verdict = GATE_PASS_TRUSTED},
        {"trusted_attack", allocate, .from = "203.0.113.5", .flags = GATE_FLAG_TRUST,
         .host_attacked = true, .verdict = GATE_PASS_TRUSTED},
        {"trusted_malformed", stun_cookie, .from = "203.0.113.5", .flags = GATE_FLAG_TRUST,
         .verdict = GATE_DROP_STUN_COOKIE},
        {"not_trusted", allocate, .flags = GATE_FLAG_TRUST, .arrivals = BURST,
         .verdict = GATE_DROP_LIMIT_SOURCE},
        /* rule 6 */
        {"attack_first", allocate, .host_attacked = true, .verdict = GATE_DROP_FIRST_HOST},
        {"attack_second", allocate, .host_attacked = true, .arrivals = 2,
         .verdict = GATE_PASS_SECOND},
        {"attack_third", allocate, .host_attacked = true, .arrivals = 3,
         .verdict = GATE_DROP_FIRST_HOST},
        {"attack_fourth", allocate, .host_attacked = true, .arrivals = 4,
         .verdict = GATE_PASS_SECOND},
        {"attack_forged", allocate_forged, .host_attacked = true, .arrivals = 2,
         .verdict = GATE_PASS_SECOND},
        {"attack_prefix_first", allocate, .prefix_attacked = true,
         .verdict = GATE_DROP_FIRST_PREFIX},
        {"attack_prefix_second", allocate, .prefix_attacked = true, .arrivals = 2,
         .verdict = GATE_PASS_SECOND},
        {"attack_first_v6", allocate, .to = V6, .host_attacked = true,
         .verdict = GATE_DROP_FIRST_HOST},
        {"attack_second_v6", allocate, .to = V6, .host_attacked = true, .arrivals = 2,
         .verdict = GATE_PASS_SECOND},
        /* where two requests do not pay for a challenge: FIRST until enough have come */
        /* a Binding of 20 bytes, and 68 in answer */
        {"discovery_second", binding, .flags = GATE_FLAG_DISCOVERY, .host_attacked = true,
         .arrivals = 2, .verdict = GATE_DROP_FIRST_HOST},
        {"discovery_third", binding, .flags = GATE_FLAG_DISCOVERY, .host_attacked = true,
         .arrivals = 3, .verdict = GATE_PASS_SECOND},
        {"discovery_fourth_v6", binding, .to = V6, .flags = GATE_FLAG_DISCOVERY,
         .host_attacked = true, .arrivals = 4, .verdict = GATE_PASS_SECOND},
        {"algorithms_second", allocate_algorithms, .host_attacked = true, .arrivals = 2,
         .verdict = GATE_DROP_FIRST_HOST},
        {"algorithms_third", allocate_algorithms, .host_attacked = true, .arrivals = 3,
         .verdict = GATE_PASS_SECOND},
        {"hashed_second", allocate_hashed, .host_attacked = true, .arrivals = 2,
         .verdict = GATE_PASS_SECOND},
        {"realm_10_second", allocate, .challenge = GATE_CHALLENGE(10), .host_attacked = true,
         .arrivals = 2, .verdict = GATE_DROP_FIRST_HOST},
        {"realm_10_print_second", allocate_print, .challenge = GATE_CHALLENGE(10),
         .host_attacked = true, .arrivals = 2, .verdict = GATE_PASS_SECOND},
        {"realm_13_print_second", allocate_print, .challenge = GATE_CHALLENGE(13),
         .host_attacked = true, .arrivals = 2, .verdict = GATE_DROP_FIRST_HOST},
        {"realm_35_second", allocate, .challenge = GATE_CHALLENGE(35), .host_attacked = true,
         .arrivals = 2, .verdict = GATE_DROP_FIRST_HOST},
        {"realm_35_third", allocate, .challenge = GATE_CHALLENGE(35), .prefix_attacked = true,
         .arrivals = 3, .verdict = GATE_PASS_SECOND},
        {"realm_35_sixth", allocate, .challenge = GATE_CHALLENGE(35), .host_attacked = true,
         .arrivals = 6, .verdict = GATE_PASS_SECOND},
        {"realm_35_third_v6", allocate, .challenge = GATE_CHALLENGE(35), .to = V6,
         .host_attacked = true, .arrivals = 3, .verdict = GATE_PASS_SECOND},
        {"realm_127_fourth", allocate, .challenge = GATE_CHALLENGE(127), .host_attacked = true,
         .arrivals = 4, .verdict = GATE_DROP_FIRST_HOST},
        {"realm_127_fifth", allocate, .challenge = GATE_CHALLENGE(127), .host_attacked = true,
         .arrivals = 5, .verdict = GATE_PASS_SECOND},
        {"realm_127_third_v6", allocate, .challenge = GATE_CHALLENGE(127), .to = V6,
         .host_attacked = true, .arrivals = 3, .verdict = GATE_DROP_FIRST_HOST},
        {"realm_127_fourth_v6", allocate, .challenge = GATE_CHALLENGE(127), .to = V6,
         .host_attacked = true, .arrivals = 4, .verdict = GATE_PASS_SECOND},
        {"realm_127_binding", binding, .challenge = GATE_CHALLENGE(127), .host_attacked = true,
         .arrivals = 2, .verdict = GATE_PASS_SECOND},
        {"realm_127_not_named", refresh_verified, .challenge = GATE_CHALLENGE(127),
         .arrivals = BURST, .verdict = GATE_DROP_LIMIT_SOURCE},
        {"attack_channel_data", channel_data, .host_attacked = true,
         .verdict = GATE_PASS_CHANNEL_DATA},
        {"attack_indication", send_indication, .host_attacked = true,
         .verdict = GATE_PASS_INDICATION},
        /* rule 7: sessions, alone and beside TURN */
        {"check", check, .to = "198.18.5.1", .verdict = GATE_PASS_CHECK},
        {"check_shared", check, .to = "198.18.4.1", .verdict = GATE_PASS_CHECK},
        {"check_behind", check_behind, .to = "198.18.5.1", .verdict = GATE_PASS_CHECK},
        {"check_beyond", check_beyond, .to = "198.18.5.1", .verdict = GATE_DROP_CHECK},
        {"check_forged", check_forged, .to = "198.18.5.1", .verdict = GATE_DROP_CHECK},
        {"check_forged_shared", check_forged, .to = "198.18.4.1", .verdict = GATE_DROP_CHECK},
        {"check_short", check_short, .to = "198.18.5.1", .verdict = GATE_DROP_CHECK},
        {"check_long", check_long, .to = "198.18.5.1", .verdict = GATE_DROP_CHECK},
        {"check_long_shared", check_long, .to = "198.18.4.1", .verdict = GATE_PASS_UNVERIFIED},
        {"check_realm", check_realm, .to = "198.18.5.1", .verdict = GATE_DROP_CHECK},
        {"check_realm_shared", check_realm, .to = "198.18.4.1", .verdict = GATE_PASS_UNVERIFIED},
        {"check_unsigned", check_unsigned, .to = "198.18.5.1", .verdict = GATE_DROP_CHECK},
        {"check_unsigned_shared", check_unsigned, .to = "198.18.4.1",
         .verdict = GATE_PASS_UNVERIFIED},
        {"check_in_attack", check, .to = "198.18.4.1", .host_attacked = true,
         .verdict = GATE_PASS_CHECK},
        {"check_at_turn", check, .verdict = GATE_PASS_UNVERIFIED},
        {"session_binding", binding, .to = "198.18.5.1", .verdict = GATE_DROP_CHECK},
        {"session_binding_shared", binding, .to = "198.18.4.1", .verdict = GATE_PASS_UNVERIFIED},
        {"session_allocate", allocate, .to = "198.18.5.1", .verdict = GATE_DROP_CHECK},
        {"session_allocate_shared", allocate, .to = "198.18.4.1", .verdict = GATE_PASS_UNVERIFIED},
        {"session_response", binding_success, .to = "198.18.5.1",
         .verdict = GATE_DROP_STUN_RESPONSE},
        {"session_dtls", dtls, .to = "198.18.5.1", .verdict = GATE_PASS_SESSION},
        {"session_dtls_shared", dtls, .to = "198.18.4.1", .verdict = GATE_PASS_SESSION},
        {"session_srtp", srtp, .to = "198.18.5.1", .verdict = GATE_PASS_SESSION},
        {"session_channel_data", channel_data, .to = "198.18.5.1", .verdict = GATE_DROP_CLASS},
        {"session_channel_data_shared", channel_data, .to = "198.18.4.1",
         .verdict = GATE_PASS_CHANNEL_DATA},
};
const uint32_t gate_cases_count = sizeof(gate_cases) / sizeof(gate_cases[0]);

struct gate_config gate_case_config(const struct gate_case *row)
{
	struct gate_config config = gate_config_default();

	config.mode = row->unset  ? GATE_MODE_UNSET
	              : row->mode ? row->mode
	                          : (uint32_t)GATE_MODE_ENFORCE;
	config.flags = row->flags;
	config.challenge = row->challenge != 0 ? row->challenge : GATE_CHALLENGE(6);
	/* a token in a thousand seconds: the two clocks may differ by a tick */
	config.source.interval = config.prefix.interval = config.host.interval = 1000000000000ull;
	config.source.slack = (GATE_SOURCE_BURST - 1) * config.source.interval;
	config.prefix.slack = (GATE_PREFIX_BURST - 1) * config.prefix.interval;
	config.host.slack = (GATE_HOST_BURST - 1) * config.host.interval;
	config.verified.interval = config.host.interval;
	config.verified.slack = (VERIFIED_BURST - 1) * config.verified.interval;
	config.hash =
	        (struct gate_hash_keys){{0x0706050403020100, 0x0f0e0d0c0b0a0908},
	                                {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb,
	                                 0xff51afd7ed558ccd, 0xc4ceb9fe1a85ec53}};
	config.nonce_current = 5;
	config.nonce_since = (uint64_t)time(NULL) - GATE_KEY_AGE_S;
	for (uint64_t i = 0; i < GATE_NONCE_KEYS; i++)
		config.nonce[i] = (struct siphash_key){0x1111 * (i + 1), 0x2222 * (i + 3)};
	return config;
}

uint16_t gate_case_frame(const struct gate_case *row, const struct gate_config *config,
                         uint8_t frame[GATE_CASE_MAX])
{
	uint8_t payload[GATE_PAYLOAD_MAX];
	struct frame made = {
	        .from = {.port = htons(row->from_port == 0      ? 40000
	                               : row->from_port == ZERO ? 0
	                                                        : row->from_port)},
	        .to = {.ip = ip_of(row->to != NULL ? row->to : "198.18.1.1"),
	               .port = htons(row->to_port != 0 ? row->to_port : 3478)},
	        .hop_limit = 64,
	        .payload = payload,
	};
	const char *from = ip_addr_is_v4(&made.to.ip) ? "198.18.1.2" : "2001:2:0:1::2";
	uint16_t length;

	made.from.ip = ip_of(row->from != NULL ? row->from : from);
	made.length = row->payload(payload, config, &made);
	length = frame_write(frame, GATE_CASE_MAX, &made);
	return row->edit != NULL ? row->edit(frame, length) : length;
}

void gate_case_prepare(struct gate_pair *pair, const struct gate_case *row, const uint8_t *frame,
                       uint16_t length)
{
	const struct prefix deny[] = {{ip_of("192.0.2.0"), 96 + 24}, {ip_of("2001:db8:1::"), 48}};
	const struct prefix trust[] = {{ip_of("203.0.113.0"), 96 + 24}};
	const struct gate_guard attacked = {.attacked = gate_pair_now() + GATE_HOLD_NS};
	struct gate_packet packet = {0};

	gate_pair_lists(pair, deny, 2, trust, 1);
	gate_parse(&packet, frame, frame + length);
	if (packet.length >= STUN_HEADER_SIZE && packet.offset + STUN_HEADER_SIZE <= length)
		gate_pair_forget(pair, &packet, frame + packet.offset);
	if (row->host_attacked)
		gate_pair_host_set(pair, &attacked);
	if (row->prefix_attacked)
		gate_pair_prefix_set(pair, &packet, &attacked);
}
