#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Every Redis is gone for longer than any of its keys lives, then comes back empty: no packet of media is lost, each new allocation and each
# steer request is admitted, readyz stays 200, and the owners have rebuilt everything soon after the return.
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

GONE=${GONE:-20} # seconds; a node's key lives for 15
ROUNDS=5         # at least
redis_all() {
	local region
	for region in "${REGIONS[@]}"; do
		lab "$1" redis "$region" || return
	done
}
node_keys() { redis "$1" --raw keys 'sluice:*:node:*' | wc -l; }
rebuilt() {
	local region
	for region in "${REGIONS[@]}"; do
		[[ $(node_keys "$region") == 1 ]] || return 1
	done
	[[ $(redis "$home" --raw get "sluice:{$home}:session:kept") == "${home}1" ]] && all_healthy
}

at_exit redis_all heal
await 15 all_healthy
home=$(steer a kept)
await 5 eval '[[ $(redis $home --raw get "sluice:{$home}:session:kept") == ${home}1 ]]'
flow_start a $((GONE + 18))
assert redis_all kill
redis_shown_gone() { [[ $(at a top --once | grep -Ec '^[abc]\*? .* GONE$') == 3 ]]; }
await 10 redis_shown_gone
end=$(($(now_ms) + GONE * 1000))
asked=0
while (($(now_ms) < end || asked < ROUNDS)); do
	asked=$((asked + 1))
	for region in "${REGIONS[@]}"; do
		[[ $(steer "$region" "new$asked" node) =~ ^[abc]1$ ]] || fail "$region does not steer new$asked"
		assert_equal "$(http_status "$region" /readyz)" 200 "readyz of $region"
	done
	assert_equal "$(client_python allocate.py demo demo)" allocated "allocation $asked"
	assert_equal "$(steer b kept)" "$home" "the session's region"
done
assert redis_all heal
clock_start
await 10 rebuilt
assert_within 10000 "everything is rebuilt"
printf '%s rounds of steering and allocating meanwhile\n' $asked
flow_end
