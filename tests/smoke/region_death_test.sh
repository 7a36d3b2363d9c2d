#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A whole region dies: within 3 s nobody is sent there, its sessions get a new owner, the same from both remaining hosts. It comes
# back: healthy after its hysteresis and without flapping, and new sessions go there again.
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

none_in_b() { [[ $(steer a x1) != b && $(steer c x1) != b && -z $(sessions_of b a | head -n 1) ]]; }
# shellcheck disable=SC2034 # in an eval
round=0

at_exit lab heal b
await 15 all_healthy
mapfile -t in_b < <(sessions_of b a)
((${#in_b[@]} > 3)) || fail "${#in_b[@]} of 30 sessions in b"

LOG_A=$(lab log -r a controlplane | wc -l)
assert lab kill b
clock_start
await 3 eval '[[ $(steer a "${in_b[0]}") != b && $(steer c "${in_b[0]}") != b ]]'
assert_within 3000 "b is out"
assert none_in_b
for session in "${in_b[@]}"; do
	one=$(steer a "$session" node) two=$(steer c "$session" node)
	[[ $one && $one == "$two" ]] || fail "$session: a says '$one', c says '$two'"
done
await 5 eval '[[ $(verdict a b) == unreachable && $(verdict c b) == unreachable ]]'
printf 'at a: %s\n' "$(reason a b)"

assert lab heal b
await 30 all_healthy
# Who has an owner keeps it: new sessions go there.
await 10 eval '[[ $(sessions_of b a "new$((round++))-") ]]'
assert_equal "$(lab log -r a controlplane | tail -n "+$((LOG_A + 1))" | grep -c 'region b: unreachable')" 1 "times that b was out at a"
