#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The lab takes over what a killed run left behind, and says so; down leaves nothing.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

assert lab kill controlplane
assert lab kill dataplane
start peer sleep 300
output=$(lab up 2>&1) || fail "$output"
assert_match "$output" "takes over what an earlier run left: .*sluice-dp"
process_gone $STARTED || fail "a process of the earlier run lives"
assert lab down
assert lab down
[[ -e /run/netns/sluice-dp || -e /run/sluice-lab ]] && fail "something is left"
grep -q sluice-lab /proc/mounts && fail "a mount is left"
assert lab up
