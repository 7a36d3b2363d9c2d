#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of the control plane: media flows on without a loss, allocations are made and refreshed; it comes back alone.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab heal controlplane
echo_start
before=$(ctl config show)

(assert_lossless -n 600 -m 4 -z 5 -c -e $PEER4 $SERVER4) >"$WORK/flow" 2>&1 &
flow=$!
relayed() { ctl -s /run/sluice/dataplane.sock -j counter show | jq '.[] | select(.name == "turn.channel_to_peer").value'; }
base=$(relayed)
await 10 at_least $((base + 200)) relayed
assert lab kill controlplane
assert_equal "$(client_python allocate.py demo demo)" allocated "without a control plane"
await 10 at_least $(($(relayed) + 600)) relayed
clock_start
assert lab heal controlplane
assert_within 2000 "the control plane is back"
wait $flow || fail "$(cat "$WORK/flow")"
assert_equal "$(ctl config show)" "$before" configuration
assert ctl turn show
