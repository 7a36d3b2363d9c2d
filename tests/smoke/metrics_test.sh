#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Metrics: Prometheus takes them, allocations add no series, and what the gate counts outlives the dataplane's absence.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

metrics() { in_dp curl -s -m 20 -H 'Authorization: Bearer lab' http://127.0.0.1:8080/metrics; }
series() { metrics | grep -vc '^#'; }
# value SERIES: of one sample
value() { metrics | sed -n "s/^$1 //p"; }

command -v promtool >/dev/null || skip "no promtool (prometheus)"
metrics >"$WORK/metrics"
assert promtool check metrics <"$WORK/metrics"
for name in sluice_worker_busy_seconds_total sluice_port_up sluice_node_packets_total sluice_drops_total \
	sluice_gate_passed_total sluice_turn_allocations sluice_http_requests_total sluice_dataplane_up sluice_build_info \
	sluice_start_time_seconds sluice_packet_buffers_used sluice_captures_lost_packets sluice_worker_bursts_total; do
	grep -q "^${name}[ {]" "$WORK/metrics" || fail "$name is missing"
done
assert_equal "$(value sluice_scrape_errors)" 0 "sluice_scrape_errors"
# each metric there is in the page, by its whole name
sed -n 's/^# TYPE \([a-z0-9_]*\) .*/\1/p' "$WORK/metrics" | while read -r name; do
	grep -qw -- "$name" "$SLUICE_ROOT/docs/metrics.md" || echo "$name"
done >"$WORK/unknown"
assert_equal "$(paste -sd' ' "$WORK/unknown")" "" "metrics that docs/metrics.md lacks"

before=$(series)
start client /usr/bin/python3 "$SMOKE/allocate_many.py" 500 5
await 30 eval '(($(value sluice_turn_allocations) >= 200))'
assert_equal "$(series)" "$before" "series with allocations"
(($(value 'sluice_port_receive_packets_total{port="dp0"}') > 100)) || fail "dp0 has received nothing"

at_exit lab heal dataplane
assert lab kill dataplane
await 10 eval '[[ $(value sluice_dataplane_up) == 0 ]]'
assert_equal "$(value sluice_scrape_errors)" 0 "sluice_scrape_errors, without the dataplane"
metrics | grep -q '^sluice_snapshot_held' || fail "the fleet's metrics went with the dataplane"
metrics | grep -q '^sluice_gate_passed_total' || fail "the gate's counters went with the dataplane"
metrics | promtool check metrics || fail "promtool, without the dataplane"
assert lab heal dataplane
await 20 eval '[[ $(value sluice_dataplane_up) == 1 ]]'
