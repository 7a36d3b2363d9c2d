#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Redis is there and useless: it never answers, answers after 3 s, answers garbage, refuses authentication, or holds a million
# foreign keys. Nothing is lost, everybody is admitted, one clear line each, and no memory is eaten.
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

resident() { awk '/^VmRSS/ { print $2 }' "/proc/$(lab status | awk '$1 == "a/controlplane" { print $3 }')/status"; }
said_since() { lab log -r a controlplane | tail -n "+$((LOG_A + 1))" | grep -c "Redis is away: .*${EXPECTED[$mode]}"; }
declare -A EXPECTED=([hang]="no answer" [slow]="no answer" [garbage]=reply [noauth]="refuses us")

at_exit 'lab heal redis a; lab heal redis b; lab heal redis c'
await 15 all_healthy
flow_start a 40
before=$(resident)
for mode in hang slow garbage noauth; do
	LOG_A=$(lab log -r a controlplane | wc -l)
	for region in "${REGIONS[@]}"; do
		lab kill redis "$region"
		start "$region/dp" /usr/bin/python3 "$SMOKE/bad_redis.py" $mode
		BAD+=("$STARTED")
	done
	await 10 at_least 1 said_since
	for n in 1 2; do
		for region in "${REGIONS[@]}"; do
			[[ $(steer "$region" "$mode$n" node) =~ ^[abc]1$ ]] || fail "$mode: $region does not steer"
			assert_equal "$(http_status "$region" /readyz)" 200 "$mode: readyz of $region"
		done
		assert_equal "$(client_python allocate.py demo demo)" allocated "$mode"
	done
	printf '%s: %s\n' $mode "$(lab log -r a controlplane | tail -n "+$((LOG_A + 1))" | grep "${EXPECTED[$mode]}" | head -n 1)"
	(($(said_since) <= 20)) || fail "$mode: $(said_since) lines"
	child_end "${BAD[@]}"
	BAD=()
	for region in "${REGIONS[@]}"; do
		assert lab heal redis "$region"
	done
	await 30 all_healthy
done
redis a eval 'for n = 1, 1000000 do redis.call("set", "foreign:" .. n, "x") end' 0 >/dev/null
at_least 1000000 redis a --raw dbsize || fail "there are $(redis a --raw dbsize) keys"
await 10 all_healthy
flow_end
after=$(resident)
((after < before + 8192)) || fail "the control plane grew from $before to $after kB"
