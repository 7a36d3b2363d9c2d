#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each port lends the kernel 2048 packet buffers for each queue, a quarter of all at most: one too many is refused by a line that says what to raise, and the
# others serve on.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

MOST=14
added=()

many_end() {
	local n
	for n in "${added[@]}"; do
		ctl port delete "many$n"
	done
	for ((n = 0; n < MOST; n++)); do
		in_dp ip link delete "many$n" 2>/dev/null
	done
}

at_exit many_end
for ((n = 0; n < MOST; n++)); do
	assert in_dp ip link add "many$n" type veth peer name "far$n"
	assert in_dp ip link set "many$n" up
	line=$(ctl port add "many$n" xdp "many$n" 2>&1) || break
	added+=("$n")
done
say "ports beside two others: ${#added[@]}; then: $line"
assert_match "$line" "many$n queue 0: buffers: No buffer space available: the pool has too few buffers for its queues: raise --mbufs"
assert test "${#added[@]}" -ge 1
assert_equal up "$(ctl -j port show | jq -r '.[] | select(.name == "dp0").state')"

echo_start
assert_lossless -n 100 -m 4 -z 5 -c -e $PEER4 $SERVER4
assert ctl port delete many0
added=("${added[@]:1}")
assert ctl port add "many$n" xdp "many$n"
added+=("$n")
