#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Where the interface can (tx-udp-segmentation), datagrams of one flow leave as one frame; they arrive as they were sent, in their order.
# Where it no longer can, they leave one by one.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

WINDOWS=10
DATAGRAMS=$((WINDOWS * 32))
at_exit in_dp ethtool -K dp1 tx-udp-segmentation off
frames() { in_peer ip -j -s link show dev eth0 | jq '.[0].stats64.rx.packets'; }
said() { log_since | grep -q "port dp1: datagrams of one flow leave $1"; }

PID=$(ctl -s /run/sluice/dataplane.sock -j version | jq 'if type == "array" then .[0] else . end | .pid')
echo_start
log_mark
in_dp ethtool -K dp1 tx-udp-segmentation on 2>/dev/null || skip "this kernel's veth knows no UDP segmentation"
await 10 said "as one frame"
before=$(frames)
assert_equal "$(client_python runs.py "$PID" $WINDOWS)" $DATAGRAMS "datagrams that came back as they were sent"
together=$(($(frames) - before))

log_mark
assert in_dp ethtool -K dp1 tx-udp-segmentation off
await 10 said "one by one"
before=$(frames)
assert_equal "$(client_python runs.py "$PID" $WINDOWS)" $DATAGRAMS "datagrams that came back, one by one"
alone=$(($(frames) - before))
printf '%d datagrams: %d frames, %d one by one\n' $DATAGRAMS $together $alone
((alone >= DATAGRAMS)) || fail "only $alone frames"
# Linux 6.2 is the first that takes them
[[ $(uname -r) =~ ^(5|6\.[01])\. ]] || ((together < DATAGRAMS / 2)) || fail "$together frames"
