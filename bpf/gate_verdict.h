/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What the gate can decide: every packet ends in one verdict, and each has its counter. The order
 * is that of the rules; the passing ones come first.
 */
#ifndef GATE_VERDICT_H
#define GATE_VERDICT_H

enum gate_verdict {
	/* pass */
	GATE_PASS_KERNEL,
	GATE_PASS_UNGUARDED,
	GATE_PASS_SERVICE,
	GATE_PASS_RELAY,
	GATE_PASS_CHANNEL_DATA,
	GATE_PASS_INDICATION,
	GATE_PASS_VERIFIED,
	GATE_PASS_STALE,
	GATE_PASS_TRUSTED,
	GATE_PASS_CLIENT,
	GATE_PASS_UNVERIFIED,
	GATE_PASS_SECOND,
	GATE_PASS_FRAGMENT,
	GATE_PASS_ICMP,
	GATE_PASS_CHECK,
	GATE_PASS_SESSION,
	/* drop */
	GATE_DROP_UNPARSED,
	GATE_DROP_SOURCE,
	GATE_DROP_DENIED,
	GATE_DROP_UDP_LENGTH,
	GATE_DROP_CLASS,
	GATE_DROP_STUN_LENGTH,
	GATE_DROP_STUN_COOKIE,
	GATE_DROP_STUN_RESPONSE,
	GATE_DROP_STUN_METHOD,
	GATE_DROP_PORT_ZERO,
	GATE_DROP_PORT_PRIVILEGED,
	GATE_DROP_NO_TRANSPORT,
	GATE_DROP_NO_INTEGRITY,
	GATE_DROP_LIMIT_VERIFIED,
	GATE_DROP_LIMIT_SOURCE,
	GATE_DROP_LIMIT_PREFIX,
	GATE_DROP_FIRST_PREFIX,
	GATE_DROP_FIRST_HOST,
	GATE_DROP_CHECK,
	GATE_VERDICTS,
};

#define GATE_DROP_FIRST GATE_DROP_UNPARSED

/* What is counted beside the verdicts, behind them in the same array. */
enum gate_event {
	GATE_EVENT_OBSERVED = GATE_VERDICTS,
	GATE_EVENT_HOST_ATTACKED,
	GATE_EVENT_HOST_CALM,
	GATE_EVENT_PREFIX_ATTACKED,
	GATE_EVENT_PREFIX_CALM,
	GATE_EVENT_NO_SOCKET,
	GATE_COUNTERS,
};

#ifndef __bpf__

struct gate_counter_info {
	const char *name; /* of the counter gate.NAME */
	const char *help;
	const char *unit; /* NULL: packets */
};

static const struct gate_counter_info gate_counter_infos[GATE_COUNTERS] __attribute__((unused)) = {
        [GATE_PASS_KERNEL] = {"kernel", "passed: for no service of ours, to the kernel"},
        [GATE_PASS_UNGUARDED] = {"unguarded", "passed: the gate is off or not configured"},
        [GATE_PASS_SERVICE] = {"service", "passed: a service without rules of its own"},
        [GATE_PASS_RELAY] = {"relay", "passed: a peer's datagram to a relayed address"},
        [GATE_PASS_CHANNEL_DATA] = {"channel_data", "passed: ChannelData"},
        [GATE_PASS_INDICATION] = {"indication", "passed: a Send or Binding indication"},
        [GATE_PASS_VERIFIED] = {"verified", "passed: a signed request with a nonce of ours"},
        [GATE_PASS_STALE] = {"stale", "passed: a signed request with a nonce of ours, too old"},
        [GATE_PASS_TRUSTED] = {"trusted", "passed: from a trusted prefix"},
        [GATE_PASS_CLIENT] = {"client", "passed: a Binding of a client that has an allocation"},
        [GATE_PASS_UNVERIFIED] = {"unverified",
                                  "passed: without a nonce of ours, within the limits"},
        [GATE_PASS_SECOND] = {"second", "passed: second arrival of a request in an attack"},
        [GATE_PASS_FRAGMENT] = {"fragment", "passed: of what comes in fragments, but for requests"},
        [GATE_PASS_ICMP] = {"icmp", "passed: ICMP error about what we sent"},
        [GATE_PASS_CHECK] = {"check", "passed: connectivity check with a ufrag of ours"},
        [GATE_PASS_SESSION] = {"session", "passed: DTLS or SRTP at a port of sessions"},
        [GATE_DROP_UNPARSED] = {"unparsed", "dropped: to an address of ours, request in fragments, "
                                            "options or extension headers"},
        [GATE_DROP_SOURCE] = {"source", "dropped: from an address that no host has: loopback, "
                                        "multicast, IPv4 within IPv6"},
        [GATE_DROP_DENIED] = {"denied", "dropped: from a denied prefix"},
        [GATE_DROP_UDP_LENGTH] = {"udp_length", "dropped: UDP length disagrees with the frame"},
        [GATE_DROP_CLASS] = {"class", "dropped: first byte names no protocol of TURN"},
        [GATE_DROP_STUN_LENGTH] = {"stun_length",
                                   "dropped: STUN length disagrees with the datagram"},
        [GATE_DROP_STUN_COOKIE] = {"stun_cookie", "dropped: no STUN magic cookie"},
        [GATE_DROP_STUN_RESPONSE] = {"stun_response", "dropped: a STUN response sent to a server"},
        [GATE_DROP_STUN_METHOD] = {"stun_method", "dropped: STUN method not served"},
        [GATE_DROP_PORT_ZERO] = {"port_zero", "dropped: source port 0"},
        [GATE_DROP_PORT_PRIVILEGED] = {"port_privileged", "dropped: source port below 1024"},
        [GATE_DROP_NO_TRANSPORT] = {"no_transport",
                                    "dropped: Allocate without REQUESTED-TRANSPORT"},
        [GATE_DROP_NO_INTEGRITY] = {"no_integrity",
                                    "dropped: Refresh, CreatePermission or ChannelBind "
                                    "without MESSAGE-INTEGRITY"},
        [GATE_DROP_LIMIT_VERIFIED] = {"limit_verified", "dropped: signed requests with a nonce of "
                                                        "ours, over the source's limit for them"},
        [GATE_DROP_LIMIT_SOURCE] = {"limit_source",
                                    "dropped: the source address is over its limit"},
        [GATE_DROP_LIMIT_PREFIX] = {"limit_prefix", "dropped: the source prefix is over its limit"},
        [GATE_DROP_FIRST_PREFIX] = {"first_prefix",
                                    "dropped: first arrival while the source prefix is "
                                    "under attack"},
        [GATE_DROP_FIRST_HOST] = {"first_host",
                                  "dropped: first arrival while the host is under attack"},
        [GATE_DROP_CHECK] = {"check_unknown",
                             "dropped: STUN at a port of sessions without a ufrag of ours"},
        [GATE_EVENT_OBSERVED] = {"observed", "passed although a rule would drop: observe"},
        [GATE_EVENT_HOST_ATTACKED] = {"host_attacked", "the host came under attack", "attacks"},
        [GATE_EVENT_HOST_CALM] = {"host_calm", "an attack on the host was over", "attacks"},
        [GATE_EVENT_PREFIX_ATTACKED] = {"prefix_attacked", "a prefix came under attack", "attacks"},
        [GATE_EVENT_PREFIX_CALM] = {"prefix_calm", "an attack on a prefix was over", "attacks"},
        [GATE_EVENT_NO_SOCKET] = {"no_socket", "passed to the kernel although it is for a service "
                                               "of ours: no socket on its receive queue"},
};

#endif

#endif
