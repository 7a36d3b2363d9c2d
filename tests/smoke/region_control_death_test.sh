#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of a control plane under traffic: no packet lost; the next one has its view from disk, and the dataplane, within 2 s. A damaged
# view on disk is ignored with a line.
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

redis_all() {
	local region
	for region in "${REGIONS[@]}"; do
		lab "$1" redis "$region" || return
	done
}
sees_all() { [[ $(at a -j node show | jq length) == 3 ]]; }

at_exit redis_all heal
at_exit lab heal controlplane a
await 15 all_healthy
flow_start a 15
# Without any Redis, disk is all there is.
assert redis_all kill
assert lab kill controlplane a
clock_start
assert lab heal controlplane a
await 2 sees_all
assert_within 2000 "view and dataplane"
[[ $(steer a after node) =~ ^[abc]1$ ]] || fail "a does not steer"
assert_equal "$(client_python allocate.py demo demo)" allocated "after the death"
flow_end
