#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Within 3 s of their start, each host lists the nodes of all regions.
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

three() { [[ $(at "$1" -j node show | jq -r '[.[].id] | sort | join(" ")') == "a1 b1 c1" ]]; }

lab down
assert lab up --regions 3
clock_start
for region in "${REGIONS[@]}"; do
	await 3 three "$region"
done
assert_within 3000 "nodes of all regions, at each"
await 15 all_healthy
for region in "${REGIONS[@]}"; do
	assert_equal "$(http_status "$region" /readyz)" 200 "readyz of $region"
	assert_equal "$(http_status "$region" /healthz)" 200 "healthz of $region"
done
# The same snapshot, the same answer; the credentials that come with it allocate.
for session in one two three four five; do
	[[ $(steer a $session node) == "$(steer b $session node)" && $(steer b $session node) == "$(steer c $session node)" ]] ||
		fail "three answers for $session"
done
answer=$(http_get a "/v1/steer?session=one" | head -n -1)
read -r user password address < <(jq -r '"\(.iceServers[0].username) \(.iceServers[0].credential) \(.addresses[0])"' <<<"$answer")
uclient_run -n 5 -m 1 -y -c -u "$user" -w "$password" "${address%:*}" >"$WORK/steered" 2>&1 || fail "$(cat "$WORK/steered")"
assert_equal "$(http_status a /v1/steer)" 400 "steer without a session"
assert_equal "$(lab exec client curl -s -m 2 -o /dev/null -w '%{http_code}' "http://198.18.1.1:8080/v1/steer?session=x")" 401 "no token"
# What an operator sees of it at a glance: the own node, the own region first, each with its probes, its beats and its Redis.
# A Redis that was not up yet when this node looked first is asked again within some seconds.
others_seen() {
	at b top --once >"$WORK/top"
	(($(grep -Ec '^[ac] .* 1/1 +[0-9]+% +[0-9]+ +[0-9.]+ +[0-9]+/10 +[0-9.]+  up$' "$WORK/top") == 2))
}
await 15 others_seen
assert grep -q '^sluice .*  b1 in b, active  up ' "$WORK/top"
assert_equal "$(grep -Eo '^[abc]\*? +healthy ' "$WORK/top" | tr -d ' \n')" "b*healthyahealthychealthy" "regions in top"
assert grep -qF -- "$(grep '^region ' "$WORK/top")" "$SLUICE_ROOT/docs/top.screen"
assert_equal "$(awk 'length > 80' "$WORK/top")" "" "lines wider than 80"
