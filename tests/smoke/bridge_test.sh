#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host whose NIC is in a bridge: the port is the bridge, which has the addresses; it relays and loses nothing. On the NIC below
# nothing can be served, and that is said.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab down
listener_state() { ctl -j turn listen show | jq -r ".[] | select(.address == \"$SERVER4:3478\" and .transport == \"udp\").state"; }

in_dp ip link add br0 type bridge 2>/dev/null || skip "this kernel has no bridges"
log_mark
assert in_dp ip link set dp0 master br0
assert in_dp ip link set br0 up
assert in_dp ip addr del $SERVER4/24 dev dp0
assert in_dp ip addr add $SERVER4/24 dev br0
await_equal 10 absent listener_state
assert_match "$(log_since)" "turn listen $SERVER4:3478: absent: no interface of a port has this address"

assert ctl port delete dp0
assert ctl port add lan xdp br0
await_equal 10 present listener_state
echo_start
assert_lossless -n 100 -m 4 -z 5 -c -e $PEER4 $SERVER4
assert_lossless -n 100 -m 4 -z 5 -s -c -e $PEER4 $SERVER4
