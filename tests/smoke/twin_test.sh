#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A port that is DPDK's alone: one port for a device, and a twin in the kernel that has the device's MAC and outlives the dataplane.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

DEVICE=net_null0,no-rx=1
at_exit ctl port delete twin0
mac() { in_dp cat /sys/class/net/twin0/address; }
carrier() { in_dp cat /sys/class/net/twin0/carrier; }
field() { ctl -j port show | jq -r ".[] | select(.name == \"twin0\").$1"; }
addresses() { in_dp ip -o addr show dev twin0 scope global | wc -l; }
routes() { in_dp ip route show 203.0.113.0/24 dev twin0 | wc -l; }
gone() { ! in_dp ip link show twin0; }

assert ctl port add twin0 vdev $DEVICE
assert_equal "$(field state)" up
assert_equal "$(mac)" "$(field mac)" "the twin's MAC"
assert_equal "$(carrier)" 1 carrier
error=$(ctl port add twin1 vdev $DEVICE 2>&1) && fail "one device is two ports"
assert_match "$error" "is port twin0 already"
assert_equal "$(field state)" up

# As udev may do it.
assert in_dp ip link set twin0 address 02:00:00:00:00:77
await_equal 5 "$(field mac)" mac

# What somebody gave the twin stays while no dataplane is there, and serves the next one.
assert in_dp ip addr add 198.51.100.1/24 dev twin0
assert in_dp ip -6 addr add 2001:db8::1/64 dev twin0 nodad
assert in_dp ip route add 203.0.113.0/24 via 198.51.100.2
assert lab kill dataplane
at_exit lab heal dataplane
assert_equal "$(addresses)" 2 "addresses without a dataplane"
assert_equal "$(carrier)" 0 "carrier without a dataplane"
assert lab heal dataplane
await_equal 20 up field state
assert_equal "$(addresses) $(routes)" "2 1" "addresses and routes after the restart"
await_equal 5 "$(field mac)" mac

assert ctl port delete twin0
await 5 gone
