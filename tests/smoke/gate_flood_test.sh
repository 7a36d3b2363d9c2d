#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What every kind of flood brings back: next to nothing for one victim and for a net, little when spread.
# alone: its floods take a core
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_flood.sh
. "$SMOKE/_flood.sh"

flood_routes
victim=1
for kind in header malformed response binding allocate forged; do
	result=$(flood --kind $kind --source one --victim 203.0.113.$((victim++)) --rate 20000 --seconds 2)
	at_most "$result" ratio 0.05 "$kind, one victim"
	at_most "$result" worst_second_answers 50 "$kind, one victim"
	result=$(flood --kind $kind --source net --victim 192.0.$((victim++)).0 --rate 20000 --seconds 2)
	at_most "$result" ratio 0.05 "$kind, a /24"
	result=$(flood --kind $kind --source spread --rate 100000 --seconds 2)
	at_most "$result" ratio 0.10 "$kind, spread"
	at_most "$result" worst_second_ratio 0.75 "$kind, spread"
done
result=$(flood --kind allocate --source spread --rate 20000 --seconds 2)
at_most "$result" ratio 0.10 "spread, slowly"
at_most "$result" worst_second_ratio 0.75 "spread, slowly"
result=$(flood --kind allocate --source spread --twice --rate 20000 --seconds 5)
at_most "$result" ratio 0.75 "each twice, spread"
at_most "$result" worst_second_ratio 0.75 "each twice, spread"
result=$(flood --kind allocate --source one --victim 203.0.113.99 --twice --rate 20000 --seconds 2)
at_most "$result" ratio 0.05 "each twice, one victim"
at_most "$result" worst_second_answers 50 "each twice, one victim"
assert_equal "$(gate_field host_attacked)" 1 "the host is under attack"
assert_match "$(lab log controlplane)" "the host is under attack"
assert_match "$(ctl gate show sources)" "203.0.113"

refusal=$("${SLUICE_BUILD:-$SLUICE_ROOT/build}/tools/flood/sluice-flood" lo --to 127.0.0.1 --mac 02:00:00:00:00:01 2>&1) && fail "it floods the host"
assert_match "$refusal" "laboratory"
