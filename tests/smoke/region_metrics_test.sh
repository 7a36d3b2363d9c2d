#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a host tells of its fleet while a region dies and comes back, and while a node drains: metrics, their ages, streams, events.
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

metrics() { lab exec client curl -s -m 5 -H 'Authorization: Bearer lab' "http://${SERVER[a]}:8080/metrics"; }
# is SERIES CONDITION: an awk condition on its value, v
is() { metrics | awk -v name="$1" '$1 == name { v = $2; found = '"$2"' } END { exit !found }'; }
heard() { grep -q -- "$1" "$WORK/events"; }
streams_of() { at "$1" -j node show | jq --arg id "$2" '.[] | select(.id == $id).streams'; }
KEY=$(printf 'k%.0s' {1..28} | base64)

at_exit lab heal b
at_exit at a node undrain
command -v promtool >/dev/null || skip "no promtool (prometheus)"
await 15 all_healthy
"$SLUICE_ROOT/tools/lab" ctl -r a -j events >"$WORK/events" 2>&1 &
at_exit child_end $!
before=$(metrics | grep -vc '^#')

for region in a b c; do
	await 5 is "sluice_region_verdict{region=\"$region\",state=\"healthy\"}" 'v == 1'
	assert is "sluice_region_healthy_nodes{region=\"$region\"}" 'v == 1'
	assert is "sluice_region_connected{region=\"$region\"}" 'v == 1'
	await 5 is "sluice_region_beat_age_seconds{region=\"$region\"}" 'v < 4'
done
assert is sluice_snapshot_nodes 'v == 3'
assert is sluice_snapshot_held 'v == 0'
await 5 is sluice_snapshot_age_seconds 'v < 4'
assert_equal "$(at a -j snapshot show | jq -c '[.regions, .nodes, .held]')" '[3,3,0]' "snapshot show"

# a stream at a is seen there, and in b's view of a
at_exit at a endpoint delete publisher
assert at a endpoint add publisher remote learn local 198.18.1.1:5104 profile gcm128 rx-key "$KEY" tx-key "$KEY"
assert at a stream add camera endpoint publisher ssrc 7
assert_equal "$(at a -j media show | jq -c '[.endpoints, .streams, .subscriptions]')" '[1,1,0]' "media show"
await 5 is sluice_streams 'v == 1'
metrics >"$WORK/metrics"
assert promtool check metrics <"$WORK/metrics"
for name in sluice_region_verdict sluice_snapshot_age_seconds sluice_node_draining sluice_endpoints sluice_media_forwarded_total; do
	grep -q "^${name}[ {]" "$WORK/metrics" || fail "$name is missing"
done
assert is sluice_scrape_errors 'v == 0'
await_equal 5 1 streams_of b a1

assert lab kill b
await 8 is 'sluice_region_verdict{region="b",state="unreachable"}' 'v == 1'
await 5 heard '"area":"region","subject":"b","state":"unreachable"'
await 10 is 'sluice_region_beat_age_seconds{region="b"}' 'v >= 5'
assert lab heal b
await 30 all_healthy
await 5 heard '"area":"region","subject":"b","state":"healthy"'
assert at a node drain
await 5 heard '"area":"node","subject":"a1","state":"draining"'
await 5 is sluice_node_draining 'v == 1'
assert at a node undrain
await 5 heard '"area":"node","subject":"a1","state":"active"'
assert_equal "$(grep -c '"subject":"a1","state":"draining"' "$WORK/events")" 1 "events of one drain"
assert_equal "$(metrics | grep -vc '^#')" "$before" "series"
