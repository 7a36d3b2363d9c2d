#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Permissions live 300 s, channels 600 s and their peers with them, allocations 600 s, all to the second, also when nobody sends. Nobody waits here:
# the dataplane's clock is put forward.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

echo_start
forward() { assert dp_python clock.py "$1"; }
client() { in_client /usr/bin/python3 -u "$SMOKE/expiry.py"; }

coproc CLIENT { client 2>&1; }
at_exit child_end "$CLIENT_PID"
# expiry.py says what it waits for, and goes on with the next line that it reads
step() {
	local line
	read -r -t 20 line <&"${CLIENT[0]}" || fail "the client ended: $line"
	assert_equal "$line" "$1"
	forward "$2"
	echo >&"${CLIENT[1]}"
}
step "permission: 290 s" 290
step "permission: 301 s" 11
step "channel: 290 s after its binding" 290
step "channel: refreshed, 590 s later its peer is permitted still" 590
step "channel: 601 s after its binding" 11
step "allocation: 601 s" 601
read -r -t 20 line <&"${CLIENT[0]}"
assert_equal "$line" "done"
await_equal 5 0 allocations

# nobody sends
assert_equal "$(client_python quota.py demo demo keep)" "allocated allocated"
assert_equal "$(allocations)" 2
# each worker has been through its timers at the new time: each 256 walks, and before it sleeps
walks() { ctl -j worker show | jq -c 'map(.walks + 1024 * .sleeps)'; }
# shellcheck disable=SC2016 # jq's
walked() { jq -e --argjson before "$before" '[., $before] | transpose | all(.[0] >= .[1] + 4096)' <<<"$(walks)" >/dev/null; }
forward 590
before=$(walks)
await 10 walked
assert_equal "$(allocations)" 2 "after 590 s"
forward 11
await_equal 5 0 allocations
(($(counter turn.allocation_expired) >= 3)) || fail "turn.allocation_expired does not count"
