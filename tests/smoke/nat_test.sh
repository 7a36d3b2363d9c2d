#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host behind a 1:1 NAT: clients outside know 198.18.9.1 alone, the wire of the host has 198.18.2.1.
#
#   outside: clients, echoing peer 198.18.9.2 -- 198.18.9.1 [ nat.py in the peer's host ] -- dp1 198.18.2.1 [ dp ]
#
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

INSIDE=198.18.2.1 OUTSIDE=198.18.9.1 PEER=198.18.9.2 NETNS=sluice-outside
in_outside() { ip netns exec $NETNS "$@"; }
link() { "${@:3}" ip -j -s link show dev "$1" | jq -r ".[0].$2"; } # link IFACE FIELD HOST: of an interface
translated() { link out0 stats64.rx.packets in_outside; }

at_exit ip netns del $NETNS
at_exit in_dp ip route del 198.18.9.0/24
at_exit in_peer ip link del nat0
at_exit ctl turn listen delete $INSIDE:3478
at_exit ctl turn relay $INSIDE ports 49152-65535
assert ip netns add $NETNS
assert in_peer ip link add nat0 type veth peer name out0 netns $NETNS
assert in_peer ip link set nat0 up
assert in_outside ip addr add $PEER/24 dev out0
assert in_outside ip link set out0 up
assert in_outside ip link set lo up
assert in_outside ethtool -K out0 tx off >/dev/null
assert in_outside ip neigh add $OUTSIDE lladdr "$(link nat0 address in_peer)" dev out0
assert in_dp ip route add 198.18.9.0/24 via 198.18.2.2

coproc NAT { exec 2>"$WORK/nat"; peer_python nat.py $INSIDE $OUTSIDE eth0 "$(link dp1 address in_dp)" \
	nat0 "$(link out0 address in_outside)"; }
at_exit child_end "$NAT_PID"
read -r -t 20 <&"${NAT[0]}" || fail "no NAT: $(cat "$WORK/nat")"
# not through the function: $! is to be the peer itself
ip netns exec $NETNS turnutils_peer -L $PEER -p 3480 >/dev/null 2>&1 &
at_exit child_end $!
await 5 in_outside sh -c 'ss -Huln "sport = :3480" | grep -q .'

assert ctl turn listen $INSIDE:3478 announce $OUTSIDE
assert ctl turn relay $INSIDE ports 49152-65535 announce $OUTSIDE
assert_match "$(ctl config show)" "turn listen $INSIDE:3478 announce $OUTSIDE"
assert_match "$(ctl config show)" "turn relay $INSIDE ports 49152-65535 announce $OUTSIDE"
before=$(translated)
got=$(in_outside /usr/bin/python3 "$SMOKE/nat_clients.py" $OUTSIDE $PEER 3480)
printf '%s\n' "$got"
assert_equal "$got" "peer 20 of 20, clients 20 of 20, relayed $OUTSIDE $OUTSIDE, 403"
# two clients' datagrams turn round in the host: what came out is answers, echoes, and one arrival each
(($(translated) - before < 120)) || fail "$(($(translated) - before)) packets came out"
