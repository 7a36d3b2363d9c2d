#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An interface of four queues: with one, two and four workers each flow is served, and so are queues that come while the
# port is there.
export LAB_QUEUES=4
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

FLOWS=40
at_exit lab down
queues() { ctl -j port show | jq '.[] | select(.name == "dp0").queues'; }
frames() { in_peer ip -j -s link show dev eth0 | jq '.[0].stats64.rx.packets'; }
answered() { client_python bindings.py $FLOWS; }
used() { ctl -j port show | jq '.[] | select(.name == "dp0").rx_packets'; }

for workers in 4 2 1; do
	assert lab up --workers $workers
	assert ctl gate mode observe
	assert_equal "$(queues)" 4 "queues, $workers workers"
	assert_equal "$(answered)" $FLOWS "flows answered, $workers workers"
	echo_start
	assert_lossless -n 100 -m 8 -z 2 -c -e $PEER4 $SERVER4
	echo_stop
done
assert_equal "$(counter gate.no_socket)" 0 "packets on queues without a socket"

# fewer queues than the sockets need are refused by the kernel, and by us where they are asked for
in_dp ethtool -L dp0 rx 1 tx 1 2>/dev/null && fail "queues went away below the port"
assert ctl port delete dp0
await 10 in_dp ethtool -L dp0 rx 2 tx 2 # the kernel takes a closed socket's queue away a moment later
output=$(ctl port add dp0 xdp dp0 queues 1 2>&1) && fail "the port was added with half of its queues"
assert_match "$output" "2 receive queues"
assert ctl port add dp0 xdp dp0
assert_equal "$(queues)" 2 queues

echo_start
start client turnutils_uclient -u demo -w demo -n 4000 -m 4 -z 1 -c -e $PEER4 $SERVER4
before=$(used)
await 10 at_least $((before + 100)) used
assert in_dp ethtool -L dp0 rx 4 tx 4
await_equal 10 4 queues
assert_equal "$(answered)" $FLOWS "flows answered with more queues"

# of several queues the kernel would choose another one for what leaves as one frame: there each datagram leaves by itself
child_end $STARTED
assert ctl port delete dp1
in_dp ethtool -K dp1 tx-udp-segmentation on 2>/dev/null || {
	echo "this kernel's veth knows no UDP segmentation: left out"
	exit 0
}
assert ctl port add dp1 xdp dp1
await 10 client_python allocate.py demo demo
pid=$(ctl -s /run/sluice/dataplane.sock -j version | jq 'if type == "array" then .[0] else . end | .pid')
before=$(frames)
assert_equal "$(client_python runs.py "$pid" 5)" 160 "datagrams that came back as they were sent"
(($(frames) - before >= 160)) || fail "some left together"
