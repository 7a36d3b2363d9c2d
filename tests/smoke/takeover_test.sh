#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The lab takes over what a killed run left behind, and says so; down leaves nothing.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

DP=sluice${LAB:+-lab-$LAB}-dp
assert lab kill controlplane
assert lab kill dataplane
start peer sleep 300
output=$(lab up 2>&1) || fail "$output"
assert_match "$output" "takes over what an earlier run left: .*$DP"
process_gone $STARTED || fail "a process of the earlier run lives"
assert lab down
assert lab down
[[ -e /run/netns/$DP || -e $LAB_STATE ]] && fail "something is left"
grep -q " ${LAB_STATE}[ /]" /proc/mounts && fail "a mount is left"
assert lab up
