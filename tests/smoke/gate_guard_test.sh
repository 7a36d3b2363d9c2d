#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The ports are guarded at every instant: by XDP or by the node, with new maps and without any, with the control plane and
# without it. One address is never answered more often than its limit, and `gate show` says who decides.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_flood.sh
. "$SMOKE/_flood.sh"

DIRECT=/run/sluice/dataplane.sock
victim=1
xdp() { ctl -s $DIRECT -j gate show | jq 'if type == "array" then .[0] else . end | .xdp'; }
ports_again() {
	for port in dp0 dp1; do assert ctl -s $DIRECT port delete $port; done
	for port in dp0 dp1; do assert ctl -s $DIRECT port add $port xdp $port; done
}
# 2000 Bindings of one source: 50 are answered in a second; two of the gate's may fall into one of a busy machine's
guarded() { # WHAT XDP
	local result
	await 5 eval "[[ \$(xdp) == $2 ]]"
	result=$(flood --kind binding --source one --victim 203.0.113.$((victim++)) --rate 2000 --seconds 1)
	printf '%s: xdp %s, %s of 2000 answered\n' "$1" "$(xdp)" "$(flood_field "$result" answers)"
	at_most "$result" worst_second_answers 100 "$1"
	(($(flood_field "$result" answers) > 0)) || fail "$1: no answer at all"
	assert_equal "$(xdp)" "$2" "$1: who decides"
}
answers() { client_python binding.py; }

flood_routes
await 40 calm
guarded "all well" 1
assert lab kill controlplane
guarded "no control plane" 1
ports_again
await 10 answers
guarded "no control plane, new maps" 0
assert lab heal controlplane
guarded "control plane back" 1
ports_again
await 10 answers
guarded "ports again" 1
assert lab kill dataplane
assert lab heal dataplane
await 10 answers
guarded "dataplane killed" 1
# the maps get their names back, and hold what is configured and counted from then on
pins() { in_dp sh -c 'ls /sys/fs/bpf | grep -c ^sluice_gate_'; }
before=$(pins) dropped=$(counter gate.limit_source)
in_dp sh -c 'rm /sys/fs/bpf/sluice_gate_*'
await_equal 5 "$before" pins
guarded "pins gone" 1
at_exit ctl turn listen delete $SERVER4:3490
assert ctl turn listen $SERVER4:3490
await 10 client_python binding.py $SERVER4 3490
now=$(counter gate.limit_source)
((now > dropped && now < 2 * dropped)) || fail "limit_source counts $now after $dropped"
ports_again
await 10 answers
guarded "ports again, pins new" 1
in_dp ip link set dev dp0 xdp off 2>/dev/null && fail "anybody takes the program off a port"
guarded "program not taken off" 1
