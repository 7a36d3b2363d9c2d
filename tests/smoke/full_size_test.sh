#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Datagrams of any size: 1472 bytes and 3000 by channel and by indication, IPv6 as well; a client behind a link of 1400 bytes, whose
# router tells of it by ICMP.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tools/lib/netns.sh
. "$SLUICE_ROOT/tools/lib/netns.sh"

FAR=$(host_netns far)
far_down() { ip netns del "$FAR"; in_dp ip route del 198.18.9.0/24; }

echo_start
assert_equal "$(client_python full_size.py 198.18.1.1 198.18.2.2 3480 1400 1472 3000)" $'1400 3 3\n1472 3 3\n3000 3 3'
assert_equal "$(client_python full_size.py 2001:2:0:1::1 2001:2:0:2::2 3480 1452 3000)" $'1452 3 3\n3000 3 3'
(($(counter ip.fragmented) > 0 && $(counter ip.reassembled) > 0)) || fail "nothing was in fragments"

# the client's host is a router here, with a link of 1400 bytes behind it
at_exit far_down
assert ip netns add "$FAR"
assert ip link add far0 netns "$(host_netns client)" mtu 1400 type veth peer name eth0 netns "$FAR" mtu 1400
assert in_client ip addr add 198.18.9.1/24 dev far0
assert in_client ip link set far0 up
assert in_client sysctl -qw net.ipv4.ip_forward=1
assert ip -n "$FAR" addr add 198.18.9.2/24 dev eth0
assert ip -n "$FAR" link set eth0 up
assert ip -n "$FAR" route add default via 198.18.9.1
assert in_dp ip route add 198.18.9.0/24 via 198.18.1.2
far() { nsenter "--net=/run/netns/$FAR" env PYTHONPATH="$SMOKE" /usr/bin/python3 "$SMOKE/full_size.py" "$@"; }
learned=$(counter ip.too_big_learned)
# the first one may be lost: it tells how wide the way is
far 198.18.1.1 198.18.2.2 3480 1400 >"$WORK/first"
assert_equal "$(far 198.18.1.1 198.18.2.2 3480 1360 1400 1472)" $'1360 3 3\n1400 3 3\n1472 3 3' "behind 1400 bytes"
printf 'behind 1400 bytes, at first: %s; learned %s times\n' "$(cat "$WORK/first")" $(($(counter ip.too_big_learned) - learned))
