#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An interface's own MTU, 9001 too, also when it gets smaller below the port: datagrams of each size are relayed and
# come back as they were.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab down
mtus() { ctl -j port show | jq -r 'map(.mtu | tostring) | join(" ")'; }
mtu_set() {
	local host
	for host in client peer; do
		assert lab exec $host ip link set eth0 mtu "$1"
	done
	assert in_dp ip link set dp0 mtu "$1"
	assert in_dp ip link set dp1 mtu "$1"
}
sizes_come_back() { assert_equal "$(client_python sizes.py 198.18.2.2 3480 "$@")" "$*" "sizes that came back"; }

echo_start
assert ctl port delete dp0
assert ctl port delete dp1
mtu_set 9001
assert ctl port add dp0 xdp dp0
assert ctl port add dp1 xdp dp1
await_equal 10 "9001 9001" mtus
sizes_come_back 100 1400 1500 2040 2100 3400 3500 4100 6000 8900 8969
mtu_set 1500
await_equal 10 "1500 1500" mtus
sizes_come_back 100 1400
assert_equal "$(counter gate.udp_length)" 0 "datagrams that the gate found too short"
